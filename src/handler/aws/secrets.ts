import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type DescribeSecretResponse,
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
import type { Environment } from '../environment';
import { errorName, Failure, LookAgain } from '../errors';
import type { DeclaredSecret, Replica } from '../model/declared-secret';
import { isSameClaim, readOwnership, type Tags } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';
import { IAM_LAG, lookAgain, patiently, STATE_LAG, waitFor } from './retry';

const REPLICA_WAIT_MS = 180_000;

/** The secret by name or ARN; undefined when there is none. Nothing else tells the states of a secret apart. */
export async function describe(
  env: Environment,
  id: string,
  client: SecretsManagerClient = env.secrets,
): Promise<ExistingSecret | undefined> {
  try {
    const command = new DescribeSecretCommand({ SecretId: id });
    return existingSecret(await patiently(env, 'DescribeSecret', IAM_LAG, () => client.send(command)));
  } catch (error) {
    if (errorName(error) === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

export async function create(
  env: Environment,
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
  const created = await patiently(env, 'CreateSecret', IAM_LAG, () => env.secrets.send(new CreateSecretCommand(input)));
  return created.ARN ?? '';
}

/**
 * Takes the secret out of its deletion. Whether that is the outcome is read from the secret: another delivery of the
 * request, or a person, may have done it meanwhile.
 *
 * @returns false while a deletion without recovery, which looks like a scheduled one until it has ended, is under way
 */
export async function restore(env: Environment, arn: string): Promise<boolean> {
  try {
    await patiently(env, 'RestoreSecret', IAM_LAG, () => env.secrets.send(new RestoreSecretCommand({ SecretId: arn })));
    return true;
  } catch (error) {
    const now = await describe(env, arn);
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
export async function remove(
  env: Environment,
  secret: ExistingSecret,
  windowInDays: number | undefined,
): Promise<void> {
  const how =
    windowInDays === undefined ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: windowInDays };
  const command = new DeleteSecretCommand({ SecretId: secret.arn, ...how });
  await patiently(env, 'DeleteSecret', STATE_LAG, async () => {
    try {
      await env.secrets.send(command);
    } catch (error) {
      // Another delivery of the request, or a person, may have been faster; or what is seen is still the past.
      const now = await lookAgain(env, () => describe(env, secret.arn), isLive);
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
export async function retag(env: Environment, arn: string, set: Tags, removeKeys: readonly string[]): Promise<void> {
  if (Object.keys(set).length > 0) {
    await patiently(env, 'TagResource', STATE_LAG, () =>
      env.secrets.send(new TagResourceCommand({ SecretId: arn, Tags: tagList(set) })),
    );
  }
  if (removeKeys.length > 0) {
    await patiently(env, 'UntagResource', STATE_LAG, () =>
      env.secrets.send(new UntagResourceCommand({ SecretId: arn, TagKeys: [...removeKeys] })),
    );
  }
}

/** Never carries a value: UpdateSecret would make a new version of it. */
export async function updateMetadata(
  env: Environment,
  arn: string,
  metadata: { readonly Description?: string; readonly KmsKeyId?: string },
): Promise<void> {
  if (Object.keys(metadata).length === 0) return;
  await patiently(env, 'UpdateSecret', STATE_LAG, () =>
    env.secrets.send(new UpdateSecretCommand({ SecretId: arn, ...metadata })),
  );
}

/** Makes the value current. The token becomes the id of the version. */
export async function putValue(env: Environment, arn: string, value: string, token: string): Promise<void> {
  await patiently(env, 'PutSecretValue', STATE_LAG, () =>
    env.secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: value, ClientRequestToken: token })),
  );
}

/** Makes the version before current again, where `versionId` is the one that took its place. */
export async function putValueBack(env: Environment, secret: ExistingSecret, versionId: string): Promise<void> {
  const before = Object.keys(secret.versions).find((id) => secret.versions[id].includes('AWSPREVIOUS'));
  if (!secret.versions[versionId]?.includes('AWSCURRENT') || !before) return;
  await patiently(env, 'UpdateSecretVersionStage', STATE_LAG, () =>
    env.secrets.send(
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
  env: Environment,
  arn: string,
  replicated: readonly string[],
  regions: readonly string[],
): Promise<void> {
  if (replicated.length > 0) {
    await patiently(env, 'RemoveRegionsFromReplication', STATE_LAG, () =>
      env.secrets.send(
        new RemoveRegionsFromReplicationCommand({ SecretId: arn, RemoveReplicaRegions: [...replicated] }),
      ),
    );
  }
  const all = [...new Set([...replicated, ...regions])];
  await waitFor(env, `the replicas in ${all.join(', ')} were gone`, REPLICA_WAIT_MS, async () => {
    const there = await Promise.all(all.map((region) => describe(env, arnIn(region, arn), env.secretsIn(region))));
    // Without a primary it was promoted to a secret of its own, which is not ours to wait for.
    return !there.some((secret) => secret?.replicaOf);
  });
}

export async function addReplicas(env: Environment, arn: string, replicas: readonly Replica[]): Promise<void> {
  if (replicas.length === 0) return;
  await patiently(env, 'ReplicateSecretToRegions', STATE_LAG, () =>
    env.secrets.send(
      new ReplicateSecretToRegionsCommand({
        SecretId: arn,
        AddReplicaRegions: replicas.map(({ region, kmsKeyId }) => ({ Region: region, KmsKeyId: kmsKeyId })),
      }),
    ),
  );
}

/** Waits until replicas have the value: the call that adds them succeeds also when replication then fails. */
export async function awaitReplicas(env: Environment, arn: string, regions: readonly string[]): Promise<void> {
  if (regions.length === 0) return;
  await waitFor(env, `the replicas in ${regions.join(', ')} were in sync`, REPLICA_WAIT_MS, async () => {
    const replicas = (await describe(env, arn))?.replicas ?? [];
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

export function existingSecret(described: DescribeSecretResponse): ExistingSecret {
  const arn = described.ARN ?? '';
  const tags = Object.fromEntries((described.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  const primaryRegion = described.PrimaryRegion;
  return {
    arn,
    name: described.Name ?? '',
    deletedDate: described.DeletedDate,
    description: described.Description ?? '',
    kmsKeyId: described.KmsKeyId || undefined,
    tags,
    ownership: readOwnership(tags),
    versions: described.VersionIdsToStages ?? {},
    replicas: (described.ReplicationStatus ?? []).map((replica) => ({
      region: replica.Region ?? '',
      status: replica.Status ?? '',
      statusMessage: replica.StatusMessage ?? '',
      kmsKeyId: replica.KmsKeyId || undefined,
    })),
    replicaOf: primaryRegion && primaryRegion !== arn.split(':')[3] ? primaryRegion : undefined,
    managedBy: described.OwningService || undefined,
  };
}
