import { OWNERSHIP_TAG } from '../../src/private/contract';
import { Cloud, NO_ARN } from './cloud';
import { BANK, declaring, heldBy, NAME, OWNER, type Properties, properties, stackId } from './requests';
import type { Resource } from './resource';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const done = { status: 'SUCCESS' };

describe('the secret of a resource that goes', () => {
  test.each([
    ['7', 7],
    ['30', 30],
    [undefined, 30],
  ])('is scheduled with the window, by its full ARN (%s days)', async (RecoveryWindowInDays, days) => {
    const db = await cloud.deployed(properties({ RecoveryWindowInDays }));
    const { physicalId } = db;
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.daysLeft()).toBe(days);
    expect(cloud.operations).toEqual(['DescribeSecret', 'DeleteSecret']);
  });

  test('keeps its tags, so that the next deployment finds its owner', async () => {
    const db = await cloud.deployed();
    const tags = await cloud.tags();
    await db.delete();
    expect(await cloud.tags()).toEqual(tags);
  });

  test('is scheduled once, however often the request is delivered', async () => {
    const db = await cloud.deployed();
    const first = await db.delete();
    const end = (await cloud.describe())?.DeletedDate;
    expect(await db.again()).toEqual(first);
    expect((await cloud.describe())?.DeletedDate).toEqual(end);
  });

  test('is not scheduled by a late request after it came back', async () => {
    const db = await cloud.deployed();
    db.cleanUp();
    await db.delete();
    const old = db.lastRequest;
    db.complete();
    expect(await db.create()).toMatchObject({ data: { Outcome: 'RESTORED' } });
    expect(await db.late(old)).toMatchObject({ status: 'FAILED' });
    expect(await cloud.state()).toBe('live');
  });

  test('is scheduled by a late request while its successor is complete', async () => {
    const db = await cloud.deployed();
    const { physicalId, properties: before } = db;
    await db.update(properties({ Name: 'prod/orders' }));
    db.cleanUp();
    cloud.fresh = false;
    const deleting = db.delete({ physicalId, properties: before });
    db.stack.resources.Db = 'UPDATE_COMPLETE';
    expect(await deleting).toMatchObject(done);
    expect(await cloud.state()).toBe('pending');
    expect(await cloud.state('prod/orders')).toBe('live');
  });

  test('keeps its date when somebody has scheduled it before', async () => {
    const db = await cloud.deployed();
    await cloud.schedule(NAME, 9);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.daysLeft()).toBe(9);
    expect(cloud.changes).toEqual([]);
  });

  test('may be gone already', async () => {
    const db = await cloud.deployed();
    await cloud.destroy();
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
    expect(cloud.changes).toEqual([]);
  });

  test.each([
    ['another owner', { owner: 'bank' }],
    ['another stack', { stackId: stackId('bank') }],
    ['another life of its stack', { stackId: stackId('shop', 2) }],
    ['another resource', { logicalId: 'Other' }],
  ])('is left alone when it has %s', async (_, holder) => {
    const db = await cloud.deployed(properties({ ForceDeleteWithoutRecovery: 'true' }));
    await cloud.tag(heldBy(holder));
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state()).toBe('live');
  });

  test.each<[string, (keyof typeof OWNERSHIP_TAG)[], string]>([
    ['is left alone when it lost all tags', ['owner', 'stackId', 'logicalId', 'origin', 'recoveryWindow'], 'live'],
    ['is left alone when it lost the tags of owner and stack', ['owner', 'stackId'], 'live'],
    ['is scheduled when it lost only its owner', ['owner'], 'pending'],
    ['is scheduled when it lost only its stack', ['stackId'], 'pending'],
    ['is scheduled when it lost only its resource', ['logicalId'], 'pending'],
  ])('%s', async (_, lost, state) => {
    const db = await cloud.deployed();
    await cloud.untag(lost.map((tag) => OWNERSHIP_TAG[tag]));
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe(state);
  });

  test('is left alone when it was made again by hand', async () => {
    const db = await cloud.deployed();
    await cloud.destroy();
    await cloud.create();
    expect(await db.delete({ physicalId: (await cloud.describe())?.ARN })).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
  });

  test('is left alone when the Create was refused', async () => {
    await cloud.create({ tags: BANK });
    const db = cloud.resource();
    const { physicalId } = await db.create();
    expect(physicalId).toEqual(NO_ARN);
    db.rollBack();
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(cloud.changes).toEqual([]);
  });

  test.each([
    ['on the day', new Date('2026-03-04T22:00:00Z'), 'last used: 2026-03-04'],
    ['never', undefined, 'last used: never, as far as AWS tells'],
  ])('is told to have been used %s', async (_, LastAccessedDate, reason) => {
    const db = await cloud.deployed();
    cloud.showing((secret) => ({ ...secret, LastAccessedDate }));
    expect(await db.delete()).toMatchObject({ ...done, reason });
  });

  test.each<[string, (db: Resource) => void, RegExp]>([
    ['its stack, to delete that again', () => {}, /is not deleted; delete the stack again/],
    [
      'the template of a stack that stays, to schedule it by hand, as CloudFormation forgets it',
      (db) => db.cleanUp(),
      /stays live.* aws secretsmanager delete-secret --secret-id arn:\S+ --recovery-window-in-days 14/,
    ],
  ])('and may not be deleted tells whoever removes %s', async (_, removes, advice) => {
    const db = await cloud.deployed();
    removes(db);
    cloud.fail('secretsmanager:DeleteSecret', 'AccessDeniedException');
    const answer = await db.delete();
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toMatch(advice);
    expect(await cloud.state()).toBe('live');
  });
});

