import { unknownSecret } from '../../src/handler/run/attempt';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { ADOPTED, awsError, CREATED, DONE, emptyCloud, FAILED, REFUSED, RESTORED, sm } from './cloud';
import {
  BANK,
  declaring,
  type Holder,
  heldBy,
  NAME,
  OWNER,
  type Properties,
  properties,
  stackId,
  tagList,
} from './requests';
import type { Resource } from './resource';

// What goes wrong, and how a secret is found then. What only an overlap of deliveries can bring is in the random lives.

const cloud = emptyCloud();

const FAR = 'us-east-1';
const EVERYTHING = { Description: 'new', Tags: tagList({ team: 'new' }), ReplicaRegions: [{ Region: FAR }] };
const OWN = heldBy({ owner: OWNER, stackId: stackId('shop', 9), logicalId: 'Vault' });
const ADOPT = { ExistingSecretPolicy: 'ADOPT' } as const;
const ALWAYS = { RestorePolicy: 'ALWAYS' } as const;
const INVALID = 'InvalidRequestException';
const STEPS = ['TagResource', 'UpdateSecret', 'ReplicateSecretToRegions', 'PutSecretValue'];

const pending = (tags: Record<string, string> = OWN) => cloud.createScheduled({ tags: { ...tags, byHand: '1' } });
const live = (tags: Record<string, string>) => cloud.create({ tags: { ...tags, byHand: '1' } });

/** What a Create may find, the policy with which it gets hold of it, and whose it was. */
const FOUND: [string, () => Promise<unknown>, Properties, Holder][] = [
  ['its own, scheduled', () => pending(), {}, { owner: OWNER }],
  ["another owner's, scheduled", () => pending(BANK), ALWAYS, { owner: 'bank' }],
  ['its own, live', () => live(OWN), ADOPT, { owner: OWNER, stackId: stackId('shop', 9), logicalId: 'Vault' }],
  ["another owner's, live", () => live(BANK), ADOPT, { owner: 'bank', stackId: stackId('bank'), logicalId: 'Vault' }],
  ["nobody's, live", () => live({}), ADOPT, { owner: undefined, stackId: undefined, logicalId: undefined }],
];

describe.each(FOUND)('a Create that found a secret (%s)', (_, prepare, policy, before) => {
  test.each(STEPS)('and fails at %s leaves it with its state, owner and value', async (step) => {
    await prepare();
    const [arn, state] = [(await cloud.describe())?.ARN, await cloud.state()];
    cloud.breaks(step, 1);
    const db = cloud.resource();
    expect(await db.create(declaring('new', { ...EVERYTHING, ...policy }))).toMatchObject(REFUSED);
    const asFound = async () => {
      expect(await cloud.state()).toBe(state);
      // With the full window.
      expect(await cloud.daysLeft()).toBe(state === 'pending' ? 14 : undefined);
      expect(await cloud.holder()).toMatchObject(before);
      expect(await cloud.otherTags()).toMatchObject({ byHand: '1' });
    };
    await asFound();
    // The Delete that follows finds what it has to do done.
    db.rollBack();
    expect(await db.delete()).toMatchObject(DONE);
    await asFound();
    // Its owner gets it as if nothing had happened.
    const next = cloud.resource({ stack: before.owner ?? 'shop', life: 2 });
    const taken = await next.create(properties(before.owner ? {} : ADOPT));
    expect(taken).toMatchObject({ ...(state === 'pending' ? RESTORED : ADOPTED), physicalId: arn });
    expect(await cloud.value()).toBe('made by hand');
  });
});

