import { Duration, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import type { EventPattern } from 'aws-cdk-lib/aws-events';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';
import type { SecretDeletionMonitorProps } from '../../secret-deletion-monitor-props';
import { RECOVERY_WINDOW } from '../contract';
import { error } from '../error';
import { cfnSecretOf } from '../recovery/recoverable';
import { synthesizedSecretName } from '../recovery/synthesized-name';
import { MAX_FILTER_PATTERN_LENGTH, trailFilterPattern, trailFilterPatternBySecret } from './filter';
import {
  accessAttemptPattern,
  arnOfAnySecret,
  eventPatternLength,
  finalDeletionPattern,
  LONGEST_ARN_PREFIX,
  lifecyclePattern,
  MAX_EVENT_PATTERN_LENGTH,
  unconfirmedAttemptPattern,
  type WatchedSecret,
  type WatchedSecrets,
} from './patterns';

/** What the props of a monitor come to. */
export interface MonitorSettings {
  readonly period: Duration;
  /** Undefined for all secrets. */
  readonly watched?: WatchedSecrets;
  readonly patterns: EventPatterns;
  /** Undefined without `cloudTrailLogGroup`. */
  readonly trail?: Trail;
  readonly heartbeat?: Duration;
  /** Days before the end of a window. Undefined without `reminders`. */
  readonly reminders?: number[];
}

/** Patterns of EventBridge. */
interface EventPatterns {
  readonly attempts: EventPattern;
  readonly unconfirmed?: EventPattern;
  readonly lifecycle?: LifecyclePatterns;
}

export interface LifecyclePatterns {
  readonly scheduled: EventPattern;
  readonly restored: EventPattern;
  readonly deleted: EventPattern;
}

/** Filter patterns of CloudWatch Logs, and what they filter. */
export interface Trail {
  readonly logGroup: ILogGroup;
  readonly pattern: string;
  readonly patternBySecret?: string;
}

/** Throws for whatever a monitor cannot do, before anything is created. */
export function monitorSettings(props: SecretDeletionMonitorProps, scope: IConstruct): MonitorSettings {
  const { cloudTrailLogGroup, notificationTopic } = props;
  const period = alarmPeriod(props, scope);
  const watched = watchedSecrets(props, scope);
  assertNarrowedWhereNeeded(props, scope);
  assertPlace('cloudTrailLogGroup', cloudTrailLogGroup, scope);
  assertPlace('notificationTopic', notificationTopic, scope);
  assertTopic(props, scope);
  assertHeartbeat(props, scope);
  if (props.reminders?.length === 0) {
    throw error(scope, 'reminders must have at least one duration, or be left out for none, got: an empty list');
  }
  return {
    period,
    watched,
    patterns: eventPatterns(props, watched, scope),
    trail: trailOf(props, watched, scope),
    heartbeat: props.heartbeat,
    reminders: props.reminders?.map((_, index, all) => reminderDays(all, index, scope)),
  };
}

function alarmPeriod({ period, perSecretAlarm }: SecretDeletionMonitorProps, scope: IConstruct): Duration {
  if (period === undefined) return Duration.minutes(5);
  if (period.isUnresolved()) throw error(scope, 'period must be known at synthesis, got: a token');
  const minutes = period.toMinutes({ integral: false });
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 24 * 60) {
    throw error(scope, `period must be whole minutes, from 1 minute to 1 day, got: ${period.toString()}`);
  }
  if (perSecretAlarm && minutes > 180) {
    throw error(
      scope,
      `period must be at most 3 hours with perSecretAlarm, which queries no older data, got: ${period.toString()}`,
    );
  }
  return period;
}

function assertHeartbeat({ heartbeat }: SecretDeletionMonitorProps, scope: IConstruct): void {
  if (heartbeat === undefined) return;
  if (heartbeat.isUnresolved()) throw error(scope, 'heartbeat must be known at synthesis, got: a token');
  const hours = heartbeat.toHours({ integral: false });
  if (!Number.isInteger(hours) || hours < 1 || hours > 24) {
    throw error(scope, `heartbeat must be whole hours, from 1 hour to 1 day, got: ${heartbeat.toString()}`);
  }
}

