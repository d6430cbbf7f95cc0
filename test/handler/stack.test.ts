import { OWNERSHIP_TAG } from '../../src/private/contract';
import { Cloud, type Delivered, sm } from './cloud';
import { BANK, declaring, NAME, OWNER, type Properties, properties } from './requests';
import type { Resource } from './resource';

// What depends on CloudFormation: which deployment fails, what it knows, and whether it can be asked.

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const RENAMED = 'prod/orders';

async function deployed(of?: Properties) {
  const db = await cloud.deployed(of);
  cloud.logged = [];
  return db;
}

const logged = () => cloud.logged.map((line) => JSON.parse(line));

/** When the deployment began that is being rolled back. */
function rollingBackSince(began: Date | undefined): void {
  cloud.intercept('cloudformation:DescribeStacks', async () => ({
    Stacks: [{ StackStatus: 'UPDATE_ROLLBACK_IN_PROGRESS', LastUpdatedTime: began }],
  }));
}

async function origin(): Promise<Date> {
  return new Date((await cloud.tags())[OWNERSHIP_TAG.origin].split(' ')[2]);
}
const later = (time: Date, ms: number) => new Date(time.getTime() + ms);

describe('the rollback of an Update that renamed', () => {
  const renamed = properties({ Name: RENAMED });

  test('takes back what CloudFormation does not know of', async () => {
    const db = await deployed();
    const { physicalId, properties: before } = db;
    await db.update(renamed);
    // The answer never arrived.
    db.physicalId = physicalId;
    db.rollBack();
    cloud.calls = [];
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.state(RENAMED)).toBe('pending');
    // The stack is asked once.
    expect(cloud.inputs('DescribeStacks')).toHaveLength(1);
  });

  test('gives back what it had adopted, and asks the stack once', async () => {
    await cloud.create({ Name: RENAMED, tags: BANK });
    const db = await deployed();
    const { physicalId, properties: before } = db;
    await db.update(properties({ Name: RENAMED, ExistingSecretPolicy: 'ADOPT' }));
    db.physicalId = physicalId;
    db.rollBack();
    cloud.calls = [];
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.tags(RENAMED)).toEqual(BANK);
    expect(await cloud.state(RENAMED)).toBe('live');
    expect(cloud.inputs('DescribeStacks')).toHaveLength(1);
  });

  test('leaves to the clean-up what CloudFormation knows of', async () => {
    const db = await deployed();
    const { physicalId, properties: before } = db;
    await db.update(renamed);
    cloud.logged = [];
    db.rollBack();
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.state(RENAMED)).toBe('live');
    expect(logged()).toContainEqual({ step: 'leave', secret: RENAMED, why: 'CloudFormation knows of it' });
  });

  test('leaves what the resource held before', async () => {
    const db = await deployed();
    const { physicalId, properties: before } = db;
    await db.update(renamed);
    db.physicalId = physicalId;
    cloud.logged = [];
    rollingBackSince(later(new Date(), 60_000));
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.state(RENAMED)).toBe('live');
    const why = 'it was held before the deployment that failed';
    expect(logged()).toContainEqual({ step: 'leave', secret: RENAMED, why });
  });

  test('that did not rename disposes of nothing', async () => {
    const db = await deployed();
    db.physicalId = 'shop-Db-1ABCDEFGHIJKL';
    db.rollBack();
    expect(await db.update(properties())).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
  });
});

test('an Update that renames leaves the old secret to the clean-up', async () => {
  const db = await deployed();
  await db.update(properties({ Name: RENAMED }));
  expect(logged().map(({ step }) => step)).toEqual(['create']);
});

describe('a Delete with an id that CloudFormation has made up', () => {
  const physicalId = 'shop-Db-1ABCDEFGHIJKL';

  test.each<[string, (at: Date) => Date | undefined, string]>([
    ['before the secret was held', (at) => later(at, -1), 'pending'],
    ['just then', (at) => at, 'pending'],
    ['afterwards', (at) => later(at, 1), 'live'],
    ['at a time that is not known', () => undefined, 'pending'],
  ])('in the rollback of a deployment that began %s', async (_, began, state) => {
    const db = await deployed();
    rollingBackSince(began(await origin()));
    expect(await db.delete({ physicalId })).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.state()).toBe(state);
  });

  test('leaves a secret whose origin nobody can read', async () => {
    const db = await deployed();
    await cloud.tag({ [OWNERSHIP_TAG.origin]: '' });
    rollingBackSince(new Date());
    expect(await db.delete({ physicalId })).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
  });
});

describe('a Delete of a failed Create', () => {
  const unknown = ({ requestId }: Resource) => `recoverable-secret:unknown:${requestId}`;

  test('means what that very request got hold of, whenever that was', async () => {
    const db = await deployed();
    rollingBackSince(later(new Date(), 60_000));
    const physicalId = unknown(db);
    expect(await db.delete({ physicalId })).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.state()).toBe('pending');
  });

  test('means nothing else', async () => {
    const db = await deployed();
    expect(await db.delete({ physicalId: 'recoverable-secret:unknown:another' })).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
    expect(logged()).toEqual([{ step: 'leave', secret: NAME, why: 'the request that failed did not get hold of it' }]);
  });

  test('undoes, whatever the stack says', async () => {
    await cloud.create({ tags: BANK });
    const db = await deployed(properties({ ExistingSecretPolicy: 'ADOPT' }));
    db.enter('DELETE_IN_PROGRESS');
    expect(await db.delete({ physicalId: unknown(db) })).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.tags()).toEqual(BANK);
    expect(await cloud.state()).toBe('live');
  });
});

