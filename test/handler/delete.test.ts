import { OWNERSHIP_TAG } from '../../src/private/contract';
import { awsError, CREATED, DONE, emptyCloud, FAILED, RESTORED } from './cloud';
import { BANK, declaring, heldBy, NAME, OWNER, properties, stackId } from './requests';
import type { Resource } from './resource';

const cloud = emptyCloud();

const OPTED_IN = { ExistingSecretPolicy: 'ADOPT', RestorePolicy: 'ALWAYS' } as const;
const MADE_UP = 'shop-Db-1ABCDEFGHIJKL';

// What is scheduled, given back or left, and why, is a table in decide/release.test.ts; what is done then is here.
describe('the secret of a resource that goes', () => {
  test.each([
    ['7', 7],
    ['30', 30],
    [undefined, 30],
  ])('is scheduled with the window (%s days), and keeps the tags of its owner', async (RecoveryWindowInDays, days) => {
    const db = await cloud.deployed(properties({ RecoveryWindowInDays }));
    const tags = await cloud.tags();
    expect(await db.delete()).toMatchObject({ ...DONE, physicalId: db.physicalId });
    expect(await cloud.daysLeft()).toBe(days);
    expect(await cloud.tags()).toEqual(tags);
    // Nothing else is asked, of nobody.
    expect(cloud.operations).toEqual(['DescribeSecret', 'DeleteSecret']);
  });

  test('is not scheduled by a request that arrives once more after it came back', async () => {
    const db = await cloud.deployed();
    db.cleanUp();
    await db.delete();
    const old = db.lastRequest;
    db.complete();
    expect(await db.create()).toMatchObject(RESTORED);
    expect(await db.late(old)).toMatchObject(FAILED);
    expect(await cloud.state()).toBe('live');
  });

  test('is scheduled once, however often the request is delivered, and why it is left then is in the log', async () => {
    const db = await cloud.deployed();
    cloud.showing((secret) => ({ ...secret, LastAccessedDate: new Date('2026-03-04T22:00:00Z') }));
    const first = await db.delete();
    const end = (await cloud.describe())?.DeletedDate;
    expect(await db.again()).toEqual(first);
    expect((await cloud.describe())?.DeletedDate).toEqual(end);
    expect(cloud.logged.map((line) => JSON.parse(line))).toEqual([
      { step: 'schedule', secret: db.physicalId, lastUsed: '2026-03-04' },
      { step: 'leave', secret: db.physicalId, lastUsed: '2026-03-04', why: 'it is scheduled for deletion already' },
    ]);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['is scheduled already, with another window', () => cloud.schedule()],
    ['is gone', () => cloud.destroy()],
    ['is held by somebody else', () => cloud.tag(BANK)],
  ])('stays as it is when it %s', async (_, happens) => {
    const db = await cloud.deployed(properties({ ForceDeleteWithoutRecovery: 'true' }));
    await happens();
    const [state, days] = [await cloud.state(), await cloud.daysLeft()];
    expect(await db.delete()).toMatchObject({ ...DONE, physicalId: db.physicalId });
    expect(cloud.changes).toEqual([]);
    expect([await cloud.state(), await cloud.daysLeft()]).toEqual([state, days]);
  });
});

test.each([
  ['scheduled', 'InvalidRequestException', () => cloud.schedule(), 'pending'],
  ['destroyed', 'ResourceNotFoundException', () => cloud.destroy(), 'absent'],
])('a Delete looks again when somebody has %s the secret while its replicas go', async (_, error, meanwhile, state) => {
  const db = await cloud.deployed(properties({ ReplicaRegions: [{ Region: 'us-east-1' }] }));
  cloud.intercept('secretsmanager:RemoveRegionsFromReplication', async () => {
    await cloud.removeReplicas('us-east-1');
    await meanwhile();
    throw awsError(error);
  });
  expect(await db.delete()).toMatchObject(DONE);
  expect(await cloud.state()).toBe(state);
});

describe('a deletion without recovery', () => {
  const force = properties({ ForceDeleteWithoutRecovery: 'true' });

  test.each<[string, (db: Resource) => void]>([
    ['in a teardown', () => {}],
    ['when it leaves the template', (db) => db.cleanUp()],
  ])('happens when it is asked for, %s, and frees the name', async (_, removed) => {
    const db = await cloud.deployed(force);
    removed(db);
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.state()).toBe('absent');
    const next = await cloud.resource({ life: 2 }).create();
    expect(next).toMatchObject(CREATED);
    expect(next.physicalId).not.toBe(db.physicalId);
  });

  test('is asked for by an update, and no more by the next one', async () => {
    const db = await cloud.deployed();
    for (const [wanted, days] of [
      [force, undefined],
      [properties(), 14],
    ] as const) {
      await db.update(wanted);
      db.complete();
      db.cleanUp();
      await db.delete();
      expect(await cloud.daysLeft()).toBe(days);
      db.complete();
      await db.create();
      db.complete();
    }
  });

  const blind = () => cloud.fail('cloudformation:DescribeStackEvents', 'AccessDeniedException');

  test.each<[string, (db: Resource) => unknown]>([
    ['in a rollback of the first deployment', (db) => db.rollBack()],
    ['in the destruction of a stack that never was stable', (db) => db.fail()],
    ['where IAM would not permit it: the secret does not carry the wish', forgets(OWNERSHIP_TAG.recoveryWindow)],
    ['where IAM would not permit it: nothing says which stack holds the secret', forgets(OWNERSHIP_TAG.stackId)],
    ['where the events of the stack may not be seen', (db) => [db.complete(), blind()]],
  ])('does not happen %s', async (_, happens) => {
    const db = await cloud.created(force);
    await happens(db);
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.daysLeft()).toBe(14);
  });

  function forgets(tag: string) {
    return (db: Resource) => {
      db.complete();
      return cloud.untag([tag]);
    };
  }
});

