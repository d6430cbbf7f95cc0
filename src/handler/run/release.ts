import type { LettingGo } from '../aftermath';
import { pollUntil, retryOnStale } from '../aws/retry';
import { describe, isPassed, remove, restore, tag } from '../aws/secrets';
import { decideRelease, dependsOnDeployment, type Reason, type Release } from '../decide/release';
import { errorName, isDenied, Stale } from '../errors';
import { failOtherHands, failRestoreToGiveBack } from '../messages';
import { leavingRegions, leavingTag } from '../model/changes';
import type { DeclaredSecret } from '../model/declared-secret';
import type { Holder } from '../model/ownership';
import type { Protection } from '../model/purge-protection';
import type { ExistingSecret } from '../model/secret';
import { versionBefore, versionWrittenBy } from '../model/versions';
import { letReplicasGo, undoValue } from './apply';
import type { Attempt } from './attempt';
import { giveBack, giveBackOwner } from './give-back';
import { protectReleased } from './protect';
import { hasChanged, inSameHands, isOld, type Seen, unlessChanged } from './seen';

/** How long a secret may go on to look as it did before the last change. */
const SETTLE_MS = 30_000;

/**
 * Lets go of a secret, if this resource holds it. Nothing else does.
 *
 * @param id Name or ARN
 * @param declared What the resource declares of it, or did
 */
export async function release(
  attempt: Attempt,
  id: string,
  declared: DeclaredSecret,
  reason: Reason,
): Promise<ExistingSecret | undefined> {
  const { env } = attempt;
  const look = async () => {
    const at = env.now();
    const secret = await describe(env, id);
    return { at, secret, decision: await releaseOf(attempt, secret, declared, reason) };
  };
  return retryOnStale(env, SETTLE_MS, async () => {
    // Right after a Create, what is seen may still be the time before it.
    // @defence release-looks-again: const { at, secret, decision } = await look()
    const { at, secret, decision } = await pollUntil(env, look, (now) => now.decision.do !== 'leave');
    env.log({
      step: decision.do,
      secret: id,
      why: decision.do === 'leave' ? decision.why : undefined,
      lastUsed: secret?.lastAccessedDate?.toISOString().slice(0, 10),
    });
    if (!secret) return undefined;
    if (decision.do === 'leave' && !decision.undoValueOf) return secret;
    if (reason.kind === 'failed request' && attempt.requester.type !== 'Delete') {
      // Another delivery of the request may have been carried through: then there is nothing to undo.
      // @defence done-by-another
      if (await attempt.isDone()) return secret;
    } else {
      // Looking has taken time, in which CloudFormation may have gone on.
      // @defence past-removal
      await attempt.assertCurrent();
    }
    attempt.lettingGo = lettingGo(secret, decision);
    try {
      return (await perform(attempt, { secret, at }, declared, decision)) ?? secret;
    } catch (error) {
      // It was no longer so: what is seen next decides.
      // @defence release-decides-anew
      if (isPassed(error) || (isRefused(error) && (await hasChanged(env, secret)))) return new Stale(error);
      throw error;
    }
  });
}

/** What the role may not do, and what does not go with a replica. */
function isRefused(error: unknown): boolean {
  return isDenied(error) || errorName(error) === 'InvalidParameterException';
}

/** What is going to be done with it, as it is now. */
export async function releaseOf(
  attempt: Attempt,
  secret: ExistingSecret | undefined,
  declared: DeclaredSecret,
  reason: Reason,
): Promise<Release> {
  const { requester } = attempt;
  const known = dependsOnDeployment(secret, declared, requester, reason)
    ? { ...reason, deployment: await attempt.deployment(secret.ownership.origin?.at) }
    : reason;
  return decideRelease(secret, declared, requester, known);
}

/** Undefined where it is not live yet, or where nothing but its value is let go of. */
function lettingGo(secret: ExistingSecret, decision: Release): LettingGo | undefined {
  const { arn } = secret;
  if (decision.do === 'leave' || (decision.do === 'schedule' && decision.restoreFirst)) return undefined;
  if (decision.do === 'force') return { arn, schedule: true };
  const { undoValueOf } = decision;
  const current = undoValueOf === undefined ? undefined : versionBefore(versionWrittenBy(undoValueOf, secret), secret);
  if (decision.do === 'give-back') return { arn, current, giveBackTo: decision.to, schedule: false };
  return { arn, current, giveBackTo: decision.ownerTo, schedule: true };
}

