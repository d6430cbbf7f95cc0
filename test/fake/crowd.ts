import './quiet-sdk';
import { CloudFormationClient, DescribeStackResourceCommand } from '@aws-sdk/client-cloudformation';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsEnvironment } from '../../src/handler/aws/clients';
import type { CloudFormationRequest } from '../../src/handler/cloudformation/request';
import { Stacks } from '../../src/handler/cloudformation/stacks';
import type { Environment } from '../../src/handler/environment';
import { answerTo } from '../../src/handler/main';
import { answerUrl, properties, request, stackId } from '../handler/requests';
import { MINUTE, SECOND, VirtualClock } from './clock';
import { Coin } from './coin';
import { NO_SURPRISES } from './facts';
import { FakeSecretsManager } from './fake-secrets-manager';
import { RequestRates } from './request-rates';

const REGION = 'eu-west-1';
/** As the construct sets it. */
const TIMEOUT = 10 * MINUTE;
/** How long a new environment takes until it runs the function, and a request to AWS until it is answered. */
const COLD_START = 800;
const ROUND_TRIP = 40;

const WORLD = awsEnvironment(
  () => TIMEOUT,
  () => {},
);

/** What came of one event for every secret. */
export interface Rush {
  readonly event: 'create' | 'delete' | 'restore';
  /** Reasons of the answers that were not a success. */
  readonly failures: readonly string[];
  /** Until the last answer. */
  readonly seconds: number;
  /** Requests that AWS took. */
  readonly taken: number;
  /** Requests that AWS refused because of the rate; the SDK sent them again. */
  readonly refused: number;
}

/** Lambda keeps it between requests, and with it what its clients have learned about rates. */
interface Surroundings {
  readonly clients: Pick<Environment, 'secrets' | 'stacks'>;
  started: boolean;
}

/** What the SDK hands over to the network. */
interface SentRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/**
 * A stack with many secrets that is deployed, destroyed and deployed again, under the request rates that AWS enforces.
 *
 * Worse than CloudFormation makes it: the requests of all secrets come at the same moment. Everything is real but time,
 * the network and the services behind it: the handler, and the SDK with its retries. An environment of Lambda runs one
 * request at a time.
 *
 * @param environments How many the account has room for at the same time
 */
export function rushes(secrets: number, environments: number): Promise<Rush[]> {
  return new Crowd(secrets, environments).live();
}

class Crowd {
  private readonly clock = new VirtualClock();
  private readonly service = new FakeSecretsManager(this.clock, new Coin(1), NO_SURPRISES);
  private readonly idle: Surroundings[] = [];
  private readonly waiting: ((environment: Surroundings) => void)[] = [];
  private readonly physicalIds = new Map<string, string>();
  /** Absent while the environments are set up. */
  private rates?: RequestRates;
  private resourceStatus = '';

  constructor(
    private readonly secrets: number,
    private readonly environments: number,
  ) {}

