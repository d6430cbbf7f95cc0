import { NO_WINDOW, OWNERSHIP_TAG } from '../../private/contract';
import type { DeclaredSecret, Requester } from '../model/declared-secret';
import type { Deployment } from '../model/deployment';
import {
  type Holder,
  hasLostTags,
  holderBefore,
  holds,
  holdsAsOwner,
  isClaimedBy,
  isSameHolder,
  type Ownership,
} from '../model/ownership';
import { formerProtection, isProtected, type Protection, scheduledProtection } from '../model/purge-protection';
import { type ExistingSecret, isLive } from '../model/secret';
import { isWrittenBy, isWrittenSince, versionWith } from '../model/versions';

/** Why a secret is let go of, and what became of the deployment that got hold of it where the decision depends on that. */
export type Reason =
  /** Its resource goes away: in a teardown, or in the rollback of the deployment that made the resource. */
  | { readonly kind: 'removal'; readonly deployment?: Deployment }
  /** A deployment failed, and CloudFormation may not know what it got hold of. */
  | { readonly kind: 'failed deployment'; readonly deployment?: Deployment }
  /** A request failed or was withdrawn. */
  | { readonly kind: 'failed request'; readonly requestId: string; readonly memory?: Memory };

/** What only the delivery knows that got hold of the secret; a later request has no such memory. */
export interface Memory {
  readonly intended: 'CREATED' | 'RESTORED' | 'ADOPTED';
  /** The secret as it was before; undefined for one that was created. */
  readonly found?: ExistingSecret;
}

/** What to do with a secret that is let go of; `undoVersion` makes way for the version before. */
export type Release =
  | { readonly do: 'leave'; readonly why: string; readonly undoVersion?: string }
  /** It stays live, with the holder before. */
  | {
      readonly do: 'give-back';
      readonly to: Holder;
      readonly protection: Protection;
      readonly undoVersion?: string;
    }
  /** With its window, and as the property of the owner before where it was taken from one. */
  | {
      readonly do: 'schedule';
      readonly ownerTo?: Holder;
      readonly protection: Protection;
      readonly undoVersion?: string;
      readonly restoreFirst?: true;
    }
  | { readonly do: 'force' };

/**
 * The decision table for everything that lets go of a secret.
 *
 * A deployment that never completed gives back what it took, and takes nothing for good, whatever CloudFormation calls
 * the end of its resources.
 */
export function decideRelease(
  found: ExistingSecret | undefined,
  declared: DeclaredSecret,
  requester: Requester,
  reason: Reason,
): Release {
  if (!found) return leave('it does not exist');
  if (found.replicaOf) return leave(`it is a replica of a secret in ${found.replicaOf}`);
  const { ownership } = found;
  const undone = isUndone(ownership, reason);
  const protection = undone ? protectionBefore(found, declared) : scheduledProtection(declared);
  if (!isLive(found)) {
    // A Create that comes late cannot tell it from what it once completed, and was deleted since.
    // @defence late-create: const mayBeMine = holdsAsOwner(requester, declared, ownership)
    const mayBeMine = requester.type !== 'Create' && holdsAsOwner(requester, declared, ownership);
    // @defence scheduled-as-taken
    if (undone && mayBeMine && isScheduledAsTaken(ownership)) {
      return { do: 'schedule', ownerTo: ownership.previous, protection, restoreFirst: true };
    }
    return leave('it is scheduled for deletion already');
  }
  const memory = reason.kind === 'failed request' ? reason.memory : undefined;
  // Claimed or not: a delivery that was overtaken may still have written its value. A new secret has no value before.
  // @defence undo-overtaken-value: const own = undefined
  const own = reason.kind === 'failed request' && memory?.found ? currentOf(found, reason.requestId) : undefined;
  if (!isOurs(found, declared, requester, reason, undone)) {
    // Restored, but not claimed: still ours to put back, unless somebody else was faster.
    const untouched = memory?.found !== undefined && isSameHolder(ownership, memory.found.ownership);
    // @defence undo-unclaimed
    if (untouched && memory?.intended === 'RESTORED')
      return { do: 'schedule', protection: undefined, undoVersion: own };
    return leave(`it is held by ${ownership.logicalId ?? 'nobody'} of ${ownership.stackId ?? 'no stack'}`, own);
  }
  // @defence gives-back
  if (undone) {
    const undoVersion = own ?? versionToUndo(found, reason);
    if (!wasAdopted(ownership, memory)) return { do: 'schedule', ownerTo: ownership.previous, protection, undoVersion };
    const before = ownership.previous ?? (memory?.found && holderBefore(requester, memory.found.ownership));
    return before
      ? { do: 'give-back', to: before, protection, undoVersion }
      : leave('nobody can tell whose it was', undoVersion);
  }
  // @defence held-before-deployment: if (reason.kind === 'failed deployment') return { do: 'schedule', protection }
  if (reason.kind === 'failed deployment') return leave('it was held before the deployment that failed');
  // @defence held-before-request: if (reason.kind === 'failed request') return { do: 'schedule', protection }
  if (reason.kind === 'failed request') return leave('the request that failed did not get hold of it', own);
  const forced = declared.forceDeleteWithoutRecovery && mayForce(found, requester, reason);
  return forced ? { do: 'force' } : { do: 'schedule', protection };
}

