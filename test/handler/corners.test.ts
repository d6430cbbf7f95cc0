import { OWNERSHIP_TAG } from '../../src/private/contract';
import { awsError, Cloud, NO_ARN, sm } from './cloud';
import { BANK, declaring, heldBy, NAME, OWNER, type Properties, properties, stackId } from './requests';
import type { Resource } from './resource';

// What hardly ever happens, and then has to be right as well. What only an overlap of deliveries can bring is in the
// random lives.

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const FAR = 'us-east-1';
const RENAMED = 'prod/orders';
const REPLICATED: Properties = { ReplicaRegions: [{ Region: FAR }] };
const ADOPT = { ExistingSecretPolicy: 'ADOPT' } as const;
const done = { status: 'SUCCESS' };
const adopted = { status: 'SUCCESS', data: { Outcome: 'ADOPTED' } };

describe('a rollback that returns to another name', () => {
  async function rollingBack(meanwhile: () => Promise<unknown>) {
    const db = await cloud.deployed();
    const { physicalId, properties: before } = db;
    await db.update(properties({ Name: RENAMED }));
    await meanwhile();
    db.rollBack();
    cloud.calls = [];
    return { db, before, physicalId };
  }

  test.each<[string, () => Promise<unknown>]>([
    ['somebody else has taken the secret', () => cloud.tag(BANK)],
    [
      'the secret has become a replica',
      async () => {
        await cloud.destroy();
        await cloud.primaryIn(FAR, NAME);
      },
    ],
    ['nobody can read the origin of the secret', () => cloud.tag({ [OWNERSHIP_TAG.origin]: '' })],
  ])('succeeds although %s, and leaves it as it is', async (_, meanwhile) => {
    const { db, before } = await rollingBack(meanwhile);
    const tags = await cloud.tags();
    expect(await db.update(before)).toMatchObject({ ...adopted, physicalId: (await cloud.describe())?.ARN });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(tags);
  });

  test('creates nothing in place of what is gone, and tells no ARN of something else', async () => {
    const { db, before, physicalId } = await rollingBack(() => cloud.destroy());
    expect(await db.update(before)).toMatchObject({ ...done, physicalId: NO_ARN });
    db.properties = properties({ Name: RENAMED });
    db.physicalId = physicalId;
    expect(await db.update(before)).toMatchObject({ ...adopted, physicalId });
    expect(await cloud.state()).toBe('absent');
  });
});

describe('an Update that renames and fails', () => {
  async function failing(status: string) {
    const db = await cloud.deployed();
    cloud.fail(sm('ReplicateSecretToRegions'), 'InternalServiceError');
    cloud.intercept(sm('ReplicateSecretToRegions'), async (_, next) => {
      db.stack.resources.Db = status;
      return next();
    });
    cloud.fresh = false;
    return db.update(properties({ Name: RENAMED, ...REPLICATED }));
  }

  test('is told by the new secret when it cannot be undone, so that CloudFormation knows of it', async () => {
    cloud.fail(sm('DeleteSecret'), 'InternalServiceError');
    const answer = await failing('UPDATE_IN_PROGRESS');
    expect(answer.reason).toContain('could not be put back');
    expect(answer.physicalId).toBe((await cloud.describe(RENAMED))?.ARN);
  });

  test('is not undone when another delivery of it has been carried through', async () => {
    expect(await failing('UPDATE_COMPLETE')).toMatchObject({ status: 'FAILED' });
    expect(await cloud.state(RENAMED)).toBe('live');
  });
});

