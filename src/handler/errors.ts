/** A request that cannot be carried out: one complete line for the person who deploys. Nothing was changed. */
export class Refusal extends Error {}

/** Something went wrong on the way; the text holds no value. */
export class Failure extends Error {}

/** What was seen a moment before is no longer so: look once more, and decide anew. */
export class LookAgain extends Error {
  override readonly name = 'LookAgain';

  constructor(override readonly cause: unknown) {
    super();
  }
}

/** A call to AWS that failed; it keeps the name of the error, by which it is recognised. */
export class CallFailed extends Failure {
  constructor(operation: string, error: unknown) {
    const name = errorName(error) || 'an unknown error';
    super(`${operation} failed with ${name}${HARMLESS.includes(name) ? `: ${(error as Error).message}` : ''}`);
    this.name = name;
  }
}

/**
 * Errors whose service text says nothing but names, ARNs and states. Any other, above all a validation error, may
 * quote its input, and that can be a value.
 */
const HARMLESS = [
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

export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** Runs one call to AWS. */
export async function calling<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof LookAgain ? error : new CallFailed(operation, error);
  }
}
