import {
  App,
  Aws,
  Annotations as CdkAnnotations,
  CfnParameter,
  Duration,
  Mixins,
  NestedStack,
  SecretValue,
  Stack,
} from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IConstruct } from 'constructs';
import { RecoverableSecret } from '../src/recoverable-secret';
import { SecretDeletionMonitor } from '../src/secret-deletion-monitor';
import type { SecretDeletionMonitorProps } from '../src/secret-deletion-monitor-props';
import { SecretRecovery } from '../src/secret-recovery';
import { ACCOUNT, REGION, secretArn } from './monitor/cloudtrail-events';
import { monitorTemplate, operationsStack, ruleProperties } from './monitor/templates';

const SEES_READS = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

const trail = (stack: Stack) => LogGroup.fromLogGroupName(stack, 'Trail', 'trail');

/** Everything that a monitor can be told to make. */
const everything = (stack: Stack): SecretDeletionMonitorProps => ({
  cloudTrailLogGroup: trail(stack),
  perSecretAlarm: true,
  secretNamePrefix: 'prod/',
  secrets: [Secret.fromSecretNameV2(stack, 'ByName', 'shared/api')],
  lifecycleNotices: true,
  includeAccessDenied: true,
  includeBatchGetSecretValue: true,
  includeDescribeSecret: true,
  heartbeat: Duration.days(1),
  reminders: [Duration.days(7), Duration.days(1)],
  dashboard: true,
});

function alarms(template: Template): Record<string, unknown>[] {
  return Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);
}

function warnings(construct: Stack): string[] {
  return Annotations.fromStack(construct)
    .findWarning('*', Match.anyValue())
    .map(({ entry }) => String(entry.data))
    .filter((text) => text.includes('cdk-recoverable-secret:'));
}

describe('by default', () => {
  const template = monitorTemplate();

  test('a rule sees attempts on all secrets, reads included', () => {
    expect(ruleProperties(template, 'Calls that failed')).toEqual({
      Description: expect.any(String),
      State: SEES_READS,
      EventPattern: {
        source: ['aws.secretsmanager'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['secretsmanager.amazonaws.com'],
          errorMessage: [{ wildcard: '*marked for deletion*' }, { wildcard: '*scheduled for deletion*' }],
        },
      },
      Targets: [
        {
          Id: 'Target0',
          Arn: { Ref: expect.stringMatching(/^MonitorTopic/) },
          RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86400 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [expect.stringMatching(/^MonitorUndeliveredNotices/), 'Arn'] } },
          InputTransformer: expect.anything(),
        },
      ],
    });
    template.resourceCountIs('AWS::Events::Rule', 1);
  });

  test('an alarm goes off with the first event that the rule matches, delivered or not', () => {
    template.hasResource('AWS::CloudWatch::Alarm', {
      Properties: Match.objectEquals({
        AlarmDescription: Match.stringLikeRegexp('tried to use a secret'),
        Namespace: 'AWS/Events',
        MetricName: 'MatchedEvents',
        Dimensions: [{ Name: 'RuleName', Value: { Ref: Match.stringLikeRegexp('^MonitorAccessAttempts') } }],
        Statistic: 'Sum',
        Period: 300,
        EvaluationPeriods: 1,
        DatapointsToAlarm: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
        AlarmActions: [{ Ref: Match.stringLikeRegexp('^MonitorTopic') }],
      }),
    });
  });

  test('another alarm tells of notices that could not be delivered', () => {
    template.hasResource('AWS::CloudWatch::Alarm', {
      Properties: Match.objectEquals({
        AlarmDescription: Match.stringLikeRegexp('could not be delivered'),
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: Match.anyValue() }],
        Statistic: 'Maximum',
        Period: 300,
        EvaluationPeriods: 1,
        DatapointsToAlarm: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
        AlarmActions: [{ Ref: Match.stringLikeRegexp('^MonitorTopic') }],
      }),
    });
    template.resourceCountIs('AWS::CloudWatch::Alarm', 2);
  });

  test('the policy of the topic lets both services publish, and nobody without encryption on the way', () => {
    template.resourceCountIs('AWS::SNS::TopicPolicy', 1);
    const [policy] = Object.values(template.findResources('AWS::SNS::TopicPolicy'));
    const statements: Record<string, unknown>[] = policy.Properties.PolicyDocument.Statement;
    expect(
      statements.map(({ Effect, Principal, Action, Condition }) => ({ Effect, Principal, Action, Condition })),
    ).toEqual(
      expect.arrayContaining([
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 'sns:Publish',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
        {
          Effect: 'Allow',
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Action: 'sns:Publish',
          Condition: {
            StringEquals: { 'aws:SourceAccount': ACCOUNT },
            ArnLike: {
              'aws:SourceArn': {
                'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:cloudwatch:${REGION}:${ACCOUNT}:alarm:*`]],
              },
            },
          },
        },
        {
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Action: 'sns:Publish',
          Condition: undefined,
        },
      ]),
    );
    expect(statements).toHaveLength(3);
  });

  test('undelivered notices are kept for two weeks, and the rule may leave them there', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: 14 * 86400,
      SqsManagedSseEnabled: true,
    });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'sqs:SendMessage',
            Principal: { Service: 'events.amazonaws.com' },
            Condition: {
              ArnEquals: {
                'aws:SourceArn': { 'Fn::GetAtt': [Match.stringLikeRegexp('^MonitorAccessAttempts'), 'Arn'] },
              },
            },
          }),
        ]),
      },
    });
  });

  test('there is nothing that costs without being asked for', () => {
    expect(
      new Set(Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(({ Type }) => Type)),
    ).toEqual(
      new Set([
        'AWS::SNS::Topic',
        'AWS::SNS::TopicPolicy',
        'AWS::SQS::Queue',
        'AWS::SQS::QueuePolicy',
        'AWS::Events::Rule',
        'AWS::CloudWatch::Alarm',
      ]),
    );
  });
});

