import type { Environment } from '../environment';
import { calling, errorName, Stale } from '../errors';

/** Time that stays for undoing what was done, and for the answer. */
const RESERVE_MS = 45_000;

/**
 * For how long what was seen counts as what is. To withdraw a request, CloudFormation must see another resource fail, begin
 * the rollback and send a Delete.
 */
export const FRESH_MS = 2_000;

/** Error names that go away by themselves, each with how long to wait for that; milliseconds. */
export type Transient = Readonly<Record<string, number>>;

/** A policy that changed in the same deployment can take a minute and more to reach every endpoint of IAM. */
// @defence iam-lag: export const IAM_LAG: Transient = {}
export const IAM_LAG: Transient = { AccessDeniedException: 120_000 };

/** After RestoreSecret and CreateSecret other operations may for a moment still see what was before. */
// @defence state-lag: export const STATE_LAG: Transient = IAM_LAG
export const STATE_LAG: Transient = {
  ...IAM_LAG,
  InvalidRequestException: 30_000,
  ResourceNotFoundException: 30_000,
};

/** Calls AWS until it succeeds, or fails with something that does not pass. */
export async function retryTransient<T>(
  env: Environment,
  operation: string,
  transient: Transient,
  call: () => Promise<T>,
): Promise<T> {
  for (let waited = 0, pause = 500; ; pause = Math.min(pause * 2, 4_000)) {
    try {
      return await calling(operation, call);
    } catch (error) {
      const patience = transient[errorName(error)] ?? 0;
      if (waited + pause > patience || env.remainingMs() < RESERVE_MS + pause) throw error;
      await env.sleep(pause);
      waited += pause;
    }
  }
}

/** Looks, decides and acts anew for as long as what was decided on changes meanwhile, or a permission has not arrived. */
export async function retryOnStale<T>(env: Environment, maxMs: number, attempt: () => Promise<T | Stale>): Promise<T> {
  const waited = new Map<string, number>();
  for (;;) {
    const result = await attempt();
    if (!(result instanceof Stale)) return result;
    // One reason can give way to another, which has not been waited for yet.
    const reason = errorName(result.error);
    const before = waited.get(reason) ?? 0;
    const patience = IAM_LAG[reason] ?? maxMs;
    // Each attempt asks CloudFormation, which takes few calls a second.
    const pause = Math.min(Math.max(before, 500), patience / 8);
    if (before + pause > patience || env.remainingMs() < RESERVE_MS + pause) throw result.error;
    await env.sleep(pause);
    waited.set(reason, before + pause);
  }
}

/** Tries again whatever the error is: for work that must not stay half done. */
export async function retryAny<T>(env: Environment, attempt: () => Promise<T>): Promise<T> {
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

/** An answer that took long may tell of the past. */
export async function freshly<T>(env: Environment, ask: () => Promise<T>): Promise<T> {
  const at = env.now();
  const answer = await ask();
  // @defence fresh-answer: return answer
  return env.now() - at > FRESH_MS ? ask() : answer;
}

/** CloudFormation takes few calls a second: its answer is worth some patience. */
const PATIENTLY: readonly number[] = [1_000, 3_000, 6_000];

/** What becomes of a secret depends on the answer, and the permission to ask may take as long to arrive as any other. */
export const DECISIVELY: readonly number[] = [...PATIENTLY, 10_000, 20_000, 40_000, 40_000];

/** @param pauses Between one question and the next, as long as there is no answer; milliseconds */
export async function retryQuery<T>(env: Environment, query: () => Promise<T>, pauses = PATIENTLY): Promise<T> {
  // @defence asks-patiently
  for (const pause of pauses) {
    try {
      return await freshly(env, query);
    } catch (error) {
      if (env.remainingMs() < RESERVE_MS + pause) throw error;
      env.log({ step: 'stack not seen', error: errorName(error) });
      await env.sleep(pause);
    }
  }
  return freshly(env, query);
}

/** Asks CloudFormation where its answer is a precaution only. */
export async function queryOr<T>(env: Environment, otherwise: T, query: () => Promise<T>): Promise<T> {
  return retryQuery(env, query).catch(() => otherwise);
}

/** Asks until it is so; false when that takes too long. */
export async function waitUntil(env: Environment, maxMs: number, isSo: () => Promise<boolean>): Promise<boolean> {
  for (let waited = 0, pause = 500; !(await isSo()); pause = Math.min(pause * 1.5, 5_000)) {
    if (waited + pause > maxMs || env.remainingMs() < RESERVE_MS + pause) return false;
    await env.sleep(pause);
    waited += pause;
  }
  return true;
}

/** Looks until what is seen is conclusive, or cannot be the past any more; all reads are eventually consistent. */
export async function pollUntil<T>(
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
