import { OWNERSHIP_TAG } from '../../src/private/contract';
import { Cloud, NO_ARN } from './cloud';
import { declaring, NAME, OWNER, type Properties, properties, stackId } from './requests';
import type { Resource } from './resource';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

async function deployed(of?: Properties) {
  const db = await cloud.deployed(of);
  db.stack.status = 'DELETE_IN_PROGRESS';
  return db;
}

describe('the secret of a resource that goes', () => {
  test.each([
    ['7', 7],
    ['30', 30],
    [undefined, 30],
  ])('is scheduled with the window, by its full ARN (%s days)', async (RecoveryWindowInDays, days) => {
    const db = await deployed(properties({ RecoveryWindowInDays }));
    const { physicalId } = db;
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.daysLeft()).toBe(days);
    expect(cloud.operations).toEqual(['DescribeSecret', 'DeleteSecret']);
    expect(cloud.inputs('DescribeSecret')).toEqual([{ SecretId: physicalId }]);
    expect(cloud.inputs('DeleteSecret')).toEqual([{ SecretId: physicalId, RecoveryWindowInDays: days }]);
  });

  test('keeps its tags, so that the next deployment finds its owner', async () => {
    const db = await deployed();
    const tags = await cloud.tags();
    await db.delete();
    expect(await cloud.tags()).toEqual(tags);
  });

  test('is scheduled once, however often the request is delivered', async () => {
    const db = await deployed();
    const first = await db.delete();
    const end = (await cloud.describe())?.DeletedDate;
    expect(await db.again()).toEqual(first);
    expect((await cloud.describe())?.DeletedDate).toEqual(end);
    expect(cloud.inputs('DeleteSecret')).toHaveLength(1);
  });

  test('is not scheduled by a late request after it came back', async () => {
    const db = await deployed();
    await db.delete();
    const old = db.lastRequest;
    expect(await db.create()).toMatchObject({ data: { Outcome: 'RESTORED' } });
    expect(await db.late(old)).toMatchObject({ status: 'FAILED' });
    expect(await cloud.state()).toBe('live');
  });

  test('is scheduled by a late request while its successor is complete', async () => {
    const db = await deployed();
    const { physicalId, properties: before } = db;
    await db.update(properties({ Name: 'prod/orders' }));
    cloud.fresh = false;
    const status = db.stack.resources.Db;
    const deleting = db.delete({ physicalId, properties: before });
    db.stack.resources.Db = status;
    expect(await deleting).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('pending');
    expect(await cloud.state('prod/orders')).toBe('live');
  });

  test('keeps its date when somebody has scheduled it before', async () => {
    const db = await deployed();
    await cloud.schedule(NAME, 9);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.daysLeft()).toBe(9);
    expect(cloud.changes).toEqual([]);
  });

  test('may be gone already', async () => {
    const db = await deployed();
    await cloud.destroy();
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
    expect(cloud.changes).toEqual([]);
  });

  test.each([
    ['another owner', { [OWNERSHIP_TAG.owner]: 'bank' }],
    ['another stack', { [OWNERSHIP_TAG.stackId]: stackId('bank') }],
    ['another life of its stack', { [OWNERSHIP_TAG.stackId]: stackId('shop', 2) }],
    ['another resource', { [OWNERSHIP_TAG.logicalId]: 'Other' }],
  ])('is left alone when it has %s', async (_, tags) => {
    const db = await deployed(properties({ ForceDeleteWithoutRecovery: 'true' }));
    await cloud.tag(tags);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state()).toBe('live');
  });

  test('is left alone when it lost its tags', async () => {
    const db = await deployed();
    await cloud.destroy();
    await cloud.create();
    expect(await db.delete({ physicalId: (await cloud.describe())?.ARN })).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
  });

  test('is left alone when the Create was refused', async () => {
    await cloud.create({ tags: { [OWNERSHIP_TAG.owner]: 'bank' } });
    const db = cloud.resource();
    const { physicalId } = await db.create();
    expect(physicalId).toEqual(NO_ARN);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(cloud.changes).toEqual([]);
  });

  // CloudFormation makes the id up when a Create was never answered.
  test.each([
    ['is scheduled when it is of this resource', {}, 'pending'],
    ['is left alone when it is not', { [OWNERSHIP_TAG.logicalId]: 'Other' }, 'live'],
  ])('with a made-up id %s', async (_, tags, state) => {
    const db = await deployed();
    await cloud.tag({ ...(await cloud.tags()), ...tags });
    const physicalId = 'shop-Db-1ABCDEFGHIJKL';
    expect(await db.delete({ physicalId })).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.state()).toBe(state);
  });

  test('with a made-up id may not exist', async () => {
    const db = cloud.resource();
    const answer = await db.delete({ physicalId: 'shop-Db-1ABCDEFGHIJKL', properties: properties() });
    expect(answer.status).toBe('SUCCESS');
    expect(cloud.changes).toEqual([]);
  });
});

