import { MAX_TAGS, OWNERSHIP_TAG_PREFIX } from '../../private/contract';
import { addReplicas, removeReplicas } from '../aws/replicas';
import { waitUntil } from '../aws/retry';
import { describe, moveLabel, putValue, tag, untag, updateMetadata } from '../aws/secrets';
import { errorName } from '../errors';
import { failReplicasOutOfSync, failReplicasStay, failReplication } from '../messages';
import type { Changes } from '../model/changes';
import type { ValueSource } from '../model/declared-secret';
import type { ExistingSecret } from '../model/secret';
import { versionBefore, versionIdOf, versionWith } from '../model/versions';
import { produceValue } from '../secret-value';
import type { Attempt } from './attempt';
import { protectLive } from './protect';
import { assertHolder } from './seen';

const REPLICA_WAIT_MS = 180_000;

/** Staging label of what a rotation that was cut off had begun with. */
const CUT_OFF = 'CUT_OFF';

/**
 * Brings a live secret to what was declared. Ownership first: whatever happens afterwards, the tags say who has to deal
 * with it. Replicas last: they take long.
 *
 * @param value What to write; undefined to keep what the secret has
 */
export async function apply(
  attempt: Attempt,
  secret: ExistingSecret,
  changes: Changes,
  value: ValueSource | undefined,
): Promise<void> {
  const { env } = attempt;
  // CloudFormation may have withdrawn a request that takes long, and its Delete may have given the secret back.
  const assertMine = () => assertHolder(attempt, secret.arn, { ...secret.tags, ...changes.setTags });
  await retag(attempt, secret, changes, assertMine);
  // @defence metadata-still-mine
  if (Object.keys(changes.metadata).length > 0) await assertMine();
  await updateMetadata(env, secret.arn, changes.metadata);
  if (value) await write(attempt, secret, value, assertMine);
  await protectLive(attempt, { ...secret, tags: { ...secret.tags, ...changes.setTags } }, changes.protection);
  // @defence replicas-still-mine
  if (changes.removeReplicas.length > 0) await assertMine();
  try {
    await removeReplicas(env, secret.arn, changes.removeReplicas);
    await awaitNoReplica(attempt, secret.arn, [...changes.removeReplicas, ...changes.leavingReplicas]);
    // That took a minute.
    // @defence still-mine-without-replicas
    if (changes.addReplicas.length + changes.forgetTags.length > 0) await assertMine();
    await untag(env, secret.arn, changes.forgetTags);
    await addReplicas(env, secret.arn, changes.addReplicas);
    await awaitReplicas(attempt, secret.arn, changes.awaitReplicas);
  } catch (error) {
    // By now everything else is as it was.
    // @defence rollback-without-replica: throw error
    if (!(await attempt.isRollback())) throw error;
    env.log({ step: 'replicas not brought back', secret: secret.arn, error: errorName(error) });
  }
}

/** Sets before it removes: a tag that goes first could be the one that permits the rest. */
async function retag(
  { env }: Attempt,
  { arn, tags }: ExistingSecret,
  { setTags, removeTags }: Changes,
  assertMine: () => Promise<void>,
): Promise<void> {
  const inBetween = new Set([...Object.keys(tags), ...Object.keys(setTags)].filter((key) => !key.startsWith('aws:')));
  const first = inBetween.size > MAX_TAGS ? removeTags.filter((key) => !key.startsWith(OWNERSHIP_TAG_PREFIX)) : [];
  await untag(env, arn, first);
  await tag(env, arn, setTags);
  const rest = removeTags.filter((key) => !first.includes(key));
  // @defence tags-still-mine
  if (rest.length > 0) await assertMine();
  await untag(env, arn, rest);
}

