import { USER_AGENT_APP_ID } from '../contract';
import { evaluated, HOLDER, IS_HELD, LAST_USED, lines } from './jsonata';
import { publishing, type Recipients, sdkTask, type Workflow } from './workflow';

/*
 * What is said when a secret is scheduled for deletion: what the event tells, and what only the secret knows.
 */

/** Who calls DeleteSecret when a stack gives a secret up: the function of this library, or CloudFormation itself. */
const IS_ASKED_BY_STACK = `(
  $contains($event.userAgent, 'app/${USER_AGENT_APP_ID}')
    or 'cloudformation.amazonaws.com' in [$event.userIdentity.invokedBy, $event.sourceIPAddress]
)`;

/** The complete ARN where the event has it, and else what the caller wrote. */
const ID =
  '($exists($states.input.detail.responseElements.aRN) ' +
  '? $states.input.detail.responseElements.aRN : $states.input.detail.requestParameters.secretId)';

/** The input is the event of a successful DeleteSecret. */
export function scheduledWorkflow(partition: string, recipients: Recipients): Workflow {
  return {
    StartAt: 'DescribeSecret',
    States: {
      DescribeSecret: sdkTask(partition, 'secretsmanager:describeSecret', {
        Arguments: { SecretId: evaluated(ID) },
        Retry: [
          // Deleted for good.
          { ErrorEquals: ['SecretsManager.ResourceNotFoundException'], MaxAttempts: 0 },
          // Not for minutes: what the event tells is worth more in time.
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxAttempts: 2 },
        ],
        Catch: [
          {
            ErrorEquals: ['States.ALL'],
            Output: {
              event: evaluated('$states.input'),
              id: evaluated(ID),
              holder: 'not known',
              lastUsed: 'not known',
              isByHand: false,
            },
            Next: 'Compose',
          },
        ],
        Output: {
          event: evaluated('$states.input'),
          id: evaluated(ID),
          holder: evaluated(`($secret := $states.result; ${HOLDER})`),
          lastUsed: evaluated(`($secret := $states.result; ${LAST_USED})`),
          isByHand: evaluated(
            `($secret := $states.result; $event := $states.input.detail; ${IS_HELD} and $not(${IS_ASKED_BY_STACK}))`,
          ),
        },
        Next: 'Compose',
      }),
      Compose: {
        Type: 'Pass',
        Output: { Subject: evaluated(subject()), Message: evaluated(message()) },
        Next: 'Publish',
      },
      ...publishing(partition, recipients),
    },
  };
}

const EVENT = '$states.input.event.detail';
const IS_FORCED = `$string(${EVENT}.requestParameters.forceDeleteWithoutRecovery) = 'true'`;
const IS_BY_HAND = '$states.input.isByHand';

function subject(): string {
  // SNS takes 100 characters.
  return (
    `(${IS_FORCED} ? 'Deleted for good' : 'Scheduled for deletion') & (${IS_BY_HAND} ? ' by hand') & ': ' ` +
    `& $substring(${EVENT}.requestParameters.secretId, -60)`
  );
}

function message(): string {
  const input = '$states.input';
  const what = [
    'Secret, as the caller named it: {event.detail.requestParameters.secretId}',
    'Name: {event.detail.responseElements.name}',
    'Deletion date: {event.detail.responseElements.deletionDate}',
    'Recovery window in days (empty: not given by the caller): {event.detail.requestParameters.recoveryWindowInDays}',
    'Belongs to: {holder}',
    'Last used: {lastUsed}',
    'Caller: {event.detail.userIdentity.arn}',
    'Type of caller: {event.detail.userIdentity.type}, of account: {event.detail.userIdentity.accountId}',
    'AWS service that called (empty if none did): {event.detail.userIdentity.invokedBy}',
    'From: {event.detail.sourceIPAddress}',
    'At: {event.detail.eventTime}',
    'CloudTrail event: {event.detail.eventID} in account {event.account}, region {event.region}',
  ];
  const byHand = [
    'By its tags it belongs to that stack, which did not ask for this. If the stack still has the resource, its users ' +
      'find a secret that they cannot read: restore it, and take it out of the stack if it is to go.',
  ];
  const restore = [
    'Until the deletion date it can be restored with credentials for account {event.account}:',
    'aws secretsmanager restore-secret --region {event.region} --secret-id {id}',
  ];
  return (
    `$join([${IS_FORCED} ? 'A secret was deleted for good, without a recovery window.' : 'A secret was scheduled for deletion.', ` +
    `${lines(what, input)}, ` +
    `${IS_BY_HAND} and $not(${IS_FORCED}) ? ${lines(byHand, input)}, ` +
    `${IS_FORCED} ? 'Nothing brings it back.' : ${lines(restore, input)}], '\\n')`
  );
}
