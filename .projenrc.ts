import { awscdk, javascript, release } from 'projen';
import { ActionRefs } from 'projen/lib/github';
import { JobPermission } from 'projen/lib/github/workflows-model';
import { addChecks, addCodeScanning } from './projenrc/workflows';

// The oldest versions with mixins in their core, see `npm run test:oldest-cdk`.
const OLDEST = { cdk: '2.241.0', constructs: '10.5.0' };
// The newest versions that npm, PyPI, Maven Central and the Go module proxy have in common.
const DEVELOPED_WITH = { cdk: '2.260.0', constructs: '10.5.1' };
const AWS_SDK = '3.1162.0';

const COMMIT_TYPES = ['feat', 'fix', 'perf', 'refactor', 'test', 'docs', 'bench', 'build', 'ci', 'chore', 'revert'];

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-recoverable-secret',
  description:
    'An AWS Secrets Manager secret that survives its stack: scheduled for deletion on destroy, restored with its ARN and value on the next deploy',
  author: 'The cdk-recoverable-secret authors',
  authorAddress: 'https://github.com/cdk-recoverable-secret/cdk-recoverable-secret',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/cdk-recoverable-secret/cdk-recoverable-secret.git',
  license: 'Apache-2.0',
  copyrightOwner: 'The cdk-recoverable-secret authors',
  copyrightPeriod: '2026',
  stability: 'experimental',
  homepage: 'https://github.com/cdk-recoverable-secret/cdk-recoverable-secret#readme',
  bugsUrl: 'https://github.com/cdk-recoverable-secret/cdk-recoverable-secret/issues',
  keywords: [
    'aws',
    'aws-cdk',
    'cdk',
    'cloudformation',
    'awscdk',
    'secretsmanager',
    'secrets-manager',
    'secret',
    'secrets',
    'recovery-window',
    'deletion',
    'restore',
    'custom-resource',
    'cloudtrail',
    'alarm',
  ],
  defaultReleaseBranch: 'main',

  projenrcTs: true,
  projenVersion: '0.103.25',
  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: '20.0.0',
  sampleCode: false,

  // In the workflows. People can use what `minNodeVersion` says; trusted publishing to npm needs 24.
  workflowNodeVersion: '24',
  githubOptions: {
    mergify: false,
    dependencyReview: true,
    pullRequestLintOptions: { semanticTitleOptions: { types: COMMIT_TYPES } },
  },
  pullRequestTemplateContents: [
    'Fixes #',
    '',
    '- [ ] a test that failed before',
    '- [ ] the docs in the place where one looks, and a line in `CHANGELOG.md`',
    '- [ ] no value of a secret in code, tests, logs or this text',
    '',
    '---',
    '',
    '_By submitting this pull request, I confirm that my contribution is made under the terms of the Apache-2.0 license._',
  ],
  // A build that changes a file fails: nothing but a person pushes to a branch.
  buildWorkflowOptions: {
    mutableBuild: false,
    permissions: { contents: JobPermission.READ },
    workflowTriggers: { pullRequest: {}, push: { branches: ['main'] }, workflowDispatch: {} },
  },
  // For the emulators of the tests.
  workflowBootstrapSteps: [{ uses: ActionRefs.ACTIONS_SETUP_PYTHON, with: { 'python-version': '3.11' } }],
  depsUpgradeOptions: {
    cooldown: 7,
    workflowOptions: { schedule: javascript.UpgradeDependenciesSchedule.WEEKLY },
  },
  release: true,
  releaseTrigger: release.ReleaseTrigger.workflowDispatch(),
  releaseEnvironment: 'release',
  nextVersionCommand: 'ts-node --transpile-only --project tsconfig.dev.json projenrc/next-version.ts',
  // Version 13 needs Node.js 22.
  bumpPackage: 'commit-and-tag-version@^12.7.3',
  jsiiReleaseVersion: '0.2.1061',
  npmTrustedPublishing: true,

  cdkVersion: OLDEST.cdk,
  constructsVersion: OLDEST.constructs,
  peerDependencyOptions: { pinnedDevDependency: false },
  jsiiVersion: '~6.0.16',
  typescriptVersion: '~6.0.3',
  // The handler and the command line ship as bundles; jsii never sees their sources.
  excludeTypescript: ['src/handler/**', 'src/cli/**'],
  bin: { 'cdk-recoverable-secret': 'assets/cli/main/index.js' },
  tsconfigDevFile: 'tsconfig.dev.json',
  typecheckTests: true,
  docgenFilePath: 'API.md',

  publishToPypi: { distName: 'cdk-recoverable-secret', module: 'cdk_recoverable_secret', trustedPublishing: true },
  publishToMaven: {
    javaPackage: 'io.github.recoverablesecret',
    mavenGroupId: 'io.github.cdk-recoverable-secret',
    mavenArtifactId: 'cdk-recoverable-secret',
  },
  publishToGo: {
    moduleName: 'github.com/cdk-recoverable-secret/cdk-recoverable-secret-go',
    packageName: 'cdkrecoverablesecret',
  },
  publishToNuget: {
    dotNetNamespace: 'RecoverableSecret.Cdk',
    packageId: 'RecoverableSecret.Cdk',
    trustedPublishing: true,
  },

  lambdaAutoDiscover: false,
  edgeLambdaAutoDiscover: false,
  lambdaExtensionAutoDiscover: false,
  integrationTestAutoDiscover: false,
  bundlerOptions: { assetsDir: 'assets', esbuildVersion: '0.28.2' },

  eslint: false,
  biome: true,
  biomeOptions: {
    version: '2.5.15',
    biomeConfig: {
      formatter: { indentStyle: javascript.biome_config.IndentStyle.SPACE, indentWidth: 2, lineWidth: 120 },
      javascript: { formatter: { quoteStyle: javascript.biome_config.QuoteStyle.SINGLE } },
    },
  },
  jestOptions: {
    jestVersion: '^30.0.0',
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    junitReporting: false,
    jestConfig: {
      collectCoverage: false,
      testTimeout: 30_000,
      maxWorkers: 2,
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      cacheDirectory: 'node_modules/.cache/jest',
      // `npm run test:packages` runs the tests of the packages, which have to be built first.
      testPathIgnorePatterns: ['/node_modules/', '/.tools/', '<rootDir>/test/package/'],
      modulePathIgnorePatterns: ['<rootDir>/lib/', '<rootDir>/dist/', '<rootDir>/examples/', '<rootDir>/.tools/'],
    },
  },

  devDeps: [
    `@aws-sdk/client-secrets-manager@${AWS_SDK}`,
    `@aws-sdk/client-cloudformation@${AWS_SDK}`,
    `@aws-sdk/client-kms@${AWS_SDK}`,
    `@aws-sdk/client-eventbridge@${AWS_SDK}`,
    `@aws-sdk/client-sqs@${AWS_SDK}`,
    `@aws-sdk/client-cloudwatch@${AWS_SDK}`,
    `@aws-sdk/client-cloudwatch-logs@${AWS_SDK}`,
    `@aws-sdk/client-sfn@${AWS_SDK}`,
    // The version that Step Functions documents.
    'jsonata@2.0.6',
    `@aws-sdk/client-iam@${AWS_SDK}`,
    'aws-cdk@2.1148.1',
    'aws-sdk-client-mock@4.1.0',
    'cdk-nag@3.0.2',
    // Of the command line; they end up in its bundle.
    '@aws-cdk/cloud-assembly-api@2.2.6',
    `@aws-sdk/client-sts@${AWS_SDK}`,
    '@aws-sdk/core@3.981.0',
    '@inquirer/confirm@5.1.21',
    'cli-table3@0.6.5',
    'commander@14.0.3',
    'p-limit@3.1.0',
    'picocolors@1.1.1',
    'string-width@4.2.3',
    'wrap-ansi@7.0.0',
    'yaml@2.9.1',
    '@stryker-mutator/core@9.6.1',
    '@stryker-mutator/jest-runner@9.6.1',
    'fast-check@4.3.0',
  ],
  gitignore: ['/.tools/', '/.jsii.tabl.json', '/.jsii.gz', 'cdk.out/'],
});

