import type { DescribeSecretResponse, SecretListEntry } from '@aws-sdk/client-secrets-manager';
import { readOwnership, type Tags } from '../handler/model/ownership';
import { isProtected } from '../handler/model/purge-protection';
import { OWNERSHIP_TAG } from '../private/contract';

/** A secret as the commands show it: by whom it was held, and until when it can be restored. */
export interface SecretSummary {
  readonly name: string;
  readonly arn: string;
  readonly owner?: string;
  readonly stackId?: string;
  readonly logicalId?: string;
  /** Whether it is scheduled for deletion. */
  readonly scheduled: boolean;
  /** When its recovery window ends; undefined for a live secret, and where nobody can tell. */
  readonly end?: EndOfWindow;
  /** AWS tells the day, in UTC. */
  readonly lastAccessed?: Date;
  /** Whether a policy keeps everybody from deleting it for good, as its tag says. */
  readonly purgeProtected: boolean;
  /** Where the secret is that this one is a copy of. */
  readonly replicaOf?: string;
  /** The AWS service that manages it. */
  readonly managedBy?: string;
}

export interface EndOfWindow {
  readonly date: Date;
  /** Whether AWS tells this date, or it is calculated. */
  readonly calculated: boolean;
}

export function summaryOf(secret: DescribeSecretResponse | SecretListEntry, now: number): SecretSummary {
  const arn = secret.ARN ?? '';
  const tags = Object.fromEntries((secret.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  const { owner, stackId, logicalId } = readOwnership(tags);
  return {
    name: secret.Name ?? '',
    arn,
    owner,
    stackId,
    logicalId,
    scheduled: secret.DeletedDate !== undefined,
    end: secret.DeletedDate && endOfWindow(secret.DeletedDate, tags, now),
    lastAccessed: secret.LastAccessedDate,
    purgeProtected: isProtected(tags),
    replicaOf: secret.PrimaryRegion && secret.PrimaryRegion !== arn.split(':')[3] ? secret.PrimaryRegion : undefined,
    managedBy: secret.OwningService || undefined,
  };
}

/**
 * AWS documents `DeletedDate` both as when the deletion was asked for and as the end of the window. In the future it
 * can only be the end. In the past the window has to be known, and our tag knows it.
 */
export function endOfWindow(deletedDate: Date, tags: Tags, now: number): EndOfWindow | undefined {
  if (deletedDate.getTime() > now) return { date: deletedDate, calculated: false };
  const days = Number(tags[OWNERSHIP_TAG.recoveryWindow]);
  return days > 0 ? { date: new Date(deletedDate.getTime() + days * DAY_MS), calculated: true } : undefined;
}

/** Whole days until a date; none once it has passed. */
export function daysUntil(date: Date, now: number): number {
  return Math.max(0, Math.round((date.getTime() - now) / DAY_MS));
}

export const DAY_MS = 86_400_000;