/** The id of the version is made of the request's, so that a second delivery finds it there. */
async function write(
  { env, requester }: Attempt,
  secret: ExistingSecret,
  source: ValueSource,
  assertMine: () => Promise<void>,
): Promise<void> {
  const versionId = versionIdOf(requester);
  const value = await produceValue(env, source);
  if (value === undefined) return;
  // @defence value-still-mine
  await assertMine();
  try {
    await putValue(env, secret.arn, value, versionId);
  } catch (error) {
    // Another delivery was faster, with another generated value.
    const now = await describe(env, secret.arn);
    // @defence value-answer-lost: throw error
    if (!now || !(versionId in now.versions)) throw error;
  }
}

/** Makes the version before current again, where `versionId` is the one that took its place. */
export async function putValueBack(env: Attempt['env'], secret: ExistingSecret, versionId: string): Promise<void> {
  const before = versionBefore(versionId, secret);
  if (before === undefined) return;
  try {
    await moveLabel(env, secret.arn, 'AWSCURRENT', { from: versionId, to: before });
  } catch (error) {
    // Another delivery was faster.
    const now = await describe(env, secret.arn);
    // @defence put-back-already: throw error
    if (!now || versionWith('AWSCURRENT', now) === versionId) throw error;
  }
}

/**
 * A rotation that was cut off: as long as its version is pending, no other rotation can begin. The database may have taken
 * its value already, and a version without a label can get lost.
 */
export async function endCutOffRotation({ env }: Attempt, secret: ExistingSecret): Promise<void> {
  const pending = versionWith('AWSPENDING', secret);
  if (pending === undefined || versionWith('AWSCURRENT', secret) === pending) return;
  const from = versionWith(CUT_OFF, secret);
  if (from !== pending) await moveLabel(env, secret.arn, CUT_OFF, { from, to: pending });
  await moveLabel(env, secret.arn, 'AWSPENDING', { from: pending });
}

/**
 * Waits until no replica is left in these regions. A primary that is deleted earlier leaves the replica behind as a live
 * secret of its own.
 *
 * @returns The regions where that was seen; there is no use in waiting once more for the others
 */
export async function awaitNoReplica(
  { env }: Attempt,
  arn: string,
  listed: readonly string[],
): Promise<readonly string[]> {
  const regions = [...new Set(listed)];
  const seen = new Map<string, 'there' | 'gone' | 'unknown'>();
  const look = async (region: string) => {
    try {
      // Asked again anyway, so no single question is worth patience.
      const replica = await describe(env, arnIn(region, arn), env.secretsIn(region), {});
      // Without a primary it was promoted to a secret of its own, which is not ours to wait for.
      seen.set(region, replica?.replicaOf ? 'there' : 'gone');
    } catch (error) {
      if (!seen.has(region)) env.log({ step: 'replica not seen', secret: arn, region, error: errorName(error) });
      seen.set(region, 'unknown');
    }
  };
  const are = (state: string) => regions.filter((region) => seen.get(region) === state);
  // @defence replicas-gone: const gone = true
  const gone = await waitUntil(env, REPLICA_WAIT_MS, async () => {
    await Promise.all(regions.map(look));
    return are('gone').length === regions.length;
  });
  // The service has accepted the removal. Where its end cannot be seen, the time that it takes has passed.
  // @defence replicas-there-at-last
  if (!gone && are('there').length > 0) {
    throw failReplicasStay(are('there'));
  }
  return are('gone');
}

/** Waits until replicas have the value: the call that adds them succeeds also when replication then fails. */
export async function awaitReplicas({ env }: Attempt, arn: string, regions: readonly string[]): Promise<void> {
  if (regions.length === 0) return;
  const inTime = await waitUntil(env, REPLICA_WAIT_MS, async () => {
    const replicas = (await describe(env, arn))?.replicas ?? [];
    const failed = replicas.find(({ region, status }) => status === 'Failed' && regions.includes(region));
    if (failed) throw failReplication(failed);
    const inSync = replicas.filter(({ region, status }) => status === 'InSync' && regions.includes(region));
    return inSync.length === regions.length;
  });
  if (!inTime) throw failReplicasOutOfSync(regions);
}

function arnIn(region: string, arn: string): string {
  const parts = arn.split(':');
  parts[3] = region;
  return parts.join(':');
}
