import { UntagResourceCommand } from '@aws-sdk/client-secrets-manager';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { awsError, Cloud, NO_ARN, sm } from './cloud';
import { BANK, declaring, NAME, OWNER, type Properties, properties, stackId } from './requests';
import type { Resource } from './resource';

// What hardly ever happens, and then has to be right as well.

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const FAR = 'us-east-1';
const RENAMED = 'prod/orders';
const REPLICATED: Properties = { ReplicaRegions: [{ Region: FAR }] };

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

  test('succeeds although the secret has become a replica', async () => {
    const { db, before } = await rollingBack(async () => {
      await cloud.destroy();
      await cloud.primaryIn(FAR, NAME);
    });
    const { ARN } = (await cloud.describe()) ?? {};
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId: ARN, data: { Outcome: 'ADOPTED' } });
    expect(cloud.inputs('DeleteSecret')).toEqual([]);
  });

  test('succeeds although somebody else has taken the secret, and leaves it to them', async () => {
    const { db, before, physicalId } = await rollingBack(() => cloud.tag(BANK));
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId, data: { Outcome: 'ADOPTED' } });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.tags()).toMatchObject(BANK);
  });

  test('counts a secret whose origin nobody can read as adopted', async () => {
    const { db, before, physicalId } = await rollingBack(() => cloud.tag({ [OWNERSHIP_TAG.origin]: '' }));
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId, data: { Outcome: 'ADOPTED' } });
  });

  test('creates nothing in place of what is gone, and tells no ARN of something else', async () => {
    const { db, before, physicalId } = await rollingBack(() => cloud.destroy());
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId: NO_ARN });
    expect(await cloud.state()).toBe('absent');
    db.physicalId = physicalId;
    const answer = await db.again();
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'ADOPTED' } });
    expect(await cloud.state()).toBe('absent');
  });

  test('tells the ARN of what is gone, as far as CloudFormation knows it', async () => {
    const { db, before, physicalId } = await rollingBack(() => cloud.destroy());
    db.physicalId = physicalId;
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId, data: { Outcome: 'ADOPTED' } });
    expect(cloud.changes).not.toContain('CreateSecret');
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

  test('is undone while CloudFormation waits for it', async () => {
    expect(await failing('UPDATE_IN_PROGRESS')).toMatchObject({ status: 'FAILED' });
    expect(await cloud.state(RENAMED)).toBe('pending');
  });

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
  async function givenBack(tags: Record<string, string>, before = async () => {}) {
    await cloud.create({ tags });
    const db = await cloud.deployed(properties({ ExistingSecretPolicy: 'ADOPT', ForceDeleteWithoutRecovery: 'true' }));
    db.rollBack();
    await before();
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
  }

  test('takes one call to say whose it is, and one to clean up', async () => {
    await givenBack(BANK);
    expect(cloud.changes).toEqual(['TagResource', 'UntagResource']);
    expect(cloud.logged.map((line) => JSON.parse(line).step)).toEqual(['adopt', 'return']);
  });

  test('and scheduled again takes one call for each', async () => {
    await cloud.create({ tags: BANK });
    await cloud.schedule();
    const db = await cloud.deployed(properties({ RestorePolicy: 'ALWAYS' }));
    db.rollBack();
    await db.delete();
    expect(cloud.changes).toEqual(['TagResource', 'DeleteSecret']);
  });

  test('to nobody loses its owner first', async () => {
    await givenBack({}, async () => cloud.fail(sm('UntagResource'), 'AccessDeniedException', { skip: 1 }));
    expect(await cloud.tags()).not.toHaveProperty([OWNERSHIP_TAG.owner]);
    expect(cloud.changes.slice(0, 2)).toEqual(['UntagResource', 'TagResource']);
    expect(cloud.inputs('UntagResource')[0].TagKeys).toEqual([OWNERSHIP_TAG.owner]);
  });

  test('to nobody knows whom stays as it is', async () => {
    await givenBack(BANK, async () => {
      const removed = { SecretId: NAME, TagKeys: [OWNERSHIP_TAG.previousOwner] };
      await cloud.client().send(new UntagResourceCommand(removed));
    });
    expect(cloud.changes).toEqual([]);
  });
});

