import type { Ownership, Tags } from './ownership';

/** A secret as DescribeSecret shows it. */
export interface ExistingSecret {
  readonly arn: string;
  readonly name: string;
  /** When it was, or will be, deleted: AWS documents the date both ways. Absent for a live secret. */
  readonly deletedDate?: Date;
  /** The day on which its value was last read, as AWS reports it. */
  readonly lastAccessedDate?: Date;
  readonly description: string;
  readonly kmsKeyId?: string;
  readonly type?: string;
  readonly tags: Tags;
  readonly ownership: Ownership;
  /** Staging labels by version id. */
  readonly versions: Readonly<Record<string, readonly string[]>>;
  /** Whether it has a rotation, which may be under way. */
  readonly rotates: boolean;
  readonly replicas: readonly ExistingReplica[];
  /** Set when this is the copy of a secret in another region. */
  readonly replicaOf?: string;
  /** The accounts that it is replicated with, in either direction. */
  readonly sharedWithAccounts: readonly string[];
  readonly managedBy?: string;
}

export interface ExistingReplica {
  readonly region: string;
  readonly status: string;
  readonly statusMessage: string;
  readonly kmsKeyId?: string;
}

/** Whether the secret is there and not scheduled for deletion. */
export function isLive(secret: ExistingSecret | undefined): secret is ExistingSecret {
  return secret !== undefined && !secret.deletedDate;
}
