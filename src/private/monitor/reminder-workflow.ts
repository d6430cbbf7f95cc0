import { OWNERSHIP_TAG_PREFIX, RECOVERY_WINDOW } from '../contract';
import { ARN, evaluated, HOLDER, isWatched, LAST_USED, lines } from './jsonata';
import type { WatchedSecrets } from './patterns';
import { type Call, publishing, type Recipients, sdkTask, type Workflow } from './workflow';

/*
 * The daily check of what is scheduled for deletion.
 *
 * No step needs the others' secrets at once: a page of ListSecrets is dealt with before the next one is asked for, and
 * what goes on from page to page is a number, a date, and a few characters for each reminder. What has been said is in
 * the output of the last execution that succeeded; a run that fails leaves it as it was, so that the next one says it
 * again rather than not at all.
 */

/** Namespace of the metrics. */
export const PENDING_NAMESPACE = 'SecretDeletionMonitor';
export const PENDING_SECRETS = 'PendingSecrets';
export const DAYS_LEFT = 'DaysLeft';
/** Dimension of the metrics, whose value is the name of the state machine. */
export const MONITOR = 'Monitor';

const DAY = 86_400_000;
const HOUR = DAY / 24;

/** So few that a page fits into the 256 KiB of Step Functions even if every secret has all the tags that it can. */
const PAGE = 10;

/** ListSecrets takes so many values of a filter. */
const MAX_FILTER_VALUES = 10;

export interface ReminderOptions extends Recipients {
  /** Days before the end of a window. */
  readonly reminders: number[];
  /** Undefined for all secrets. */
  readonly watched?: WatchedSecrets;
  readonly logGroupName: string;
  readonly logStreamName: string;
}

export function reminderWorkflow(partition: string, options: ReminderOptions): Workflow {
  const task = (call: Call, fields: object) => sdkTask(partition, call, fields);
  return {
    StartAt: 'FindLastRun',
    States: {
      FindLastRun: task('sfn:listExecutions', {
        Arguments: {
          StateMachineArn: evaluated('$states.context.StateMachine.Id'),
          StatusFilter: 'SUCCEEDED',
          MaxResults: 1,
        },
        Assign: {
          checkTime: evaluated(
            '$toMillis($exists($states.input.now) ? $states.input.now : $states.context.Execution.StartTime)',
          ),
          // What the last run has said, and what this one knows to be said.
          before: [],
          said: [],
          pending: 0,
          soonest: [],
          token: '',
        },
        Output: evaluated('[$states.result.Executions]'),
        Next: 'HasRun',
      }),
      HasRun: {
        Type: 'Choice',
        Choices: [{ Condition: evaluated('$count($states.input) > 0'), Next: 'RecallLastRun' }],
        Default: 'ListSecrets',
      },
      RecallLastRun: task('sfn:describeExecution', {
        Arguments: { ExecutionArn: evaluated('$states.input[0].ExecutionArn') },
        Assign: { before: evaluated('[$parse($states.result.Output).said]') },
        Next: 'ListSecrets',
      }),
      ListSecrets: task('secretsmanager:listSecrets', {
        Arguments: evaluated(
          `$merge([${JSON.stringify(listing(options.watched))}, $token = '' ? {} : {'NextToken': $token}])`,
        ),
        Assign: { token: evaluated("$exists($states.result.NextToken) ? $states.result.NextToken : ''") },
        Output: evaluated(pendingSecrets(options)),
        Next: 'AnyPending',
      }),
      AnyPending: {
        Type: 'Choice',
        Choices: [
          {
            Condition: evaluated('$count($states.input) > 0'),
            Assign: {
              pending: evaluated('$pending + $count($states.input)'),
              soonest: evaluated('[$min($append($soonest, $states.input.daysLeft))]'),
              said: evaluated('[$append($said, $states.input.reminder)]'),
            },
            Next: 'Remind',
          },
          { Condition: evaluated("$token != ''"), Next: 'ListSecrets' },
        ],
        Default: 'Count',
      },
      Remind: {
        Type: 'Map',
        Items: evaluated('[$states.input[$exists(reminder) and $not(reminder in $before)]]'),
        ItemSelector: {
          Subject: evaluated(subject('$states.context.Map.Item.Value')),
          Message: evaluated(message('$states.context.Map.Item.Value')),
        },
        MaxConcurrency: 5,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'INLINE' },
          StartAt: 'Publish',
          States: publishing(partition, options),
        },
        Output: evaluated('$states.input'),
        Next: 'Record',
      },
      Record: task('cloudwatchlogs:putLogEvents', {
        Arguments: {
          LogGroupName: options.logGroupName,
          LogStreamName: options.logStreamName,
          LogEvents: evaluated(
            "[$states.input.{'Timestamp': $checkTime, 'Message': $string($merge([{'checked': $fromMillis($checkTime)}, $]))}]",
          ),
        },
        // The list is for looking things up, and not worth a reminder.
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'AnyMore' }],
        Next: 'AnyMore',
      }),
      AnyMore: {
        Type: 'Choice',
        Choices: [{ Condition: evaluated("$token != ''"), Next: 'ListSecrets' }],
        Default: 'Count',
      },
      Count: task('cloudwatch:putMetricData', {
        Arguments: { Namespace: PENDING_NAMESPACE, MetricData: evaluated(metricData()) },
        Output: { said: evaluated('$said') },
        End: true,
      }),
    },
  };
}