describe('a secret that is being given back', () => {
  const returned = {
    [OWNERSHIP_TAG.owner]: 'bank',
    [OWNERSHIP_TAG.origin]: 'RETURNED',
    [OWNERSHIP_TAG.previousOwner]: 'bank',
    [OWNERSHIP_TAG.previousStackId]: stackId('bank'),
    [OWNERSHIP_TAG.previousLogicalId]: 'Vault',
  };

  test('is adopted when that is done', async () => {
    await cloud.create({ tags: returned });
    let looks = 0;
    cloud.intercept(sm('DescribeSecret'), async (_, next) => {
      if (++looks === 2) await cloud.tag({ [OWNERSHIP_TAG.origin]: 'CREATED request-0 2026-01-01T00:00:00.000Z' });
      return next();
    });
    const answer = await cloud.resource().create(properties({ ExistingSecretPolicy: 'ADOPT' }));
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'ADOPTED' } });
    expect(looks).toBe(2);
  });

  test('is adopted all the same when tags of the take-over stay', async () => {
    await cloud.create({ tags: returned });
    const db = cloud.resource();
    const answer = await db.create(properties({ ExistingSecretPolicy: 'ADOPT' }));
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'ADOPTED' } });
    expect(cloud.waited).toBe(6);
    expect(await cloud.tags()).toMatchObject({
      [OWNERSHIP_TAG.stackId]: db.stackId,
      [OWNERSHIP_TAG.previousStackId]: stackId('bank'),
    });
  });

  test('and scheduled is restored at once', async () => {
    await cloud.create({ tags: { ...returned, [OWNERSHIP_TAG.owner]: OWNER } });
    await cloud.schedule();
    expect(await cloud.resource().create()).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'RESTORED' } });
    expect(cloud.waited).toBe(0);
  });
});

