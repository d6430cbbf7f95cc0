import { removeReplicas } from '../aws/replicas';
import { freshly } from '../aws/retry';
import { remove, tag } from '../aws/secrets';
import type { Stale } from '../errors';
import { leavingRegions, leavingTag } from '../model/changes';
import type { DeclaredSecret } from '../model/declared-secret';
import type { Holder } from '../model/ownership';
import { awaitNoReplica } from './apply';
import type { Attempt } from './attempt';
import { giveBackOwner } from './give-back';
import { type Overtaken, overtaken, type Seen } from './seen';

/** With its window, and as the property of another owner where one is given. */
export async function schedule(
  attempt: Attempt,
  seen: Seen,
  declared: DeclaredSecret,
  ownerTo?: Holder,
): Promise<Stale | undefined> {
  const passed = await makeReady(attempt, seen, declared);
  if (passed) return passed.stale;
  // @defence gives-owner-back: const passedBefore = ownerTo && (await overtaken(attempt, seen))
  const passedBefore = ownerTo && (await giveBackOwner(attempt, seen, ownerTo));
  if (passedBefore) return passedBefore.stale;
  const passedSince = ownerTo && (await overtaken(attempt, seen));
  // @defence still-so-with-its-owner
  if (passedSince) return passedSince.stale;
  return remove(attempt.env, seen.secret, declared.recoveryWindowInDays);
}

export async function removeForGood(
  attempt: Attempt,
  seen: Seen,
  declared: DeclaredSecret,
): Promise<Stale | undefined> {
  // What cannot be taken back is looked at once more.
  const passed = await makeReady(attempt, { ...seen, at: LONG_AGO }, declared);
  return passed ? passed.stale : remove(attempt.env, seen.secret, undefined);
}

const LONG_AGO = Number.NEGATIVE_INFINITY;

/** Replicas take long to go, and meanwhile the secret may have come into other hands, or been replicated anew. */
async function makeReady(attempt: Attempt, seen: Seen, declared: DeclaredSecret): Promise<Overtaken | undefined> {
  const { env } = attempt;
  const { arn, replicas, tags } = seen.secret;
  const replicated = replicas.map(({ region }) => region);
  const expected = [...declared.replicas.map(({ region }) => region), ...leavingRegions(tags)];
  // Replicas that are removed are not listed any more, but still exist for a while; a second delivery has to know them.
  const unknown = replicated.filter((region) => !expected.includes(region));
  // @defence note-leaving-replicas
  if (unknown.length > 0) await tag(env, arn, leavingTag([...leavingRegions(tags), ...unknown]));
  const passed = unknown.length > 0 ? await overtaken(attempt, seen) : undefined;
  // @defence still-so-when-noted
  if (passed) return passed;
  await removeReplicas(env, arn, replicated);
  let regions: readonly string[] = [...replicated, ...expected];
  const wait = async () => {
    regions = await awaitNoReplica(attempt, arn, regions);
    return overtaken(attempt, replicated.length > 0 ? { ...seen, at: LONG_AGO } : seen);
  };
  // @defence ready-at-last: return wait()
  return freshly(env, wait);
}