describe('a deletion without recovery', () => {
  const force = properties({ ForceDeleteWithoutRecovery: 'true' });

  test.each<[string, (db: Resource) => void]>([
    ['in a teardown', () => {}],
    ['when it leaves the template', (db) => db.cleanUp()],
  ])('happens when it is asked for, %s', async (_, removed) => {
    const db = await cloud.deployed(force);
    removed(db);
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('absent');
  });

  test.each(['false', 'False', '', 'no', undefined])('is not asked for with %p', async (flag) => {
    const db = await cloud.deployed(properties({ ForceDeleteWithoutRecovery: flag as 'false' }));
    await db.delete();
    expect(await cloud.state()).toBe('pending');
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

  test.each<[string, (db: Resource) => unknown]>([
    ['in a rollback of the first deployment', (db) => db.rollBack()],
    ['in the destruction of a stack that never was stable', (db) => db.fail()],
    [
      'in the destruction of a stack that was rolled back',
      (db) => {
        db.rollBack();
        db.complete();
      },
    ],
    [
      'while another deployment has not ended well',
      (db) => {
        db.complete();
        db.enter('UPDATE_IN_PROGRESS');
        db.fail();
      },
    ],
    [
      'in the clean-up of a rollback',
      (db) => {
        db.complete();
        db.enter('UPDATE_IN_PROGRESS');
        db.rollBack();
        db.cleanUp();
      },
    ],
    [
      'where IAM would not permit it: the secret does not carry the wish',
      async (db) => {
        db.complete();
        await cloud.tag({ [OWNERSHIP_TAG.recoveryWindow]: '30' });
      },
    ],
    [
      'where IAM would not permit it: nothing says which stack holds the secret',
      async (db) => {
        db.complete();
        await cloud.untag([OWNERSHIP_TAG.stackId]);
      },
    ],
    [
      'where the events of the stack may not be seen',
      (db) => {
        db.complete();
        cloud.fail('cloudformation:DescribeStackEvents', 'AccessDeniedException');
      },
    ],
  ])('does not happen %s', async (_, happens) => {
    const db = await cloud.created(force);
    await happens(db);
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.daysLeft()).toBe(14);
  });

  test('does not happen to a secret that is scheduled already', async () => {
    const db = await cloud.deployed(force);
    await cloud.schedule();
    await db.delete();
    expect(await cloud.daysLeft()).toBe(9);
  });

  test('does not happen for a request of a rollback, while somebody deletes the stack already', async () => {
    const db = await cloud.created(force);
    cloud.fail('secretsmanager:DeleteSecret', 'InternalServiceError', { times: 1 });
    db.rollBack();
    expect(await db.delete()).toMatchObject({ status: 'FAILED' });
    db.enter('DELETE_IN_PROGRESS');
    expect(await db.again()).toMatchObject(done);
    expect(await cloud.state()).toBe('pending');
  });

  test('does not need to know how the secret was come by', async () => {
    const db = await cloud.deployed(force);
    await cloud.tag({ [OWNERSHIP_TAG.origin]: '' });
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('absent');
  });

  test('frees the name for the next deployment', async () => {
    const db = await cloud.deployed(force);
    await db.delete();
    const answer = await cloud.resource({ life: 2 }).create();
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
    expect(answer.physicalId).not.toBe(db.physicalId);
  });
});

/** However CloudFormation calls the end of a deployment that never completed; with what there was before it. */
const ENDS: [string, () => void, (db: Resource) => void][] = [
  ['rolls back', () => {}, (db) => db.rollBack()],
  ['is not rolled back, and its stack destroyed', () => {}, (db) => db.fail()],
  ['is a first one with OnFailure: DELETE', () => {}, (db) => db.enter('DELETE_IN_PROGRESS')],
  [
    'fails to roll back, and its stack is destroyed',
    () => {},
    (db) => {
      db.rollBack();
      db.enter('ROLLBACK_FAILED');
    },
  ],
  [
    'changes a stack that stays',
    () => cloud.resource({ logicalId: 'Other' }).complete(),
    (db) => {
      db.rollBack();
      db.cleanUp();
    },
  ],
  [
    'is one of a nested stack, complete already, and the one around it rolls back',
    () => {
      cloud.resource({ stack: 'root' });
    },
    (db) => {
      db.complete();
      const root = cloud.resource({ stack: 'root' });
      db.stack.rootId = root.stackId;
      root.rollBack();
      db.enter('DELETE_IN_PROGRESS');
    },
  ],
];

describe.each(ENDS)('a deployment that %s', (_, begin, end) => {
  beforeEach(begin);

  test('schedules what it had created', async () => {
    const db = await cloud.created();
    end(db);
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.daysLeft()).toBe(14);
  });

  test.each([
    ['its own', { owner: OWNER }],
    ['a foreign', { owner: 'bank' }],
    ["nobody's", {}],
  ])('schedules %s secret that it had restored again, with its owner and its value', async (_owner, holder) => {
    const arn = await cloud.create({ tags: heldBy(holder) });
    await cloud.schedule(NAME, 9);
    const db = await cloud.created(declaring('of the failed deployment', { RestorePolicy: 'ALWAYS' }));
    end(db);
    expect(await db.delete()).toMatchObject({ ...done, physicalId: arn });
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
    const arn = await cloud.create({ tags });
    const db = await cloud.created(
      declaring('of the failed deployment', { ExistingSecretPolicy: 'ADOPT', ForceDeleteWithoutRecovery: 'true' }),
    );
    end(db);
    expect(await db.delete()).toMatchObject({ ...done, physicalId: arn });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(tags);
    expect(await cloud.value()).toBe('made by hand');
    // Delivered once more, it finds a secret that is not its own.
    expect(await db.again()).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
  });
});