async function perform(
  attempt: Attempt,
  seen: Seen,
  declared: DeclaredSecret,
  decision: Release,
): Promise<Stale | undefined> {
  const { secret } = seen;
  if (decision.do === 'force') return removeForGood(attempt, seen, declared);
  if (decision.do === 'schedule' && decision.restoreFirst) {
    await restore(attempt.env, secret);
    return new Stale(failRestoreToGiveBack(secret));
  }
  // @defence release-undoes-value
  if (decision.undoValueOf) await undoValue(attempt, secret, decision.undoValueOf);
  // Looking, and a permission for that, may take long.
  const changed = await unlessChanged(attempt, seen);
  // @defence looked-long-ago
  if (changed) return changed;
  const now = decision.do === 'leave' ? secret : await protectFirst(attempt, secret, decision.protection);
  if (now instanceof Stale) return now;
  switch (decision.do) {
    case 'leave':
      return undefined;
    case 'give-back':
      return giveBack(attempt, now, decision.to);
    case 'schedule':
      return schedule(attempt, { ...seen, secret: now }, declared, decision.ownerTo);
  }
}

async function schedule(
  attempt: Attempt,
  seen: Seen,
  declared: DeclaredSecret,
  ownerTo?: Holder,
): Promise<Stale | undefined> {
  // @defence gives-owner-back
  if (ownerTo) await giveBackOwner(attempt, seen.secret, ownerTo);
  return removeFor(attempt, seen, declared, declared.recoveryWindowInDays);
}

/** Sees to the policy while the secret is live. That takes time, in which others may have changed the secret. */
async function protectFirst(
  attempt: Attempt,
  secret: ExistingSecret,
  wanted: Protection,
): Promise<ExistingSecret | Stale> {
  if (wanted === undefined) return secret;
  // @defence protects-released
  await protectReleased(attempt, secret, wanted);
  // @defence protect-looks-again: return secret
  return inSameHands(attempt, secret);
}

/** Where a policy of the secret or of the organization denies it, the secret is scheduled: a stack must not get stuck. */
async function removeForGood(attempt: Attempt, seen: Seen, declared: DeclaredSecret): Promise<Stale | undefined> {
  try {
    return await removeFor(attempt, seen, declared, undefined);
  } catch (error) {
    // @defence schedules-what-stays: throw error
    if (!isDenied(error)) throw error;
    return scheduleInstead(attempt, seen, declared);
  }
}

async function scheduleInstead(
  attempt: Attempt,
  { secret, at }: Seen,
  declared: DeclaredSecret,
): Promise<Stale | undefined> {
  attempt.env.log({ step: 'schedule', secret: secret.arn, why: 'a deletion for good is denied' });
  const now = await inSameHands(attempt, secret);
  return now instanceof Stale ? now : schedule(attempt, { secret: now, at }, declared);
}

/** @param windowInDays Undefined for good */
async function removeFor(
  attempt: Attempt,
  seen: Seen,
  declared: DeclaredSecret,
  windowInDays: number | undefined,
): Promise<Stale | undefined> {
  const { env } = attempt;
  const { secret } = seen;
  const declaredRegions = declared.replicas.map(({ region }) => region);
  const replicated = secret.replicas.map(({ region }) => region);
  const leaving = leavingRegions(secret.tags);
  // Replicas that are removed are not listed any more, but still exist for a while; a second delivery has to know them.
  const unknown = replicated.filter((region) => !declaredRegions.includes(region) && !leaving.includes(region));
  // @defence note-leaving-replicas
  if (unknown.length > 0) await tag(env, secret.arn, leavingTag([...leaving, ...unknown]));
  await letReplicasGo(attempt, secret.arn, replicated, [...declaredRegions, ...leaving]);
  // Replicas take long to go, as a permission may to arrive; meanwhile the secret may have come into other hands.
  const mustLook = replicated.length > 0 || windowInDays === undefined || isOld(attempt, seen);
  const from = env.now();
  const now = mustLook ? await inSameHands(attempt, secret) : secret;
  // @defence schedule-same-claim
  if (now instanceof Stale) return now;
  // @defence fresh-look
  if (isOld(attempt, { secret, at: from })) return new Stale(failOtherHands(secret));
  // Another delivery may have been carried through by now.
  // @defence done-meanwhile
  if (mustLook && attempt.requester.type !== 'Delete' && (await attempt.isDone())) return undefined;
  return remove(env, secret, windowInDays);
}
