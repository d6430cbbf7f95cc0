import type { SecretDeclaration } from '../fake/app';
import type { Witness } from '../fake/cloudformation-model';
import { ModelledCloud } from './foretelling';

/** Whatever the model says stops the test. */
const witness: Witness = {
  beforeRequest: () => {},
  answered: () => {},
  again: async () => {},
  stuck: (what) => {
    throw new Error(what);
  },
  failed: (problem) => {
    throw problem;
  },
};

const secret = (logicalId: string, differences: Partial<SecretDeclaration> = {}): SecretDeclaration => ({
  logicalId,
  name: 'name',
  value: 'generated 1',
  description: '',
  replicas: [],
  window: 30,
  force: false,
  retain: false,
  restorePolicy: 'IF_OWNED',
  existingPolicy: 'ADOPT_IF_OWNED',
  restoredValue: 'KEEP',
  updatedValue: 'REGENERATE',
  purgeProtection: false,
  policy: false,
  ...differences,
});

let cloud: ModelledCloud;
beforeEach(() => {
  cloud = new ModelledCloud(1, witness);
});
const foretold = async (...args: Parameters<ModelledCloud['foretell']>) =>
  (await cloud.foretell(...args)).map(({ next, foretold: { action, reason } }) => [next.logicalId, action, reason]);

test('of two new secrets of one name the second is refused, as by the deployment', async () => {
  const app = [secret('A'), secret('B')];
  const [first, second] = await foretold('One', app);
  expect(first.slice(0, 2)).toEqual(['A', 'CREATE']);
  expect(second.slice(0, 2)).toEqual(['B', 'REFUSE']);
  const reasons: (string | undefined)[] = [];
  cloud = new ModelledCloud(1, {
    ...witness,
    answered: (_, body) => {
      const { Status, Reason } = JSON.parse(body);
      if (Status === 'FAILED') reasons.push(Reason);
    },
  });
  await cloud.deploy('One', app);
  expect(reasons.map(withoutIds)).toEqual([withoutIds(second[2])]);
});

/** A stack that does not exist has no id yet. */
const withoutIds = (text = '') => text.replace(/(:stack\/\w+\/)\w+/g, '$1ID');

test('a name that another resource of the deployment has given up is taken over', async () => {
  await cloud.deploy('One', [secret('A', { name: 'a' })]);
  const planned = await foretold('One', [secret('A', { name: 'b' }), secret('B', { name: 'a' })]);
  expect(planned.map(([id, action]) => [id, action])).toEqual([
    ['A', 'REPLACE'],
    ['B', 'ADOPT'],
  ]);
});

describe('of a deployment that failed and was not rolled back', () => {
  beforeEach(async () => {
    await cloud.deploy('One', [secret('A', { force: true })]);
    const stack = cloud.stacks.stack('One');
    if (!stack) throw new Error('there is no stack');
    stack.status = 'CREATE_FAILED';
    stack.events.pop();
    stack.events.push({ status: stack.status, at: cloud.clock.now });
  });

  test('the next one may delete for good what it removes, for it completes first', async () => {
    expect(await foretold('One', [])).toMatchObject([['A', 'FORCE', expect.any(String)]]);
  });

  test('a teardown deletes nothing for good', async () => {
    expect(await foretold('One', undefined)).toMatchObject([['A', 'SCHEDULE', expect.any(String)]]);
  });
});
