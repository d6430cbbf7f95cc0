import type { DeclaredSecret, Requester } from '../model/declared-secret';
import { holds } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';
import { ownerText, refuse } from './refusals';

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
