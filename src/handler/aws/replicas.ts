import { RemoveRegionsFromReplicationCommand, ReplicateSecretToRegionsCommand } from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../environment';
import type { Replica } from '../model/declared-secret';
import type { ExistingSecret } from '../model/secret';
import { pollUntil, retryTransient, STATE_LAG } from './retry';
import { describe } from './secrets';

export async function removeReplicas(env: Environment, arn: string, regions: readonly string[]): Promise<void> {
  if (regions.length === 0) return;
  const command = new RemoveRegionsFromReplicationCommand({ SecretId: arn, RemoveReplicaRegions: [...regions] });
  try {
    await retryTransient(env, 'RemoveRegionsFromReplication', STATE_LAG, () => env.secrets.send(command));
  } catch (error) {
    // Another delivery of the request may have been faster.
    const areGone = (now?: ExistingSecret) => !now?.replicas.some(({ region }) => regions.includes(region));
    // @defence replicas-removed-once: throw error
    if (!areGone(await pollUntil(env, () => describe(env, arn), areGone))) throw error;
  }
}

export async function addReplicas(env: Environment, arn: string, replicas: readonly Replica[]): Promise<void> {
  if (replicas.length === 0) return;
  const AddReplicaRegions = replicas.map(({ region, kmsKeyId }) => ({ Region: region, KmsKeyId: kmsKeyId }));
  const command = new ReplicateSecretToRegionsCommand({ SecretId: arn, AddReplicaRegions });
  try {
    await retryTransient(env, 'ReplicateSecretToRegions', STATE_LAG, () => env.secrets.send(command));
  } catch (error) {
    // Another delivery of the request may have been faster.
    const areThere = (now?: ExistingSecret) =>
      replicas.every(({ region }) => now?.replicas.some((replica) => replica.region === region));
    // @defence replicas-added-once: throw error
    if (!areThere(await pollUntil(env, () => describe(env, arn), areThere))) throw error;
  }
}
