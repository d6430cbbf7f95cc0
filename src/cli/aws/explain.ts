import { oneLine } from '../../handler/cloudformation/response';
import { CommandError } from '../errors';

/** A call to AWS. */
export interface Call {
  /** As IAM names it, for example `secretsmanager:RestoreSecret`. */
  readonly action: string;
  /** The region, and what else tells where it went. */
  readonly where: string;
}

/** What the caller is not allowed to do. */
export class Denied extends CommandError {
  constructor(
    message: string,
    /** Whether a policy forbids it, and not only none allows it. */
    readonly explicitly: boolean,
  ) {
    super(message);
  }
}

/** Runs one call to AWS; a failure becomes a line that says what is missing. */
export async function calling<T>(call: Call, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw explained(error, call);
  }
}

function explained(error: unknown, { action, where }: Call): CommandError {
  const { name = '', message = '', code = '' } = (error ?? {}) as { name?: string; message?: string; code?: string };
  if (/^AccessDenied/.test(name)) {
    const explicitly = /explicit deny/.test(message);
    const what = explicitly ? 'a policy denies' : 'no permission for';
    return new Denied(`${what} ${action} in ${where}${caller(message)}`, explicitly);
  }
  if (BAD_CREDENTIALS.test(name)) {
    return new CommandError(`no usable credentials for ${where}: ${oneLine(message) || name}`);
  }
  if (UNREACHABLE.test(code)) {
    const service = action.split(':')[0];
    return new CommandError(
      `${service} in ${where} cannot be reached (${code}): is there such a region, and a network?`,
    );
  }
  return new CommandError(`${action} in ${where} failed with ${name || 'an unknown error'}: ${oneLine(message)}`);
}

/** Whom IAM has denied it, in the words of the error. */
function caller(message: string): string {
  const principal = /\barn:[\w-]+:(?:iam|sts)::\d+:[^\s,]+/.exec(message)?.[0];
  return principal ? `, as ${principal}` : '';
}

const BAD_CREDENTIALS =
  /^(CredentialsProviderError|TokenProviderError|ExpiredToken(Exception)?|UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|MissingAuthenticationToken(Exception)?|AuthFailure|RequestExpired)$/;

const UNREACHABLE = /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;
