import { type Outcome, OWNERSHIP_TAG, OWNERSHIP_TAG_PREFIX, RETURNED } from '../../private/contract';
import type { Requester } from './declared-secret';

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
  /** When, in milliseconds since 1970. */
  readonly at: number;
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
  if (outcome === RETURNED && previous) {
    return { owner, stackId: previous.stackId || undefined, logicalId: previous.logicalId || undefined };
  }
  return {
    owner,
    stackId: tags[OWNERSHIP_TAG.stackId],
    logicalId: tags[OWNERSHIP_TAG.logicalId],
    origin:
      outcome && requestId
        ? {
            outcome: tags[OWNERSHIP_TAG.restoredBy] === requestId ? 'RESTORED' : (outcome as Outcome),
            requestId,
            at: Date.parse(at) || 0,
          }
        : undefined,
    previous,
  };
}

/** Whether exactly this resource of this stack holds the secret. */
export function holds(requester: Requester, ownership: Ownership): boolean {
  return ownership.stackId === requester.stackId && ownership.logicalId === requester.logicalId;
}

/** Where nobody can tell, the secret must not be scheduled by a rollback. */
export function wasAdopted({ origin }: Ownership): boolean {
  return (origin?.outcome ?? 'ADOPTED') === 'ADOPTED';
}

/** Whether somebody gives the secret back right now, or could not take all tags of the take-over off. */
export function isBeingReturned(tags: Tags): boolean {
  return tags[OWNERSHIP_TAG.origin] === RETURNED;
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

/** The tags of a new holder. With `takenFrom`, they also remember the one before, so that a rollback can return it. */
export function claim(owner: string, requester: Requester, outcome: Outcome, at: number, takenFrom?: Ownership): Tags {
  const before = takenFrom && holderIn(takenFrom);
  return {
    [OWNERSHIP_TAG.owner]: owner,
    [OWNERSHIP_TAG.stackId]: requester.stackId,
    [OWNERSHIP_TAG.logicalId]: requester.logicalId,
    [OWNERSHIP_TAG.origin]: `${outcome} ${requester.requestId} ${new Date(at).toISOString()}`,
    ...(outcome === 'RESTORED' && { [OWNERSHIP_TAG.restoredBy]: requester.requestId }),
    ...(before && {
      [OWNERSHIP_TAG.previousOwner]: before.owner,
      [OWNERSHIP_TAG.previousStackId]: before.stackId,
      [OWNERSHIP_TAG.previousLogicalId]: before.logicalId,
    }),
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

/** The tags as they were before the take-over, and the keys that were not there. */
export function tagsBefore(previous: Holder): { readonly set: Tags; readonly remove: readonly string[] } {
  const set: Tags = {
    ...ownerTag(previous),
    ...(previous.stackId && { [OWNERSHIP_TAG.stackId]: previous.stackId }),
    ...(previous.logicalId && { [OWNERSHIP_TAG.logicalId]: previous.logicalId }),
  };
  return { set, remove: Object.values(OWNERSHIP_TAG).filter((key) => !(key in set)) };
}

/** Empty for a secret that nobody owned. */
export function ownerTag({ owner }: Pick<Holder, 'owner'>): Tags {
  return owner ? { [OWNERSHIP_TAG.owner]: owner } : {};
}

/** The ownership tags among all tags of a secret, with the owner that it is to have. */
export function ownedBy(owner: string, tags: Tags): Tags {
  const own = Object.entries(tags).filter(([key]) => key.startsWith(OWNERSHIP_TAG_PREFIX));
  return { ...Object.fromEntries(own), [OWNERSHIP_TAG.owner]: owner };
}
