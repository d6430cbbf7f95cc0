import { retryQuery } from '../aws/retry';
import { describe, IN_ANOTHER_REGION } from '../aws/secrets';
import { stackName } from '../cloudformation/request';
import type { ResourceId } from '../cloudformation/stacks';
import { type HolderNow, refusalOfTakeOver } from '../decide/acquire';
import type { Environment } from '../environment';
import { errorName, isDenied, rejected } from '../errors';
import {
  type Refused,
  refuseDeadKey,
  refuseNative,
  refuseNoName,
  refuseRegion,
  refuseReplicaName,
  refuseTags,
} from '../messages';
import { type TagChanges, tooManyTags } from '../model/changes';
import { holds, type Tags } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';
import type { Attempt } from './attempt';

/*
 * What is looked at before anything is changed, beside the secret itself. Each throws what the person who deploys is told.
 */

const DEAD_KEY_STATES = ['Disabled', 'PendingDeletion', 'PendingReplicaDeletion', 'Unavailable', 'NotFound'];

export function assertNamed({ declared }: Attempt): void {
  if (declared.name === '') throw rejected(refuseNoName());
}

/** What cannot be read afterwards is not worth being restored now. */
export async function assertKeyAlive({ env }: Attempt, secret: ExistingSecret): Promise<void> {
  const key = secret.kmsKeyId;
  const state = key === undefined ? undefined : await env.keyState(key);
  if (!state || !DEAD_KEY_STATES.includes(state)) return;
  // An alias that is gone says nothing about the key that the secret was encrypted with.
  if (state === 'NotFound' && /(^|:)alias\//.test(key ?? '')) return;
  throw rejected(refuseDeadKey(secret, state));
}

/** Whoever removes a native resource without RETAIN deletes its secret for good, whoever has taken it over meanwhile. */
export async function assertReleasedByNativeStack({ env }: Attempt, secret: ExistingSecret): Promise<void> {
  // The tags of the native resource stay for good; a secret that was taken over had been let go before.
  if (secret.ownership.stackId) return;
  const stackId = secret.tags['aws:cloudformation:stack-id'];
  const logicalId = secret.tags['aws:cloudformation:logical-id'];
  if (!stackId || !logicalId || (await retryQuery(env, () => env.stacks.hasLetGo(stackId, logicalId)))) return;
  throw rejected(refuseNative(secret, stackId, logicalId));
}

/** A live secret that a resource still holds is not taken from it in passing. */
export async function assertFree(attempt: Attempt, secret: ExistingSecret): Promise<void> {
  const refused = refusalOfTakeOver(secret, attempt.declared, await holderNow(attempt, secret));
  if (refused) throw rejected(refused);
}

/** @param unseen What is assumed where the function may not see the stack */
export async function holderNow(
  attempt: Attempt,
  secret: ExistingSecret,
  unseen: 'gone' | 'in another stack' = 'in another stack',
): Promise<HolderNow> {
  const { env, requester, declared } = attempt;
  const { stackId, logicalId, owner } = secret.ownership;
  // What this resource has from an earlier request it takes from nobody.
  if (!stackId || !logicalId || holds(requester, secret.ownership)) return 'gone';
  const of = { stackId, logicalId, physicalId: secret.arn };
  if (stackId === requester.stackId)
    return (await retryQuery(env, () => stays(attempt, secret, of))) ? 'in this stack' : 'gone';
  if (declared.existingSecretPolicy === 'ADOPT') return 'gone';
  const meant = async () =>
    owner === declared.owner &&
    (await isExplicit(attempt, owner, requester.stackId)) &&
    (await isExplicit(attempt, owner, stackId));
  if (await unlessDenied(env, false, meant)) return 'with the same owner';
  return unlessDenied(env, unseen, async () => ((await env.stacks.has(of)) ? 'in another stack' : 'gone'));
}

/**
 * What is scheduled while a resource of another stack holds it was restored a moment ago, which is not seen yet, or scheduled by
 * a person: it is no more free than a live one.
 */
export async function assertLetGo(attempt: Attempt, secret: ExistingSecret): Promise<void> {
  const { stackId = '' } = secret.ownership;
  // Of two stacks of one name the former one is gone.
  if (stackName(stackId) === stackName(attempt.requester.stackId)) return;
  // A role that may not see other stacks has to restore what was theirs.
  const refused = refusalOfTakeOver(secret, attempt.declared, await holderNow(attempt, secret, 'gone'));
  if (refused) await refuseForward(attempt, refused);
}

/** Whether another resource of this stack goes on to hold the secret, and is not what the deployment moves it from. */
async function stays(attempt: Attempt, { ownership }: ExistingSecret, of: ResourceId): Promise<boolean> {
  const { stacks } = attempt.env;
  if (!(await stacks.has(of))) return false;
  const fate = await stacks.fate(of.stackId, of.logicalId);
  if (fate !== 'unknown') return fate === 'kept';
  // What this very deployment got hold of, it does not let go of.
  const at = ownership.origin?.at;
  // @defence held-by-this-deployment: return false
  return at !== undefined && ['under way', 'unknown'].includes((await attempt.deployment(at)).outcome);
}

/** Whether an owner was chosen, and is not the name that the stack was deployed under. */
async function isExplicit({ env }: Attempt, owner: string | undefined, stackId: string): Promise<boolean> {
  const name = stackName(stackId);
  if (owner === undefined || owner === name) return false;
  // The name of a nested stack begins with that of the stack around it.
  return !name.startsWith(`${owner}-`) || (await env.stacks.outermostName(stackId)) !== owner;
}

/** @param assumed Of a stack that the function may not see */
async function unlessDenied<T>(env: Environment, assumed: T, query: () => Promise<T>): Promise<T> {
  return retryQuery(env, query).catch((error) => {
    if (isDenied(error)) return assumed;
    throw error;
  });
}

/** Room is kept for every tag that this library may need later. */
export async function assertTagsFit(attempt: Attempt, tags: Tags, changes: TagChanges): Promise<void> {
  const tooMany = tooManyTags(tags, changes);
  if (tooMany !== undefined) await refuseForward(attempt, refuseTags(attempt.declared.name, tooMany));
}

/** A replica that cannot be seen could never be removed again, and its primary never be deleted. */
export async function assertReplicable(attempt: Attempt, regions: readonly string[]): Promise<void> {
  const { env, declared, requester } = attempt;
  const [, , , home] = requester.stackId.split(':');
  const ask = async (region: string) => {
    try {
      const there = await describe(env, declared.name, env.secretsIn(region), IN_ANOTHER_REGION);
      return there && there.replicaOf !== home ? refuseReplicaName(declared.name, region) : undefined;
    } catch (error) {
      return refuseRegion(declared.name, region, errorName(error));
    }
  };
  for (const refused of await Promise.all(regions.map(ask))) {
    if (refused) await refuseForward(attempt, refused);
  }
}

/** A rollback that fails leaves the stack stuck: it does what can be done. */
async function refuseForward(attempt: Attempt, refused: Refused): Promise<void> {
  const { kind } = await attempt.direction();
  if (kind === 'forward') throw rejected(refused);
  attempt.env.log({ step: 'refused, but for the rollback', why: refused.reason });
}
