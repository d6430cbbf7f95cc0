import '../fake/quiet-sdk';
import type { Environment } from '../../src/handler/environment';
import { answerTo } from '../../src/handler/secret-recovery.lambda';
import { NAME, request, stackId } from './requests';

/** Where every call to Secrets Manager fails. */
const WORLD = {
  secrets: { send: () => Promise.reject(Object.assign(new Error(), { name: 'InternalServiceError' })) },
  remainingMs: () => 600_000,
  sleep: async () => {},
  log: () => {},
} as unknown as Environment;

const about = { StackId: stackId('shop'), LogicalResourceId: 'Db' };
const existing = {
  ...about,
  PhysicalResourceId: `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${NAME}-AbCdEf`,
};
const ERROR = 'DescribeSecret failed with InternalServiceError';

describe('a reason', () => {
  test.each([
    [
      'Create',
      request('Create', about),
      `secret '${NAME}' has the state, owner and value that it was found with; deploy again when the cause is removed`,
    ],
    [
      'Update',
      request('Update', { ...existing, OldResourceProperties: { Name: NAME } }),
      `secret '${NAME}' keeps its value; deploy again when the cause is removed`,
    ],
    [
      'Delete',
      request('Delete', existing),
      `secret '${NAME}' is not deleted; delete the stack again when the cause is removed`,
    ],
  ])('says what failed, in which state the secret is, and how to go on: %s', async (_, asked, aftermath) => {
    expect(await answerTo(asked, WORLD)).toEqual({
      status: 'FAILED',
      physicalId: asked.PhysicalResourceId ?? `recoverable-secret:unknown:${asked.RequestId}`,
      reason: `${ERROR}; ${aftermath}`,
    });
  });

  test.each([
    [new TypeError('it quotes a value'), 'TypeError'],
    ['it quotes a value', 'an unknown error'],
  ])('says nothing but the name of an error that nobody expected: %p', async (error, name) => {
    const now = () => {
      throw error;
    };
    const { reason } = await answerTo(request('Create', about), { ...WORLD, sentAt: 0, now });
    expect(reason).toMatch(new RegExp(`^the function failed with ${name}; secret `));
  });
});

describe('a Create', () => {
  const asked: string[] = [];
  beforeEach(() => asked.splice(0));

  async function create(age: number | undefined, creation: string): Promise<string | undefined> {
    const env = {
      ...WORLD,
      sentAt: age === undefined ? undefined : 1_000,
      now: () => 1_000 + (age ?? 0),
      stacks: { creation: async () => asked.push('creation') && creation },
      secrets: { send: () => asked.push('secret') && WORLD.secrets.send({} as never) },
    } as unknown as Environment;
    return (await answerTo(request('Create', about), env)).reason;
  }

  test.each([
    ['that does not tell when it was sent', undefined, ['secret']],
    ['that was sent a moment ago', 1_999, ['secret']],
    ['that was sent two seconds ago', 2_000, ['creation', 'secret']],
  ])('%s asks what it has to', async (_, age, expected) => {
    expect(await create(age, 'awaited')).toMatch(/^DescribeSecret failed/);
    expect(asked).toEqual(expected);
  });

  test('that was withdrawn is undone for as long as a first delivery may be under way', async () => {
    expect(await create(2_099_999, 'withdrawn')).toMatch(/^DescribeSecret failed .* could not be put back/);
    expect(asked).toContain('secret');
  });

  test.each([
    ['was sent too long ago', 2_100_000, 'withdrawn', []],
    ['has been carried out', 60_000, 'completed', ['creation']],
  ])('that %s is out of date', async (_, age, creation, expected) => {
    expect(await create(age, creation)).toBe(
      'this request is out of date, CloudFormation is done with it; nothing was changed',
    );
    expect(asked).toEqual(expected);
  });
});
