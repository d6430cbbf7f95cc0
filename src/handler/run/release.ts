import type { LettingGo } from '../aftermath';
import { pollUntil, retryOnStale } from '../aws/retry';
import { describe, isPassed, remove, restore, tag } from '../aws/secrets';
import { decideRelease, dependsOnDeployment, type Reason, type Release } from '../decide/release';
import type { Environment } from '../environment';
import { isDenied, Stale } from '../errors';
import { failOtherHands, failRestoreToGiveBack } from '../messages';
import { leavingRegions, leavingTag } from '../model/changes';
import type { DeclaredSecret } from '../model/declared-secret';
import { type Holder, isSameClaim } from '../model/ownership';
import type { Protection } from '../model/purge-protection';
import type { ExistingSecret } from '../model/secret';
import { versionBefore, versionWrittenBy } from '../model/versions';
import { letReplicasGo, undoValue } from './apply';
import type { Attempt } from './attempt';
import { giveBack, giveBackOwner } from './give-back';
import { protectReleased } from './protect';

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
    const secret = await describe(env, id);
    return { secret, decision: await releaseOf(attempt, secret, declared, reason) };
  };
  return retryOnStale(env, SETTLE_MS, async () => {
    // Right after a Create, what is seen may still be the time before it.
    // @defence release-looks-again: const { secret, decision } = await look()
    const { secret, decision } = await pollUntil(env, look, (now) => now.decision.do !== 'leave');
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
      return (await perform(attempt, secret, declared, decision)) ?? secret;
    } catch (error) {
      // It was no longer so: what is seen next decides. What is in other hands is out of reach of the role as well.
      // @defence release-decides-anew
      if (isPassed(error) || (isDenied(error) && (await isInOtherHands(env, secret)))) return new Stale(error);
      throw error;
    }
  });
}

async function isInOtherHands(env: Environment, { arn, ownership }: ExistingSecret): Promise<boolean> {
  const now = await describe(env, arn);
  return now !== undefined && !isSameClaim(now.ownership, ownership);
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
  secret: ExistingSecret,
  declared: DeclaredSecret,
  decision: Release,
): Promise<Stale | undefined> {
  if (decision.do === 'force') return removeForGood(attempt, secret, declared);
  if (decision.do === 'schedule' && decision.restoreFirst) {
    await restore(attempt.env, secret.arn);
    return new Stale(failRestoreToGiveBack(secret));
  }
  const now = decision.do === 'leave' ? secret : await protectFirst(attempt, secret, decision.protection);
  if (now instanceof Stale) return now;
  // @defence release-undoes-value
  if (decision.undoValueOf) await undoValue(attempt, now, decision.undoValueOf);
  switch (decision.do) {
    case 'leave':
      return undefined;
    case 'give-back':
      return giveBack(attempt, now, decision.to);
    case 'schedule':
      return schedule(attempt, now, declared, decision.ownerTo);
  }
}

async function schedule(
  attempt: Attempt,
  secret: ExistingSecret,
  declared: DeclaredSecret,
  ownerTo?: Holder,
): Promise<Stale | undefined> {
  // @defence gives-owner-back
  if (ownerTo) await giveBackOwner(attempt, secret, ownerTo);
  return removeFor(attempt, secret, declared, declared.recoveryWindowInDays);
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

/** The secret as it is now. */
async function inSameHands({ env }: Attempt, secret: ExistingSecret): Promise<ExistingSecret | Stale> {
  const now = (await describe(env, secret.arn)) ?? secret;
  return isSameClaim(now.ownership, secret.ownership) ? now : new Stale(failOtherHands(secret));
}

/** Where a policy of the secret or of the organization denies it, the secret is scheduled: a stack must not get stuck. */
async function removeForGood(
  attempt: Attempt,
  secret: ExistingSecret,
  declared: DeclaredSecret,
): Promise<Stale | undefined> {
  try {
    return await removeFor(attempt, secret, declared, undefined);
  } catch (error) {
    // @defence schedules-what-stays: throw error
    if (!isDenied(error)) throw error;
    return scheduleInstead(attempt, secret, declared);
  }
}

async function scheduleInstead(
  attempt: Attempt,
  secret: ExistingSecret,
  declared: DeclaredSecret,
): Promise<Stale | undefined> {
  attempt.env.log({ step: 'schedule', secret: secret.arn, why: 'a deletion for good is denied' });
  const now = await inSameHands(attempt, secret);
  return now instanceof Stale ? now : schedule(attempt, now, declared);
}

/** @param windowInDays Undefined for good */
async function removeFor(
  attempt: Attempt,
  secret: ExistingSecret,
  declared: DeclaredSecret,
  windowInDays: number | undefined,
): Promise<Stale | undefined> {
  const { env } = attempt;
  const declaredRegions = declared.replicas.map(({ region }) => region);
  const replicated = secret.replicas.map(({ region }) => region);
  const leaving = leavingRegions(secret.tags);
  // Replicas that are removed are not listed any more, but still exist for a while; a second delivery has to know them.
  const unknown = replicated.filter((region) => !declaredRegions.includes(region) && !leaving.includes(region));
  // @defence note-leaving-replicas
  if (unknown.length > 0) await tag(env, secret.arn, leavingTag([...leaving, ...unknown]));
  await letReplicasGo(attempt, secret.arn, replicated, [...declaredRegions, ...leaving]);
  // Replicas take long to go, and questions to CloudFormation take a moment, in which the secret may have come into other hands.
  const isOld = replicated.length > 0 || windowInDays === undefined;
  const now = isOld ? await inSameHands(attempt, secret) : secret;
  // @defence schedule-same-claim
  if (now instanceof Stale) return now;
  return remove(env, secret, windowInDays);
}
