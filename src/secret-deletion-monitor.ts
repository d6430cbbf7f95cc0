import { Duration, Names } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledge } from './private/cdk-nag';
import { error } from './private/error';
import { addMonitorChecks, seeReads } from './private/monitor/checks';
import { makeDashboard } from './private/monitor/dashboard';
import { lastAttemptsQuery } from './private/monitor/filter';
import { makeHeartbeat } from './private/monitor/heartbeat';
import { accessAttemptNotice, restoredNotice, unconfirmedAttemptNotice } from './private/monitor/notices';
import type { WatchedSecrets } from './private/monitor/patterns';
import { DAYS_LEFT, MONITOR, PENDING_NAMESPACE, PENDING_SECRETS } from './private/monitor/reminder-workflow';
import { CHECK_INTERVAL, makeReminders, type Reminders } from './private/monitor/reminders';
import { tellOfScheduled } from './private/monitor/scheduled-notice';
import { type LifecyclePatterns, monitorSettings, renamedSecretErrors, type Trail } from './private/monitor/settings';
import { allowPublishing } from './private/monitor/topic-policy';
import { DELIVERY } from './private/monitor/workflow';
import type { SecretDeletionMonitorProps } from './secret-deletion-monitor-props';

/**
 * Raises an alarm, and says who it was, when somebody uses a secret that is scheduled for deletion.
 *
 * Make one per account and region, in a stack that stays when the secrets' stacks go. It needs no reference to any
 * secret, it also sees secrets that were deleted by hand or by another tool, and it runs no function.
 *
 * It works only where a CloudTrail trail records management events, the reading ones included; without one nothing
 * fires, and only the prop `heartbeat` tells. `docs/monitor.md` in the repository of this library shows how to check,
 * and how to try it out with a throw-away secret.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring_cloudwatch_deleted-secrets.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
 * @example
 * const monitor = new SecretDeletionMonitor(this, 'SecretDeletionMonitor');
 * monitor.topic.addSubscription(new EmailSubscription('operations@example.com'));
 */
export class SecretDeletionMonitor extends Construct {
  /**
   * The alarm on attempts, by the events that EventBridge matched.
   */
  public readonly alarm: cloudwatch.Alarm;

  /**
   * The alarm on attempts in the trail's log group; undefined without `cloudTrailLogGroup`.
   */
  public readonly logAlarm?: cloudwatch.Alarm;

  /**
   * The alarm that acts for each secret by itself; undefined without the prop `perSecretAlarm`.
   */
  public readonly perSecretAlarm?: cloudwatch.Alarm;

  /**
   * The alarm on calls that may be attempts; undefined without one of the `include...` props.
   */
  public readonly unconfirmedAlarm?: cloudwatch.Alarm;

  /**
   * The alarm on a heartbeat that did not come back; undefined without the prop `heartbeat`.
   */
  public readonly heartbeatAlarm?: cloudwatch.Alarm;

  /**
   * The alarm on checks for `reminders` that failed or did not take place; undefined without that prop.
   */
  public readonly reminderAlarm?: cloudwatch.Alarm;

  /**
   * The alarm on notices that could not be delivered.
   */
  public readonly undeliveredAlarm: cloudwatch.Alarm;

  /**
   * The rule that matches attempts.
   *
   * Further targets may be added. Its state is `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`, and synthesis fails
   * if something changes that: a rule that is plainly enabled never sees `GetSecretValue`.
   */
  public readonly rule: events.Rule;

  /**
   * The topic that receives the notices and, unless `alarmActions` says otherwise, the alarms.
   */
  public readonly topic: sns.ITopic;

  /**
   * Holds for 14 days the notices that could not be delivered.
   */
  public readonly deadLetterQueue: sqs.Queue;

  /**
   * The dashboard; undefined unless the prop `dashboard` is set.
   */
  public readonly dashboard?: cloudwatch.Dashboard;

  private readonly period: Duration;
  private readonly alarms: cloudwatch.Alarm[] = [];
  /** Name of the metric in the log group of the trail. */
  private readonly loggedMetric?: string;
  private readonly reminders?: Reminders;

