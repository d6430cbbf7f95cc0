import { App, Duration, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { SecretDeletionMonitor } from '../src/secret-deletion-monitor';
import type { SecretDeletionMonitorProps } from '../src/secret-deletion-monitor-props';
import { cdkNagFindings } from './support/cdk-nag';

function findings(build: (stack: Stack) => void): string[] {
  const app = new App();
  build(new Stack(app, 'Operations'));
  return cdkNagFindings(app);
}

const everything = (stack: Stack): SecretDeletionMonitorProps => ({
  cloudTrailLogGroup: LogGroup.fromLogGroupName(stack, 'Trail', 'trail'),
  perSecretAlarm: true,
  secretNamePrefix: 'prod/',
  lifecycleNotices: true,
  includeAccessDenied: true,
  includeBatchGetSecretValue: true,
  includeDescribeSecret: true,
  heartbeat: Duration.days(1),
  reminders: [Duration.days(7), Duration.days(1)],
  dashboard: true,
});

test.each<[string, (stack: Stack) => SecretDeletionMonitorProps]>([
  ['by default', () => ({})],
  ['with everything', everything],
  [
    'with a key',
    (stack) => ({
      encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }),
      heartbeat: Duration.days(1),
      reminders: [Duration.days(7)],
    }),
  ],
])('cdk-nag finds nothing in a monitor %s', (_, props) => {
  expect(findings((stack) => new SecretDeletionMonitor(stack, 'Monitor', props(stack)))).toEqual([]);
});

test('cdk-nag is asked at all', () => {
  expect(findings((stack) => new Queue(stack, 'Queue')).join()).toContain('AwsSolutions-SQS');
});