describe('a Create that fails', () => {
  test('schedules what it created, which the next deployment restores', async () => {
    cloud.breaks('ReplicateSecretToRegions', 1);
    const db = cloud.resource();
    const wanted = properties({ ...EVERYTHING, ForceDeleteWithoutRecovery: 'true' });
    expect(await db.create(wanted)).toMatchObject(REFUSED);
    expect(await cloud.daysLeft()).toBe(14);
    db.rollBack();
    await db.delete();
    expect(await cloud.resource({ life: 2 }).create(properties(EVERYTHING))).toMatchObject(RESTORED);
  });

  test('at the creation itself leaves nothing, and does so at once', async () => {
    cloud.breaks('CreateSecret');
    const answer = await cloud.resource().create();
    expect(answer).toMatchObject(REFUSED);
    expect(answer.reason).toMatch(/^CreateSecret failed with InternalServiceError/);
    expect(await cloud.state()).toBe('absent');
    expect(cloud.waited).toBeLessThan(30);
  });

  test('and cannot be undone says so, and why in the log', async () => {
    const secret = await pending();
    cloud.breaks('PutSecretValue');
    cloud.breaks('DeleteSecret');
    const db = cloud.resource();
    expect(await db.create(declaring('new'))).toMatchObject({ ...FAILED, physicalId: unknownSecret(db.requestId) });
    const told = { step: 'undo failed', secret, error: 'InternalServiceError' };
    expect(JSON.parse(cloud.logged.at(-1) ?? '')).toEqual(told);
  });

  /** Fails at a step, where something happens before. */
  async function failing(step: string, meanwhile: () => Promise<unknown>, wanted = properties()) {
    cloud.intercept(sm(step), async () => {
      await meanwhile();
      throw awsError('InternalServiceError');
    });
    return cloud.resource().create(wanted);
  }

  test.each([
    ['another stack', heldBy({ stackId: stackId('depot') }), 'live'],
    ['another resource', heldBy({ logicalId: 'Other' }), 'live'],
    ['another request', { [OWNERSHIP_TAG.origin]: 'CREATED another 2027-03-04T05:06:07.000Z' }, 'live'],
    ['another owner', heldBy({ owner: 'bank' }), 'live'],
    ['nobody knows which request', { [OWNERSHIP_TAG.origin]: '' }, 'pending'],
    ['the same', { byHand: '2' }, 'pending'],
  ])('before it has claimed what it restored looks who holds that now: %s', async (_, tags, state) => {
    await pending({ ...BANK, ...heldBy({ owner: OWNER }), [OWNERSHIP_TAG.origin]: 'CREATED old' });
    const answer = await failing('TagResource', () => cloud.tag(tags));
    expect(answer).toMatchObject(REFUSED);
    expect(answer.reason).not.toContain('could not be put back');
    expect(await cloud.state()).toBe(state);
    expect(await cloud.tags()).toMatchObject(tags);
  });

  test.each([
    ['deleted', () => cloud.destroy(), 'absent'],
    ['scheduled', () => cloud.schedule(), 'pending'],
  ])('has nothing to undo when somebody has %s the secret meanwhile', async (_, meanwhile, state) => {
    await live(BANK);
    const wanted = properties({ ...ADOPT, Description: 'new' });
    const answer = await failing('UpdateSecret', meanwhile, wanted);
    expect(answer).toMatchObject(REFUSED);
    expect(answer.reason).not.toContain('could not be put back');
    expect(await cloud.state()).toBe(state);
  });
});

describe('a secret that a failed deployment had taken, and that was scheduled meanwhile for its new owner,', () => {
  async function scheduledAsTaken(tags: Record<string, string> = BANK): Promise<Resource> {
    await pending(tags);
    const db = await cloud.created(declaring('new', ALWAYS));
    await cloud.schedule();
    db.rollBack();
    return db;
  }

  test.each([
    ['its owner', BANK, 'bank'],
    ['nobody', {}, undefined],
  ])('goes back to %s', async (_, tags, owner) => {
    const db = await scheduledAsTaken(tags);
    expect(await db.delete()).toMatchObject(DONE);
    expect(await db.again()).toMatchObject(DONE);
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.holder()).toMatchObject({ owner });
    await cloud.restore();
    expect(await cloud.value()).toBe('made by hand');
  });

  test('is left to a person when it cannot be restored', async () => {
    const db = await scheduledAsTaken();
    cloud.fail(sm('RestoreSecret'), INVALID);
    const answer = await db.delete();
    expect(answer).toMatchObject(FAILED);
    expect(answer.reason).toContain('could not be restored to give it back to its owner');
    expect(await cloud.daysLeft()).toBe(9);
  });
});

test('a secret is given back to its owner at least, where AWS does not let all tags go', async () => {
  await cloud.create({ tags: BANK });
  const db = await cloud.created(properties(ADOPT));
  db.rollBack();
  cloud.fail(sm('UntagResource'), 'AccessDeniedException');
  expect(await db.delete()).toMatchObject(DONE);
  const why = 'some tags of the take-over stay';
  expect(JSON.parse(cloud.logged.at(-1) ?? '')).toEqual({ step: 'given back', secret: db.physicalId, why });
  expect(await db.again()).toMatchObject(DONE);
  expect(await cloud.state()).toBe('live');
  expect(await cloud.tags()).toMatchObject(BANK);
});