test('the notice gives who, what, when and the command to restore, and leaves out what callers fill in at will', () => {
  const [{ InputTransformer }] = ruleProperties(monitorTemplate(), 'Calls that failed').Targets as {
    InputTransformer: { InputPathsMap: Record<string, string>; InputTemplate: string };
  }[];
  expect(Object.values(InputTransformer.InputPathsMap).sort()).toEqual([
    '$.account',
    '$.detail.errorMessage',
    '$.detail.eventID',
    '$.detail.eventName',
    '$.detail.eventTime',
    '$.detail.requestParameters.name',
    '$.detail.requestParameters.secretId',
    '$.detail.sourceIPAddress',
    '$.detail.userIdentity.accountId',
    '$.detail.userIdentity.arn',
    '$.detail.userIdentity.invokedBy',
    '$.detail.userIdentity.type',
    '$.region',
  ]);
  expect(InputTransformer.InputTemplate.split('\n')).toContain(
    '"aws secretsmanager restore-secret --region <region> ' +
      '--secret-id <detail-requestParameters-secretId><detail-requestParameters-name>"',
  );
  expect(InputTransformer.InputTemplate.length).toBeLessThan(8192);
});

test('whatever is asked for, no resource has a name of its own, no stack exports anything, and no function runs', () => {
  const template = monitorTemplate(everything).toJSON();
  const resources = Object.values(template.Resources as Record<string, { Type: string; Properties: object }>);
  for (const { Type, Properties } of resources) {
    const names = Object.keys(Properties).filter(
      (key) => /Name$/.test(key) && !/^(LogGroup|Metric|Display|Policy)Name$/.test(key),
    );
    expect([Type, names]).toEqual([Type, []]);
    expect(Type).not.toMatch(/Lambda|Custom/);
  }
  expect(Object.keys(template)).toEqual(['Resources']);
});

describe('alarmActions', () => {
  test('take the place of the topic, on every alarm', () => {
    const template = monitorTemplate((stack) => ({
      ...everything(stack),
      alarmActions: [new SnsAction(Topic.fromTopicArn(stack, 'Pager', `arn:aws:sns:${REGION}:${ACCOUNT}:pager`))],
    }));
    expect(alarms(template)).toHaveLength(7);
    for (const alarm of alarms(template))
      expect(alarm.AlarmActions).toEqual([`arn:aws:sns:${REGION}:${ACCOUNT}:pager`]);
  });

  test('may be none', () => {
    for (const { AlarmActions = [] } of alarms(monitorTemplate({ alarmActions: [] }))) expect(AlarmActions).toEqual([]);
  });

  test('can be added later', () => {
    const stack = operationsStack();
    const monitor = new SecretDeletionMonitor(stack, 'Monitor');
    monitor.addAlarmAction(
      new SnsAction(Topic.fromTopicArn(stack, 'Pager', `arn:aws:sns:${REGION}:${ACCOUNT}:pager`)),
      new SnsAction(Topic.fromTopicArn(stack, 'Chat', `arn:aws:sns:${REGION}:${ACCOUNT}:chat`)),
    );
    for (const alarm of alarms(Template.fromStack(stack))) {
      expect(alarm.AlarmActions).toEqual([
        { Ref: expect.stringMatching(/^MonitorTopic/) },
        `arn:aws:sns:${REGION}:${ACCOUNT}:pager`,
        `arn:aws:sns:${REGION}:${ACCOUNT}:chat`,
      ]);
    }
  });
});

