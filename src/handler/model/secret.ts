import type { Ownership, Tags } from './ownership';

/** A secret as DescribeSecret shows it. */
export interface ExistingSecret {
  readonly arn: string;
  readonly name: string;
  /** When it was, or will be, deleted: AWS documents the date both ways. Absent for a live secret. */
  readonly deletedDate?: Date;
  readonly description: string;
  readonly kmsKeyId?: string;
  readonly tags: Tags;
  readonly ownership: Ownership;
  /** Staging labels by version id. */
  readonly versions: Readonly<Record<string, readonly string[]>>;
  readonly replicas: readonly ExistingReplica[];
  /** Set when this is the copy of a secret in another region. */
  readonly replicaOf?: string;
  readonly managedBy?: string;
}

export interface ExistingReplica {
  readonly region: string;
  readonly status: string;
  readonly statusMessage: string;
  readonly kmsKeyId?: string;
}