test('a Create that fails is not undone when another delivery of it has been carried through', async () => {
  cloud.fresh = false;
  const db = cloud.resource();
  cloud.intercept(sm('ReplicateSecretToRegions'), async () => {
    db.stack.resources.Db = 'CREATE_COMPLETE';
    throw awsError('InternalServiceError');
  });
  expect(await db.create(properties(EVERYTHING))).toMatchObject(FAILED);
  expect(await cloud.state()).toBe('live');
});

describe('an Update that fails', () => {
  test.each(STEPS)('at %s keeps the secret, and its rollback succeeds', async (step) => {
    const db = await cloud.deployed(declaring('one', { Description: 'old', Tags: tagList({ stage: 'x' }) }));
    const { physicalId, properties: before } = db;
    cloud.breaks(step, 1);
    expect(await db.update(declaring('two', EVERYTHING))).toMatchObject({ ...FAILED, physicalId });
    expect(await cloud.state()).toBe('live');
    if (step === 'TagResource') expect(await cloud.otherTags()).toEqual({ stage: 'x' });
    db.rollBack();
    expect(await db.update(before)).toMatchObject({ ...DONE, physicalId });
    expect(await cloud.value()).toBe('one');
    expect(await cloud.otherTags()).toEqual({ stage: 'x' });
    expect((await cloud.describe())?.Description).toBe('old');
    expect(await cloud.state(NAME, FAR)).toBe('absent');
  });
});

test('a Delete that fails goes on later', async () => {
  const db = await cloud.deployed(properties(EVERYTHING));
  cloud.breaks('RemoveRegionsFromReplication', 1);
  expect(await db.delete()).toMatchObject({ ...FAILED, physicalId: db.physicalId });
  expect(await cloud.state()).toBe('live');
  expect(await db.delete()).toMatchObject(DONE);
  expect(await cloud.daysLeft()).toBe(14);
});

test('a deletion that is refused is decided on anew, for a while', async () => {
  const db = await cloud.deployed(properties(EVERYTHING));
  cloud.breaks('DeleteSecret', 11);
  expect(await db.delete()).toMatchObject({ ...FAILED, physicalId: db.physicalId });
  expect(await cloud.state()).toBe('live');
  expect(await db.delete()).toMatchObject(DONE);
  expect(await cloud.daysLeft()).toBe(14);
});

describe('a deletion without recovery that has not ended', () => {
  const T1 = "You can't create this secret because a secret with this name is already scheduled for deletion.";
  const T3 = "You can't perform this operation on the secret because it was deleted.";

  test.each([T1, T3, T3.replace("'", '’')])('lets the next Create wait for the name: %s', async (message) => {
    cloud.fail(sm('CreateSecret'), INVALID, { times: 6, message });
    expect(await cloud.resource().create()).toMatchObject(CREATED);
    expect(cloud.waited).toBeGreaterThan(5);
  });

  test('fails it in the end', async () => {
    cloud.fail(sm('CreateSecret'), INVALID, { message: T1 });
    const answer = await cloud.resource().create();
    expect(answer).toMatchObject(FAILED);
    expect(answer.reason).toContain(T1);
    expect(cloud.waited).toBeGreaterThan(100);
    expect(cloud.waited).toBeLessThan(140);
  });

  test('and whose secret still looks scheduled fails it in the end as well', async () => {
    await pending();
    cloud.fail(sm('RestoreSecret'), INVALID);
    const { reason } = await cloud.resource().create();
    expect(reason).toContain('it is being deleted for good');
    expect(cloud.waited).toBeGreaterThan(100);
  });

  test('may end with a secret of somebody else under the name', async () => {
    cloud.intercept(sm('CreateSecret'), async (_, next) => {
      await cloud.create({ tags: BANK });
      return next();
    });
    const answer = await cloud.resource().create();
    expect(answer).toMatchObject(REFUSED);
    expect(answer.reason).toContain('ExistingSecretPolicy.ADOPT');
    expect(await cloud.tags()).toEqual(BANK);
  });
});

test.each([
  ['its owner', BANK, stackId('bank')],
  ['somebody without a stack', heldBy({ owner: 'depot' }), 'somebody else'],
])('a secret that %s takes while it is restored is left to them', async (_, tags, who) => {
  await cloud.createScheduled();
  cloud.intercept(sm('RestoreSecret'), async (_call, next) => {
    const output = await next();
    await cloud.tag(tags);
    return output;
  });
  const answer = await cloud.resource().create(properties(ALWAYS));
  expect(answer).toMatchObject(REFUSED);
  expect(answer.reason).toContain(`was taken by ${who} at the same time`);
  expect(await cloud.tags()).toEqual(tags);
  expect(await cloud.state()).toBe('live');
});

