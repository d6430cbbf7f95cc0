import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type DescribeSecretResponse,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  RestoreSecretCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
  TagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { CREDENTIALS, REGION } from './cdk-cli';

// The SDK tells once per process how long it will support this version of Node.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** The secrets of an account, as its administrator sees them. */
export class Secrets {
  readonly client: SecretsManagerClient;

  /**
   * @param where the endpoint of an emulator, or how to reach another account
   */
  constructor(where: string | SecretsManagerClientConfig) {
    this.client = new SecretsManagerClient(
      typeof where === 'string' ? { endpoint: where, region: REGION, credentials: CREDENTIALS } : where,
    );
  }

  /** What the service says about a secret, scheduled for deletion or not; undefined when there is none. */
  async describe(id: string): Promise<DescribeSecretResponse | undefined> {
    try {
      const { $metadata, ...secret } = await this.client.send(new DescribeSecretCommand({ SecretId: id }));
      return secret;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }

  async arn(id: string): Promise<string> {
    const secret = await this.describe(id);
    if (!secret?.ARN) throw new Error(`no secret ${id}`);
    return secret.ARN;
  }

  async tags(id: string): Promise<Record<string, string | undefined>> {
    const secret = await this.describe(id);
    return Object.fromEntries((secret?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
  }

  /** Whole days until the secret is deleted; undefined while nothing is scheduled. Throws when there is none. */
  async daysLeft(id: string): Promise<number | undefined> {
    const secret = await this.describe(id);
    if (!secret) throw new Error(`no secret ${id}`);
    // The emulator puts the end of the window here.
    if (!secret.DeletedDate) return undefined;
    return Math.round((secret.DeletedDate.getTime() - Date.now()) / 86_400_000);
  }

  /** Whatever somebody who has no business with a secret could change about it. */
  async fingerprint(id: string) {
    const secret = await this.describe(id);
    if (!secret) throw new Error(`no secret ${id}`);
    const { ARN, DeletedDate, Description, KmsKeyId, LastChangedDate, Tags, VersionIdsToStages } = secret;
    return { ARN, DeletedDate, Description, KmsKeyId, LastChangedDate, Tags, VersionIdsToStages };
  }

  async value(id: string, stage = 'AWSCURRENT'): Promise<string | undefined> {
    return (await this.client.send(new GetSecretValueCommand({ SecretId: id, VersionStage: stage }))).SecretString;
  }

  async put(id: string, value: string): Promise<void> {
    await this.client.send(new PutSecretValueCommand({ SecretId: id, SecretString: value }));
  }

  /** A secret that no stack knows. */
  async create(name: string, value: string, tags: Record<string, string> = {}): Promise<void> {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await this.client.send(new CreateSecretCommand({ Name: name, SecretString: value, Tags }));
  }

  async tag(id: string, tags: Record<string, string>): Promise<void> {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await this.client.send(new TagResourceCommand({ SecretId: id, Tags }));
  }

  async restore(id: string): Promise<void> {
    await this.client.send(new RestoreSecretCommand({ SecretId: id }));
  }

  async schedule(id: string, days: number): Promise<void> {
    await this.client.send(new DeleteSecretCommand({ SecretId: id, RecoveryWindowInDays: days }));
  }
}
