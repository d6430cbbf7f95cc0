import type { DeclaredSecret, Requester } from '../model/declared-secret';
import { holds, isClaimedBy } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';
import { ownerText, refuse } from './refusals';

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
