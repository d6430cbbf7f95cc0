import { type Refused, refuseCrossAccount, refuseGone, refuseLostTags, refuseNotHeld } from '../messages';
import type { DeclaredSecret, Requester } from '../model/declared-secret';
import { hasLostTags, holds } from '../model/ownership';
import { type ExistingSecret, isLive } from '../model/secret';

/** What to do with the secret of a resource that changes and keeps its name. */
export type Revision = { readonly action: 'reconcile' | 'restore'; readonly secret: ExistingSecret } | Refused;

export function decideRevision(
  found: ExistingSecret | undefined,
  declared: DeclaredSecret,
  before: DeclaredSecret,
  requester: Requester,
): Revision {
  if (!found) return refuseGone(declared);
  // @defence cross-account-update
  if (found.sharedWithAccounts.length > 0) return refuseCrossAccount(found);
  const owners = [declared.owner, before.owner];
  const held = holds(requester, found.ownership) && owners.includes(found.ownership.owner ?? '');
  if (!held) {
    if (!hasLostTags(requester, owners, found.ownership)) return refuseNotHeld(declared, found.ownership);
    // IAM lets the function tag it only by what is left of the tags, or by name.
    const { owner, stackId } = found.ownership;
    const all = owner === undefined && stackId === undefined;
    const optedIn = isLive(found) ? declared.existingSecretPolicy === 'ADOPT' : declared.restorePolicy === 'ALWAYS';
    if (all && !optedIn) return refuseLostTags(found, declared, requester);
  }
  return { action: found.deletedDate ? 'restore' : 'reconcile', secret: found };
}
