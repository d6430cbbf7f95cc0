import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { type ExistingSecret, existingSecret } from './decision';
import { errorName, Failure, LookAgain } from './errors';
import { isSameClaim, type Tags } from './ownership';
import { IAM_LAG, lookAgain, patiently, STATE_LAG, waitFor } from './patience';
import type { DeclaredSecret, Replica } from './request';
import type { World } from './world';

const REPLICA_WAIT_MS = 180_000;

/** The secret by name or ARN; undefined when there is none. Nothing else tells the states of a secret apart. */
export async function describe(
  world: World,
  id: string,
  client: SecretsManagerClient = world.secrets,
): Promise<ExistingSecret | undefined> {
  try {
    const command = new DescribeSecretCommand({ SecretId: id });
    return existingSecret(await patiently(world, 'DescribeSecret', IAM_LAG, () => client.send(command)));
  } catch (error) {
    if (errorName(error) === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

export async function create(
  world: World,
  declared: DeclaredSecret,
  tags: Tags,
  token: string,
  value: string | undefined,
): Promise<string> {
  const input = {
    Name: declared.name,
    ClientRequestToken: token,
    Description: declared.description || undefined,
    KmsKeyId: declared.kmsKeyId,
    Type: declared.type,
    SecretString: value,
    Tags: tagList({ ...declared.tags, ...tags }),
  };
  const created = await patiently(world, 'CreateSecret', IAM_LAG, () =>
    world.secrets.send(new CreateSecretCommand(input)),
  );
  return created.ARN ?? '';
}

/**
 * Takes the secret out of its deletion. Whether that is the outcome is read from the secret: another delivery of the
 * request, or a person, may have done it meanwhile.
 *
 * @returns false while a deletion without recovery, which looks like a scheduled one until it has ended, is under way
 */
export async function restore(world: World, arn: string): Promise<boolean> {
  try {
    await patiently(world, 'RestoreSecret', IAM_LAG, () =>
      world.secrets.send(new RestoreSecretCommand({ SecretId: arn })),
    );
    return true;
  } catch (error) {
    const now = await describe(world, arn);
    if (isLive(now)) return true;
    if (!now || ['InvalidRequestException', 'ResourceNotFoundException'].includes(errorName(error))) return false;
    throw error;
  }
}

/**
 * With a window the secret can be restored; without one it is gone.
 *
 * Throws `LookAgain` when it has come into other hands since it was looked at.
 */
export async function remove(world: World, secret: ExistingSecret, windowInDays: number | undefined): Promise<void> {
  const how =
    windowInDays === undefined ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: windowInDays };
  const command = new DeleteSecretCommand({ SecretId: secret.arn, ...how });
  await patiently(world, 'DeleteSecret', STATE_LAG, async () => {
    try {
      await world.secrets.send(command);
    } catch (error) {
      // Another delivery of the request, or a person, may have been faster; or what is seen is still the past.
      const now = await lookAgain(world, () => describe(world, secret.arn), isLive);
      if (!isLive(now)) return;
      throw isSameClaim(now.ownership, secret.ownership) ? error : new LookAgain(error);
    }
  });
}

/** Whether the secret is there and not scheduled for deletion. */
export function isLive(secret: ExistingSecret | undefined): secret is ExistingSecret {
  return secret !== undefined && !secret.deletedDate;
}

/** Sets before it removes: a tag that goes first could be the one that permits the rest. */
export async function retag(world: World, arn: string, set: Tags, removeKeys: readonly string[]): Promise<void> {
  if (Object.keys(set).length > 0) {
    await patiently(world, 'TagResource', STATE_LAG, () =>
      world.secrets.send(new TagResourceCommand({ SecretId: arn, Tags: tagList(set) })),
    );
  }
  if (removeKeys.length > 0) {
    await patiently(world, 'UntagResource', STATE_LAG, () =>
      world.secrets.send(new UntagResourceCommand({ SecretId: arn, TagKeys: [...removeKeys] })),
    );
  }
}

/** Never carries a value: UpdateSecret would make a new version of it. */
export async function updateMetadata(
  world: World,
  arn: string,
  metadata: { readonly Description?: string; readonly KmsKeyId?: string },
): Promise<void> {
  if (Object.keys(metadata).length === 0) return;
  await patiently(world, 'UpdateSecret', STATE_LAG, () =>
    world.secrets.send(new UpdateSecretCommand({ SecretId: arn, ...metadata })),
  );
}

/** Makes the value current. The token becomes the id of the version. */
export async function putValue(world: World, arn: string, value: string, token: string): Promise<void> {
  await patiently(world, 'PutSecretValue', STATE_LAG, () =>
    world.secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: value, ClientRequestToken: token })),
  );
}

/** Makes the version before current again, where `versionId` is the one that took its place. */
export async function putValueBack(world: World, secret: ExistingSecret, versionId: string): Promise<void> {
  const before = Object.keys(secret.versions).find((id) => secret.versions[id].includes('AWSPREVIOUS'));
  if (!secret.versions[versionId]?.includes('AWSCURRENT') || !before) return;
  await patiently(world, 'UpdateSecretVersionStage', STATE_LAG, () =>
    world.secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: secret.arn,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: before,
        RemoveFromVersionId: versionId,
      }),
    ),
  );
}

/**
 * Removes replicas and waits until they are gone in their own regions. A primary that is deleted earlier leaves the
 * replica behind as a live secret of its own.
 */
export async function removeReplicas(
  world: World,
  arn: string,
  replicated: readonly string[],
  regions: readonly string[],
): Promise<void> {
  if (replicated.length > 0) {
    await patiently(world, 'RemoveRegionsFromReplication', STATE_LAG, () =>
      world.secrets.send(
        new RemoveRegionsFromReplicationCommand({ SecretId: arn, RemoveReplicaRegions: [...replicated] }),
      ),
    );
  }
  const all = [...new Set([...replicated, ...regions])];
  await waitFor(world, `the replicas in ${all.join(', ')} were gone`, REPLICA_WAIT_MS, async () => {
    const there = await Promise.all(all.map((region) => describe(world, arnIn(region, arn), world.secretsIn(region))));
    // Without a primary it was promoted to a secret of its own, which is not ours to wait for.
    return !there.some((secret) => secret?.replicaOf);
  });
}

export async function addReplicas(world: World, arn: string, replicas: readonly Replica[]): Promise<void> {
  if (replicas.length === 0) return;
  await patiently(world, 'ReplicateSecretToRegions', STATE_LAG, () =>
    world.secrets.send(
      new ReplicateSecretToRegionsCommand({
        SecretId: arn,
        AddReplicaRegions: replicas.map(({ region, kmsKeyId }) => ({ Region: region, KmsKeyId: kmsKeyId })),
      }),
    ),
  );
}

/** Waits until replicas have the value: the call that adds them succeeds also when replication then fails. */
export async function awaitReplicas(world: World, arn: string, regions: readonly string[]): Promise<void> {
  if (regions.length === 0) return;
  await waitFor(world, `the replicas in ${regions.join(', ')} were in sync`, REPLICA_WAIT_MS, async () => {
    const replicas = (await describe(world, arn))?.replicas ?? [];
    const failed = replicas.find(({ region, status }) => status === 'Failed' && regions.includes(region));
    if (failed) throw new Failure(`replication to ${failed.region} failed: ${failed.statusMessage}`);
    const inSync = replicas.filter(({ region, status }) => status === 'InSync' && regions.includes(region));
    return inSync.length === regions.length;
  });
}

function arnIn(region: string, arn: string): string {
  const parts = arn.split(':');
  parts[3] = region;
  return parts.join(':');
}

function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
