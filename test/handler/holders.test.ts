import { Cloud, NO_ARN } from './cloud';
import { OWNER, type Properties, properties, stackId } from './requests';
import type { Resource } from './resource';

// Who may take over a live secret, from whom, and what becomes of the one who held it.

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

/** A resource that holds a secret, and stays. */
async function holder(of: { stack?: string; life?: number; logicalId?: string } = {}, wanted = properties()) {
  const resource = cloud.resource(of);
  expect(await resource.create(wanted)).toMatchObject({ status: 'SUCCESS' });
  resource.complete();
  cloud.calls = [];
  return resource as Resource & { physicalId: string };
}

const refused = { status: 'FAILED', physicalId: NO_ARN };
const adopted = { status: 'SUCCESS', data: { Outcome: 'ADOPTED' } };
const ADOPT = { ExistingSecretPolicy: 'ADOPT' } as const;

describe('a live secret that a resource of another stack holds', () => {
  const moving = () => cloud.resource({ stack: 'depot' });
  const OWNED = properties({ Owner: OWNER });

  test.each<[string, () => Promise<Resource>]>([
    ['another stack of the owner', () => holder()],
    [
      'a nested stack, to which the owner is handed down,',
      async () => {
        const root = cloud.resource();
        const nested = await holder({ stack: 'shop-Data-1ABCDEFGHIJK' }, OWNED);
        nested.stack.rootId = root.stackId;
        return nested;
      },
    ],
    [
      'a stack with an owner of its own, where the one that asks has none,',
      () => holder({ stack: 'data' }, properties({ Owner: 'depot' })),
    ],
  ])('is refused: %s', async (_, hold) => {
    const old = await hold();
    const { owner } = await cloud.holder();
    const tags = await cloud.tags();
    const answer = await moving().create(owner === 'depot' ? properties() : OWNED);
    expect(answer).toMatchObject(refused);
    expect(answer.reason).toContain(`resource Db of stack ${old.stackId}`);
    expect(answer.reason).toMatch(/nothing was changed.*RETAIN.*ExistingSecretPolicy\.ADOPT/);
    expect(await cloud.tags()).toEqual(tags);
  });

  test('is refused where that stack may not be seen', async () => {
    await holder();
    cloud.fail('cloudformation:DescribeStackResource', 'AccessDeniedException');
    expect(await moving().create(OWNED)).toMatchObject(refused);
    expect(cloud.changes).toEqual([]);
  });

  test('is not taken where that stack does not answer', async () => {
    await holder();
    cloud.fail('cloudformation:DescribeStackResource', 'InternalFailure');
    const answer = await moving().create(OWNED);
    expect(answer).toMatchObject(refused);
    expect(answer.reason).toMatch(/^DescribeStackResource failed with InternalFailure/);
    expect(cloud.changes).toEqual([]);
  });

  test.each<[string, Properties, Properties, (old: Resource) => void]>([
    ['it has left that stack by RETAIN', {}, { Owner: OWNER }, (old) => old.retain()],
    [
      'another secret took its place there',
      {},
      { Owner: OWNER },
      (old) => Object.assign(old.stack, { physicalIds: { Db: 'other' } }),
    ],
    ['both stacks chose the same owner', { Owner: 'both' }, { Owner: 'both' }, () => {}],
    ['the template says ADOPT', {}, ADOPT, () => {}],
  ])('is adopted where %s, which leaves the old resource nothing to delete', async (_, before, after, happens) => {
    const old = await holder({}, properties(before));
    const { physicalId } = old;
    happens(old);
    const next = moving();
    expect(await next.create(properties(after))).toMatchObject({ ...adopted, physicalId });
    expect(await cloud.previousHolder()).toMatchObject({ stackId: old.stackId, logicalId: 'Db' });
    next.complete();
    const tags = await cloud.tags();
    cloud.calls = [];
    expect(await old.delete()).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.tags()).toEqual(tags);
    // The new one can, in its turn.
    await next.delete();
    expect(await cloud.daysLeft()).toBe(14);
  });

  test('is adopted where that stack is gone, and remembers only the last one', async () => {
    for (const life of [1, 2, 3]) cloud.stacks.delete((await holder({ life })).stackId);
    expect(await cloud.previousHolder()).toMatchObject({ stackId: stackId('shop', 2) });
  });
});

