import { type Outcome, OWNERSHIP_TAG, SERVICE_TIMEOUT_SECONDS } from '../../private/contract';
import { decidingAnew, lookAgain, stubbornly } from '../aws/retry';
import {
  addReplicas,
  awaitReplicas,
  create,
  describe,
  isLive,
  putValue,
  putValueBack,
  remove,
  removeReplicas,
  restore,
  retag,
  updateMetadata,
} from '../aws/secrets';
import { type CloudFormationRequest, declaredSecret, requesterOf } from '../cloudformation/request';
import { type Acquisition, decideAcquisition, mayRestore } from '../decide/acquire';
import { decideRemoval, holdsForGood, removalDependsOnStack } from '../decide/release';
import { decideRevision } from '../decide/revise';
import type { Environment } from '../environment';
import { errorName, Failure, LookAgain, Refusal } from '../errors';
import { type Changes, changesOf, leavingRegions, leavingTag, valueToRestore } from '../model/changes';
import type { DeclaredSecret, Requester, ValueSource } from '../model/declared-secret';
import {
  claim,
  type Holder,
  holderBefore,
  holds,
  isBeingReturned,
  isClaimedBy,
  isSameClaim,
  type Ownership,
  ownedBy,
  ownerTag,
  readOwnership,
  returnTo,
  type Tags,
  tagsBefore,
  wasAdopted,
} from '../model/ownership';
import type { ExistingSecret } from '../model/secret';
import { assertTemplate, produceValue } from '../secret-value';

/** Physical id after a Create that failed: its Delete looks whether the tags of that very request are on the secret. */
export function unknownSecret(requestId: string): string {
  return `${UNKNOWN_SECRET}${requestId}`;
}

const UNKNOWN_SECRET = 'recoverable-secret:unknown:';