  constructor(scope: Construct, id: string, props: SecretDeletionMonitorProps = {}) {
    super(scope, id);
    const { period, watched, patterns, trail, heartbeat, reminders } = monitorSettings(props, this);
    this.period = period;
    this.topic = props.notificationTopic ?? this.makeTopic(props.encryptionKey);
    allowPublishing(this, this.topic, props.encryptionKey ?? this.topic.masterKey);
    this.deadLetterQueue = this.makeDeadLetterQueue(props.encryptionKey);

    this.rule = this.watchAttempts(patterns.attempts);
    this.alarm = this.makeAlarm('AccessAttemptAlarm', {
      metric: this.metricAccessAttempts(),
      alarmDescription:
        'Somebody tried to use a secret that is scheduled for deletion. The notices say who and how to restore it.',
    });
    if (trail) {
      // Every monitor that is narrowed to some secrets counts for itself.
      const suffix = watched ? Names.uniqueResourceName(this, { maxLength: 100 }) : '';
      this.loggedMetric = `AttemptsToAccessDeletedSecrets${suffix}`;
      this.logAlarm = this.watchTrail(trail, this.loggedMetric);
      this.perSecretAlarm = this.watchTrailBySecret(trail, `AttemptsToAccessDeletedSecretsBySecret${suffix}`);
    }
    const unconfirmed = patterns.unconfirmed && this.watchUnconfirmed(patterns.unconfirmed);
    this.unconfirmedAlarm = unconfirmed && this.alarmOnUnconfirmed(unconfirmed);
    if (patterns.lifecycle) this.reportLifecycle(patterns.lifecycle, watched);
    this.heartbeatAlarm = heartbeat && this.watchHeartbeat(heartbeat);
    this.reminders =
      reminders &&
      makeReminders(this, { reminders, watched, topic: this.topic, deadLetterQueue: this.deadLetterQueue });
    this.reminderAlarm = this.reminders && this.watchReminders(this.reminders.stateMachine);
    this.undeliveredAlarm = this.makeAlarm('UndeliveredNoticeAlarm', {
      metric: this.metricUndeliveredNotices(),
      alarmDescription:
        'Notices about secrets that are scheduled for deletion could not be delivered. They wait in the dead-letter queue.',
    });
    this.addAlarmAction(...(props.alarmActions ?? [new SnsAction(this.topic)]));

    if (props.dashboard) {
      this.dashboard = makeDashboard(this, {
        alarms: this.alarms,
        attempts: {
          Attempts: this.metricAccessAttempts(),
          ...(trail && { 'Attempts in the log group': this.metricLoggedAccessAttempts() }),
          ...(unconfirmed && { 'Unconfirmed attempts': this.matchedEvents(unconfirmed) }),
        },
        undelivered: this.metricUndeliveredNotices(),
        pending: this.reminders && {
          secrets: this.metricPendingSecrets(),
          daysLeft: this.metricDaysLeft(),
          logGroup: this.reminders.log,
        },
        log: trail && { logGroup: trail.logGroup, query: lastAttemptsQuery(watched) },
      });
    }
    this.node.addValidation({ validate: () => renamedSecretErrors(props, watched) });
    addMonitorChecks(this, this.topic);
  }

  /**
   * Adds actions to all alarms of this monitor.
   *
   * @param actions What the alarms also do when they go off
   */
  public addAlarmAction(...actions: cloudwatch.IAlarmAction[]): void {
    for (const alarm of this.alarms) alarm.addAlarmAction(...actions);
  }

  /**
   * The number of attempts to use a secret that is scheduled for deletion, by the events that EventBridge matched.
   *
   * Sum over the `period` of this monitor. EventBridge publishes nothing while there are none.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
   * @param props What to change of the metric
   */
  public metricAccessAttempts(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.matchedEvents(this.rule, props);
  }

  /**
   * The number of attempts to use a secret that is scheduled for deletion, by the log group of the trail.
   *
   * Sum over the `period` of this monitor. Throws without `cloudTrailLogGroup`.
   *
   * @param props What to change of the metric
   */
  public metricLoggedAccessAttempts(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    if (!this.loggedMetric) {
      throw error(this, 'metricLoggedAccessAttempts() needs cloudTrailLogGroup, got: no cloudTrailLogGroup');
    }
    return new cloudwatch.Metric({
      namespace: TRAIL_NAMESPACE,
      metricName: this.loggedMetric,
      statistic: cloudwatch.Stats.SUM,
      period: this.period,
      ...props,
    }).attachTo(this);
  }

  /**
   * The number of notices that wait in the dead-letter queue because they could not be delivered.
   *
   * Maximum over the `period` of this monitor.
   *
   * @param props What to change of the metric
   */
  public metricUndeliveredNotices(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({
      statistic: cloudwatch.Stats.MAXIMUM,
      period: this.period,
      ...props,
    });
  }

  /**
   * The number of secrets that are scheduled for deletion, by the daily check.
   *
   * Maximum over a day. Throws without `reminders`.
   *
   * @param props What to change of the metric
   */
  public metricPendingSecrets(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.pendingMetric('metricPendingSecrets()', PENDING_SECRETS, {
      statistic: cloudwatch.Stats.MAXIMUM,
      ...props,
    });
  }