/** Whether the decision depends on what became of the deployment that got hold of the secret. */
export function dependsOnDeployment(
  found: ExistingSecret | undefined,
  declared: DeclaredSecret,
  requester: Requester,
  reason: Reason,
): found is ExistingSecret {
  if (reason.kind === 'failed request' || !found) return false;
  const { ownership } = found;
  if (!isHeld(found, declared, requester)) return holds(requester, ownership);
  if (reason.kind === 'failed deployment') return true;
  if (!isLive(found)) return isScheduledAsTaken(ownership);
  return (
    declared.forceDeleteWithoutRecovery ||
    ownership.previous !== undefined ||
    wasAdopted(ownership) ||
    versionToUndo(found, reason) !== undefined ||
    protectionBefore(found, declared) !== scheduledProtection(declared)
  );
}

/** The current version, where it was written since the resource got hold of the secret. A new one has no value before. */
function versionToUndo(found: ExistingSecret, reason: Reason): string | undefined {
  const { origin } = found.ownership;
  if (!origin || origin.outcome === 'CREATED') return undefined;
  // What came later may be of a deployment that completed.
  // @defence value-of-unknown-deployment
  if (isUnknown(reason)) return currentOf(found, origin.requestId);
  const current = versionWith('AWSCURRENT', found) ?? '';
  // @defence value-of-later-attempt: return currentOf(found, origin.requestId)
  return isWrittenSince(origin, current) ? current : undefined;
}

/** The current version, where this request wrote it. */
function currentOf(found: ExistingSecret, requestId: string): string | undefined {
  const current = versionWith('AWSCURRENT', found) ?? '';
  return isWrittenBy(requestId, current) ? current : undefined;
}

/** A new secret has no time before. */
function protectionBefore({ ownership, tags }: ExistingSecret, declared: DeclaredSecret): Protection {
  return ownership.origin?.outcome === 'CREATED' ? scheduledProtection(declared) : formerProtection(tags);
}

/** Whether the deployment in which this resource got hold of the secret is the one that did not complete. */
function isUndone({ origin }: Ownership, reason: Reason): boolean {
  if (reason.kind === 'failed request') {
    return origin === undefined ? reason.memory !== undefined : origin.requestId === reason.requestId;
  }
  // What an earlier deployment left behind that failed is not for this one to tidy up.
  // @defence left-by-earlier-deployment: if (reason.kind === 'failed deployment') return reason.deployment?.outcome !== 'completed'
  if (reason.kind === 'failed deployment') return reason.deployment?.outcome === 'under way';
  return reason.deployment !== undefined && reason.deployment.outcome !== 'completed';
}

/** Where the function may not see the events of its stack. What it took is then given back, and nothing is forced. */
function isUnknown(reason: Reason): boolean {
  return reason.kind !== 'failed request' && reason.deployment?.outcome === 'unknown';
}

function isOurs(
  found: ExistingSecret,
  declared: DeclaredSecret,
  requester: Requester,
  reason: Reason,
  undone: boolean,
): boolean {
  const { ownership } = found;
  const remembers = reason.kind === 'failed request' && reason.memory !== undefined;
  if (remembers && !isClaimedBy(requester, ownership)) {
    if (ownership.origin) return false;
    // Another delivery that gives the secret back takes tags off, and may leave some of a claim that came in between.
    // @defence undo-without-origin: return false
    return holdsAsOwner(requester, declared, ownership) || hasLostTags(requester, [declared.owner], ownership);
  }
  // The owner may be the one before already, or one of an attempt that failed, which CloudFormation does not name.
  // @defence owner-of-an-attempt: return isHeld(found, declared, requester)
  return isHeld(found, declared, requester) || (undone && holds(requester, ownership));
}

/** By its tags, or by what a tagging tool has left of them. */
function isHeld({ ownership }: ExistingSecret, declared: DeclaredSecret, requester: Requester): boolean {
  if (holdsAsOwner(requester, declared, ownership)) return true;
  const { owner, stackId } = ownership;
  return (owner ?? stackId) !== undefined && hasLostTags(requester, [declared.owner], ownership);
}

/** Where nobody can tell, the secret was somebody's before. */
function wasAdopted({ origin }: Ownership, memory?: Memory): boolean {
  if (memory && memory.intended !== 'ADOPTED') return false;
  // Of two deliveries at the same time one may have restored what the other one found live, and then adopts.
  return (origin?.outcome ?? 'ADOPTED') === 'ADOPTED';
}

/**
 * Of two deliveries of a Create at the same time, one that fails may schedule what the other one has just claimed. A
 * scheduled secret cannot be tagged, so its owner has not been given back then.
 */
function isScheduledAsTaken({ owner, previous, origin }: Ownership): boolean {
  return origin !== undefined && previous !== undefined && owner !== (previous.owner || undefined);
}

/** Only what a deployment that completed has asked for, and where the tags are as IAM and the secret's policy want them. */
function mayForce({ tags }: ExistingSecret, requester: Requester, reason: Reason & { kind: 'removal' }): boolean {
  // @defence force-as-tagged: const isPermitted = true
  const isPermitted =
    tags[OWNERSHIP_TAG.recoveryWindow] === NO_WINDOW &&
    tags[OWNERSHIP_TAG.stackId] === requester.stackId &&
    !isProtected(tags);
  // @defence force-only-idle: return isPermitted
  return isPermitted && reason.deployment?.idle === true;
}

function leave(why: string, undoVersion?: string): Release {
  return { do: 'leave', why, undoVersion };
}