describe('a secret that is given back', () => {
  async function givenBack(tags: Record<string, string>, before: () => unknown) {
    await cloud.create({ tags });
    const db = await cloud.created(properties({ ...ADOPT, ForceDeleteWithoutRecovery: 'true' }));
    db.rollBack();
    await before();
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
    return db;
  }

  test('to nobody loses its owner, whatever else stays', async () => {
    const db = await givenBack({}, () => cloud.fail(sm('UntagResource'), 'AccessDeniedException', { skip: 1 }));
    expect((await cloud.holder()).owner).toBeUndefined();
    expect(await db.again()).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
  });

  test('goes to its owner also where tags of the take-over stay', async () => {
    const db = await givenBack(BANK, () => cloud.fail(sm('UntagResource'), 'AccessDeniedException'));
    expect(await cloud.tags()).toMatchObject(BANK);
    expect(await db.again()).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
  });

  test('to nobody knows whom stays as it is', async () => {
    const db = await givenBack(BANK, () => cloud.untag([OWNERSHIP_TAG.previousOwner]));
    expect(await cloud.holder()).toEqual(db.holder);
  });

  test('goes to its owner at least where AWS does not let go in full', async () => {
    const db = await givenBack(BANK, () =>
      cloud.intercept(sm('TagResource'), async ({ input }, next) => {
        const keys = input.Tags.map(({ Key }: { Key: string }) => Key);
        if (keys.includes(OWNERSHIP_TAG.stackId)) throw awsError('AccessDeniedException');
        return next();
      }),
    );
    expect(await cloud.holder()).toEqual({ owner: 'bank', stackId: stackId('bank'), logicalId: 'Vault' });
    expect(cloud.logged.at(-1)).toContain('some tags of the take-over stay');
    // What stays makes it nobody else's.
    const vault = cloud.resource({ stack: 'bank', logicalId: 'Vault' });
    vault.complete();
    expect(await vault.delete({ physicalId: db.physicalId, properties: properties() })).toMatchObject(done);
    expect(await cloud.state()).toBe('pending');
  });
});

describe('a secret with tags of a take-over that was given back', () => {
  const returned = {
    ...heldBy({ owner: 'bank', stackId: stackId('shop'), logicalId: 'Db' }),
    [OWNERSHIP_TAG.origin]: 'RETURNED',
    [OWNERSHIP_TAG.previousOwner]: 'bank',
    [OWNERSHIP_TAG.previousStackId]: stackId('bank'),
    [OWNERSHIP_TAG.previousLogicalId]: 'Vault',
  };

  test('is adopted when nobody takes them off', async () => {
    await cloud.create({ tags: returned });
    const db = cloud.resource();
    expect(await db.create(properties(ADOPT))).toMatchObject(adopted);
    expect(await cloud.holder()).toEqual(db.holder);
    expect(await cloud.previousHolder()).toMatchObject({ stackId: stackId('bank') });
  });

  test('and is scheduled is restored at once', async () => {
    await cloud.create({ tags: { ...returned, ...heldBy({ owner: OWNER }) } });
    await cloud.schedule();
    expect(await cloud.resource().create()).toMatchObject({ ...done, data: { Outcome: 'RESTORED' } });
    expect(cloud.waited).toBe(0);
  });
});

test('what one delivery restored and another one of it adopted is scheduled by a rollback', async () => {
  await cloud.create({ tags: BANK });
  await cloud.schedule();
  const db = cloud.resource();
  cloud.intercept(sm('RestoreSecret'), async (_, next) => {
    const output = await next();
    await cloud.tag({
      ...heldBy(db.holder),
      [OWNERSHIP_TAG.origin]: `ADOPTED ${db.requestId}`,
      [OWNERSHIP_TAG.previousOwner]: 'bank',
    });
    return output;
  });
  const answer = await db.create(properties({ RestorePolicy: 'ALWAYS', ...ADOPT }));
  expect(answer).toMatchObject({ ...done, data: { Outcome: 'RESTORED' } });
  db.rollBack();
  expect(await db.delete()).toMatchObject(done);
  expect(await cloud.state()).toBe('pending');
  expect(await cloud.holder()).toMatchObject({ owner: 'bank' });
});

test('a second delivery does not write the value of a created secret once more, although its version is gone', async () => {
  const db = await cloud.created(declaring('new'));
  await cloud.put('by hand');
  cloud.showing((secret) => ({ ...secret, VersionIdsToStages: { other: ['AWSCURRENT'] } }));
  expect(await db.again()).toMatchObject({ ...done, data: { Outcome: 'CREATED' } });
  expect(await cloud.value()).toBe('by hand');
});

test('a secret that is given to somebody else while its replicas go is left to them', async () => {
  const db = await cloud.deployed(properties(REPLICATED));
  cloud.intercept(sm('RemoveRegionsFromReplication'), async (_, next) => {
    await cloud.tag(BANK);
    return next();
  });
  expect(await db.delete()).toMatchObject(done);
  expect(await cloud.state()).toBe('live');
  expect(await cloud.tags()).toMatchObject(BANK);
});

