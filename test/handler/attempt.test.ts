import type { StackQueries } from '../../src/handler/cloudformation/stacks';
import type { Deployment } from '../../src/handler/model/deployment';
import { Attempt, failedCreateOf, isArn, unknownSecret } from '../../src/handler/run/attempt';
import { SERVICE_TIMEOUT_SECONDS } from '../../src/private/contract';
import { FakeEnvironment } from './environment';
import { ARN, serviceError } from './existing-secret';
import { answerUrl, declaring, properties, request, stackId } from './requests';

type Type = 'Create' | 'Update' | 'Delete';
type Answers = {
  readonly [Question in keyof StackQueries]?: (...asked: Parameters<StackQueries[Question]>) => unknown;
};

const SENT = Date.UTC(2027, 0, 2, 3, 4, 5);

/** A request that is delivered some time after it was sent; a stack that was not meant to be asked fails. */
function delivered(type: Type, ageMs: number | undefined, stacks: Answers = {}) {
  const fake = new FakeEnvironment({ stacks }, { now: SENT + (ageMs ?? 0) });
  const asked = request(type, {
    StackId: stackId('shop'),
    LogicalResourceId: 'Db',
    PhysicalResourceId: type === 'Create' ? undefined : ARN,
    ResponseURL: answerUrl(ageMs === undefined ? undefined : SENT),
    ResourceProperties: declaring('x'),
    OldResourceProperties: type === 'Update' ? properties({ Name: 'prod/old' }) : undefined,
  });
  return { fake, asked, attempt: new Attempt(asked, fake.env) };
}

const failing = (error: string) => async () => {
  throw serviceError(error);
};
const OLD = 60_000;

test('an attempt is what CloudFormation says about a resource, now and before', () => {
  const { attempt, asked } = delivered('Update', 0);
  expect(attempt.requester).toMatchObject({ type: 'Update', requestId: asked.RequestId, sentAt: SENT });
  expect([attempt.declared.value.kind, attempt.before.value.kind]).toEqual(['declared', 'generated']);
  expect([attempt.declared.name, attempt.before.name]).toEqual(['prod/db', 'prod/old']);
  expect(attempt.physicalId).toBe(ARN);
  expect(delivered('Create', 0).attempt).toMatchObject({ physicalId: '', before: { name: '' } });
});

describe('a request is still awaited', () => {
  test.each<[string, Type, number | undefined, Answers]>([
    ['when it was just sent', 'Create', 1_999, {}],
    ['when it does not tell when it was sent', 'Update', undefined, {}],
    ['when the creation is', 'Create', 2_000, { creation: async () => 'awaited' }],
    ['when the update is', 'Update', OLD, { isPast: async () => false }],
    ['when the deletion is', 'Delete', SERVICE_TIMEOUT_SECONDS * 1_000 - 1, { isPast: async () => false }],
    // A precaution: where nobody answers, it counts as what it says that it is.
    ['when nobody tells of a creation', 'Create', OLD, { creation: failing('AccessDenied') }],
    ['when nobody tells of an update', 'Update', OLD, { isPast: failing('Throttling') }],
  ])('%s', async (_, type, age, stacks) => {
    expect(await delivered(type, age, stacks).attempt.validity()).toBe('current');
    await expect(delivered(type, age, stacks).attempt.assertCurrent()).resolves.toBeUndefined();
    expect(await delivered(type, age, stacks).attempt.isDone()).toBe(false);
  });

  test.each<[string, Type, number, Answers, string, boolean]>([
    ['completed', 'Create', 2_000, { creation: async () => 'completed' }, 'completed', true],
    ['given up', 'Create', SERVICE_TIMEOUT_SECONDS * 1_000, {}, 'stale', false],
    ['past', 'Update', OLD, { isPast: async () => true, isRollingBack: async () => false }, 'stale', true],
    [
      'a rollback that is past',
      'Update',
      OLD,
      { isPast: async () => true, isRollingBack: async () => true },
      'stale',
      true,
    ],
    ['past as well', 'Delete', OLD, { isPast: async () => true }, 'stale', true],
    ['given up as well', 'Delete', SERVICE_TIMEOUT_SECONDS * 1_000, {}, 'stale', true],
  ])('unless it is %s: %s after %p ms', async (_, type, age, stacks, validity, isDone) => {
    const { attempt } = delivered(type, age, stacks);
    expect(await attempt.validity()).toBe(validity);
    await expect(attempt.assertCurrent()).rejects.toThrow('this request is out of date');
    expect(await attempt.isDone()).toBe(isDone);
  });

  test('not as one that is done, when it is past because another delivery of it failed', async () => {
    let isRollingBack = false;
    const { attempt } = delivered('Update', OLD, {
      isPast: async () => isRollingBack,
      isRollingBack: async () => isRollingBack,
    });
    await attempt.direction();
    isRollingBack = true;
    expect(await attempt.isDone()).toBe(false);
  });

  test('also as one that is withdrawn: what it does is undone afterwards', async () => {
    const { attempt } = delivered('Create', OLD, { creation: async () => 'withdrawn' });
    expect(await attempt.validity()).toBe('withdrawn');
    await expect(attempt.assertCurrent()).resolves.toBeUndefined();
    expect(await attempt.isDone()).toBe(false);
  });

  test('as long as nothing can have overtaken it since it was asked about', async () => {
    const isPast = jest.fn(async () => false);
    const { attempt, fake } = delivered('Update', OLD, { isPast });
    for (const [wait, asked] of [
      [0, 1],
      [1_999, 1],
      [1, 2],
    ]) {
      await fake.env.sleep(wait);
      await attempt.assertCurrent();
      expect(isPast).toHaveBeenCalledTimes(asked);
    }
    isPast.mockResolvedValue(true);
    await fake.env.sleep(2_000);
    await expect(attempt.assertCurrent()).rejects.toThrow('this request is out of date');
  });

  test('is asked about that very request', async () => {
    const isPast = jest.fn(async () => false);
    await delivered('Delete', OLD, { isPast }).attempt.validity();
    expect(isPast).toHaveBeenCalledWith('Delete', { stackId: stackId('shop'), logicalId: 'Db', physicalId: ARN }, SENT);
  });
});

