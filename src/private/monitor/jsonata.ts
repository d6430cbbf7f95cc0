import { OWNERSHIP_TAG } from '../contract';
import type { WatchedSecrets } from './patterns';

/*
 * Pieces of JSONata, the language of the expressions in a state machine. Where one speaks of `$secret`, that is what
 * Secrets Manager returns for a secret in ListSecrets or DescribeSecret.
 */

/** What evaluates to something: Step Functions takes any other text as it is. */
export function evaluated(expression: string): string {
  return `{% ${expression} %}`;
}

/** A text whose `{path}` are fields of an object; nothing stands where a field is missing. */
export function filled(template: string, object: string): string {
  return template
    .split(/\{([\w.]+)\}/)
    .map((part, index) => (index % 2 === 0 ? JSON.stringify(part) : `${object}.${part}`))
    .join(' & ');
}

/** Several such texts, one below the other. */
export function lines(templates: string[], object: string): string {
  return `$join([${templates.map((template) => filled(template, object)).join(', ')}], '\\n')`;
}

/** A condition on a secret in the context: that a monitor looks at it. */
export function isWatched({ prefix, secrets }: WatchedSecrets): string {
  return [
    ...(prefix === undefined ? [] : [`$substring(Name, 0, ${prefix.length}) = ${JSON.stringify(prefix)}`]),
    ...(secrets.length === 0 ? [] : [`Name in ${JSON.stringify(secrets.map(({ name }) => name))}`]),
  ].join(' or ');
}

/** Step Functions writes the names of fields as the SDK for Java does, or as the API does: no documentation tells for this. */
export const ARN = '($exists($secret.Arn) ? $secret.Arn : $secret.ARN)';

/** Which resource of which stack a secret belongs to, by its tags: those of this library, or those of CloudFormation. */
export const HOLDER = `(
  $tag := function($key) { $secret.Tags[Key = $key].Value };
  $known := function($first, $second) { $exists($first) ? $first : $second };
  $stack := $known($split($tag('${OWNERSHIP_TAG.stackId}'), '/')[1], $tag('aws:cloudformation:stack-name'));
  $resource := $known($tag('${OWNERSHIP_TAG.logicalId}'), $tag('aws:cloudformation:logical-id'));
  $owner := $tag('${OWNERSHIP_TAG.owner}');
  $parts := [
    $exists($resource) ? 'resource ' & $resource,
    $exists($stack) ? 'stack ' & $stack,
    $exists($owner) ? 'owner ' & $owner
  ];
  $count($parts) > 0 ? $join($parts, ', ') : 'not known from its tags'
)`;

/** Whether the tags of a secret name a stack that it belongs to. */
export const IS_HELD = `$exists($secret.Tags[Key in ['${OWNERSHIP_TAG.stackId}', 'aws:cloudformation:stack-name']])`;

/** The day on which a secret was last used, as Secrets Manager tells it. */
export const LAST_USED =
  "($exists($secret.LastAccessedDate) ? $substring($secret.LastAccessedDate, 0, 10) : 'never, as far as Secrets Manager knows')";