test.each([
  ['its owner', BANK, stackId('bank')],
  ['somebody without a stack', heldBy({ owner: 'depot' }), 'somebody else'],
])('a secret that %s takes while it is restored is left to them', async (_, tags, who) => {
  await cloud.create();
  await cloud.schedule();
  cloud.intercept(sm('RestoreSecret'), async (_call, next) => {
    const output = await next();
    await cloud.tag(tags);
    return output;
  });
  const answer = await cloud.resource().create(properties({ RestorePolicy: 'ALWAYS' }));
  expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
  expect(answer.reason).toContain(`secret '${NAME}' was taken by ${who} at the same time; `);
  expect(await cloud.tags()).toEqual(tags);
  expect(await cloud.state()).toBe('live');
});

test('a secret that is never restored, because it is being deleted for good, fails the creation in the end', async () => {
  await cloud.create({ tags: heldBy({ owner: OWNER }) });
  await cloud.schedule();
  cloud.fail(sm('RestoreSecret'), 'InvalidRequestException');
  const { reason } = await cloud.resource().create();
  expect(reason).toContain(`secret '${NAME}' could not be restored, it is being deleted for good; `);
  expect(cloud.waited).toBeGreaterThan(100);
});

test('a restoration whose answer gets lost while the secret still looks scheduled is one all the same', async () => {
  const arn = await cloud.create({ tags: heldBy({ owner: OWNER }) });
  await cloud.schedule();
  let lost = false;
  cloud.intercept(sm('RestoreSecret'), async (_, next) => {
    const output = await next();
    if (lost) return output;
    lost = true;
    throw awsError('InvalidRequestException');
  });
  cloud.showing((secret, count) => (count === 2 ? { ...secret, DeletedDate: new Date() } : secret));
  // No policy for live secrets concerns it.
  const answer = await cloud.resource().create(properties({ ExistingSecretPolicy: 'FAIL' }));
  expect(answer).toMatchObject({ ...done, physicalId: arn, data: { Outcome: 'RESTORED' } });
});

