import type { LettingGo } from '../aftermath';
import { pollUntil, retryOnStale } from '../aws/retry';
import { describe, isPassed, restore, tag } from '../aws/secrets';
import { decideRelease, dependsOnDeployment, type Reason, type Release } from '../decide/release';
import { isDenied, Stale } from '../errors';
import { failCrossAccount, failRestoreToGiveBack } from '../messages';
import { leavingRegions } from '../model/changes';
import type { DeclaredSecret } from '../model/declared-secret';
import { restoredBy } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';
import { versionBefore } from '../model/versions';
import { awaitNoReplica, putValueBack } from './apply';
import type { Attempt } from './attempt';
import { giveBack } from './give-back';
import { protectReleased } from './protect';
import { removeForGood, schedule } from './removal';
import { hasChanged, overtaken, type Seen } from './seen';

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
  try {
    return await letGo(attempt, id, declared, reason);
  } catch (error) {
    // A policy of the secret or of the organization denies it for good: a stack must not get stuck.
    // @defence schedules-what-stays: throw error
    if (!declared.forceDeleteWithoutRecovery || !isDenied(error)) throw error;
    attempt.env.log({ step: 'schedule', secret: id, why: 'what a deletion for good takes is denied' });
    return letGo(attempt, id, { ...declared, forceDeleteWithoutRecovery: false }, reason);
  }
}

async function letGo(
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
    if (decision.do === 'leave' && !decision.undoVersion) return secret;
    if (reason.kind === 'failed request' && attempt.requester.type !== 'Delete') {
      // Another delivery of the request may have been carried through: then there is nothing to undo.
      // @defence done-by-another
      if (await attempt.isDone()) return secret;
    } else if (attempt.restoring?.arn !== secret.arn) {
      // Looking has taken time, in which CloudFormation may have gone on. What was restored for this is not left live.
      // @defence past-removal
      await attempt.assertCurrent();
    }
    // Its replicas in other regions would go, and then the deletion be refused.
    if (isDeletion(decision) && secret.sharedWithAccounts.length > 0) throw failCrossAccount(secret);
    attempt.lettingGo = lettingGo(secret, decision);
    try {
      return (await perform(attempt, { secret, at }, declared, decision)) ?? secret;
    } catch (error) {
      // It was no longer so, or has come into other hands, with which the role lost its rights: what is seen next decides.
      // @defence release-decides-anew
      if (isPassed(error) || (isDenied(error) && (await hasChanged(env, secret)))) return new Stale(error);
      throw error;
    }
  });
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

function isDeletion(decision: Release): boolean {
  return decision.do === 'schedule' || decision.do === 'force';
}

/** Undefined where it is not live yet, or where nothing but its value is let go of. */
function lettingGo(secret: ExistingSecret, decision: Release): LettingGo | undefined {
  const { arn } = secret;
  if (decision.do === 'leave' || (decision.do === 'schedule' && decision.restoreFirst)) return undefined;
  if (decision.do === 'force') return { arn, schedule: true };
  const current = versionBefore(decision.undoVersion, secret);
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
  if (decision.do === 'schedule' && decision.restoreFirst) {
    const { origin } = secret.ownership;
    // @defence own-restore-undone
    attempt.restoring = secret;
    await restore(attempt.env, secret);
    // What was adopted would be given back live.
    // @defence stays-scheduled
    if (origin?.outcome === 'ADOPTED') await tag(attempt.env, secret.arn, restoredBy(origin));
    return new Stale(failRestoreToGiveBack(secret));
  }
  // While the secret is live.
  // @defence protects-released
  if ('protection' in decision) await protectReleased(attempt, seen, decision.protection);
  const passed = await overtaken(attempt, seen);
  if (passed) return passed.stale;
  if (decision.do === 'force') return removeForGood(attempt, seen, declared);
  if (decision.undoVersion) {
    // @defence release-undoes-value
    await putValueBack(attempt.env, secret, decision.undoVersion);
    const passedSince = await overtaken(attempt, seen);
    // @defence still-so-with-its-value
    if (passedSince) return passedSince.stale;
  }
  switch (decision.do) {
    case 'leave':
      return undefined;
    case 'give-back': {
      // Whoever gets it back would not know of a replica that is still on its way out.
      // @defence gives-back-without-leaving
      await awaitNoReplica(attempt, secret.arn, regionsOnTheWayOut(secret));
      const passedSince = await overtaken(attempt, seen);
      return passedSince ? passedSince.stale : giveBack(attempt, seen, decision.to);
    }
    case 'schedule':
      return schedule(attempt, seen, declared, decision.ownerTo);
  }
}

/** A replica that is still listed was to be removed, and was not. */
function regionsOnTheWayOut({ tags, replicas }: ExistingSecret): string[] {
  return leavingRegions(tags).filter((leaving) => !replicas.some(({ region }) => region === leaving));
}