describe('a deployment that failed', () => {
  test('does not take back what was written by hand since', async () => {
    await cloud.create();
    const db = await cloud.created(declaring('of the failed deployment', { ExistingSecretPolicy: 'ADOPT' }));
    await cloud.put('by hand');
    db.rollBack();
    await db.delete();
    expect(await cloud.value()).toBe('by hand');
  });

  test('is no reason to give back what an earlier one had adopted', async () => {
    await cloud.create({ tags: BANK });
    const db = await cloud.deployed(declaring('one', { ExistingSecretPolicy: 'ADOPT' }));
    await db.update(declaring('two', { ExistingSecretPolicy: 'ADOPT' }));
    db.fail();
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.holder()).toEqual(db.holder);
  });

  test('may be completed by the next one, which keeps what it had adopted', async () => {
    await cloud.create({ tags: BANK });
    const adopting = declaring('one', { ExistingSecretPolicy: 'ADOPT' });
    const db = await cloud.created(adopting);
    db.fail();
    await db.update({ ...adopting, Description: 'x' });
    db.complete();
    await db.delete();
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.holder()).toEqual(db.holder);
  });

  test('gives back what it had adopted where the events of the stack may not be seen', async () => {
    await cloud.create({ tags: BANK });
    const db = await cloud.deployed(properties({ ExistingSecretPolicy: 'ADOPT' }));
    cloud.fail('cloudformation:DescribeStackEvents', 'AccessDeniedException');
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(BANK);
  });
});

// CloudFormation forgets what a clean-up could not do, and a person has nothing but the message.
describe('a secret that the clean-up of a failed deployment could not let go of', () => {
  const wanted = { ExistingSecretPolicy: 'ADOPT', RestorePolicy: 'ALWAYS' } as const;

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
    const arn = await cloud.create({ tags });
    if (state === 'pending') await cloud.schedule(NAME, 9);
    stays.enter('UPDATE_IN_PROGRESS');
    const db = await cloud.created(declaring('of the failed deployment', wanted));
    db.rollBack();
    db.cleanUp();
    cloud.fail(`secretsmanager:${operation}`, 'InternalServiceError');
    const { status, reason } = await db.delete();
    expect(status).toBe('FAILED');
    expect(reason).not.toMatch(/delete the stack/);
    await follow(reason);
    expect(await cloud.state()).toBe(state);
    const holder = await cloud.holder();
    if (state === 'live') expect(heldBy(holder)).toEqual(tags);
    else expect(holder.owner).toBe(of === 'bank' ? 'bank' : undefined);
    if (state === 'pending') await cloud.restore();
    expect(await cloud.value()).toBe('made by hand');
    expect((await cloud.describe())?.ARN).toBe(arn);
  });
});

describe('the teardown of a stack', () => {
  test.each<[string, () => Promise<unknown>, Properties]>([
    ['adopted', () => cloud.create({ tags: BANK }), { ExistingSecretPolicy: 'ADOPT' }],
    [
      'restored',
      async () => {
        await cloud.create({ tags: BANK });
        await cloud.schedule();
      },
      { RestorePolicy: 'ALWAYS' },
    ],
  ])('schedules what it had %s, as its own and with the value of the deployment', async (_, prepare, policy) => {
    await prepare();
    const db = await cloud.deployed(declaring('of the deployment', policy));
    await db.delete();
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.holder()).toEqual(db.holder);
    await cloud.restore();
    expect(await cloud.value()).toBe('of the deployment');
  });
});
