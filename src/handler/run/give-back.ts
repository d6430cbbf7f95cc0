import { OWNERSHIP_TAG } from '../../private/contract';
import { IAM_LAG, type Transient, waitUntil } from '../aws/retry';
import { describe, isPassed, tag, untag } from '../aws/secrets';
import { isDenied, type Stale } from '../errors';
import { type Holder, isBeingReturned, ownerTag, returnTo, type Tags, tagsBefore } from '../model/ownership';
import type { Attempt } from './attempt';
import { type Overtaken, overtaken, type Seen } from './seen';

/** Nothing passes by itself here: whoever waits has to look in between. */
const AT_ONCE: Transient = {};

/**
 * Gives an adopted secret back, with the tags that it had before; where this stack has no right to do that any more,
 * with those that at least say whose it is.
 */
export async function giveBack(attempt: Attempt, seen: Seen, previous: Holder): Promise<Stale | undefined> {
  const { env } = attempt;
  const { arn } = seen.secret;
  const { set, remove: keys } = tagsBefore(previous);
  // @defence owner-off-first: const passed = await overtaken(attempt, seen)
  const passed = previous.owner ? undefined : await giveBackOwner(attempt, seen, previous);
  if (passed) return passed.stale;
  const isOver = () => overtaken(attempt, seen);
  const give = (tags: Tags) => patiently(attempt, isOver, () => tag(env, arn, tags, AT_ONCE));
  // Secrets Manager refuses a change of tags by which the caller would lose its permissions.
  const whole = await unlessDenied(() => give({ ...set, ...returnTo(previous) }));
  // @defence give-back-denied: const passedSince = whole === DENIED ? undefined : whole
  const passedSince = whole === DENIED ? await give(returnTo(previous)) : whole;
  if (passedSince) return passedSince.stale;
  const isTaken = async () => {
    const now = await describe(env, arn);
    return now && !isBeingReturned(now.tags) ? {} : undefined;
  };
  const cleanUp = () => patiently(attempt, isTaken, () => untag(env, arn, keys, AT_ONCE));
  const clean = whole === DENIED ? DENIED : await unlessDenied(cleanUp);
  if (clean === DENIED) env.log({ step: 'given back', secret: arn, why: 'some tags of the take-over stay' });
  return undefined;
}

/**
 * Only the owner: the other tags are what still permits this stack to schedule the secret afterwards.
 *
 * @returns Why it was not done
 */
export async function giveBackOwner(attempt: Attempt, seen: Seen, previous: Holder): Promise<Overtaken | undefined> {
  const { env } = attempt;
  const { arn } = seen.secret;
  const isOver = () => overtaken(attempt, seen);
  return patiently(attempt, isOver, () =>
    previous.owner ? tag(env, arn, ownerTag(previous), AT_ONCE) : untag(env, arn, [OWNERSHIP_TAG.owner], AT_ONCE),
  );
}

/**
 * Waits for a permission, or for what was done before, to arrive everywhere. Meanwhile the secret may come into other hands, or
 * the request be carried through.
 *
 * @returns What `isOver` says when it says something, and the call has not been made
 */
async function patiently(
  { env }: Attempt,
  isOver: () => Promise<Overtaken | undefined>,
  call: () => Promise<void>,
): Promise<Overtaken | undefined> {
  let over: Overtaken | undefined;
  let refusal: unknown;
  const tryOnce = async () => {
    // @defence gives-back-what-it-saw
    over = refusal ? await isOver() : undefined;
    if (over) return true;
    try {
      await call();
      return true;
    } catch (error) {
      if (!isDenied(error) && !isPassed(error)) throw error;
      refusal = error;
      return false;
    }
  };
  if (!(await waitUntil(env, IAM_LAG.AccessDeniedException, tryOnce))) throw refusal;
  return over;
}

const DENIED = 'denied';

async function unlessDenied<T>(call: () => Promise<T>): Promise<T | typeof DENIED> {
  try {
    return await call();
  } catch (error) {
    if (isDenied(error)) return DENIED;
    throw error;
  }
}
