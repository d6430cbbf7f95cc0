import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CloudFormationClient,
  type CloudFormationServiceException,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  type DescribeSecretResponse,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { awsEnvironment } from '../../src/handler/aws/clients';
import type { CloudFormationRequest } from '../../src/handler/cloudformation/request';
import type { Answer } from '../../src/handler/cloudformation/response';
import type { Environment } from '../../src/handler/environment';
import { answerTo, handler } from '../../src/handler/main';
import { MAX_TAGS } from '../../src/private/contract';
import { type Emulator, startMoto } from '../support/emulator';
import { Account, REGION } from './account';
import { type Properties, SIGNATURE, stackId } from './requests';
import { Resource, type StackState } from './resource';

// Tests take these from here: imported from the handler first, they would come without the mocks.
export { awsEnvironment, handler, SIGNATURE };

jest.mock('../../src/handler/aws/clients', () => {
  const { awsEnvironment: real } = jest.requireActual('../../src/handler/aws/clients');
  return {
    awsEnvironment: (...known: Parameters<typeof real>) => ({
      ...real(...known),
      now: () => mockClock.time,
      sleep: async (ms: number) => mockClock.sleep(ms),
    }),
  };
});

/** Time that passes only when somebody sleeps, or a test lets it. */
const mockClock = {
  time: 0,
  slept: 0,
  sleep(ms: number): void {
    this.time += ms;
    this.slept += ms;
  },
};

/** One call of the handler to AWS. */
export interface Call {
  /** `secretsmanager:DescribeSecret` and so on: the name of the IAM action. */
  readonly action: string;
  readonly region: string;
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of a dozen operations
  readonly input: any;
}

type Next = () => Promise<unknown>;
type Interceptor = (call: Call, next: Next) => Promise<unknown>;

/** An answer as CloudFormation receives it. */
export interface Delivered extends Answer {
  readonly reason: string;
}

/** The action of an operation of Secrets Manager. */
export const sm = (operation: string) => `secretsmanager:${operation}`;

/**
 * Secrets Manager (moto's server, in every region), CloudFormation and KMS as the handler sees them, with a record of
 * every call, a place to interfere with each, and a clock that needs no waiting.
 */
export class Cloud extends Account {
  /** Without Secrets Manager it starts faster. */
  static async start({ secretsManager = true } = {}): Promise<Cloud> {
    const moto = secretsManager ? await startMoto() : undefined;
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: moto?.endpoint ?? 'http://127.0.0.1:1',
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    const cloud = new Cloud(moto);
    await cloud.listen();
    return cloud;
  }

  /** Every call of the handler since the last reset. */
  calls: Call[] = [];
  /** Every line that the handler logged since the last reset. */
  logged: string[] = [];
  /** What CloudFormation received since the last reset: the bodies of all PUTs. */
  delivered: string[] = [];
  /** Runs requests through the entry of the function, with the answer sent over HTTP, instead of `answerTo`. */
  throughEntry = false;
  /** How long the function may run, in seconds. */
  secondsLeft = 600;
  /** Whether requests come at once. Otherwise the function asks the stack whether it still waits for an answer. */
  fresh = true;
  /** States of KMS keys by id; an error name stands for a key that cannot be seen. */
  readonly keys = new Map<string, string>();
  readonly stacks = new Map<string, StackState>();

  private interceptors: { readonly action: string; readonly interceptor: Interceptor }[] = [];
  private readonly replicaKeys = new Map<string, string>();
  private readonly types = new Map<string, string>();
  private readonly emptyDescriptions = new Set<string>();
  private readonly send = SecretsManagerClient.prototype.send;
  private readonly cloudFormation = mockClient(CloudFormationClient);
  private readonly kms = mockClient(KMSClient);
  /** Saves asking for the state of a secret where it can only be live. */
  private anyScheduled = false;
  private anyLabelMoved = false;
  private server?: http.Server;
  private port = 0;

