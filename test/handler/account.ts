import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  type CreateSecretCommandInput,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type DescribeSecretResponse,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { readOwnership } from '../../src/handler/model/ownership';
import { OWNERSHIP_TAG_PREFIX } from '../../src/private/contract';
import { type Holder, NAME, tagList } from './requests';

export const REGION = 'eu-west-1';

/** The secrets of the account, as an administrator sees and changes them. */
export class Account {
  private readonly clients = new Map<string, SecretsManagerClient>();

  async describe(id: string = NAME, region = REGION): Promise<DescribeSecretResponse | undefined> {
    try {
      return await this.client(region).send(new DescribeSecretCommand({ SecretId: id }));
    } catch (error) {
      if ((error as Error).name === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  async state(id: string = NAME, region = REGION): Promise<'absent' | 'pending' | 'live'> {
    const secret = await this.describe(id, region);
    if (!secret) return 'absent';
    return secret.DeletedDate ? 'pending' : 'live';
  }

  /** Whole days until the deletion of a secret that is scheduled for it. */
  async daysLeft(id: string = NAME): Promise<number | undefined> {
    const end = (await this.describe(id))?.DeletedDate;
    return end && Math.round((end.getTime() - Date.now()) / 86_400_000);
  }

  async tags(id: string = NAME): Promise<Record<string, string>> {
    const secret = await this.describe(id);
    return Object.fromEntries((secret?.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  }

  /** The tags that are not this library's. */
  async otherTags(id: string = NAME): Promise<Record<string, string>> {
    const others = Object.entries(await this.tags(id)).filter(([key]) => !key.startsWith(OWNERSHIP_TAG_PREFIX));
    return Object.fromEntries(others);
  }

  /** Who held it before, where a rollback could give it back. */
  async previousHolder(id: string = NAME): Promise<Holder | undefined> {
    return readOwnership(await this.tags(id)).previous;
  }

  /** Who holds the secret, by its tags. */
  async holder(id: string = NAME): Promise<Holder> {
    const { owner, stackId, logicalId } = readOwnership(await this.tags(id));
    return { owner, stackId, logicalId };
  }

  async versions(id: string = NAME): Promise<string[]> {
    return Object.keys((await this.describe(id))?.VersionIdsToStages ?? {});
  }

  /** Whether the current value is the one of this request. */
  async valueWasWrittenBy(requestId: string, id: string = NAME): Promise<boolean> {
    const versions = (await this.describe(id))?.VersionIdsToStages ?? {};
    return Object.entries(versions).some(
      ([version, labels]) => version.startsWith(requestId) && labels.includes('AWSCURRENT'),
    );
  }

  /** The current value, or that of another label; undefined for an empty secret. */
  async value(id: string = NAME, label = 'AWSCURRENT'): Promise<string | undefined> {
    const command = new GetSecretValueCommand({ SecretId: id, VersionStage: label });
    try {
      return (await this.client().send(command)).SecretString;
    } catch (error) {
      if ((error as Error).name === 'ResourceNotFoundException' && (await this.describe(id))) return undefined;
      throw error;
    }
  }

  /** A secret made by hand; with `tags` it may look as if a stack had made it. */
  async create(input: Partial<CreateSecretCommandInput> & { tags?: Record<string, string> } = {}): Promise<string> {
    const { tags = {}, ...rest } = input;
    const command = new CreateSecretCommand({
      Name: NAME,
      SecretString: 'made by hand',
      ClientRequestToken: randomUUID(),
      Tags: tagList(tags),
      ...rest,
    });
    return (await this.client().send(command)).ARN ?? '';
  }

  /** The same, scheduled for deletion. */
  async createScheduled(input: Parameters<Account['create']>[0] = {}): Promise<string> {
    const arn = await this.create(input);
    await this.schedule(arn);
    return arn;
  }

  /** A secret of another region with its replica in ours. */
  async primaryIn(region: string, name: string, replicas = [REGION]): Promise<string> {
    const command = new CreateSecretCommand({
      Name: name,
      SecretString: 'made by hand',
      AddReplicaRegions: replicas.map((Region) => ({ Region })),
    });
    return (await this.client(region).send(command)).ARN ?? '';
  }

  async schedule(id: string = NAME, days = 9): Promise<void> {
    await this.client().send(new DeleteSecretCommand({ SecretId: id, RecoveryWindowInDays: days }));
  }

  async destroy(id: string = NAME): Promise<void> {
    await this.client().send(new DeleteSecretCommand({ SecretId: id, ForceDeleteWithoutRecovery: true }));
  }

  async restore(id: string = NAME): Promise<void> {
    await this.client().send(new RestoreSecretCommand({ SecretId: id }));
  }

  async put(value: string, id: string = NAME, label = 'AWSCURRENT'): Promise<void> {
    await this.client().send(new PutSecretValueCommand({ SecretId: id, SecretString: value, VersionStages: [label] }));
  }

  async makeCurrent(version: string, id: string = NAME): Promise<void> {
    const { VersionIdsToStages: versions = {} } = (await this.describe(id)) ?? {};
    const from = Object.keys(versions).find((one) => versions[one].includes('AWSCURRENT'));
    if (from === version) return;
    const input = { SecretId: id, VersionStage: 'AWSCURRENT', MoveToVersionId: version, RemoveFromVersionId: from };
    await this.client().send(new UpdateSecretVersionStageCommand(input));
  }

  async untag(keys: readonly string[], id: string = NAME): Promise<void> {
    await this.client().send(new UntagResourceCommand({ SecretId: id, TagKeys: [...keys] }));
  }

  /** The resource policy, also of a secret that is scheduled, of which AWS does not show it. */
  async policy(id: string = NAME): Promise<string | undefined> {
    return (await this.client().send(new GetResourcePolicyCommand({ SecretId: id }))).ResourcePolicy;
  }

  /** Without a document there is none afterwards. */
  async setPolicy(document: object | undefined, id: string = NAME): Promise<void> {
    if (document === undefined) await this.client().send(new DeleteResourcePolicyCommand({ SecretId: id }));
    else {
      const command = new PutResourcePolicyCommand({ SecretId: id, ResourcePolicy: JSON.stringify(document) });
      await this.client().send(command);
    }
  }

  async removeReplicas(...regions: string[]): Promise<void> {
    const command = new RemoveRegionsFromReplicationCommand({ SecretId: NAME, RemoveReplicaRegions: regions });
    await this.client().send(command);
  }

  async tag(tags: Record<string, string>, id: string = NAME, region = REGION): Promise<void> {
    await this.client(region).send(new TagResourceCommand({ SecretId: id, Tags: tagList(tags) }));
  }

  /** Of one region; the same one every time. */
  client(region = REGION): SecretsManagerClient {
    const client = this.clients.get(region) ?? new SecretsManagerClient({ region });
    this.clients.set(region, client);
    return client;
  }

  protected isAdministrator(client: SecretsManagerClient): boolean {
    return [...this.clients.values()].includes(client);
  }

  protected disconnect(): void {
    for (const client of this.clients.values()) client.destroy();
  }
}
