import { remove, tag } from '../aws/secrets';
import { isDenied, type Stale } from '../errors';
import { leavingRegions, leavingTag } from '../model/changes';
import type { DeclaredSecret } from '../model/declared-secret';
import type { Holder } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';
import { letReplicasGo } from './apply';
import type { Attempt } from './attempt';
import { giveBackOwner } from './give-back';
import { isMoot, type Overtaken, overtaken, type Seen } from './seen';

/** With its window, and as the property of another owner where one is given. */
export async function schedule(
  attempt: Attempt,
  seen: Seen,
  declared: DeclaredSecret,
  ownerTo?: Holder,
): Promise<Stale | undefined> {
  const passed = await makeReady(attempt, seen, declared);
  if (passed) return passed.stale;
  // @defence gives-owner-back
  if (ownerTo) await giveBackOwner(attempt, seen.secret, ownerTo);
  return remove(attempt.env, seen.secret, declared.recoveryWindowInDays, () => isMoot(attempt, seen.secret));
}

/** Where a policy of the secret or of the organization denies it, the secret is scheduled: a stack must not get stuck. */
export async function removeForGood(
  attempt: Attempt,
  seen: Seen,
  declared: DeclaredSecret,
): Promise<Stale | undefined> {
  // What cannot be taken back is looked at once more.
  const passed = await makeReady(attempt, { ...seen, at: LONG_AGO }, declared);
  if (passed) return passed.stale;
  try {
    return await remove(attempt.env, seen.secret, undefined, () => isMoot(attempt, seen.secret));
  } catch (error) {
    // @defence schedules-what-stays: throw error
    if (!isDenied(error)) throw error;
    attempt.env.log({ step: 'schedule', secret: seen.secret.arn, why: 'a deletion for good is denied' });
    return schedule(attempt, { ...seen, at: LONG_AGO }, declared);
  }
}

const LONG_AGO = Number.NEGATIVE_INFINITY;

/** Replicas take long to go, as a permission may to arrive; meanwhile the secret may have come into other hands. */
async function makeReady(attempt: Attempt, seen: Seen, declared: DeclaredSecret): Promise<Overtaken | undefined> {
  await takeReplicasAway(attempt, seen.secret, declared);
  return overtaken(attempt, seen.secret.replicas.length > 0 ? { ...seen, at: LONG_AGO } : seen);
}

async function takeReplicasAway(attempt: Attempt, secret: ExistingSecret, declared: DeclaredSecret): Promise<void> {
  const declaredRegions = declared.replicas.map(({ region }) => region);
  const replicated = secret.replicas.map(({ region }) => region);
  const leaving = leavingRegions(secret.tags);
  // Replicas that are removed are not listed any more, but still exist for a while; a second delivery has to know them.
  const unknown = replicated.filter((region) => !declaredRegions.includes(region) && !leaving.includes(region));
  // @defence note-leaving-replicas
  if (unknown.length > 0) await tag(attempt.env, secret.arn, leavingTag([...leaving, ...unknown]));
  await letReplicasGo(attempt, secret.arn, replicated, [...declaredRegions, ...leaving]);
}
