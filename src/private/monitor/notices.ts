import { EventField, RuleTargetInput } from 'aws-cdk-lib/aws-events';

/**
 * The messages that people receive.
 *
 * EventBridge puts every line in quotes, writes nothing where an event lacks a field, and does not escape values.
 * So `userAgent`, which a caller fills at will, stays out, and a command that a person may paste into a shell holds an
 * identifier only where Secrets Manager has accepted it as that of a secret. No event holds a secret's value.
 */

const eventName = EventField.fromPath('$.detail.eventName');
const secretId = EventField.fromPath('$.detail.requestParameters.secretId');
/** CreateSecret has a name and no secretId, all other operations the reverse: one after the other gives the one. */
const identifier = `${secretId}${EventField.fromPath('$.detail.requestParameters.name')}`;
const errorMessage = EventField.fromPath('$.detail.errorMessage');

const WHO_AND_WHEN = [
  `Caller: ${EventField.fromPath('$.detail.userIdentity.arn')}`,
  `Type of caller: ${EventField.fromPath('$.detail.userIdentity.type')}, ` +
    `of account: ${EventField.fromPath('$.detail.userIdentity.accountId')}`,
  `AWS service that called (empty if none did): ${EventField.fromPath('$.detail.userIdentity.invokedBy')}`,
  `From: ${EventField.fromPath('$.detail.sourceIPAddress')}`,
  `At: ${EventField.fromPath('$.detail.eventTime')}`,
];

const WHERE_TO_LOOK =
  `CloudTrail event: ${EventField.fromPath('$.detail.eventID')} ` +
  `in account ${EventField.account}, region ${EventField.region}`;

/** Somebody used a secret that is scheduled for deletion. */
export function accessAttemptNotice(): RuleTargetInput {
  return lines(
    'Somebody tried to use a secret that is scheduled for deletion, and was refused.',
    `Secret, as the caller named it: ${identifier}`,
    `Operation: ${eventName}`,
    ...WHO_AND_WHEN,
    `Error: ${errorMessage}`,
    WHERE_TO_LOOK,
    `If the secret is still needed, restore it with credentials for account ${EventField.account}:`,
    restoreCommand(identifier),
    'If nothing follows --secret-id, the request named no secret: add the name that the caller is configured with.',
    'If the secret is not needed, change or stop the caller before the recovery window ends.',
  );
}

/** Somebody made a call that may be an attempt. */
export function unconfirmedAttemptNotice(): RuleTargetInput {
  return lines(
    'Somebody made a call that may be an attempt to use a secret that is scheduled for deletion. ' +
      'The call alone does not tell.',
    `Operation: ${eventName}`,
    `Secret, as the caller named it (empty for a denied or a batch call): ${secretId}`,
    `Secrets of a batch: ${EventField.fromPath('$.detail.requestParameters.secretIdList')}`,
    ...WHO_AND_WHEN,
    `Error (empty if the call succeeded): ${errorMessage}`,
    WHERE_TO_LOOK,
    `See which secrets are scheduled, with credentials for account ${EventField.account}; they have a DeletedDate:`,
    `aws secretsmanager list-secrets --include-planned-deletion --region ${EventField.region}`,
    'Restore one with this command, with its name in the place of NAME:',
    restoreCommand('NAME'),
  );
}

/** The deletion of a secret was cancelled. */
export function restoredNotice(): RuleTargetInput {
  return lines(
    'A secret was restored. It is no longer scheduled for deletion.',
    `Secret, as the caller named it: ${secretId}`,
    ...WHO_AND_WHEN,
    WHERE_TO_LOOK,
  );
}

function restoreCommand(secret: string): string {
  return `aws secretsmanager restore-secret --region ${EventField.region} --secret-id ${secret}`;
}

function lines(...text: string[]): RuleTargetInput {
  return RuleTargetInput.fromMultilineText(text.join('\n'));
}
