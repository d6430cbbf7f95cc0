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
  SecretsManagerClient,
  type DescribeSecretResponse as Shown,
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
import { HttpServer, useEndpoint } from './http-server';
import { type Properties, SIGNATURE, stackId } from './requests';
import { Resource, type StackState } from './resource';

// Tests take these from here: imported from the handler first, they would come without the mocks.
export { handler, SIGNATURE };

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
  /** Every call of the handler since the last reset. */
  calls: Call[] = [];
  /** Every line that the handler logged since the last reset. */
  logged: string[] = [];
  /** Runs requests through the entry of the function, with the answer sent over HTTP, instead of `answerTo`. */
  throughEntry = false;
  /** Whether requests come at once. Otherwise the function asks the stack whether it still waits for an answer. */
  fresh = true;
  /** States of KMS keys by id; an error name stands for a key that cannot be seen. */
  readonly keys = new Map<string, string>();
  readonly stacks = new Map<string, StackState>();
  /** Where answers go that are sent. */
  readonly server = new HttpServer(() => [200, '']);

  private interceptors: { readonly action: string; readonly interceptor: Interceptor }[] = [];
  private readonly replicaKeys = new Map<string, string>();
  private readonly emptyDescriptions = new Set<string>();
  private send!: Send;
  private cloudFormation!: ReturnType<typeof mockClient>;
  private kms!: ReturnType<typeof mockClient>;
  private moto!: Emulator;

  async start(): Promise<void> {
    const cloud = this;
    this.moto = await startMoto();
    useEndpoint(this.moto.endpoint);
    await this.server.start();
    this.send = SecretsManagerClient.prototype.send as Send;
    this.cloudFormation = mockClient(CloudFormationClient) as never;
    this.kms = mockClient(KMSClient) as never;
    // On the prototype, so that it meets the client that the module of the function keeps.
    SecretsManagerClient.prototype.send = async function (this: SecretsManagerClient, command: Command) {
      const proceed = async () => {
        const output = await cloud.send.call(this, command);
        if (command.constructor.name === 'PutSecretValueCommand') await cloud.keepOneCurrent(this, command.input);
        return command.constructor.name === 'DescribeSecretCommand' ? cloud.corrected(output as Shown) : output;
      };
      if (cloud.isAdministrator(this)) return proceed();
      const region = await this.config.region();
      return cloud.record('secretsmanager', region, command, (call) => cloud.asAws(call, proceed));
    } as typeof SecretsManagerClient.prototype.send;
  }

  async reset(): Promise<void> {
    await fetch(`${this.moto.endpoint}/moto-api/reset`, { method: 'POST' });
    this.calls = [];
    this.logged = [];
    this.server.reset();
    this.interceptors = [];
    this.throughEntry = false;
    this.fresh = true;
    // The function's entry compares with the time of the machine, and requests tell whole seconds.
    Object.assign(mockClock, { time: Math.floor(Date.now() / 1000) * 1000, slept: 0 });
    for (const memory of [this.keys, this.stacks, this.replicaKeys, this.emptyDescriptions]) memory.clear();
    this.answerForStacks();
    this.answerForKeys();
  }

  async stop(): Promise<void> {
    SecretsManagerClient.prototype.send = this.send as never;
    for (const mock of [this.cloudFormation, this.kms]) mock.restore();
    this.disconnect();
    await this.server.stop();
    await this.moto.stop();
  }

  // --- the function

  async answer(asked: CloudFormationRequest): Promise<Delivered> {
    const started = mockClock.slept;
    const remainingMs = () => 600_000 - (mockClock.slept - started);
    if (!this.throughEntry) {
      const log: Environment['log'] = (fields) => this.logged.push(JSON.stringify(fields));
      const answer = await answerTo(asked, awsEnvironment(remainingMs, log));
      return { ...answer, reason: answer.reason ?? '' };
    }
    const ResponseURL = asked.ResponseURL.replace(/^[^?]*/, `${this.server.endpoint}/answer`);
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

  /** Lets calls fail, for good or so many times. */
  fail(
    action: string,
    error: string,
    { times = Number.POSITIVE_INFINITY, message }: { times?: number; message?: string } = {},
  ): void {
    let failed = 0;
    this.intercept(action, async (_, next) => {
      if (failed++ >= times) return next();
      throw awsError(error, message);
    });
  }

  /** Lets an operation of Secrets Manager fail, for good or so many times. */
  breaks(operation: string, times?: number): void {
    this.fail(sm(operation), 'InternalServiceError', { times });
  }

  /** Changes what DescribeSecret shows. */
  showing(change: (secret: Shown) => Shown): void {
    this.intercept(sm('DescribeSecret'), async (_, next) => change((await next()) as Shown));
  }

  // --- what was done

  /** What CloudFormation received since the last reset: the bodies of all PUTs. */
  get delivered(): string[] {
    return this.server.received.map(({ body }) => body);
  }

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
    if (operation in REFUSED_OF_SCHEDULED && (await this.state(id, call.region)) === 'pending') {
      throw awsError('InvalidRequestException', REFUSED_OF_SCHEDULED[operation]);
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
    for (const { Region, KmsKeyId } of call.input.AddReplicaRegions ?? []) {
      this.replicaKeys.set(`${id} ${Region}`, KmsKeyId ?? 'alias/aws/secretsmanager');
    }
    return output;
  }

  /** Once a label was moved, moto leaves AWSCURRENT also on the version before a new one. */
  private async keepOneCurrent(client: SecretsManagerClient, input: Call['input']): Promise<void> {
    const { VersionIdsToStages = {} } = (await this.describe(input.SecretId)) ?? {};
    const current = Object.keys(VersionIdsToStages).filter((id) => VersionIdsToStages[id].includes('AWSCURRENT'));
    for (const RemoveFromVersionId of current.slice(0, -1)) {
      const command = { SecretId: input.SecretId, VersionStage: 'AWSCURRENT', RemoveFromVersionId };
      await this.send.call(client, new UpdateSecretVersionStageCommand(command));
    }
  }

  private corrected(secret: Shown): Shown {
    return {
      ...secret,
      Description: this.emptyDescriptions.has(secret.ARN ?? '') ? undefined : secret.Description,
      ReplicationStatus: secret.ReplicationStatus?.map((status) => ({
        ...status,
        KmsKeyId: this.replicaKeys.get(`${secret.ARN} ${status.Region}`) ?? status.KmsKeyId,
      })),
    };
  }

  private answerForStacks(): void {
    // biome-ignore lint/suspicious/noExplicitAny: the inputs of four operations
    const on = (command: any, answer: (stack: StackState, input: any) => object) =>
      this.cloudFormation.on(command).callsFake((input) =>
        this.record('cloudformation', REGION, { constructor: command, input }, async () => {
          const stack = this.stacks.get(input.StackName);
          if (!stack) throw awsError('ValidationError', `Stack with id ${input.StackName} does not exist`);
          return answer(stack, input);
        }),
      );
    this.cloudFormation.reset();
    on(DescribeStacksCommand, ({ status, rootId, changeSetId }) => ({
      Stacks: [{ StackStatus: status, RootId: rootId, ChangeSetId: changeSetId }],
    }));
    on(DescribeStackEventsCommand, ({ events = [] }, { StackName }) => ({
      StackEvents: [...events].reverse().map(({ status, at }) => ({
        PhysicalResourceId: StackName,
        ResourceStatus: status,
        Timestamp: new Date(at),
      })),
    }));
    on(DescribeStackResourceCommand, ({ resources, physicalIds, changedAt }, { LogicalResourceId: id }) => {
      if (!resources[id]) throw awsError('ValidationError', `Resource ${id} does not exist`);
      return {
        StackResourceDetail: {
          ResourceStatus: resources[id],
          ResourceType: 'AWS::SecretsManager::Secret',
          PhysicalResourceId: physicalIds?.[id],
          LastUpdatedTimestamp: changedAt?.[id],
        },
      };
    });
    on(DescribeChangeSetCommand, ({ changes = [] }) => ({ ExecutionStatus: 'EXECUTE_IN_PROGRESS', Changes: changes }));
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
}

/** A cloud that each test of a file finds empty. */
export function emptyCloud(): Cloud {
  const cloud = new Cloud();
  beforeAll(() => cloud.start());
  beforeEach(() => cloud.reset());
  afterAll(() => cloud.stop());
  return cloud;
}

/** The physical id of a resource that has no secret as far as CloudFormation knows. */
export const NO_ARN: string = expect.stringMatching(/^recoverable-secret:/);

/** What an answer may be. */
export const DONE = { status: 'SUCCESS' };
export const FAILED = { status: 'FAILED' };
export const REFUSED = { ...FAILED, physicalId: NO_ARN };
export const [CREATED, RESTORED, ADOPTED] = ['CREATED', 'RESTORED', 'ADOPTED'].map((Outcome) => ({
  ...DONE,
  data: { Outcome },
}));

type Command = { readonly constructor: { readonly name: string }; readonly input: object };
type Send = (this: SecretsManagerClient, command: Command) => Promise<unknown>;

const IS_SCHEDULED = "You can't perform this operation on the secret because it was marked for deletion.";

/** What AWS refuses to do with a secret that is scheduled, and how. */
const REFUSED_OF_SCHEDULED: Record<string, string> = {
  CreateSecret: "You can't create this secret because a secret with this name is already scheduled for deletion.",
  DeleteResourcePolicy: IS_SCHEDULED,
  GetResourcePolicy: IS_SCHEDULED,
  PutResourcePolicy: IS_SCHEDULED,
  PutSecretValue: IS_SCHEDULED,
  RemoveRegionsFromReplication: IS_SCHEDULED,
  ReplicateSecretToRegions: IS_SCHEDULED,
  TagResource: IS_SCHEDULED,
  UntagResource: IS_SCHEDULED,
  UpdateSecret: IS_SCHEDULED,
  UpdateSecretVersionStage: IS_SCHEDULED,
};

export function awsError(name: string, message = 'the text of the service'): Error {
  return Object.assign(new Error(message), { name }) as CloudFormationServiceException;
}
