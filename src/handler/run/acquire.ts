import { addReplicas } from '../aws/replicas';
import { pollUntil, retryAny, retryOnStale } from '../aws/retry';
import { create, describe, restore } from '../aws/secrets';
import { type Acquisition, type Direction, decideAcquisition, mayRestore } from '../decide/acquire';
import type { Memory } from '../decide/release';
import { errorName, RollbackIncomplete, rejected, Stale } from '../errors';
import { failRestore } from '../messages';
import { changesOf, valueToRestore } from '../model/changes';
import type { ValueSource } from '../model/declared-secret';
import { claim, isBeingReturned, isClaimedBy, stillHeld, type Tags } from '../model/ownership';
import { claimedProtection, liveProtection } from '../model/purge-protection';
import { type ExistingSecret, isLive } from '../model/secret';
import { versionIdOf } from '../model/versions';
import { produceValue } from '../secret-value';
import { apply, awaitReplicas, endCutOffRotation } from './apply';
import { type Attempt, isArn, isArnOf, unknownSecret } from './attempt';
import { assertDeclared, prepareAdoption, prepareCreation, prepareRestore } from './prepare';
import { protectLive } from './protect';
import { release } from './release';
import { assertHolder, type Seen, seeWhetherTaken, unlessChanged } from './seen';

/** A secret that the resource has got hold of. */
export interface Acquired {
  readonly arn: string;
  /** `KEPT`: a rollback has got back to what it was, or to what it cannot have back. */
  readonly outcome: 'CREATED' | 'RESTORED' | 'ADOPTED' | 'KEPT';
  /** Undefined where an earlier delivery got hold of it. */
  readonly memory?: Memory;
}

/** How long a name stays taken after a deletion without recovery, with room to spare. */
const NAME_WAIT_MS = 120_000;

/** Gets hold of the secret of this name: a new one, the one that is scheduled for deletion, or a live one. */
export async function acquire(attempt: Attempt, direction: Direction): Promise<Acquired> {
  const { env, declared, requester } = attempt;
  assertDeclared(attempt);
  return retryOnStale(env, NAME_WAIT_MS, async () => {
    const look = async () => {
      const at = env.now();
      const found = await describe(env, declared.name);
      return { at, found, decision: decideAcquisition(found, declared, requester, direction.kind) };
    };
    // @defence acquire-looks-again: const { at, found, decision } = await look()
    const { at, found, decision } = await pollUntil(env, look, (now) => !mayPass(attempt, now.found, now.decision));
    env.log({ step: decision.action, secret: found?.arn ?? declared.name, why: whyLeft(decision) });
    // A rollback that fails leaves the stack stuck, and what is in other hands now cannot be returned to.
    // @defence rollback-never-refuses-name
    if (decision.action === 'refuse' && direction.kind === 'rollback' && found)
      return { arn: found.arn, outcome: 'KEPT' };
    return perform(attempt, decision, direction, at);
  });
}

/** Another delivery of the request may have restored what is refused as live, or be about to give it back. */
function mayPass(attempt: Attempt, found: ExistingSecret | undefined, { action }: Acquisition): boolean {
  if (!isLive(found)) return false;
  // @defence waits-for-returning
  if (isBeingReturned(found.tags)) return true;
  return action === 'refuse' && mayRestore(found, attempt.declared);
}

/** @param at When what led to the decision was seen */
async function perform(
  attempt: Attempt,
  decision: Acquisition,
  direction: Direction,
  at: number,
): Promise<Acquired | Stale> {
  switch (decision.action) {
    case 'refuse':
      throw rejected(decision);
    case 'create':
      // What somebody deleted for good before the deployment that failed is as it was.
      // @defence rollback-creates-nothing
      if (direction.kind === 'rollback') return { arn: arnOfGone(attempt, direction.knownId), outcome: 'KEPT' };
      return createNew(attempt);
    case 'restore':
      return restoreAndClaim(attempt, { secret: decision.secret, at }, direction);
    case 'adopt':
      return adopt(attempt, { secret: decision.secret, at });
    case 'leave':
      return { arn: decision.secret.arn, outcome: 'KEPT' };
    case 'resume':
      return resume(attempt, decision.secret, direction);
  }
}

/** @returns `Stale` while the name belongs to a secret that is on its way out */
async function createNew(attempt: Attempt): Promise<Acquired | Stale> {
  const { env, declared, requester } = attempt;
  await prepareCreation(attempt);
  const value = await produceValue(env, declared.value);
  // @defence past-creation
  await attempt.assertCurrent();
  const tags = { ...claim(declared, requester, 'CREATED'), ...claimedProtection(declared, {}) };
  const memory: Memory = { intended: 'CREATED' };
  let arn: string;
  try {
    arn = await create(env, declared, tags, { versionId: versionIdOf(requester), value });
  } catch (error) {
    // @defence name-taken
    if (['ResourceExistsException', 'InvalidRequestException'].includes(errorName(error))) return new Stale(error);
    // An answer can get lost: what carries the tags of this request was created by it.
    const created = (now?: ExistingSecret) => now !== undefined && isClaimedBy(requester, now.ownership);
    const look = () => pollUntil(env, () => describe(env, declared.name), created);
    // @defence create-not-seen: const now = await look()
    const now = await orUndo(attempt, declared.name, memory, look);
    // @defence create-answer-lost
    if (created(now)) return new Stale(error);
    throw error;
  }
  return orUndo(attempt, arn, memory, async () => {
    await protectLive(attempt, { arn, name: declared.name, tags }, liveProtection(declared, {}));
    // @defence still-mine-when-created
    if (declared.replicas.length > 0) await assertHolder(attempt, arn, tags);
    await addReplicas(env, arn, declared.replicas);
    const regions = declared.replicas.map(({ region }) => region);
    await awaitReplicas(attempt, arn, regions);
    return { arn, outcome: 'CREATED', memory };
  });
}

