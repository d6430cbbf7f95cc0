import { OWNERSHIP_TAG } from '../../private/contract';
import { FRESH_MS, freshly, pollUntil } from '../aws/retry';
import { describe, tag } from '../aws/secrets';
import type { Environment } from '../environment';
import { Stale } from '../errors';
import { failOtherHands, failTaken, failWithdrawn } from '../messages';
import { isClaimedBy, isSameClaim, readOwnership, restoredBy, type Tags } from '../model/ownership';
import { type ExistingSecret, isLive } from '../model/secret';
import { versionWith } from '../model/versions';
import type { Attempt } from './attempt';

/*
 * Secrets Manager has no compare-and-set: what was seen of a secret may have passed when something is done to it.
 */

/** A secret, and when it was looked at. */
export interface Seen {
  readonly secret: ExistingSecret;
  readonly at: number;
}

/** Whether so much time has gone by that it is worth another look. */
function isOld({ env }: Attempt, { at }: Seen): boolean {
  return env.now() - at > FRESH_MS;
}

/** `Stale` where looking, and the questions that came afterwards, have taken so long that it is not so any more. */
export async function unlessChanged(attempt: Attempt, seen: Seen): Promise<Stale | undefined> {
  const { secret } = seen;
  const changed = isOld(attempt, seen) && (await hasChanged(attempt.env, secret));
  return changed ? new Stale(failOtherHands(secret)) : undefined;
}

/** Whether it has come into other hands, which takes it from the reach of the role, or got another state or value. */
export async function hasChanged(env: Environment, secret: ExistingSecret): Promise<boolean> {
  const now = await describe(env, secret.arn);
  if (now === undefined) return false;
  // @defence written-meanwhile: const isWritten = false
  const isWritten = versionWith('AWSCURRENT', now) !== versionWith('AWSCURRENT', secret);
  // Whether it may be deleted for good depends on it.
  // @defence same-window: const hasWindow = true
  const hasWindow = now.tags[OWNERSHIP_TAG.recoveryWindow] === secret.tags[OWNERSHIP_TAG.recoveryWindow];
  const isSame = hasWindow && isLive(now) === isLive(secret) && isSameClaim(now.ownership, secret.ownership);
  return isWritten || !isSame;
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

/** A request that was sent a moment ago has not been overtaken yet. */
export async function assertHolder(attempt: Attempt, arn: string, wanted: Tags): Promise<void> {
  const { env, requester } = attempt;
  if (attempt.isFresh) return;
  const isMine = (secret?: ExistingSecret) =>
    secret !== undefined && isSameClaim(secret.ownership, readOwnership(wanted));
  await freshly(env, async () => {
    // An Update and its rollback leave the same tags.
    // @defence update-still-awaited
    if (requester.type === 'Update' && (await attempt.validity()) === 'stale') throw failWithdrawn();
    const now = await pollUntil(env, () => describe(env, arn), isMine);
    if (!isMine(now)) throw failWithdrawn();
  });
}

/** A secret is not to be let go of any more, or not in this way. */
export interface Overtaken {
  /** Undefined where nothing is to be undone any more. */
  readonly stale?: Stale;
}

/** Whether a secret that is to be let go of has changed since it was seen, or the request has been carried through. */
export async function overtaken(attempt: Attempt, seen: Seen): Promise<Overtaken | undefined> {
  // @defence done-meanwhile
  if (isOld(attempt, seen) && (await isMoot(attempt, seen.secret))) return {};
  // Last, so that nothing comes between this look and what is done then.
  const stale = await unlessChanged(attempt, seen);
  // @defence looked-long-ago
  if (stale) return { stale };
  return undefined;
}

/** Whether another delivery was carried through, so that this one has nothing to undo or to delete any more. */
async function isMoot(attempt: Attempt, { arn }: ExistingSecret): Promise<boolean> {
  if (attempt.requester.type !== 'Delete') return attempt.isDone();
  // What was restored in order to be given back is not left live.
  return attempt.restoring?.arn !== arn && (await attempt.validity()) === 'stale';
}
