import { OWNERSHIP_TAG } from '../../src/private/contract';
import { awsError, Cloud, type Delivered, sm } from './cloud';
import { BANK, heldBy, NAME, type Properties, properties } from './requests';
import type { Resource } from './resource';

// What depends on CloudFormation: which deployment fails, what it knows, and whether it can be asked.

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const RENAMED = 'prod/orders';
const MADE_UP = 'shop-Db-1ABCDEFGHIJKL';
const done = { status: 'SUCCESS' };

const why = () => cloud.logged.map((line) => JSON.parse(line)).filter(({ step }) => step === 'leave');

describe('the rollback of an Update that renamed', () => {
  /** With an update whose answer never arrived, where CloudFormation does not know of the other secret. */
  async function rollingBack({ told, ...policy }: Properties & { told: boolean }) {
    const db = await cloud.deployed();
    const { physicalId, properties: before } = db;
    expect(await db.update(properties({ Name: RENAMED, ...policy }))).toMatchObject(done);
    const next = db.physicalId;
    if (!told) db.physicalId = physicalId;
    db.rollBack();
    expect(await db.update(before)).toMatchObject({ ...done, physicalId });
    expect(await cloud.state()).toBe('live');
    return { db, next };
  }

  test('schedules what CloudFormation does not know of', async () => {
    await rollingBack({ told: false });
    expect(await cloud.state(RENAMED)).toBe('pending');
  });

  test('gives back what it had adopted', async () => {
    await cloud.create({ Name: RENAMED, tags: BANK });
    await rollingBack({ told: false, ExistingSecretPolicy: 'ADOPT' });
    expect(await cloud.tags(RENAMED)).toEqual(BANK);
    expect(await cloud.state(RENAMED)).toBe('live');
  });

  test('takes the work of the clean-up on itself where CloudFormation knows of the other secret', async () => {
    const { db, next } = await rollingBack({ told: true });
    expect(await cloud.state(RENAMED)).toBe('pending');
    db.cleanUp();
    expect(await db.delete({ physicalId: next, properties: properties({ Name: RENAMED }) })).toMatchObject(done);
    expect(await cloud.state(RENAMED)).toBe('pending');
  });

  test('leaves what the resource held before', async () => {
    const db = await cloud.deployed(properties({ Name: RENAMED }));
    // The clean-up of the old secret failed, and CloudFormation forgot it.
    await db.update(properties());
    db.complete();
    cloud.fail(sm('DescribeSecret'), 'InternalServiceError', { times: 1 });
    expect(await db.update(properties({ Name: RENAMED }))).toMatchObject({ status: 'FAILED' });
    db.properties = properties({ Name: RENAMED });
    db.rollBack();
    cloud.logged = [];
    expect(await db.update(properties())).toMatchObject(done);
    expect(await cloud.state(RENAMED)).toBe('live');
    expect(why()).toEqual([expect.objectContaining({ secret: RENAMED })]);
  });
});

test.each<[string, (db: Resource) => void]>([
  ['rollback', (db) => db.rollBack()],
  ['deployment', () => {}],
])('an Update in a %s that does not rename, of a resource with a made-up id, lets nothing go', async (_, happens) => {
  const db = await cloud.deployed();
  db.physicalId = MADE_UP;
  db.enter('UPDATE_IN_PROGRESS');
  happens(db);
  expect(await db.update(properties())).toMatchObject(done);
  expect(await cloud.state()).toBe('live');
});

// CloudFormation makes the id up when a Create was never answered.
describe('a Delete with an id that CloudFormation has made up', () => {
  test.each<[string, (db: Resource) => unknown, string]>([
    ['schedules what the deployment that is rolled back got hold of', (db) => db.rollBack(), 'pending'],
    ['schedules what a deployment that was not rolled back got hold of', (db) => db.fail(), 'pending'],
    [
      'leaves what an earlier deployment got hold of',
      (db) => {
        db.complete();
        db.enter('UPDATE_IN_PROGRESS');
        db.rollBack();
      },
      'live',
    ],
    [
      'leaves what another resource holds',
      (db) => {
        db.rollBack();
        return cloud.tag(heldBy({ logicalId: 'Other' }));
      },
      'live',
    ],
    [
      'leaves a secret whose origin nobody can read',
      (db) => {
        db.rollBack();
        return cloud.tag({ [OWNERSHIP_TAG.origin]: '' });
      },
      'live',
    ],
    [
      'does not miss a secret that is gone',
      (db) => {
        db.rollBack();
        return cloud.destroy();
      },
      'absent',
    ],
  ])('%s', async (_, happens, state) => {
    const db = await cloud.created();
    await happens(db);
    expect(await db.delete({ physicalId: MADE_UP })).toMatchObject({ ...done, physicalId: MADE_UP });
    expect(await cloud.state()).toBe(state);
  });
});