// After the peer dependencies, which take them away.
project.addDevDeps(`aws-cdk-lib@${DEVELOPED_WITH.cdk}`, `constructs@${DEVELOPED_WITH.constructs}`);
// jsii would have the oldest here. `npm run test:oldest-cdk` compiles with those.
project.compileTask.reset('jsii --silence-warnings=reserved-word --silence-warnings=metadata/missing-dev-dependency');

// ESM entry points first: esbuild drops what is not used of the SDK.
const bundle = {
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  mainFields: ['module', 'main'],
  outfile: 'index.js',
  watchTask: false,
} satisfies javascript.AddBundleOptions;
project.bundler.addBundle('src/handler/main.ts', bundle);
const cli = project.bundler.addBundle('src/cli/main.ts', { ...bundle, banner: '#!/usr/bin/env node' });
// npm does this when it installs a command; the Python package, which has the command, too, does not.
cli.bundleTask.exec(`chmod +x ${cli.outfile}`);

// `npm test` works on a fresh clone: it bundles the handler, and it reports style instead of rewriting files.
project.testTask.prependSpawn(project.bundler.bundleTask);
const lint = project.addTask('lint', {
  description: 'Reports lint and formatting findings without changing a file',
  execArgs: ['biome', 'check', '--error-on-warnings'],
});
project.testTask.removeStep(project.testTask.steps.findIndex((step) => step.spawn === 'biome'));
project.testTask.spawn(lint);
for (const folder of ['bench/**', 'demo/**', 'examples/**']) project.biome?.addFilePattern(folder);
project.tsconfigDev.addInclude('demo/**/*.ts');
// The examples are apps of their own, compiled against the package and not against its sources.
project.tsconfigDev.addExclude('examples');