describe('encryption', () => {
  /** The statements of the one key for the services that publish. */
  function keyStatements(template: Template): unknown[] {
    const [key] = Object.values(template.findResources('AWS::KMS::Key'));
    const statements: { Principal: unknown; Action: unknown; Condition?: unknown }[] =
      key.Properties.KeyPolicy.Statement;
    return statements
      .filter(({ Principal }) => JSON.stringify(Principal).includes('amazonaws.com'))
      .map(({ Principal, Action, Condition }) => ({ Principal, Action, Condition }));
  }

  const forBoth = {
    Principal: { Service: ['events.amazonaws.com', 'cloudwatch.amazonaws.com'] },
    Action: ['kms:GenerateDataKey*', 'kms:Decrypt'],
    // With one, EventBridge could not publish.
    Condition: undefined,
  };

  test('encryptionKey encrypts the topic and the queue, and lets both services use it', () => {
    const template = monitorTemplate((stack) => ({ encryptionKey: new Key(stack, 'Key') }));
    const arn = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] };
    template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: arn });
    template.hasResourceProperties('AWS::SQS::Queue', { KmsMasterKeyId: arn });
    expect(keyStatements(template)).toContainEqual(forBoth);
  });

  test('the key of a given topic lets both services use it', () => {
    const template = monitorTemplate((stack) => ({
      notificationTopic: new Topic(stack, 'Topic', { masterKey: new Key(stack, 'Key') }),
    }));
    expect(keyStatements(template)).toContainEqual(forBoth);
  });

  test('for a key whose policy cannot be changed, a warning says what it needs', () => {
    const stack = operationsStack();
    const encryptionKey = Key.fromKeyArn(
      stack,
      'Key',
      `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`,
    );
    new SecretDeletionMonitor(stack, 'Monitor', { encryptionKey });
    expect(warnings(stack)).toContainEqual(
      expect.stringMatching(
        /kms:GenerateDataKey\* and kms:Decrypt.*events.amazonaws.com.*cdk-recoverable-secret:keyPolicyNeeded/,
      ),
    );
  });
});

describe('notificationTopic', () => {
  test('gets a policy for both services when this app owns it', () => {
    const stack = operationsStack();
    const notificationTopic = new Topic(stack, 'Topic');
    const monitor = new SecretDeletionMonitor(stack, 'Monitor', { notificationTopic, lifecycleNotices: true });
    expect(monitor.topic).toBe(notificationTopic);
    expect(warnings(stack)).toEqual([]);

    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::SNS::Topic', 1);
    for (const service of ['cloudwatch.amazonaws.com', 'events.amazonaws.com']) {
      template.hasResourceProperties('AWS::SNS::TopicPolicy', {
        PolicyDocument: {
          Statement: Match.arrayWith([Match.objectLike({ Effect: 'Allow', Principal: { Service: service } })]),
        },
      });
    }
  });

  test('of another stack needs nothing from the stack of the monitor', () => {
    const app = new App();
    const topicStack = new Stack(app, 'Topics');
    const stack = new Stack(app, 'Operations');
    new SecretDeletionMonitor(stack, 'Monitor', { notificationTopic: new Topic(topicStack, 'Topic') });
    app.synth();
    expect(topicStack.dependencies.map(({ node }) => node.path)).toEqual([]);
    Template.fromStack(topicStack).resourceCountIs('AWS::SNS::TopicPolicy', 1);
  });

  test('that was imported keeps its policy, and a warning says what it needs', () => {
    const stack = operationsStack();
    const notificationTopic = Topic.fromTopicArn(stack, 'Topic', `arn:aws:sns:${REGION}:${ACCOUNT}:topic`);
    new SecretDeletionMonitor(stack, 'Monitor', { notificationTopic });
    expect(warnings(stack)).toEqual([
      expect.stringMatching(
        /sns:Publish to events.amazonaws.com and cloudwatch.amazonaws.com.*cdk-recoverable-secret:topicPolicyNeeded/,
      ),
    ]);
    Template.fromStack(stack).resourceCountIs('AWS::SNS::TopicPolicy', 0);
  });
});