  private constructor(private readonly moto: Emulator | undefined) {
    super();
    const cloud = this;
    // On the prototype, so that it meets the client that the module of the function keeps.
    SecretsManagerClient.prototype.send = async function (this: SecretsManagerClient, command: Command) {
      const proceed = async () => {
        const output = await (cloud.send as Send).call(this, command);
        if (command.constructor.name === 'PutSecretValueCommand') await cloud.keepOneCurrent(this, command.input);
        return output;
      };
      if (command.constructor.name === 'DeleteSecretCommand') cloud.anyScheduled = true;
      if (command.constructor.name === 'UpdateSecretVersionStageCommand') cloud.anyLabelMoved = true;
      if (cloud.isAdministrator(this)) return proceed();
      const region = await this.config.region();
      return cloud.record('secretsmanager', region, command, (call) => cloud.asAws(call, proceed));
    } as typeof SecretsManagerClient.prototype.send;
  }

  async reset(): Promise<void> {
    if (this.moto) await fetch(`${this.moto.endpoint}/moto-api/reset`, { method: 'POST' });
    this.calls = [];
    this.logged = [];
    this.delivered = [];
    this.interceptors = [];
    this.anyScheduled = false;
    this.anyLabelMoved = false;
    this.throughEntry = false;
    this.secondsLeft = 600;
    this.fresh = true;
    // The function's entry compares with the time of the machine, and requests tell whole seconds.
    Object.assign(mockClock, { time: Math.floor(Date.now() / 1000) * 1000, slept: 0 });
    for (const memory of [this.keys, this.stacks, this.replicaKeys, this.types, this.emptyDescriptions]) memory.clear();
    this.answerForStacks();
    this.answerForKeys();
  }

  async stop(): Promise<void> {
    SecretsManagerClient.prototype.send = this.send;
    for (const mock of [this.cloudFormation, this.kms]) mock.restore();
    this.disconnect();
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
    await this.moto?.stop();
  }

  // --- the function

  async answer(asked: CloudFormationRequest): Promise<Delivered> {
    const started = mockClock.slept;
    const remainingMs = () => this.secondsLeft * 1000 - (mockClock.slept - started);
    if (!this.throughEntry) {
      const log: Environment['log'] = (fields) => this.logged.push(JSON.stringify(fields));
      const answer = await answerTo(asked, awsEnvironment(remainingMs, log));
      return { ...answer, reason: answer.reason ?? '' };
    }
    const ResponseURL = asked.ResponseURL.replace(/^[^?]*/, `http://127.0.0.1:${this.port}/answer`);
    await handler({ ...asked, ResponseURL }, { getRemainingTimeInMillis: remainingMs });
    const body = JSON.parse(this.delivered.at(-1) ?? '{}');
    return { status: body.Status, reason: body.Reason, physicalId: body.PhysicalResourceId, data: body.Data };
  }

  /** A resource of a stack, with CloudFormation's memory of it. */
  resource(changes: { readonly stack?: string; readonly life?: number; readonly logicalId?: string } = {}): Resource {
    return new Resource(this, stackId(changes.stack ?? 'shop', changes.life), changes.logicalId ?? 'Db');
  }

  /** A resource that was created, in a deployment that is still under way, with an empty record of calls. */
  async created(of?: Properties): Promise<Resource & { physicalId: string }> {
    const resource = this.resource();
    expect(await resource.create(of)).toMatchObject({ status: 'SUCCESS' });
    this.calls = [];
    this.logged = [];
    return resource as Resource & { physicalId: string };
  }

  /** The same after a deployment that has completed. */
  async deployed(of?: Properties): Promise<Resource & { physicalId: string }> {
    const resource = await this.created(of);
    resource.complete();
    return resource;
  }

  /** Milliseconds since 1970, for the function and for CloudFormation. */
  get now(): number {
    return mockClock.time;
  }

  pass(ms: number): void {
    mockClock.time += ms;
  }

  /** How long the function has slept, in seconds. */
  get waited(): number {
    return mockClock.slept / 1000;
  }

  // --- interference

  /** Steps between the handler and AWS; the last one given is asked first. */
  intercept(action: string, interceptor: Interceptor): void {
    this.interceptors.unshift({ action, interceptor });
  }

  /** Lets calls fail, before they have done anything or after they have done everything. */
  fail(
    action: string,
    error: string,
    {
      times = Number.POSITIVE_INFINITY,
      after = false,
      message = 'the text of the service',
      skip = 0,
    }: { times?: number; after?: boolean; message?: string; skip?: number } = {},
  ): void {
    let seen = 0;
    this.intercept(action, async (_, next) => {
      const fails = seen >= skip && seen < skip + times;
      seen++;
      if (!fails) return next();
      if (after) await next();
      throw awsError(error, message);
    });
  }

