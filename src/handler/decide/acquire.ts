import {
  type Refused,
  refuseCrossAccount,
  refuseHeldElsewhere,
  refuseHeldHere,
  refuseLive,
  refuseManaged,
  refuseReplica,
  refuseScheduled,
} from '../messages';
import type { DeclaredSecret, Requester } from '../model/declared-secret';
import { holds, isClaimedBy } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';

/** Which way a deployment goes. A rollback leads back to the secret of `knownId`, as far as CloudFormation knows. */
export type Direction =
  | { readonly kind: 'forward' }
  | {
      readonly kind: 'rollback';
      readonly knownId: string;
    };

/** What to do with a name that a resource wants to hold. */
export type Acquisition =
  | { readonly action: 'create' }
  | { readonly action: 'restore' | 'adopt'; readonly secret: ExistingSecret }
  /** The very request, or this resource's own earlier one, was carried out before: only complete it. */
  | { readonly action: 'resume'; readonly secret: ExistingSecret }
  /** A rollback leads back to a secret that is in other hands: they give it back, or keep it. */
  | { readonly action: 'leave'; readonly secret: ExistingSecret; readonly why: string }
  | Refused;

/** The decision table for a Create, and for an Update that changes the name. */
export function decideAcquisition(
  found: ExistingSecret | undefined,
  declared: DeclaredSecret,
  requester: Requester,
  direction: Direction['kind'],
): Acquisition {
  if (!found) return { action: 'create' };
  // @defence replica
  if (found.replicaOf) return refuseReplica(found);
  // @defence cross-account
  if (found.sharedWithAccounts.length > 0) return refuseCrossAccount(found);
  // @defence managed
  if (found.managedBy) return refuseManaged(found);

  const owned = found.ownership.owner === declared.owner;
  const sameRequest = isClaimedBy(requester, found.ownership);
  if (found.deletedDate) {
    return mayRestore(found, declared) ? { action: 'restore', secret: found } : refuseScheduled(found, declared);
  }
  if (sameRequest) return { action: 'resume', secret: found };
  if (direction === 'rollback') {
    if (owned && holds(requester, found.ownership)) return { action: 'resume', secret: found };
    return { action: 'leave', secret: found, why: 'the rollback leads back to a secret that is in other hands' };
  }
  const { existingSecretPolicy: policy } = declared;
  if (policy === 'ADOPT' || (policy === 'ADOPT_IF_OWNED' && owned)) return { action: 'adopt', secret: found };
  return refuseLive(found, declared);
}

/** Whether the policy lets the resource restore the secret, if it is scheduled for deletion. */
export function mayRestore({ ownership }: ExistingSecret, { restorePolicy, owner }: DeclaredSecret): boolean {
  return restorePolicy === 'ALWAYS' || (restorePolicy === 'IF_OWNED' && ownership.owner === owner);
}

/** Where the resource that holds a live secret is, and whether it stays there. */
export type HolderNow =
  /** No resource holds it any more, or the one that does leaves its stack with this deployment. */
  | 'gone'
  | 'in this stack'
  | 'in another stack'
  /** In another stack, and both of them declare the same owner, in order to hand secrets over. */
  | 'with the same owner';

/** What is against taking a live secret over, by who holds it now. */
export function refusalOfTakeOver(
  secret: ExistingSecret,
  declared: DeclaredSecret,
  holder: HolderNow,
): Refused | undefined {
  if (holder === 'in this stack') return refuseHeldHere(secret);
  if (holder === 'in another stack' && declared.existingSecretPolicy !== 'ADOPT') return refuseHeldElsewhere(secret);
  return undefined;
}
