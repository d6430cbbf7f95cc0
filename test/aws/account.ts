import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  paginateDescribeStacks,
  type Stack as StackDescription,
} from '@aws-sdk/client-cloudformation';
import { KMSClient } from '@aws-sdk/client-kms';
import {
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  paginateListSecrets,
  RemoveRegionsFromReplicationCommand,
  RestoreSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { App, CliCredentialsStackSynthesizer, Stack } from 'aws-cdk-lib';
import { lastLines, run } from '../support/run';
import { Secrets } from '../support/secrets';

const CDK = path.join(__dirname, '..', '..', 'node_modules', 'aws-cdk', 'bin', 'cdk');
const PREFIX = 'recoverable-secret-test-';
const STACK_TIMEOUT = 30 * 60_000;
const SECRET_TIMEOUT = 5 * 60_000;

export function newPrefix(): string {
  return PREFIX + randomBytes(4).toString('hex');
}

/** Only what a run of this test can have made may ever be cleaned up. */
export function isPrefix(text: string): boolean {
  return new RegExp(`^${PREFIX}[0-9a-f]{8}$`).test(text);
}

export type SecretState = 'absent' | 'live' | 'scheduled';

export interface AccountOptions {
  readonly region: string;
  /** Begins the name of everything that the run makes. */
  readonly prefix: string;
  readonly replicaRegion?: string;
  /** Ends the running commands and waits. */
  readonly signal: AbortSignal;
}

/** The account that the credentials of the environment lead to, seen through one run of the test. */
export class Account {
  static async connect(options: AccountOptions): Promise<Account> {
    const cloudFormation = new CloudFormationClient({ region: options.region });
    const answer = await cloudFormation.send(new DescribeStacksCommand({ StackName: 'CDKToolkit' })).catch((error) => {
      if (error.name !== 'ValidationError') throw error;
      throw new Error(`no stack CDKToolkit in ${options.region}: run 'cdk bootstrap' there first`);
    });
    const [, partition, , , id] = answer.Stacks?.[0]?.StackId?.split(':') ?? [];
    return new Account(id, partition, options, cloudFormation);
  }

  readonly secrets: Secrets;
  readonly kms: KMSClient;
  readonly region: string;
  readonly prefix: string;
  readonly replicaRegion?: string;
  /** Those of the replica region. */
  readonly replicas?: Secrets;
  readonly signal: AbortSignal;
  /** An emulator in place of AWS. */
  readonly endpoint = process.env.AWS_ENDPOINT_URL;

  private readonly directory: string;
  /** Cloud assembly of what was deployed last, by stack. */
  private readonly deployed = new Map<string, string>();
  /** Names that were used: ListSecrets may miss what the last minutes brought. */
  private readonly secretNames = new Set<string>();

  private constructor(
    readonly id: string,
    readonly partition: string,
    { region, prefix, replicaRegion, signal }: AccountOptions,
    readonly cloudFormation: CloudFormationClient,
  ) {
    this.region = region;
    this.prefix = prefix;
    this.signal = signal;
    this.secrets = new Secrets({ region });
    this.replicaRegion = replicaRegion;
    this.replicas = replicaRegion ? new Secrets({ region: replicaRegion }) : undefined;
    this.kms = new KMSClient({ region });
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), `${prefix}-`));
  }

  stackName(stack: string): string {
    return `${this.prefix}-${stack}`;
  }

  /** A name that belongs to this run, for the template or for a call. */
  secretName(name: string): string {
    const secretName = `${this.prefix}/${name}`;
    this.secretNames.add(secretName);
    return secretName;
  }

  /** Runs `cdk deploy` for an app with this one stack, and returns the outputs of the stack. */
  async deploy(stack: string, build: (stack: Stack) => void, ...options: string[]): Promise<Record<string, string>> {
    const outdir = fs.mkdtempSync(path.join(this.directory, 'cdk.out-'));
    const outputs = path.join(fs.mkdtempSync(path.join(this.directory, 'outputs-')), 'outputs.json');
    const app = new App({ outdir });
    build(
      new Stack(app, this.stackName(stack), {
        env: { account: this.id, region: this.region },
        // The emulator denies the roles of the default synthesizer the bucket for assets.
        synthesizer: this.endpoint ? new CliCredentialsStackSynthesizer() : undefined,
      }),
    );
    app.synth();
    this.deployed.set(stack, outdir);
    await this.cdk(
      'deploy',
      '--all',
      '--app',
      outdir,
      '--require-approval=never',
      '--outputs-file',
      outputs,
      ...options,
    );
    return JSON.parse(fs.readFileSync(outputs, 'utf8'))[this.stackName(stack)] ?? {};
  }

  /** Runs `cdk destroy` for what was last deployed, or tried to be. */
  async destroy(stack: string): Promise<void> {
    await this.cdk('destroy', '--all', '--app', `${this.deployed.get(stack)}`, '--force');
  }

  async describeStack(stackName: string): Promise<StackDescription | undefined> {
    try {
      return (await this.cloudFormation.send(new DescribeStacksCommand({ StackName: stackName }))).Stacks?.[0];
    } catch (error) {
      if ((error as Error).name === 'ValidationError') return undefined;
      throw error;
    }
  }

  async stateOf(secretId: string, secrets: Secrets = this.secrets): Promise<SecretState> {
    const secret = await secrets.describe(secretId);
    if (!secret) return 'absent';
    return secret.DeletedDate ? 'scheduled' : 'live';
  }

  /** Secrets Manager is eventually consistent, so what is true in the end may take a moment. */
  async eventually<T>(check: () => Promise<T>, timeout = 30_000): Promise<T> {
    for (const deadline = Date.now() + timeout; ; await sleep(1_000, undefined, { signal: this.signal })) {
      try {
        return await check();
      } catch (error) {
        if (this.signal.aborted || Date.now() >= deadline) throw error;
      }
    }
  }

  /**
   * Deletes every stack and every secret that the run made, and the temporary files.
   *
   * @returns what could not be removed
   */
  async cleanUp(say: (text: string) => void): Promise<string[]> {
    fs.rmSync(this.directory, { recursive: true, force: true });
    const left: string[] = [];
    const attempt = async (what: string, work: () => Promise<void>) => {
      try {
        await work();
        say(`removed ${what}`);
      } catch (error) {
        left.push(`${what}: ${(error as Error).message}`);
      }
    };
    const stacks = await this.ownStacks();
    await Promise.all(stacks.map((stack) => attempt(`stack ${stack}`, () => this.deleteStack(stack))));
    // Primaries first: a replica goes with its primary.
    for (const secrets of [this.secrets, ...(this.replicas ? [this.replicas] : [])]) {
      for (const name of await this.ownSecrets(secrets)) {
        if (await secrets.describe(name)) await attempt(`secret ${name}`, () => this.deleteSecret(name, secrets));
      }
    }
    return left;
  }

  private async cdk(...args: string[]): Promise<void> {
    const { code, output } = await run(process.execPath, [CDK, ...args, '--no-notices', '--ci'], {
      // No cdk.json of the user takes part.
      cwd: this.directory,
      signal: this.signal,
      env: {
        ...process.env,
        AWS_REGION: this.region,
        TMPDIR: this.directory,
        CDK_DISABLE_CLI_TELEMETRY: 'true',
        CDK_DISABLE_VERSION_CHECK: 'true',
        NODE_NO_WARNINGS: '1',
        NO_COLOR: '1',
      },
    });
    this.signal.throwIfAborted();
    if (code !== 0) throw new Error(`cdk ${args[0]} failed (${code ?? 'killed'})\n${lastLines(output, 30)}`);
  }

  private async ownStacks(): Promise<string[]> {
    const names: string[] = [];
    for await (const page of paginateDescribeStacks({ client: this.cloudFormation }, {})) {
      names.push(...(page.Stacks ?? []).map(({ StackName }) => StackName ?? ''));
    }
    return names.filter((name) => name.startsWith(`${this.prefix}-`));
  }

  private async ownSecrets({ client }: Secrets): Promise<string[]> {
    const names = new Set(this.secretNames);
    const input = { IncludePlannedDeletion: true, Filters: [{ Key: 'name' as const, Values: [`${this.prefix}/`] }] };
    for await (const page of paginateListSecrets({ client }, input)) {
      for (const { Name } of page.SecretList ?? []) names.add(Name ?? '');
    }
    return [...names].filter((name) => name.startsWith(`${this.prefix}/`)).sort();
  }

  private async deleteStack(stackName: string): Promise<void> {
    const status = async () => (await this.describeStack(stackName))?.StackStatus ?? 'DELETE_COMPLETE';
    const pause = this.endpoint ? 500 : 5_000;
    // A stack in review, of which only a change set was made, stays in that state.
    await until(async () => !/(?<!REVIEW)_IN_PROGRESS$/.test(await status()), STACK_TIMEOUT, pause);
    await this.cloudFormation.send(new DeleteStackCommand({ StackName: stackName }));
    await until(async () => /^DELETE_(COMPLETE|FAILED)$/.test(await status()), STACK_TIMEOUT, pause);
    const stack = await this.describeStack(stackName);
    if (stack?.StackStatus === 'DELETE_FAILED') throw new Error(`${stack.StackStatusReason}`);
  }

  private async deleteSecret(name: string, secrets: Secrets): Promise<void> {
    const replicas = (await secrets.describe(name))?.ReplicationStatus ?? [];
    const regions = replicas.map(({ Region }) => Region ?? '');
    if (regions.length > 0) {
      const command = new RemoveRegionsFromReplicationCommand({ SecretId: name, RemoveReplicaRegions: regions });
      await secrets.client.send(command);
      // A primary that goes first would leave its replica behind.
      for (const region of regions) {
        const there = new Secrets({ region });
        await until(async () => (await there.describe(name))?.PrimaryRegion !== this.region, SECRET_TIMEOUT, 2_000);
      }
    }
    const purge = new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true });
    await secrets.client.send(purge).catch(async (error: Error) => {
      if (!/AccessDenied/.test(error.name)) throw error;
      // What a run left behind that ended while it had a protected secret.
      await secrets.client.send(new RestoreSecretCommand({ SecretId: name }));
      await secrets.client.send(new DeleteResourcePolicyCommand({ SecretId: name }));
      await secrets.client.send(purge);
    });
    await until(async () => !(await secrets.describe(name)), SECRET_TIMEOUT, 2_000);
  }
}

async function until(holds: () => Promise<boolean>, timeout: number, pause: number): Promise<void> {
  for (const deadline = Date.now() + timeout; !(await holds()); await sleep(pause)) {
    if (Date.now() >= deadline) throw new Error(`still there after ${timeout / 60_000} minutes`);
  }
}