  async live(): Promise<Rush[]> {
    const network = Object.getPrototypeOf(new SecretsManagerClient({ region: REGION }).config.requestHandler);
    const { handle } = network;
    const { setTimeout } = globalThis;
    const { now } = Date;
    const environment = { ...process.env };
    network.handle = (sent: SentRequest) => this.handle(sent);
    Object.assign(process.env, { AWS_REGION: REGION, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    try {
      await this.setUp();
      // The clients have seen the real time.
      this.clock.now = now();
      // Whole milliseconds, as in reality: less than the clock can show would never pass.
      globalThis.setTimeout = ((ring: () => void, ms = 0) =>
        this.clock.after(Math.ceil(ms), ring)) as typeof setTimeout;
      Date.now = () => this.clock.now;
      return await this.clock.run(this.everyRush());
    } finally {
      network.handle = handle;
      globalThis.setTimeout = setTimeout;
      Date.now = now;
      process.env = environment;
    }
  }

  /** The first request of a client reads configuration files, which takes real time. */
  private async setUp(): Promise<void> {
    for (let number = 0; number < Math.min(this.environments, this.secrets); number++) {
      const { maxAttempts, retryMode } = WORLD.secrets.config;
      const secrets = new SecretsManagerClient({ region: REGION, maxAttempts, retryMode });
      const stacks = new CloudFormationClient({ region: REGION, maxAttempts, retryMode });
      await secrets.send(new DescribeSecretCommand({ SecretId: 'none' })).catch(() => {});
      await stacks.send(new DescribeStackResourceCommand({ StackName: 'none', LogicalResourceId: 'none' }));
      this.idle.push({ clients: { secrets, stacks: new Stacks(stacks) }, started: false });
    }
  }

  private async everyRush(): Promise<Rush[]> {
    return [
      await this.rush('create', 'Create', 1),
      await this.rush('delete', 'Delete', 1),
      await this.rush('restore', 'Create', 2),
    ];
  }

  private async rush(event: Rush['event'], type: 'Create' | 'Delete', life: number): Promise<Rush> {
    const began = this.clock.now;
    const rates = new RequestRates(this.clock);
    this.rates = rates;
    this.resourceStatus = `${type.toUpperCase()}_IN_PROGRESS`;
    const numbers = Array.from({ length: this.secrets }, (_, number) => number);
    const failures = await Promise.all(
      numbers.map((number) => {
        const logicalId = `Secret${number}`;
        const asked = request(type, {
          StackId: stackId('crowd', life),
          LogicalResourceId: logicalId,
          PhysicalResourceId: type === 'Delete' ? this.physicalIds.get(logicalId) : undefined,
          ResourceProperties: properties({ Name: `prod/database-${number}` }),
          ResponseURL: answerUrl(began),
        });
        return this.serve(asked);
      }),
    );
    return {
      event,
      failures: failures.filter((failure) => failure !== undefined),
      seconds: (this.clock.now - began) / SECOND,
      taken: rates.taken,
      refused: rates.refused,
    };
  }

  /** Returns why it failed. */
  private async serve(asked: CloudFormationRequest): Promise<string | undefined> {
    const environment = this.idle.shift() ?? (await new Promise<Surroundings>((resolve) => this.waiting.push(resolve)));
    if (!environment.started) await this.clock.sleep(COLD_START);
    environment.started = true;
    const deadline = this.clock.now + TIMEOUT;
    const env: Environment = {
      ...WORLD,
      ...environment.clients,
      remainingMs: () => deadline - this.clock.now,
    };
    const answer = await answerTo(asked, env);
    this.physicalIds.set(asked.LogicalResourceId, answer.physicalId);
    const next = this.waiting.shift();
    if (next) next(environment);
    else this.idle.push(environment);
    return answer.status === 'FAILED' ? answer.reason : undefined;
  }

  private async handle({ headers, body }: SentRequest) {
    const target = headers['x-amz-target'] as string | undefined;
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
    const operation = target?.split('.')[1] ?? new URLSearchParams(text).get('Action') ?? '';
    if (this.rates) await this.clock.sleep(ROUND_TRIP);
    try {
      this.rates?.admit(operation);
      const answer = target
        ? JSON.stringify(await this.call(operation, JSON.parse(text)), secondsForDates)
        : this.resource();
      return response(200, answer);
    } catch (error) {
      const { name, message } = error as Error;
      if (target) return response(400, JSON.stringify({ __type: name, message }));
      return response(
        400,
        `<ErrorResponse><Error><Code>Throttling</Code><Message>${message}</Message></Error></ErrorResponse>`,
      );
    }
  }

  private call(operation: string, input: object): Promise<object> {
    const client = this.service.client(REGION) as unknown as { send(command: object): Promise<object> };
    return client.send({ constructor: { name: `${operation}Command` }, input });
  }

  private resource(): string {
    const detail = `<ResourceStatus>${this.resourceStatus}</ResourceStatus>`;
    return `<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail>${detail}</StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>`;
  }
}

/** Dates are numbers in this protocol; what a replacer gets as `value` is a text already. */
function secondsForDates(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  return original instanceof Date ? original.getTime() / SECOND : value;
}

/** As the SDK takes it from the network. */
function response(statusCode: number, text: string) {
  return { response: { statusCode, headers: {}, body: new Uint8Array(Buffer.from(text)) } };
}
