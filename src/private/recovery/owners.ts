import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { error } from '../error';

/** What a tag value can be made of; wildcards of IAM are not among it. */
const OWNER = /^[\p{L}\p{N} _.:/=+\-@]{1,256}$/u;

/** Throws for what cannot be the owner of a secret. */
export function assertOwner(owner: string, scope: IConstruct): void {
  if (Token.isUnresolved(owner)) {
    throw error(
      scope,
      'owner must be known at synthesis, got a token: it must be the same on every deployment, and the permissions of ' +
        'the provider are written with it',
    );
  }
  if (!OWNER.test(owner)) {
    throw error(
      scope,
      'owner must be 1 to 256 letters, digits, spaces or any of _ . : / = + - @ (the characters of a tag value), ' +
        `got: '${owner}'`,
    );
  }
}

/** Throws for what cannot be a list of owners and prefixes of owners. */
export function assertOwners(owners: string[] | undefined, scope: IConstruct): void {
  if (owners === undefined) return;
  const wrong = owners.find((owner) => Token.isUnresolved(owner) || !OWNER.test(owner.replace(/\*$/, '')));
  if (owners.length > 0 && wrong === undefined) return;
  throw error(
    scope,
    'owners must be owners as secrets have them, or their beginnings with a * at the end, known at synthesis, got: ' +
      (owners.length === 0 ? 'an empty list' : `'${wrong}'`),
  );
}

/** Throws when a provider with a list of owners does not serve this one; undefined for one that nobody knows yet. */
export function assertServed(owner: string | undefined, owners: string[] | undefined, scope: IConstruct): void {
  if (owner === undefined || owners === undefined || owners.some((pattern) => matches(pattern, owner))) return;
  throw error(
    scope,
    `owner must be one of those that the provider serves (${owners.map((each) => `'${each}'`).join(', ')}), ` +
      `got: '${owner}'`,
  );
}

function matches(pattern: string, owner: string): boolean {
  return pattern.endsWith('*') ? owner.startsWith(pattern.slice(0, -1)) : owner === pattern;
}
