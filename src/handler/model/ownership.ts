import { NO_WINDOW, type Outcome, OWNERSHIP_TAG, OWNERSHIP_TAG_PREFIX, RETURNED } from '../../private/contract';
import type { DeclaredSecret, Requester } from './declared-secret';
import { keptProtection } from './purge-protection';

/** The ownership tags of a secret, read. */
export interface Ownership {
  readonly owner?: string;
  readonly stackId?: string;
  readonly logicalId?: string;
  readonly origin?: Origin;
  /** Who held the secret before it was taken over. */
  readonly previous?: Holder;
}

/** Members are empty where nobody held the secret. */
export interface Holder {
  readonly owner: string;
  readonly stackId: string;
  readonly logicalId: string;
}

/** How the holder came by the secret, and the request that did it. */
export interface Origin {
  readonly outcome: Outcome;
  readonly requestId: string;
  /** When CloudFormation sent the request, in milliseconds since 1970; undefined when it did not say. */
  readonly at?: number;
}

export type Tags = Readonly<Record<string, string>>;

export function readOwnership(tags: Tags): Ownership {
  const owner = tags[OWNERSHIP_TAG.owner];
  const [outcome, requestId, at] = (tags[OWNERSHIP_TAG.origin] ?? '').split(' ');
  const previousOwner = tags[OWNERSHIP_TAG.previousOwner];
  const previous =
    previousOwner === undefined
      ? undefined
      : {
          owner: previousOwner,
          stackId: tags[OWNERSHIP_TAG.previousStackId] ?? '',
          logicalId: tags[OWNERSHIP_TAG.previousLogicalId] ?? '',
        };
  // @defence read-returned
  if (outcome === RETURNED && previous) {
    return { owner, stackId: previous.stackId || undefined, logicalId: previous.logicalId || undefined };
  }
  // @defence restored-by: const restored = undefined
  const restored = tags[OWNERSHIP_TAG.restoredBy] === requestId ? 'RESTORED' : undefined;
  return {
    owner,
    stackId: tags[OWNERSHIP_TAG.stackId],
    logicalId: tags[OWNERSHIP_TAG.logicalId],
    origin:
      outcome && requestId
        ? { outcome: restored ?? (outcome as Outcome), requestId, at: Date.parse(at) || undefined }
        : undefined,
    previous,
  };
}

/** Whether exactly this resource of this stack holds the secret. */
export function holds(requester: Requester, ownership: Ownership): boolean {
  return ownership.stackId === requester.stackId && ownership.logicalId === requester.logicalId;
}

/** Whether the secret is in the hands of this very request. */
export function isClaimedBy(requester: Requester, ownership: Ownership): boolean {
  return holds(requester, ownership) && ownership.origin?.requestId === requester.requestId;
}

/** Whether the same request has given the secret to the same resource; the owner may have changed with an update. */
export function isSameClaim(now: Ownership, then: Ownership): boolean {
  return (
    now.stackId === then.stackId && now.logicalId === then.logicalId && now.origin?.requestId === then.origin?.requestId
  );
}

/**
 * Whether nobody else has got hold of the secret. Another delivery may have given it back since, and then the tags do not
 * say any more how the holder came by it. Whoever held it and lost it again is the previous holder.
 */
export function isSameHolder(now: Ownership, then: Ownership): boolean {
  const isSame = isSameClaim(now, then) && JSON.stringify(now.previous) === JSON.stringify(then.previous);
  const sameResource = now.stackId === then.stackId && now.logicalId === then.logicalId;
  // @defence holder-without-origin: const wasReturned = false
  const wasReturned = sameResource && now.origin === undefined;
  return now.owner === then.owner && (isSame || wasReturned);
}

/** Whether this resource holds the secret, in the name of its owner. */
export function holdsAsOwner(requester: Requester, { owner }: DeclaredSecret, ownership: Ownership): boolean {
  return holds(requester, ownership) && ownership.owner === owner;
}

/**
 * Whether a secret that CloudFormation knows as this resource's has lost tags that say so, and none says otherwise:
 * tagging tools take away what they do not know.
 */