// Not a task: projen would print its commands before the demo's first line.
project.setScript('demo', 'ts-node --transpile-only --project tsconfig.dev.json demo/demo.ts');
project.addTask('demo:picture', {
  description: 'Runs the demo, and writes the picture of its end that the README shows',
  execArgs: ['ts-node', '--transpile-only', '--project', 'tsconfig.dev.json', 'demo/picture.ts'],
});

// npm prefers this list to .npmignore, which jsii-pacmak wants to see.
project.package.addField('files', ['lib', 'assets', '.jsii', '.jsii.tabl.json', 'API.md', 'CHANGELOG.md']);
// What is not listed cannot be imported; the assembly is what other jsii tools look for.
project.package.addField('exports', {
  '.': { types: './lib/index.d.ts', default: './lib/index.js' },
  './package.json': './package.json',
  './.jsii': './.jsii',
});
// Source maps would carry the sources into the package.
for (const option of ['inlineSourceMap', 'inlineSources']) {
  project.tsconfig?.file.addOverride(`compilerOptions.${option}`, false);
}

project.addTask('bench', {
  description:
    'Measures calls, starts, synthesis and deployments against the alternatives; writes docs/performance.md and bench/figures.md',
  steps: [
    { spawn: project.bundler.bundleTask.name },
    { execArgs: ['ts-node', '--transpile-only', '--project', 'tsconfig.dev.json', 'bench/bench.ts'] },
  ],
});
project.addTask('lives', {
  description:
    'Random lives of stacks and secrets, with faults at any call: `npm run lives -- [how many] [first seed]`',
  execArgs: ['ts-node', '--transpile-only', '--project', 'tsconfig.dev.json', 'test/lives.ts'],
  receiveArgs: true,
});
project.addTask('test:ablation', {
  description: 'Takes each defence out of the function, and reports which of them no life misses',
  execArgs: ['ts-node', '--transpile-only', '--project', 'tsconfig.dev.json', 'test/ablation/ablation.ts'],
  receiveArgs: true,
});
project.addTask('test:aws', {
  description:
    'Runs the whole life of secrets on a real AWS account; says what it costs, and does nothing without --yes',
  steps: [
    { spawn: project.bundler.bundleTask.name },
    {
      execArgs: ['ts-node', '--transpile-only', '--project', 'tsconfig.dev.json', 'test/aws/run.ts'],
      receiveArgs: true,
    },
  ],
});
project.addTask('test:ruler', {
  description:
    'Asks Event Ruler, the engine of EventBridge, about every event pattern; needs a JDK 11 or newer and Maven',
  execArgs: ['ts-node', '--transpile-only', '--project', 'tsconfig.dev.json', 'test/monitor/event-ruler/check.ts'],
});

