import type { DeclaredSecret, Requester } from '../model/declared-secret';
import { holds, wasAdopted } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';

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