/** What CloudFormation is told. */
export interface Completed {
  readonly physicalId: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** A failure that could not be undone: CloudFormation's next request has to. */
export class Unfinished extends Error {
  constructor(
    readonly reason: unknown,
    readonly arn?: string,
  ) {
    super();
  }
}

interface Held {
  readonly arn: string;
  readonly outcome: Outcome;
  /** The secret before; undefined when it was created. */
  readonly found?: ExistingSecret;
}

/** How long a name stays taken after a deletion without recovery, with room to spare. */
const NAME_WAIT_MS = 120_000;

/** To withdraw a request, CloudFormation must see another resource fail, begin the rollback and send a Delete. */
const FRESH_MS = 2_000;

/** CloudFormation waits for no request any longer. */
const OUTDATED_MS = SERVICE_TIMEOUT_SECONDS * 1_000;

/** How long a secret may go on to look as it did before the last change. */
const SETTLE_MS = 30_000;

const DEAD_KEY_STATES = ['Disabled', 'PendingDeletion', 'PendingReplicaDeletion', 'Unavailable', 'NotFound'];

export async function onCreate(request: CloudFormationRequest, env: Environment): Promise<Completed> {
  const declared = declaredSecret(request.ResourceProperties);
  const requester = requesterOf(request);
  const before = isOutdated(env) ? 'completed' : await creation(requester, env);
  const held = before === 'awaited' ? await acquire(declared, requester, env) : undefined;
  // CloudFormation withdraws a Create when another resource fails. Its Delete may have come before there was anything.
  if (before === 'withdrawn' || (held && (await creation(requester, env)) === 'withdrawn')) {
    await takeBack(declared, requester, env, held);
    throw new Refusal('CloudFormation withdrew this request; what it had done was undone');
  }
  if (!held) throw outOfDate();
  return completed(held);
}

export async function onUpdate(request: CloudFormationRequest, env: Environment): Promise<Completed> {
  const declared = declaredSecret(request.ResourceProperties);
  const before = declaredSecret(request.OldResourceProperties ?? {});
  const requester = requesterOf(request);
  const arn = request.PhysicalResourceId ?? '';
  await assertNotPast('Update', requester, arn, env);
  if (declared.name === before.name && isArn(arn)) {
    return completed(await revise(arn, declared, before, requester, env));
  }
  // Another name is another secret. CloudFormation deletes the one before when everything else has succeeded.
  const failedDeployment = await asked(env, () => env.stacks.rolledBackDeployment(requester.stackId));
  const held = await acquire(declared, requester, env, failedDeployment === undefined ? undefined : arn);
  // The failed update may never have told CloudFormation which secret it got hold of.
  if (failedDeployment !== undefined && declared.name !== before.name) {
    const except = (secret: ExistingSecret) =>
      secret.arn === arn ? 'CloudFormation knows of it' : heldBefore(failedDeployment, secret);
    await dispose(before.name, before, requester, env, except, true);
  }
  return completed(held);
}

export async function onDelete(request: CloudFormationRequest, env: Environment): Promise<Completed> {
  const physicalId = request.PhysicalResourceId ?? '';
  const declared = declaredSecret(request.ResourceProperties);
  const requester = requesterOf(request);
  await assertNotPast('Delete', requester, physicalId, env);
  const failedCreate = physicalId.startsWith(UNKNOWN_SECRET) ? physicalId.slice(UNKNOWN_SECRET.length) : undefined;
  // CloudFormation makes up an id when a Create was never answered; what this deployment got hold of is meant then.
  const madeUp = failedCreate === undefined && !isArn(physicalId);
  const failedDeployment = madeUp
    ? await asked(env, () => env.stacks.rolledBackDeployment(requester.stackId))
    : undefined;
  const except = (secret: ExistingSecret) =>
    failedCreate !== undefined && secret.ownership.origin?.requestId !== failedCreate
      ? 'the request that failed did not get hold of it'
      : heldBefore(failedDeployment, secret);
  const id = isArn(physicalId) ? physicalId : declared.name;
  await dispose(id, declared, requester, env, except, failedCreate !== undefined);
  return { physicalId };
}

/** Why a secret is none of a failed deployment's doing; undefined when it may be. */
function heldBefore(deployment = 0, { ownership }: ExistingSecret): string | undefined {
  return (ownership.origin?.at ?? 0) < deployment ? 'it was held before the deployment that failed' : undefined;
}

/**
 * Lets go of the secret, if this resource holds it.
 *
 * @param except Why a secret is not meant
 * @param undoing Whether this is known to undo a failed deployment
 */
async function dispose(
  id: string,
  declared: DeclaredSecret,
  requester: Requester,
  env: Environment,
  except: (secret: ExistingSecret) => string | undefined,
  undoing: boolean,
): Promise<void> {
  const look = async () => {
    const found = await describe(env, id);
    const why = found && except(found);
    if (why) return { undoes: false, decision: { action: 'leave', why } as const };
    const asks = !undoing && removalDependsOnStack(found, declared, requester);
    const purpose = asks
      ? await asked(env, () => env.stacks.purposeOfDelete(requester.stackId, env.sentAt))
      : undefined;
    if (purpose === 'superseded') throw outOfDate();
    const undoes = undoing || purpose === 'rollback';
    return { undoes, decision: decideRemoval(found, declared, requester, undoes) };
  };
  await decidingAnew(env, SETTLE_MS, async () => {
    // Right after a Create, what is seen may still be the time before it.
    const { undoes, decision } = await lookAgain(env, look, (now) => now.decision.action !== 'leave');
    env.log({ step: decision.action, secret: id, why: decision.action === 'leave' ? decision.why : undefined });
    if (decision.action === 'leave') return;
    const { secret } = decision;
    if (secret.deletedDate) {
      await restore(env, secret.arn);
      throw new LookAgain(new Failure(`secret '${secret.name}' could not be restored to give it back to its owner`));
    }
    try {
      if (undoes) await takeValueBack(secret, env);
      if (decision.action === 'return') {
        await giveBack(secret, secret.ownership.previous, env);
        return;
      }
      if (decision.action === 'return-and-schedule') await giveBackOwner(secret, env);
      await schedule(secret, declared, env, decision.action === 'force');
    } catch (error) {
      // It was no longer so: what is seen next decides.
      const past = ['InvalidRequestException', 'ResourceNotFoundException'].includes(errorName(error));
      throw past ? new LookAgain(error) : error;
    }
  });
}

/** A delivery that comes when CloudFormation is done with the request must not do its work once more. */
async function assertNotPast(
  type: 'Update' | 'Delete',
  requester: Requester,
  physicalId: string,
  env: Environment,
): Promise<void> {
  if (isFresh(env)) return;
  const past =
    isOutdated(env) ||
    (await seen(env, false, () =>
      env.stacks.isPast(type, requester.stackId, requester.logicalId, physicalId, env.sentAt),
    ));
  if (past) throw outOfDate();
}

function outOfDate(): Refusal {
  return new Refusal('this request is out of date, CloudFormation is done with it; nothing was changed');
}

async function isDone(requester: Requester, arn: string, env: Environment): Promise<boolean> {
  if (requester.type === 'Create') return (await creation(requester, env)) === 'completed';
  return (
    !isFresh(env) &&
    seen(env, false, () => env.stacks.isPast('Update', requester.stackId, requester.logicalId, arn, env.sentAt))
  );
}

/** A precaution: where the stack cannot be seen, a request counts as what it says it is. */
async function seen<T>(env: Environment, otherwise: T, look: () => Promise<T>): Promise<T> {
  try {
    return await asked(env, look);
  } catch {
    return otherwise;
  }
}

/** CloudFormation takes few calls a second, and its answer decides: it is worth some patience. */
async function asked<T>(env: Environment, look: () => Promise<T>): Promise<T> {
  for (const pause of [1_000, 3_000, 6_000]) {
    try {
      return await look();
    } catch (error) {
      env.log({ step: 'stack not seen', error: errorName(error) });
      await env.sleep(pause);
    }
  }
  return look();
}

function isRollingBack({ stackId }: Requester, env: Environment): Promise<boolean> {
  return asked(env, () => env.stacks.isRollingBack(stackId));
}

async function creation(requester: Requester, env: Environment): Promise<'awaited' | 'completed' | 'withdrawn'> {
  if (isFresh(env)) return 'awaited';
  return seen(env, 'awaited', () => env.stacks.creation(requester.stackId, requester.logicalId));
}

/**
 * Undoes what a withdrawn Create has done.
 *
 * @param held What this delivery got hold of; undefined when another one may have
 */
async function takeBack(declared: DeclaredSecret, requester: Requester, env: Environment, held?: Held): Promise<void> {
  const claimed = (secret?: ExistingSecret) =>
    secret !== undefined && isClaimedBy(requester, secret.ownership) && holdsForGood(secret, declared, requester);
  // Nobody waits for the answer, so no Delete follows that could do what fails here.
  await stubbornly(env, async () => {
    if (held) return undo(held.arn, held.outcome === 'ADOPTED', declared, requester, held.found, env);
    const found = await lookAgain(env, () => describe(env, declared.name), claimed);
    if (!found || !claimed(found)) return;
    await undo(found.arn, wasAdopted(found.ownership), declared, requester, undefined, env);
  }).catch((error) => {
    throw new Unfinished(error);
  });
}

/**
 * Gets hold of the secret of this name: a new one, the one that is scheduled for deletion, or a live one.
 *
 * @param returningTo What a rollback returns to, as far as CloudFormation knows
 */
async function acquire(
  declared: DeclaredSecret,
  requester: Requester,
  env: Environment,
  returningTo?: string,
): Promise<Held> {
  assertGenerator(declared.value);
  let restoring: ExistingSecret | undefined;
  return decidingAnew(env, NAME_WAIT_MS, async () => {
    const look = async () => {
      const found = await describe(env, declared.name);
      // The answer to RestoreSecret can get lost: what this delivery set out to restore, and is live, it has restored.
      const restored = restoring && isLive(found) && sameHolder(found.ownership, restoring.ownership);
      const decision: Acquisition = restored
        ? { action: 'restore', secret: found }
        : decideAcquisition(found, declared, requester, returningTo !== undefined);
      return { found, decision };
    };
    // Another delivery of the request may have restored what is refused as live, or be about to give back what is live.
    const { found, decision } = await lookAgain(env, look, (now) => {
      if (!isLive(now.found)) return true;
      const mayBeRestored = now.decision.action === 'refuse' && mayRestore(now.found, declared);
      return !mayBeRestored && !isBeingReturned(now.found.tags);
    });
    env.log({ step: decision.action, secret: found?.arn ?? declared.name });
    if (decision.action === 'restore') restoring = decision.secret;
    // A rollback that fails leaves the stack stuck, and what is in other hands now cannot be returned to.
    if (decision.action === 'refuse' && returningTo !== undefined && found)
      return { arn: found.arn, outcome: 'ADOPTED' };
    const marked =
      decision.action === 'resume' && restoring
        ? { ...decision, secret: await markRestored(decision.secret, requester, env) }
        : decision;
    return getHold(marked, declared, requester, env, returningTo);
  });
}

/** Of two deliveries of the request this one restored the secret, which the other one then found live and adopted. */
async function markRestored(secret: ExistingSecret, requester: Requester, env: Environment): Promise<ExistingSecret> {
  const mark: Tags = { [OWNERSHIP_TAG.restoredBy]: requester.requestId };
  await retag(env, secret.arn, mark, []);
  const tags = { ...secret.tags, ...mark };
  return { ...secret, tags, ownership: readOwnership(tags) };
}

/** Throws `LookAgain` while the name belongs to a secret that is on its way out. */
async function getHold(
  decision: Acquisition,
  declared: DeclaredSecret,
  requester: Requester,
  env: Environment,
  returningTo?: string,
): Promise<Held> {
  switch (decision.action) {
    case 'refuse':
      throw new Refusal(decision.reason);
    case 'create':
      // What somebody deleted for good before the deployment that failed is as it was.
      if (returningTo !== undefined)
        return { arn: arnOfGone(declared.name, returningTo, requester), outcome: 'ADOPTED' };
      return createNew(declared, requester, env);
    case 'restore':
      return bringBack(decision.secret, declared, requester, env, returningTo !== undefined);
    case 'adopt':
      return takeOver(decision.secret, declared, requester, env);
    case 'leave':
      return { arn: decision.secret.arn, outcome: 'ADOPTED' };
    case 'resume':
      return resume(decision.secret, declared, requester, env, returningTo !== undefined);
  }
}

async function createNew(declared: DeclaredSecret, requester: Requester, env: Environment): Promise<Held> {
  const value = await produceValue(env, declared.value);
  const tags = claim(declared.owner, requester, 'CREATED', env.now());
  let arn: string;
  try {
    arn = await create(env, declared, tags, requester.requestId, value);
  } catch (error) {
    // An answer can get lost: what carries the tags of this request was created by it.
    const now = await describe(env, declared.name);
    const created = now && isClaimedBy(requester, now.ownership);
    const taken = ['ResourceExistsException', 'InvalidRequestException'].includes(errorName(error));
    throw created || taken ? new LookAgain(error) : error;
  }
  await orUndo(env, arn, false, declared, requester, undefined, async () => {
    await addReplicas(env, arn, declared.replicas);
    await awaitReplicas(
      env,
      arn,
      declared.replicas.map(({ region }) => region),
    );
  });
  return { arn, outcome: 'CREATED' };
}

async function bringBack(
  secret: ExistingSecret,
  declared: DeclaredSecret,
  requester: Requester,
  env: Environment,
  returning: boolean,
): Promise<Held> {
  await assertKeyAlive(secret, env);
  await assertLetGo(secret, env);
  const foreign = secret.ownership.owner !== declared.owner;
  // A take-over long ago left who held the secret then, which a rollback must not take for the holder before this one.
  const takenFrom = foreign || secret.ownership.previous ? secret.ownership : undefined;
  const tags = claim(declared.owner, requester, 'RESTORED', env.now(), takenFrom);
  await orUndo(env, secret.arn, false, declared, requester, secret, async () => {
    if (!(await restore(env, secret.arn))) {
      throw new LookAgain(new Failure(`secret '${secret.name}' could not be restored, it is being deleted for good`));
    }
    if (foreign) await assertStill(secret, requester, env);
    // A rollback returns to what was there.
    const value = returning ? undefined : valueToRestore(secret, declared);
    await reconcile(secret, declared, tags, requester, env, (assertMine) =>
      write(secret, value, requester, env, assertMine),
    );
  });
  return { arn: secret.arn, outcome: 'RESTORED', found: secret };
}

/** Whoever may take a secret from its owner may not be the only one who does. */
async function assertStill(secret: ExistingSecret, requester: Requester, env: Environment): Promise<void> {
  const now = (await describe(env, secret.arn))?.ownership;
  if (!now || JSON.stringify(now) === JSON.stringify(secret.ownership)) return;
  const taken = new Failure(`secret '${secret.name}' was taken by ${now.stackId ?? 'somebody else'} at the same time`);
  throw isClaimedBy(requester, now) ? new LookAgain(taken) : taken;
}

async function takeOver(
  secret: ExistingSecret,
  declared: DeclaredSecret,
  requester: Requester,
  env: Environment,
): Promise<Held> {
  await assertKeyAlive(secret, env);
  await assertLetGo(secret, env);
  const tags = claim(declared.owner, requester, 'ADOPTED', env.now(), secret.ownership);
  await orUndo(env, secret.arn, true, declared, requester, secret, async () => {
    await reconcile(secret, declared, tags, requester, env, (assertMine) =>
      write(secret, valueToRestore(secret, declared), requester, env, assertMine),
    );
  });
  return { arn: secret.arn, outcome: 'ADOPTED', found: secret };
}

/** Completes what an earlier delivery of this request began, or returns to a secret that was never given up. */
async function resume(
  secret: ExistingSecret,
  declared: DeclaredSecret,
  requester: Requester,
  env: Environment,
  returning: boolean,
): Promise<Held> {
  const outcome = secret.ownership.origin?.outcome ?? 'ADOPTED';
  const sameRequest = isClaimedBy(requester, secret.ownership);
  const work = async () => {
    const value = sameRequest && !returning && outcome !== 'CREATED' ? valueToRestore(secret, declared) : undefined;
    await reconcile(secret, declared, ownedBy(declared.owner, secret.tags), requester, env, (assertMine) =>
      write(secret, value, requester, env, assertMine),
    );
  };
  await (sameRequest
    ? orUndo(env, secret.arn, wasAdopted(secret.ownership), declared, requester, secret, work)
    : work());
  return { arn: secret.arn, outcome };
}

async function revise(
  arn: string,
  declared: DeclaredSecret,
  before: DeclaredSecret,
  requester: Requester,
  env: Environment,
): Promise<Held> {
  assertGenerator(declared.value);
  const found = await describe(env, arn);
  const decision = decideRevision(found, declared, before, requester);
  const outcome = found?.ownership.origin?.outcome ?? 'ADOPTED';
  env.log({ step: decision.action, secret: arn });
  if (decision.action === 'refuse') {
    // A rollback that fails leaves the stack stuck, and there is nothing here that it could roll back.
    if (await isRollingBack(requester, env)) return { arn, outcome };
    throw new Refusal(decision.reason);
  }
  const { secret } = decision;
  if (decision.action === 'restore') {
    await assertKeyAlive(secret, env);
    if (!(await restore(env, arn))) throw new Failure(`secret '${secret.name}' is being deleted for good`);
  }
  // As in CloudFormation, another source makes another value. A rollback only makes the one before current again: it
  // would otherwise drop what was under AWSPREVIOUS, and overwrite what was written by hand.
  const changed = JSON.stringify(before.value) !== JSON.stringify(declared.value);
  const failedDeployment = changed
    ? await asked(env, () => env.stacks.rolledBackDeployment(requester.stackId))
    : undefined;
  const writes = changed && failedDeployment === undefined && declared.value.kind !== 'none';
  const now = new Date(env.now()).toISOString();
  const valueTag: Tags = writes ? { [OWNERSHIP_TAG.valueUpdate]: `${requester.requestId} ${now}` } : {};
  const setValue = async (assertMine: () => Promise<void>) => {
    if (writes) await write(secret, declared.value, requester, env, assertMine);
    const [lastWriter, at] = (secret.tags[OWNERSHIP_TAG.valueUpdate] ?? '').split(' ');
    // A deployment that failed before it wrote a value left the tag of an earlier one.
    if (Date.parse(at) >= (failedDeployment ?? Infinity)) await putValueBack(env, secret, lastWriter);
  };
  const tags = { ...ownedBy(declared.owner, secret.tags), ...valueTag };
  await reconcile(secret, declared, tags, requester, env, setValue, before);
  return { arn, outcome };
}

/**
 * Ownership first: whatever happens afterwards, the tags say who has to deal with it. Replicas last: they take long.
 *
 * @param setValue Writes or takes back the value, in between
 */
async function reconcile(
  secret: ExistingSecret,
  declared: DeclaredSecret,
  ownershipTags: Tags,
  requester: Requester,
  env: Environment,
  setValue: (assertMine: () => Promise<void>) => Promise<void>,
  declaredBefore?: DeclaredSecret,
): Promise<void> {
  const changes = changesOf(secret, declared, ownershipTags, declaredBefore);
  await retag(env, secret.arn, changes.setTags, changes.removeTags);
  // CloudFormation may have withdrawn a request that takes long, and its Delete may have given the secret back.
  const assertMine = () => assertHolder(secret.arn, readOwnership(ownershipTags), env);
  await updateMetadata(env, secret.arn, changes.metadata);
  await setValue(assertMine);
  if (changes.removeReplicas.length + changes.addReplicas.length > 0) await assertMine();
  try {
    await setReplicas(secret, changes, env);
  } catch (error) {
    // A rollback that fails leaves the stack stuck, and by now everything else is as it was.
    const rollsBack =
      requester.type === 'Update' && (await seen(env, false, () => env.stacks.isRollingBack(requester.stackId)));
    if (!rollsBack) throw error;
    env.log({ step: 'replicas not brought back', secret: secret.arn, error: errorName(error) });
  }
}

async function setReplicas(secret: ExistingSecret, changes: Changes, env: Environment): Promise<void> {
  await removeReplicas(env, secret.arn, changes.removeReplicas, changes.leavingReplicas);
  await retag(env, secret.arn, {}, changes.forgetTags);
  await addReplicas(env, secret.arn, changes.addReplicas);
  await awaitReplicas(env, secret.arn, changes.awaitReplicas);
}

/** A request that was sent a moment ago has not been overtaken yet. */
async function assertHolder(arn: string, wanted: Ownership, env: Environment): Promise<void> {
  if (isFresh(env)) return;
  const isMine = (secret?: ExistingSecret) => secret !== undefined && isSameClaim(secret.ownership, wanted);
  const now = await lookAgain(env, () => describe(env, arn), isMine);
  if (!isMine(now)) throw new Failure('CloudFormation withdrew this request while it was carried out');
}

/** The request's id is the id of the version, so that a second delivery finds it there. */
async function write(
  secret: ExistingSecret,
  source: ValueSource | undefined,
  requester: Requester,
  env: Environment,
  assertMine: () => Promise<void>,
): Promise<void> {
  if (!source || requester.requestId in secret.versions) return;
  const value = await produceValue(env, source);
  if (value === undefined) return;
  await assertMine();
  try {
    await putValue(env, secret.arn, value, requester.requestId);
  } catch (error) {
    const now = await describe(env, secret.arn);
    if (!now || !(requester.requestId in now.versions)) throw error;
  }
}

/**
 * Does the work; when it fails, the secret is left as it was found before the failure goes on.
 *
 * @param found The secret before the request; undefined when the request created it
 */
async function orUndo(
  env: Environment,
  arn: string,
  adopts: boolean,
  declared: DeclaredSecret,
  requester: Requester,
  found: ExistingSecret | undefined,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    // Another delivery of the request may have been carried through: then there is nothing to undo.
    if (error instanceof LookAgain || (await isDone(requester, arn, env))) throw error;
    try {
      await stubbornly(env, () => undo(arn, adopts, declared, requester, found, env));
    } catch (failure) {
      env.log({ step: 'undo failed', secret: arn, error: errorName(failure) });
      throw new Unfinished(error, arn);
    }
    throw error;
  }
}

