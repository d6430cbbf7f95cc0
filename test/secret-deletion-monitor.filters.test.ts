import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { lastAttemptsQuery } from '../src/private/monitor/filter';
import type { WatchedSecrets } from '../src/private/monitor/patterns';
import type { SecretDeletionMonitorProps } from '../src/secret-deletion-monitor-props';
import { ATTEMPTS } from './monitor/attempt-matrix';
import { refused, secretArn } from './monitor/cloudtrail-events';
import { matchesFilterPattern } from './monitor/filter-pattern';
import { monitorTemplate, operationsStack } from './monitor/templates';

// No emulator evaluates metric filters, so an evaluator of the documented grammar stands in (test/monitor/filter-pattern.ts).

/** AWS's own filter for the purpose, from the Secrets Manager user guide. */
const AWS_FILTER =
  '{ $.eventName = "GetSecretValue" && $.errorMessage = "*secret because it was marked for deletion*" }';

function filterPattern(
  props: SecretDeletionMonitorProps,
  metric = /^AttemptsToAccessDeletedSecrets(?!BySecret)/,
): string {
  const template = monitorTemplate((stack) => ({
    ...props,
    cloudTrailLogGroup: LogGroup.fromLogGroupName(stack, 'Trail', 'trail'),
  }));
  const filters = Object.values(template.findResources('AWS::Logs::MetricFilter'))
    .map(({ Properties }) => Properties)
    .filter(({ MetricTransformations: [{ MetricName }] }) => metric.test(MetricName));
  expect(filters).toHaveLength(1);
  return filters[0].FilterPattern;
}

const BY_SECRET = /^AttemptsToAccessDeletedSecretsBySecret/;
const library = operationsStack();
const oneSecret = [Secret.fromSecretNameV2(library, 'ByName', 'prod/db')];

describe.each([
  ['all secrets', 'all', {}],
  ['the secrets under a prefix', 'prefix', { secretNamePrefix: 'prod/' }],
  ['one secret', 'secret', { secrets: oneSecret }],
] as const)('the metric filter of %s', (_, column, props) => {
  const pattern = filterPattern(props);
  const patternBySecret = filterPattern({ ...props, perSecretAlarm: true }, BY_SECRET);

  test.each(
    ATTEMPTS.map(({ title, event, [column]: expected }) => [expected ? 'matches' : 'leaves', title, event] as const),
  )('%s: %s', (verb, _title, event) => {
    const expected = verb === 'matches';
    expect(matchesFilterPattern(pattern, event.detail)).toBe(expected);
    const names = (event.detail.requestParameters ?? {}) as Record<string, unknown>;
    expect(matchesFilterPattern(patternBySecret, event.detail)).toBe(expected && 'secretId' in names);
  });
});

test('the metric filter matches all that the one of AWS matches', () => {
  const byAws = ATTEMPTS.filter(({ event }) => matchesFilterPattern(AWS_FILTER, event.detail));
  expect(byAws.length).toBeGreaterThan(3);
  for (const { event } of byAws) expect(matchesFilterPattern(filterPattern({}), event.detail)).toBe(true);
});

test('a complete ARN tells a secret from one with a longer name', () => {
  const secret = Secret.fromSecretCompleteArn(operationsStack(), 'Secret', secretArn('prod/db', 'AbC123'));
  const pattern = filterPattern({ secrets: [secret] });
  const matches = (secretId: string) => matchesFilterPattern(pattern, refused('GetSecretValue', { secretId }).detail);

  expect(matches(secretArn('prod/db', 'AbC123'))).toBe(true);
  expect(matches(secretArn('prod/db'))).toBe(true);
  expect(matches('prod/db')).toBe(true);
  expect(matches(secretArn('prod/db-replica', 'XyZ789'))).toBe(false);
});

describe('the query of the dashboard', () => {
  /** The expression that the query compares secrets with. */
  function expression(watched: WatchedSecrets): RegExp {
    const [line] = lastAttemptsQuery(watched).filter((candidate) => candidate.startsWith('filter secret like '));
    const [, source] = /^filter secret like \/(.*)\/$/.exec(line) ?? [];
    // A slash that is not escaped would end the expression too early.
    expect(source).not.toMatch(/[^\\]\//);
    return new RegExp(source);
  }

  test('is narrowed to a prefix as the alarms are', () => {
    const prefix = expression({ prefix: 'prod/a.b+c/', secrets: [] });
    for (const id of ['prod/a.b+c/db', secretArn('prod/a.b+c/db', 'AbC123'), secretArn('prod/a.b+c/db')]) {
      expect(id).toMatch(prefix);
    }
    for (const id of ['prod/aXb+c/db', 'test/prod/a.b+c/db', secretArn('test/prod/a.b+c/db')]) {
      expect(id).not.toMatch(prefix);
    }
  });

  test('is narrowed to a secret as the alarms are, and more exactly', () => {
    const secret = expression({ secrets: [{ name: 'prod/db' }] });
    for (const id of ['prod/db', secretArn('prod/db', 'AbC123'), secretArn('prod/db')]) expect(id).toMatch(secret);
    for (const id of ['prod/db2', 'prod/db-replica', secretArn('prod/db-replica', 'XyZ789'), 'x/prod/db']) {
      expect(id).not.toMatch(secret);
    }
  });

  test('takes all secrets when the monitor does', () => {
    expect(lastAttemptsQuery(undefined).join('\n')).not.toContain('secret like');
  });
});
