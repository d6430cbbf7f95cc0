import { unknownSecret } from '../../src/handler/run/attempt';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { awsError, Cloud, type Delivered, NO_ARN, sm } from './cloud';
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

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const T1 = "You can't create this secret because a secret with this name is already scheduled for deletion.";
const T2 = "You can't perform this operation on the secret because it was marked for deletion.";
const T3 = "You can't perform this operation on the secret because it was deleted.";
const FAR = 'us-east-1';
const EVERYTHING = {
  Description: 'new',
  Tags: tagList({ team: 'new' }),
  ReplicaRegions: [{ Region: FAR }],
};
const OWN = heldBy({ owner: OWNER, stackId: stackId('shop', 9), logicalId: 'Vault' });
const ADOPT = { ExistingSecretPolicy: 'ADOPT' } as const;
const done = { status: 'SUCCESS' };

async function pending(tags: Record<string, string>): Promise<string> {
  const arn = await cloud.create({ tags: { ...tags, byHand: '1' } });
  await cloud.schedule(NAME, 9);
  return arn;
}

const live = (tags: Record<string, string>) => cloud.create({ tags: { ...tags, byHand: '1' } });

const STEPS = ['TagResource', 'UpdateSecret', 'ReplicateSecretToRegions', 'PutSecretValue'];

/** What a Create may find, the policy with which it gets hold of it, and whose it was. */
const FOUND: [string, () => Promise<unknown>, Properties, Holder][] = [
  ['its own, scheduled', () => pending(OWN), {}, { owner: OWNER }],
  ["another owner's, scheduled", () => pending(BANK), { RestorePolicy: 'ALWAYS' }, { owner: 'bank' }],
  ['its own, live', () => live(OWN), ADOPT, { owner: OWNER, stackId: stackId('shop', 9), logicalId: 'Vault' }],
  ["another owner's, live", () => live(BANK), ADOPT, { owner: 'bank', stackId: stackId('bank'), logicalId: 'Vault' }],
  ["nobody's, live", () => live({}), ADOPT, { owner: undefined, stackId: undefined, logicalId: undefined }],
];

describe.each(FOUND)('a Create that found a secret (%s)', (_, prepare, policy, before) => {
  test.each(STEPS)('and fails at %s leaves it with its state, owner and value', async (step) => {
    await prepare();
    const [arn, state] = [(await cloud.describe())?.ARN, await cloud.state()];
    cloud.fail(sm(step), 'InternalServiceError', { times: 1 });
    const db = cloud.resource();
    const answer = await db.create(declaring('new', { ...EVERYTHING, ...policy }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toMatch(new RegExp(`^${step} failed with InternalServiceError; secret '${NAME}' `));
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
    expect(await db.delete()).toMatchObject(done);
    await asFound();
    // Its owner gets it as if nothing had happened.
    const next = cloud.resource({ stack: before.owner ?? 'shop', life: 2 });
    const taken = await next.create(properties(before.owner ? {} : ADOPT));
    expect(taken).toMatchObject({ ...done, physicalId: arn });
    expect(taken.data?.Outcome).toBe(state === 'pending' ? 'RESTORED' : 'ADOPTED');
    expect(await cloud.value()).toBe('made by hand');
  });

  test('and fails, and cannot put it back, is told by its request, by which its Delete does it', async () => {
    await prepare();
    const state = await cloud.state();
    cloud.fail(sm('PutSecretValue'), 'InternalServiceError');
    // What was adopted is tagged back, or untagged; the first time it is claimed.
    if (state === 'pending') cloud.fail(sm('DeleteSecret'), 'InternalServiceError', { times: 4 });
    else if (before.owner) cloud.fail(sm('TagResource'), 'InternalServiceError', { skip: 1, times: 4 });
    else cloud.fail(sm('UntagResource'), 'InternalServiceError', { times: 4 });
    const db = cloud.resource();
    const answer = await db.create(declaring('new', policy));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: unknownSecret(db.requestId) });
    expect(answer.reason).toMatch(/^PutSecretValue failed .*could not be put back as it was found/);
    expect(await cloud.state()).toBe('live');
    db.rollBack();
    expect(await db.delete()).toMatchObject({ ...done, physicalId: answer.physicalId });
    expect(await cloud.state()).toBe(state);
    expect(await cloud.holder()).toMatchObject(before);
    expect(await cloud.otherTags()).toEqual({ byHand: '1' });
  });
});