describe('cloudTrailLogGroup', () => {
  test("gets AWS's filter and metric, widened to all operations, and an alarm on the sum", () => {
    const template = monitorTemplate((stack) => ({ cloudTrailLogGroup: trail(stack) }));
    template.resourceCountIs('AWS::Logs::MetricFilter', 1);
    template.hasResource('AWS::Logs::MetricFilter', {
      Properties: Match.objectEquals({
        LogGroupName: 'trail',
        FilterPattern:
          '{ ($.eventSource = "secretsmanager.amazonaws.com") && ($.errorMessage = "*marked for deletion*" || ' +
          '$.errorMessage = "*scheduled for deletion*") }',
        MetricTransformations: [
          {
            MetricNamespace: 'CloudTrailLogMetrics',
            MetricName: 'AttemptsToAccessDeletedSecrets',
            MetricValue: '1',
            DefaultValue: 0,
            Unit: 'Count',
          },
        ],
      }),
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'CloudTrailLogMetrics',
      MetricName: 'AttemptsToAccessDeletedSecrets',
      Dimensions: Match.absent(),
      Statistic: 'Sum',
      Period: 300,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    });
  });

  test('serves several narrowed monitors, none of which counts for another', () => {
    const stack = operationsStack();
    const cloudTrailLogGroup = trail(stack);
    for (const secretNamePrefix of ['payments/', 'orders/']) {
      new SecretDeletionMonitor(stack, `Monitor of ${secretNamePrefix}`, { cloudTrailLogGroup, secretNamePrefix });
    }
    const names = Object.values(Template.fromStack(stack).findResources('AWS::Logs::MetricFilter')).map(
      ({ Properties }) => Properties.MetricTransformations[0].MetricName,
    );
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^AttemptsToAccessDeletedSecrets[A-Za-z0-9]+$/);
  });

  test('with perSecretAlarm counts each secret by itself', () => {
    const template = monitorTemplate((stack) => ({ cloudTrailLogGroup: trail(stack), perSecretAlarm: true }));
    template.hasResource('AWS::Logs::MetricFilter', {
      Properties: Match.objectEquals({
        LogGroupName: 'trail',
        FilterPattern: Match.stringLikeRegexp('\\$\\.requestParameters\\.secretId = "\\*"'),
        MetricTransformations: [
          {
            MetricNamespace: 'CloudTrailLogMetrics',
            MetricName: 'AttemptsToAccessDeletedSecretsBySecret',
            MetricValue: '1',
            // CloudWatch Logs refuses a default value beside dimensions.
            Dimensions: [{ Key: 'SecretId', Value: '$.requestParameters.secretId' }],
            Unit: 'Count',
          },
        ],
      }),
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Metrics: [
        {
          Expression:
            'SELECT SUM(AttemptsToAccessDeletedSecretsBySecret) FROM SCHEMA(CloudTrailLogMetrics, SecretId) ' +
            'GROUP BY SecretId ORDER BY SUM() DESC',
          Period: 300,
          ReturnData: true,
        },
      ],
      Threshold: 1,
      TreatMissingData: 'notBreaching',
    });
  });
});

describe('unconfirmed attempts', () => {
  test.each(['includeAccessDenied', 'includeBatchGetSecretValue', 'includeDescribeSecret'] as const)(
    '%s makes a rule, which sees reads, and an alarm, both apart from those for attempts',
    (prop) => {
      const template = monitorTemplate({ secretNamePrefix: 'prod/', [prop]: true });
      template.resourceCountIs('AWS::Events::Rule', 2);
      template.resourceCountIs('AWS::CloudWatch::Alarm', 3);
      expect(ruleProperties(template, 'Calls that may').State).toBe(SEES_READS);
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        MetricName: 'MatchedEvents',
        Dimensions: [{ Name: 'RuleName', Value: { Ref: Match.stringLikeRegexp('^MonitorUnconfirmedAttempts') } }],
        Statistic: 'Sum',
      });
    },
  );

  test('no ready-made command holds an identifier that the service has not accepted', () => {
    const template = monitorTemplate({ secretNamePrefix: 'prod/', includeAccessDenied: true });
    const [target] = ruleProperties(template, 'Calls that may').Targets as {
      InputTransformer: { InputTemplate: string };
    }[];
    const commands = target.InputTransformer.InputTemplate.split('\n').filter((line) => line.startsWith('"aws '));
    expect(commands).toHaveLength(2);
    for (const command of commands) expect(command.match(/<[^>]+>/g)).toEqual(['<region>']);
  });
});

test('lifecycleNotices make three rules, for write events, and no alarm', () => {
  const template = monitorTemplate({ lifecycleNotices: true });
  template.resourceCountIs('AWS::Events::Rule', 4);
  template.resourceCountIs('AWS::CloudWatch::Alarm', 2);
  for (const description of ['Secrets that are scheduled', 'Secrets that are restored', 'Versions of secrets']) {
    expect(ruleProperties(template, description).State).toBe('ENABLED');
  }
});

describe('dashboard', () => {
  /** The text of the dashboard, with the intrinsics in it left out. */
  function body(template: Template): string {
    const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
    const [, parts] = dashboard.Properties.DashboardBody['Fn::Join'] as [string, unknown[]];
    return parts.filter((part) => typeof part === 'string').join('"token"');
  }

  test('shows the alarms, the attempts over time and what was not delivered', () => {
    const text = body(monitorTemplate({ dashboard: true }));
    expect(text).toContain('"type":"alarm"');
    expect(text).toContain('"title":"Attempts over time"');
    expect(text).toContain('"MatchedEvents"');
    expect(text).toContain('"title":"Notices that could not be delivered"');
    expect(text).not.toContain('"type":"log"');
  });

  test('with cloudTrailLogGroup shows the latest attempts by caller', () => {
    const text = body(
      monitorTemplate((stack) => ({ cloudTrailLogGroup: trail(stack), dashboard: true, secretNamePrefix: 'prod/' })),
    );
    expect(text).toContain('"type":"log"');
    expect(text).toContain(
      "SOURCE 'trail' | fields coalesce(requestParameters.secretId, requestParameters.name) as secret",
    );
    expect(text).toContain('by caller, sourceIPAddress, eventName, secret');
    expect(text).toContain('filter secret like');
  });

  test('shows unconfirmed attempts beside the others', () => {
    expect(body(monitorTemplate(everything))).toContain('"label":"Unconfirmed attempts"');
  });
});

