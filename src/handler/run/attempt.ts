import { SERVICE_TIMEOUT_SECONDS } from '../../private/contract';
import type { LettingGo } from '../aftermath';
import { DECISIVELY, FRESH_MS, queryOr, retryQuery } from '../aws/retry';
import { type CloudFormationRequest, declaredSecret, requesterOf } from '../cloudformation/request';
import type { StackQueries } from '../cloudformation/stacks';
import type { Direction } from '../decide/acquire';
import type { Environment } from '../environment';
import { isDenied, rejected } from '../errors';
import { refuseStale } from '../messages';
import type { DeclaredSecret, Requester } from '../model/declared-secret';
import type { Deployment } from '../model/deployment';
import type { ExistingSecret } from '../model/secret';

/** CloudFormation waits for no request any longer. */
const OUTDATED_MS = SERVICE_TIMEOUT_SECONDS * 1_000;

/** Where the function may not see the events of its stack. */
const UNKNOWN: Deployment = { outcome: 'unknown', idle: false };

/** Whether CloudFormation still waits for what a request does. */
export type Validity = 'current' | 'completed' | 'withdrawn' | 'stale';

/** One delivery of one request, and what CloudFormation says about it. */
export class Attempt {
  readonly requester: Requester;
  readonly declared: DeclaredSecret;
  /** What the template declared before an Update. */
  readonly before: DeclaredSecret;
  /** As far as CloudFormation knows; empty for a Create. */
  readonly physicalId: string;
  /** What was begun with a secret, and has to be said where it fails. */
  lettingGo?: LettingGo;
  /** What it has set out to restore in order to let go of it. */
  restoring?: ExistingSecret;
  private rollingBack?: Promise<boolean>;
  private seesNoEvents = false;
  /** When CloudFormation was last known to wait for this request. */
  private awaitedAt: number;

  constructor(
    request: CloudFormationRequest,
    readonly env: Environment,
  ) {
    this.requester = requesterOf(request);
    this.declared = declaredSecret(request.ResourceProperties, request.StackId);
    this.before = declaredSecret(request.OldResourceProperties ?? {}, request.StackId);
    this.physicalId = request.PhysicalResourceId ?? '';
    this.awaitedAt = this.requester.sentAt ?? Infinity;
  }

  /** A precaution: where the stack cannot be seen, a request counts as what it says it is. */
  async validity(): Promise<Validity> {
    if (this.isFresh) return 'current';
    const now = this.env.now();
    const validity = await this.askValidity();
    if (validity === 'current') this.awaitedAt = now;
    return validity;
  }

  private async askValidity(): Promise<Validity> {
    // @defence outdated
    if (this.age >= OUTDATED_MS) return 'stale';
    const { type, stackId, logicalId, sentAt } = this.requester;
    const { stacks } = this.env;
    if (type === 'Create') {
      const creation = await queryOr(this.env, 'awaited', () => stacks.creation(stackId, logicalId));
      return creation === 'awaited' ? 'current' : creation;
    }
    const of = { stackId, logicalId, physicalId: this.physicalId };
    return (await queryOr(this.env, false, () => stacks.isPast(type, of, sentAt))) ? 'stale' : 'current';
  }

  /**
   * A delivery that comes when CloudFormation is done with the request must not do its work once more. What a withdrawn Create
   * does is undone afterwards, together with what it has done.
   */
  async assertCurrent(): Promise<void> {
    if (this.env.now() - this.awaitedAt < FRESH_MS) return;
    const validity = await this.validity();
    // @defence past-requests
    if (validity === 'completed' || validity === 'stale') throw rejected(refuseStale());
  }

  /** Whether another delivery of the request was carried through. Where an Update failed, its stack is rolling back. */
  async isDone(): Promise<boolean> {
    const validity = await this.askValidity();
    if (this.requester.type === 'Create') return validity === 'completed';
    if (validity !== 'stale') return false;
    // @defence failed-by-another: return true
    return this.requester.type === 'Delete' || (await this.isRollback()) || !(await this.isStackRollingBack());
  }

  /** Whether the request was sent a moment ago, so that nothing can have overtaken it. */
  get isFresh(): boolean {
    return this.age < FRESH_MS;
  }

  /** Of an Update: CloudFormation sends it to go on, and to go back. */
  async direction(): Promise<Direction> {
    if (this.requester.type !== 'Update') return { kind: 'forward' };
    this.rollingBack ??= this.isStackRollingBack();
    return (await this.rollingBack) ? { kind: 'rollback', knownId: this.physicalId } : { kind: 'forward' };
  }

  /** Whether it is known that a failed deployment is undone: it must not fail, which would leave the stack stuck. */
  async isRollback(): Promise<boolean> {
    return this.direction().then(
      ({ kind }) => kind === 'rollback',
      () => false,
    );
  }

  /** What became of the deployment to which a request of this resource belongs, see `Stacks.deployment`. */
  async deployment(at: number | undefined): Promise<Deployment> {
    const { stackId, sentAt } = this.requester;
    // Half of what was begun without an answer must not be ended with one.
    // @defence stays-unknown
    if (this.seesNoEvents) return UNKNOWN;
    return this.decisive((stacks) => stacks.deployment(stackId, at, sentAt)).catch((error) => {
      // @defence events-not-seen: throw error
      if (!isDenied(error)) throw error;
      this.seesNoEvents = true;
      return UNKNOWN;
    });
  }

  private isStackRollingBack(): Promise<boolean> {
    return this.decisive((stacks) => stacks.isRollingBack(this.requester.stackId));
  }

  private decisive<T>(query: (stacks: StackQueries) => Promise<T>): Promise<T> {
    return retryQuery(this.env, () => query(this.env.stacks), DECISIVELY);
  }

  /** A request that does not tell when it was sent counts as sent just now. */
  private get age(): number {
    return this.requester.sentAt === undefined ? 0 : this.env.now() - this.requester.sentAt;
  }
}

/** Physical id after a Create that failed: its Delete looks whether the tags of that very request are on the secret. */
export function unknownSecret(requestId: string): string {
  return `${UNKNOWN_SECRET}${requestId}`;
}

/** The failed Create behind a physical id. */
export function failedCreateOf(physicalId: string): string | undefined {
  return physicalId.startsWith(UNKNOWN_SECRET) ? physicalId.slice(UNKNOWN_SECRET.length) : undefined;
}

const UNKNOWN_SECRET = 'recoverable-secret:unknown:';

export function isArn(id: string): boolean {
  return /^arn:[^:]+:secretsmanager:/.test(id);
}

/** ARNs of secrets end with the name and six characters more. */
export function isArnOf(id: string, name: string): boolean {
  return isArn(id) && id.replace(/-[^-]{6}$/, '').endsWith(`:secret:${name}`);
}