describe('a Create that fails', () => {
  test('schedules what it created', async () => {
    cloud.fail(sm('ReplicateSecretToRegions'), 'InternalServiceError', { times: 1 });
    const db = cloud.resource();
    const answer = await db.create(properties({ ...EVERYTHING, ForceDeleteWithoutRecovery: 'true' }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(await cloud.daysLeft()).toBe(14);
    // The next deployment of the stack restores it.
    db.rollBack();
    await db.delete();
    expect(await cloud.resource({ life: 2 }).create(properties(EVERYTHING))).toMatchObject({
      status: 'SUCCESS',
      data: { Outcome: 'RESTORED' },
    });
  });

  test('at the creation itself leaves nothing', async () => {
    cloud.fail(sm('CreateSecret'), 'LimitExceededException', { message: 'too many secrets' });
    const answer = await cloud.resource().create();
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toMatch(/^CreateSecret failed with LimitExceededException: too many secrets; /);
    expect(await cloud.state()).toBe('absent');
  });

  test('at the restoration leaves the secret as it was', async () => {
    await pending(OWN);
    cloud.fail(sm('RestoreSecret'), 'InternalServiceError');
    const answer = await cloud.resource().create();
    expect(answer.status).toBe('FAILED');
    expect(await cloud.daysLeft()).toBe(9);
  });

  test('leaves a secret alone that somebody else claimed between restoration and tagging', async () => {
    await pending(OWN);
    cloud.intercept(sm('TagResource'), async () => {
      await cloud.tag({ ...BANK });
      throw awsError('AccessDeniedException');
    });
    expect(await cloud.resource().create()).toMatchObject({ status: 'FAILED' });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toMatchObject(BANK);
    expect(cloud.operations).not.toContain('DeleteSecret');
  });
});

describe('a secret that could not be put back, and was scheduled meanwhile for its new owner,', () => {
  async function scheduledAsTaken(tags: Record<string, string> = BANK): Promise<Resource> {
    await pending(tags);
    cloud.fail(sm('PutSecretValue'), 'InternalServiceError');
    cloud.fail(sm('UntagResource'), 'InternalServiceError', { times: 4 });
    cloud.fail(sm('TagResource'), 'InternalServiceError', { skip: 1, times: 4 });
    const db = cloud.resource();
    expect(await db.create(declaring('new', { RestorePolicy: 'ALWAYS' }))).toMatchObject({ status: 'FAILED' });
    expect(await cloud.holder()).toMatchObject({ owner: OWNER });
    await cloud.schedule(NAME, 9);
    cloud.calls = [];
    return db;
  }

  test.each([
    ['its owner', BANK, 'bank'],
    ['nobody', {}, undefined],
  ])('goes back to %s', async (_, tags, owner) => {
    const db = await scheduledAsTaken(tags);
    db.rollBack();
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.holder()).toMatchObject({ owner });
    cloud.calls = [];
    expect(await db.again()).toMatchObject(done);
    expect(cloud.operations).not.toContain('RestoreSecret');
    await cloud.restore();
    expect(await cloud.value()).toBe('made by hand');
  });

  test('is left to whoever takes it at the same time', async () => {
    const db = await scheduledAsTaken();
    cloud.intercept(sm('RestoreSecret'), async () => {
      await cloud.restore();
      await cloud.tag(OWN);
    });
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toMatchObject(OWN);
  });

  test('is waited for, and then left to a person, when it cannot be restored', async () => {
    const db = await scheduledAsTaken();
    cloud.fail(sm('RestoreSecret'), 'InvalidRequestException');
    const answer = await db.delete();
    expect(answer).toMatchObject({ status: 'FAILED' });
    expect(answer.reason).toMatch(/^secret '.*' could not be restored to give it back to its owner; /);
    expect(await cloud.daysLeft()).toBe(9);
  });
});

describe('an Update that fails', () => {
  test.each(STEPS)('at %s keeps the secret, and its rollback succeeds', async (step) => {
    const db = await cloud.deployed(declaring('one', { Description: 'old' }));
    const { physicalId, properties: before } = db;
    cloud.fail(sm(step), 'InternalServiceError', { times: 1 });
    const after = declaring('two', EVERYTHING);
    const answer = await db.update(after);
    expect(answer).toMatchObject({ status: 'FAILED', physicalId });
    expect(answer.reason).toMatch(new RegExp(`^${step} failed with InternalServiceError; secret '${NAME}' `));
    expect(await cloud.state()).toBe('live');

    db.properties = after;
    db.rollBack();
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(await cloud.value()).toBe('one');
    expect(await cloud.tags()).not.toHaveProperty('team');
    expect((await cloud.describe())?.Description).toBe('old');
    expect(await cloud.state(NAME, FAR)).toBe('absent');
  });

  test('to another name leaves the old secret, and the new one scheduled', async () => {
    const db = await cloud.deployed();
    const { physicalId } = db;
    cloud.fail(sm('ReplicateSecretToRegions'), 'InternalServiceError');
    expect(await db.update(properties({ ...EVERYTHING, Name: 'prod/orders' }))).toMatchObject({
      status: 'FAILED',
      physicalId,
    });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.state('prod/orders')).toBe('pending');
  });
});