describe('a second delivery', () => {
  test('waits for the first one, which has restored the secret of another owner and is about to claim it', async () => {
    await cloud.create({ tags: BANK });
    const db = cloud.resource();
    let looks = 0;
    cloud.intercept(sm('DescribeSecret'), async (_, next) => {
      if (++looks === 3) await cloud.tag(claimed(db));
      return next();
    });
    const answer = await db.create(properties({ RestorePolicy: 'ALWAYS' }));
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'RESTORED' } });
    expect(cloud.waited).toBe(3);
    expect(await cloud.state()).toBe('live');
  });

  test('that adopts what the first one has just restored does not hide that from a rollback', async () => {
    await cloud.create({ tags: BANK });
    await cloud.schedule();
    const db = cloud.resource();
    let looks = 0;
    cloud.intercept(sm('DescribeSecret'), async (_, next) => {
      if (++looks === 2) await cloud.tag({ ...claimed(db, 'ADOPTED'), [OWNERSHIP_TAG.previousOwner]: 'bank' });
      return next();
    });
    const answer = await db.create(properties({ RestorePolicy: 'ALWAYS', ExistingSecretPolicy: 'ADOPT' }));
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'RESTORED' } });
    expect(await cloud.tags()).toMatchObject({ [OWNERSHIP_TAG.restoredBy]: db.requestId });
    db.rollBack();
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('pending');
    expect(await cloud.tags()).toMatchObject({ [OWNERSHIP_TAG.owner]: 'bank' });
  });

  test('that gives the secret back leaves the rest of a claim, which is undone', async () => {
    await cloud.create({ tags: BANK });
    await cloud.schedule();
    const db = cloud.resource();
    cloud.intercept(sm('UpdateSecret'), async () => {
      await cloud.client().send(new UntagResourceCommand({ SecretId: NAME, TagKeys: [OWNERSHIP_TAG.origin] }));
      throw awsError('InternalServiceError');
    });
    const of = properties({ RestorePolicy: 'ALWAYS', Description: 'new' });
    expect(await db.create(of)).toMatchObject({ status: 'FAILED' });
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.tags()).toMatchObject({ [OWNERSHIP_TAG.owner]: 'bank' });
  });

  test('that gives an adopted secret back leaves the rest of a claim, which is given back as well', async () => {
    await cloud.create({ tags: BANK });
    const db = cloud.resource();
    cloud.intercept(sm('UpdateSecret'), async () => {
      const TagKeys = Object.values(OWNERSHIP_TAG).filter((key) => !(key in BANK));
      await cloud.client().send(new UntagResourceCommand({ SecretId: NAME, TagKeys }));
      throw awsError('InternalServiceError');
    });
    const of = properties({ ExistingSecretPolicy: 'ADOPT', Description: 'new' });
    expect(await db.create(of)).toMatchObject({ status: 'FAILED' });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(BANK);
  });

  /** The tags of the request that is under way. */
  const claimed = (db: Resource, outcome = 'RESTORED') => ({
    [OWNERSHIP_TAG.owner]: OWNER,
    [OWNERSHIP_TAG.stackId]: db.stackId,
    [OWNERSHIP_TAG.logicalId]: db.logicalId,
    [OWNERSHIP_TAG.origin]: `${outcome} ${db.requestId} ${new Date().toISOString()}`,
  });

  test('writes the value to which the first one did not come', async () => {
    await cloud.create({ tags: { ...BANK, [OWNERSHIP_TAG.owner]: OWNER } });
    await cloud.schedule();
    cloud.fresh = false;
    const db = cloud.resource();
    // So that it is not undone.
    cloud.intercept(sm('PutSecretValue'), async (_, next) => {
      if (db.stack.resources.Db === 'CREATE_COMPLETE') return next();
      db.stack.resources.Db = 'CREATE_COMPLETE';
      throw awsError('InternalServiceError');
    });
    expect(await db.create(declaring('new'))).toMatchObject({ status: 'FAILED' });
    expect(await cloud.value()).toBe('made by hand');
    db.stack.resources.Db = 'CREATE_COMPLETE';
    cloud.fresh = true;
    expect(await cloud.answer(db.lastRequest)).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'RESTORED' } });
    expect(await cloud.value()).toBe('new');
  });

  test('does not write the value of a secret that it has created once more, although its version is gone', async () => {
    const db = await cloud.deployed(declaring('new'));
    await cloud.put('by hand');
    cloud.showing((secret) => ({ ...secret, VersionIdsToStages: { other: ['AWSCURRENT'] } }));
    expect(await db.again()).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
    expect(await cloud.value()).toBe('by hand');
    expect(cloud.changes).toEqual([]);
  });
});

test('a secret that is given to somebody else while its replicas go is left to them', async () => {
  const db = await cloud.deployed(properties(REPLICATED));
  cloud.intercept(sm('RemoveRegionsFromReplication'), async (_, next) => {
    await cloud.tag(BANK);
    return next();
  });
  expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
  expect(await cloud.state()).toBe('live');
  expect(await cloud.tags()).toMatchObject(BANK);
  expect(cloud.changes).toEqual(['RemoveRegionsFromReplication']);
});

test('a deletion without recovery does not need to know how the secret was come by', async () => {
  const db = await cloud.deployed(properties({ ForceDeleteWithoutRecovery: 'true' }));
  await cloud.tag({ [OWNERSHIP_TAG.origin]: '' });
  expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
  expect(await cloud.state()).toBe('absent');
});

