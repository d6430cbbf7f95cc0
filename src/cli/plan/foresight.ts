import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DescribeSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { keyState } from '../../handler/aws/keys';
import { describe } from '../../handler/aws/secrets';
import { type Fate, type ResourceId, Stacks } from '../../handler/cloudformation/stacks';
import type { Environment } from '../../handler/environment';
import type { Requester } from '../../handler/model/declared-secret';
import type { Deployment } from '../../handler/model/deployment';
import type { ExistingSecret } from '../../handler/model/secret';
import type { Account } from '../aws/account';
import { CommandError } from '../errors';

/**
 * What the function is going to find in an account and region: what is there now, with what the deployments before will
 * have changed. It is asked by the code of the function, and answers what CloudFormation will say during the deployment.
 */
export class Foresight {
  /** When the deployments that are foretold begin, in milliseconds since 1970; a request tells whole seconds. */
  readonly begun = Math.floor(Date.now() / 1_000) * 1_000;
  readonly environment: Environment;
  /** By name and by ARN. */
  private readonly secrets = new Map<string, Promise<ExistingSecret | undefined>>();
  private readonly keys = new Map<string, Promise<string | undefined>>();
  private readonly fates = new Map<string, Fate>();
  /** ARNs of the secrets that the deployments get hold of, by resource. */
  private readonly taken = new Map<string, string>();
  /** What this person may not see, but the function may. */
  private readonly denied = new Set<string>();

  constructor(private readonly account: Account) {
    this.environment = {
      secrets: this.looking(account),
      secretsIn: (region) => this.looking(account.in(region)),
      stacks: new DeployingStacks(remembering(this.watched(account.stacks, 'cloudformation', account.region)), this),
      keyState: (keyId) => this.keyState(keyId),
      // Nothing is waited for: whatever is seen counts.
      remainingMs: () => 0,
      sleep: async () => {},
      now: () => this.begun,
      log: () => {},
    };
  }

  /** The secret of this name or ARN, as it will be then. */
  async secret(id: string): Promise<ExistingSecret | undefined> {
    const known = this.secrets.get(id);
    if (known) return known;
    const looked = describe(this.environment, id);
    this.secrets.set(id, looked);
    const secret = await looked;
    // What happened to it under its other id counts as well.
    if (secret && !this.secrets.has(secret.arn)) this.secrets.set(secret.arn, looked);
    if (secret && !this.secrets.has(secret.name)) this.secrets.set(secret.name, looked);
    return this.secrets.get(id);
  }

  /** From now on the secret is like this; undefined for one that is gone. */
  change({ arn, name }: Pick<ExistingSecret, 'arn' | 'name'>, becomes: ExistingSecret | undefined): void {
    for (const id of [arn, name]) this.secrets.set(id, Promise.resolve(becomes));
  }

  /** The resource has got hold of the secret, which from now on is like this. */
  take({ stackId, logicalId }: Requester, becomes: ExistingSecret): void {
    this.taken.set(resourceKey(stackId, logicalId), becomes.arn);
    this.change(becomes, becomes);
  }

  /** What the deployment does with a resource of one of its stacks. */
  setFate(stackId: string, logicalId: string, fate: Fate): void {
    this.fates.set(resourceKey(stackId, logicalId), fate);
  }

  fateOf(stackId: string, logicalId: string): Fate {
    return this.fates.get(resourceKey(stackId, logicalId)) ?? 'unknown';
  }

  /** ARN of the secret that a resource has got hold of; undefined when it has not got hold of another one. */
  takenBy(stackId: string, logicalId: string): string | undefined {
    return this.taken.get(resourceKey(stackId, logicalId));
  }

  /** Whether the state of a key stayed unknown, as for one of another account. */
  async isUnseen(keyId: string | undefined): Promise<boolean> {
    return keyId !== undefined && (await this.keyState(keyId)) === undefined;
  }

  /** Throws when something could not be looked at: what was told without it could be wrong. */
  assertSeen(): void {
    if (this.denied.size === 0) return;
    throw new CommandError(`no permission for ${[...this.denied].join(', ')}`);
  }

  private keyState(keyId: string): Promise<string | undefined> {
    const state = this.keys.get(keyId) ?? keyState(keyId, this.account.keys);
    this.keys.set(keyId, state);
    return state;
  }

  /** A client that can look at secrets, and do nothing else. */
  private looking({ secrets, region }: Account): SecretsManagerClient {
    const { send } = this.watched(secrets, 'secretsmanager', region);
    const look = (command: object) => {
      if (command instanceof DescribeSecretCommand) return send(command);
      throw new Error('a plan changes nothing');
    };
    return { send: look } as SecretsManagerClient;
  }

  private watched<C extends Client>(client: C, service: string, region: string): C {
    const send = async (command: object) => {
      try {
        return await client.send(command);
      } catch (error) {
        const { name, message } = error as Error;
        const [, action = service] = /perform: ([\w:]+)/.exec(message) ?? [];
        if (/^AccessDenied/.test(name)) this.denied.add(`${action} in ${region}`);
        throw error;
      }
    };
    return { send } as C;
  }
}

interface Client {
  // biome-ignore lint/suspicious/noExplicitAny: each command has an answer of its own
  send(command: any): Promise<any>;
}

/** Asks everything once: hundreds of secrets have the same questions about few stacks. */
function remembering<C extends Client>(client: C): C {
  const answers = new Map<string, Promise<unknown>>();
  const send = (command: { readonly input?: object }) => {
    const question = JSON.stringify([command.constructor.name, command.input]);
    const answer = answers.get(question) ?? client.send(command);
    answers.set(question, answer);
    return answer;
  };
  return { send } as C;
}

/** CloudFormation while it deploys: it knows what the change sets will do, and nothing fails. */
class DeployingStacks extends Stacks {
  constructor(
    client: Pick<CloudFormationClient, 'send'>,
    private readonly foresight: Foresight,
  ) {
    super(client);
  }

  override async isRollingBack(): Promise<boolean> {
    return false;
  }

  override async fate(stackId: string, logicalId: string): Promise<Fate> {
    return this.foresight.fateOf(stackId, logicalId);
  }

  override async has(resource: ResourceId): Promise<boolean> {
    const { stackId, logicalId, physicalId } = resource;
    const taken = this.foresight.takenBy(stackId, logicalId);
    if (taken !== undefined) return taken === physicalId;
    const fate = this.foresight.fateOf(stackId, logicalId);
    return fate !== 'removed' && fate !== 'retained' && super.has(resource);
  }

  /** What is foretold has not happened yet. */
  override async deployment(stackId: string, at?: number): Promise<Deployment> {
    if (at !== undefined && at >= this.foresight.begun) return { outcome: 'under way', idle: false };
    return super.deployment(stackId, at);
  }
}

function resourceKey(stackId: string, logicalId: string): string {
  return `${stackId} ${logicalId}`;
}