describe('secrets', () => {
  test('of other stacks are watched by name: no stack refers to another', () => {
    const app = new App();
    const secretStack = new Stack(app, 'Application');
    const stack = new Stack(app, 'Operations');
    const renamed = new RecoverableSecret(secretStack, 'Renamed');
    (renamed.node.defaultChild as CfnSecret).addPropertyOverride('Name', 'prod/renamed');
    new SecretDeletionMonitor(stack, 'Monitor', {
      secrets: [
        new Secret(secretStack, 'Plain', { secretName: 'prod/plain' }),
        new RecoverableSecret(secretStack, 'Named', { secretName: 'prod/named' }),
        new RecoverableSecret(secretStack, 'Unnamed'),
        renamed,
      ],
    });
    app.synth();
    expect(stack.dependencies.map(({ node }) => node.path)).toEqual([]);
    expect(secretStack.dependencies.map(({ node }) => node.path)).toEqual([]);
    expect(Template.fromStack(secretStack).toJSON().Outputs).toBeUndefined();

    const pattern = JSON.stringify(ruleProperties(Template.fromStack(stack), 'Calls that failed').EventPattern);
    for (const name of ['prod/plain', 'prod/named', 'prod/renamed', 'Application/Unnamed'])
      expect(pattern).toContain(name);
  });

  test('that were imported are watched by the name in whatever they were imported by', () => {
    const stack = operationsStack();
    new SecretDeletionMonitor(stack, 'Monitor', {
      secrets: [
        Secret.fromSecretNameV2(stack, 'Name', 'prod/name'),
        Secret.fromSecretPartialArn(stack, 'Partial', secretArn('prod/partial')),
        Secret.fromSecretCompleteArn(stack, 'Complete', secretArn('prod/complete', 'AbC123')),
      ],
    });
    const { detail } = ruleProperties(Template.fromStack(stack), 'Calls that failed').EventPattern as {
      detail: { $or: { requestParameters: Record<string, unknown> }[] };
    };
    expect(detail.$or[1].requestParameters.name).toEqual(['prod/name', 'prod/partial', 'prod/complete']);
    expect(detail.$or[0].requestParameters.secretId).toContainEqual({ suffix: ':secret:prod/complete-AbC123' });
  });
});

describe('metrics', () => {
  test('are sums over the period, and can be changed', () => {
    const stack = operationsStack();
    const monitor = new SecretDeletionMonitor(stack, 'Monitor', {
      cloudTrailLogGroup: trail(stack),
      period: Duration.minutes(1),
    });
    for (const metric of [monitor.metricAccessAttempts(), monitor.metricLoggedAccessAttempts()]) {
      expect(metric).toMatchObject({ statistic: 'Sum', period: Duration.minutes(1) });
    }
    expect(monitor.metricUndeliveredNotices()).toMatchObject({ statistic: 'Maximum', period: Duration.minutes(1) });
    expect(monitor.metricAccessAttempts({ period: Duration.hours(1), label: 'x' })).toMatchObject({
      metricName: 'MatchedEvents',
      period: Duration.hours(1),
      label: 'x',
    });
    for (const alarm of alarms(Template.fromStack(stack))) expect(alarm.Period).toBe(60);
  });

  test('in the log group need one', () => {
    const monitor = new SecretDeletionMonitor(operationsStack(), 'Monitor');
    expect(() => monitor.metricLoggedAccessAttempts()).toThrow(
      '[Operations/Monitor] metricLoggedAccessAttempts() needs cloudTrailLogGroup, got: no cloudTrailLogGroup',
    );
  });
});

test('alarms are there for every path that is asked for, and only then', () => {
  const stack = operationsStack();
  const plain = new SecretDeletionMonitor(stack, 'Plain');
  expect([plain.logAlarm, plain.perSecretAlarm, plain.unconfirmedAlarm, plain.dashboard]).toEqual(
    Array(4).fill(undefined),
  );

  const full = new SecretDeletionMonitor(stack, 'Full', everything(stack));
  const all = [
    full.alarm,
    full.logAlarm,
    full.perSecretAlarm,
    full.unconfirmedAlarm,
    full.heartbeatAlarm,
    full.reminderAlarm,
    full.undeliveredAlarm,
  ];
  expect(new Set(all.map((alarm) => alarm?.node.path)).size).toBe(7);
  expect(full.dashboard).toBeDefined();
});

