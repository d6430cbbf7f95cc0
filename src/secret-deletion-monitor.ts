import { Duration, Names, Validations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { addMonitorChecks, seeReads } from './private/access-attempt-checks';
import { makeDashboard } from './private/access-attempt-dashboard';
import {
  accessAttemptNotice,
  restoredNotice,
  scheduledNotice,
  unconfirmedAttemptNotice,
} from './private/access-attempt-notices';
import { lastAttemptsQuery } from './private/access-attempt-patterns';
import { checkedProps, type LifecyclePatterns, renamedSecretErrors } from './private/access-attempt-props';
import { allowPublishing } from './private/access-attempt-publishing';
import { error } from './private/error';

/**
 * Whom a `SecretDeletionMonitor` tells, what it looks at, and what it adds at a cost.
 */
export interface SecretDeletionMonitorProps {
  /**
   * What the alarms do when somebody uses a secret that is scheduled for deletion.
   *
   * Given actions take the place of the default. With an empty list the alarms only show their state.
   *
   * @default - the alarms publish to the notification topic
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];

  /**
   * Where the notices go: one message per attempt, which says who used which secret and how to restore it.
   *
   * A standard topic in the account and region of the monitor. The monitor adds to the topic's policy, and to that of
   * its key, what EventBridge and CloudWatch need; where it cannot, because the topic or the key was imported, a
   * warning names the statements that are needed. Throws for a FIFO topic, and for a topic in another account or
   * region.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
   * @default - the monitor makes a topic; subscribe to it with `monitor.topic.addSubscription()`
   */
  readonly notificationTopic?: sns.ITopic;

  /**
   * A customer managed key that encrypts the topic and the dead-letter queue that the monitor makes.
   *
   * The key's policy comes to allow EventBridge and CloudWatch to use it; for an imported key a warning names the
   * statement that is needed. KMS bills the key and its use. Throws together with `notificationTopic`: that topic has
   * its own encryption.
   *
   * @see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
   * @default - the topic is not encrypted at rest, the queue with a key that SQS owns
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * The log group that a CloudTrail trail delivers to, for a second alarm that does not depend on EventBridge.
   *
   * It gets AWS's metric filter for the purpose, widened to all operations, in the namespace `CloudTrailLogMetrics`.
   * The alarm comes some minutes later than that on the rule; the log group of a multi-region trail lets it see all
   * regions. It must be in the account and region of the monitor, or an error is thrown. Costs one alarm, one custom
   * metric and one of the 100 metric filters of the log group; delivering the trail to CloudWatch Logs has its own
   * price.
   *
   * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring_cloudwatch_deleted-secrets.html
   * @default - no alarm on a log group
   */
  readonly cloudTrailLogGroup?: logs.ILogGroup;

  /**
   * Alarm for each secret by itself, besides the alarm on all secrets in the log group.
   *
   * An alarm acts when it changes its state: while one secret keeps it in ALARM, the next secret is not heard. This
   * one acts for every secret. Costs a second metric filter, one custom metric for every way in which a pending
   * secret is named, and one alarm on a Metrics Insights query. Needs `cloudTrailLogGroup`, and a `period` of at most
   * 3 hours; throws otherwise.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/multi-time-series-alarm.html
   * @default false
   */
  readonly perSecretAlarm?: boolean;

  /**
   * Look only at secrets whose name begins with this, such as `prod/payments/`.
   *
   * Callers that use an ARN are recognised, too. Together with `secrets`, a secret has to fulfil one of the two.
   *
   * Throws for a token, for anything that cannot begin a secret's name, and for `a`, `ar` and `arn`, which every ARN
   * begins with.
   *
   * @default - all secrets of the account and region
   */
  readonly secretNamePrefix?: string;

  /**
   * Look only at these secrets.
   *
   * Their names become part of the pattern, so that no stack refers to another one and a secret's stack can be
   * destroyed. A caller that uses a complete ARN is recognised by the name in it: a monitor of `db` also reports
   * `db-replica` to a caller by ARN, unless the secret was imported with its complete ARN.
   *
   * Throws for an empty list, for a secret whose name is only known at deployment, for one of another account or
   * region, and when the pattern becomes longer than AWS allows: 2048 characters for EventBridge, which is about ten
   * secrets, and 1024 for a metric filter, which is about three. A `secretNamePrefix` has no such limit.
   *
   * @default - all secrets of the account and region
   */
  readonly secrets?: ISecret[];

  /**
   * Also send a notice when a secret is scheduled for deletion, restored, or deleted for good.
   *
   * Costs nothing but the messages: one per call, and one for every version of a secret that is deleted for good.
   *
   * @default false
   */
  readonly lifecycleNotices?: boolean;

  /**
   * Also report calls that were denied: a caller that lost its permission together with the destroyed stack.
   *
   * Such a call does not tell whether the secret is scheduled for deletion, so it has a rule, a notice and an alarm
   * of its own (`unconfirmedAlarm`), and denied calls to live secrets set them off as well. Costs one alarm. Needs
   * `secretNamePrefix` or `secrets`; throws otherwise.
   *
   * @default false
   */
  readonly includeAccessDenied?: boolean;

  /**
   * Also report `BatchGetSecretValue` calls that list a secret by its identifier.
   *
   * The event does not tell whether one of the secrets is scheduled for deletion: a healthy batch sets off the notice
   * and the `unconfirmedAlarm` as well. Batches that select by `Filters` are not seen. Costs one alarm. Needs
   * `secretNamePrefix` or `secrets`; throws otherwise.
   *
   * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
   * @default false
   */
  readonly includeBatchGetSecretValue?: boolean;

  /**
   * Also report successful `DescribeSecret` and `ListSecretVersionIds` calls, which a pending secret still answers.
   *
   * The console, drift detection, AWS Config and every deployment of the secret make such calls, so expect noise on
   * the notices and on the `unconfirmedAlarm`. Costs one alarm. Needs `secretNamePrefix` or `secrets`; throws
   * otherwise.
   *
   * @default false
   */
  readonly includeDescribeSecret?: boolean;

  /**
   * How much time one data point of the alarms and graphs covers: whole minutes, from 1 minute to 1 day.
   *
   * A single attempt within it sets off the alarm; the alarm is over when a period has passed without one. Throws for
   * other values and for a token.
   *
   * @default Duration.minutes(5)
   */
  readonly period?: Duration;

  /**
   * Make a CloudWatch dashboard of the alarms, of the attempts over time and, with `cloudTrailLogGroup`, of the
   * latest attempts by caller.
   *
   * CloudWatch bills dashboards beyond its free ones, and the log query by the data that it reads whenever somebody
   * looks.
   *
   * @default false
   */
  readonly dashboard?: boolean;
}

/**
 * Raises an alarm, and says who it was, when somebody uses a secret that is scheduled for deletion.
 *
 * Make one per account and region, in a stack that stays when the secrets' stacks go. It needs no reference to any
 * secret, it also sees secrets that were deleted by hand or by another tool, and it runs no code.
 *
 * It works only where a CloudTrail trail records management events, the reading ones included; without one nothing
 * fires, and nothing says so. `docs/monitor.md` in the repository of this library shows how to check, and how to try it
 * out with a throw-away secret.
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
   * The alarm on notices that EventBridge could not deliver.
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

  constructor(scope: Construct, id: string, props: SecretDeletionMonitorProps = {}) {
    super(scope, id);
    const { period, watched, patterns, trail } = checkedProps(props, this);
    this.period = period;

    this.topic =
      props.notificationTopic ??
      new sns.Topic(this, 'Topic', {
        enforceSSL: true,
        masterKey: props.encryptionKey,
        displayName: 'Secret deletion',
      });
    allowPublishing(this, this.topic, props.encryptionKey ?? this.topic.masterKey);
    this.deadLetterQueue = this.makeDeadLetterQueue(props.encryptionKey);

    this.rule = this.makeRule('AccessAttempts', {
      description: 'Calls that failed because a secret is scheduled for deletion',
      eventPattern: patterns.attempts,
      notice: accessAttemptNotice(),
    });
    seeReads(this.rule);
    this.alarm = this.makeAlarm('AccessAttemptAlarm', {
      metric: this.metricAccessAttempts(),
      alarmDescription:
        'Somebody tried to use a secret that is scheduled for deletion. The notices say who and how to restore it.',
    });
    const attempts: Record<string, cloudwatch.Metric> = { Attempts: this.metricAccessAttempts() };

    if (trail) {
      // Every monitor that is narrowed to some secrets counts for itself.
      const suffix = watched ? Names.uniqueResourceName(this, { maxLength: 100 }) : '';
      this.loggedMetric = `AttemptsToAccessDeletedSecrets${suffix}`;
      this.makeMetricFilter('LoggedAccessAttempts', {
        logGroup: trail.logGroup,
        pattern: trail.pattern,
        metricName: this.loggedMetric,
        defaultValue: 0,
      });
      this.logAlarm = this.makeAlarm('LoggedAccessAttemptAlarm', {
        metric: this.metricLoggedAccessAttempts(),
        alarmDescription:
          'Somebody tried to use a secret that is scheduled for deletion, according to the log group of the trail.',
      });
      attempts['Attempts in the log group'] = this.metricLoggedAccessAttempts();

      if (trail.patternBySecret) {
        const metricName = `AttemptsToAccessDeletedSecretsBySecret${suffix}`;
        this.makeMetricFilter('LoggedAccessAttemptsBySecret', {
          logGroup: trail.logGroup,
          pattern: trail.patternBySecret,
          metricName,
          // CloudWatch Logs takes no default value beside dimensions.
          dimensions: { SecretId: '$.requestParameters.secretId' },
        });
        this.perSecretAlarm = this.makeAlarm('AccessAttemptBySecretAlarm', {
          metric: attemptsBySecret(metricName, period),
          alarmDescription:
            'Somebody tried to use a secret that is scheduled for deletion. The contributor is the secret as they named it.',
        });
      }
    }

    if (patterns.unconfirmed) {
      const rule = this.makeRule('UnconfirmedAttempts', {
        description: 'Calls that may be attempts to use a secret that is scheduled for deletion',
        eventPattern: patterns.unconfirmed,
        notice: unconfirmedAttemptNotice(),
      });
      seeReads(rule);
      this.unconfirmedAlarm = this.makeAlarm('UnconfirmedAttemptAlarm', {
        metric: this.matchedEvents(rule),
        alarmDescription:
          'Somebody made a call that may be an attempt to use a secret that is scheduled for deletion. See the notices.',
      });
      attempts['Unconfirmed attempts'] = this.matchedEvents(rule);
    }

    if (patterns.lifecycle) this.makeLifecycleRules(patterns.lifecycle);

    this.undeliveredAlarm = this.makeAlarm('UndeliveredNoticeAlarm', {
      metric: this.metricUndeliveredNotices(),
      alarmDescription:
        'Notices about secrets that are scheduled for deletion could not be delivered. They wait in the dead-letter queue.',
    });
    this.addAlarmAction(...(props.alarmActions ?? [new SnsAction(this.topic)]));

    if (props.dashboard) {
      this.dashboard = makeDashboard(this, {
        alarms: this.alarms,
        attempts,
        undelivered: this.metricUndeliveredNotices(),
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
   * The number of notices that wait in the dead-letter queue because EventBridge could not deliver them.
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

  private makeDeadLetterQueue(encryptionMasterKey?: kms.IKey): sqs.Queue {
    const queue = new sqs.Queue(this, 'UndeliveredNotices', {
      retentionPeriod: Duration.days(14),
      enforceSSL: true,
      encryption: encryptionMasterKey ? sqs.QueueEncryption.KMS : sqs.QueueEncryption.SQS_MANAGED,
      encryptionMasterKey,
    });
    Validations.of(queue).acknowledge({ id: 'AwsSolutions-SQS3', reason: 'This is the dead-letter queue of a rule.' });
    return queue;
  }

  private makeRule(id: string, { notice, ...props }: RuleOptions): events.Rule {
    return new events.Rule(this, id, {
      ...props,
      targets: [
        new targets.SnsTopic(this.topic, {
          message: notice,
          deadLetterQueue: this.deadLetterQueue,
          // As long and as often as EventBridge can.
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
        }),
      ],
    });
  }

  private makeLifecycleRules({ scheduled, restored, deleted }: LifecyclePatterns): void {
    this.makeRule('Scheduled', {
      description: 'Secrets that are scheduled for deletion',
      eventPattern: scheduled,
      notice: scheduledNotice(),
    });
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

  private makeMetricFilter(id: string, { pattern, ...options }: MetricFilterOptions): void {
    new logs.MetricFilter(this, id, {
      filterPattern: logs.FilterPattern.literal(pattern),
      metricNamespace: TRAIL_NAMESPACE,
      metricValue: '1',
      unit: cloudwatch.Unit.COUNT,
      ...options,
    });
  }

  private makeAlarm(id: string, props: Pick<cloudwatch.AlarmProps, 'metric' | 'alarmDescription'>): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, id, {
      ...props,
      threshold: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
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
