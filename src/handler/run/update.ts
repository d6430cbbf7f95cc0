import { describe, restore } from '../aws/secrets';
import { decideRevision } from '../decide/revise';
import { isDenied, rejected } from '../errors';
import { type Refused, refuseBeingDeleted } from '../messages';
import { holds } from '../model/ownership';
import { type ExistingSecret, isLive } from '../model/secret';
import { isWrittenSince, versionBefore, versionIdOf, versionWith, writtenAt } from '../model/versions';
import { type Acquired, acquire } from './acquire';
import { apply, endCutOffRotation, putValueBack } from './apply';
import { type Attempt, isArnOf } from './attempt';
import { assertDeclared, prepareRevision } from './prepare';
import { release } from './release';

export async function onUpdate(attempt: Attempt): Promise<Acquired> {
  const { declared, before, physicalId } = attempt;
  await attempt.assertCurrent();
  assertDeclared(attempt);
  // An Update to this name may have failed before, and not have been rolled back.
  // @defence name-by-its-arn: const keepsName = physicalId.startsWith('arn:')
  const keepsName = isArnOf(physicalId, declared.name);
  if (declared.name === before.name && keepsName) return revise(attempt);
  // Another name is another secret. CloudFormation deletes the one before when everything else has succeeded.
  const direction = await attempt.direction();
  const acquired = await acquire(attempt, direction);
  // An attempt that was not rolled back may have written a value before another one changed the name.
  // @defence unfinished-value-of-former-name
  if (direction.kind === 'rollback') await putUnfinishedBack(attempt, acquired.arn);
  // What CloudFormation knows it deletes itself; or the rollback leads to it, and this is a delivery of the Update before.
  // @defence told-is-deleted-later: const untold = before.name !== '' && declared.name !== before.name
  const untold = before.name !== '' && declared.name !== before.name && !isArnOf(physicalId, before.name);
  // The failed update may never have told CloudFormation which secret it got hold of.
  // @defence release-untold
  if (direction.kind === 'rollback' && untold) {
    await release(attempt, before.name, before, { kind: 'failed deployment' });
  }
  return acquired;
}

async function putUnfinishedBack(attempt: Attempt, arn: string): Promise<void> {
  const secret = await describe(attempt.env, arn);
  if (!isLive(secret)) return;
  const unfinished = await unfinishedVersion(attempt, secret);
  if (unfinished !== undefined) await putValueBack(attempt.env, secret, unfinished);
}

async function revise(attempt: Attempt): Promise<Acquired> {
  const { env, declared, before, requester, physicalId: arn } = attempt;
  const found = await describe(env, arn);
  const decision = decideRevision(found, declared, before, requester);
  const outcome = found?.ownership.origin?.outcome ?? 'KEPT';
  env.log({ step: decision.action, secret: arn, why: decision.action === 'refuse' ? decision.reason : undefined });
  if (decision.action === 'refuse') return refuse(attempt, decision, outcome);
  const { secret } = decision;
  const valueChanged = JSON.stringify(before.value) !== JSON.stringify(declared.value);
  // The last of several attempts may have declared what was there before the first one, and got a value of its own.
  // @defence attempt-declares-the-same: const mayRollBack = valueChanged
  const mayRollBack = valueChanged || wasUpdated(secret);
  const rollsBack = mayRollBack && (await attempt.direction()).kind === 'rollback';
  const { changes, value } = await prepareRevision(attempt, secret, decision.action === 'restore');
  if (valueChanged && !value && !rollsBack) env.log({ step: 'value kept', secret: arn });
  const unfinished = value || rollsBack ? await unfinishedVersion(attempt, secret) : undefined;
  // The questions have taken time, in which CloudFormation may have gone on.
  // @defence past-update
  await attempt.assertCurrent();
  try {
    if (decision.action === 'restore' && !(await restore(env, secret))) {
      return await refuse(attempt, refuseBeingDeleted(secret), outcome);
    }
    // As a rollback does: what an unfinished deployment wrote makes way before another value takes its place, so that the
    // one from before stays the previous one.
    // @defence unfinished-value-back
    if (unfinished !== undefined) await putValueBack(env, secret, unfinished);
    // @defence rollback-writes-nothing: await apply(attempt, secret, changes, value)
    await apply(attempt, secret, changes, rollsBack ? undefined : value);
    // One that is still configured goes on by itself.
    // @defence cut-off-rotation-updated
    if (decision.action === 'restore' && !secret.rotates) await endCutOffRotation(attempt, secret);
  } catch (error) {
    // @defence untagged-in-rollback: throw error
    if (!(await isForFormerTemplate(attempt, secret, error))) throw error;
    env.log({
      step: 'leave',
      secret: arn,
      why: 'no tag says whose it is, and the role follows the template that failed',
    });
  }
  return { arn, outcome };
}

/** A rollback that fails leaves the stack stuck, and there is nothing here that it could roll back. */
async function refuse(attempt: Attempt, refused: Refused, outcome: Acquired['outcome']): Promise<Acquired> {
  // @defence rollback-never-refuses
  if ((await attempt.direction()).kind === 'rollback') return { arn: attempt.physicalId, outcome };
  throw rejected(refused);
}

/**
 * Only its name permits to tag a secret that has no tag of ours. A rollback brings the template with the opt-in back, and
 * not the role of a provider in another stack.
 */
async function isForFormerTemplate(attempt: Attempt, { ownership }: ExistingSecret, error: unknown): Promise<boolean> {
  const untagged = ownership.owner === undefined && ownership.stackId === undefined;
  return untagged && isDenied(error) && (await attempt.direction()).kind === 'rollback';
}

/** Whether an Update has written the current value, since the resource got hold of the secret. */
function wasUpdated(secret: ExistingSecret): boolean {
  const at = writtenAt(versionWith('AWSCURRENT', secret) ?? '');
  return at !== undefined && at > (secret.ownership.origin?.at ?? 0);
}

/**
 * The current version, where the deployment wrote it that is under way, in this attempt or in one before that failed. A value
 * by hand, by a rotation, or of any other deployment stays, and so does one that took no other's place.
 */
async function unfinishedVersion(attempt: Attempt, secret: ExistingSecret): Promise<string | undefined> {
  // Another stack may have had it, and written it, as long as no tag says that it was here.
  // @defence unfinished-while-held
  if (!holds(attempt.requester, secret.ownership)) return undefined;
  const current = versionWith('AWSCURRENT', secret) ?? '';
  const at = writtenAt(current);
  // A second delivery of an Update finds the version that the first one wrote.
  // @defence own-version-stays: if (at === undefined) return undefined
  if (at === undefined || current === versionIdOf(attempt.requester)) return undefined;
  const { origin } = secret.ownership;
  // What somebody else left, in a deployment that failed as well, is what this resource got.
  // @defence unfinished-since-held
  if (origin && !isWrittenSince(origin, current)) return undefined;
  // What another stack wrote in vain has been put back already.
  const tookItsPlace = versionBefore(current, secret) !== undefined;
  // @defence completed-value-stays: return tookItsPlace ? current : undefined
  return tookItsPlace && (await attempt.deployment(at)).outcome === 'under way' ? current : undefined;
}
