import { describe, tag } from '../aws/secrets';
import type { Environment } from '../environment';
import { Stale } from '../errors';
import { failOtherHands, failTaken } from '../messages';
import { isClaimedBy, isSameClaim, restoredBy } from '../model/ownership';
import type { ExistingReplica, ExistingSecret } from '../model/secret';
import { type Attempt, FRESH_MS } from './attempt';

/*
 * Secrets Manager has no compare-and-set: what was seen of a secret may have passed when something is done to it.
 */

/** A secret, and when it was looked at. */
export interface Seen {
  readonly secret: ExistingSecret;
  readonly at: number;
}

/** Whether so much time has gone by that it is worth another look. */
export function isOld({ env }: Attempt, { at }: Seen): boolean {
  return env.now() - at > FRESH_MS;
}

/** `Stale` where looking, and the questions that came afterwards, have taken so long that it is not so any more. */
export async function unlessChanged(attempt: Attempt, seen: Seen): Promise<Stale | undefined> {
  const { secret } = seen;
  const changed = isOld(attempt, seen) && (await hasChanged(attempt.env, secret));
  return changed ? new Stale(failOtherHands(secret)) : undefined;
}

/** Whether it has come into other hands, which takes it from the reach of the role, or has got another replica. */
export async function hasChanged(env: Environment, { arn, ownership, replicas }: ExistingSecret): Promise<boolean> {
  const now = await describe(env, arn);
  const isNew = ({ region }: ExistingReplica) => !replicas.some((replica) => replica.region === region);
  return now !== undefined && (!isSameClaim(now.ownership, ownership) || now.replicas.some(isNew));
}

/** Whoever may take a secret from its owner may not be the only one who does. */
export async function seeWhetherTaken({ env, requester }: Attempt, secret: ExistingSecret): Promise<Stale | undefined> {
  const now = (await describe(env, secret.arn))?.ownership;
  if (!now || JSON.stringify(now) === JSON.stringify(secret.ownership)) return undefined;
  const taken = failTaken(secret, now.stackId);
  if (!isClaimedBy(requester, now)) throw taken;
  // The other delivery of the request may have found it live: only this one knows that it was not.
  // @defence mark-restored
  if (now.origin?.outcome === 'ADOPTED') await tag(env, secret.arn, restoredBy(requester));
  return new Stale(taken);
}

/** The secret as it is now. */
export async function inSameHands({ env }: Attempt, secret: ExistingSecret): Promise<ExistingSecret | Stale> {
  const now = (await describe(env, secret.arn)) ?? secret;
  return isSameClaim(now.ownership, secret.ownership) ? now : new Stale(failOtherHands(secret));
}
