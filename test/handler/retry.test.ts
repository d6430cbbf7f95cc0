import {
  DECISIVELY,
  IAM_LAG,
  pollUntil,
  queryOr,
  retryAny,
  retryOnStale,
  retryQuery,
  retryTransient,
  STATE_LAG,
  waitUntil,
} from '../../src/handler/aws/retry';
import type { Environment } from '../../src/handler/environment';
import { Stale } from '../../src/handler/errors';
import { serviceError } from './existing-secret';

const denied = serviceError('AccessDeniedException');

let slept: number[];
let asked: number;
beforeEach(() => {
  [slept, asked] = [[], 0];
});

const total = () => slept.reduce((sum, ms) => sum + ms, 0);

/** A function that may still run for so many milliseconds. */
function env(runsFor = Number.POSITIVE_INFINITY): Environment {
  return {
    remainingMs: () => runsFor - total(),
    sleep: async (ms: number) => {
      slept.push(Math.round(ms));
    },
    now: total,
    log: () => {},
  } as unknown as Environment;
}

const EVER = Number.POSITIVE_INFINITY;

/** Fails so often. */
const failing = (error: unknown, times: number) => async () => {
  if (asked++ < times) throw error;
  return 'done';
};

/** How often something fails, how long the function may run, how it ends, and the pauses until then. */
type Case = [fails: number, runsFor: number, ends: 'done' | 'failed', pauses: number[]];

async function expectPauses([, runsFor, ends, pauses]: Case, act: (env: Environment) => Promise<unknown>) {
  expect(await act(env(runsFor)).catch(() => 'failed')).toBe(ends);
  expect(slept).toEqual(pauses);
}

describe('a call to AWS', () => {
  const [invalid, missing] = ['InvalidRequestException', 'ResourceNotFoundException'].map((name) => serviceError(name));

  test.each([
    // A policy of the same deployment may take a minute and more to arrive.
    ['a missing permission', denied, IAM_LAG, 120],
    ['a missing permission where the state may lag as well', denied, STATE_LAG, 120],
    ['a state that is past', invalid, STATE_LAG, 30],
    ['a secret that is not seen yet', missing, STATE_LAG, 30],
    ['a state where only permissions lag', invalid, IAM_LAG, 0],
    ['any other error', serviceError('InternalServiceError'), STATE_LAG, 0],
    ['what is no error', 'InvalidRequestException', STATE_LAG, 0],
  ])('is tried again after %s for as long as that may last: %p', async (_, error, lag, seconds) => {
    const call = retryTransient(env(), 'TagResource', lag, failing(error, EVER));
    await expect(call).rejects.toThrow('TagResource failed with');
    expect(total()).toBeLessThanOrEqual(seconds * 1_000);
    expect(total()).toBeGreaterThanOrEqual(Math.max(0, seconds - 4) * 1_000);
    expect(asked).toBe(slept.length + 1);
  });

  test.each<Case>([
    [2, EVER, 'done', [500, 1_000]],
    [7, EVER, 'done', [500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000]],
    // 45 seconds stay for what comes afterwards.
    [EVER, 46_500, 'failed', [500, 1_000]],
    [EVER, 46_499, 'failed', [500]],
  ])('that fails %p times, in a function that runs %p ms, is %s after pauses of %p', (...of) =>
    expectPauses(of, (env) => retryTransient(env, 'TagResource', IAM_LAG, failing(denied, of[0]))),
  );
});

describe('a decision', () => {
  const stale = (times: number) => async () => (asked++ < times ? new Stale(new Error('it has changed')) : 'done');

  test.each<Case>([
    [3, EVER, 'done', [500, 500, 1_000]],
    [EVER, EVER, 'failed', [500, 500, 1_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000]],
    [EVER, 46_000, 'failed', [500, 500]],
    [EVER, 45_999, 'failed', [500]],
  ])('that is stale %p times, in a function that runs %p ms, is %s after pauses of %p', (...of) =>
    expectPauses(of, (env) => retryOnStale(env, 16_000, stale(of[0]))),
  );

  test('waits for a permission as long as that may take, and for what comes then as long again', async () => {
    const denials = async () => new Stale(asked++ < 5 ? denied : new Error('it has changed'));
    await expect(retryOnStale(env(), 1_000, denials)).rejects.toThrow('it has changed');
    expect(slept.slice(0, 6)).toEqual([500, 500, 1_000, 2_000, 4_000, 125]);
    [slept, asked] = [[], Number.NEGATIVE_INFINITY];
    await expect(retryOnStale(env(), 1_000, denials)).rejects.toThrow(denied);
    expect(total()).toBe(106_000);
  });

  test('that never stands fails with the cause, and one that fails is not made anew', async () => {
    await expect(retryOnStale(env(), 8_000, stale(EVER))).rejects.toThrow('it has changed');
    slept = [];
    await expect(retryOnStale(env(), 60_000, failing(new Error('else'), EVER))).rejects.toThrow('else');
    expect(slept).toEqual([]);
  });
});