describe('a Delete that fails', () => {
  test.each(['RemoveRegionsFromReplication', 'DeleteSecret'])('at %s can be repeated', async (step) => {
    const db = await cloud.deployed(properties(EVERYTHING));
    cloud.fail(sm(step), 'InternalServiceError', { times: 1 });
    const answer = await db.delete();
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toMatch(/is not deleted/);
    expect(await cloud.state()).toBe('live');
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.daysLeft()).toBe(14);
  });
});

describe('permissions that lag behind', () => {
  const before = declaring('one', { Description: 'old', Tags: tagList({ stage: 'x' }) });
  const create = (of?: Properties) => (db: Resource) => db.create(of);
  const restore = (of?: Properties) => async (db: Resource) => {
    await pending(OWN);
    return db.create(of);
  };
  const change = (of: Properties) => async (db: Resource) => {
    await db.create(before);
    return db.update(of);
  };
  const destroy = (of?: Properties) => async (db: Resource) => {
    await db.create(of);
    return db.delete();
  };
  const table: [string, (db: Resource) => Promise<Delivered>][] = [
    ['DescribeSecret', create()],
    ['GetRandomPassword', create()],
    ['CreateSecret', create()],
    ['ReplicateSecretToRegions', create(properties(EVERYTHING))],
    ['RestoreSecret', restore()],
    ['TagResource', restore()],
    ['UpdateSecret', restore(properties(EVERYTHING))],
    ['PutSecretValue', restore(declaring('new'))],
    ['UntagResource', change(declaring('one'))],
    ['RemoveRegionsFromReplication', destroy(properties(EVERYTHING))],
    ['DeleteSecret', destroy()],
  ];

  test.each(table)('are waited for up to two minutes at %s', async (operation, act) => {
    cloud.fail(sm(operation), 'AccessDeniedException', { times: 30 });
    expect(await act(cloud.resource())).toMatchObject(done);
    expect(cloud.waited).toBeGreaterThan(100);
  });

  test.each(table)('are not waited for without end at %s', async (operation, act) => {
    const message = 'User: arn:aws:sts::123456789012:assumed-role/x is not authorized to perform: y';
    cloud.fail(sm(operation), 'AccessDeniedException', { message });
    const answer = await act(cloud.resource());
    expect(answer.status).toBe('FAILED');
    expect(answer.reason).toContain(`${operation} failed with AccessDeniedException: ${message}`);
    expect(cloud.waited).toBeLessThan(130);
  });

  test('are waited for only as long as the function may run', async () => {
    cloud.secondsLeft = 47;
    cloud.fail(sm('CreateSecret'), 'AccessDeniedException');
    expect(await cloud.resource().create()).toMatchObject({ status: 'FAILED' });
    expect(cloud.waited).toBeLessThan(10);
  });
});

describe('what AWS sees late', () => {
  test.each([
    ['a restored secret that is still marked', 'InvalidRequestException', T2],
    ['a secret that is not there yet', 'ResourceNotFoundException', "Secrets Manager can't find the specified secret."],
  ])('is waited for: %s', async (_, error, message) => {
    for (const step of STEPS) {
      await pending(OWN);
      cloud.fail(sm(step), error, { times: 4, message });
      expect(await cloud.resource().create(declaring('new', EVERYTHING))).toMatchObject(done);
      expect(cloud.waited).toBeGreaterThan(3);
      expect(cloud.waited).toBeLessThan(30);
      await cloud.reset();
    }
  });

  test('is not waited for without end', async () => {
    await pending(OWN);
    cloud.fail(sm('TagResource'), 'InvalidRequestException', { message: T2 });
    const answer = await cloud.resource().create();
    expect(answer.status).toBe('FAILED');
    expect(answer.reason).toContain(`TagResource failed with InvalidRequestException: ${T2}`);
    expect(cloud.waited).toBeLessThan(60);
    expect(await cloud.daysLeft()).toBe(14);
  });
});

