import {
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
      slept.push(ms);
    },
    now: total,
    log: () => {},
  } as unknown as Environment;
}

const failing =
  (error: unknown, times = Number.POSITIVE_INFINITY) =>
  async () => {
    if (asked++ < times) throw error;
    return 'done';
  };

describe('a call to AWS', () => {
  const [denied, invalid, missing] = [
    'AccessDeniedException',
    'InvalidRequestException',
    'ResourceNotFoundException',
  ].map((name) => serviceError(name));

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
    await expect(retryTransient(env(), 'TagResource', lag, failing(error))).rejects.toThrow('TagResource failed with');
    expect(total()).toBeLessThanOrEqual(seconds * 1_000);
    expect(total()).toBeGreaterThanOrEqual(Math.max(0, seconds - 4) * 1_000);
    expect(asked).toBe(slept.length + 1);
  });

  test('waits longer each time, but never more than four seconds', async () => {
    await expect(retryTransient(env(), 'TagResource', IAM_LAG, failing(denied))).rejects.toThrow();
    expect(slept.slice(0, 6)).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
  });

  test('is not tried again when it has succeeded', async () => {
    expect(await retryTransient(env(), 'TagResource', IAM_LAG, failing(denied, 2))).toBe('done');
    expect(asked).toBe(3);
  });

  test('leaves 45 seconds for what comes afterwards', async () => {
    await expect(retryTransient(env(46_500), 'TagResource', IAM_LAG, failing(denied))).rejects.toThrow();
    expect(total()).toBe(1_500);
    slept = [];
    await expect(retryTransient(env(46_499), 'TagResource', IAM_LAG, failing(denied))).rejects.toThrow();
    expect(total()).toBe(500);
  });
});

describe('a decision', () => {
  const stale = (times: number) => async () => (asked++ < times ? new Stale(new Error('it has changed')) : 'done');

  test('is made anew until it stands', async () => {
    expect(await retryOnStale(env(), 60_000, stale(3))).toBe('done');
    expect(slept).toEqual([500, 1_000, 2_000]);
  });

  test('that never stands fails in time, with the cause', async () => {
    await expect(retryOnStale(env(), 7_500, stale(99))).rejects.toThrow('it has changed');
    expect(slept).toEqual([500, 1_000, 2_000, 4_000]);
    slept = [];
    await expect(retryOnStale(env(46_500), 60_000, stale(99))).rejects.toThrow('it has changed');
    expect(total()).toBe(1_500);
  });

  test('is not made anew after an error', async () => {
    await expect(retryOnStale(env(), 60_000, failing(new Error('something else')))).rejects.toThrow('something else');
    expect(slept).toEqual([]);
  });
});

describe('what must not stay half done', () => {
  const error = new Error('anything');

  test('is tried four times', async () => {
    expect(await retryAny(env(), failing(error, 3))).toBe('done');
    expect(slept).toEqual([2_000, 8_000, 20_000]);
    await expect(retryAny(env(), failing(error))).rejects.toThrow('anything');
  });

  test('is not tried again when the function must end', async () => {
    await expect(retryAny(env(7_000), failing(error))).rejects.toThrow('anything');
    expect(slept).toEqual([2_000]);
    slept = [];
    await expect(retryAny(env(6_999), failing(error))).rejects.toThrow('anything');
    expect(slept).toEqual([]);
  });
});

describe('waiting', () => {
  const so = (after: number) => async () => asked++ >= after;

  test('ends when it is so', async () => {
    expect(await waitUntil(env(), 60_000, so(3))).toBe(true);
    expect(slept).toEqual([500, 750, 1_125]);
  });

  test('ends in time, and says whether it has become so', async () => {
    expect(await waitUntil(env(), 1_250, so(2))).toBe(true);
    asked = 0;
    expect(await waitUntil(env(), 1_249, so(2))).toBe(false);
  });

  test('ends when it took too long', async () => {
    expect(await waitUntil(env(), 16_000, so(99))).toBe(false);
    expect(slept.map(Math.round)).toEqual([500, 750, 1_125, 1_688, 2_531, 3_797, 5_000]);
  });

  test('never takes longer than five seconds between two looks', async () => {
    expect(await waitUntil(env(), 60_000, so(99))).toBe(false);
    expect(Math.max(...slept)).toBe(5_000);
  });

  test('leaves 45 seconds for what comes afterwards', async () => {
    expect(await waitUntil(env(46_250), 60_000, so(99))).toBe(false);
    expect(slept).toEqual([500, 750]);
    slept = [];
    expect(await waitUntil(env(46_249), 60_000, so(99))).toBe(false);
    expect(slept).toEqual([500]);
  });
});

describe('a question to CloudFormation', () => {
  const throttled = serviceError('Throttling');

  test('is asked for some ten seconds', async () => {
    expect(await retryQuery(env(), failing(throttled, 3))).toBe('done');
    expect(total()).toBe(10_000);
    asked = 0;
    await expect(retryQuery(env(), failing(throttled))).rejects.toBe(throttled);
    expect(asked).toBe(4);
  });

  test('whose answer is a precaution only has one in any case', async () => {
    expect(await queryOr(env(), 'otherwise', failing(throttled))).toBe('otherwise');
    expect(asked).toBe(4);
    asked = 0;
    expect(await queryOr(env(), 'otherwise', failing(throttled, 1))).toBe('done');
  });
});

describe('looking again', () => {
  const look = async () => ++asked;

  test('ends with the first sight that is conclusive', async () => {
    expect(await pollUntil(env(), look, (seen) => seen === 3)).toBe(3);
    expect(slept).toEqual([1_000, 2_000]);
  });

  test('ends with what is seen when it cannot be the past any more', async () => {
    expect(await pollUntil(env(), look, () => false)).toBe(4);
    expect(slept).toEqual([1_000, 2_000, 3_000]);
  });

  test('ends early when the function must', async () => {
    expect(await pollUntil(env(8_000), look, () => false)).toBe(3);
    expect(slept).toEqual([1_000, 2_000]);
    slept = [];
    await pollUntil(env(7_999), look, () => false);
    expect(slept).toEqual([1_000]);
  });
});
