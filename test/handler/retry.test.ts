import {
  decidingAnew,
  IAM_LAG,
  lookAgain,
  patiently,
  STATE_LAG,
  stubbornly,
  waitFor,
} from '../../src/handler/aws/retry';
import type { Environment } from '../../src/handler/environment';
import { LookAgain } from '../../src/handler/errors';
import { awsError } from './cloud';

let slept: number[];
let asked: number;
beforeEach(() => {
  [slept, asked] = [[], 0];
});

/** A function that may still run for so many milliseconds. */
function env(runsFor = Number.POSITIVE_INFINITY): Environment {
  return {
    remainingMs: () => runsFor - slept.reduce((sum, ms) => sum + ms, 0),
    sleep: async (ms: number) => {
      slept.push(ms);
    },
  } as Environment;
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
  ].map((name) => awsError(name));
  const tooShort = [500, 1_000, 2_000, 4_000, 4_000];
  const longer = [...tooShort, 4_000, 4_000, 4_000, 4_000];

  test.each([
    ['a missing permission', denied, IAM_LAG, tooShort],
    ['a missing permission where the state may lag as well', denied, STATE_LAG, tooShort],
    ['a state that is past', invalid, STATE_LAG, longer],
    ['a secret that is not seen yet', missing, STATE_LAG, longer],
    ['a state where only permissions lag', invalid, IAM_LAG, []],
    ['any other error', awsError('InternalServiceError'), STATE_LAG, []],
    ['what is no error', 'InvalidRequestException', STATE_LAG, []],
  ])('is tried again after %s for as long as that may last', async (_, error, lag, pauses) => {
    await expect(patiently(env(), 'TagResource', lag, failing(error))).rejects.toThrow('TagResource failed with');
    expect(slept).toEqual(pauses);
    expect(asked).toBe(pauses.length + 1);
  });

  test('is not tried again when it has succeeded', async () => {
    expect(await patiently(env(), 'TagResource', IAM_LAG, failing(denied, 2))).toBe('done');
    expect(slept).toEqual([500, 1_000]);
  });

  test('leaves 45 seconds for what comes afterwards', async () => {
    await expect(patiently(env(46_500), 'TagResource', IAM_LAG, failing(denied))).rejects.toThrow();
    expect(slept).toEqual([500, 1_000]);
    slept = [];
    await expect(patiently(env(46_499), 'TagResource', IAM_LAG, failing(denied))).rejects.toThrow();
    expect(slept).toEqual([500]);
  });
});

describe('a decision', () => {
  const again = new LookAgain(new Error('it has changed'));

  test('is made anew until it stands', async () => {
    expect(await decidingAnew(env(), 60_000, failing(again, 3))).toBe('done');
    expect(slept).toEqual([500, 1_000, 2_000]);
  });

  test('that never stands fails in time, with the cause', async () => {
    await expect(decidingAnew(env(), 7_500, failing(again))).rejects.toThrow('it has changed');
    expect(slept).toEqual([500, 1_000, 2_000, 4_000]);
  });

  test('is not made anew after another error', async () => {
    await expect(decidingAnew(env(), 60_000, failing(new Error('something else')))).rejects.toThrow('something else');
    expect(slept).toEqual([]);
  });
});

describe('what must not stay half done', () => {
  const error = new Error('anything');

  test('is tried four times', async () => {
    expect(await stubbornly(env(), failing(error, 3))).toBe('done');
    expect(slept).toEqual([2_000, 8_000, 20_000]);
    await expect(stubbornly(env(), failing(error))).rejects.toThrow('anything');
  });

  test('is not tried again when the function must end', async () => {
    await expect(stubbornly(env(7_000), failing(error))).rejects.toThrow('anything');
    expect(slept).toEqual([2_000]);
    slept = [];
    await expect(stubbornly(env(6_999), failing(error))).rejects.toThrow('anything');
    expect(slept).toEqual([]);
  });
});

describe('waiting', () => {
  const so = (after: number) => async () => asked++ >= after;

  test('ends when it is so', async () => {
    await waitFor(env(), 'it was there', 60_000, so(3));
    expect(slept).toEqual([500, 750, 1_125]);
  });

  test('ends when it took too long, and says what was waited for', async () => {
    await expect(waitFor(env(), 'it was there', 1_250, so(99))).rejects.toThrow();
    expect(slept).toEqual([500, 750]);
    slept = [];
    const waiting = waitFor(env(), 'it was there', 16_000, so(99));
    await expect(waiting).rejects.toThrow('waited 15 seconds in vain until it was there');
    expect(slept.map(Math.round)).toEqual([500, 750, 1_125, 1_688, 2_531, 3_797, 5_000]);
  });

  test('never takes longer than five seconds between two looks', async () => {
    await expect(waitFor(env(), 'it was there', 60_000, so(99))).rejects.toThrow('waited 55 seconds');
    expect(Math.max(...slept)).toBe(5_000);
  });

  test('leaves 45 seconds for what comes afterwards', async () => {
    await expect(waitFor(env(46_250), 'it was there', 60_000, so(99))).rejects.toThrow('waited 1 seconds');
    expect(slept).toEqual([500, 750]);
    slept = [];
    await expect(waitFor(env(46_249), 'it was there', 60_000, so(99))).rejects.toThrow();
    expect(slept).toEqual([500]);
  });
});

describe('looking again', () => {
  const look = async () => ++asked;

  test('ends with the first sight that is conclusive', async () => {
    expect(await lookAgain(env(), look, (seen) => seen === 3)).toBe(3);
    expect(slept).toEqual([1_000, 2_000]);
  });

  test('ends with what is seen when it cannot be the past any more', async () => {
    expect(await lookAgain(env(), look, () => false)).toBe(4);
    expect(slept).toEqual([1_000, 2_000, 3_000]);
  });

  test('ends early when the function must', async () => {
    expect(await lookAgain(env(8_000), look, () => false)).toBe(3);
    expect(slept).toEqual([1_000, 2_000]);
    slept = [];
    await lookAgain(env(7_999), look, () => false);
    expect(slept).toEqual([1_000]);
  });
});