describe('throttling that outlasts the SDK', () => {
  test('fails the creation, and what was restored is scheduled again', async () => {
    await pending(OWN);
    cloud.fail(sm('UpdateSecret'), 'ThrottlingException', { message: 'Rate exceeded' });
    const answer = await cloud.resource().create(properties(EVERYTHING));
    expect(answer.status).toBe('FAILED');
    expect(answer.reason).toMatch(/^UpdateSecret failed with ThrottlingException: Rate exceeded; /);
    expect(await cloud.daysLeft()).toBe(14);
  });
});

describe('a deletion without recovery that has not ended', () => {
  test.each([T1, T3, T3.replace("'", '’')])('lets the next Create wait for the name: %s', async (message) => {
    cloud.fail(sm('CreateSecret'), 'InvalidRequestException', { times: 6, message });
    expect(await cloud.resource().create()).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
    expect(cloud.inputs('CreateSecret')).toHaveLength(7);
    expect(cloud.waited).toBeGreaterThan(5);
  });

  test.each([
    ['ResourceNotFoundException', "Secrets Manager can't find the specified secret."],
    ['InvalidRequestException', T3],
  ])('still looks like a scheduled one, and restoring it fails with %s', async (error, message) => {
    const old = await pending(OWN);
    let tries = 0;
    cloud.intercept(sm('RestoreSecret'), async () => {
      if (++tries === 3) await cloud.destroy();
      throw awsError(error, message);
    });
    const answer = await cloud.resource().create();
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
    expect(answer.physicalId).not.toBe(old);
    expect(tries).toBe(3);
  });

  test('is waited for about two minutes, and then told', async () => {
    cloud.fail(sm('CreateSecret'), 'InvalidRequestException', { message: T1 });
    const answer = await cloud.resource().create();
    expect(answer.status).toBe('FAILED');
    expect(answer.reason).toContain(T1);
    expect(cloud.waited).toBeGreaterThan(100);
    expect(cloud.waited).toBeLessThan(140);
  });

  test('is waited for only as long as the function may run', async () => {
    cloud.secondsLeft = 60;
    cloud.fail(sm('CreateSecret'), 'InvalidRequestException', { message: T1 });
    expect(await cloud.resource().create()).toMatchObject({ status: 'FAILED' });
    expect(cloud.waited).toBeLessThan(15);
  });

  test('may end with a secret of somebody else under the name', async () => {
    cloud.intercept(sm('CreateSecret'), async (_, next) => {
      await cloud.create({ tags: BANK });
      return next();
    });
    const answer = await cloud.resource().create();
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toMatch(/'bank'.*ExistingSecretPolicy\.ADOPT/);
    expect(await cloud.tags()).toEqual(BANK);
  });

  test('does not hide what goes wrong afterwards', async () => {
    cloud.fail(sm('CreateSecret'), 'InvalidRequestException', { times: 2, message: T1 });
    cloud.showing((secret) => ({
      ...secret,
      ReplicationStatus: secret.ReplicationStatus?.map((each) => ({ ...each, Status: 'InProgress' })),
    }));
    const answer = await cloud.resource().create(properties(EVERYTHING));
    expect(answer.status).toBe('FAILED');
    expect(answer.reason).toMatch(/us-east-1/);
    expect(answer.reason).not.toContain(T1);
  });
});

