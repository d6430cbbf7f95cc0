import type { Environment } from '../environment';
import { calling, errorName, Failure, LookAgain } from '../errors';

/** Time that stays for undoing what was done, and for the answer. */
const RESERVE_MS = 45_000;

/** Error names that go away by themselves, each with how long to wait for that; milliseconds. */
export type Transient = Readonly<Record<string, number>>;

/** A changed policy reaches every IAM endpoint within seconds. */
export const IAM_LAG: Transient = { AccessDeniedException: 15_000 };

/** After RestoreSecret and CreateSecret other operations may for a moment still see what was before. */
export const STATE_LAG: Transient = {
  ...IAM_LAG,
  InvalidRequestException: 30_000,
  ResourceNotFoundException: 30_000,
};

/** Calls AWS until it succeeds, or fails with something that does not pass. */
export async function patiently<T>(
  env: Environment,
  operation: string,
  transient: Transient,
  call: () => Promise<T>,
): Promise<T> {
  return retrying(env, transient, () => calling(operation, call));
}

/** Tries again for as long as the name of the error allows. */
async function retrying<T>(env: Environment, transient: Transient, attempt: () => Promise<T>): Promise<T> {
  for (let waited = 0, pause = 500; ; pause = Math.min(pause * 2, 4_000)) {
    try {
      return await attempt();
    } catch (error) {
      const patience = transient[errorName(error)] ?? 0;
      if (waited + pause > patience || env.remainingMs() < RESERVE_MS + pause) throw error;
      await env.sleep(pause);
      waited += pause;
    }
  }
}

/** Decides anew for as long as what was decided on changes. */
export async function decidingAnew<T>(env: Environment, maxMs: number, attempt: () => Promise<T>): Promise<T> {
  try {
    return await retrying(env, { LookAgain: maxMs }, attempt);
  } catch (error) {
    throw error instanceof LookAgain ? error.cause : error;
  }
}

/** Tries again whatever the error is: for work that must not stay half done. */
export async function stubbornly<T>(env: Environment, attempt: () => Promise<T>): Promise<T> {
  for (const pause of [2_000, 8_000, 20_000]) {
    try {
      return await attempt();
    } catch (error) {
      if (env.remainingMs() < pause + 5_000) throw error;
      await env.sleep(pause);
    }
  }
  return attempt();
}

/** Asks until it is so; throws when that takes too long. */
export async function waitFor(
  env: Environment,
  what: string,
  maxMs: number,
  isSo: () => Promise<boolean>,
): Promise<void> {
  for (let waited = 0, pause = 500; !(await isSo()); pause = Math.min(pause * 1.5, 5_000)) {
    if (waited + pause > maxMs || env.remainingMs() < RESERVE_MS + pause) {
      throw new Failure(`waited ${Math.round(waited / 1000)} seconds in vain until ${what}`);
    }
    await env.sleep(pause);
    waited += pause;
  }
}

/** Looks until what is seen is conclusive, or cannot be the past any more; all reads are eventually consistent. */
export async function lookAgain<T>(
  env: Environment,
  look: () => Promise<T>,
  isConclusive: (seen: T) => boolean,
): Promise<T> {
  for (const pause of [1_000, 2_000, 3_000]) {
    const seen = await look();
    if (isConclusive(seen) || env.remainingMs() < pause + 5_000) return seen;
    await env.sleep(pause);
  }
  return look();
}
