import { EXIT_CODE, type ExitCode } from './exit-code';

/** Ends a command; the message is one complete line for the person who typed it. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT_CODE.error,
  ) {
    super(message);
  }
}
