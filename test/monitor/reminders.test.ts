import { CfnParameter, Duration, type Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import * as fc from 'fast-check';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { SecretDeletionMonitor } from '../../src/secret-deletion-monitor';
import type { SecretDeletionMonitorProps } from '../../src/secret-deletion-monitor-props';
import { arnOf, DAY, type DeletedDate, PendingWorld } from './pending-world';
import { monitorTemplate, operationsStack, workflow } from './templates';

const NOON = Date.parse('2026-03-01T12:00:00Z');
const HOUR = DAY / 24;
const WEEK_AND_DAY = [Duration.days(7), Duration.days(1)];

function world(props: SecretDeletionMonitorProps = {}, ...meaning: [DeletedDate?, boolean?]): PendingWorld {
  const definition = workflow(monitorTemplate({ reminders: WEEK_AND_DAY, ...props }), 'Reminders');
  return new PendingWorld(definition, NOON, ...meaning);
}

/** Checks once a day, and returns what was said, as `day: subject`. */
async function checkFor(account: PendingWorld, days: number): Promise<string[]> {
  const first = account.published.length;
  for (let day = 0; day < days; day++, account.now += DAY) expect(await account.check()).toBe(true);
  return account.published
    .slice(first)
    .map(({ at, Subject }) => `${new Date(at).toISOString().slice(5, 10)}: ${Subject}`);
}

describe('what is said', () => {
  test('holds all that one needs to act', async () => {
    const account = world();
    account.create('prod/db', {
      accessed: Date.parse('2026-02-27T00:00:00Z'),
      tags: {
        [OWNERSHIP_TAG.owner]: 'Shop',
        [OWNERSHIP_TAG.stackId]: 'arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/1234',
        [OWNERSHIP_TAG.logicalId]: 'Db',
      },
    });
    account.schedule('prod/db', 7);
    account.now += 6 * HOUR;
    await account.check();
    const arn = arnOf('prod/db');
    expect(account.published).toEqual([
      {
        at: account.now,
        Subject: 'Deleted for good in 6 days: prod/db',
        Message: [
          'A secret that is scheduled for deletion will be deleted for good in 6 days.',
          'Secret: prod/db',
          'Deletion date: 2026-03-08 12:00 UTC',
          'Belongs to: resource Db, stack Shop, owner Shop',
          'Last used: 2026-02-27',
          'Who scheduled it is in CloudTrail for 90 days:',
          'aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteSecret',
          'If it is still needed, restore it with credentials for account 000000000000; deploying the stack that declares it does so, too:',
          `aws secretsmanager restore-secret --region us-east-1 --secret-id ${arn}`,
          'If it is not needed, there is nothing to do. To let it go at once, after which nothing brings it back, and which ' +
            'purgeProtection denies:',
          `aws secretsmanager delete-secret --region us-east-1 --secret-id ${arn} --force-delete-without-recovery`,
        ].join('\n'),
      },
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'a native secret',
      { 'aws:cloudformation:stack-name': 'Shop', 'aws:cloudformation:logical-id': 'Db' },
      'resource Db, stack Shop',
    ],
    ['a secret that lost some of its tags', { [OWNERSHIP_TAG.owner]: 'Shop' }, 'owner Shop'],
    ['a secret that nobody tagged', {}, 'not known from its tags'],
  ])('of %s is what its tags tell', async (_, tags, holder) => {
    const account = world();
    account.create('db', { tags });
    account.schedule('db', 7);
    await account.check();
    const lines = account.published[0].Message.split('\n');
    expect(lines).toContain(`Belongs to: ${holder}`);
    expect(lines).toContain('Last used: never, as far as Secrets Manager knows');
  });

  test('fits into the subject of a mail', async () => {
    const account = world();
    account.create('x'.repeat(512));
    account.schedule('x'.repeat(512), 7);
    await account.check();
    expect(account.published[0].Subject.length).toBeLessThanOrEqual(100);
  });
});

describe('when it is said', () => {
  test('each reminder once, as the last check that leaves so much time', async () => {
    const account = world();
    account.create('db');
    account.schedule('db', 30);
    account.now += HOUR;
    expect(await checkFor(account, 32)).toEqual([
      '03-23: Deleted for good in 7 days: db',
      '03-29: Deleted for good in 1 day: db',
    ]);
  });

  test.each([
    ['to the second', 0, ['03-24', '03-30']],
    ['a second early', DAY - 1000, ['03-24', '03-30']],
    ['a second late', 1000, ['03-23', '03-29']],
  ])('a check that comes %s', async (_, shift, days) => {
    const account = world();
    account.create('db');
    account.schedule('db', 30);
    account.now += shift;
    expect((await checkFor(account, 32)).map((text) => text.slice(0, 5))).toEqual(days);
  });

  test('a reminder that the window is too short for comes with the first check', async () => {
    const account = world({ reminders: [Duration.days(30), Duration.days(14)] });
    account.create('db');
    account.schedule('db', 7);
    account.now += HOUR;
    expect(await checkFor(account, 9)).toEqual(['03-01: Deleted for good in 6 days: db']);
  });

  test('what was scheduled before the monitor existed, with the first check', async () => {
    const account = world();
    for (const [name, days] of [
      ['old', 27],
      ['older', 29.5],
      ['new', 1],
    ] as const) {
      account.create(name).scheduled = { at: NOON - days * DAY, window: 30 };
    }
    expect(await checkFor(account, 1)).toEqual([
      '03-01: Deleted for good in 3 days: old',
      '03-01: Deleted for good in less than a day: older',
    ]);
    expect(await checkFor(account, 1)).toEqual([]);
  });

  test('a missed check is made up for by the next one', async () => {
    const account = world();
    account.create('db');
    account.schedule('db', 10);
    await checkFor(account, 2);
    account.now += 3 * DAY;
    expect(await checkFor(account, 6)).toEqual([
      '03-06: Deleted for good in 5 days: db',
      '03-10: Deleted for good in 1 day: db',
    ]);
  });

  test('a secret that was restored is left alone, and one that is scheduled again is reminded of anew', async () => {
    const account = world();
    account.create('db');
    account.schedule('db', 7);
    expect(await checkFor(account, 2)).toHaveLength(1);
    account.restore('db');
    expect(await checkFor(account, 10)).toEqual([]);
    account.schedule('db', 7);
    expect((await checkFor(account, 8)).map((text) => text.slice(0, 5))).toEqual(['03-13', '03-19']);
  });

  test.each([
    ['longer', 30, ['03-02', '03-25', '03-31']],
    ['shorter', 7, ['03-02', '03-03', '03-08']],
  ])('a window that was changed to a %s one counts anew', async (_, window, days) => {
    const account = world();
    account.create('db');
    account.schedule('db', 8);
    account.now += DAY;
    const said = await checkFor(account, 1);
    account.now -= DAY / 2;
    account.restore('db');
    account.schedule('db', window);
    account.now += DAY / 2;
    said.push(...(await checkFor(account, 31)));
    expect(said.map((text) => text.slice(0, 5))).toEqual(days);
  });

  test('a secret that was purged is not mentioned again', async () => {
    const account = world();
    account.create('db');
    account.schedule('db', 7);
    expect(await checkFor(account, 1)).toHaveLength(1);
    account.secrets.delete('db');
    expect(await checkFor(account, 10)).toEqual([]);
  });

  test('by hand, without a time, is when the execution began', async () => {
    const definition = workflow(monitorTemplate({ reminders: WEEK_AND_DAY }), 'Reminders');
    expect(definition.States.FindLastRun.Assign.checkTime).toContain('$states.context.Execution.StartTime');
  });
});

describe('the date', () => {
  const deletionDate = (account: PendingWorld) => /^Deletion date: (.*)$/m.exec(account.published[0].Message)?.[1];
  const tags = { 'recoverable-secret:recovery-window': '14' };

  test('that is to come is the end of the window, whatever a tag says', async () => {
    const account = world();
    account.create('db', { tags: { 'recoverable-secret:recovery-window': '30' } });
    account.schedule('db', 7);
    await account.check();
    expect(deletionDate(account)).toBe('2026-03-08 12:00 UTC');
  });

  test('that is past, and the time of a change, is the request: the window of the tag tells the rest', async () => {
    const account = world({}, 'time of the request');
    account.create('db', { tags });
    account.schedule('db', 14);
    expect((await checkFor(account, 16)).map((text) => text.slice(0, 5))).toEqual(['03-08', '03-14']);
    expect(deletionDate(account)).toBe(
      '2026-03-15 12:00 UTC, which is 14 days, as a tag of the secret says, after the request (2026-03-01 12:00 UTC)',
    );
  });

  test.each([
    ['just less than the shortest window', 7 * DAY - 2 * HOUR, 'which is 14 days, as a tag of the secret says'],
    ['the shortest window', 7 * DAY, 'unclear'],
  ])('that is past, with a change %s before it', async (_, ago, expected) => {
    const account = world({}, 'time of the request', false);
    account.create('db', { tags, changed: NOON - ago });
    account.schedule('db', 14);
    await checkFor(account, 10);
    expect(deletionDate(account)).toContain(expected);
  });

  test.each([
    ['no tag', {}],
    ['a tag without a number', { 'recoverable-secret:recovery-window': 'none' }],
  ])(
    'that is past, and the time of a change, with %s, is unclear, and the shortest window counts',
    async (_, noWindow) => {
      const account = world({}, 'time of the request');
      account.create('db', { tags: noWindow });
      account.schedule('db', 14);
      const said = await checkFor(account, 16);
      expect(said).toEqual([
        '03-01: Deleted for good possibly in 7 days: db',
        '03-07: Deleted for good possibly in 1 day: db',
      ]);
      expect(deletionDate(account)).toBe(
        'unclear, from 2026-03-08 12:00 UTC on (Secrets Manager names 2026-03-01 12:00 UTC, which is past)',
      );
    },
  );

  test.each([
    ['the end, overdue', 'end of the window', 8],
    ['the request, if that is no change', 'time of the request', 0],
  ] as const)(
    'that is past, and no time of a change, may be %s: it is unclear, also with a tag',
    async (_, meaning, days) => {
      const account = world({}, meaning, false);
      account.create('db', { tags });
      account.schedule('db', 7);
      account.now += days * DAY;
      expect(await checkFor(account, 5)).toHaveLength(1);
      expect(account.published[0].Subject).toBe('Deleted for good possibly at any time: db');
      expect(deletionDate(account)).toMatch(/^unclear, from 2026-03-0\d 12:00 UTC on/);
    },
  );
});

describe('which secrets', () => {
  const names = ['prod/db', 'prod/api', 'prod', 'production/db', 'shared', 'shared/db', 'test/prod/db', '!odd'];

  test.each<[string, SecretDeletionMonitorProps, string[]]>([
    ['all', {}, names],
    ['those under a prefix', { secretNamePrefix: 'prod/' }, ['prod/db', 'prod/api']],
    ['those listed', { secrets: ['shared', 'prod/db'].map(imported) }, ['prod/db', 'shared']],
    ['both', { secretNamePrefix: 'test/', secrets: [imported('shared')] }, ['shared', 'test/prod/db']],
    ['more than a filter takes', { secrets: [...'abcdefghij', 'shared'].map(imported) }, ['shared']],
    ['a name that a filter would negate', { secrets: ['!odd', 'shared'].map(imported) }, ['shared', '!odd']],
  ])('%s', async (_, props, expected) => {
    const account = world(props);
    for (const name of names) {
      account.create(name);
      account.schedule(name, 7);
    }
    account.create('prod/live');
    await account.check();
    expect(account.published.map(({ Subject }) => Subject.split(': ')[1]).sort()).toEqual([...expected].sort());
    expect(account.metrics).toEqual([{ PendingSecrets: expected.length, DaysLeft: 7 }]);
  });

  test('on whatever page they are', async () => {
    const account = world();
    for (let i = 0; i < 45; i++) account.create(`s${i}`);
    for (const name of ['s0', 's9', 's10', 's19', 's44']) account.schedule(name, 7);
    await account.check();
    expect(account.published).toHaveLength(5);
    expect(account.calls.filter((call) => call === 'secretsmanager:listSecrets')).toHaveLength(5);
    expect(account.metrics).toEqual([{ PendingSecrets: 5, DaysLeft: 7 }]);
    account.schedule('s44', 20);
    account.now += DAY;
    await account.check();
    expect(account.published).toHaveLength(5);
    expect(account.metrics[1]).toEqual({ PendingSecrets: 5, DaysLeft: 6 });
  });

  function imported(name: string) {
    return Secret.fromSecretNameV2(operationsStack(), 'Secret', name);
  }
});

describe('the metrics and the list', () => {
  test('count what is scheduled, and the days of the soonest', async () => {
    const account = world();
    await account.check();
    account.create('live');
    for (const [name, window] of [
      ['a', 30],
      ['b', 9],
      ['c', 20],
    ] as const) {
      account.create(name, { accessed: NOON });
      account.schedule(name, window);
    }
    account.now += 6 * HOUR;
    await account.check();
    expect(account.metrics).toEqual([{ PendingSecrets: 0 }, { PendingSecrets: 3, DaysLeft: 8.75 }]);
    expect(
      account.logged.map(({ checked, secret, deletion, daysLeft, lastUsed }) => ({
        checked,
        secret,
        deletion,
        daysLeft,
        lastUsed,
      })),
    ).toEqual(
      [
        ['a', '2026-03-31 12:00 UTC', 29.75],
        ['b', '2026-03-10 12:00 UTC', 8.75],
        ['c', '2026-03-21 12:00 UTC', 19.75],
      ].map(([secret, deletion, daysLeft]) => ({
        checked: '2026-03-01T18:00:00.000Z',
        secret,
        deletion,
        daysLeft,
        lastUsed: '2026-03-01',
      })),
    );
  });

  test('never go below zero', async () => {
    const account = world();
    account.create('db');
    account.schedule('db', 7);
    account.now += 9 * DAY;
    await account.check();
    expect(account.metrics).toEqual([{ PendingSecrets: 1, DaysLeft: 0 }]);
  });
});

test.each([
  [10, 0, 6, 1],
  [10, 10, 9, 1],
  [1000, 10, 207, 100],
  [1000, 1000, 504, 100],
])(
  'a check of %i secrets, of which %i are scheduled, takes %i transitions and %i pages',
  async (all, pending, transitions, pages) => {
    const account = world();
    for (let i = 0; i < all; i++) account.create(`s${i}`);
    for (let i = 0; i < pending; i++) account.schedule(`s${i}`, 30);
    await account.check();
    account.calls.length = 0;
    account.now += DAY;
    await account.check();
    expect([account.transitions, account.calls.filter((call) => call === 'secretsmanager:listSecrets').length]).toEqual(
      [transitions, pages],
    );
    expect(account.published).toEqual([]);
  },
);

describe('when something fails', () => {
  test.each(['sfn:listExecutions', 'sfn:describeExecution', 'secretsmanager:listSecrets', 'cloudwatch:putMetricData'])(
    '%s: the check fails, and the next one says what was not said',
    async (call) => {
      const account = world();
      account.create('db');
      await account.check();
      account.schedule('db', 7);
      account.broken.add(call);
      account.now += DAY;
      expect(await account.check()).toBe(false);
      account.broken.clear();
      account.now += DAY;
      expect(await account.check()).toBe(true);
      // What a check has said before it failed is said again.
      const days = call === 'cloudwatch:putMetricData' ? [1, 2] : [2];
      expect(account.published.map(({ at }) => (at - NOON) / DAY)).toEqual(days);
    },
  );

  test('the topic: the reminder waits in the dead-letter queue, and the other secrets are not affected', async () => {
    const account = world();
    for (const name of ['a', 'b']) {
      account.create(name);
      account.schedule(name, 7);
    }
    account.broken.add('sns:publish');
    expect(await account.check()).toBe(true);
    expect(account.kept).toEqual(['a', 'b'].map((name) => expect.stringContaining(`Secret: ${name}\n`)));
    account.broken.clear();
    account.now += DAY;
    await account.check();
    expect(account.published).toEqual([]);
  });

  test('topic and queue: the check fails, and the next one says it', async () => {
    const account = world();
    account.create('db');
    account.schedule('db', 7);
    account.broken.add('sns:publish').add('sqs:sendMessage');
    expect(await account.check()).toBe(false);
    account.broken.clear();
    account.now += DAY;
    await account.check();
    expect(account.published).toHaveLength(1);
  });

  test('the log: the reminders come all the same', async () => {
    const account = world();
    account.create('db');
    account.schedule('db', 7);
    account.broken.add('cloudwatchlogs:putLogEvents');
    expect(await account.check()).toBe(true);
    expect(account.published).toHaveLength(1);
  });
});

describe('what is made', () => {
  const template = monitorTemplate({ reminders: WEEK_AND_DAY });
  const statementsOf = (role: string, of = template): Record<string, unknown>[] =>
    Object.values(of.findResources('AWS::IAM::Policy'))
      .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(role))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);

  test('a check once a day, which knows for when it was planned', () => {
    template.hasResource('AWS::Scheduler::Schedule', {
      Properties: {
        ScheduleExpression: 'rate(1 day)',
        Target: {
          Arn: { Ref: Match.stringLikeRegexp('^MonitorRemindersStateMachine') },
          Input: '{"now":"<aws.scheduler.scheduled-time>"}',
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^MonitorUndeliveredNotices'), 'Arn'] } },
        },
      },
      // The first check is at once, and looks for an earlier one.
      DependsOn: [Match.stringLikeRegexp('^MonitorRemindersOwnPast')],
    });
  });

  test('a role that can list secrets, publish, count, and see what it did, and nothing else', () => {
    const statements = statementsOf('MonitorRemindersStateMachineRole');
    expect(statements.map(({ Action, Condition }) => [Action, Condition])).toEqual([
      ['secretsmanager:ListSecrets', undefined],
      ['cloudwatch:PutMetricData', { StringEquals: { 'cloudwatch:namespace': 'SecretDeletionMonitor' } }],
      ['logs:PutLogEvents', undefined],
      ['sns:Publish', undefined],
      ['sqs:SendMessage', undefined],
      ['states:ListExecutions', undefined],
      ['states:DescribeExecution', undefined],
    ]);
    expect(statements.filter(({ Resource }) => Resource === '*')).toHaveLength(2);
  });

  test.each<[string, (stack: Stack) => SecretDeletionMonitorProps]>([
    ['the monitor', (stack) => ({ encryptionKey: new Key(stack, 'Key') })],
    ['a given topic', (stack) => ({ notificationTopic: new Topic(stack, 'T', { masterKey: new Key(stack, 'Key') }) })],
  ])('the role may use the key of %s', (_, props) => {
    const encrypted = monitorTemplate((stack) => ({ reminders: WEEK_AND_DAY, ...props(stack) }));
    expect(statementsOf('MonitorRemindersStateMachineRole', encrypted)).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
      Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
    });
  });

  test('an alarm when no check has succeeded for a day and two hours', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('daily check.*list-secrets --include-planned-deletion'),
      Namespace: 'AWS/States',
      MetricName: 'ExecutionsSucceeded',
      Dimensions: [{ Name: 'StateMachineArn', Value: { Ref: Match.stringLikeRegexp('^MonitorReminders') } }],
      Statistic: 'Sum',
      Period: 3600,
      EvaluationPeriods: 26,
      DatapointsToAlarm: 26,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^MonitorTopic') }],
    });
  });

  test('metrics by the name under which the check publishes them', () => {
    const stack = operationsStack();
    const monitor = new SecretDeletionMonitor(stack, 'Monitor', { reminders: WEEK_AND_DAY });
    const dimensions = { Monitor: { 'Fn::GetAtt': [expect.stringMatching(/^MonitorRemindersStateMachine/), 'Name'] } };
    for (const [metric, metricName, statistic] of [
      [monitor.metricPendingSecrets(), 'PendingSecrets', 'Maximum'],
      [monitor.metricDaysLeft(), 'DaysLeft', 'Minimum'],
    ] as const) {
      expect(metric).toMatchObject({
        namespace: 'SecretDeletionMonitor',
        metricName,
        statistic,
        period: Duration.days(1),
      });
      expect(stack.resolve(metric.dimensions)).toEqual(dimensions);
    }
    expect(monitor.metricDaysLeft({ label: 'x' }).label).toBe('x');
    expect(workflow(template, 'Reminders').States.Count.Arguments).toMatchObject({
      Namespace: 'SecretDeletionMonitor',
      MetricData: expect.stringContaining("[{'Name': 'Monitor', 'Value': $states.context.StateMachine.Name}]"),
    });
  });

  test('on the dashboard, the metrics and the list', () => {
    const [dashboard] = Object.values(
      monitorTemplate({ reminders: WEEK_AND_DAY, dashboard: true }).findResources('AWS::CloudWatch::Dashboard'),
    );
    const text = JSON.stringify(dashboard.Properties.DashboardBody);
    for (const part of ['PendingSecrets', 'DaysLeft', 'Scheduled for deletion, by the daily check', 'by secret']) {
      expect(text).toContain(part);
    }
  });

  test('nothing without the prop', () => {
    const monitor = new SecretDeletionMonitor(operationsStack(), 'Monitor');
    expect(monitor.reminderAlarm).toBeUndefined();
    for (const method of ['metricPendingSecrets', 'metricDaysLeft'] as const) {
      expect(() => monitor[method]()).toThrow(`[Operations/Monitor] ${method}() needs reminders, got: no reminders`);
    }
  });

  test.each<[string, (stack: Stack) => Duration[], string]>([
    ['no reminder', () => [], 'reminders must have at least one duration, or be left out for none, got: an empty list'],
    [
      'half a day',
      () => [Duration.hours(12)],
      'reminders[0] must be whole days, from 1 day to 30 days, got: Duration.hours(12)',
    ],
    [
      'a day and a half',
      () => [Duration.days(7), Duration.hours(36)],
      'reminders[1] must be whole days, from 1 day to 30 days, got: Duration.hours(36)',
    ],
    [
      'more than a window',
      () => [Duration.days(31)],
      'reminders[0] must be whole days, from 1 day to 30 days, got: Duration.days(31)',
    ],
    [
      'a token',
      (stack) => [Duration.days(new CfnParameter(stack, 'P', { type: 'Number' }).valueAsNumber)],
      'reminders[0] must be known at synthesis, got: a token',
    ],
  ])('%s throws, and nothing is made', (_, reminders, message) => {
    const stack = operationsStack();
    const given = reminders(stack);
    expect(() => new SecretDeletionMonitor(stack, 'Monitor', { reminders: given })).toThrow(
      `[Operations/Monitor] ${message}`,
    );
    expect(stack.node.findChild('Monitor').node.children).toEqual([]);
  });
});

