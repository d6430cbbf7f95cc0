/** A request that cannot be carried out: one complete line for the person who deploys. Nothing was changed. */
export class RequestRejected extends Error {}

export function rejected({ reason }: { readonly reason: string }): RequestRejected {
  return new RequestRejected(reason);
}

/** Something went wrong on the way; the text holds no value. */
export class Failure extends Error {}

/** A failure that could not be undone: CloudFormation's next request has to. */
export class RollbackIncomplete extends Error {
  constructor(
    readonly reason: unknown,
    readonly arn?: string,
  ) {
    super();
  }
}

/** What was seen a moment before is no longer so: the way on is to look once more, and to decide anew. */
export class Stale {
  constructor(readonly error: unknown) {}
}

/** A call to AWS that failed; it keeps the name of the error, by which it is recognised. */
export class CallFailed extends Failure {
  constructor(operation: string, error: unknown) {
    const name = errorName(error) || 'an unknown error';
    super(`${operation} failed with ${name}${isHarmless(operation, name) ? `: ${(error as Error).message}` : ''}`);
    this.name = name;
  }
}

/**
 * Errors whose service text says nothing but names, ARNs and states. Any other, above all a validation error, may
 * quote its input, and that can be a value.
 */
const HARMLESS = [
  'AccessDenied',
  'AccessDeniedException',
  'DecryptionFailure',
  'EncryptionFailure',
  'InvalidRequestException',
  'LimitExceededException',
  'PreconditionNotMetException',
  'ResourceExistsException',
  'ResourceNotFoundException',
  'ThrottlingException',
];

const CARRY_A_VALUE = ['CreateSecret', 'GetRandomPassword', 'PutSecretValue'];

function isHarmless(operation: string, name: string): boolean {
  // @defence quotes-no-input: return true
  return HARMLESS.includes(name) || (name === 'InvalidParameterException' && !CARRY_A_VALUE.includes(operation));
}

/** CloudFormation's name for it is not that of the other services. */
export function isDenied(error: unknown): boolean {
  return ['AccessDenied', 'AccessDeniedException'].includes(errorName(error));
}

/** Those of the network have a code and no name of their own. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { name, code } = error as NodeJS.ErrnoException;
  return name === 'Error' && code ? code : name;
}

/** Runs one call to AWS. */
export async function calling<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new CallFailed(operation, error);
  }
}