describe('a Delete', () => {
  test('logs what it does, and why it does not', async () => {
    const db = await deployed();
    await db.delete();
    await db.again();
    expect(logged()).toEqual([
      { step: 'schedule', secret: db.physicalId },
      { step: 'leave', secret: db.physicalId, why: 'it is scheduled for deletion already' },
    ]);
  });

  test('of a teardown keeps the value that the deployment wrote', async () => {
    await cloud.create({ tags: { [OWNERSHIP_TAG.owner]: OWNER } });
    await cloud.schedule();
    const db = await deployed(declaring('new'));
    db.enter('DELETE_IN_PROGRESS');
    await db.delete();
    await cloud.restore();
    expect(await cloud.value()).toBe('new');
  });

  test.each([
    ['scheduled', 'InvalidRequestException', () => cloud.schedule(), 'pending'],
    ['destroyed', 'ResourceNotFoundException', () => cloud.destroy(), 'absent'],
  ])('looks again when somebody has %s the secret meanwhile', async (_, error, meanwhile, state) => {
    const db = await deployed(properties({ ReplicaRegions: [{ Region: 'us-east-1' }] }));
    let done = false;
    cloud.intercept(sm('RemoveRegionsFromReplication'), async () => {
      if (!done) {
        await cloud.removeReplicas('us-east-1');
        await meanwhile();
      }
      done = true;
      throw Object.assign(new Error(), { name: error });
    });
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe(state);
  });
});

describe('the value in a rollback', () => {
  /** A value that is written, and the rollback of a deployment that began then, or so much later. */
  async function rolledBack(msLater: number): Promise<string | undefined> {
    const db = await deployed(declaring('one'));
    await db.update(declaring('two'));
    const [, at] = (await cloud.tags())[OWNERSHIP_TAG.valueUpdate].split(' ');
    rollingBackSince(later(new Date(at), msLater));
    db.properties = declaring('three');
    expect(await db.update(declaring('two'))).toMatchObject({ status: 'SUCCESS' });
    return cloud.value();
  }

  test('goes back to the one before, where the deployment has written one', async () => {
    expect(await rolledBack(0)).toBe('one');
  });

  test('stays, where the deployment failed before it wrote one', async () => {
    expect(await rolledBack(1)).toBe('two');
  });
});

test('the rollback of a creation leaves the value alone', async () => {
  const db = await deployed(properties({ ForceDeleteWithoutRecovery: 'true' }));
  db.rollBack();
  cloud.showing((secret) => ({
    ...secret,
    VersionIdsToStages: { [db.requestId]: ['AWSCURRENT'], byHand: ['AWSPREVIOUS'] },
  }));
  await db.delete();
  expect(cloud.changes).toEqual(['DeleteSecret']);
});

test('an Update that declares no value any more leaves the secret as it is', async () => {
  const db = await deployed(declaring('one'));
  expect(await db.update(properties({ GenerateSecretString: undefined }))).toMatchObject({ status: 'SUCCESS' });
  expect(cloud.changes).toEqual([]);
  expect(logged()).toEqual([{ step: 'reconcile', secret: db.physicalId }]);
});

describe('a stack that cannot be seen', () => {
  const blind = () => cloud.fail('cloudformation:DescribeStackResource', 'AccessDenied');

  test.each<[string, (db: Resource) => Promise<Delivered>]>([
    ['an Update', (db) => db.update(properties({ Description: 'x' }))],
    ['a Delete', (db) => db.delete()],
  ])('does not keep %s from being carried out', async (_, act) => {
    const db = await deployed();
    cloud.fresh = false;
    blind();
    expect(await act(db)).toMatchObject({ status: 'SUCCESS' });
    expect(logged().filter(({ step }) => step === 'stack not seen')).toEqual(
      Array(3).fill({ step: 'stack not seen', error: 'AccessDenied' }),
    );
  });

  test('does not keep an Update from being undone', async () => {
    const db = await deployed();
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
    const db = await deployed(properties({ ExistingSecretPolicy: 'ADOPT' }));
    cloud.fail('cloudformation:DescribeStacks', 'Throttling', { times });
    expect(await db.delete()).toMatchObject({ status });
    expect(cloud.waited).toBe(10);
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
      throw Object.assign(new Error(), { name: 'InternalServiceError' });
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
    const db = await deployed();
    await cloud.tag({ [OWNERSHIP_TAG.owner]: 'bank' });
    db.stack.resources.Db = 'CREATE_FAILED';
    expect(await db.late()).toMatchObject({ status: 'FAILED', reason: WITHDREW });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state()).toBe('live');
  });
});

test('a Create logs what it decides', async () => {
  await cloud.resource().create();
  expect(logged()).toEqual([{ step: 'create', secret: NAME }]);
});