test.each<Case>([
  [3, EVER, 'done', [2_000, 8_000, 20_000]],
  [4, EVER, 'failed', [2_000, 8_000, 20_000]],
  [EVER, 7_000, 'failed', [2_000]],
  [EVER, 6_999, 'failed', []],
])('what must not stay half done, fails %p times, in a function that runs %p ms, is %s after pauses of %p', (...of) =>
  expectPauses(of, (env) => retryAny(env, failing(new Error('anything'), of[0]))),
);

describe('waiting', () => {
  const so = (after: number) => async () => asked++ >= after;

  test.each<[limit: number, after: number, runsFor: number, so: boolean, pauses: number[]]>([
    [60_000, 3, EVER, true, [500, 750, 1_125]],
    [1_250, 2, EVER, true, [500, 750]],
    [1_249, 2, EVER, false, [500]],
    // Never more than five seconds between two looks.
    [21_000, EVER, EVER, false, [500, 750, 1_125, 1_688, 2_531, 3_797, 5_000, 5_000]],
    // 45 seconds stay for what comes afterwards.
    [60_000, EVER, 46_250, false, [500, 750]],
    [60_000, EVER, 46_249, false, [500]],
  ])('for %p ms for what is so after %p looks, in a function that runs %p ms, tells %p', async (...of) => {
    const [limit, after, runsFor, isSo, pauses] = of;
    expect(await waitUntil(env(runsFor), limit, so(after))).toBe(isSo);
    expect(slept).toEqual(pauses);
  });
});

describe('a question to CloudFormation', () => {
  const throttled = serviceError('Throttling');

  test('is asked for some ten seconds', async () => {
    expect(await retryQuery(env(), failing(throttled, 3))).toBe('done');
    expect(total()).toBe(10_000);
    asked = 0;
    await expect(retryQuery(env(), failing(throttled, EVER))).rejects.toBe(throttled);
    expect(asked).toBe(4);
  });

  test.each<Case>([
    [7, EVER, 'done', [1_000, 3_000, 6_000, 10_000, 20_000, 40_000, 40_000]],
    [8, EVER, 'failed', [1_000, 3_000, 6_000, 10_000, 20_000, 40_000, 40_000]],
    // Time stays for the answer.
    [8, 75_000, 'failed', [1_000, 3_000, 6_000, 10_000]],
  ])('whose answer decides is waited for as long as for a permission: %p', async (...of) => {
    await expectPauses(of, (world) => retryQuery(world, failing(denied, of[0]), DECISIVELY));
  });

  test('whose answer is a precaution only has one in any case', async () => {
    expect(await queryOr(env(), 'otherwise', failing(throttled, EVER))).toBe('otherwise');
    expect(asked).toBe(4);
    asked = 0;
    expect(await queryOr(env(), 'otherwise', failing(throttled, 1))).toBe('done');
  });
});

test.each<[conclusive: number, runsFor: number, sees: number, pauses: number[]]>([
  [3, EVER, 3, [1_000, 2_000]],
  // What is seen then cannot be the past any more.
  [EVER, EVER, 4, [1_000, 2_000, 3_000]],
  [EVER, 8_000, 3, [1_000, 2_000]],
  [EVER, 7_999, 2, [1_000]],
])('looking until look %p is conclusive, in a function that runs %p ms, ends with look %p', async (...of) => {
  const [conclusive, runsFor, sees, pauses] = of;
  const look = async () => ++asked;
  expect(await pollUntil(env(runsFor), look, (seen) => seen === conclusive)).toBe(sees);
  expect(slept).toEqual(pauses);
});
