import { HOUR } from './clock';
import type { FakeSecretsManager } from './fake-secrets-manager';
import { currentValue, currentVersion, type SecretRecord, type StateName, stateOf } from './secret-record';

/** Everything about one secret at one moment. */
export interface Picture {
  readonly record: SecretRecord;
  readonly state: StateName | 'gone';
  readonly endsAt?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly value?: string;
  /** The id of its version. */
  readonly version?: string;
  /** The document of its resource policy. */
  readonly policy?: string;
  /** All of it, to compare. */
  readonly text: string;
}

export type Snapshot = ReadonlyMap<SecretRecord, Picture>;

export function takeSnapshot(secrets: FakeSecretsManager): Snapshot {
  return new Map(secrets.records.map((record) => [record, picture(record)]));
}

function picture(record: SecretRecord): Picture {
  const state = record.gone ? 'gone' : stateOf(record);
  const text = JSON.stringify([
    state,
    record.description,
    record.kmsKeyId,
    Object.entries(record.tags).sort(),
    [...record.versions].map(([id, { value, stages }]) => [id, value, [...stages].sort()]),
    [...record.replicas].map(([region, { status, kmsKeyId }]) => [region, status, kmsKeyId]),
    record.replicaOf?.arn,
    record.policy,
  ]);
  const { policy, tags } = record;
  const [value, version] = [currentValue(record), currentVersion(record)];
  return { record, state, endsAt: record.deletion?.endsAt, tags, value, version, policy, text };
}

export interface Difference {
  readonly record: SecretRecord;
  readonly text: string;
}

/** What differs. */
export function differences(before: Snapshot, after: Snapshot): Difference[] {
  const found: Difference[] = [];
  for (const [record, now] of after) {
    const { arn } = record;
    const then = before.get(record);
    if (!then) found.push({ record, text: `${arn} is new` });
    // A date that is moved by seconds, because a deletion was not seen at once, harms nobody.
    else if (then.text !== now.text || Math.abs((then.endsAt ?? 0) - (now.endsAt ?? 0)) > HOUR) {
      found.push({
        record,
        text: `${arn} was ${then.text} until ${then.endsAt} and is ${now.text} until ${now.endsAt}`,
      });
    }
  }
  return found;
}
