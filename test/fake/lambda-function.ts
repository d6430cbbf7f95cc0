import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { type CloudFormationRequest, validityOf } from '../../src/handler/cloudformation/request';
import { answerBody } from '../../src/handler/cloudformation/response';
import { Stacks } from '../../src/handler/cloudformation/stacks';
import type { Environment } from '../../src/handler/environment';
import { answerTo } from '../../src/handler/main';
import { MINUTE, SECOND, type VirtualClock } from './clock';
import type { Coin } from './coin';
import type { Caller, FakeSecretsManager } from './fake-secrets-manager';
import { consequence, DEATH, type Fault, type FaultKind, type Faults } from './faults';
import { maySee, type Role } from './permissions';
import { accessDenied } from './service-error';

const TIMEOUT = 10 * MINUTE;
/** How long a call may be under way: the SDK tries again, more and more slowly, before it gives up. */
const MAX_DELAY = 25 * SECOND;
/** How long Lambda waits before it delivers an event again whose invocation failed. */
const RETRY_PAUSES = [MINUTE, 2 * MINUTE];

/** The read operations of CloudFormation. */
export interface StackDescriptions {
  /** The answer to a command of the SDK, for a stack of this name or id. */
  answer(command: string, stack: string, logicalId?: string): unknown;
}

/** Where the function runs: a region, with a role. */
export interface Site {
  readonly region: string;
  readonly role: Role;
}

/** What a delivery is trying to do. */
interface Trying {
  readonly operation: string;
  /** When it tried that for the first time. */
  readonly since: number;
  readonly restoringSince?: number;
}

/** The function of a provider, as the Lambda service runs it: at least once, and several at a time. */
export class LambdaFunction {
  /** Every line that was logged and every answer that was given. */
  readonly output: string[] = [];

  constructor(
    private readonly clock: VirtualClock,
    private readonly coin: Coin,
    private readonly secrets: FakeSecretsManager,
    private readonly stacks: StackDescriptions,
    private readonly tell?: (line: string) => void,
  ) {}