describe('a secret of another owner', () => {
  const always = properties({ RestorePolicy: 'ALWAYS' });

  test('is restored although it is not seen for a moment', async () => {
    await cloud.create({ tags: BANK });
    await cloud.schedule();
    let looks = 0;
    cloud.intercept(sm('DescribeSecret'), async (_, next) => {
      if (++looks === 2) throw awsError('ResourceNotFoundException');
      return next();
    });
    expect(await cloud.resource().create(always)).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'RESTORED' } });
  });

  test.each([
    ['its owner', BANK, stackId('bank')],
    ['somebody without a stack', { [OWNERSHIP_TAG.owner]: 'depot' }, 'somebody else'],
  ])('that %s takes at the same time is left to them', async (_, tags, who) => {
    await cloud.create();
    await cloud.schedule();
    cloud.intercept(sm('RestoreSecret'), async (_call, next) => {
      const output = await next();
      await cloud.tag(tags);
      return output;
    });
    const answer = await cloud.resource().create(always);
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toContain(`secret '${NAME}' was taken by ${who} at the same time; `);
    expect(await cloud.tags()).toEqual(tags);
    expect(await cloud.state()).toBe('live');
  });
});

test('a secret that is never restored, because it is being deleted for good, fails the creation in the end', async () => {
  await cloud.create({ tags: { ...BANK, [OWNERSHIP_TAG.owner]: OWNER } });
  await cloud.schedule();
  cloud.fail(sm('RestoreSecret'), 'InvalidRequestException');
  const { reason } = await cloud.resource().create();
  expect(reason).toContain(`secret '${NAME}' could not be restored, it is being deleted for good; `);
  expect(cloud.waited).toBeGreaterThan(100);
});

describe('a restoration whose answer gets lost while the secret still looks scheduled', () => {
  async function create(meanwhile: () => Promise<unknown>, of: Properties = {}) {
    const arn = await cloud.create({ tags: { ...BANK, [OWNERSHIP_TAG.owner]: OWNER } });
    await cloud.schedule();
    let lost = false;
    cloud.intercept(sm('RestoreSecret'), async (_, next) => {
      const output = await next();
      if (lost) return output;
      lost = true;
      await meanwhile();
      throw awsError('InvalidRequestException');
    });
    cloud.showing((secret, count) => (count === 2 ? { ...secret, DeletedDate: new Date() } : secret));
    return { arn, ...(await cloud.resource().create(properties(of))) };
  }

  test('is a restoration all the same, which no policy for live secrets concerns', async () => {
    const { arn, ...answer } = await create(async () => {}, { ExistingSecretPolicy: 'FAIL' });
    expect(answer).toMatchObject({ status: 'SUCCESS', physicalId: arn, data: { Outcome: 'RESTORED' } });
    expect(cloud.logged.map((line) => JSON.parse(line))).toEqual([
      { step: 'restore', secret: arn },
      { step: 'restore', secret: arn },
    ]);
  });

  test('is none when somebody else has taken the secret since', async () => {
    expect(await create(() => cloud.tag(BANK))).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(await cloud.tags()).toEqual(BANK);
    expect(await cloud.state()).toBe('live');
  });
});

