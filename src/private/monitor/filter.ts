import { PENDING_DELETION_TEXTS, SECRETS_MANAGER, type WatchedSecrets } from './patterns';

/*
 * Attempts in the log group of a CloudTrail trail: what counts them, and what lists them.
 */

/** Characters that fit into a filter pattern of CloudWatch Logs. */
export const MAX_FILTER_PATTERN_LENGTH = 1024;

/** The metric filter for attempts in the log group of a trail: AWS's own, for all operations. */
export function trailFilterPattern(watched: WatchedSecrets | undefined): string {
  return filterPattern(anyOf(...PENDING_DELETION_TEXTS.map((text) => equals('errorMessage', `*${text}*`))), [
    ...(watched ? [anyOf(...secretIdTerms(watched), ...nameTerms(watched))] : []),
  ]);
}

/** The same for the calls that carry a `secretId`, which a metric can then be divided by. */
export function trailFilterPatternBySecret(watched: WatchedSecrets | undefined): string {
  return filterPattern(anyOf(...PENDING_DELETION_TEXTS.map((text) => equals('errorMessage', `*${text}*`))), [
    watched ? anyOf(...secretIdTerms(watched)) : anyOf(equals('requestParameters.secretId', '*')),
  ]);
}

/** The query of CloudWatch Logs Insights that lists the latest attempts by caller, line by line. */
export function lastAttemptsQuery(watched: WatchedSecrets | undefined): string[] {
  const texts = PENDING_DELETION_TEXTS.map((text) => `errorMessage like '${text}'`).join(' or ');
  return [
    'fields coalesce(requestParameters.secretId, requestParameters.name) as secret, ' +
      'coalesce(userIdentity.arn, userIdentity.invokedBy) as caller',
    `filter eventSource = '${SECRETS_MANAGER}' and (${texts})`,
    ...(watched ? [`filter secret like /${identifierExpression(watched)}/`] : []),
    'stats latest(eventTime) as lastAttempt, count(*) as attempts by caller, sourceIPAddress, eventName, secret',
    'sort lastAttempt desc',
    'limit 25',
  ];
}

function filterPattern(texts: string, more: string[]): string {
  return `{ ${[anyOf(equals('eventSource', SECRETS_MANAGER)), texts, ...more].join(' && ')} }`;
}

/** The same in the grammar of CloudWatch Logs, which documents `*` at the beginning and at the end of a value only. */
function secretIdTerms({ prefix, secrets }: WatchedSecrets): string[] {
  const values = [
    ...(prefix === undefined ? [] : [`${prefix}*`, `*:secret:${prefix}*`]),
    ...secrets.flatMap(({ name, nameInArn }) => [
      name,
      `*:secret:${name}`,
      `*:secret:${nameInArn === undefined ? `${name}-*` : nameInArn}`,
    ]),
  ];
  return values.map((value) => equals('requestParameters.secretId', value));
}

function nameTerms({ prefix, secrets }: WatchedSecrets): string[] {
  const values = [...(prefix === undefined ? [] : [`${prefix}*`]), ...secrets.map(({ name }) => name)];
  return values.map((value) => equals('requestParameters.name', value));
}

function equals(field: string, value: string): string {
  return `$.${field} = "${value}"`;
}

function anyOf(...terms: string[]): string {
  return `(${terms.join(' || ')})`;
}

function identifierExpression({ prefix, secrets }: WatchedSecrets): string {
  const ends = [
    ...(prefix === undefined ? [] : [escapeExpression(prefix)]),
    ...secrets.map(({ name }) => `${escapeExpression(name)}(-[A-Za-z0-9]{6})?$`),
  ];
  return `^(arn:.*:secret:)?(${ends.join('|')})`;
}

function escapeExpression(text: string): string {
  return text.replace(/[./+]/g, '\\$&');
}