describe('misuse throws, and creates nothing', () => {
  const otherRegion = (stack: Stack) =>
    new Stack(stack.node.root as App, 'Far', { env: { account: ACCOUNT, region: 'eu-west-1' } });
  const many = (count: number) => (stack: Stack) =>
    Array.from({ length: count }, (_, i) => Secret.fromSecretNameV2(stack, `S${i}`, `team/application/secret-${i}`));

  const cases: [string, (stack: Stack) => SecretDeletionMonitorProps, string | RegExp][] = [
    [
      'a period below a minute',
      () => ({ period: Duration.seconds(30) }),
      /^period must be whole minutes, from 1 minute to 1 day, got: .*30/,
    ],
    ['a period of a minute and a half', () => ({ period: Duration.seconds(90) }), /^period must be whole minutes/],
    ['a period above a day', () => ({ period: Duration.hours(25) }), /^period must be whole minutes/],
    [
      'a token as period',
      (stack) => ({ period: Duration.minutes(new CfnParameter(stack, 'P', { type: 'Number' }).valueAsNumber) }),
      'period must be known at synthesis, got: a token',
    ],
    [
      'a period above 3 hours with perSecretAlarm',
      (stack) => ({ period: Duration.hours(4), perSecretAlarm: true, cloudTrailLogGroup: trail(stack) }),
      /^period must be at most 3 hours with perSecretAlarm/,
    ],
    ['perSecretAlarm without log group', () => ({ perSecretAlarm: true }), /^perSecretAlarm needs cloudTrailLogGroup/],
    ['an empty prefix', () => ({ secretNamePrefix: '' }), /^secretNamePrefix must be 1 to 512 characters .*, got: ''/],
    [
      'a prefix with a wildcard',
      () => ({ secretNamePrefix: 'prod/*' }),
      /^secretNamePrefix must be 1 to 512 .*, got: 'prod\/\*'/,
    ],
    [
      'a token as prefix',
      () => ({ secretNamePrefix: Aws.STACK_NAME }),
      'secretNamePrefix must be known at synthesis, got: a token',
    ],
    ...['a', 'ar', 'arn'].map((prefix): [string, () => SecretDeletionMonitorProps, RegExp] => [
      `the prefix '${prefix}', which ARNs have`,
      () => ({ secretNamePrefix: prefix }),
      new RegExp(`^secretNamePrefix must not be the beginning of 'arn:'.*, got: '${prefix}'`),
    ]),
    ['no secret', () => ({ secrets: [] }), /^secrets must name at least one secret.*, got: an empty list/],
    [
      'a secret without a name',
      (stack) => ({ secrets: [new Secret(stack, 'Db')] }),
      /^secrets\[0\] must have a name that is known at synthesis, got: 'Operations\/Db', which has none/,
    ],
    [
      'a secret whose name is a token',
      (stack) => ({ secrets: [Secret.fromSecretNameV2(stack, 'Db', Aws.STACK_NAME)] }),
      /^secrets\[0\] must have a name that is known at synthesis, got: 'Operations\/Db', whose name is a token/,
    ],
    [
      'a secret of another region',
      (stack) => ({ secrets: [Secret.fromSecretNameV2(otherRegion(stack), 'Db', 'db')] }),
      `secrets[0] must be in the account and region of the monitor (${ACCOUNT}, ${REGION}), got: 'Far/Db' in ${ACCOUNT}, eu-west-1`,
    ],
    [
      'a topic of another region',
      (stack) => ({ notificationTopic: Topic.fromTopicArn(stack, 'T', `arn:aws:sns:eu-west-1:${ACCOUNT}:t`) }),
      /^notificationTopic must be in the account and region of the monitor/,
    ],
    [
      'a log group of another account',
      (stack) => ({
        cloudTrailLogGroup: LogGroup.fromLogGroupArn(stack, 'L', `arn:aws:logs:${REGION}:111122223333:log-group:l:*`),
      }),
      /^cloudTrailLogGroup must be in the account and region of the monitor/,
    ],
    [
      'a FIFO topic',
      (stack) => ({ notificationTopic: new Topic(stack, 'T', { fifo: true }) }),
      /^notificationTopic must be a standard topic, .*, got: the FIFO topic 'Operations\/T'/,
    ],
    [
      'a key for a given topic',
      (stack) => ({ notificationTopic: new Topic(stack, 'T'), encryptionKey: new Key(stack, 'K') }),
      /^encryptionKey is for the topic that the monitor makes and cannot be given together with notificationTopic/,
    ],
    ...(['includeAccessDenied', 'includeBatchGetSecretValue', 'includeDescribeSecret'] as const).map(
      (prop): [string, () => SecretDeletionMonitorProps, RegExp] => [
        `${prop} for all secrets`,
        () => ({ [prop]: true }),
        new RegExp(`^${prop} needs secretNamePrefix or secrets: .*, got: neither`),
      ],
    ),
    [
      'more secrets than fit into an event pattern',
      (stack) => ({ secrets: many(20)(stack) }),
      /^secrets must fit into an event pattern of 2048 characters .*, got: \d{4,} characters for attempts on 20 secrets/,
    ],
    [
      'more secrets than fit into the pattern of a prop',
      (stack) => ({ secrets: many(7)(stack), includeAccessDenied: true, includeDescribeSecret: true }),
      /^secrets must fit into an event pattern of 2048 .* for the include... props on 7 secrets/,
    ],
    [
      'more secrets than fit into a filter pattern',
      (stack) => ({ secrets: many(5)(stack), cloudTrailLogGroup: trail(stack) }),
      /^secrets must fit into a filter pattern of 1024 characters .*, got: \d{4,} characters for 5 secrets/,
    ],
  ];

  test.each(cases)('%s', (_, props, message) => {
    const stack = operationsStack();
    const given = props(stack);
    let text = '';
    try {
      new SecretDeletionMonitor(stack, 'Monitor', given);
    } catch (error) {
      text = (error as Error).message;
    }
    expect(text).toMatch(/^\[Operations\/Monitor\] /);
    const reason = text.replace('[Operations/Monitor] ', '');
    if (typeof message === 'string') expect(reason).toBe(message);
    else expect(reason).toMatch(message);
    expect(reason).not.toMatch(/\.$/);
    expect(stack.node.findChild('Monitor').node.children).toEqual([]);
  });

  test.each([
    ['what fits into an event pattern', (stack: Stack) => ({ secrets: many(7)(stack) })],
    [
      'what fits into a filter pattern',
      (stack: Stack) => ({ secrets: many(3)(stack), cloudTrailLogGroup: trail(stack) }),
    ],
    ['a long prefix', (stack: Stack) => ({ secretNamePrefix: 'p'.repeat(200), cloudTrailLogGroup: trail(stack) })],
    ['the longest period', () => ({ period: Duration.days(1) })],
    ['the shortest period', () => ({ period: Duration.minutes(1) })],
    ['a prefix that begins with an a', () => ({ secretNamePrefix: 'app/' })],
  ])('%s is accepted', (_, props) => {
    expect(() => monitorTemplate(props)).not.toThrow();
  });

  test('a stack without account and region accepts a topic that names both', () => {
    const stack = new Stack(new App(), 'Anywhere');
    const notificationTopic = Topic.fromTopicArn(stack, 'T', 'arn:aws:sns:eu-west-1:111122223333:t');
    expect(() => new SecretDeletionMonitor(stack, 'Monitor', { notificationTopic })).not.toThrow();
  });
});

