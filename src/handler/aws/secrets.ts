import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type DescribeSecretResponse,
  PutSecretValueCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../environment';
import { calling, errorName, Stale } from '../errors';
import type { Metadata } from '../model/changes';
import type { DeclaredSecret } from '../model/declared-secret';
import { isSameClaim, readOwnership, type Tags } from '../model/ownership';
import { type ExistingSecret, isLive } from '../model/secret';
import { freshly, IAM_LAG, pollUntil, retryTransient, STATE_LAG, type Transient } from './retry';
import { wholeAnswerOf } from './whole-answer';

/** The permission of a new role has got here by now; of a region that a policy denies for good no waiting makes an answer. */
export const IN_ANOTHER_REGION: Transient = { AccessDeniedException: 60_000 };

/** The secret by name or ARN; undefined when there is none. Nothing else tells the states of a secret apart. */
export async function describe(
  env: Environment,
  id: string,
  client: SecretsManagerClient = env.secrets,
  transient: Transient = IAM_LAG,
): Promise<ExistingSecret | undefined> {
  try {
    const command = new DescribeSecretCommand({ SecretId: id });
    const whole = wholeAnswerOf(command);
    const answer = await retryTransient(env, 'DescribeSecret', transient, () =>
      freshly(env, () => client.send(command)),
    );
    return existingSecret({ ...whole(), ...answer });
  } catch (error) {
    if (errorName(error) === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** @param versionId Becomes the id of the first version */
export async function create(
  env: Environment,
  declared: DeclaredSecret,
  tags: Tags,
  { versionId, value }: { readonly versionId: string; readonly value?: string },
): Promise<string> {
  const input = {
    Name: declared.name,
    ClientRequestToken: versionId,
    Description: declared.description || undefined,
    KmsKeyId: declared.kmsKeyId,
    Type: declared.type,
    SecretString: value,
    Tags: tagList({ ...declared.tags, ...tags }),
  };
  const created = await retryTransient(env, 'CreateSecret', IAM_LAG, () =>
    env.secrets.send(new CreateSecretCommand(input)),
  );
  return created.ARN ?? '';
}

/**
 * Takes the secret out of its deletion. Whether that is the outcome is read from the secret: another delivery of the
 * request, or a person, may have done it meanwhile.
 *
 * @returns false while a deletion without recovery, which looks like a scheduled one until it has ended, is under way, and
 * where the secret has come into other hands
 */
export async function restore(env: Environment, { arn, ownership }: ExistingSecret): Promise<boolean> {
  try {
    await retryTransient(env, 'RestoreSecret', IAM_LAG, () =>
      env.secrets.send(new RestoreSecretCommand({ SecretId: arn })),
    );
    return true;
  } catch (error) {
    const now = await pollUntil(env, () => describe(env, arn), isLive);
    // @defence restored-meanwhile
    if (isLive(now)) return isSameClaim(now.ownership, ownership);
    // @defence being-deleted-for-good
    if (!now || isPassed(error)) return false;
    throw error;
  }
}

/**
 * With a window the secret can be restored; without one it is gone.
 *
 * @returns `Stale` where it was refused, or nobody knows: whether to try again depends on what the secret is then
 */
export async function remove(
  env: Environment,
  { arn }: ExistingSecret,
  windowInDays: number | undefined,
): Promise<Stale | undefined> {
  const how =
    windowInDays === undefined ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: windowInDays };
  const command = new DeleteSecretCommand({ SecretId: arn, ...how });
  try {
    await calling('DeleteSecret', () => env.secrets.send(command));
    return undefined;
  } catch (error) {
    // @defence remove-decides-anew: throw error
    return new Stale(error);
  }
}

export async function tag(env: Environment, arn: string, tags: Tags, transient = STATE_LAG): Promise<void> {
  if (Object.keys(tags).length === 0) return;
  await retryTransient(env, 'TagResource', transient, () =>
    env.secrets.send(new TagResourceCommand({ SecretId: arn, Tags: tagList(tags) })),
  );
}

export async function untag(
  env: Environment,
  arn: string,
  keys: readonly string[],
  transient = STATE_LAG,
): Promise<void> {
  if (keys.length === 0) return;
  await retryTransient(env, 'UntagResource', transient, () =>
    env.secrets.send(new UntagResourceCommand({ SecretId: arn, TagKeys: [...keys] })),
  );
}

/** Never carries a value: UpdateSecret would make a new version of it. */
export async function updateMetadata(env: Environment, arn: string, metadata: Metadata): Promise<void> {
  if (Object.keys(metadata).length === 0) return;
  await retryTransient(env, 'UpdateSecret', STATE_LAG, () =>
    env.secrets.send(new UpdateSecretCommand({ SecretId: arn, ...metadata })),
  );
}

/** Makes the value current, as a version of this id. */
export async function putValue(env: Environment, arn: string, value: string, versionId: string): Promise<void> {
  await retryTransient(env, 'PutSecretValue', STATE_LAG, () =>
    env.secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: value, ClientRequestToken: versionId })),
  );
}

/** Moves a staging label; with no version to move it to takes it off, with none to move it from it is new. */
export async function moveLabel(
  env: Environment,
  arn: string,
  label: string,
  { from, to }: { readonly from?: string; readonly to?: string },
): Promise<void> {
  await retryTransient(env, 'UpdateSecretVersionStage', STATE_LAG, () =>
    env.secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: arn,
        VersionStage: label,
        MoveToVersionId: to,
        RemoveFromVersionId: from,
      }),
    ),
  );
}

/** Whether the error only says that the secret is no longer as it was seen. */
export function isPassed(error: unknown): boolean {
  return ['InvalidRequestException', 'ResourceNotFoundException'].includes(errorName(error));
}

/** Fields that the types of the SDK do not know yet: replication between accounts came in 2026. */
interface CrossAccount {
  readonly CrossAccountPrimary?: unknown;
  readonly CrossAccountReplicas?: unknown;
}

export function existingSecret(described: DescribeSecretResponse & CrossAccount): ExistingSecret {
  const arn = described.ARN ?? '';
  const tags = Object.fromEntries((described.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  const primaryRegion = described.PrimaryRegion;
  return {
    arn,
    name: described.Name ?? '',
    deletedDate: described.DeletedDate,
    lastAccessedDate: described.LastAccessedDate,
    description: described.Description ?? '',
    kmsKeyId: described.KmsKeyId || undefined,
    type: described.Type || undefined,
    tags,
    ownership: readOwnership(tags),
    versions: described.VersionIdsToStages ?? {},
    rotates: described.RotationEnabled ?? false,
    replicas: (described.ReplicationStatus ?? []).map((replica) => ({
      region: replica.Region ?? '',
      status: replica.Status ?? '',
      statusMessage: replica.StatusMessage ?? '',
      kmsKeyId: replica.KmsKeyId || undefined,
    })),
    replicaOf: primaryRegion && primaryRegion !== arn.split(':')[3] ? primaryRegion : undefined,
    sharedWithAccounts: otherAccounts(arn, [described.CrossAccountPrimary, described.CrossAccountReplicas]),
    managedBy: described.OwningService || undefined,
  };
}

/** How exactly the fields are shaped is not settled; each names accounts, bare or in ARNs. */
function otherAccounts(arn: string, fields: unknown): string[] {
  const accounts = JSON.stringify(fields).match(/\b\d{12}\b/g) ?? [];
  return [...new Set(accounts)].filter((account) => account !== arn.split(':')[4]);
}

function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
