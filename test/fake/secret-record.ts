/** One secret of the fake service, from its creation to its end; a new secret of the same name is another record. */
export interface SecretRecord {
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  description: string;
  kmsKeyId?: string;
  owningService?: string;
  /** The account that it is replicated with. */
  sharedWith?: string;
  tags: Record<string, string>;
  /** Never tagged and untagged again differ in what DescribeSecret shows. */
  everTagged: boolean;
  versions: Map<string, Version>;
  deletion?: Deletion;
  /** The document of its resource policy. */
  policy?: string;
  replicas: Map<string, ReplicaEntry>;
  /** The primary of a replica. */
  replicaOf?: SecretRecord;
  /** When the primary of a replica was deleted while the replica was being removed: it stays, as a secret of its own. */
  strandedAt?: number;
  /** How the record ended. */
  gone?: 'window' | 'forced' | 'replica removed';
}

export interface Version {
  readonly value: string;
  readonly stages: Set<string>;
}

export interface Deletion {
  readonly requestedAt: number;
  readonly endsAt: number;
  readonly forced: boolean;
}

export interface ReplicaEntry {
  readonly kmsKeyId?: string;
  status: 'InProgress' | 'InSync' | 'Failed';
  statusMessage: string;
}

export type StateName = 'live' | 'scheduled' | 'being deleted';

export function stateOf(record: SecretRecord): StateName {
  if (!record.deletion) return 'live';
  return record.deletion.forced ? 'being deleted' : 'scheduled';
}

export function currentValue(record: SecretRecord): string | undefined {
  return current(record)?.[1].value;
}

/** The id of the version that is current. */
export function currentVersion(record: SecretRecord): string | undefined {
  return current(record)?.[0];
}

function current({ versions }: SecretRecord) {
  return [...versions].find(([, { stages }]) => stages.has('AWSCURRENT'));
}

/** Whether the value can still be had by somebody who restores the secret if necessary. */
export function hasValue(record: SecretRecord, value: string): boolean {
  return [...record.versions.values()].some(
    (version) => version.value === value && (version.stages.has('AWSCURRENT') || version.stages.has('AWSPREVIOUS')),
  );
}

/** Makes a version current; the one that was current becomes the previous one. */
export function makeCurrent(record: SecretRecord, versionId: string, purge: boolean): void {
  const target = record.versions.get(versionId);
  if (!target || target.stages.has('AWSCURRENT')) return;
  target.stages.delete('AWSPREVIOUS');
  const before = [...record.versions.values()].find(({ stages }) => stages.has('AWSCURRENT'));
  if (before) {
    for (const { stages } of record.versions.values()) stages.delete('AWSPREVIOUS');
    before.stages.delete('AWSCURRENT');
    before.stages.add('AWSPREVIOUS');
  }
  target.stages.add('AWSCURRENT');
  if (!purge) return;
  for (const [id, { stages }] of record.versions) if (stages.size === 0) record.versions.delete(id);
}