export function hasLostTags(requester: Requester, owners: readonly string[], ownership: Ownership): boolean {
  const agrees = (tag: string | undefined, ...expected: readonly string[]) =>
    tag === undefined || expected.includes(tag);
  const lost = [ownership.owner, ownership.stackId, ownership.logicalId].includes(undefined);
  return (
    lost &&
    agrees(ownership.owner, ...owners) &&
    agrees(ownership.stackId, requester.stackId) &&
    agrees(ownership.logicalId, requester.logicalId)
  );
}

/** Whether somebody gives the secret back right now, or could not take all tags of the take-over off. */
export function isBeingReturned(tags: Tags): boolean {
  return tags[OWNERSHIP_TAG.origin] === RETURNED;
}

/** The tags of a new holder. With `takenFrom`, they also remember the one before, so that a rollback can return it. */
export function claim(declared: DeclaredSecret, requester: Requester, outcome: Outcome, takenFrom?: Ownership): Tags {
  const { requestId, sentAt } = requester;
  const sent = sentAt === undefined ? [] : [new Date(sentAt).toISOString()];
  const before = takenFrom && holderBefore(requester, takenFrom);
  return {
    ...heldBy(declared, requester),
    [OWNERSHIP_TAG.origin]: [outcome, requestId, ...sent].join(' '),
    ...(outcome === 'RESTORED' && restoredBy(requester)),
    ...(before && {
      [OWNERSHIP_TAG.previousOwner]: before.owner,
      [OWNERSHIP_TAG.previousStackId]: before.stackId,
      [OWNERSHIP_TAG.previousLogicalId]: before.logicalId,
    }),
  };
}

/** Tells a rollback that the request restored the secret, also where another delivery of it found it live. */
export function restoredBy({ requestId }: Pick<Requester, 'requestId'>): Tags {
  return { [OWNERSHIP_TAG.restoredBy]: requestId };
}

/** The ownership tags of a secret that its resource goes on to hold. */
export function stillHeld(declared: DeclaredSecret, requester: Requester, tags: Tags): Tags {
  // What is left of a take-over that was given back would say that it is somebody else's.
  // @defence forgets-being-returned: const isReturned = false
  const isReturned = isBeingReturned(tags);
  const own = Object.entries(tags).filter(([key]) => key.startsWith(OWNERSHIP_TAG_PREFIX) && !isReturned);
  return { ...Object.fromEntries(own), ...heldBy(declared, requester), ...keptProtection(declared, tags) };
}

function heldBy(declared: DeclaredSecret, requester: Requester): Tags {
  return {
    [OWNERSHIP_TAG.owner]: declared.owner,
    [OWNERSHIP_TAG.stackId]: requester.stackId,
    [OWNERSHIP_TAG.logicalId]: requester.logicalId,
    [OWNERSHIP_TAG.recoveryWindow]: declared.forceDeleteWithoutRecovery
      ? NO_WINDOW
      : `${declared.recoveryWindowInDays}`,
  };
}

/** Who held the secret before this request: by its tags then. */
export function holderBefore(requester: Requester, then: Ownership): Holder | undefined {
  return isClaimedBy(requester, then) ? then.previous : holderIn(then);
}

function holderIn({ owner = '', stackId = '', logicalId = '' }: Ownership): Holder {
  return { owner, stackId, logicalId };
}

/** The tags that give a secret back in one step, and leave the right to do the rest. */
export function returnTo(previous: Holder): Tags {
  return { ...ownerTag(previous), [OWNERSHIP_TAG.origin]: RETURNED };
}

/** The tags as they were before the take-over, and the keys that were not there; but for what the protection needs. */
export function tagsBefore(previous: Holder): { readonly set: Tags; readonly remove: readonly string[] } {
  const set: Tags = {
    ...ownerTag(previous),
    ...(previous.stackId && { [OWNERSHIP_TAG.stackId]: previous.stackId }),
    ...(previous.logicalId && { [OWNERSHIP_TAG.logicalId]: previous.logicalId }),
  };
  const kept: readonly string[] = [...Object.keys(set), OWNERSHIP_TAG.purgeProtection];
  return { set, remove: Object.values(OWNERSHIP_TAG).filter((key) => !kept.includes(key)) };
}

/** Empty for a secret that nobody owned. */
export function ownerTag({ owner }: Pick<Holder, 'owner'>): Tags {
  return owner ? { [OWNERSHIP_TAG.owner]: owner } : {};
}
