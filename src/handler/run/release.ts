import { OWNERSHIP_TAG } from '../../private/contract';
import type { LettingGo } from '../aftermath';
import { pollUntil, retryOnStale } from '../aws/retry';
import { describe, isPassed, remove, restore, tag, untag } from '../aws/secrets';
import { decideRelease, dependsOnDeployment, type Reason, type Release } from '../decide/release';
import type { Environment } from '../environment';
import { isDenied, Stale } from '../errors';
import { failOtherHands, failRestoreToGiveBack } from '../messages';
import { leavingRegions, leavingTag } from '../model/changes';
import type { DeclaredSecret } from '../model/declared-secret';
import { type Holder, isSameClaim, ownerTag, returnTo, tagsBefore } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';
import { versionBefore, versionWrittenBy } from '../model/versions';
import { letReplicasGo, undoValue } from './apply';
import type { Attempt } from './attempt';

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
  // @defence release-undoes-value
  if (decision.do !== 'force' && decision.undoValueOf) await undoValue(attempt, secret, decision.undoValueOf);
  switch (decision.do) {
    case 'leave':
      return undefined;
    case 'give-back':
      return giveBack(attempt, secret, decision.to);
    case 'force':
      return removeFor(attempt, secret, declared, undefined);
    case 'schedule':
      if (decision.restoreFirst) {
        await restore(attempt.env, secret.arn);
        return new Stale(failRestoreToGiveBack(secret));
      }
      // @defence gives-owner-back
      if (decision.ownerTo) await giveBackOwner(attempt, secret, decision.ownerTo);
      return removeFor(attempt, secret, declared, declared.recoveryWindowInDays);
  }
}

/**
 * Gives an adopted secret back, with the tags that it had before; where this stack has no right to do that any more,
 * with those that at least say whose it is.
 */
async function giveBack({ env }: Attempt, { arn }: ExistingSecret, previous: Holder): Promise<undefined> {
  const { set, remove: keys } = tagsBefore(previous);
  // @defence owner-off-first
  if (!previous.owner) await untag(env, arn, [OWNERSHIP_TAG.owner]);
  // Secrets Manager refuses a change of tags by which the caller would lose its permissions.
  // @defence give-back-denied: await tag(env, arn, { ...set, ...returnTo(previous) }); const all = true
  const all = await unlessDenied(() => tag(env, arn, { ...set, ...returnTo(previous) }));
  if (!all) await tag(env, arn, returnTo(previous));
  // @defence clean-up-denied: await untag(env, arn, keys); const clean = true
  const clean = all && (await unlessDenied(() => untag(env, arn, keys)));
  if (!clean) env.log({ step: 'given back', secret: arn, why: 'some tags of the take-over stay' });
}

async function unlessDenied(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (isDenied(error)) return false;
    throw error;
  }
}

/** Only the owner: the other tags are what still permits this stack to schedule the secret afterwards. */
async function giveBackOwner({ env }: Attempt, { arn }: ExistingSecret, previous: Holder): Promise<void> {
  if (previous.owner) await tag(env, arn, ownerTag(previous));
  else await untag(env, arn, [OWNERSHIP_TAG.owner]);
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
  const now = isOld ? await describe(env, secret.arn) : secret;
  // @defence schedule-same-claim
  if (now && !isSameClaim(now.ownership, secret.ownership)) {
    return new Stale(failOtherHands(secret));
  }
  return remove(env, secret, windowInDays);
}