/** However CloudFormation calls the end of a deployment that never completed. */
const ENDS: [string, (db: Resource) => void][] = [
  ['rolls back', (db) => db.rollBack()],
  ['is not rolled back, and its stack destroyed', (db) => db.fail()],
  ['is a first one with OnFailure: DELETE', (db) => db.enter('DELETE_IN_PROGRESS')],
  [
    'fails to roll back, and its stack is destroyed',
    (db) => {
      db.rollBack();
      db.enter('ROLLBACK_FAILED');
    },
  ],
  [
    'changes a stack that stays',
    (db) => {
      db.stack.events?.unshift({ status: 'CREATE_COMPLETE', at: 0 });
      db.stack.status = 'UPDATE_IN_PROGRESS';
      db.rollBack();
      db.cleanUp();
    },
  ],
  [
    'is not rolled back, and the next one goes on without the secret',
    (db) => {
      db.fail();
      db.cleanUp();
    },
  ],
  [
    'is one of a nested stack, complete already, and the one around it rolls back',
    (db) => {
      const root = cloud.resource({ stack: 'root' });
      root.stack.events = [{ status: 'CREATE_IN_PROGRESS', at: 0 }];
      db.complete();
      db.stack.rootId = root.stackId;
      root.rollBack();
      db.enter('DELETE_IN_PROGRESS');
    },
  ],
];

describe.each(ENDS)('a deployment that %s', (_, end) => {
  const failing = declaring('of the failed deployment', { ...OPTED_IN, ForceDeleteWithoutRecovery: 'true' });

  test('schedules what it had created', async () => {
    const db = await cloud.created();
    end(db);
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.daysLeft()).toBe(14);
  });

  test.each([
    ['its own', { owner: OWNER }],
    ['a foreign', { owner: 'bank' }],
    ["nobody's", {}],
  ])('schedules %s secret that it had restored again, with its owner and its value', async (_owner, holder) => {
    const physicalId = await cloud.createScheduled({ tags: heldBy(holder) });
    const db = await cloud.created(failing);
    end(db);
    expect(await db.delete()).toMatchObject({ ...DONE, physicalId });
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.holder()).toMatchObject({ owner: undefined, ...holder });
    await cloud.restore();
    expect(await cloud.value()).toBe('made by hand');
  });

  test.each<[string, Record<string, string>]>([
    ['of somebody else', BANK],
    ['of an earlier life', heldBy({ owner: OWNER, stackId: stackId('shop', 9), logicalId: 'Db' })],
    ['of nobody', {}],
  ])('gives a secret %s that it had adopted back, live, with its value', async (_owner, before) => {
    const tags = { ...before, team: 'payments' };
    const physicalId = await cloud.create({ tags });
    const db = await cloud.created(failing);
    end(db);
    expect(await db.delete()).toMatchObject({ ...DONE, physicalId });
    // Delivered once more, it finds a secret that is not its own.
    expect(await db.again()).toMatchObject(DONE);
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(tags);
    expect(await cloud.value()).toBe('made by hand');
  });
});

test('a deployment that failed does not take back what was written by hand since', async () => {
  await cloud.create();
  const db = await cloud.created(declaring('of the failed deployment', OPTED_IN));
  await cloud.put('by hand');
  db.rollBack();
  await db.delete();
  expect(await cloud.value()).toBe('by hand');
});

test.each([
  ['adopted', () => cloud.create({ tags: BANK })],
  ['restored', () => cloud.createScheduled({ tags: BANK })],
])('the teardown of a stack schedules what it had %s, as its own and with its value', async (_, prepare) => {
  await prepare();
  const db = await cloud.deployed(declaring('of the deployment', OPTED_IN));
  await db.delete();
  expect(await cloud.daysLeft()).toBe(14);
  expect(await cloud.holder()).toEqual(db.holder);
  await cloud.restore();
  expect(await cloud.value()).toBe('of the deployment');
});