function reminderDays(reminders: Duration[], index: number, scope: IConstruct): number {
  const reminder = reminders[index];
  if (reminder.isUnresolved()) throw error(scope, `reminders[${index}] must be known at synthesis, got: a token`);
  const days = reminder.toDays({ integral: false });
  if (!Number.isInteger(days) || days < 1 || days > RECOVERY_WINDOW.max) {
    throw error(
      scope,
      `reminders[${index}] must be whole days, from 1 day to ${RECOVERY_WINDOW.max} days, got: ${reminder.toString()}`,
    );
  }
  return days;
}

function watchedSecrets(props: SecretDeletionMonitorProps, scope: IConstruct): WatchedSecrets | undefined {
  const { secretNamePrefix: prefix, secrets } = props;
  if (prefix === undefined && secrets === undefined) return undefined;
  if (prefix !== undefined) assertPrefix(prefix, scope);
  if (secrets?.length === 0) {
    throw error(scope, 'secrets must name at least one secret, or be left out for all of them, got: an empty list');
  }
  return { prefix, secrets: (secrets ?? []).map((secret, index) => watchedSecret(secret, index, scope)) };
}

function assertPrefix(prefix: string, scope: IConstruct): void {
  if (Token.isUnresolved(prefix)) {
    throw error(scope, 'secretNamePrefix must be known at synthesis, got: a token');
  }
  if (!/^[A-Za-z0-9/_+=.@!-]{1,512}$/.test(prefix)) {
    throw error(
      scope,
      `secretNamePrefix must be 1 to 512 characters out of A-Z a-z 0-9 / _ + = . @ ! -, got: '${prefix}'`,
    );
  }
  if ('arn'.startsWith(prefix)) {
    throw error(
      scope,
      `secretNamePrefix must not be the beginning of 'arn:', which would match every secret that a caller names by ` +
        `its ARN, got: '${prefix}'`,
    );
  }
}

function watchedSecret(secret: ISecret, index: number, scope: IConstruct): WatchedSecret {
  assertPlace(`secrets[${index}]`, secret, scope);
  const name = nameInTemplate(secret);
  if (typeof name !== 'string' || Token.isUnresolved(name)) {
    throw error(
      scope,
      `secrets[${index}] must have a name that is known at synthesis, got: '${secret.node.path}', ` +
        `${name === undefined ? 'which has none' : 'whose name is a token'}; give it a secretName, or give ` +
        'Secret.fromSecretNameV2()',
    );
  }
  const arn = cfnSecretOf(secret) ? undefined : secret.secretFullArn;
  const nameInArn = arn === undefined || Token.isUnresolved(arn) ? undefined : arn.split(':').pop();
  return { name, nameInArn };
}

/** Of a secret of this app what its template says, as an attribute would make one stack depend on the other. */
function nameInTemplate(secret: ISecret): unknown {
  const owned = cfnSecretOf(secret);
  return owned ? synthesizedSecretName(owned) : secret.secretName;
}

/** A secret can get another name after the monitor was made, and the patterns would go on with the first one. */
export function renamedSecretErrors({ secrets = [] }: SecretDeletionMonitorProps, watched?: WatchedSecrets): string[] {
  return secrets.flatMap((secret, index) => {
    const [first, last] = [watched?.secrets[index].name, nameInTemplate(secret)];
    if (first === last) return [];
    return [
      `secrets[${index}] must have its final name before the monitor is made, got: '${first}' at that time and ` +
        `'${last}' in the end for '${secret.node.path}'`,
    ];
  });
}

/** Throws for a resource that is certainly in another account or region than the monitor, where it has no effect. */
function assertPlace(prop: string, resource: ISecret | ITopic | ILogGroup | undefined, scope: IConstruct): void {
  if (!resource) return;
  const { account, region } = Stack.of(scope);
  const { env } = resource;
  if (
    Token.compareStrings(env.region, region) === TokenComparison.DIFFERENT ||
    Token.compareStrings(env.account, account) === TokenComparison.DIFFERENT
  ) {
    throw error(
      scope,
      `${prop} must be in the account and region of the monitor (${account}, ${region}), got: ` +
        `'${resource.node.path}' in ${env.account}, ${env.region}`,
    );
  }
}

