import { OWNERSHIP_TAG, PURGE_DENIAL, PURGE_DENIAL_SID } from '../../private/contract';
import type { DeclaredSecret } from './declared-secret';
import type { Tags } from './ownership';

/*
 * While a secret is protected, its resource policy lets nobody delete it for good. Of a secret that is scheduled for
 * deletion nobody can see or change the policy, so a tag says whether there is one of the function's, and whether there
 * was one before the holder got the secret: what a failed deployment has to come back to.
 */

const VALUE = { kept: 'on', added: 'new', taken: 'off' } as const;

export function isProtected({ [OWNERSHIP_TAG.purgeProtection]: value }: Tags): boolean {
  return value === VALUE.kept || value === VALUE.added;
}

function wasProtected({ [OWNERSHIP_TAG.purgeProtection]: value }: Tags): boolean {
  return value === VALUE.kept || value === VALUE.taken;
}

/** Empty for a secret that is not protected, and was not. */
function protectionTag(is: boolean, was: boolean): Tags {
  const [whenWas, whenNot] = is ? [VALUE.kept, VALUE.added] : [VALUE.taken, undefined];
  const value = was ? whenWas : whenNot;
  return value === undefined ? {} : { [OWNERSHIP_TAG.purgeProtection]: value };
}

/** The tag of a secret that a holder gets. Until its policy has been taken off, it says that there is one. */
export function claimedProtection({ purgeProtection }: DeclaredSecret, found: Tags): Tags {
  const was = isProtected(found);
  return protectionTag(was || purgeProtection !== 'NONE', was);
}

/** The tag of a secret that its holder keeps. */
export function keptProtection({ purgeProtection }: DeclaredSecret, tags: Tags): Tags {
  return protectionTag(isProtected(tags) || purgeProtection !== 'NONE', wasProtected(tags));
}

/** The tag when the policy has been taken off. */
export function endedProtection(tags: Tags): Tags {
  return protectionTag(false, wasProtected(tags));
}

/** The tag of a secret that is let go of. */
export const PROTECTED: Tags = protectionTag(true, true);

/** What is to become of the policy; undefined to leave it as it is. */
export type Protection =
  | 'on'
  | 'off'
  /** A policy of the template protects: CloudFormation refuses it where there is another one. */
  | 'by template'
  | undefined;

/** While the secret is live. */
export function liveProtection({ purgeProtection }: DeclaredSecret, tags: Tags, before?: DeclaredSecret): Protection {
  if (purgeProtection !== 'NONE') return purgeProtection === 'ALWAYS' ? 'on' : 'by template';
  const wasDeclared = before !== undefined && before.purgeProtection !== 'NONE';
  return isProtected(tags) || wasDeclared ? 'off' : undefined;
}

/** While it is scheduled, when its holder has let go of it. */
export function scheduledProtection({ purgeProtection }: DeclaredSecret): Protection {
  return purgeProtection === 'NONE' ? undefined : 'on';
}

/** As it was before the holder got the secret. */
export function formerProtection(tags: Tags): Protection {
  if (wasProtected(tags)) return 'on';
  return isProtected(tags) ? 'off' : undefined;
}

/** What the function finds as the policy of a secret. */
export type PolicyFound =
  | 'none'
  /** The function's. */
  | 'own'
  /** Somebody else's, which has the denial in it. */
  | 'protecting'
  | 'foreign';

export function policyFound(document: string | undefined): PolicyFound {
  if (!document) return 'none';
  const { Statement } = JSON.parse(document) as { readonly Statement?: unknown };
  const statements = [Statement].flat() as { readonly Sid?: string; readonly Effect?: string }[];
  const sids = statements.filter(({ Effect }) => Effect === 'Deny').map(({ Sid }) => Sid);
  if (sids.includes(PURGE_DENIAL_SID.function)) return statements.length === 1 ? 'own' : 'protecting';
  return sids.includes(PURGE_DENIAL_SID.template) ? 'protecting' : 'foreign';
}

export const OWN_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Sid: PURGE_DENIAL_SID.function, ...PURGE_DENIAL }],
});