test('a request is fresh for two seconds', () => {
  expect([0, 1_999, 2_000].map((age) => delivered('Update', age).attempt.isFresh)).toEqual([true, true, false]);
  expect(delivered('Update', undefined).attempt.isFresh).toBe(true);
});

describe('the direction of a request', () => {
  test('is asked for once, for an update, with patience', async () => {
    let asked = 0;
    const isRollingBack = async () => {
      if (++asked === 1) throw serviceError('Throttling');
      return true;
    };
    const { attempt } = delivered('Update', 0, { isRollingBack });
    const [first, second] = await Promise.all([attempt.direction(), attempt.direction()]);
    expect([first, second]).toEqual(Array(2).fill({ kind: 'rollback', knownId: ARN }));
    expect(asked).toBe(2);
  });

  test('is forward where the stack says so, and for what is no update', async () => {
    const { attempt } = delivered('Update', 0, { isRollingBack: async () => false });
    expect(await attempt.direction()).toEqual({ kind: 'forward' });
    for (const type of ['Create', 'Delete'] as const) {
      expect(await delivered(type, 0).attempt.direction()).toEqual({ kind: 'forward' });
    }
  });

  test('is not guessed: it decides which value is right', async () => {
    const { attempt } = delivered('Update', 0, { isRollingBack: failing('AccessDenied') });
    await expect(attempt.direction()).rejects.toMatchObject({ name: 'AccessDenied' });
    // Where it only excuses a failure, there is no excuse.
    expect(await attempt.isRollback()).toBe(false);
  });
});

describe('what became of a deployment', () => {
  test('is what CloudFormation says about the time that is asked for', async () => {
    const deployment = async (_: string, at?: number): Promise<Deployment> => ({
      outcome: at === SENT ? 'completed' : 'undone',
      idle: true,
    });
    const { attempt } = delivered('Delete', 0, { deployment });
    expect(await attempt.deployment(SENT)).toEqual({ outcome: 'completed', idle: true });
    expect(await attempt.deployment(undefined)).toEqual({ outcome: 'undone', idle: true });
  });

  test('is not known where the function may not see it', async () => {
    for (const denied of ['AccessDenied', 'AccessDeniedException']) {
      const { attempt } = delivered('Delete', 0, { deployment: failing(denied) });
      expect(await attempt.deployment(SENT)).toEqual({ outcome: 'unknown', idle: false });
    }
  });

  test('is not guessed where CloudFormation does not answer', async () => {
    const { attempt, fake } = delivered('Delete', 0, { deployment: failing('Throttling') });
    await expect(attempt.deployment(SENT)).rejects.toMatchObject({ name: 'Throttling' });
    expect(fake.waited).toBe(120);
  });
});

test('a physical id is the ARN of a secret, or names the Create that failed', () => {
  expect(failedCreateOf(unknownSecret('request-1'))).toBe('request-1');
  expect(failedCreateOf(ARN)).toBeUndefined();
  expect([ARN, ARN.replace('aws', 'aws-cn')].map(isArn)).toEqual([true, true]);
  const others = [unknownSecret('x'), 'shop-Db-1A2B3C', 'arn:aws:kms:eu-west-1:123456789012:key/1', `x${ARN}`];
  expect(others.map(isArn)).toEqual([false, false, false, false]);
});
