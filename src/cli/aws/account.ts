import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { USER_AGENT_APP_ID } from '../../private/contract';
import { CommandError } from '../errors';

/** Where to look, as the AWS CLI has it; what is missing comes from the environment and the profile. */
export interface Place {
  readonly region?: string;
  readonly profile?: string;
}

/** One account and region, with the credentials that the SDK finds. */
export class Account {
  static async open({ region, profile }: Place, env: NodeJS.ProcessEnv = process.env): Promise<Account> {
    const config = { ...CONFIG, profile };
    // The AWS CLI knows a variable more than the SDK.
    const given = region || env.AWS_REGION || env.AWS_DEFAULT_REGION;
    return new Account({ ...config, region: given || (await configuredRegion(profile)) });
  }

  readonly secrets: SecretsManagerClient;
  readonly stacks: CloudFormationClient;
  readonly keys: KMSClient;
  private identity?: Promise<string>;

  private constructor(private readonly config: typeof CONFIG & { readonly region: string; readonly profile?: string }) {
    this.secrets = new SecretsManagerClient(config);
    this.stacks = new CloudFormationClient(config);
    this.keys = new KMSClient(config);
  }

  get region(): string {
    return this.config.region;
  }

  /** For messages: the region, and the profile that was asked for. */
  get where(): string {
    const { region, profile } = this.config;
    return profile ? `${region} with profile '${profile}'` : region;
  }

  /** The same account in another region. */
  in(region: string): Account {
    return region === this.region ? this : new Account({ ...this.config, region });
  }

  /** Whose credentials these are. Asking for that needs no permission. */
  id(): Promise<string> {
    this.identity ??= new STSClient(this.config)
      .send(new GetCallerIdentityCommand({}))
      .then(({ Account: account = '' }) => account);
    return this.identity;
  }
}

/** Throttling is waited out; a call that hangs ends in time. */
const CONFIG = {
  retryMode: 'adaptive',
  maxAttempts: 10,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000 },
  userAgentAppId: USER_AGENT_APP_ID,
};

async function configuredRegion(profile: string | undefined): Promise<string> {
  try {
    return await new SecretsManagerClient({ profile }).config.region();
  } catch {
    throw new CommandError(
      `no region: pass --region, set AWS_REGION, or give ${profile ? `profile '${profile}'` : 'the profile'} a region`,
    );
  }
}