async function restoreAndClaim(attempt: Attempt, seen: Seen, direction: Direction): Promise<Acquired | Stale> {
  const { env, declared } = attempt;
  const { secret } = seen;
  const { changes, value } = await prepareRestore(attempt, secret);
  const changed = await sincePrepared(attempt, seen);
  // @defence restores-what-it-saw
  if (changed) return changed;
  const memory: Memory = { intended: 'RESTORED', found: secret };
  return orUndo(attempt, secret.arn, memory, async () => {
    if (!(await restore(env, secret))) {
      return new Stale(failRestore(secret));
    }
    const foreign = secret.ownership.owner !== declared.owner;
    // @defence taken-at-once: const stale = undefined
    const stale = foreign ? await seeWhetherTaken(attempt, secret) : undefined;
    if (stale) return stale;
    // A rollback returns to what was there.
    // @defence rollback-restores-value: await apply(attempt, secret, changes, value)
    await apply(attempt, secret, changes, direction.kind === 'rollback' ? undefined : value);
    // @defence cut-off-rotation
    await endCutOffRotation(attempt, secret);
    return { arn: secret.arn, outcome: 'RESTORED', memory };
  });
}

async function adopt(attempt: Attempt, seen: Seen): Promise<Acquired | Stale> {
  const { declared } = attempt;
  const { secret } = seen;
  const { changes, value } = await prepareAdoption(attempt, secret);
  const changed = await sincePrepared(attempt, seen);
  // @defence adopts-what-it-saw
  if (changed) return changed;
  if (declared.value.kind === 'generated' && !value) attempt.env.log({ step: 'value kept', secret: secret.arn });
  const memory: Memory = { intended: 'ADOPTED', found: secret };
  return orUndo(attempt, secret.arn, memory, async () => {
    // Somebody may have restored it by hand. Nobody else's tool may be at work on what was its own, and is not rotated.
    if (secret.ownership.owner === declared.owner && !secret.rotates) await endCutOffRotation(attempt, secret);
    await apply(attempt, secret, changes, value);
    return { arn: secret.arn, outcome: 'ADOPTED', memory };
  });
}

/** Preparing asks much: CloudFormation may have gone on meanwhile, and others may have changed the secret. */
async function sincePrepared(attempt: Attempt, seen: Seen): Promise<Stale | undefined> {
  // @defence past-preparation
  await attempt.assertCurrent();
  return unlessChanged(attempt, seen);
}

/** Completes what an earlier delivery of this request began, or returns to a secret that was never given up. */
async function resume(attempt: Attempt, secret: ExistingSecret, direction: Direction): Promise<Acquired | Stale> {
  const { declared, requester } = attempt;
  const outcome = secret.ownership.origin?.outcome ?? 'KEPT';
  const sameRequest = isClaimedBy(requester, secret.ownership);
  const work = async (): Promise<Acquired> => {
    const missesValue = sameRequest && direction.kind === 'forward' && outcome !== 'CREATED';
    await complete(attempt, secret, missesValue ? valueToRestore(secret, declared) : undefined);
    // @defence cut-off-rotation-resumed
    if (missesValue && outcome === 'RESTORED') await endCutOffRotation(attempt, secret);
    return { arn: secret.arn, outcome };
  };
  if (!sameRequest || outcome === 'KEPT') return work();
  return orUndo(attempt, secret.arn, { intended: outcome, found: secret }, work);
}

function complete(attempt: Attempt, secret: ExistingSecret, value: ValueSource | undefined): Promise<void> {
  const { declared, requester } = attempt;
  const tags: Tags = stillHeld(declared, requester, secret.tags);
  return apply(attempt, secret, changesOf(secret, declared, tags), value);
}

/** Does the work; when it fails, the secret is left as it was found before the failure goes on. */
async function orUndo<T>(attempt: Attempt, id: string, memory: Memory, work: () => Promise<T>): Promise<T> {
  const { env, requester } = attempt;
  try {
    return await work();
  } catch (error) {
    try {
      const reason = { kind: 'failed request', requestId: requester.requestId, memory } as const;
      // @defence undo-stubbornly: await release(attempt, id, attempt.declared, reason)
      await retryAny(env, () => release(attempt, id, attempt.declared, reason));
    } catch (failure) {
      env.log({ step: 'undo failed', secret: id, error: errorName(failure) });
      throw new RollbackIncomplete(error, isArn(id) ? id : undefined);
    }
    throw error;
  }
}

/** Why a secret is left alone; undefined when something is done with it. */
function whyLeft(decision: Acquisition): string | undefined {
  if (decision.action === 'leave') return decision.why;
  return decision.action === 'refuse' ? decision.reason : undefined;
}

/** CloudFormation may know only of the secret that the failed deployment made in place of the one that is gone. */
function arnOfGone({ declared, requester }: Attempt, knownId: string): string {
  return isArnOf(knownId, declared.name) ? knownId : unknownSecret(requester.requestId);
}