describe('an Update of a secret', () => {
  test('that is scheduled, and then being deleted for good, says so', async () => {
    const db = await cloud.deployed();
    await cloud.schedule();
    cloud.fail(sm('RestoreSecret'), 'InvalidRequestException');
    const answer = await db.update(properties({ Description: 'x' }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toContain(`secret '${NAME}' is being deleted for good; `);
    expect(cloud.changes).toEqual(['RestoreSecret']);
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
    if (stackStatus) db.stack.status = stackStatus;
    else cloud.fail('cloudformation:DescribeStacks', 'AccessDenied');
    cloud.fail(sm('ReplicateSecretToRegions'), 'InternalServiceError');
    expect(await db.update(properties({ Description: 'x', ...REPLICATED }))).toMatchObject({ status });
    expect((await cloud.describe())?.Description).toBe('x');
    const told = cloud.logged
      .map((line) => JSON.parse(line))
      .filter(({ step }) => step === 'replicas not brought back');
    expect(told).toEqual(
      status === 'SUCCESS'
        ? [{ step: 'replicas not brought back', secret: db.physicalId, error: 'InternalServiceError' }]
        : [],
    );
  });
});

describe('a Delete of a secret with replicas', () => {
  test('notes those that the template does not declare', async () => {
    const db = await cloud.deployed();
    await cloud.addReplica(FAR);
    await db.delete();
    expect(cloud.changes).toEqual(['TagResource', 'RemoveRegionsFromReplication', 'DeleteSecret']);
    expect(await cloud.tags()).toMatchObject({ [OWNERSHIP_TAG.leavingReplicas]: FAR });
  });

  test('does not note once more those that it has noted', async () => {
    const db = await cloud.deployed();
    await cloud.tag({ [OWNERSHIP_TAG.leavingReplicas]: FAR });
    await db.delete();
    expect(cloud.changes).toEqual(['DeleteSecret']);
    expect(cloud.calls.filter(({ region }) => region === FAR)).toHaveLength(1);
  });
});

describe('a secret with tags of CloudFormation', () => {
  const native = { 'aws:cloudformation:stack-id': stackId('native'), 'aws:cloudformation:logical-id': 'Native' };
  const adopting = properties({ ExistingSecretPolicy: 'ADOPT' });

  test('is refused with all that has to be done', async () => {
    cloud.stacks.set(stackId('native'), { status: 'UPDATE_COMPLETE', resources: { Native: 'CREATE_COMPLETE' } });
    await cloud.create({ tags: native });
    expect((await cloud.resource().create(adopting)).reason).toBe(
      `secret '${NAME}' is still resource Native of stack ${stackId('native')}, whose removal would delete it for ` +
        'good; nothing was changed; deploy that resource with removalPolicy: RemovalPolicy.RETAIN, then remove it, ' +
        'then deploy this one again',
    );
  });

  test.each(Object.keys(native))('of which only %s is there is not asked about', async (key) => {
    await cloud.create({ tags: { [key]: 'Native' } });
    expect(await cloud.resource().create(adopting)).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.operations.filter((operation) => operation.startsWith('DescribeStack'))).toEqual([]);
  });
});

test('a secret that AWS does not let go in full goes back to its owner at least', async () => {
  await cloud.create({ tags: BANK });
  const db = await cloud.deployed(properties({ ExistingSecretPolicy: 'ADOPT' }));
  db.rollBack();
  cloud.intercept(sm('TagResource'), async ({ input }, next) => {
    if (input.Tags.some(({ Key }: { Key: string }) => Key === OWNERSHIP_TAG.stackId)) {
      throw awsError('AccessDeniedException');
    }
    return next();
  });
  expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
  expect(await cloud.tags()).toMatchObject({
    [OWNERSHIP_TAG.owner]: 'bank',
    [OWNERSHIP_TAG.stackId]: stackId('shop'),
    [OWNERSHIP_TAG.origin]: 'RETURNED',
  });
  expect(cloud.operations).not.toContain('UntagResource');
  expect(JSON.parse(cloud.logged.at(-1) ?? '')).toEqual({
    step: 'given back',
    secret: db.physicalId,
    why: 'some tags of the take-over stay',
  });
  // What stays makes it nobody else's.
  expect(
    await cloud
      .resource({ stack: 'bank', logicalId: 'Vault' })
      .delete({ physicalId: db.physicalId, properties: properties({ Owner: 'bank' }) }),
  ).toMatchObject({ status: 'SUCCESS' });
  expect(await cloud.state()).toBe('pending');
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
    ['another stack', { [OWNERSHIP_TAG.stackId]: stackId('bank') }],
    ['another resource', { [OWNERSHIP_TAG.logicalId]: 'Vault' }],
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

  test('asks who holds the secret only where there is much to lose', async () => {
    const db = await cloud.deployed(declaring('one'));
    cloud.fresh = false;
    await db.update(declaring('one', { Description: 'x' }));
    expect(cloud.operations).toEqual(['DescribeStackResource', 'DescribeSecret', 'UpdateSecret']);
    cloud.calls = [];
    await cloud.tag({ [OWNERSHIP_TAG.origin]: '' });
    expect(await db.update(declaring('two', { Description: 'x' }))).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.operations.filter((operation) => operation === 'DescribeSecret')).toHaveLength(2);
  });
});