describe('synthesis', () => {
  describe.each(['AccessAttempts', 'UnconfirmedAttempts', 'Heartbeat/Rule'])('of the rule %s', (id) => {
    test.each<[string, (rule: CfnRule) => void, string]>([
      [
        'another state',
        (rule) => {
          rule.state = 'ENABLED';
        },
        '"ENABLED"',
      ],
      ['an override of its state', (rule) => rule.addPropertyOverride('State', 'ENABLED'), '"ENABLED"'],
      ['an override above its state', (rule) => rule.addOverride('Properties', { State: 'DISABLED' }), '"DISABLED"'],
      ['no state', (rule) => rule.addPropertyDeletionOverride('State'), 'none'],
    ])('fails with %s', (_, change, got) => {
      const app = new App();
      const stack = new Stack(app, 'Operations');
      const monitor = new SecretDeletionMonitor(stack, 'Monitor', {
        secretNamePrefix: 'prod/',
        includeAccessDenied: true,
        heartbeat: Duration.days(1),
      });
      change(
        id.split('/').reduce<IConstruct>(({ node }, child) => node.findChild(child), monitor).node
          .defaultChild as CfnRule,
      );
      expect(() => app.synth()).toThrow(
        `the state of 'Operations/Monitor/${id}' must be ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS, without which ` +
          `EventBridge keeps calls that read, GetSecretValue among them, from the rule, got: ${got}`,
      );
    });
  });

  test.each<[string, (secret: CfnSecret) => void]>([
    [
      'name',
      (secret) => {
        secret.name = 'prod/db';
      },
    ],
    ['override of its name', (secret) => secret.addPropertyOverride('Name', 'prod/db')],
  ])('fails when a watched secret gets another %s after the monitor was made', (_, change) => {
    const app = new App();
    const secret = new RecoverableSecret(new Stack(app, 'Application'), 'Secret');
    new SecretDeletionMonitor(new Stack(app, 'Operations'), 'Monitor', { secrets: [secret] });
    expect(() => app.synth()).not.toThrow();
    change(secret.node.defaultChild as CfnSecret);
    expect(() => app.synth({ force: true })).toThrow(
      /secrets\[0\] must have its final name before the monitor is made, got: 'Application.* and 'prod\/db' in the end/,
    );
  });

  test('fails with more rules with wildcards than fit on the bus', () => {
    const build = (count: number) => {
      const app = new App();
      const stack = new Stack(app, 'Operations', { env: { account: ACCOUNT, region: REGION } });
      for (let i = 0; i < count; i++) {
        const other = new Stack(app, `Team${i}`, { env: { account: ACCOUNT, region: i === 0 ? 'eu-west-1' : REGION } });
        new CfnRule(other, 'Rule').addPropertyOverride('EventPattern.source', [{ wildcard: '*x*' }]);
        new CfnRule(other, 'Exact', { eventPattern: { source: ['x'] } });
        const eventPattern = { source: [{ wildcard: '*x*' }] };
        new CfnRule(other, 'OtherBus', { eventPattern }).addPropertyOverride('EventBusName', 'mine');
        new CfnRule(other, 'Changed', { eventPattern }).addPropertyOverride('EventPattern.source', ['x']);
      }
      new SecretDeletionMonitor(stack, 'Monitor');
      return app;
    };
    // One of the stacks is in another region, and the monitor has a rule.
    expect(() => build(30).synth()).not.toThrow();
    expect(() => build(31).synth()).toThrow(
      /at most 30 rules with a wildcard.*got: 31 in aws:\/\/000000000000\/us-east-1/,
    );
  });
});

