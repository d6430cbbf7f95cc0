import type { DescribeSecretResponse } from '@aws-sdk/client-secrets-manager';
import { holds, isClaimedBy, type Ownership, readOwnership, type Tags, wasAdopted } from './ownership';
import type { DeclaredSecret, Requester } from './request';

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

export function existingSecret(described: DescribeSecretResponse): ExistingSecret {
  const arn = described.ARN ?? '';
  const tags = Object.fromEntries((described.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  const primaryRegion = described.PrimaryRegion;
  return {
    arn,
    name: described.Name ?? '',
    deletedDate: described.DeletedDate,
    description: described.Description ?? '',
    kmsKeyId: described.KmsKeyId || undefined,
    tags,
    ownership: readOwnership(tags),
    versions: described.VersionIdsToStages ?? {},
    replicas: (described.ReplicationStatus ?? []).map((replica) => ({
      region: replica.Region ?? '',
      status: replica.Status ?? '',
      statusMessage: replica.StatusMessage ?? '',
      kmsKeyId: replica.KmsKeyId || undefined,
    })),
    replicaOf: primaryRegion && primaryRegion !== arn.split(':')[3] ? primaryRegion : undefined,
    managedBy: described.OwningService || undefined,
  };
}

/** What to do with a name that a resource wants to hold. */
export type Acquisition =
  | { readonly action: 'create' }
  | { readonly action: 'restore' | 'adopt'; readonly secret: ExistingSecret }
  /** The very request, or this resource's own earlier one, was carried out before: only complete it. */
  | { readonly action: 'resume'; readonly secret: ExistingSecret }
  /** A rollback leads back to a secret that is in other hands: they give it back, or keep it. */
  | { readonly action: 'leave'; readonly secret: ExistingSecret }
  | { readonly action: 'refuse'; readonly reason: string };

/**
 * The decision table for a Create, and for an Update that changes the name.
 *
 * @param returning Whether a rollback leads the resource back to this name
 */
export function decideAcquisition(
  found: ExistingSecret | undefined,
  declared: DeclaredSecret,
  requester: Requester,
  returning: boolean,
): Acquisition {
  if (!found) return { action: 'create' };
  const { ownership } = found;
  const what = `secret '${found.name}'`;
  if (found.replicaOf) {
    return refuse(
      `${what} is the replica of a secret in ${found.replicaOf}; nothing was changed; deploy to ${found.replicaOf}, ` +
        'promote the replica with stop-replication-to-replica, or choose another secretName',
    );
  }
  if (found.managedBy) {
    return refuse(`${what} is managed by ${found.managedBy}; nothing was changed; choose another secretName`);
  }

  const held = holds(requester, ownership);
  const sameRequest = isClaimedBy(requester, ownership);
  const owned = ownership.owner === declared.owner;
  if (found.deletedDate) {
    if (sameRequest) {
      return refuse(
        `${what} was scheduled for deletion after this request had got hold of it; nothing was changed; deploy again ` +
          'to have it restored',
      );
    }
    if (mayRestore(found, declared)) return { action: 'restore', secret: found };
    const state = `${what} is scheduled for deletion (deletion date ${found.deletedDate.toISOString().slice(0, 10)})`;
    return refuse(
      declared.restorePolicy === 'NEVER'
        ? `${state}, belongs to ${ownerText(ownership)}, and restorePolicy is NEVER; nothing was changed; to restore ` +
            `it set restorePolicy: RestorePolicy.${owned ? 'IF_OWNED' : 'ALWAYS'}, otherwise choose another secretName`
        : `${state} and belongs to ${ownerText(ownership)}, not to '${declared.owner}'; nothing was changed; to ` +
            'restore and own it set restorePolicy: RestorePolicy.ALWAYS, otherwise choose another secretName',
    );
  }
  if (sameRequest) return { action: 'resume', secret: found };
  if (returning) return { action: held && owned ? 'resume' : 'leave', secret: found };
  if (declared.existingSecretPolicy === 'ADOPT' || (declared.existingSecretPolicy === 'ADOPT_IF_OWNED' && owned)) {
    return { action: 'adopt', secret: found };
  }
  return refuse(
    declared.existingSecretPolicy === 'FAIL'
      ? `${what} exists already and existingSecretPolicy is FAIL; nothing was changed; to take it over set ` +
          'existingSecretPolicy: ExistingSecretPolicy.ADOPT, otherwise choose another secretName'
      : `${what} exists already and belongs to ${ownerText(ownership)}, not to '${declared.owner}'; nothing was ` +
          'changed; to take it over set existingSecretPolicy: ExistingSecretPolicy.ADOPT, otherwise choose another ' +
          'secretName',
  );
}

/** Whether the policy lets the resource restore the secret, if it is scheduled for deletion. */
export function mayRestore({ ownership }: ExistingSecret, { restorePolicy, owner }: DeclaredSecret): boolean {
  return restorePolicy === 'ALWAYS' || (restorePolicy === 'IF_OWNED' && ownership.owner === owner);
}

/** What to do with the secret of a resource that changes and keeps its name. */
export type Revision =
  | { readonly action: 'reconcile' | 'restore'; readonly secret: ExistingSecret }
  | { readonly action: 'refuse'; readonly reason: string };

export function decideRevision(
  found: ExistingSecret | undefined,
  declared: DeclaredSecret,
  before: DeclaredSecret,
  requester: Requester,
): Revision {
  const what = `secret '${declared.name}'`;
  if (declared.type !== before.type) {
    return refuse(`the type of ${what} cannot be changed; nothing was changed; choose another secretName with it`);
  }
  if (!found) {
    return refuse(
      `${what} is gone for good, somebody deleted it without recovery; nothing was changed; to have a new one, remove ` +
        'it from the stack and deploy, then add it again, or change secretName',
    );
  }
  const { ownership } = found;
  if (!holds(requester, ownership) || (ownership.owner !== declared.owner && ownership.owner !== before.owner)) {
    return refuse(
      `${what} is held by ${ownership.logicalId ?? 'nobody'} in ${ownership.stackId ?? 'no stack'} and belongs to ` +
        `${ownerText(ownership)}; nothing was changed; remove it from this stack, which leaves the secret alone`,
    );
  }
  return { action: found.deletedDate ? 'restore' : 'reconcile', secret: found };
}

/** What to do with a secret whose resource goes away. */
export type Removal =
  | { readonly action: 'schedule' | 'force' | 'return'; readonly secret: ExistingSecret }
  /** Back to the owner before, and scheduled as it was found; restored for that if need be. */
  | { readonly action: 'return-and-schedule'; readonly secret: ExistingSecret }
  | { readonly action: 'leave'; readonly why: string };

/**
 * The decision table for a Delete.
 *
 * @param undoes Whether the Delete undoes a failed deployment, instead of tearing something down
 */
export function decideRemoval(
  found: ExistingSecret | undefined,
  declared: DeclaredSecret,
  requester: Requester,
  undoes: boolean,
): Removal {
  if (!found) return { action: 'leave', why: 'it does not exist' };
  if (found.deletedDate && !(undoes && isScheduledAsTaken(found))) {
    return { action: 'leave', why: 'it is scheduled for deletion already' };
  }
  if (found.replicaOf) return { action: 'leave', why: `it is a replica of a secret in ${found.replicaOf}` };
  const { ownership } = found;
  if (!holdsForGood(found, declared, requester)) {
    return {
      action: 'leave',
      why: `it is held by ${ownership.logicalId ?? 'nobody'} of ${ownership.stackId ?? 'no stack'}`,
    };
  }
  if (undoes && wasAdopted(ownership)) return { action: 'return', secret: found };
  if (undoes && ownership.previous) return { action: 'return-and-schedule', secret: found };
  return { action: declared.forceDeleteWithoutRecovery && !undoes ? 'force' : 'schedule', secret: found };
}

/** Whether a rollback and a teardown would be answered differently, so that the stack must be asked. */
export function removalDependsOnStack(
  found: ExistingSecret | undefined,
  declared: DeclaredSecret,
  requester: Requester,
): boolean {
  if (!found || !holdsForGood(found, declared, requester)) return false;
  if (found.deletedDate) return isScheduledAsTaken(found);
  const { origin, previous } = found.ownership;
  const wroteValue = origin !== undefined && origin.outcome !== 'CREATED' && origin.requestId in found.versions;
  const taken = previous !== undefined || wasAdopted(found.ownership);
  return declared.forceDeleteWithoutRecovery || taken || wroteValue;
}

/**
 * Of two deliveries of a Create at the same time, one that fails may schedule what the other one has just claimed. A
 * scheduled secret cannot be tagged, so its owner has not been given back then.
 */
function isScheduledAsTaken({ ownership: { owner, previous, origin } }: ExistingSecret): boolean {
  return origin?.outcome === 'RESTORED' && previous !== undefined && owner !== (previous.owner || undefined);
}

/** The owner may be the one before already: an earlier delivery can have ended after it gave the owner back. */
export function holdsForGood({ ownership }: ExistingSecret, declared: DeclaredSecret, requester: Requester): boolean {
  const { owner, previous } = ownership;
  return (
    holds(requester, ownership) &&
    (owner === declared.owner || (previous !== undefined && owner === (previous.owner || undefined)))
  );
}

function refuse(reason: string): { readonly action: 'refuse'; readonly reason: string } {
  return { action: 'refuse', reason };
}

function ownerText(ownership: Ownership): string {
  return ownership.owner === undefined ? 'no owner that this library knows' : `owner '${ownership.owner}'`;
}