// CloudFormation makes the id up when a Create was never answered.
describe('a Delete with an id that CloudFormation has made up', () => {
  test.each<[string, (db: Resource) => unknown, string]>([
    ['schedules what the deployment that is rolled back got hold of', (db) => db.rollBack(), 'pending'],
    ['schedules what a deployment that was not rolled back got hold of', (db) => db.fail(), 'pending'],
    ['leaves what an earlier deployment got hold of', (db) => [db.complete(), db.enter('UPDATE_IN_PROGRESS')], 'live'],
    ['leaves what another resource holds', () => cloud.tag(heldBy({ logicalId: 'Other' })), 'live'],
    ['leaves what nobody knows how it was come by', () => cloud.tag({ [OWNERSHIP_TAG.origin]: '' }), 'live'],
    ['does not miss a secret that is gone', () => cloud.destroy(), 'absent'],
  ])('%s', async (_, happens, state) => {
    const db = await cloud.created();
    await happens(db);
    db.rollBack();
    expect(await db.delete({ physicalId: MADE_UP })).toMatchObject({ ...DONE, physicalId: MADE_UP });
    expect(await cloud.state()).toBe(state);
  });
});

test('the rollback of an Update that renamed leaves what the resource held under that name before', async () => {
  const renamed = properties({ Name: 'prod/orders' });
  const db = await cloud.deployed(renamed);
  // The clean-up of the old secret failed, and CloudFormation forgot it.
  await db.update(properties());
  db.complete();
  cloud.breaks('DescribeSecret', 1);
  expect(await db.update(renamed)).toMatchObject(FAILED);
  db.rollBack();
  cloud.logged = [];
  expect(await db.update(properties())).toMatchObject(DONE);
  expect(await cloud.state('prod/orders')).toBe('live');
  const left = cloud.logged.map((line) => JSON.parse(line)).filter(({ step }) => step === 'leave');
  expect(left).toEqual([expect.objectContaining({ secret: 'prod/orders' })]);
});

// CloudFormation forgets what a clean-up could not do, and a person has nothing but the message.
describe('a secret that the clean-up of a failed deployment could not let go of', () => {
  /** Does what the message says, word by word. */
  async function follow(reason: string): Promise<void> {
    const [, version] = /AWSCURRENT is on its version (\S+?),/.exec(reason) ?? [];
    if (version) await cloud.makeCurrent(version);
    const [, owner] = /recoverable-secret:owner to '([^']*)'/.exec(reason) ?? [];
    if (owner) await cloud.tag({ [OWNERSHIP_TAG.owner]: owner });
    else if (/take away its tag recoverable-secret:owner/.test(reason)) await cloud.untag([OWNERSHIP_TAG.owner]);
    if (/recoverable-secret:origin to RETURNED/.test(reason)) await cloud.tag({ [OWNERSHIP_TAG.origin]: 'RETURNED' });
    const [, days] = /delete-secret --secret-id arn:\S+ --recovery-window-in-days (\d+)/.exec(reason) ?? [];
    if (days) await cloud.schedule(NAME, Number(days));
  }

  const FAILING: [of: 'bank' | 'nobody', 'live' | 'pending', readonly string[]][] = [
    ['bank', 'live', ['UpdateSecretVersionStage', 'TagResource', 'UntagResource']],
    ['nobody', 'live', ['UpdateSecretVersionStage', 'TagResource', 'UntagResource']],
    ['bank', 'pending', ['UpdateSecretVersionStage', 'TagResource', 'DeleteSecret']],
    ['nobody', 'pending', ['UpdateSecretVersionStage', 'UntagResource', 'DeleteSecret']],
  ];

  test.each(
    FAILING.flatMap(([of, state, operations]) => operations.map((operation) => [of, state, operation] as const)),
  )('is as it was found when a person does what the message says: of %s, %s, at %s', async (of, state, operation) => {
    const tags = of === 'bank' ? BANK : {};
    const stays = cloud.resource({ logicalId: 'Other' });
    stays.complete();
    const arn = await (state === 'live' ? cloud.create({ tags }) : cloud.createScheduled({ tags }));
    stays.enter('UPDATE_IN_PROGRESS');
    const db = await cloud.created(declaring('of the failed deployment', OPTED_IN));
    db.rollBack();
    db.cleanUp();
    cloud.breaks(operation);
    const { status, reason } = await db.delete();
    expect(status).toBe('FAILED');
    await follow(reason);
    expect(await cloud.state()).toBe(state);
    const holder = await cloud.holder();
    if (state === 'live') expect(heldBy(holder)).toEqual(tags);
    else expect(holder.owner).toBe(of === 'bank' ? 'bank' : undefined);
    if (state === 'pending') await cloud.restore();
    expect(await cloud.value()).toBe('made by hand');
    expect((await cloud.describe())?.ARN).toBe(arn);
  });

  test('and that it was to schedule is scheduled as the message says', async () => {
    const db = await cloud.deployed();
    db.cleanUp();
    cloud.fail('secretsmanager:DeleteSecret', 'AccessDeniedException');
    const { reason } = await db.delete();
    expect(await cloud.state()).toBe('live');
    await follow(reason);
    expect(await cloud.daysLeft()).toBe(14);
  });
});