function assertTopic({ notificationTopic, encryptionKey }: SecretDeletionMonitorProps, scope: IConstruct): void {
  if (!notificationTopic) return;
  if (notificationTopic.fifo) {
    throw error(
      scope,
      `notificationTopic must be a standard topic, as EventBridge publishes to no other, got: the FIFO topic ` +
        `'${notificationTopic.node.path}'`,
    );
  }
  if (encryptionKey) {
    throw error(
      scope,
      'encryptionKey is for the topic that the monitor makes and cannot be given together with notificationTopic, ' +
        `got: '${encryptionKey.node.path}' and '${notificationTopic.node.path}'`,
    );
  }
}

function assertNarrowedWhereNeeded(props: SecretDeletionMonitorProps, scope: IConstruct): void {
  if (props.secretNamePrefix !== undefined || props.secrets !== undefined) return;
  for (const prop of ['includeAccessDenied', 'includeBatchGetSecretValue', 'includeDescribeSecret'] as const) {
    if (!props[prop]) continue;
    throw error(
      scope,
      `${prop} needs secretNamePrefix or secrets: it also counts calls to live secrets, and of all secrets these are ` +
        'too many to mean anything, got: neither',
    );
  }
}

function eventPatterns(
  props: SecretDeletionMonitorProps,
  watched: WatchedSecrets | undefined,
  scope: IConstruct,
): EventPatterns {
  const patternsFor = (arnPrefix: string): EventPatterns => {
    const calls = {
      accessDenied: props.includeAccessDenied ?? false,
      batchGetSecretValue: props.includeBatchGetSecretValue ?? false,
      describeSecret: props.includeDescribeSecret ?? false,
    };
    return {
      attempts: accessAttemptPattern(watched, arnPrefix),
      ...(watched &&
        Object.values(calls).includes(true) && { unconfirmed: unconfirmedAttemptPattern(watched, arnPrefix, calls) }),
      ...(props.lifecycleNotices && {
        lifecycle: {
          scheduled: lifecyclePattern('DeleteSecret', watched, arnPrefix),
          restored: lifecyclePattern('RestoreSecret', watched, arnPrefix),
          deleted: finalDeletionPattern(watched, arnPrefix),
        },
      }),
    };
  };

  const longest = patternsFor(LONGEST_ARN_PREFIX);
  for (const [pattern, purpose] of [
    [longest.attempts, 'attempts'],
    [longest.unconfirmed, 'the include... props'],
  ] as const) {
    const length = pattern ? eventPatternLength(pattern) : 0;
    if (length > MAX_EVENT_PATTERN_LENGTH) {
      throw error(
        scope,
        `secrets must fit into an event pattern of ${MAX_EVENT_PATTERN_LENGTH} characters (quota of EventBridge), ` +
          `got: ${length} characters for ${purpose} on ${describeWatched(watched)}; use a secretNamePrefix, or several ` +
          'monitors',
      );
    }
  }
  return patternsFor(arnOfAnySecret(Stack.of(scope)));
}

function trailOf(
  { cloudTrailLogGroup, perSecretAlarm }: SecretDeletionMonitorProps,
  watched: WatchedSecrets | undefined,
  scope: IConstruct,
): Trail | undefined {
  if (!cloudTrailLogGroup) {
    if (!perSecretAlarm) return undefined;
    throw error(scope, 'perSecretAlarm needs cloudTrailLogGroup, whose events it counts, got: no cloudTrailLogGroup');
  }
  const pattern = trailFilterPattern(watched);
  const patternBySecret = perSecretAlarm ? trailFilterPatternBySecret(watched) : undefined;
  const length = Math.max(pattern.length, patternBySecret?.length ?? 0);
  if (length > MAX_FILTER_PATTERN_LENGTH) {
    throw error(
      scope,
      `secrets must fit into a filter pattern of ${MAX_FILTER_PATTERN_LENGTH} characters (quota of CloudWatch Logs) ` +
        `when cloudTrailLogGroup is given, got: ${length} characters for ${describeWatched(watched)}; use a ` +
        'secretNamePrefix, or several monitors',
    );
  }
  return { logGroup: cloudTrailLogGroup, pattern, patternBySecret };
}

function describeWatched(watched?: WatchedSecrets): string {
  return [
    ...(watched?.prefix === undefined ? [] : [`the prefix '${watched.prefix}'`]),
    ...(watched && watched.secrets.length > 0 ? [`${watched.secrets.length} secrets`] : []),
  ].join(' and ');
}