  /**
   * How many days are left until the next secret is deleted for good, by the daily check.
   *
   * Minimum over a day; 0 where Secrets Manager may delete it at any time. Nothing is published while no secret is
   * scheduled. Throws without `reminders`.
   *
   * @param props What to change of the metric
   */
  public metricDaysLeft(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.pendingMetric('metricDaysLeft()', DAYS_LEFT, { statistic: cloudwatch.Stats.MINIMUM, ...props });
  }

  private pendingMetric(method: string, metricName: string, props: cloudwatch.MetricOptions): cloudwatch.Metric {
    if (!this.reminders) throw error(this, `${method} needs reminders, got: no reminders`);
    return new cloudwatch.Metric({
      namespace: PENDING_NAMESPACE,
      metricName,
      dimensionsMap: { [MONITOR]: this.reminders.stateMachine.stateMachineName },
      period: CHECK_INTERVAL,
      ...props,
    }).attachTo(this);
  }

  private matchedEvents(rule: events.Rule, props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    // Not `Invocations` or `TriggeredRules`: the alarm must not depend on what becomes of the notice.
    return new cloudwatch.Metric({
      namespace: 'AWS/Events',
      metricName: 'MatchedEvents',
      dimensionsMap: { RuleName: rule.ruleName },
      statistic: cloudwatch.Stats.SUM,
      period: this.period,
      ...props,
    }).attachTo(this);
  }

  private makeTopic(masterKey?: kms.IKey): sns.Topic {
    return new sns.Topic(this, 'Topic', { enforceSSL: true, masterKey, displayName: 'Secret deletion' });
  }

  private makeDeadLetterQueue(encryptionMasterKey?: kms.IKey): sqs.Queue {
    const queue = new sqs.Queue(this, 'UndeliveredNotices', {
      retentionPeriod: Duration.days(14),
      enforceSSL: true,
      encryption: encryptionMasterKey ? sqs.QueueEncryption.KMS : sqs.QueueEncryption.SQS_MANAGED,
      encryptionMasterKey,
    });
    acknowledge(queue, 'AwsSolutions-SQS3', 'This is the dead-letter queue of a rule.');
    return queue;
  }

  private watchAttempts(eventPattern: events.EventPattern): events.Rule {
    const rule = this.makeRule('AccessAttempts', {
      description: 'Calls that failed because a secret is scheduled for deletion',
      eventPattern,
      notice: accessAttemptNotice(),
    });
    seeReads(rule);
    return rule;
  }

  private watchTrail({ logGroup, pattern }: Trail, metricName: string): cloudwatch.Alarm {
    this.makeMetricFilter('LoggedAccessAttempts', { logGroup, pattern, metricName, defaultValue: 0 });
    return this.makeAlarm('LoggedAccessAttemptAlarm', {
      metric: this.metricLoggedAccessAttempts(),
      alarmDescription:
        'Somebody tried to use a secret that is scheduled for deletion, according to the log group of the trail.',
    });
  }

  private watchTrailBySecret({ logGroup, patternBySecret }: Trail, metricName: string): cloudwatch.Alarm | undefined {
    if (!patternBySecret) return undefined;
    this.makeMetricFilter('LoggedAccessAttemptsBySecret', {
      logGroup,
      pattern: patternBySecret,
      metricName,
      // CloudWatch Logs takes no default value beside dimensions.
      dimensions: { SecretId: '$.requestParameters.secretId' },
    });
    return this.makeAlarm('AccessAttemptBySecretAlarm', {
      metric: attemptsBySecret(metricName, this.period),
      alarmDescription:
        'Somebody tried to use a secret that is scheduled for deletion. The contributor is the secret as they named it.',
    });
  }

  private watchUnconfirmed(eventPattern: events.EventPattern): events.Rule {
    const rule = this.makeRule('UnconfirmedAttempts', {
      description: 'Calls that may be attempts to use a secret that is scheduled for deletion',
      eventPattern,
      notice: unconfirmedAttemptNotice(),
    });
    seeReads(rule);
    return rule;
  }

  private alarmOnUnconfirmed(rule: events.Rule): cloudwatch.Alarm {
    return this.makeAlarm('UnconfirmedAttemptAlarm', {
      metric: this.matchedEvents(rule),
      alarmDescription:
        'Somebody made a call that may be an attempt to use a secret that is scheduled for deletion. See the notices.',
    });
  }

  private reportLifecycle({ scheduled, restored, deleted }: LifecyclePatterns, watched?: WatchedSecrets): void {
    const rule = new events.Rule(this, 'Scheduled', {
      description: 'Secrets that are scheduled for deletion',
      eventPattern: scheduled,
    });
    tellOfScheduled(rule, { watched, topic: this.topic, deadLetterQueue: this.deadLetterQueue });
    this.makeRule('Restored', {
      description: 'Secrets that are restored',
      eventPattern: restored,
      notice: restoredNotice(),
    });
    // AWS does not document the fields of this event: the whole of it is more use than a message with gaps.
    this.makeRule('Deleted', {
      description: 'Versions of secrets that Secrets Manager deleted for good',
      eventPattern: deleted,
    });
  }