async function undo(
  arn: string,
  adopts: boolean,
  declared: DeclaredSecret,
  requester: Requester,
  found: ExistingSecret | undefined,
  env: Environment,
): Promise<void> {
  const secret = await lookAgain(env, () => describe(env, arn), isLive);
  if (!isLive(secret)) return;
  // Another delivery that gives the secret back takes the origin off last, and may leave the rest of a later claim.
  const { origin } = secret.ownership;
  const claimed = isClaimedBy(requester, secret.ownership) || (!origin && holds(requester, secret.ownership));
  // Of two deliveries at the same time one may have restored what the other one found live, and then adopts.
  const adopted = adopts && !(claimed && origin?.outcome === 'RESTORED');
  // Restored, but not claimed: still ours to put back, unless somebody else was faster.
  const untouched = found !== undefined && sameHolder(secret.ownership, found.ownership);
  env.log({ step: claimed || untouched ? 'undo' : 'left to its new holder', secret: arn });
  // Claimed or not: a delivery that was overtaken may still have written its value.
  await putValueBack(env, secret, requester.requestId);
  if (adopted) {
    const before = found && holderBefore(requester, found.ownership);
    if (claimed) await giveBack(secret, secret.ownership.previous ?? before, env);
    return;
  }
  if (claimed && secret.ownership.previous) await giveBackOwner(secret, env);
  if (claimed || untouched) await schedule(secret, declared, env, false);
}