describe('a deletion without recovery', () => {
  const force = properties({ ForceDeleteWithoutRecovery: 'true' });

  test('happens only when it is asked for', async () => {
    const db = await deployed(force);
    await db.delete();
    expect(await cloud.state()).toBe('absent');
    expect(cloud.inputs('DeleteSecret')).toEqual([{ SecretId: db.physicalId, ForceDeleteWithoutRecovery: true }]);
  });

  test.each(['false', 'False', '', 'no', undefined])('is not asked for with %p', async (flag) => {
    const db = await deployed({ ...properties(), ForceDeleteWithoutRecovery: flag });
    await db.delete();
    expect(await cloud.state()).toBe('pending');
  });

  test('does not happen to a secret that is scheduled already', async () => {
    const db = await deployed(force);
    await cloud.schedule();
    await db.delete();
    expect(await cloud.daysLeft()).toBe(9);
  });

  test('does not happen in a rollback', async () => {
    const db = await deployed(force);
    db.stack.status = 'ROLLBACK_IN_PROGRESS';
    await db.delete();
    expect(await cloud.daysLeft()).toBe(14);
  });

  test('does not happen for a request of a rollback, while somebody deletes the stack already', async () => {
    const db = await deployed(force);
    cloud.fail('secretsmanager:DeleteSecret', 'InternalServiceError', { times: 1 });
    db.stack.status = 'ROLLBACK_IN_PROGRESS';
    expect(await db.delete()).toMatchObject({ status: 'FAILED' });
    Object.assign(db.stack, { status: 'DELETE_IN_PROGRESS', deletedAt: new Date() });
    const answer = await db.again();
    expect(answer).toMatchObject({ status: 'FAILED' });
    expect(answer.reason).toMatch(/^this request is out of date/);
    expect(await cloud.state()).toBe('live');
    // The deletion has a request of its own.
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('absent');
  });

  test('frees the name for the next deployment', async () => {
    const db = await deployed(force);
    await db.delete();
    const answer = await cloud.resource({ life: 2 }).create();
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
    expect(answer.physicalId).not.toBe(db.physicalId);
  });
});