describe('what AWS does not document', () => {
  test('may let the restoration of a live secret fail', async () => {
    const arn = await pending(OWN);
    cloud.intercept(sm('RestoreSecret'), async () => {
      await cloud.restore();
      throw awsError('InvalidRequestException', 'it is not scheduled');
    });
    expect(await cloud.resource().create()).toMatchObject({ status: 'SUCCESS', physicalId: arn });
  });

  test('may let the restoration of a live secret fail in an Update', async () => {
    const db = await cloud.deployed();
    await cloud.schedule();
    cloud.intercept(sm('RestoreSecret'), async () => {
      await cloud.restore();
      throw awsError('InvalidRequestException', 'it is not scheduled');
    });
    expect(await db.update(properties({ Description: 'x' }))).toMatchObject(done);
  });

  test.each([
    [
      'let the deletion of a scheduled secret fail',
      () => cloud.schedule(NAME, 9),
      'InvalidRequestException',
      'pending',
    ],
    ['let the deletion of a secret fail that is gone', () => cloud.destroy(), 'ResourceNotFoundException', 'absent'],
  ])('may %s', async (_, meanwhile, error, state) => {
    const db = await cloud.deployed();
    cloud.intercept(sm('DeleteSecret'), async () => {
      await meanwhile();
      throw awsError(error);
    });
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe(state);
  });

  test('may let the deletion of a scheduled secret succeed', async () => {
    const db = await cloud.deployed();
    cloud.intercept(sm('DeleteSecret'), async () => {
      await cloud.schedule(NAME, 9);
      return {};
    });
    expect(await db.delete()).toMatchObject(done);
  });
});

describe('an answer of AWS that gets lost', () => {
  const lost = { after: true, times: 1 };

  test('after the creation does not leave a secret that nobody deletes', async () => {
    cloud.fail(sm('CreateSecret'), 'TimeoutError', lost);
    const answer = await cloud.resource().create();
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
    expect(answer.physicalId).toBe((await cloud.describe())?.ARN);
  });

  test('after the restoration does not matter', async () => {
    const arn = await pending(OWN);
    cloud.fail(sm('RestoreSecret'), 'TimeoutError', lost);
    expect(await cloud.resource().create()).toMatchObject({ status: 'SUCCESS', physicalId: arn });
  });

  test('after a value was written does not matter', async () => {
    await pending(OWN);
    cloud.fail(sm('PutSecretValue'), 'TimeoutError', lost);
    expect(await cloud.resource().create(declaring('new'))).toMatchObject(done);
    expect(await cloud.value()).toBe('new');
  });

  test('after replicas were added does not matter', async () => {
    await pending(OWN);
    cloud.fail(sm('ReplicateSecretToRegions'), 'TimeoutError', lost);
    expect(await cloud.resource().create(properties(EVERYTHING))).toMatchObject(done);
    expect(await cloud.state(NAME, FAR)).toBe('live');
  });

  test('after the deletion does not matter', async () => {
    const db = await cloud.deployed();
    cloud.fail(sm('DeleteSecret'), 'TimeoutError', lost);
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.daysLeft()).toBe(14);
  });

  test.each(STEPS.slice(0, 2))('after %s leaves the secret as it was found', async (step) => {
    await pending(OWN);
    cloud.fail(sm(step), 'TimeoutError', lost);
    expect(await cloud.resource().create(properties(EVERYTHING))).toMatchObject({ status: 'FAILED' });
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.state(NAME, FAR)).toBe('absent');
  });

  test('after an adoption was tagged gives the secret back', async () => {
    await cloud.create({ tags: BANK });
    cloud.fail(sm('TagResource'), 'TimeoutError', lost);
    expect(await cloud.resource().create(properties({ ExistingSecretPolicy: 'ADOPT' }))).toMatchObject({
      status: 'FAILED',
    });
    expect(await cloud.tags()).toEqual(BANK);
    expect(await cloud.state()).toBe('live');
  });
});