describe('warnings', () => {
  test.each<[string, (stack: Stack) => void]>([
    ['beside it', (stack) => new RecoverableSecret(stack, 'Secret')],
    ['in a nested stack', (stack) => new RecoverableSecret(new NestedStack(stack, 'Nested'), 'Secret')],
    [
      'that a mixin made recoverable later',
      (stack) => {
        new Secret(stack, 'Secret', { secretStringValue: SecretValue.unsafePlainText('x') });
        Mixins.of(stack).apply(new SecretRecovery());
      },
    ],
  ])('the monitor goes with a recoverable secret %s', (_, build) => {
    const stack = operationsStack();
    const monitor = new SecretDeletionMonitor(stack, 'Monitor');
    monitor.topic.addSubscription(new EmailSubscription('operations@example.com'));
    build(stack);
    expect(warnings(stack)).toEqual([
      expect.stringMatching(/are in one stack.*cdk-recoverable-secret:monitorGoesWithSecret/),
    ]);
  });

  test('a monitor in a nested stack goes with the secrets of the stack around it', () => {
    const stack = operationsStack();
    const nested = new NestedStack(stack, 'Nested');
    new SecretDeletionMonitor(nested, 'Monitor');
    new RecoverableSecret(stack, 'Secret');
    expect(warnings(stack).join()).toContain('cdk-recoverable-secret:monitorGoesWithSecret');
  });

  test('a topic goes with a recoverable secret in its stack', () => {
    const app = new App();
    const secretStack = new Stack(app, 'Application');
    new RecoverableSecret(secretStack, 'Secret');
    const stack = new Stack(app, 'Operations');
    new SecretDeletionMonitor(stack, 'Monitor', { notificationTopic: new Topic(secretStack, 'Topic') });
    expect(warnings(stack)).toEqual([
      expect.stringMatching(/notificationTopic and the secret.*cdk-recoverable-secret:topicGoesWithSecret/),
    ]);
  });

  test('no secret that is destroyed with the stack, no warning', () => {
    const app = new App();
    const stack = new Stack(app, 'Operations');
    const monitor = new SecretDeletionMonitor(stack, 'Monitor');
    monitor.topic.addSubscription(new EmailSubscription('operations@example.com'));
    new Secret(stack, 'Plain');
    new RecoverableSecret(new Stack(app, 'Application'), 'Secret');
    expect(warnings(stack)).toEqual([]);
  });

  test('nobody subscribes to the topic', () => {
    const stack = operationsStack();
    new SecretDeletionMonitor(stack, 'Monitor');
    expect(warnings(stack)).toEqual([expect.stringMatching(/reach nobody.*cdk-recoverable-secret:nobodySubscribed/)]);
  });

  test('are acknowledged at the monitor', () => {
    const stack = operationsStack();
    const monitor = new SecretDeletionMonitor(stack, 'Monitor');
    new RecoverableSecret(stack, 'Secret');
    for (const id of ['nobodySubscribed', 'monitorGoesWithSecret']) {
      CdkAnnotations.of(monitor).acknowledgeWarning(`cdk-recoverable-secret:${id}`);
    }
    expect(warnings(stack)).toEqual([]);
  });

  test('a subscription of another stack counts', () => {
    const app = new App();
    const stack = new Stack(app, 'Operations');
    const { topic } = new SecretDeletionMonitor(stack, 'Monitor');
    new Subscription(new Stack(app, 'Other'), 'Subscription', {
      topic,
      protocol: SubscriptionProtocol.EMAIL,
      endpoint: 'operations@example.com',
    });
    expect(warnings(stack)).toEqual([]);
  });
});