describe('a Create that fails', () => {
  const adopting: Properties = { Description: 'new', ExistingSecretPolicy: 'ADOPT' };
  const steps = () => cloud.logged.map((line) => JSON.parse(line)).filter(({ step }) => /undo|left to/.test(step));

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

  test('logs that it is undone', async () => {
    const arn = await cloud.create({ tags: BANK });
    await failing('UpdateSecret', async () => {});
    expect(steps()).toEqual([{ step: 'undo', secret: arn }]);
  });

  test('logs that it could not be undone, and why', async () => {
    const arn = await cloud.create({ tags: BANK });
    cloud.fail(sm('TagResource'), 'TypeError', { skip: 1 });
    const { answer } = await failing('UpdateSecret', async () => {});
    expect(answer.reason).toContain('could not be put back');
    expect(steps().at(-1)).toEqual({ step: 'undo failed', secret: arn, error: 'TypeError' });
  });

  test('leaves the secret to whoever has taken it from somebody meanwhile', async () => {
    const arn = await cloud.create();
    const taken = { ...BANK, [OWNERSHIP_TAG.previousOwner]: 'depot' };
    await failing('TagResource', () => cloud.tag(taken));
    expect(await cloud.tags()).toEqual(taken);
    expect(steps()).toEqual([{ step: 'left to its new holder', secret: arn }]);
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
    expect(steps()).toEqual([]);
  });

  test('schedules what it found live, because another delivery of it had restored it', async () => {
    await cloud.create({ tags: BANK });
    await failing('UpdateSecret', (db) => cloud.tag({ [OWNERSHIP_TAG.restoredBy]: db.requestId }));
    expect(await cloud.state()).toBe('pending');
    expect((await cloud.tags())[OWNERSHIP_TAG.owner]).toBe('bank');
  });

  test.each([
    ['another stack', { [OWNERSHIP_TAG.stackId]: stackId('depot') }, 'live'],
    ['another resource', { [OWNERSHIP_TAG.logicalId]: 'Other' }, 'live'],
    ['another request', { [OWNERSHIP_TAG.origin]: 'CREATED another 2027-03-04T05:06:07.000Z' }, 'live'],
    ['another owner', { [OWNERSHIP_TAG.owner]: 'bank' }, 'live'],
    ['nobody knows which request', { [OWNERSHIP_TAG.origin]: '' }, 'pending'],
    ['the same', {}, 'pending'],
  ])('before it has claimed what it restored looks who holds that now: %s', async (_, tags, state) => {
    await cloud.create({ tags: { ...BANK, [OWNERSHIP_TAG.owner]: OWNER, [OWNERSHIP_TAG.origin]: 'CREATED old' } });
    await cloud.schedule();
    await failing('TagResource', () => cloud.tag({ byHand: '1', ...tags }));
    expect(await cloud.state()).toBe(state);
  });

  test('at its replicas fails, also in a rollback', async () => {
    await cloud.create({ tags: BANK });
    cloud.resource().stack.status = 'ROLLBACK_IN_PROGRESS';
    const { answer } = await failing(
      'ReplicateSecretToRegions',
      async () => {},
      properties({ ...adopting, ...REPLICATED }),
    );
    expect(answer.status).toBe('FAILED');
  });
});
