import { CfnParameter, Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { SecretDeletionMonitor } from '../../src/secret-deletion-monitor';
import { monitorTemplate, operationsStack, ruleProperties, workflow } from './templates';

const template = monitorTemplate({ heartbeat: Duration.days(1) });
const HEARTBEAT = 'The heartbeat of the monitor';

test('a state machine reads what does not exist, once per interval, and begins when the rule is there', () => {
  expect(workflow(template, 'Heartbeat').States.Read).toMatchObject({
    Resource: 'arn:aws:states:::aws-sdk:secretsmanager:getSecretValue',
    Arguments: { SecretId: expect.stringMatching(/^Operations.*\/heartbeat$/), VersionId: expect.any(String) },
  });
  template.hasResource('AWS::Scheduler::Schedule', {
    Properties: {
      ScheduleExpression: 'rate(1 day)',
      State: 'ENABLED',
      Target: {
        Arn: { Ref: Match.stringLikeRegexp('^MonitorHeartbeatStateMachine') },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^MonitorUndeliveredNotices'), 'Arn'] } },
        Input: '{"now":"<aws.scheduler.scheduled-time>"}',
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
    },
    DependsOn: Match.arrayWith([Match.stringLikeRegexp('^MonitorHeartbeatRule')]),
  });
});

test('its role can read no value, also if somebody makes a secret of that name', () => {
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: [
        {
          Effect: 'Allow',
          Action: 'secretsmanager:GetSecretValue',
          Resource: [Match.anyValue(), Match.anyValue()],
          Condition: {
            StringEquals: {
              'secretsmanager:VersionId': workflow(template, 'Heartbeat').States.Read.Arguments.VersionId,
            },
          },
        },
      ],
    },
  });
});

test('a rule that sees reads knows the call by the role, whatever becomes of it', () => {
  const { EventPattern, State, Targets } = ruleProperties(template, HEARTBEAT);
  expect(State).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS');
  expect(EventPattern).toEqual({
    source: ['aws.secretsmanager'],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: {
      eventSource: ['secretsmanager.amazonaws.com'],
      eventName: ['GetSecretValue'],
      userIdentity: {
        sessionContext: {
          sessionIssuer: {
            arn: [{ 'Fn::GetAtt': [expect.stringMatching(/^MonitorHeartbeatStateMachineRole/), 'Arn'] }],
          },
        },
      },
    },
  });
  // People are not told of it.
  expect(JSON.stringify(Targets)).not.toContain('MonitorTopic');
});

test.each([
  [1, 'rate(1 hour)', 3],
  [6, 'rate(6 hours)', 8],
  [24, 'rate(1 day)', 26],
])('every %i hours: %s, and an alarm when nothing has come back for %i', (hours, rate, periods) => {
  const every = monitorTemplate({ heartbeat: Duration.hours(hours), period: Duration.minutes(1) });
  every.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: rate });
  every.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmDescription: Match.stringLikeRegexp('may be blind.*get-trail-status.*get-event-selectors'),
    Namespace: 'AWS/Events',
    MetricName: 'MatchedEvents',
    Dimensions: [{ Name: 'RuleName', Value: { Ref: Match.stringLikeRegexp('^MonitorHeartbeatRule') } }],
    Statistic: 'Sum',
    Period: 3600,
    EvaluationPeriods: periods,
    DatapointsToAlarm: periods,
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
    AlarmActions: [{ Ref: Match.stringLikeRegexp('^MonitorTopic') }],
  });
});

test('the text of the alarm fits', () => {
  for (const { Properties } of Object.values(template.findResources('AWS::CloudWatch::Alarm'))) {
    expect(Properties.AlarmDescription.length).toBeLessThanOrEqual(1024);
  }
});

test('what could not be started waits in the dead-letter queue, also an encrypted one', () => {
  const encrypted = monitorTemplate((stack) => ({
    heartbeat: Duration.days(1),
    encryptionKey: new Key(stack, 'Key'),
  }));
  encrypted.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Action: ['kms:GenerateDataKey', 'kms:Decrypt'] }),
        Match.objectLike({ Action: 'states:StartExecution' }),
        Match.objectLike({ Action: 'sqs:SendMessage' }),
      ]),
    },
    Roles: [{ Ref: Match.stringLikeRegexp('^MonitorHeartbeatSchedulerRole') }],
  });
});

test.each([
  ['half an hour', Duration.minutes(30), 'must be whole hours, from 1 hour to 1 day, got: Duration.minutes(30)'],
  ['an hour and a half', Duration.minutes(90), 'must be whole hours, from 1 hour to 1 day, got: Duration.minutes(90)'],
  ['more than a day', Duration.hours(25), 'must be whole hours, from 1 hour to 1 day, got: Duration.hours(25)'],
])('%s throws, and creates nothing', (_, heartbeat, message) => {
  const stack = operationsStack();
  expect(() => new SecretDeletionMonitor(stack, 'Monitor', { heartbeat })).toThrow(
    `[Operations/Monitor] heartbeat ${message}`,
  );
  expect(stack.node.findChild('Monitor').node.children).toEqual([]);
});

test('a token throws', () => {
  const stack = operationsStack();
  const heartbeat = Duration.hours(new CfnParameter(stack, 'P', { type: 'Number' }).valueAsNumber);
  expect(() => new SecretDeletionMonitor(stack, 'Monitor', { heartbeat })).toThrow(
    'heartbeat must be known at synthesis, got: a token',
  );
});

test('there is an alarm only with a heartbeat', () => {
  const stack = operationsStack();
  expect(new SecretDeletionMonitor(stack, 'Plain').heartbeatAlarm).toBeUndefined();
  expect(new SecretDeletionMonitor(stack, 'Alive', { heartbeat: Duration.days(1) }).heartbeatAlarm).toBeDefined();
});