/** Another delivery may have given the secret back since, which does not say any more how the holder came by it. */
function sameHolder(now: Ownership, then: Ownership): boolean {
  return (
    now.owner === then.owner &&
    now.stackId === then.stackId &&
    now.logicalId === then.logicalId &&
    (now.origin === undefined || now.origin.requestId === then.origin?.requestId)
  );
}

/** The value that the request wrote makes way for the one before it. */
async function takeValueBack(secret: ExistingSecret, env: Environment): Promise<void> {
  const { origin } = secret.ownership;
  if (origin) await putValueBack(env, secret, origin.requestId);
}

/**
 * Gives an adopted secret back, with the tags that it had before; where this stack has no right to do that any more,
 * with those that at least say whose it is.
 */
async function giveBack(secret: ExistingSecret, previous: Holder | undefined, env: Environment): Promise<void> {
  if (!previous) return;
  const { set, remove: keys } = tagsBefore(previous);
  if (!previous.owner) await retag(env, secret.arn, {}, [OWNERSHIP_TAG.owner]);
  // Secrets Manager refuses a change of tags by which the caller would lose its permissions.
  const all = await unlessDenied(() => retag(env, secret.arn, { ...set, ...returnTo(previous) }, []));
  if (!all) await retag(env, secret.arn, returnTo(previous), []);
  const clean = all && (await unlessDenied(() => retag(env, secret.arn, {}, keys)));
  if (!clean) env.log({ step: 'given back', secret: secret.arn, why: 'some tags of the take-over stay' });
}