describe('a Delete of a failed Create', () => {
  const unknown = ({ requestId }: Resource) => `recoverable-secret:unknown:${requestId}`;

  test.each<[string, (db: Resource) => void]>([
    ['rolled back', (db) => db.rollBack()],
    ['completed', (db) => db.complete()],
  ])('means what that very request got hold of, also when its deployment was %s', async (_, ended) => {
    await cloud.create({ tags: BANK });
    const db = await cloud.created(properties({ ExistingSecretPolicy: 'ADOPT' }));
    ended(db);
    const physicalId = unknown(db);
    expect(await db.delete({ physicalId })).toMatchObject({ ...done, physicalId });
    expect(await cloud.tags()).toEqual(BANK);
    expect(await cloud.state()).toBe('live');
  });

  test('means nothing else', async () => {
    const db = await cloud.created();
    db.rollBack();
    expect(await db.delete({ physicalId: 'recoverable-secret:unknown:another' })).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
    expect(why()).toEqual([{ step: 'leave', secret: NAME, why: 'the request that failed did not get hold of it' }]);
  });
});

test('what was decided is in the log, and why something is left', async () => {
  const db = cloud.resource();
  await db.create();
  db.complete();
  await db.delete();
  await db.again();
  expect(cloud.logged.map((line) => JSON.parse(line))).toEqual([
    { step: 'create', secret: NAME },
    { step: 'schedule', secret: db.physicalId },
    { step: 'leave', secret: db.physicalId, why: 'it is scheduled for deletion already' },
  ]);
});

test.each([
  ['scheduled', 'InvalidRequestException', () => cloud.schedule(), 'pending'],
  ['destroyed', 'ResourceNotFoundException', () => cloud.destroy(), 'absent'],
])('a Delete looks again when somebody has %s the secret meanwhile', async (_, error, meanwhile, state) => {
  const db = await cloud.deployed(properties({ ReplicaRegions: [{ Region: 'us-east-1' }] }));
  let happened = false;
  cloud.intercept(sm('RemoveRegionsFromReplication'), async () => {
    if (!happened) {
      await cloud.removeReplicas('us-east-1');
      await meanwhile();
    }
    happened = true;
    throw awsError(error);
  });
  expect(await db.delete()).toMatchObject(done);
  expect(await cloud.state()).toBe(state);
});

describe('a stack that cannot be seen', () => {
  const blind = () => cloud.fail('cloudformation:DescribeStackResource', 'AccessDenied');

  test.each<[string, (db: Resource) => Promise<Delivered>]>([
    ['a Create', (db) => db.create()],
    ['an Update', (db) => db.update(properties({ Description: 'x' }))],
    ['a Delete', (db) => db.delete()],
  ])('does not keep %s from being carried out', async (name, act) => {
    const db = name === 'a Create' ? cloud.resource() : await cloud.deployed();
    cloud.fresh = false;
    blind();
    expect(await act(db)).toMatchObject(done);
    expect(cloud.steps).toContain('stack not seen');
  });

  test('does not keep an Update from being undone', async () => {
    const db = await cloud.deployed();
    cloud.fresh = false;
    blind();
    cloud.fail(sm('ReplicateSecretToRegions'), 'InternalServiceError');
    await db.update(properties({ Name: RENAMED, ReplicaRegions: [{ Region: 'us-east-1' }] }));
    expect(await cloud.state(RENAMED)).toBe('pending');
  });

  test.each([
    [3, 'SUCCESS'],
    [4, 'FAILED'],
  ])('is asked again, but not without end (%i failures)', async (times, status) => {
    await cloud.create();
    const db = await cloud.deployed(properties({ ExistingSecretPolicy: 'ADOPT' }));
    cloud.fail('cloudformation:DescribeStackEvents', 'Throttling', { times });
    expect(await db.delete()).toMatchObject({ status });
    expect(cloud.waited).toBe(10);
    expect(await cloud.state()).toBe(status === 'SUCCESS' ? 'pending' : 'live');
  });
});

describe('a Create that fails', () => {
  test.each([
    ['is undone while CloudFormation waits for it', 'CREATE_IN_PROGRESS', 'pending'],
    ['is not undone when another delivery has been carried through', 'CREATE_COMPLETE', 'live'],
  ])('%s', async (_, status, state) => {
    cloud.fresh = false;
    const db = cloud.resource();
    cloud.intercept(sm('ReplicateSecretToRegions'), async () => {
      db.stack.resources.Db = status;
      throw awsError('InternalServiceError');
    });
    expect(await db.create(properties({ ReplicaRegions: [{ Region: 'us-east-1' }] }))).toMatchObject({
      status: 'FAILED',
    });
    expect(await cloud.state()).toBe(state);
  });
});

describe('a Create that was withdrawn', () => {
  const WITHDREW = 'CloudFormation withdrew this request; what it had done was undone';

  test('before it did anything has nothing to undo', async () => {
    cloud.fresh = false;
    const db = cloud.resource();
    cloud.intercept('cloudformation:DescribeStackResource', async () => ({
      StackResourceDetail: { ResourceStatus: 'CREATE_FAILED' },
    }));
    expect(await db.create()).toMatchObject({ status: 'FAILED', reason: WITHDREW });
    expect(cloud.changes).toEqual([]);
  });

  test('leaves what it got hold of, and somebody else has taken since', async () => {
    const db = await cloud.created();
    await cloud.tag(heldBy({ owner: 'bank' }));
    db.stack.resources.Db = 'CREATE_FAILED';
    expect(await db.late()).toMatchObject({ status: 'FAILED', reason: WITHDREW });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state()).toBe('live');
  });
});
