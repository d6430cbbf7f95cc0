import pLimit from 'p-limit';
import type { Account } from './aws/account';
import { CommandError } from './errors';
import { EXIT_CODE, type ExitCode, worst } from './exit-code';
import type { Terminal } from './output/terminal';

/** What a command works with. */
export interface Session {
  readonly account: Account;
  readonly terminal: Terminal;
}

/** What became of one of several secrets, in one line. */
export interface Outcome {
  readonly line: string;
  readonly exitCode: ExitCode;
}

/** How many calls are under way at once: quick for hundreds, and far below what AWS allows. */
const AT_ONCE = 10;

/** Does the work for all of them, some at a time, and keeps their order. */
export async function forAll<T, R>(
  items: readonly T[],
  { terminal }: Pick<Session, 'terminal'>,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const limit = pLimit(AT_ONCE);
  let done = 0;
  return Promise.all(
    items.map((item) =>
      limit(async () => {
        const result = await work(item);
        done += 1;
        if (items.length > AT_ONCE) terminal.progress(`${done} of ${items.length}`);
        return result;
      }),
    ),
  );
}

/**
 * Does the work for each secret, whatever becomes of the others, and tells it line by line.
 *
 * @param work Returns nothing where nothing is to be told
 */
export async function forEachSecret<T extends { readonly name: string }>(
  secrets: readonly T[],
  session: Session,
  work: (secret: T) => Promise<Outcome | undefined>,
): Promise<ExitCode> {
  const outcomes = await forAll(secrets, session, async (secret) => {
    try {
      return await work(secret);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { line: `${secret.name}: ${error.message}`, exitCode: error.exitCode };
    }
  });
  const told = outcomes.filter((outcome) => outcome !== undefined);
  for (const { line, exitCode } of told) session.terminal[exitCode === EXIT_CODE.done ? 'say' : 'note'](line);
  return worst(told.map(({ exitCode }) => exitCode));
}

/** Names or ARNs as they were typed, each once. */
export function named(ids: readonly string[]): { readonly name: string }[] {
  return [...new Set(ids)].map((name) => ({ name }));
}