async function unlessDenied(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (errorName(error) === 'AccessDeniedException') return false;
    throw error;
  }
}

/** Only the owner: the other tags are what still permits this stack to schedule the secret afterwards. */
async function giveBackOwner(secret: ExistingSecret, env: Environment): Promise<void> {
  const { previous } = secret.ownership;
  if (previous?.owner) await retag(env, secret.arn, ownerTag(previous), []);
  else await retag(env, secret.arn, {}, [OWNERSHIP_TAG.owner]);
}

async function schedule(
  secret: ExistingSecret,
  declared: DeclaredSecret,
  env: Environment,
  force: boolean,
): Promise<void> {
  const declaredRegions = declared.replicas.map(({ region }) => region);
  const replicated = secret.replicas.map(({ region }) => region);
  const leaving = leavingRegions(secret.tags);
  // Replicas that are removed are not listed any more, but still exist for a while; a second delivery has to know them.
  const unknown = replicated.filter((region) => !declaredRegions.includes(region) && !leaving.includes(region));
  if (unknown.length > 0) await retag(env, secret.arn, leavingTag([...leaving, ...unknown]), []);
  await removeReplicas(env, secret.arn, replicated, [...declaredRegions, ...leaving]);
  if (replicated.length > 0) await assertSameClaim(secret, env);
  await remove(env, secret, force ? undefined : declared.recoveryWindowInDays);
}