describe('an Update of a secret', () => {
  test('that is scheduled, and then being deleted for good, says so', async () => {
    const db = await cloud.deployed();
    await cloud.schedule();
    cloud.fail(sm('RestoreSecret'), 'InvalidRequestException');
    const answer = await db.update(properties({ Description: 'x' }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toContain('could not be restored, it is being deleted for good; nothing was changed; ');
    expect(cloud.changes).toEqual(['RestoreSecret']);
    db.rollBack();
    expect(await db.update(properties())).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
  });

  test('whose origin nobody can read counts as adopted', async () => {
    const db = await cloud.deployed();
    await cloud.tag({ [OWNERSHIP_TAG.origin]: '' });
    expect(await db.update(properties({ Description: 'x' }))).toMatchObject({
      status: 'SUCCESS',
      data: { Outcome: 'ADOPTED' },
    });
  });

  test.each([
    ['a rollback', 'UPDATE_ROLLBACK_IN_PROGRESS', 'SUCCESS'],
    ['an ordinary deployment', 'UPDATE_IN_PROGRESS', 'FAILED'],
    ['nobody knows what', undefined, 'FAILED'],
  ])('whose replicas cannot be brought: %s', async (_, stackStatus, status) => {
    const db = await cloud.deployed();
    if (stackStatus) db.enter(stackStatus);
    else cloud.fail('cloudformation:DescribeStacks', 'AccessDenied');
    cloud.fail(sm('ReplicateSecretToRegions'), 'InternalServiceError');
    expect(await db.update(properties({ Description: 'x', ...REPLICATED }))).toMatchObject({ status });
    expect((await cloud.describe())?.Description).toBe('x');
    expect(cloud.steps.includes('replicas not brought back')).toBe(status === 'SUCCESS');
  });
});

describe('a request that is overtaken while it is carried out', () => {
  const WITHDREW = 'CloudFormation withdrew this request while it was carried out; ';

  /** An adoption; when the secret has been claimed, the Delete of the rollback comes. */
  async function overtaken(of: Properties, by: () => Promise<unknown>): Promise<string> {
    await cloud.create({ tags: { ...BANK, byHand: '1' } });
    cloud.fresh = false;
    cloud.intercept(sm('TagResource'), async (_, next) => {
      const output = await next();
      await by();
      return output;
    });
    const { status, reason } = await cloud.resource().create({ ...of, ExistingSecretPolicy: 'ADOPT' });
    expect(status).toBe('FAILED');
    return reason;
  }

  test.each([
    ['writes no value', declaring('new'), 'PutSecretValue'],
    ['adds no replicas', properties(REPLICATED), 'ReplicateSecretToRegions'],
  ])('%s any more', async (_, of, step) => {
    expect(await overtaken(of, () => cloud.tag(BANK))).toContain(WITHDREW);
    expect(cloud.operations).not.toContain(step);
    expect(await cloud.value()).toBe('made by hand');
    expect(await cloud.tags()).toMatchObject(BANK);
  });

  test.each([
    ['another stack', heldBy({ stackId: stackId('bank') })],
    ['another resource', heldBy({ logicalId: 'Vault' })],
    ['another request', { [OWNERSHIP_TAG.origin]: 'ADOPTED another 2027-03-04T05:06:07.000Z' }],
    ['nobody knows which request', { [OWNERSHIP_TAG.origin]: '' }],
  ])('sees it where %s holds the secret', async (_, tags) => {
    expect(await overtaken(declaring('new'), () => cloud.tag(tags))).toContain(WITHDREW);
    expect(await cloud.value()).toBe('made by hand');
  });

  test('sees it where the secret is gone', async () => {
    expect(await overtaken(declaring('new'), () => cloud.destroy())).toContain(WITHDREW);
    expect(await cloud.state()).toBe('absent');
  });
});

describe('a Create that fails', () => {
  const adopting: Properties = { Description: 'new', ExistingSecretPolicy: 'ADOPT' };

  async function failing(at: string, meanwhile: (db: Resource) => Promise<unknown>, of = properties(adopting)) {
    const db = cloud.resource();
    let failed = false;
    cloud.intercept(sm(at), async (_, next) => {
      if (failed) return next();
      failed = true;
      await meanwhile(db);
      throw awsError('InternalServiceError');
    });
    return { db, answer: await db.create(of) };
  }

  test('and cannot be undone says so, and why in the log', async () => {
    await cloud.create({ tags: BANK });
    cloud.fail(sm('TagResource'), 'TypeError', { skip: 1 });
    const { answer } = await failing('UpdateSecret', async () => {});
    expect(answer.reason).toContain('could not be put back');
    expect(JSON.parse(cloud.logged.at(-1) ?? '')).toMatchObject({ step: 'undo failed', error: 'TypeError' });
  });

  test('leaves the secret to whoever has taken it from somebody meanwhile', async () => {
    await cloud.create();
    const taken = { ...BANK, [OWNERSHIP_TAG.previousOwner]: 'depot' };
    await failing('TagResource', () => cloud.tag(taken));
    expect(await cloud.tags()).toEqual(taken);
  });

  test.each([
    ['deleted', () => cloud.destroy(), 'absent'],
    ['scheduled', () => cloud.schedule(), 'pending'],
  ])('has nothing to undo when somebody has %s the secret meanwhile', async (_, meanwhile, state) => {
    await cloud.create({ tags: BANK });
    const { answer } = await failing('UpdateSecret', meanwhile);
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).not.toContain('could not be put back');
    expect(await cloud.state()).toBe(state);
  });

  test('schedules what it found live, because another delivery of it had restored it', async () => {
    await cloud.create({ tags: BANK });
    await failing('UpdateSecret', (db) => cloud.tag({ [OWNERSHIP_TAG.restoredBy]: db.requestId }));
    expect(await cloud.state()).toBe('pending');
    expect(await cloud.holder()).toMatchObject({ owner: 'bank' });
  });

  test.each([
    ['another stack', heldBy({ stackId: stackId('depot') }), 'live'],
    ['another resource', heldBy({ logicalId: 'Other' }), 'live'],
    ['another request', { [OWNERSHIP_TAG.origin]: 'CREATED another 2027-03-04T05:06:07.000Z' }, 'live'],
    ['another owner', heldBy({ owner: 'bank' }), 'live'],
    ['nobody knows which request', { [OWNERSHIP_TAG.origin]: '' }, 'pending'],
    ['the same', {}, 'pending'],
  ])('before it has claimed what it restored looks who holds that now: %s', async (_, tags, state) => {
    await cloud.create({ tags: { ...BANK, ...heldBy({ owner: OWNER }), [OWNERSHIP_TAG.origin]: 'CREATED old' } });
    await cloud.schedule();
    await failing('TagResource', () => cloud.tag({ byHand: '1', ...tags }));
    expect(await cloud.state()).toBe(state);
  });

  test('at its replicas fails, also in a rollback', async () => {
    await cloud.create({ tags: BANK });
    cloud.resource().rollBack();
    const { answer } = await failing(
      'ReplicateSecretToRegions',
      async () => {},
      properties({ ...adopting, ...REPLICATED }),
    );
    expect(answer.status).toBe('FAILED');
  });
});