const rosetta = project.addTask('rosetta:extract', {
  description: 'Compiles every example of the README and of the API documentation',
  steps: [
    // It would keep the translations of examples that are gone.
    { exec: 'rm -f .jsii.tabl.json' },
    { execArgs: ['jsii-rosetta', 'extract', '--strict', '.jsii'] },
  ],
});
project.postCompileTask.prependSpawn(rosetta);

// .NET is declared in the package metadata; building it needs an SDK that few machines have.
const packageAll = project.tasks.tryFind('package-all');
packageAll?.reset();
packageAll?.exec('ts-node --transpile-only --project tsconfig.dev.json projenrc/check-packaging-tools.ts');
for (const task of [project.preCompileTask, project.compileTask, rosetta]) packageAll?.spawn(task);
packageAll?.exec('jsii-pacmak -v --target js python java go --maven-local-repository .tools/maven');
project.addTask('test:packages', {
  description: 'Builds the packages, installs them in the examples in every language, and compares the templates',
  steps: [
    { spawn: 'package-all' },
    {
      exec: 'jest --ci --testPathIgnorePatterns /node_modules/ --testTimeout 900000 test/package',
      receiveArgs: true,
    },
  ],
});
project.addTask('test:mutation', {
  description:
    'Changes the handler in every small way, and reports the changes that no test without an emulator notices',
  execArgs: ['stryker', 'run', 'test/mutation/stryker.config.json'],
  receiveArgs: true,
});
for (const age of ['oldest', 'newest']) {
  project.addTask(`test:${age}-cdk`, {
    description: `Runs the tests against the ${age} aws-cdk-lib and constructs, in a temporary copy of the project`,
    execArgs: ['ts-node', '--transpile-only', '--project', 'tsconfig.dev.json', 'test/package/other-cdk.ts', age],
    receiveArgs: true,
  });
}

project.addTask('test:node', {
  description: 'Runs the tests on the other versions of Node.js that are supported: of 20, 22 and 24 those not in use',
  execArgs: ['ts-node', '--transpile-only', '--project', 'tsconfig.dev.json', 'test/package/node-versions.ts'],
  receiveArgs: true,
});

// Versions that every registry serves in full; development only, consumers resolve their own.
project.package.file.addOverride('overrides', {
  'unrs-resolver': '1.12.2',
  'aws-cdk-lib': {
    '@aws-cdk/cloud-assembly-schema': '54.11.0',
    '@aws-cdk/asset-node-proxy-agent-v6': '2.1.2',
  },
});
project.package.file.addOverride('allowScripts', { esbuild: false, '@parcel/watcher': false, 'unrs-resolver': false });
project.tasks.addEnvironment('JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION', '20');

project.tasks
  .tryFind('release')
  ?.exec('ts-node --transpile-only --project tsconfig.dev.json projenrc/release-notes.ts');

addChecks(project);
addCodeScanning(project);

project.synth();