describe('a live secret that another resource of the same stack holds', () => {
  test.each<[string, Properties]>([
    ['ADOPT_IF_OWNED', {}],
    ['ADOPT', ADOPT],
  ])('is refused where the deployment lets that one stay, with %s', async (_, policy) => {
    const old = await holder();
    old.plan({ Second: 'Add' });
    const second = cloud.resource({ logicalId: 'Second' });
    const answer = await second.create(properties(policy));
    expect(answer).toMatchObject(refused);
    expect(answer.reason).toMatch(/resource Db of this very stack.*nothing was changed.*secretName of its own/);
    second.rollBack();
    expect(await second.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.holder()).toEqual(old.holder);
    expect(await cloud.state()).toBe('live');
  });

  test.each<[string, (old: Resource) => void]>([
    ['the deployment removes that one', (old) => old.plan({ Second: 'Add', Db: 'Remove' })],
    ['the deployment gives that one another name', (old) => old.plan({ Second: 'Add', Db: 'Modify' })],
    ['nobody can tell what the deployment does', () => {}],
    [
      'a deployment without a change set goes on',
      (old) => {
        old.plan({ Second: 'Add' });
        old.stack.execution = 'EXECUTE_COMPLETE';
      },
    ],
  ])('is adopted where %s, which leaves the old one nothing to delete', async (_, happens) => {
    const old = await holder();
    happens(old);
    const second = cloud.resource({ logicalId: 'Second' });
    expect(await second.create()).toMatchObject({ ...adopted, physicalId: old.physicalId });
    second.cleanUp();
    expect(await old.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.holder()).toEqual(second.holder);
  });
});

describe('a secret of a native resource', () => {
  const tags = { 'aws:cloudformation:stack-id': stackId('legacy'), 'aws:cloudformation:logical-id': 'Native' };
  let native: Resource;

  beforeEach(async () => {
    native = cloud.resource({ stack: 'legacy', logicalId: 'Native' });
    native.stack.resources.Native = 'CREATE_COMPLETE';
    native.complete();
    await cloud.create({ tags });
  });

  test.each<[string, () => void]>([
    ['its stack is gone', () => cloud.stacks.delete(native.stackId)],
    ['it has left its stack', () => native.retain()],
    ['it was deleted from its stack', () => Object.assign(native.stack.resources, { Native: 'DELETE_COMPLETE' })],
    ['the running deployment retains it', () => native.plan({ Native: 'Retain' })],
  ])('is adopted when %s', async (_, happens) => {
    happens();
    expect(await cloud.resource().create(properties(ADOPT))).toMatchObject(adopted);
    expect(await cloud.otherTags()).toEqual(tags);
  });

  test.each<[string, () => void]>([
    ['it is still in its stack', () => {}],
    ['the running deployment deletes it', () => native.plan({ Native: 'Remove' })],
    ['the running deployment changes it', () => native.plan({ Native: 'Modify' })],
    [
      'an earlier deployment would have retained it',
      () => {
        native.plan({ Native: 'Retain' });
        native.stack.execution = 'EXECUTE_COMPLETE';
      },
    ],
  ])('is refused when %s', async (_, happens) => {
    happens();
    const answer = await cloud.resource().create(properties(ADOPT));
    expect(answer).toMatchObject(refused);
    expect(answer.reason).toContain(`is still resource Native of stack ${native.stackId}`);
    expect(answer.reason).toMatch(/nothing was changed.*RemovalPolicy\.RETAIN/);
    expect(cloud.changes).toEqual([]);
  });

  test('that somebody has scheduled is not restored either while it is still in its stack', async () => {
    await cloud.schedule();
    const answer = await cloud.resource().create(properties({ RestorePolicy: 'ALWAYS' }));
    expect(answer).toMatchObject(refused);
    expect(answer.reason).toMatch(/is still resource Native of stack /);
    expect(await cloud.state()).toBe('pending');
    expect(cloud.changes).toEqual([]);
  });

  test('is adopted by a resource that has taken its logical id', async () => {
    native.stack.types = { Native: 'Custom::RecoverableSecret' };
    expect(await native.create(properties(ADOPT))).toMatchObject(adopted);
  });

  test('is not asked about any more once it was taken over', async () => {
    native.retain();
    const db = await cloud.deployed(properties(ADOPT));
    await db.delete();
    native.stack.resources.Native = 'CREATE_COMPLETE';
    const next = cloud.resource({ life: 2 });
    expect(await next.create()).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'RESTORED' } });
  });

  test.each(Object.keys(tags))("of which only the tag %s is there counts as nobody's", async (key) => {
    await cloud.destroy();
    await cloud.create({ tags: { [key]: 'Native' } });
    expect(await cloud.resource().create(properties(ADOPT))).toMatchObject(adopted);
  });
});
