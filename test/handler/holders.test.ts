import { ADOPTED, DONE, emptyCloud, REFUSED } from './cloud';
import { OWNER, type Properties, properties, stackId } from './requests';
import type { Resource } from './resource';

// Who may take over a live secret, from whom, and what becomes of the one who held it. Which holder counts as one is a
// table in guards.test.ts, and what CloudFormation tells of it in stacks.test.ts.

const cloud = emptyCloud();

/** A resource that holds a secret, and stays. */
async function holder(wanted = properties()) {
  const resource = cloud.resource();
  expect(await resource.create(wanted)).toMatchObject(DONE);
  resource.complete();
  cloud.calls = [];
  return resource as Resource & { physicalId: string };
}

const ADOPT = { ExistingSecretPolicy: 'ADOPT' } as const;
const OWNED = { Owner: OWNER };

describe('a live secret that a resource of another stack holds', () => {
  const moving = () => cloud.resource({ stack: 'depot' });

  test('is refused, and told who holds it', async () => {
    const old = await holder();
    const tags = await cloud.tags();
    const answer = await moving().create(properties(OWNED));
    expect(answer).toMatchObject(REFUSED);
    expect(answer.reason).toContain(`resource Db of stack ${old.stackId}`);
    expect(await cloud.tags()).toEqual(tags);
  });

  test.each<[string, Properties, Properties, (old: Resource) => void]>([
    ['it has left that stack by RETAIN', {}, OWNED, (old) => old.retain()],
    ['another secret took its place', {}, OWNED, (old) => Object.assign(old.stack, { physicalIds: { Db: 'other' } })],
    ['both stacks chose the same owner', { Owner: 'both' }, { Owner: 'both' }, () => {}],
    ['the template says ADOPT', {}, ADOPT, () => {}],
  ])('is adopted where %s, which leaves the old resource nothing to delete', async (_, before, after, happens) => {
    const old = await holder(properties(before));
    const { physicalId } = old;
    happens(old);
    const next = moving();
    expect(await next.create(properties(after))).toMatchObject({ ...ADOPTED, physicalId });
    expect(await cloud.previousHolder()).toMatchObject({ stackId: old.stackId, logicalId: 'Db' });
    next.complete();
    const tags = await cloud.tags();
    expect(await old.delete()).toMatchObject({ ...DONE, physicalId });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(tags);
    // The new one can, in its turn.
    await next.delete();
    expect(await cloud.daysLeft()).toBe(14);
  });
});

describe('a live secret that another resource of the same stack holds', () => {
  test('is refused where the deployment lets that one stay, also with ADOPT', async () => {
    const old = await holder();
    old.plan({ Second: 'Add' });
    const second = cloud.resource({ logicalId: 'Second' });
    expect(await second.create(properties(ADOPT))).toMatchObject(REFUSED);
    second.rollBack();
    expect(await second.delete()).toMatchObject(DONE);
    expect(await cloud.holder()).toEqual(old.holder);
    expect(await cloud.state()).toBe('live');
  });

  test('is adopted where the deployment removes that one, which leaves the old one nothing to delete', async () => {
    const old = await holder();
    old.plan({ Second: 'Add', Db: 'Remove' });
    const second = cloud.resource({ logicalId: 'Second' });
    expect(await second.create()).toMatchObject({ ...ADOPTED, physicalId: old.physicalId });
    second.cleanUp();
    expect(await old.delete()).toMatchObject(DONE);
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
    ['the running deployment retains it', () => native.plan({ Native: 'Retain' })],
  ])('is adopted when %s', async (_, happens) => {
    happens();
    expect(await cloud.resource().create(properties(ADOPT))).toMatchObject(ADOPTED);
    expect(await cloud.otherTags()).toEqual(tags);
  });

  test.each<[string, () => unknown, 'live' | 'pending']>([
    ['it is still in its stack', () => {}, 'live'],
    ['the running deployment deletes it', () => native.plan({ Native: 'Remove' }), 'live'],
    ['somebody has scheduled it, and it is still in its stack', () => cloud.schedule(), 'pending'],
  ])('is refused when %s', async (_, happens, state) => {
    await happens();
    expect(await cloud.resource().create(properties({ ...ADOPT, RestorePolicy: 'ALWAYS' }))).toMatchObject(REFUSED);
    expect(await cloud.state()).toBe(state);
    expect(cloud.changes).toEqual([]);
  });
});
