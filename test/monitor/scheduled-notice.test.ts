import { Match } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Account } from '../../src/cli/aws/account';
import { awsEnvironment } from '../../src/handler/aws/clients';
import { OWNERSHIP_TAG, USER_AGENT_APP_ID } from '../../src/private/contract';
import type { SecretDeletionMonitorProps } from '../../src/secret-deletion-monitor-props';
import { apiCall, type CloudTrailEvent, REGION, scheduled, secretArn } from './cloudtrail-events';
import { AwsError, type Calls, execute, type Json } from './state-machine';
import { monitorTemplate, operationsStack, ruleProperties, workflow } from './templates';

const template = monitorTemplate({ lifecycleNotices: true });
const definition = workflow(template, 'Scheduled');
const ARN = secretArn('prod/db', 'AbC123');

const STACK_TAGS = {
  [OWNERSHIP_TAG.owner]: 'Shop',
  [OWNERSHIP_TAG.stackId]: 'arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/1234',
  [OWNERSHIP_TAG.logicalId]: 'Db',
};
const NATIVE_TAGS = { 'aws:cloudformation:stack-name': 'Shop', 'aws:cloudformation:logical-id': 'Db' };

/** What is published about an event, and left in the queue, when DescribeSecret knows this of the secret. */
async function noticeOf(event: CloudTrailEvent, secret?: Json, more: Calls = {}) {
  const said = { subject: '', message: [] as string[], kept: [] as string[], describes: [] as string[] };
  await execute(
    definition,
    event,
    {
      'secretsmanager:describeSecret': ({ SecretId }) => {
        said.describes.push(SecretId);
        if (!secret) throw new AwsError('SecretsManager.ResourceNotFoundException');
        const { tags = {}, ...fields } = secret;
        return { Name: 'prod/db', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })), ...fields };
      },
      'sns:publish': ({ Subject, Message }) => {
        Object.assign(said, { subject: Subject, message: Message.split('\n') });
        return {};
      },
      'sqs:sendMessage': ({ MessageBody }) => {
        said.kept.push(MessageBody);
        return {};
      },
      ...more,
    },
    { Execution: { StartTime: '' }, StateMachine: { Id: '', Name: '' } },
  );
  return said;
}

function by(agent: Record<string, unknown>): CloudTrailEvent {
  const event = scheduled('prod/db', 'prod/db');
  return { ...event, detail: { ...event.detail, ...agent } };
}

test('says what the event tells, to whom the secret belongs, and when it was last used', async () => {
  const { subject, message, describes } = await noticeOf(scheduled('prod/db', 'prod/db', { recoveryWindowInDays: 7 }), {
    tags: STACK_TAGS,
    LastAccessedDate: '2026-02-27T00:00:00.000Z',
  });
  expect(describes).toEqual([ARN]);
  expect(subject).toBe('Scheduled for deletion by hand: prod/db');
  expect(message).toEqual([
    'A secret was scheduled for deletion.',
    'Secret, as the caller named it: prod/db',
    'Name: prod/db',
    'Deletion date: Apr 3, 2026 5:06:07 AM',
    'Recovery window in days (empty: not given by the caller): 7',
    'Belongs to: resource Db, stack Shop, owner Shop',
    'Last used: 2026-02-27',
    'Caller: arn:aws:sts::000000000000:assumed-role/orders-worker/worker',
    'Type of caller: AssumedRole, of account: 000000000000',
    'AWS service that called (empty if none did): ',
    'From: 203.0.113.7',
    'At: 2026-03-04T05:06:07Z',
    'CloudTrail event: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee in account 000000000000, region us-east-1',
    'By its tags it belongs to that stack, which did not ask for this. If the stack still has the resource, its users ' +
      'find a secret that they cannot read: restore it, and take it out of the stack if it is to go.',
    'Until the deletion date it can be restored with credentials for account 000000000000:',
    `aws secretsmanager restore-secret --region us-east-1 --secret-id ${ARN}`,
  ]);
});

