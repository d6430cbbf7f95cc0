import { CloudWatchClient, DescribeAlarmsCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { CfnOutput, Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { OWNERSHIP_TAG } from '../src/private/contract';
import { SecretDeletionMonitor } from '../src/secret-deletion-monitor';
import { ATTEMPTS, UNCONFIRMED } from './monitor/attempt-matrix';
import {
  apiCall,
  type CloudTrailEvent,
  denied,
  NAME_TAKEN,
  NOT_FOUND,
  refused,
  scheduled,
  secretArn,
  serviceEvent,
} from './monitor/cloudtrail-events';
import { Rehearsal } from './monitor/rehearsal';
import { eventPattern, monitorTemplate, operationsStack, workflow } from './monitor/templates';
import { CREDENTIALS, REGION } from './support/cdk-cli';
import { type Emulator, startMinistack } from './support/emulator';
import { Secrets } from './support/secrets';

/*
 * What this proves, and what it cannot: the emulator decides about event patterns as AWS documents it, fills in the
 * notices and carries them to subscribers. It has no CloudTrail, so that the events are put in by hand; it serves
 * plainly enabled rules only; it has no metrics of EventBridge, no dead-letter queue of a rule, and publishes to a
 * topic whatever the topic's policy says.
 */

let emulator: Emulator;
let rehearsal: Rehearsal;
beforeAll(async () => {
  emulator = await startMinistack();
  rehearsal = new Rehearsal(emulator.endpoint);
}, 300_000);
afterAll(async () => {
  rehearsal?.destroy();
  await emulator?.stop();
});

const ONE_SECRET = [Secret.fromSecretNameV2(operationsStack(), 'ByName', 'prod/db')];

describe.each([
  ['all secrets', 'all', {}],
  ['the secrets under a prefix', 'prefix', { secretNamePrefix: 'prod/' }],
  ['one secret', 'secret', { secrets: ONE_SECRET }],
] as const)('TestEventPattern of the rule for attempts on %s', (_, column, props) => {
  const pattern = eventPattern(monitorTemplate(props), 'Calls that failed');

  test.each(
    ATTEMPTS.map(({ title, event, [column]: expected }) => [expected ? 'matches' : 'leaves', title, event] as const),
  )('%s: %s', async (verb, _title, event) => {
    expect(await rehearsal.matches(pattern, event)).toBe(verb === 'matches');
  });
});

describe.each([
  ['the secrets under a prefix', 'prefix', { secretNamePrefix: 'prod/' }],
  ['one secret', 'secret', { secrets: ONE_SECRET }],
] as const)('TestEventPattern of the rule for unconfirmed attempts on %s', (_, column, watched) => {
  const PROPS = ['includeAccessDenied', 'includeBatchGetSecretValue', 'includeDescribeSecret'] as const;
  const patterns = Object.fromEntries(
    [...PROPS.map((prop) => [prop]), PROPS].map((props) => {
      const opted = Object.fromEntries(props.map((prop) => [prop, true]));
      return [props.join(), eventPattern(monitorTemplate({ ...watched, ...opted }), 'Calls that may')];
    }),
  );

  test.each(UNCONFIRMED)('$title', async ({ event, prop, [column]: expected }) => {
    for (const [props, pattern] of Object.entries(patterns)) {
      expect([props, await rehearsal.matches(pattern, event)]).toEqual([props, expected && props.includes(prop)]);
    }
  });
});

test('TestEventPattern: a complete ARN tells a secret from one with a longer name', async () => {
  const secret = Secret.fromSecretCompleteArn(operationsStack(), 'Secret', secretArn('prod/db', 'AbC123'));
  const pattern = eventPattern(monitorTemplate({ secrets: [secret] }), 'Calls that failed');
  const matches = (secretId: string) => rehearsal.matches(pattern, refused('GetSecretValue', { secretId }));

  expect(await matches(secretArn('prod/db', 'AbC123'))).toBe(true);
  expect(await matches(secretArn('prod/db'))).toBe(true);
  expect(await matches('prod/db')).toBe(true);
  expect(await matches(secretArn('prod/db-replica', 'XyZ789'))).toBe(false);
});

test.each([
  ['Secrets that are scheduled', scheduled('prod/db', 'prod/db')],
  ['Secrets that are scheduled', scheduled(secretArn('prod/db', 'AbC123'), 'prod/db')],
  ['Secrets that are restored', apiCall('RestoreSecret', { secretId: secretArn('prod/db') })],
  ['Versions of secrets', serviceEvent('EndSecretVersionDelete', secretArn('prod/db', 'AbC123'))],
])('TestEventPattern of lifecycle notices: %s', async (description, event) => {
  for (const [props, expected] of [
    [{}, true],
    [{ secretNamePrefix: 'prod/' }, true],
    [{ secrets: ONE_SECRET }, true],
    [{ secretNamePrefix: 'test/' }, false],
  ] as const) {
    const pattern = eventPattern(monitorTemplate({ lifecycleNotices: true, ...props }), description);
    expect([props, await rehearsal.matches(pattern, event)]).toEqual([props, expected]);
    const failed = { ...event, detail: { ...event.detail, errorCode: 'AccessDenied' } };
    if (event['detail-type'] === 'AWS API Call via CloudTrail') {
      expect(await rehearsal.matches(pattern, failed)).toBe(false);
    }
  }
});

test('TestEventPattern of the heartbeat: the reads of its own role, whatever becomes of them, and nothing else', async () => {
  const pattern = eventPattern(monitorTemplate({ heartbeat: Duration.days(1) }), 'The heartbeat');
  const [role] = /MonitorHeartbeatStateMachineRole\w+\.Arn/.exec(pattern) ?? [];
  const by = (arn: string) => ({ userIdentity: { type: 'AssumedRole', sessionContext: { sessionIssuer: { arn } } } });
  const matches = (event: CloudTrailEvent) => rehearsal.matches(pattern, event);
  const own = by(String(role));

  expect(await matches(refused('GetSecretValue', { secretId: 'x' }, NOT_FOUND, own))).toBe(true);
  const refusal = denied('GetSecretValue', 'x');
  expect(await matches({ ...refusal, detail: { ...refusal.detail, ...own } })).toBe(true);
  expect(await matches(refused('DescribeSecret', { secretId: 'x' }, NOT_FOUND, own))).toBe(false);
  expect(await matches(refused('GetSecretValue', { secretId: 'x' }, NOT_FOUND, by('another')))).toBe(false);
  expect(await matches(refused('GetSecretValue', { secretId: 'x' }, NOT_FOUND))).toBe(false);
});

describe('delivery, with the events put in by hand and the rules plainly enabled', () => {
  let inbox: string;
  let template: Template;

  beforeAll(async () => {
    const stack = operationsStack();
    const queue = new Queue(stack, 'Inbox');
    const monitor = new SecretDeletionMonitor(stack, 'Monitor', {
      secretNamePrefix: 'prod/',
      cloudTrailLogGroup: new LogGroup(stack, 'Trail'),
      lifecycleNotices: true,
      includeAccessDenied: true,
      includeBatchGetSecretValue: true,
      includeDescribeSecret: true,
      heartbeat: Duration.days(1),
      reminders: [Duration.days(7), Duration.days(1)],
      dashboard: true,
    });
    monitor.topic.addSubscription(new SqsSubscription(queue, { rawMessageDelivery: true }));
    new CfnOutput(stack, 'InboxUrl', { value: queue.queueUrl });
    template = Template.fromStack(stack);
    inbox = (await rehearsal.deploy('Operations', template.toJSON())).InboxUrl;
  }, 60_000);

  /** The lines of the one message that arrives. */
  async function received(): Promise<string[]> {
    const messages = await rehearsal.receive(inbox, 1);
    expect(messages).toHaveLength(1);
    return messages[0].split('\n').map((line) => line.replace(/^"(.*)"$/, '$1'));
  }

  test('an attempt becomes a message with the command that restores the secret', async () => {
    await rehearsal.send(refused('GetSecretValue', { secretId: 'prod/db' }));
    expect(await received()).toEqual([
      'Somebody tried to use a secret that is scheduled for deletion, and was refused.',
      'Secret, as the caller named it: prod/db',
      'Operation: GetSecretValue',
      'Caller: arn:aws:sts::000000000000:assumed-role/orders-worker/worker',
      'Type of caller: AssumedRole, of account: 000000000000',
      'AWS service that called (empty if none did): ',
      'From: 203.0.113.7',
      'At: 2026-03-04T05:06:07Z',
      "Error: You can't perform this operation on the secret because it was marked for deletion.",
      'CloudTrail event: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee in account 000000000000, region us-east-1',
      'If the secret is still needed, restore it with credentials for account 000000000000:',
      'aws secretsmanager restore-secret --region us-east-1 --secret-id prod/db',
      'If nothing follows --secret-id, the request named no secret: add the name that the caller is configured with.',
      'If the secret is not needed, change or stop the caller before the recovery window ends.',
    ]);
  });

  test.each([
    ['complete ARN', { secretId: secretArn('prod/db', 'AbC123') }],
    ['partial ARN', { secretId: secretArn('prod/db') }],
    ['name', { secretId: 'prod/db' }],
  ])('a caller by %s gets a command with the same identifier', async (_, parameters) => {
    await rehearsal.send(refused('PutSecretValue', parameters));
    expect(await received()).toContain(
      `aws secretsmanager restore-secret --region us-east-1 --secret-id ${parameters.secretId}`,
    );
  });

  test('CreateSecret, which has a name and no secretId, gets a command with the name', async () => {
    await rehearsal.send(refused('CreateSecret', { name: 'prod/db' }, NAME_TAKEN));
    const lines = await received();
    expect(lines).toContain('Secret, as the caller named it: prod/db');
    expect(lines).toContain('aws secretsmanager restore-secret --region us-east-1 --secret-id prod/db');
  });

  test('an event of an AWS service, which lacks most of the fields, becomes a message all the same', async () => {
    await rehearsal.send(
      refused('GetSecretValue', { secretId: 'prod/db' }, undefined, {
        userIdentity: { type: 'AWSService', invokedBy: 'ecs-tasks.amazonaws.com' },
        sourceIPAddress: undefined,
        eventTime: undefined,
        eventID: undefined,
      }),
    );
    const lines = await received();
    expect(lines).toContain('AWS service that called (empty if none did): ecs-tasks.amazonaws.com');
    expect(lines).toContain('Caller: ');
    expect(lines.join('\n')).not.toMatch(/undefined|null|<|>/);
  });

  test('what a caller writes into the user agent does not get into the message', async () => {
    await rehearsal.send(refused('GetSecretValue', { secretId: 'prod/db' }, undefined, { userAgent: 'forged' }));
    expect((await received()).join('\n')).not.toContain('forged');
  });

  test('a denied call is reported as unconfirmed, without a command that holds what the caller wrote', async () => {
    await rehearsal.send(denied('GetSecretValue', 'prod/db', ' because no identity-based policy allows it'));
    const lines = await received();
    expect(lines[0]).toContain('may be an attempt');
    expect(lines).toContain('aws secretsmanager restore-secret --region us-east-1 --secret-id NAME');
  });

  test('a batch is reported as unconfirmed, with the secrets that it lists', async () => {
    await rehearsal.send(apiCall('BatchGetSecretValue', { secretIdList: ['prod/db', 'test/other'] }));
    expect((await received()).find((line) => line.startsWith('Secrets of a batch'))).toContain('prod/db');
  });

  test('the life of a secret is reported: scheduled, restored, deleted for good', async () => {
    const secrets = new Secrets(emulator.endpoint);
    await secrets.create('prod/tagged', 'x', { [OWNERSHIP_TAG.owner]: 'Shop', [OWNERSHIP_TAG.logicalId]: 'Db' });
    const id = await secrets.arn('prod/tagged');
    await rehearsal.send(
      apiCall(
        'DeleteSecret',
        { secretId: 'prod/tagged', recoveryWindowInDays: 7 },
        { responseElements: { name: 'prod/tagged', deletionDate: 'Apr 3, 2026 5:06:07 AM', aRN: id } },
      ),
    );
    const message = await received();
    expect(message[0]).toBe('A secret was scheduled for deletion.');
    expect(message).toContain('Deletion date: Apr 3, 2026 5:06:07 AM');
    expect(message).toContain('Recovery window in days (empty: not given by the caller): 7');
    expect(message).toContain('Belongs to: resource Db, owner Shop');
    expect(message).toContain(`aws secretsmanager restore-secret --region us-east-1 --secret-id ${id}`);

    await rehearsal.send(scheduled('prod/gone', 'prod/gone', { forceDeleteWithoutRecovery: true }));
    expect((await received())[0]).toBe('A secret was deleted for good, without a recovery window.');

    await rehearsal.send(apiCall('RestoreSecret', { secretId: 'prod/db' }));
    expect((await received())[0]).toContain('was restored');

    const arn = secretArn('prod/db', 'AbC123');
    await rehearsal.send(serviceEvent('EndSecretVersionDelete', arn));
    expect(JSON.parse((await received()).join('\n')).detail.additionalEventData).toEqual({ SecretId: arn });
  });

  test('a call that concerns nobody is not reported', async () => {
    await rehearsal.send(apiCall('GetSecretValue', { secretId: 'prod/db' }));
    await rehearsal.send(refused('GetSecretValue', { secretId: 'test/db' }));
    expect(await rehearsal.receive(inbox, 0)).toEqual([]);
  });

  test('the heartbeat reads and finds nothing, also when there is a secret of that name', async () => {
    const { SecretId } = workflow(template, 'Heartbeat').States.Read.Arguments;
    const secrets = new Secrets(emulator.endpoint);
    for (const make of [() => undefined, () => secrets.create(SecretId, 'a value that nobody may see')]) {
      await make();
      const { status, output } = await rehearsal.run('Heartbeat', { now: '2026-03-04T05:06:07Z' });
      expect([status, JSON.stringify(output)]).toEqual(['SUCCEEDED', expect.not.stringContaining('a value')]);
    }
  });

  test('reminders come once each, while the clock moves on', async () => {
    const secrets = new Secrets(emulator.endpoint);
    // More than fit onto a page, so that the next one is asked for.
    for (let i = 0; i < 12; i++) await secrets.create(`prod/${i}`, 'x');
    for (const name of ['prod/late', 'prod/soon', 'test/other']) await secrets.create(name, 'x');
    await secrets.schedule('prod/late', 30);
    await secrets.schedule('prod/soon', 7);
    await secrets.schedule('test/other', 7);
    const start = Date.now() + 60_000;
    const said: Record<number, string[]> = {};
    for (let day = 0; day < 31; day++) {
      const now = new Date(start + day * 86_400_000).toISOString();
      const { status, cause } = await rehearsal.run('Reminders', { now });
      expect([status, cause]).toEqual(['SUCCEEDED', undefined]);
      const messages = await rehearsal.receive(inbox, [0, 5, 22, 28].includes(day) ? 1 : 0);
      if (messages.length > 0) said[day] = messages.map((text) => text.split('\n').slice(0, 2).join(' '));
    }
    const sentence = 'A secret that is scheduled for deletion will be deleted for good';
    expect(said).toEqual({
      0: [`${sentence} in 6 days. Secret: prod/soon`],
      5: [`${sentence} in 1 day. Secret: prod/soon`],
      22: [`${sentence} in 7 days. Secret: prod/late`],
      28: [`${sentence} in 1 day. Secret: prod/late`],
    });
    expect(await rehearsal.metric('PendingSecrets')).toEqual({ SampleCount: 31, Minimum: 2, Maximum: 2 });
    // The one whose window has ended stays in the emulator.
    expect(await rehearsal.metric('DaysLeft')).toMatchObject({ SampleCount: 31, Minimum: 0 });
    const listed = (await rehearsal.logged('Reminders')).map((text) => JSON.parse(text).secret);
    expect(listed.sort()).toEqual(['prod/late', 'prod/soon'].flatMap((name) => Array(31).fill(name)));
  }, 60_000);

  test('every alarm publishes to the topic, when its state is set by hand', async () => {
    const client = new CloudWatchClient({ endpoint: emulator.endpoint, region: REGION, credentials: CREDENTIALS });
    const { MetricAlarms = [] } = await client.send(new DescribeAlarmsCommand({}));
    expect(MetricAlarms).toHaveLength(6);
    for (const { AlarmName } of MetricAlarms) {
      await client.send(new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: 'rehearsal' }));
    }
    client.destroy();

    const messages = (await rehearsal.receive(inbox, 6)).map((text) => JSON.parse(text));
    expect(messages.map(({ NewStateValue }) => NewStateValue)).toEqual(Array(6).fill('ALARM'));
    expect(messages.map(({ AlarmDescription }) => AlarmDescription)).toEqual(
      expect.arrayContaining([expect.stringContaining('Somebody tried to use a secret')]),
    );
  });
});