  /** Changes what DescribeSecret shows, call by call. */
  showing(change: (secret: DescribeSecretResponse, count: number) => DescribeSecretResponse): void {
    let count = 0;
    this.intercept('secretsmanager:DescribeSecret', async (_, next) =>
      change((await next()) as DescribeSecretResponse, ++count),
    );
  }

  // --- what was done

  /** Names of the operations called, in order, without the service. */
  get operations(): string[] {
    return this.calls.map(({ action }) => action.split(':')[1]);
  }

  inputs(operation: string): Call['input'][] {
    return this.calls.filter(({ action }) => action.endsWith(`:${operation}`)).map(({ input }) => input);
  }

  /** The operations that change something. */
  get changes(): string[] {
    return this.operations.filter((operation) => !/^(Describe|Get)/.test(operation));
  }

  /** What the function did, by its log. */
  get steps(): string[] {
    return this.logged.map((line) => JSON.parse(line).step);
  }

  // --- inside

  private async record(
    service: string,
    region: string,
    command: { readonly constructor: { readonly name: string }; readonly input: object },
    carryOut: (call: Call) => Promise<unknown>,
  ): Promise<unknown> {
    const action = `${service}:${command.constructor.name.replace(/Command$/, '')}`;
    const call: Call = { action, region, input: structuredClone(command.input) };
    this.calls.push(call);
    const chain = this.interceptors.filter((each) => each.action === action);
    const step = (index: number): Promise<unknown> =>
      index < chain.length ? chain[index].interceptor(call, () => step(index + 1)) : carryOut(call);
    return step(0);
  }