describe('lives of an account, with whatever fails and whoever changes his mind', () => {
  const event = fc.oneof(
    { weight: 6, arbitrary: fc.constant('check' as const) },
    { weight: 2, arbitrary: fc.integer({ min: 7, max: 30 }) },
    fc.constantFrom('restore' as const, 'miss' as const, 'fail' as const, 'topic' as const),
  );

  test.each<DeletedDate>(['end of the window', 'time of the request'])(
    'where DeletedDate is the %s',
    async (meaning) => {
      const days = [14, 7, 1];
      const definition = workflow(monitorTemplate({ reminders: days.map((day) => Duration.days(day)) }), 'Reminders');
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(event, fc.integer({ min: 0, max: DAY - 1 })), { maxLength: 40 }),
          async (life) => {
            const account = new PendingWorld(definition, NOON, meaning);
            const secret = account.create('db');
            /** What was said of this window, by the tightest reminder, and whether the last check failed after that. */
            let said: number[] = [];
            let mayRepeat = false;
            for (const [what, delay] of life) {
              const heard = account.published.length + account.kept.length;
              if (typeof what === 'number' || what === 'restore') {
                // Between two checks.
                const { now } = account;
                account.now += delay;
                account.restore('db');
                if (typeof what === 'number') {
                  secret.tags['recoverable-secret:recovery-window'] = String(what);
                  account.schedule('db', what);
                }
                account.now = now + DAY;
                [said, mayRepeat] = [[], false];
                continue;
              }
              if (what === 'miss') {
                account.now += DAY;
                continue;
              }
              if (what === 'fail') account.broken.add('cloudwatch:putMetricData');
              if (what === 'topic') account.broken.add('sns:publish');
              const succeeded = await account.check();
              account.broken.clear();

              const { scheduled } = secret;
              const left = scheduled && (scheduled.at + scheduled.window * DAY - account.now) / DAY;
              const due = left === undefined ? [] : days.filter((day) => left < day + 1);
              const news = account.published.length + account.kept.length - heard;
              // What is due has been said by now, and nothing else; once, unless a check failed after it.
              const tightest = Math.min(...due);
              const isNew = due.length > 0 && !said.includes(tightest);
              if (isNew) expect(news).toBe(1);
              else if (!(mayRepeat && due.length > 0)) expect(news).toBe(0);
              if (news > 0) said.push(tightest);
              mayRepeat = !succeeded && news > 0;
              account.now += DAY;
            }
          },
        ),
        { numRuns: 25 },
      );
    },
  );
});