/** Replicas take long to go, and meanwhile another request may have given the secret back. */
async function assertSameClaim(secret: ExistingSecret, env: Environment): Promise<void> {
  const now = await describe(env, secret.arn);
  if (now && !isSameClaim(now.ownership, secret.ownership)) {
    throw new LookAgain(new Failure(`secret '${secret.name}' came into other hands while it was to be deleted`));
  }
}

/** Before anything is changed: what cannot be read afterwards is not worth being restored now. */
async function assertKeyAlive(secret: ExistingSecret, env: Environment): Promise<void> {
  const key = secret.kmsKeyId;
  const state = key === undefined ? undefined : await env.keyState(key);
  if (!state || !DEAD_KEY_STATES.includes(state)) return;
  throw new Refusal(
    `secret '${secret.name}' could not be read, because its KMS key ${key} is ${state}; nothing was changed; take the ` +
      'key back (kms:CancelKeyDeletion, then kms:EnableKey) and deploy again',
  );
}

/** Whoever removes a native resource without RETAIN deletes its secret for good, whoever has taken it over meanwhile. */
async function assertLetGo(secret: ExistingSecret, env: Environment): Promise<void> {
  // The tags of the native resource stay for good; a secret that was taken over had been let go before.
  if (secret.ownership.stackId) return;
  const stackId = secret.tags['aws:cloudformation:stack-id'];
  const logicalId = secret.tags['aws:cloudformation:logical-id'];
  if (!stackId || !logicalId || (await asked(env, () => env.stacks.isLetGo(stackId, logicalId)))) return;
  throw new Refusal(
    `secret '${secret.name}' is still resource ${logicalId} of stack ${stackId}, whose removal would delete it for ` +
      'good; nothing was changed; deploy that resource with removalPolicy: RemovalPolicy.RETAIN, then remove it, then ' +
      'deploy this one again',
  );
}

function assertGenerator(source: ValueSource): void {
  if (source.kind === 'generated') assertTemplate(source.options);
}

function completed({ arn, outcome }: Held): Completed {
  return { physicalId: arn, data: { Outcome: outcome } };
}

function isArn(id: string): boolean {
  return /^arn:[^:]+:secretsmanager:/.test(id);
}

/** CloudFormation may know only of the secret that the failed deployment made in place of the one that is gone. */
function arnOfGone(name: string, id: string, { requestId }: Requester): string {
  return id.replace(/-[^-]{6}$/, '').endsWith(`:secret:${name}`) ? id : unknownSecret(requestId);
}

/** A request that does not tell when it was sent counts as sent just now. */
function ageOf(env: Environment): number {
  return env.sentAt === undefined ? 0 : env.now() - env.sentAt;
}

function isFresh(env: Environment): boolean {
  return ageOf(env) < FRESH_MS;
}

function isOutdated(env: Environment): boolean {
  return ageOf(env) >= OUTDATED_MS;
}
