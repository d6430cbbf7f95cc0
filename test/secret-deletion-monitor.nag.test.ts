import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { SecretDeletionMonitor, type SecretDeletionMonitorProps } from '../src/secret-deletion-monitor';

let directory: string;
beforeAll(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'nag-'));
});
afterAll(() => fs.rmSync(directory, { recursive: true }));
// The report is also printed.
beforeEach(() => jest.spyOn(console, 'error').mockImplementation());
afterEach(() => jest.restoreAllMocks());

/** The findings of cdk-nag on a stack, as `rule: path of the construct`. */
function findings(build: (stack: Stack) => void): string[] {
  const outdir = fs.mkdtempSync(path.join(directory, 'cdk.out-'));
  const app = new App({ outdir });
  build(new Stack(app, 'Operations'));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const exitCode = process.exitCode;
  try {
    app.synth();
  } catch (error) {
    // Newer versions of aws-cdk-lib throw when there are findings, older ones set the exit code.
    if (!String(error).includes('alidation')) throw error;
  } finally {
    process.exitCode = exitCode;
  }
  const report = JSON.parse(fs.readFileSync(path.join(outdir, 'validation-report.json'), 'utf8'));
  return report.pluginReports.flatMap(({ violations }: { violations: Violation[] }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName}: ${constructPath}`),
    ),
  );
}

interface Violation {
  readonly ruleName: string;
  readonly violatingConstructs: { readonly constructPath: string }[];
}

const everything = (stack: Stack): SecretDeletionMonitorProps => ({
  cloudTrailLogGroup: LogGroup.fromLogGroupName(stack, 'Trail', 'trail'),
  perSecretAlarm: true,
  secretNamePrefix: 'prod/',
  lifecycleNotices: true,
  includeAccessDenied: true,
  includeBatchGetSecretValue: true,
  includeDescribeSecret: true,
  dashboard: true,
});

test.each<[string, (stack: Stack) => SecretDeletionMonitorProps]>([
  ['by default', () => ({})],
  ['with everything', everything],
  ['with a key', (stack) => ({ encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }) })],
])('cdk-nag finds nothing in a monitor %s', (_, props) => {
  expect(findings((stack) => new SecretDeletionMonitor(stack, 'Monitor', props(stack)))).toEqual([]);
});

test('cdk-nag is asked at all', () => {
  expect(findings((stack) => new Queue(stack, 'Queue')).join()).toContain('AwsSolutions-SQS');
});
