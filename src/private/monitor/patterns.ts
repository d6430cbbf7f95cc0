import type { Stack } from 'aws-cdk-lib';
import type { EventPattern } from 'aws-cdk-lib/aws-events';

/**
 * What Secrets Manager answers, in part, about a secret that is scheduled for deletion.
 *
 * The wording around these fragments has changed over the years, even the kind of apostrophe, and no error code tells
 * the case apart. The second fragment is what CreateSecret says when the name is still taken.
 */
export const PENDING_DELETION_TEXTS = ['marked for deletion', 'scheduled for deletion'];

/** Characters that fit into the pattern of a rule: quota of EventBridge, which AWS can raise for an account. */
export const MAX_EVENT_PATTERN_LENGTH = 2048;

/** Rules with a wildcard that fit on an event bus: quota of EventBridge, which AWS does not raise. */
export const MAX_WILDCARD_RULES = 30;

/** The longest start of a secret's ARN that any partition and region has, for measuring what only AWS can fill in. */
export const LONGEST_ARN_PREFIX = 'arn:aws-us-gov:secretsmanager:ap-southeast-1:123456789012:secret:';

/** One secret, by what is known of it at synthesis. */
export interface WatchedSecret {
  readonly name: string;
  /** Name, hyphen and the six characters that Secrets Manager added, when the complete ARN is known. */
  readonly nameInArn?: string;
}

/** Which secrets a monitor looks at: those with the prefix and those listed. */
export interface WatchedSecrets {
  readonly prefix?: string;
  readonly secrets: WatchedSecret[];
}

/** Calls that may be an attempt to use a pending secret, while nothing in their event says so. */
export interface UnconfirmedCalls {
  readonly accessDenied: boolean;
  readonly batchGetSecretValue: boolean;
  readonly describeSecret: boolean;
}

type Matcher = string | Record<string, unknown>;

/** How Secrets Manager calls itself in the events of CloudTrail. */
export const SECRETS_MANAGER = 'secretsmanager.amazonaws.com';
const API_CALL = 'AWS API Call via CloudTrail';
const SERVICE_EVENT = 'AWS Service Event via CloudTrail';
const SUCCEEDED = { errorCode: [{ exists: false }] };

/**
 * Calls that failed because the secret is scheduled for deletion.
 *
 * @param watched undefined for all secrets
 * @param arnPrefix what the ARNs of the watched secrets begin with, up to `secret:`
 */
export function accessAttemptPattern(watched: WatchedSecrets | undefined, arnPrefix: string): EventPattern {
  return eventPattern(API_CALL, {
    errorMessage: PENDING_DELETION_TEXTS.map((text) => ({ wildcard: `*${text}*` })),
    ...(watched && {
      $or: [
        { requestParameters: { secretId: identifiers(watched, arnPrefix) } },
        // CreateSecret has no secretId.
        { requestParameters: { name: names(watched) } },
      ],
    }),
  });
}

/** Calls on the watched secrets that do not tell whether the secret is scheduled for deletion. */
export function unconfirmedAttemptPattern(
  watched: WatchedSecrets,
  arnPrefix: string,
  calls: UnconfirmedCalls,
): EventPattern {
  const alternatives: Record<string, unknown>[] = [];
  if (calls.accessDenied) {
    alternatives.push({
      errorCode: ['AccessDenied', 'AccessDeniedException'],
      errorMessage: deniedResources(watched),
    });
  }
  if (calls.batchGetSecretValue) {
    alternatives.push({
      eventName: ['BatchGetSecretValue'],
      requestParameters: { secretIdList: identifiers(watched, arnPrefix) },
    });
  }
  if (calls.describeSecret) {
    alternatives.push({
      eventName: ['DescribeSecret', 'ListSecretVersionIds'],
      ...SUCCEEDED,
      requestParameters: { secretId: identifiers(watched, arnPrefix) },
    });
  }
  return eventPattern(API_CALL, alternatives.length === 1 ? alternatives[0] : { $or: alternatives });
}

/** Successful calls of one operation that begins or ends a recovery window. */
export function lifecyclePattern(
  operation: 'DeleteSecret' | 'RestoreSecret',
  watched: WatchedSecrets | undefined,
  arnPrefix: string,
): EventPattern {
  return eventPattern(API_CALL, {
    eventName: [operation],
    ...SUCCEEDED,
    ...(watched && { requestParameters: { secretId: identifiers(watched, arnPrefix) } }),
  });
}

/** The end of a secret version that Secrets Manager deleted for good. */
export function finalDeletionPattern(watched: WatchedSecrets | undefined, arnPrefix: string): EventPattern {
  return eventPattern(SERVICE_EVENT, {
    eventName: ['EndSecretVersionDelete'],
    ...(watched && { additionalEventData: { SecretId: identifiers(watched, arnPrefix) } }),
  });
}

/** The reads of one role, whatever becomes of them. */
export function heartbeatPattern(roleArn: string): EventPattern {
  return eventPattern(API_CALL, {
    eventName: ['GetSecretValue'],
    userIdentity: { sessionContext: { sessionIssuer: { arn: [roleArn] } } },
  });
}

/** What the ARN of every secret in the account and region of a stack begins with. */
export function arnOfAnySecret({ partition, region, account }: Stack): string {
  return `arn:${partition}:secretsmanager:${region}:${account}:secret:`;
}

/** How many characters of EventBridge's quota a pattern takes. */
export function eventPatternLength({ source, detailType, detail }: EventPattern): number {
  return JSON.stringify({ source, 'detail-type': detailType, detail }).length;
}

function eventPattern(detailType: string, detail: Record<string, unknown>): EventPattern {
  return {
    source: ['aws.secretsmanager'],
    detailType: [detailType],
    detail: { eventSource: [SECRETS_MANAGER], ...detail },
  };
}

/**
 * All ways to name the secrets in a request: by name, by complete ARN, by ARN without the six characters at the end.
 *
 * Prefixes and suffixes only: several wildcards on one field can make a rule "too complex" for EventBridge. Nothing
 * here can match exactly six characters, so that `db` also matches the complete ARN of `db-replica`.
 */
function identifiers({ prefix, secrets }: WatchedSecrets, arnPrefix: string): Matcher[] {
  return [
    ...(prefix === undefined ? [] : [{ prefix }, { prefix: `${arnPrefix}${prefix}` }]),
    ...secrets.flatMap(({ name, nameInArn }) => [
      name,
      { suffix: `:secret:${name}` },
      nameInArn === undefined ? { prefix: `${arnPrefix}${name}-` } : { suffix: `:secret:${nameInArn}` },
    ]),
  ];
}

function names({ prefix, secrets }: WatchedSecrets): Matcher[] {
  return [...(prefix === undefined ? [] : [{ prefix }]), ...secrets.map(({ name }) => name)];
}

/**
 * A denied call has no request parameters; only its error text ends, or goes on after, "on resource: IDENTIFIER".
 */
function deniedResources({ prefix, secrets }: WatchedSecrets): Matcher[] {
  return [
    ...(prefix === undefined
      ? []
      : [{ wildcard: `*on resource: ${prefix}*` }, { wildcard: `*on resource: arn:*:secret:${prefix}*` }]),
    ...secrets.flatMap(({ name }) => [
      { suffix: `on resource: ${name}` },
      { wildcard: `*on resource: ${name} *` },
      { suffix: `:secret:${name}` },
      { wildcard: `*on resource: arn:*:secret:${name} *` },
      { wildcard: `*on resource: arn:*:secret:${name}-*` },
    ]),
  ];
}