describe('a Create that CloudFormation withdraws', () => {
  /** What CloudFormation tells about the resource, look by look. */
  function statuses(...looks: string[]): void {
    cloud.fresh = false;
    cloud.intercept('cloudformation:DescribeStackResource', async () => ({
      StackResourceDetail: { ResourceStatus: looks.length > 1 ? looks.shift() : looks[0] },
    }));
  }

  test.each(['CREATE_FAILED', 'DELETE_IN_PROGRESS', 'DELETE_COMPLETE', 'CREATE_COMPLETE'])(
    'before it began does nothing: %s',
    async (status) => {
      await pending(OWN);
      statuses(status);
      const answer = await cloud.resource().create();
      expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
      expect(answer.reason).toMatch(/^(this request is out of date|CloudFormation withdrew this request)/);
      expect(cloud.changes).toEqual([]);
      expect(await cloud.daysLeft()).toBe(9);
    },
  );

  test('is undone also when an earlier delivery had carried it out', async () => {
    const db = cloud.resource();
    await db.create();
    db.stack.resources.Db = 'CREATE_FAILED';
    expect(await db.late()).toMatchObject({ status: 'FAILED' });
    expect(await cloud.daysLeft()).toBe(14);
  });

  const secrets: [string, () => Promise<unknown>, Properties, string, string][] = [
    ['created', async () => {}, {}, 'pending', OWNER],
    ['restored', () => pending(OWN), {}, 'pending', OWNER],
    ['taken', () => pending(BANK), { RestorePolicy: 'ALWAYS' }, 'pending', 'bank'],
    ['adopted', () => cloud.create({ tags: BANK }), { ExistingSecretPolicy: 'ADOPT' }, 'live', 'bank'],
  ];

  test.each(secrets)('after it was carried out is undone: %s', async (outcome, prepare, policy, state, owner) => {
    await prepare();
    statuses('CREATE_IN_PROGRESS', 'CREATE_FAILED');
    const answer = await cloud.resource().create(declaring('new', policy));
    expect(answer.status).toBe('FAILED');
    expect(answer.reason).toMatch(/withdrew/);
    expect(await cloud.state()).toBe(state);
    expect(await cloud.holder()).toMatchObject({ owner });
    if (state === 'pending') await cloud.restore();
    expect(await cloud.value()).toBe(outcome === 'created' ? 'new' : 'made by hand');
  });

  test.each(secrets)('is not one that another delivery has completed: %s', async (_, prepare, policy) => {
    await prepare();
    statuses('CREATE_IN_PROGRESS', 'CREATE_COMPLETE');
    expect(await cloud.resource().create(properties(policy))).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
    expect(await cloud.holder()).toMatchObject({ owner: OWNER });
  });

  test('takes back a value that it wrote when its Delete had given the secret back', async () => {
    await cloud.create({ tags: BANK });
    statuses('CREATE_IN_PROGRESS', 'CREATE_FAILED');
    cloud.intercept(sm('PutSecretValue'), async (_, next) => {
      await cloud.tag({ ...BANK, [OWNERSHIP_TAG.origin]: 'RETURNED' });
      return next();
    });
    const answer = await cloud.resource().create(declaring('new', { ExistingSecretPolicy: 'ADOPT' }));
    expect(answer.reason).toMatch(/withdrew/);
    expect(await cloud.value()).toBe('made by hand');
    expect(await cloud.tags()).toMatchObject(BANK);
  });

  test('is undone although that fails at first', async () => {
    statuses('CREATE_IN_PROGRESS', 'CREATE_FAILED');
    cloud.fail(sm('DeleteSecret'), 'InternalServiceError', { times: 3 });
    expect(await cloud.resource().create()).toMatchObject({ status: 'FAILED' });
    expect(await cloud.state()).toBe('pending');
  });

  test('says so when it cannot be undone', async () => {
    statuses('CREATE_IN_PROGRESS', 'CREATE_FAILED');
    cloud.fail(sm('DeleteSecret'), 'InternalServiceError');
    const db = cloud.resource();
    const answer = await db.create();
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: unknownSecret(db.requestId) });
    expect(answer.reason).toContain('could not be put back as it was found');
  });
});

describe('an error whose text may quote what was sent', () => {
  const VALUE = 'hunter2-quoted';
  test.each(['ValidationException', 'InvalidParameterException', 'SerializationException', 'TypeError', 'Error'])(
    'is told by its name only: %s',
    async (error) => {
      await pending(OWN);
      cloud.fail(sm('PutSecretValue'), error, { message: `1 validation error: Value '${VALUE}' at 'secretString'` });
      const answer = await cloud.resource().create(declaring(VALUE));
      expect(answer.reason).toMatch(new RegExp(`^PutSecretValue failed with ${error}; `));
      expect(JSON.stringify([answer, cloud.logged])).not.toContain(VALUE);
    },
  );

  test('is told by its name only where nobody expected it', async () => {
    cloud.intercept(sm('CreateSecret'), async () => null);
    const answer = await cloud.resource().create(declaring(VALUE));
    expect(answer.status).toBe('FAILED');
    expect(answer.reason).toMatch(/^the function failed with TypeError; /);
  });
});