  private watchHeartbeat(every: Duration): cloudwatch.Alarm {
    const rule = makeHeartbeat(this, every, this.deadLetterQueue);
    return this.makeAbsenceAlarm('HeartbeatAlarm', every, {
      metric: this.matchedEvents(rule, { period: Duration.hours(1) }),
      alarmDescription:
        'This monitor may be blind: the call that it makes as a heartbeat has not come back as an event. ' +
        '(After the first deployment it takes some 15 minutes.) Check, in this region: is a CloudTrail trail logging ' +
        '(aws cloudtrail get-trail-status), does it record management events that read ' +
        '(aws cloudtrail get-event-selectors: ReadWriteType All, no readOnly selector), are the rules of the monitor ' +
        'in the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS (aws events list-rules), and does the state ' +
        'machine of the heartbeat run once per interval (aws stepfunctions list-executions).',
    });
  }

  private watchReminders(stateMachine: StateMachine): cloudwatch.Alarm {
    return this.makeAbsenceAlarm('ReminderAlarm', CHECK_INTERVAL, {
      metric: stateMachine.metricSucceeded({ statistic: cloudwatch.Stats.SUM, period: Duration.hours(1) }),
      alarmDescription:
        'The daily check of the secrets that are scheduled for deletion has failed or did not take place, and reminders ' +
        'may be missing. (After the first deployment it takes a few minutes.) Until it is mended, look yourself: ' +
        'aws secretsmanager list-secrets --include-planned-deletion. The reason is in the history of the state machine ' +
        `(aws stepfunctions list-executions), and the next check that succeeds makes up for what was not said.`,
    });
  }

  private makeRule(id: string, { notice, ...props }: RuleOptions): events.Rule {
    return new events.Rule(this, id, {
      ...props,
      targets: [
        new targets.SnsTopic(this.topic, {
          message: notice,
          deadLetterQueue: this.deadLetterQueue,
          ...DELIVERY,
        }),
      ],
    });
  }

  private makeMetricFilter(id: string, { pattern, ...options }: MetricFilterOptions): void {
    new logs.MetricFilter(this, id, {
      filterPattern: logs.FilterPattern.literal(pattern),
      metricNamespace: TRAIL_NAMESPACE,
      metricValue: '1',
      unit: cloudwatch.Unit.COUNT,
      ...options,
    });
  }

  /** Goes off when something happens. */
  private makeAlarm(id: string, props: AlarmOptions): cloudwatch.Alarm {
    return this.addAlarm(id, {
      ...props,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }

  /** Goes off when something that happens again and again, and is counted by the hour, stays away. */
  private makeAbsenceAlarm(id: string, every: Duration, props: AlarmOptions): cloudwatch.Alarm {
    return this.addAlarm(id, {
      ...props,
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      // Hours begin when the clock strikes, and CloudTrail takes its time.
      evaluationPeriods: every.toHours() + 2,
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
  }

  private addAlarm(id: string, props: Omit<cloudwatch.AlarmProps, 'threshold' | 'datapointsToAlarm'>) {
    const alarm = new cloudwatch.Alarm(this, id, {
      ...props,
      threshold: 1,
      datapointsToAlarm: props.evaluationPeriods,
    });
    this.alarms.push(alarm);
    return alarm;
  }
}

/** Namespace of the metric in AWS's recipe. */
const TRAIL_NAMESPACE = 'CloudTrailLogMetrics';

interface RuleOptions {
  readonly description: string;
  readonly eventPattern: events.EventPattern;
  /** The whole event is sent if there is none. */
  readonly notice?: events.RuleTargetInput;
}

type AlarmOptions = Pick<cloudwatch.AlarmProps, 'metric' | 'alarmDescription'>;

interface MetricFilterOptions
  extends Pick<logs.MetricFilterProps, 'logGroup' | 'metricName' | 'defaultValue' | 'dimensions'> {
  readonly pattern: string;
}

/** One time series per secret, so that the alarm acts for each of them. */
function attemptsBySecret(metricName: string, period: Duration): cloudwatch.MathExpression {
  return new cloudwatch.MathExpression({
    expression: `SELECT SUM(${metricName}) FROM SCHEMA(${TRAIL_NAMESPACE}, SecretId) GROUP BY SecretId ORDER BY SUM() DESC`,
    usingMetrics: {},
    label: 'Attempts by secret',
    period,
  });
}