  /** Takes an event; answers go to `post`. Resolves when the event is done with, answered or given up. */
  async take(
    request: CloudFormationRequest,
    site: Site,
    faults: Faults,
    post: (body: string) => void,
    label = '',
  ): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const ended = await this.invoke(
        request,
        site,
        faults,
        post,
        `${label}${attempt > 0 ? ` (retry ${attempt})` : ''}`,
      );
      if (ended || attempt === RETRY_PAUSES.length) return;
      await this.clock.sleep(RETRY_PAUSES[attempt]);
    }
  }

  /** One run of the function; false when it died. */
  private invoke(
    request: CloudFormationRequest,
    site: Site,
    faults: Faults,
    post: (body: string) => void,
    label: string,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const about = `${request.RequestType} ${request.LogicalResourceId} ${request.RequestId.slice(-4)}${label}`;
      const deadline = this.clock.now + TIMEOUT;
      let alive = true;
      const struck = (operation: string, kind: FaultKind, moment: Fault['moment'] = 'before') =>
        faults.strike(request.RequestId, { at: this.clock.now, operation, kind, moment });
      const die = (why: string) => {
        if (!alive) return;
        alive = false;
        this.tell?.(`      ${about}: the function ${why}`);
        resolve(false);
      };
      const timeOut = (operation: string) => {
        if (!alive || this.clock.now < deadline) return;
        struck(operation, 'dies');
        die('timed out');
      };
      const { expires } = validityOf(request.ResponseURL);
      const never = new Promise<never>(() => {});
      /** What the function is trying to do, if need be several times in a row. */
      let trying: Trying = { operation: '', since: 0 };
      /** Since when what it has seen of a secret was so, each time that this was long under way. */
      let lateLooks: number[] = [];

      const travel: Caller['travel'] = async (operation, input, effect) => {
        if (trying.operation !== operation) {
          const goesOn = operation === 'DescribeSecret' || operation === 'TagResource';
          const restoringSince = trying.operation === 'RestoreSecret' ? trying.since : trying.restoringSince;
          trying = { operation, since: this.clock.now, restoringSince: goesOn ? restoringSince : undefined };
        }
        const fault = faults.next(request.RequestId, operation);
        const delay = fault?.kind === 'slow' ? (fault.delay ?? this.coin.between(1, MAX_DELAY / SECOND) * SECOND) : 0;
        if (delay > 0) this.tell?.(`      ${about}: ${operation} is slow ${fault?.moment} its effect, ${delay} ms`);
        const wait = async (ms: number) => {
          await this.clock.sleep(ms);
          timeOut(operation);
          return alive ? undefined : never;
        };
        const strike = () => {
          if (!fault) return never;
          struck(operation, fault.kind, fault.moment);
          const what = consequence(fault.kind, operation, input);
          if (what === DEATH) {
            die(`dies ${fault.moment} ${operation}`);
            return never;
          }
          this.tell?.(`      ${about}: ${operation} -> ${what.name}, injected ${fault.moment} its effect`);
          throw what;
        };
        await wait(this.coin.between(5, 200) + (fault?.moment === 'before' ? delay : 0));
        if (fault?.moment === 'before' && delay === 0) return strike();
        try {
          const result = effect();
          const effectAt = this.clock.now;
          this.tell?.(`      ${about}: ${operation}${summary(input)} -> ${resultSummary(operation, result)}`);
          if (fault?.kind === 'slow' && fault.moment === 'after') await wait(delay);
          if (!fault || fault.kind === 'slow') {
            const { restoringSince } = trying;
            if (operation === 'DescribeSecret') {
              lateLooks = this.clock.now - effectAt > 2 * SECOND ? [...lateLooks, effectAt] : [];
              trying = { operation: '', since: 0, restoringSince };
            } else if (operation !== 'RestoreSecret') trying = { operation: '', since: 0 };
            return result;
          }
        } catch (error) {
          const { name } = error as Error;
          this.tell?.(`      ${about}: ${operation}${summary(input)} -> ${name}`);
          if (name === 'AccessDeniedException') faults.deny(request.RequestId, this.clock.now);
          if (fault?.kind !== 'dies') throw error;
        }
        return strike();
      };
      const caller: Caller = {
        name: request.RequestId,
        may: (action, target) => site.role.may(action, target),
        // It asks twice, and no more.
        since: () => Math.min(trying.since, lateLooks.slice(1).pop() ?? Infinity),
        restoringSince: () => trying.restoringSince,
        travel,
      };
      const cloudFormation = {
        send: (command: { input: { StackName?: string; LogicalResourceId?: string } }) => {
          const operation = command.constructor.name.replace(/Command$/, '');
          const { StackName: stack = '', LogicalResourceId: logicalId } = command.input;
          return travel(operation, {}, () => {
            const policy = site.role.current;
            // The state of a resource can be seen everywhere: it says whether a secret is free.
            const sees = operation === 'DescribeStackResource' || (policy && maySee(policy, stack.split('/')[1]));
            if (!sees) throw accessDenied(operation, stack);
            return this.stacks.answer(operation, stack, logicalId);
          });
        },
      };
      const env: Environment = {
        secrets: this.secrets.client(site.region, caller),
        secretsIn: (region) => this.secrets.client(region, caller),
        stacks: new Stacks(cloudFormation as Pick<CloudFormationClient, 'send'>),
        // As the function does it: a key that may not be seen counts as alive.
        keyState: (key) =>
          travel('DescribeKey', {}, () => this.secrets.keyStates.get(key) ?? 'Enabled').catch(() => undefined),
        now: () => this.clock.now,
        remainingMs: () => Math.max(0, deadline - this.clock.now),
        sleep: async (ms) => {
          await this.clock.sleep(ms);
          timeOut('sleep');
          if (!alive) await never;
        },
        log: (fields) => {
          const line = JSON.stringify(fields);
          this.output.push(line);
          this.tell?.(`      ${about}: log ${line}`);
        },
      };

      // As the entry point does it.
      if (expires !== undefined && this.clock.now >= expires) {
        this.tell?.(`      ${about}: ignored, nobody waits for the answer`);
        resolve(true);
        return;
      }
      answerTo(request, env)
        .then((answer) =>
          travel('answer', {}, () => {
            const body = answerBody(request, answer);
            this.output.push(body, JSON.stringify(answer));
            this.tell?.(`      ${about}: answers ${answer.status} ${answer.physicalId} ${answer.reason ?? ''}`);
            post(body);
          }),
        )
        .then(
          () => resolve(true),
          // Without an answer the invocation fails, and Lambda tries again.
          (error) => {
            if (faults.of(request.RequestId).length === 0) return reject(error);
            struck('answer', 'dies');
            die(`ends with ${error.name}`);
          },
        );
    });
  }
}

/** Never shows a value; a story goes to the console of whoever runs the tests, but still. */
function summary(input: unknown): string {
  const { Name, SecretId, Tags, TagKeys, RecoveryWindowInDays, ForceDeleteWithoutRecovery } = input as Record<
    string,
    unknown
  >;
  const shown = {
    id: Name ?? SecretId,
    Tags: Array.isArray(Tags) ? Object.fromEntries(Tags.map((tag) => [shortKey(tag.Key), tag.Value])) : undefined,
    TagKeys: Array.isArray(TagKeys) ? TagKeys.map(shortKey) : undefined,
    RecoveryWindowInDays,
    ForceDeleteWithoutRecovery,
  };
  const text = JSON.stringify(shown);
  return text === '{}' ? '' : ` ${text}`;
}

function shortKey(key: string): string {
  return key.replace('recoverable-secret:', '');
}

function resultSummary(operation: string, result: unknown): string {
  if (operation !== 'DescribeSecret') return typeof result === 'object' ? 'done' : String(result);
  const { DeletedDate, Tags, ARN } = result as {
    DeletedDate?: Date;
    ARN?: string;
    Tags?: { Key: string; Value: string }[];
  };
  const tags = Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [shortKey(Key), Value]));
  return `${DeletedDate ? 'scheduled' : 'live'} ${ARN?.slice(-8)} ${JSON.stringify(tags)}`;
}