describe('what a stack still needs', () => {
  test.each<[string, Record<string, unknown>, Record<string, string>, boolean]>([
    ['a person, of this library', {}, STACK_TAGS, true],
    ['a person, of CloudFormation', {}, NATIVE_TAGS, true],
    ['a person, of nobody', {}, { team: 'payments' }, false],
    ['an event without a user agent', { userAgent: undefined }, STACK_TAGS, true],
    [
      'the function of this library',
      { userAgent: `aws-sdk-js/3.1162.0 ua/2.1 app/${USER_AGENT_APP_ID} exec-env/AWS_Lambda_nodejs22.x` },
      STACK_TAGS,
      false,
    ],
    ['CloudFormation', { userIdentity: { invokedBy: 'cloudformation.amazonaws.com' } }, NATIVE_TAGS, false],
    ['CloudFormation, by its address', { sourceIPAddress: 'cloudformation.amazonaws.com' }, NATIVE_TAGS, false],
  ])('deleted by %s', async (_, agent, tags, byHand) => {
    const { subject, message } = await noticeOf(by(agent), { tags });
    expect(subject).toBe(`Scheduled for deletion${byHand ? ' by hand' : ''}: prod/db`);
    expect(message.some((line) => line.startsWith('By its tags it belongs to that stack'))).toBe(byHand);
    expect(message.join('\n')).not.toMatch(/undefined|null/);
  });

  test('the function and the command line call themselves so', async () => {
    const { secrets } = await Account.open({ region: REGION });
    for (const client of [
      secrets,
      awsEnvironment(
        () => 0,
        () => undefined,
      ).secrets,
    ]) {
      const { userAgentAppId } = client.config as { userAgentAppId?: () => Promise<string> };
      expect(await userAgentAppId?.()).toBe(USER_AGENT_APP_ID);
    }
  });
});

test('of a secret that is gone already it says what the event tells, and that nothing brings it back', async () => {
  const { subject, message, describes } = await noticeOf(
    scheduled('prod/db', 'prod/db', { forceDeleteWithoutRecovery: true }),
  );
  expect(subject).toBe('Deleted for good: prod/db');
  expect(message[0]).toBe('A secret was deleted for good, without a recovery window.');
  expect(message).toEqual(
    expect.arrayContaining(['Belongs to: not known', 'Last used: not known', 'Nothing brings it back.']),
  );
  expect(message.join('\n')).not.toContain('restore');
  expect(describes).toHaveLength(1);
});

test.each(['name', 'prod/db', ARN])(
  'an event without an ARN in its answer is looked up by what the caller wrote: %s',
  async (id) => {
    const { describes, message } = await noticeOf(apiCall('DeleteSecret', { secretId: id }), { tags: {} });
    expect(describes).toEqual([id]);
    expect(message).toContain(`aws secretsmanager restore-secret --region us-east-1 --secret-id ${id}`);
  },
);

test('a secret that cannot be described, and a topic that takes nothing, keep nobody from hearing of it', async () => {
  const fail = () => {
    throw new AwsError('Broken');
  };
  const { kept } = await noticeOf(scheduled('prod/db', 'prod/db'), undefined, {
    'secretsmanager:describeSecret': fail,
    'sns:publish': fail,
  });
  expect(kept).toEqual([expect.stringContaining('Last used: not known')]);
});

describe('the state machine', () => {
  test('is started by the rule, with the whole event, as long as EventBridge can', () => {
    expect(ruleProperties(template, 'Secrets that are scheduled').Targets).toEqual([
      {
        Id: 'Target0',
        Arn: { Ref: expect.stringMatching(/^MonitorScheduledNoticeStateMachine/) },
        RoleArn: expect.anything(),
        RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86400 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [expect.stringMatching(/^MonitorUndeliveredNotices/), 'Arn'] } },
      },
    ]);
  });

  test.each<[string, SecretDeletionMonitorProps, string[]]>([
    ['all secrets', {}, ['*']],
    ['those under a prefix', { secretNamePrefix: 'prod/' }, ['prod/*']],
    ['one', { secrets: [Secret.fromSecretNameV2(operationsStack(), 'S', 'prod/db')] }, ['prod/db-??????']],
  ])('may describe %s, and read no value', (_, props, names) => {
    const narrowed = monitorTemplate({ lifecycleNotices: true, ...props });
    const resources = names.map((name) => ({
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:secretsmanager:us-east-1:000000000000:secret:${name}`]],
    }));
    narrowed.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayEquals([
          {
            Effect: 'Allow',
            Action: 'secretsmanager:DescribeSecret',
            Resource: resources.length === 1 ? resources[0] : resources,
          },
          Match.objectLike({ Action: 'sns:Publish' }),
          Match.objectLike({ Action: 'sqs:SendMessage' }),
        ]),
      },
    });
  });
});
