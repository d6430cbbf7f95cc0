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
  | 'dies';

/** Something that goes wrong with one call that the function makes. */
export interface Fault {
  /** Which call of the step, counted from 0: of all calls, or of those of one operation. */
  readonly call: number;
  readonly operation?: string;
  /** Whether the call had its effect. */
  readonly moment: 'before' | 'after';
  readonly kind: FaultKind;
}

/** Ends an invocation. */
export const DEATH = Symbol('death');

/** The faults of one step, found by counting calls. */
export class Faults {
  private calls = 0;
  private readonly callsOf = new Map<string, number>();
  private readonly broken = new Set<string>();
  /** How often something went wrong, by request. */
  readonly hit = new Map<string, number>();
  /** Requests of which a delivery died. */
  readonly died = new Set<string>();

  constructor(private readonly planned: readonly Fault[] = []) {}

  strike(requestId: string): void {
    this.hit.set(requestId, (this.hit.get(requestId) ?? 0) + 1);
  }

  /** The fault of the next call, of an operation for a request: an error, or a death. */
  next(
    requestId: string,
    operation: string,
    input: unknown,
  ): { when: Fault['moment']; what: Error | typeof DEATH } | undefined {
    const number = this.calls++;
    const numberOf = this.callsOf.get(operation) ?? 0;
    this.callsOf.set(operation, numberOf + 1);
    if (this.broken.has(`${requestId} ${operation}`)) {
      this.strike(requestId);
      return { when: 'before', what: internalError() };
    }
    const fault = this.planned.find((planned) =>
      planned.operation === undefined
        ? planned.call === number
        : planned.operation === operation && planned.call === numberOf,
    );
    if (!fault) return undefined;
    this.strike(requestId);
    // What CloudFormation knows is a precaution; it cannot be denied for good.
    if (fault.kind === 'broken' && !operation.startsWith('DescribeStack')) this.broken.add(`${requestId} ${operation}`);
    if (fault.kind === 'dies') this.died.add(requestId);
    return { when: fault.moment, what: consequence(fault.kind, operation, input) };
  }
}

function consequence(kind: FaultKind, operation: string, input: unknown): Error | typeof DEATH {
  switch (kind) {
    case 'throttle':
      return throttled();
    case 'internal':
    case 'broken':
      return internalError();
    case 'denied':
      return new ServiceError('AccessDeniedException', `no policy allows ${operation} yet`);
    case 'quotes':
      return new ServiceError('ValidationException', `1 validation error detected: ${JSON.stringify(input)}`);
    case 'dies':
      return DEATH;
  }
}