  /** Moto is more lenient than AWS with a secret that is scheduled, and forgets some of what it is told. */
  private async asAws(call: Call, proceed: Next): Promise<unknown> {
    const operation = call.action.split(':')[1];
    const id: string = call.input.SecretId ?? call.input.Name;
    const changes = operation === 'CreateSecret' || NEEDS_LIVE.includes(operation);
    const pending = this.anyScheduled && changes && (await this.state(id, call.region)) === 'pending';
    if (pending && operation === 'CreateSecret') {
      throw awsError(
        'InvalidRequestException',
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    }
    if (pending) {
      throw awsError(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    }
    if (call.input.Tags) {
      const present = operation === 'CreateSecret' ? {} : await this.tags(id);
      const keys = [...Object.keys(present), ...call.input.Tags.map(({ Key }: { Key: string }) => Key)];
      if (new Set(keys.filter((key) => !key.startsWith('aws:'))).size > MAX_TAGS) {
        throw awsError('InvalidParameterException', 'The maximum number of tags is 50.');
      }
    }
    const output = await proceed();
    if (operation === 'UpdateSecret' && call.input.Description !== undefined) {
      if (call.input.Description === '') this.emptyDescriptions.add(id);
      else this.emptyDescriptions.delete(id);
    }
    if (call.input.Type !== undefined) this.types.set((output as { ARN: string }).ARN, call.input.Type);
    for (const { Region, KmsKeyId } of call.input.AddReplicaRegions ?? []) {
      this.replicaKeys.set(`${id} ${Region}`, KmsKeyId ?? 'alias/aws/secretsmanager');
    }
    return operation === 'DescribeSecret' ? this.corrected(output as DescribeSecretResponse) : output;
  }

  /** Once a label was moved, moto leaves AWSCURRENT also on the version before a new one. */
  private async keepOneCurrent(client: SecretsManagerClient, input: Call['input']): Promise<void> {
    if (!this.anyLabelMoved) return;
    const { VersionIdsToStages = {} } = (await this.describe(input.SecretId)) ?? {};
    const current = Object.keys(VersionIdsToStages).filter((id) => VersionIdsToStages[id].includes('AWSCURRENT'));
    for (const RemoveFromVersionId of current.slice(0, -1)) {
      const command = { SecretId: input.SecretId, VersionStage: 'AWSCURRENT', RemoveFromVersionId };
      await (this.send as Send).call(client, new UpdateSecretVersionStageCommand(command));
    }
  }

  private corrected(secret: DescribeSecretResponse): DescribeSecretResponse {
    return {
      ...secret,
      Type: this.types.get(secret.ARN ?? ''),
      Description: this.emptyDescriptions.has(secret.ARN ?? '') ? undefined : secret.Description,
      ReplicationStatus: secret.ReplicationStatus?.map((status) => ({
        ...status,
        KmsKeyId: this.replicaKeys.get(`${secret.ARN} ${status.Region}`) ?? status.KmsKeyId,
      })),
    };
  }

  private answerForStacks(): void {
    const record = (command: object, input: object, answer: () => unknown) =>
      this.record('cloudformation', REGION, { constructor: command.constructor, input }, async () => answer());
    const named = (type: { readonly name: string }) => Object.create({ constructor: type });
    const state = (id: string | undefined) => {
      const stack = this.stacks.get(id ?? '');
      if (!stack) throw awsError('ValidationError', `Stack with id ${id} does not exist`);
      return stack;
    };
    this.cloudFormation.reset();
    this.cloudFormation.on(DescribeStacksCommand).callsFake((input) =>
      record(named(DescribeStacksCommand), input, () => {
        const { status, rootId, changeSetId } = state(input.StackName);
        return { Stacks: [{ StackStatus: status, RootId: rootId, ChangeSetId: changeSetId }] };
      }),
    );
    this.cloudFormation.on(DescribeStackEventsCommand).callsFake((input) =>
      record(named(DescribeStackEventsCommand), input, () => ({
        StackEvents: [...(state(input.StackName).events ?? [])].reverse().map(({ status, at }) => ({
          PhysicalResourceId: input.StackName,
          ResourceStatus: status,
          Timestamp: new Date(at),
        })),
      })),
    );
    this.cloudFormation.on(DescribeStackResourceCommand).callsFake((input) =>
      record(named(DescribeStackResourceCommand), input, () => {
        const { resources, physicalIds, types, changedAt } = state(input.StackName);
        const ResourceStatus = resources[input.LogicalResourceId];
        if (!ResourceStatus) throw awsError('ValidationError', `Resource ${input.LogicalResourceId} does not exist`);
        return {
          StackResourceDetail: {
            ResourceStatus,
            ResourceType: types?.[input.LogicalResourceId] ?? 'AWS::SecretsManager::Secret',
            PhysicalResourceId: physicalIds?.[input.LogicalResourceId],
            LastUpdatedTimestamp: changedAt?.[input.LogicalResourceId],
          },
        };
      }),
    );
    this.cloudFormation.on(DescribeChangeSetCommand).callsFake((input) =>
      record(named(DescribeChangeSetCommand), input, () => {
        const { changes = [], execution = 'EXECUTE_IN_PROGRESS' } = state(input.StackName);
        return { ExecutionStatus: execution, Changes: changes };
      }),
    );
  }

  private answerForKeys(): void {
    this.kms.reset();
    this.kms.on(DescribeKeyCommand).callsFake((input) =>
      this.record('kms', REGION, { constructor: DescribeKeyCommand, input }, async () => {
        const state = this.keys.get(input.KeyId) ?? 'Enabled';
        if (/Exception$/.test(state)) throw awsError(state);
        return { KeyMetadata: { KeyId: input.KeyId, KeyState: state } };
      }),
    );
  }

  private async listen(): Promise<void> {
    const server = http.createServer(async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      this.delivered.push(Buffer.concat(chunks).toString());
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }
}

/** The physical id of a resource that has no secret as far as CloudFormation knows. */
export const NO_ARN: string = expect.stringMatching(/^recoverable-secret:/);

type Command = { readonly constructor: { readonly name: string }; readonly input: object };
type Send = (this: SecretsManagerClient, command: Command) => Promise<unknown>;

const NEEDS_LIVE = [
  'DeleteResourcePolicy',
  'GetResourcePolicy',
  'PutResourcePolicy',
  'PutSecretValue',
  'RemoveRegionsFromReplication',
  'ReplicateSecretToRegions',
  'TagResource',
  'UntagResource',
  'UpdateSecret',
  'UpdateSecretVersionStage',
];

export function awsError(name: string, message = 'the text of the service'): Error {
  return Object.assign(new Error(message), { name }) as CloudFormationServiceException;
}