test.each([
  ['another request holds it', () => cloud.tag({ [OWNERSHIP_TAG.origin]: 'ADOPTED another 2027-03-04T05:06:07.000Z' })],
  ['it is gone', () => cloud.destroy()],
])('a secret that was claimed a moment ago gets no value any more when %s', async (_, happens) => {
  await live(BANK);
  cloud.fresh = false;
  cloud.intercept(sm('TagResource'), async (_call, next) => {
    const output = await next();
    await happens();
    return output;
  });
  const answer = await cloud.resource().create(declaring('new', ADOPT));
  expect(answer).toMatchObject(FAILED);
  expect(answer.reason).toContain('withdrew');
  expect((await cloud.state()) === 'absent' || (await cloud.value()) === 'made by hand').toBe(true);
});

describe('a Create that CloudFormation withdraws', () => {
  /** What CloudFormation tells about the resource, look by look. */
  function statuses(...looks: string[]): void {
    cloud.fresh = false;
    cloud.intercept('cloudformation:DescribeStackResource', async () => ({
      StackResourceDetail: { ResourceStatus: looks.length > 1 ? looks.shift() : looks[0] },
    }));
  }

  test.each<[string, () => Promise<unknown>, Properties, string, string]>([
    ['created', async () => {}, {}, 'pending', OWNER],
    ['restored', () => pending(), {}, 'pending', OWNER],
    ['taken', () => pending(BANK), ALWAYS, 'pending', 'bank'],
    ['adopted', () => cloud.create({ tags: BANK }), ADOPT, 'live', 'bank'],
  ])('after it was carried out is undone: %s', async (outcome, prepare, policy, state, owner) => {
    await prepare();
    statuses('CREATE_IN_PROGRESS', 'CREATE_FAILED');
    const answer = await cloud.resource().create(declaring('new', policy));
    expect(answer).toMatchObject(FAILED);
    expect(answer.reason).toContain('withdrew');
    expect(await cloud.state()).toBe(state);
    expect(await cloud.holder()).toMatchObject({ owner });
    if (state === 'pending') await cloud.restore();
    expect(await cloud.value()).toBe(outcome === 'created' ? 'new' : 'made by hand');
  });

  test('takes back a value that it wrote when its Delete had given the secret back', async () => {
    await cloud.create({ tags: BANK });
    statuses('CREATE_IN_PROGRESS', 'CREATE_FAILED');
    cloud.intercept(sm('PutSecretValue'), async (_, next) => {
      await cloud.tag({ ...BANK, [OWNERSHIP_TAG.origin]: 'RETURNED' });
      return next();
    });
    expect(await cloud.resource().create(declaring('new', ADOPT))).toMatchObject(FAILED);
    expect(await cloud.value()).toBe('made by hand');
    expect(await cloud.tags()).toMatchObject(BANK);
  });

  test.each(['CREATE_FAILED', 'CREATE_COMPLETE'])('before it began does nothing: %s', async (status) => {
    await pending();
    statuses(status);
    expect(await cloud.resource().create()).toMatchObject(REFUSED);
    expect(cloud.changes).toEqual([]);
    expect(await cloud.daysLeft()).toBe(9);
  });

  test('is undone also when an earlier delivery had carried it out, unless somebody else holds it', async () => {
    for (const [tags, state] of [
      [BANK, 'live'],
      [OWN, 'pending'],
    ] as const) {
      const db = cloud.resource();
      await db.create(properties(ADOPT));
      if (tags === BANK) await cloud.tag(tags);
      db.stack.resources.Db = 'CREATE_FAILED';
      expect(await db.late()).toMatchObject(REFUSED);
      expect(await cloud.state()).toBe(state);
      await cloud.destroy();
    }
  });

  test('says so when it cannot be undone', async () => {
    statuses('CREATE_IN_PROGRESS', 'CREATE_FAILED');
    cloud.breaks('DeleteSecret');
    const db = cloud.resource();
    const answer = await db.create();
    expect(answer).toMatchObject({ ...FAILED, physicalId: unknownSecret(db.requestId) });
    expect(answer.reason).toContain('could not be put back');
  });
});
