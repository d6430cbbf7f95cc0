import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';

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
  readonly alarmActions?: IAlarmAction[];

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
  readonly notificationTopic?: ITopic;

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
  readonly encryptionKey?: IKey;

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
  readonly cloudTrailLogGroup?: ILogGroup;

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
   * The first one says when the secret was last used and which resource of which stack it belongs to by its tags, and
   * whether somebody deleted by hand what that stack may still need.
   *
   * Costs nothing but the messages and three transitions of a state machine for each deletion: one message per call, and
   * one for every version of a secret that is deleted for good.
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
   * How often the monitor checks that it sees anything at all: whole hours, from 1 hour to 1 day. `Duration.days(1)` will
   * do.
   *
   * Without a CloudTrail trail that records reading management events nothing fires. So the monitor asks for the value of
   * a secret that does not exist, and the `heartbeatAlarm` goes off when the event of that call has not come back for two
   * hours more than this. It also goes off when the monitor is deployed, until the first event is back, within some 15
   * minutes. Throws for other values and for a token.
   *
   * Costs one alarm. A state machine makes the call; its role can read no value.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
   * @default - no heartbeat: a monitor that sees nothing says nothing
   */
  readonly heartbeat?: Duration;

  /**
   * How long before the end of the recovery window to send a message about a secret that is still scheduled for deletion:
   * whole days, from 1 to 30, such as `[Duration.days(7), Duration.days(1)]`.
   *
   * A check once a day sends each reminder once, as the last check that leaves at least this much time, or with the first
   * check where the window is no longer than that. The message says which stack the secret belongs to, when it was last
   * used, and the commands that restore it or let it go at once. It is sent for whatever is scheduled, by whomever and
   * since whenever, and narrowed by `secretNamePrefix` and `secrets`. Throws for an empty list, for other values and for
   * a token.
   *
   * With it come `metricPendingSecrets()` and `metricDaysLeft()`, a list of what is scheduled on the dashboard, and
   * `reminderAlarm`, for checks that fail. Costs one alarm, two custom metrics, and some transitions of a state machine
   * for each check, two for every ten secrets of the account.
   *
   * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
   * @default - no reminders
   */
  readonly reminders?: Duration[];

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