/** What ListSecrets is asked for. It may answer more than that, which the expression below leaves out. */
function listing(watched?: WatchedSecrets): object {
  const names = [watched?.prefix ?? [], watched?.secrets.map(({ name }) => name) ?? []].flat();
  // It would take an exclamation mark for a negation.
  const filters = names.length > 0 && names.length <= MAX_FILTER_VALUES && !names.some((name) => name.startsWith('!'));
  return {
    IncludePlannedDeletion: true,
    MaxResults: PAGE,
    ...(filters && { Filters: [{ Key: 'name', Values: names }] }),
  };
}

/**
 * The secrets of one page that are scheduled for deletion, with what can be said of them. One that has a `reminder` is
 * due, and the text changes with the window and with the tightest reminder that is due.
 *
 * `DeletedDate` is documented as the end of the window (DescribeSecret) and as the time of the request (ListSecrets).
 * In the future it can only be the end. Past, it is certainly the request where the secret was changed in the days
 * before it: an end comes a whole window after the request, and nothing can change a secret in between.
 *
 * A reminder is due when the next check, a day later, would leave less time than that.
 */
export function pendingSecrets({ reminders, watched }: Pick<ReminderOptions, 'reminders' | 'watched'>): string {
  const condition = watched ? ` and (${isWatched(watched)})` : '';
  return `(
    $utc := function($millis) { $fromMillis($millis, '[Y0001]-[M01]-[D01] [H01]:[m01] UTC') };
    [$states.result.SecretList[$type(DeletedDate) = 'string'${condition}].(
      $secret := $;
      $arn := ${ARN};
      $given := $toMillis($secret.DeletedDate);
      $tag := $secret.Tags[Key = '${OWNERSHIP_TAG_PREFIX}recovery-window'].Value;
      $window := $contains($tag, /^[0-9]+$/) ? $number($tag);
      $isEnd := $given > $checkTime;
      $isRequest := $not($isEnd) and $toMillis($secret.LastChangedDate) > $given - ${RECOVERY_WINDOW.min * DAY - HOUR};
      $end := $isRequest ? $given + ${DAY} * ($exists($window) ? $window : ${RECOVERY_WINDOW.min}) : $given;
      $isKnown := $isEnd or $isRequest and $exists($window);
      $left := ($end - $checkTime) / ${DAY};
      $days := $floor($left);
      $due := $min(${JSON.stringify(reminders)}[$ > $left - 1]);
      $merge([
        {
          'secret': $secret.Name,
          'arn': $arn,
          'account': $split($arn, ':')[4],
          'region': $split($arn, ':')[3],
          'deletion': $isEnd ? $utc($end)
            : $isKnown ? $utc($end) & ', which is ' & $window & ' days, as a tag of the secret says, after the request (' & $utc($given) & ')'
            : 'unclear, from ' & $utc($end) & ' on (Secrets Manager names ' & $utc($given) & ', which is past)',
          'when': ($isKnown ? '' : 'possibly ') & ($left <= 0 ? 'at any time' : $days = 0 ? 'in less than a day' : $days = 1 ? 'in 1 day' : 'in ' & $days & ' days'),
          'daysLeft': $max([0, $round($left, 2)]),
          'holder': ${HOLDER},
          'lastUsed': ${LAST_USED}
        },
        $exists($due) ? {'reminder': $substring($arn, -6) & ' ' & $fromMillis($end) & ' ' & $due} : {}
      ])
    )]
  )`;
}

function subject(secret: string): string {
  // SNS takes 100 characters.
  return `'Deleted for good ' & ${secret}.when & ': ' & $substring(${secret}.secret, 0, 60)`;
}

function message(secret: string): string {
  const text = [
    'A secret that is scheduled for deletion will be deleted for good {when}.',
    'Secret: {secret}',
    'Deletion date: {deletion}',
    'Belongs to: {holder}',
    'Last used: {lastUsed}',
    'Who scheduled it is in CloudTrail for 90 days:',
    'aws cloudtrail lookup-events --region {region} --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteSecret',
    'If it is still needed, restore it with credentials for account {account}; deploying the stack that declares it ' +
      'does so, too:',
    'aws secretsmanager restore-secret --region {region} --secret-id {arn}',
    'If it is not needed, there is nothing to do. To let it go at once, after which nothing brings it back, and which ' +
      'purgeProtection denies:',
    'aws secretsmanager delete-secret --region {region} --secret-id {arn} --force-delete-without-recovery',
  ];
  return lines(text, secret);
}

function metricData(): string {
  const datum = (name: string, value: string, unit: string) =>
    `{'MetricName': '${name}', 'Value': ${value}, 'Unit': '${unit}', ` +
    `'Dimensions': [{'Name': '${MONITOR}', 'Value': $states.context.StateMachine.Name}]}`;
  return (
    `$append([${datum(PENDING_SECRETS, '$pending', 'Count')}], ` +
    `$count($soonest) = 0 ? [] : ${datum(DAYS_LEFT, '$soonest[0]', 'None')})`
  );
}
