import { internalError, ServiceError, throttled } from './service-error';

export type FaultKind =
  /** The service refuses because of the rate, more often than the SDK tries. */
  | 'throttle'
  | 'internal'
  /** A permission that is not seen everywhere yet. */
  | 'denied'
  /** The error text repeats what was sent, as validation errors do. */
  | 'quotes'
  /** From here on the operation fails for this request, whatever it tries. */
  | 'broken'
  /** The invocation ends without another word. */
  | 'dies'
  /** The call is under way for long; nothing fails. */
  | 'slow';

/** Something that goes wrong with one call that the function makes. */
export interface Fault {
  /** Which call of the step, counted from 0: of all calls, or of those of one operation, of one request, or of both. */
  readonly call: number;
  readonly operation?: string;
  /** Which request of the step, counted from 0. */
  readonly request?: number;
  /** Whether the call had its effect. */
  readonly moment: 'before' | 'after';
  readonly kind: FaultKind;
  /** How long one that is slow is under way; milliseconds. By chance where nothing is said. */
  readonly delay?: number;
}

/** A call that went wrong, and when. */
export interface Hit {
  readonly at: number;
  readonly operation: string;
  readonly kind: FaultKind;
  readonly moment: Fault['moment'];
}

/** Ends an invocation. */
export const DEATH = Symbol('death');

/** The faults of one step, found by counting calls. */
export class Faults {
  private readonly counts = new Map<string, number>();
  private readonly broken = new Set<string>();
  private readonly ordinals = new Map<string, number>();
  private readonly hits = new Map<string, Hit[]>();
  private readonly struckPlans = new Set<Fault>();
  private readonly denials = new Map<string, Pick<Hit, 'at'>[]>();

  constructor(private readonly planned: readonly Fault[] = []) {}

  /** What went wrong with the calls of a request; a call that only took long is not among it. */
  of(requestId: string): readonly Hit[] {
    return this.hits.get(requestId) ?? [];
  }

  /** Calls that the role of the function did not permit, by no fault of ours. */
  denialsOf(requestId: string): readonly Pick<Hit, 'at'>[] {
    return this.denials.get(requestId) ?? [];
  }

  deny(requestId: string, at: number): void {
    this.denials.set(requestId, [...this.denialsOf(requestId), { at }]);
  }

  /** Whether a call of the step is planned to take long. */
  get slow(): boolean {
    return this.planned.some(({ kind }) => kind === 'slow');
  }

  /** Whether anything went wrong. */
  get struck(): boolean {
    return this.hits.size > 0;
  }

  /** What was planned and did not come about. */
  get missed(): readonly Fault[] {
    return this.planned.filter((fault) => !this.struckPlans.has(fault));
  }

  hasDied(requestId: string): boolean {
    return this.of(requestId).some(({ kind }) => kind === 'dies');
  }

  strike(requestId: string, hit: Hit): void {
    this.hits.set(requestId, [...this.of(requestId), hit]);
  }

  /** A request of the step is about to be sent. */
  number(requestId: string): void {
    this.ordinals.set(requestId, this.ordinals.size);
  }

  /** What is planned for the next call, of an operation for a request. */
  next(requestId: string, operation: string): Pick<Fault, 'moment' | 'kind' | 'delay'> | undefined {
    const request = this.ordinals.get(requestId);
    const number = (of: string) => {
      const count = this.counts.get(of) ?? 0;
      this.counts.set(of, count + 1);
      return count;
    };
    const [all, ofOperation] = [number(''), number(operation)];
    const [ofRequest, ofBoth] = [number(requestId), number(`${requestId} ${operation}`)];
    if (this.broken.has(`${requestId} ${operation}`)) return { moment: 'before', kind: 'broken' };
    const fault = this.planned.find((one) => {
      if (one.operation !== undefined && one.operation !== operation) return false;
      if (one.request !== undefined && one.request !== request) return false;
      if (one.request === undefined) return one.call === (one.operation === undefined ? all : ofOperation);
      return one.call === (one.operation === undefined ? ofRequest : ofBoth);
    });
    if (fault) this.struckPlans.add(fault);
    // What CloudFormation knows is a precaution; it cannot be denied for good.
    if (fault?.kind === 'broken' && !operation.startsWith('DescribeStack')) {
      this.broken.add(`${requestId} ${operation}`);
    }
    return fault;
  }
}

export function consequence(kind: FaultKind, operation: string, input: unknown): Error | typeof DEATH {
  switch (kind) {
    case 'throttle':
      return throttled();
    case 'internal':
    case 'broken':
    case 'slow':
      return internalError();
    case 'denied':
      return new ServiceError('AccessDeniedException', `no policy allows ${operation} yet`);
    case 'quotes':
      return new ServiceError('ValidationException', `1 validation error detected: ${JSON.stringify(input)}`);
    case 'dies':
      return DEATH;
  }
}