describe('the rollback of a deployment that had', () => {
  test('created a secret schedules it', async () => {
    const db = await deployed();
    db.stack.status = 'ROLLBACK_IN_PROGRESS';
    await db.delete();
    expect(await cloud.daysLeft()).toBe(14);
  });

  test('restored its own secret schedules it again', async () => {
    const arn = await cloud.create({ tags: { [OWNERSHIP_TAG.owner]: OWNER } });
    await cloud.schedule(NAME, 9);
    const db = await deployed(declaring('of the failed deployment'));
    db.stack.status = 'ROLLBACK_IN_PROGRESS';
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId: arn });
    expect(await cloud.daysLeft()).toBe(14);
    await cloud.restore();
    expect(await cloud.value()).toBe('made by hand');
  });

  test('restored a foreign secret schedules it again, as the secret of its owner', async () => {
    await cloud.create({ tags: { [OWNERSHIP_TAG.owner]: 'bank' } });
    await cloud.schedule(NAME, 9);
    const db = await deployed(declaring('of the failed deployment', { RestorePolicy: 'ALWAYS' }));
    db.stack.status = 'ROLLBACK_IN_PROGRESS';
    await db.delete();
    expect(await cloud.daysLeft()).toBe(14);
    expect((await cloud.tags())[OWNERSHIP_TAG.owner]).toBe('bank');
    await cloud.restore();
    expect(await cloud.value()).toBe('made by hand');
  });

  test("restored nobody's secret schedules it again, without an owner", async () => {
    await cloud.create();
    await cloud.schedule(NAME, 9);
    const db = await deployed(properties({ RestorePolicy: 'ALWAYS' }));
    db.stack.status = 'ROLLBACK_IN_PROGRESS';
    await db.delete();
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.tags()).not.toHaveProperty([OWNERSHIP_TAG.owner]);
  });

  test.each<[string, Record<string, string>]>([
    [
      'of somebody else',
      {
        [OWNERSHIP_TAG.owner]: 'bank',
        [OWNERSHIP_TAG.stackId]: stackId('bank'),
        [OWNERSHIP_TAG.logicalId]: 'Vault',
      },
    ],
    [
      'of an earlier life',
      {
        [OWNERSHIP_TAG.owner]: OWNER,
        [OWNERSHIP_TAG.stackId]: stackId('shop', 9),
        [OWNERSHIP_TAG.logicalId]: 'Db',
      },
    ],
    ['of nobody', {}],
  ])('adopted a secret %s gives it back, live', async (_, before) => {
    const tags = { ...before, team: 'payments' };
    const arn = await cloud.create({ tags });
    const db = await deployed(declaring('of the failed deployment', { ExistingSecretPolicy: 'ADOPT' }));
    db.stack.status = 'ROLLBACK_IN_PROGRESS';
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId: arn });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(tags);
    expect(await cloud.value()).toBe('made by hand');
    // Delivered once more, it finds a secret that is not its own.
    expect(await db.again()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
  });

  test.each<[string, (db: Resource) => void]>([
    [
      'a stack that stays',
      (db) => {
        db.stack.status = 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS';
      },
    ],
    [
      'the stack around a nested one',
      (db) => {
        cloud.stacks.set(stackId('root'), { status: 'UPDATE_ROLLBACK_IN_PROGRESS', resources: {} });
        Object.assign(db.stack, { status: 'DELETE_IN_PROGRESS', rootId: stackId('root') });
      },
    ],
  ])('adopted a secret may be one of %s', async (_, rollBack) => {
    await cloud.create({ tags: { team: 'payments' } });
    const db = await deployed(properties({ ExistingSecretPolicy: 'ADOPT' }));
    rollBack(db);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual({ team: 'payments' });
  });

  test('adopted a secret does not take back what was written by hand since', async () => {
    await cloud.create();
    const db = await deployed(declaring('of the failed deployment', { ExistingSecretPolicy: 'ADOPT' }));
    await cloud.put('by hand');
    db.stack.status = 'ROLLBACK_IN_PROGRESS';
    await db.delete();
    expect(await cloud.value()).toBe('by hand');
  });
});

describe('the teardown of a stack', () => {
  test('schedules what it had adopted', async () => {
    await cloud.create();
    const db = await deployed(properties({ ExistingSecretPolicy: 'ADOPT' }));
    await db.delete();
    expect(await cloud.daysLeft()).toBe(14);
    expect((await cloud.tags())[OWNERSHIP_TAG.owner]).toBe(OWNER);
  });

  test('asks for the state of the stack only where it matters', async () => {
    const plain = await deployed();
    await plain.delete();
    expect(cloud.operations).not.toContain('DescribeStacks');
    await cloud.destroy();
    const force = await deployed(properties({ ForceDeleteWithoutRecovery: 'true' }));
    await force.delete();
    expect(cloud.inputs('DescribeStacks')).toEqual([{ StackName: force.stackId }]);
  });
});
