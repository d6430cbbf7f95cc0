import type { awscdk } from 'projen';
import { GithubWorkflow, WorkflowSteps } from 'projen/lib/github';
import { type Job, JobPermission } from 'projen/lib/github/workflows-model';

/** What the build does not check: other versions of Node.js and the CDK, the packages in use, the event patterns. */
export function addChecks(project: awscdk.AwsCdkConstructLibrary): void {
  const check = (command: string, rest: Partial<Job> = {}): Job => ({
    runsOn: ['ubuntu-latest'],
    permissions: { contents: JobPermission.READ },
    tools: { node: { version: '24' }, python: { version: '3.11' } },
    steps: [WorkflowSteps.checkout(), { run: command }],
    ...rest,
  });
  project.buildWorkflow?.workflow.addJobs({
    node: check('.ci/run', {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
      tools: { node: { version: '${{ matrix.node }}' }, python: { version: '3.11' } },
      strategy: { matrix: { domain: { node: [20, 22] } } },
    }),
    'oldest-cdk': check('npm ci\nnpm run test:oldest-cdk'),
    'newest-cdk': check('npm ci\nnpm run test:newest-cdk'),
    packages: check('npm ci\nnpm run test:packages', {
      tools: {
        node: { version: '24' },
        python: { version: '3.11' },
        java: { version: '17' },
        go: { version: '^1.25' },
      },
    }),
    'event-patterns': check('npm ci\nnpm run test:ruler', {
      tools: { node: { version: '24' }, python: { version: '3.11' }, java: { version: '17' } },
    }),
  });
}

/** CodeQL, over the sources and over the workflows. */
export function addCodeScanning(project: awscdk.AwsCdkConstructLibrary): void {
  if (!project.github) return;
  // v4.37.9
  const codeql = (step: string) => `github/codeql-action/${step}@cdf488f595d80d6e07e03d4674febd5ab45fa938`;
  const workflow = new GithubWorkflow(project.github, 'codeql');
  workflow.on({
    pullRequest: {},
    push: { branches: ['main'] },
    schedule: [{ cron: '23 4 * * 1' }],
  });
  workflow.addJob('analyze', {
    runsOn: ['ubuntu-latest'],
    permissions: { contents: JobPermission.READ, securityEvents: JobPermission.WRITE },
    strategy: { failFast: false, matrix: { domain: { language: ['javascript-typescript', 'actions'] } } },
    steps: [
      WorkflowSteps.checkout(),
      {
        uses: codeql('init'),
        // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
        with: { languages: '${{ matrix.language }}', 'build-mode': 'none' },
      },
      { uses: codeql('analyze') },
    ],
  });
}
