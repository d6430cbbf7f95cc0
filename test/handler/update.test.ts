import { OWNERSHIP_TAG } from '../../src/private/contract';
import { Cloud } from './cloud';
import { declaring, heldBy, NAME, OWNER, type Properties, properties, stackId, tagList } from './requests';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';
const OTHER_KEY = KEY.replace('1111-2222', '9999-9999');

describe('an update of a secret as it was left', () => {
  test.each<[string, Properties]>([
    ['the policies', { RestorePolicy: 'ALWAYS', ExistingSecretPolicy: 'FAIL', RestoredValue: 'REGENERATE' }],
    ['nothing', {}],
  ])('that changes %s touches nothing', async (_, change) => {
    const db = await cloud.deployed();
    const answer = await db.update(properties(change));
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
    expect(cloud.operations).toEqual(['DescribeSecret']);
  });

  test('schedules it with the window of the last update', async () => {
    const db = await cloud.deployed();
    await db.update(properties({ RecoveryWindowInDays: '8' }));
    await db.delete();
    expect(await cloud.daysLeft()).toBe(8);
  });

  test.each<[string, Properties, Properties, object]>([
    ['sets the description', {}, { Description: 'orders' }, { Description: 'orders' }],
    [
      'changes the description',
      { Description: 'orders' },
      { Description: 'all orders' },
      { Description: 'all orders' },
    ],
    ['empties the description', { Description: 'orders' }, {}, { Description: '' }],
    ['sets the key', {}, { KmsKeyId: KEY }, { KmsKeyId: KEY }],
    ['changes the key', { KmsKeyId: KEY }, { KmsKeyId: OTHER_KEY }, { KmsKeyId: OTHER_KEY }],
    ['goes back to the default key', { KmsKeyId: KEY }, {}, { KmsKeyId: '' }],
    ['changes the type', { Type: 'One' }, { Type: 'Two' }, { Type: 'Two' }],
    ['sets the type', {}, { Type: 'One' }, { Type: 'One' }],
  ])('%s, in one call without a value', async (_, before, after, expected) => {
    const db = await cloud.deployed(properties(before));
    const value = await cloud.value();
    expect(await db.update(properties(after))).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
    expect(cloud.operations).toEqual(['DescribeSecret', 'UpdateSecret']);
    expect(cloud.inputs('UpdateSecret')).toEqual([{ SecretId: db.physicalId, ...expected }]);
    expect(await cloud.value()).toBe(value);
    // Once more, nothing differs.
    cloud.calls = [];
    await db.update(properties(after));
    expect(cloud.operations).toEqual(['DescribeSecret']);
  });

  test.each([
    ['an alias as its ARN', 'alias/db', 'arn:aws:kms:eu-west-1:123456789012:alias/db'],
    ['a key as its id', KEY, '11111111-9999-3333-4444-555555555555'.replace('9999', '2222')],
    ['the default key as its alias', '', 'alias/aws/secretsmanager'],
  ])('does not take %s for another key', async (_, before, after) => {
    const db = await cloud.deployed(properties({ KmsKeyId: before }));
    await db.update(properties({ KmsKeyId: after }));
    expect(cloud.changes).toEqual([]);
  });

  test('sets declared tags, removes what was declared before, and leaves all others alone', async () => {
    const db = await cloud.deployed(properties({ Tags: tagList({ team: 'a', stage: 'prod', gone: 'x' }) }));
    await cloud.tag({ byHand: '1', stage: 'changed by hand' });
    await db.update(properties({ Tags: tagList({ team: 'b', stage: 'prod', fresh: 'y' }) }));
    expect(await cloud.otherTags()).toEqual({ team: 'b', stage: 'prod', fresh: 'y', byHand: '1' });
    expect(await cloud.holder()).toEqual(db.holder);
    expect(cloud.changes).toEqual(['TagResource', 'UntagResource']);
  });

  test('does not try to remove tags of AWS', async () => {
    const db = await cloud.deployed(properties({ Tags: tagList({ 'aws:x': 'y' }) }));
    await db.update(properties());
    expect(cloud.changes).toEqual([]);
  });

  test('gives it the new owner', async () => {
    const db = await cloud.deployed();
    await db.update(properties({ Owner: 'depot' }));
    expect(await cloud.holder()).toEqual({ ...db.holder, owner: 'depot' });
    // A second delivery finds the new owner already.
    expect(await db.again()).toMatchObject({ status: 'SUCCESS' });
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('pending');
  });

  test('goes back to the owner before in a rollback', async () => {
    const db = await cloud.deployed();
    await db.update(properties({ Owner: 'depot' }));
    db.rollBack();
    expect(await db.update(properties())).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.holder()).toEqual(db.holder);
  });

  test('answers with the outcome that the secret came with', async () => {
    const Id = await cloud.create({ tags: heldBy({ owner: OWNER }) });
    const db = await cloud.deployed();
    expect((await db.update(properties({ Description: 'orders' }))).data).toEqual({ Outcome: 'ADOPTED', Id });
  });
});

describe('the value in an update', () => {
  const long = { GenerateSecretString: { PasswordLength: '50' } };

  test('makes a new version when a declared one changes', async () => {
    const db = await cloud.deployed(declaring('one'));
    await db.update(declaring('two'));
    expect(await cloud.value()).toBe('two');
    expect(await cloud.valueWasWrittenBy(db.requestId)).toBe(true);
    expect(await cloud.versions()).toHaveLength(2);
  });

  test('is written once, however often the request is delivered', async () => {
    const db = await cloud.deployed(declaring('one'));
    await db.update(declaring('two'));
    await cloud.put('by hand');
    await db.again();
    expect(await cloud.value()).toBe('by hand');
  });

  test.each<[string, Properties, Properties]>([
    ['a generated value stays generated alike', properties(long), properties({ ...long, Description: 'x' })],
    ['a declared value stays', declaring('one'), declaring('one', { Description: 'x' })],
    ['a declared value goes', declaring('one'), properties({ GenerateSecretString: undefined })],
    ['a generated value goes', properties(), properties({ GenerateSecretString: undefined })],
    ['RestoredValue is REGENERATE', properties(), properties({ RestoredValue: 'REGENERATE' })],
    ['its generator changes, and UpdatedValue is KEEP', properties(), properties({ ...long, UpdatedValue: 'KEEP' })],
    [
      'a declared value becomes a generated one, and UpdatedValue is KEEP',
      declaring('one'),
      properties({ UpdatedValue: 'KEEP' }),
    ],
  ])('is not touched when %s', async (_, before, after) => {
    const db = await cloud.deployed(before);
    const value = await cloud.value();
    expect(await db.update(after)).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.value()).toBe(value);
  });

  test('that is kept although its generator changed is told in the log', async () => {
    const db = await cloud.deployed();
    await db.update(properties({ ...long, UpdatedValue: 'KEEP' }));
    expect(cloud.steps).toContain('value kept');
  });

  test.each<[string, Properties, Properties, RegExp]>([
    ['the generator changes', properties(), properties(long), /^.{50}$/],
    ['a declared value becomes a generated one', declaring('one'), properties(), /^.{32}$/],
    ['a generated value becomes a declared one', properties(), declaring('one'), /^one$/],
    ['an empty secret gets one', properties({ GenerateSecretString: undefined }), declaring('one'), /^one$/],
    [
      'a declared value changes, whatever UpdatedValue is',
      declaring('two'),
      declaring('one', { UpdatedValue: 'KEEP' }),
      /^one$/,
    ],
    [
      'UpdatedValue is KEEP, and there is none',
      properties({ GenerateSecretString: undefined }),
      properties({ UpdatedValue: 'KEEP' }),
      /^.{32}$/,
    ],
  ])('is new when %s', async (_, before, after, value) => {
    const db = await cloud.deployed(before);
    await db.update(after);
    expect(await cloud.value()).toMatch(value);
  });

  describe('in a rollback', () => {
    test.each<[string, Properties, Properties]>([
      ['declared and declared otherwise', declaring('one'), declaring('two')],
      ['generated and generated otherwise', properties(), properties(long)],
      ['generated and then declared', properties(), declaring('two')],
      ['declared and then generated', declaring('one'), properties()],
    ])('is the one before: %s', async (_, before, after) => {
      const db = await cloud.deployed(before);
      const value = await cloud.value();
      await db.update(after);
      expect(await cloud.value()).not.toBe(value);
      db.rollBack();
      expect(await db.update(before)).toMatchObject({ status: 'SUCCESS' });
      expect(await cloud.value()).toBe(value);
    });

    test('is not generated once more where the failed update had not come to it', async () => {
      const db = await cloud.deployed();
      const value = await cloud.value();
      cloud.fail('secretsmanager:PutSecretValue', 'InternalServiceError');
      await db.update(properties(long));
      db.properties = properties(long);
      db.rollBack();
      expect(await db.update(properties())).toMatchObject({ status: 'SUCCESS' });
      expect(await cloud.value()).toBe(value);
      expect(await cloud.versions()).toHaveLength(1);
    });

    test('keeps what was written by hand after the failed update', async () => {
      const db = await cloud.deployed();
      await db.update(properties(long));
      await cloud.put('by hand');
      db.rollBack();
      await db.update(properties());
      expect(await cloud.value()).toBe('by hand');
    });

    test('stays where the failed update wrote none, and an earlier deployment that completed did', async () => {
      const db = await cloud.deployed(declaring('one'));
      await db.update(declaring('two'));
      db.complete();
      cloud.fail('secretsmanager:PutSecretValue', 'InternalServiceError');
      await db.update(declaring('three'));
      db.properties = declaring('three');
      db.rollBack();
      expect(await db.update(declaring('two'))).toMatchObject({ status: 'SUCCESS' });
      expect(await cloud.value()).toBe('two');
    });
  });

  describe('without a rollback', () => {
    /** Attempts that fail and are not rolled back, each with another value. */
    async function attempts(...values: string[]) {
      const db = await cloud.deployed(declaring('first'));
      for (const value of values) {
        expect(await db.update(declaring(value))).toMatchObject({ status: 'SUCCESS' });
        db.fail();
      }
      return db;
    }

    test.each([1, 2, 3])('is the first one again when %i attempts are rolled back in the end', async (count) => {
      const db = await attempts(...['second', 'third', 'fourth'].slice(0, count));
      db.rollBack();
      expect(await db.update(declaring('first'))).toMatchObject({ status: 'SUCCESS' });
      expect(await cloud.value()).toBe('first');
    });

    test('is the first one again when the last attempt fails elsewhere, before or after it is asked to write', async () => {
      const db = await attempts('second');
      await db.update(declaring('second', { Description: 'x' }));
      db.fail();
      db.rollBack();
      expect(await db.update(declaring('first'))).toMatchObject({ status: 'SUCCESS' });
      expect(await cloud.value()).toBe('first');
    });

    test('is that of the attempt that completes, and stays when a later one is rolled back', async () => {
      const db = await attempts('second', 'third');
      await db.update(declaring('fourth'));
      db.complete();
      expect(await cloud.value()).toBe('fourth');
      await db.update(declaring('fifth'));
      db.rollBack();
      await db.update(declaring('fourth'));
      expect(await cloud.value()).toBe('fourth');
    });

    test('goes back to the first one through the deployment that goes on with it', async () => {
      const db = await attempts('second');
      await db.update(declaring('first'));
      db.complete();
      expect(await cloud.value()).toBe('first');
    });

    test('stays where somebody wrote it by hand between the attempts', async () => {
      const db = await attempts('second');
      await cloud.put('by hand');
      db.rollBack();
      expect(await db.update(declaring('first'))).toMatchObject({ status: 'SUCCESS' });
      expect(await cloud.value()).toBe('by hand');
    });
  });
});

test('an update that is delivered again after a later one changes nothing', async () => {
  const db = await cloud.deployed();
  await db.update(properties({ Description: 'one' }));
  const old = db.lastRequest;
  await db.update(declaring('two', { Description: 'two' }));
  cloud.calls = [];
  expect(await db.late(old)).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
  expect(cloud.changes).toEqual([]);
});

describe('an update of a secret that', () => {
  test('was scheduled by hand restores it', async () => {
    const db = await cloud.deployed();
    const value = await cloud.value();
    await cloud.schedule();
    const answer = await db.update(properties({ Description: 'orders' }));
    expect(answer).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId, data: { Outcome: 'CREATED' } });
    expect(cloud.changes).toEqual(['RestoreSecret', 'UpdateSecret']);
    expect(await cloud.value()).toBe(value);
  });

  test('was scheduled by hand and whose key is dead says so', async () => {
    const db = await cloud.deployed(properties({ KmsKeyId: KEY }));
    await cloud.schedule();
    cloud.keys.set(KEY, 'PendingDeletion');
    const answer = await db.update(properties({ KmsKeyId: KEY, Description: 'orders' }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toContain('kms:CancelKeyDeletion');
    expect(await cloud.daysLeft()).toBe(9);
  });

  test('is gone for good says so, and its Delete succeeds', async () => {
    const db = await cloud.deployed();
    await cloud.destroy();
    const answer = await db.update(properties({ Description: 'orders' }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toMatch(/gone for good/);
    expect(cloud.changes).toEqual([]);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await db.create()).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
  });

  test('was destroyed and made again by hand does not touch the new one', async () => {
    const db = await cloud.deployed();
    await cloud.destroy();
    await cloud.create();
    expect(await db.update(properties({ Description: 'orders' }))).toMatchObject({ status: 'FAILED' });
    expect(cloud.changes).toEqual([]);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
  });

  test.each([
    ['somebody else holds', { owner: 'bank', stackId: stackId('bank') }],
    ['another stack of the owner holds', { stackId: stackId('shop', 9) }],
    ['another resource of the stack holds', { logicalId: 'Other' }],
    ['has another owner', { owner: 'bank' }],
  ])('%s is refused, but not in a rollback', async (_, holder) => {
    const db = await cloud.deployed();
    await cloud.tag(heldBy(holder));
    const answer = await db.update(properties({ Description: 'orders' }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(cloud.changes).toEqual([]);

    // There a refusal would leave the stack stuck.
    db.rollBack();
    expect(await db.update(properties())).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.holder()).toMatchObject(holder);
  });
});

describe('the tags of this library, taken away by a tool that does not know them,', () => {
  const ALL = Object.values(OWNERSHIP_TAG);
  const change = (more: Properties = {}) => properties({ Description: 'x', ...more });

  test.each([
    ['that of the owner', [OWNERSHIP_TAG.owner]],
    ['that of the stack', [OWNERSHIP_TAG.stackId]],
    ['that of the resource', [OWNERSHIP_TAG.logicalId]],
    ['those of owner and resource', [OWNERSHIP_TAG.owner, OWNERSHIP_TAG.logicalId]],
  ])('come back with the next update: %s', async (_, lost) => {
    const db = await cloud.deployed();
    await cloud.untag(lost);
    expect(await db.update(change())).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.holder()).toEqual(db.holder);
    db.complete();
    await db.delete();
    expect(await cloud.daysLeft()).toBe(14);
  });

  test.each<[string, () => Promise<unknown>, Properties, string]>([
    ['live', async () => {}, { ExistingSecretPolicy: 'ADOPT' }, 'ExistingSecretPolicy.ADOPT'],
    ['scheduled', () => cloud.schedule(), { RestorePolicy: 'ALWAYS' }, 'RestorePolicy.ALWAYS'],
  ])('come back all together only where the template opts in (%s)', async (_, prepare, optIn, told) => {
    const db = await cloud.deployed();
    await cloud.untag(ALL);
    await prepare();
    const state = await cloud.state();
    const refused = await db.update(change());
    expect(refused).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(refused.reason).toContain('nothing was changed');
    expect(refused.reason).toContain(told);
    expect(refused.reason).toContain(`recoverable-secret:stack-id=${db.stackId}`);
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state()).toBe(state);
    // Its rollback does not get stuck.
    db.rollBack();
    expect(await db.update(properties())).toMatchObject({ status: 'SUCCESS' });
    db.complete();
    expect(await db.update(change(optIn))).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
    expect(await cloud.holder()).toEqual(db.holder);
    expect(await cloud.state()).toBe('live');
  });

  test.each<[string, () => Promise<unknown>, Properties, string]>([
    ['live', async () => {}, { ExistingSecretPolicy: 'ADOPT' }, 'TagResource'],
    ['scheduled', () => cloud.schedule(), { RestorePolicy: 'ALWAYS' }, 'RestoreSecret'],
  ])('stay away where a rollback brings the opt-in back, and not the role (%s)', async (_, prepare, optIn, denied) => {
    const db = await cloud.deployed(properties(optIn));
    await cloud.untag(ALL);
    await prepare();
    const state = await cloud.state();
    cloud.fail(`secretsmanager:${denied}`, 'AccessDeniedException');
    db.rollBack();
    expect(await db.update(properties(optIn))).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
    expect(await cloud.state()).toBe(state);
  });

  test('come back where they are set as the message says', async () => {
    const db = await cloud.deployed();
    await cloud.untag(ALL);
    const { reason } = await db.update(change());
    const said = [...reason.matchAll(/(recoverable-secret:[a-z-]+)=(\S+?)(?=,? |,|$)/g)];
    await cloud.tag(Object.fromEntries(said.map(([, key, value]) => [key, value])));
    expect(await cloud.holder()).toEqual(db.holder);
    expect(await db.update(change())).toMatchObject({ status: 'SUCCESS' });
  });

  test('do not come back to a secret that says otherwise', async () => {
    const db = await cloud.deployed();
    await cloud.untag([OWNERSHIP_TAG.owner]);
    await cloud.tag(heldBy({ stackId: stackId('bank') }));
    expect(await db.update(change({ ExistingSecretPolicy: 'ADOPT' }))).toMatchObject({ status: 'FAILED' });
    expect(cloud.changes).toEqual([]);
  });
});

describe('another name', () => {
  const renamed = properties({ Name: 'prod/orders' });

  test('is another secret, and the old one is scheduled by the clean-up', async () => {
    const db = await cloud.deployed();
    const old = db.physicalId;
    const answer = await db.update(renamed);
    expect(answer).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
    expect(answer.physicalId).toBe((await cloud.describe('prod/orders'))?.ARN);
    expect(await cloud.state()).toBe('live');

    db.cleanUp();
    await db.delete({ physicalId: old, properties: properties() });
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.state('prod/orders')).toBe('live');
  });

  test.each([
    ['absent', async () => {}, 'CREATED', 'pending'],
    [
      'scheduled for deletion',
      async () => {
        await cloud.create({ Name: 'prod/orders', tags: heldBy({ owner: OWNER }) });
        await cloud.schedule('prod/orders', 9);
      },
      'RESTORED',
      'pending',
    ],
    [
      'live',
      async () => {
        await cloud.create({ Name: 'prod/orders', tags: heldBy({ owner: OWNER }) });
      },
      'ADOPTED',
      'live',
    ],
  ])('that was %s is as it was after a rollback, and so is the old one', async (_, prepare, outcome, end) => {
    const db = await cloud.deployed();
    const { physicalId: old, properties: before } = db;
    const tags = await cloud.tags();
    await prepare();
    const tagsOfOther = await cloud.tags('prod/orders');
    const { physicalId: next, data } = await db.update(renamed);
    expect(data).toEqual({ Outcome: outcome, Id: next });

    db.rollBack();
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId: old });
    db.cleanUp();
    await db.delete({ physicalId: next, properties: renamed });

    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(tags);
    expect(await cloud.state('prod/orders')).toBe(end);
    if (outcome === 'ADOPTED') expect(await cloud.tags('prod/orders')).toEqual(tagsOfOther);
    // Forward again, as if nothing had happened.
    db.enter('UPDATE_IN_PROGRESS');
    expect(await db.update(renamed)).toMatchObject({ status: 'SUCCESS', physicalId: next });
  });

  test('restores the old secret in a rollback if somebody has scheduled it meanwhile', async () => {
    const db = await cloud.deployed();
    const old = db.physicalId;
    await db.update(renamed);
    await cloud.schedule();
    db.rollBack();
    expect(await db.update(properties())).toMatchObject({ status: 'SUCCESS', physicalId: old });
    expect(await cloud.state()).toBe('live');
  });

  test('that is refused leaves the resource with its old secret', async () => {
    await cloud.create({ Name: 'prod/orders' });
    const db = await cloud.deployed();
    const old = db.physicalId;
    expect(await db.update(renamed)).toMatchObject({ status: 'FAILED', physicalId: old });
    expect(cloud.changes).toEqual([]);
    db.rollBack();
    expect(await db.update(properties())).toMatchObject({ status: 'SUCCESS', physicalId: old });
    expect(await cloud.state(NAME)).toBe('live');
  });

  test('is taken once by a request that is delivered twice', async () => {
    const db = await cloud.deployed();
    const first = await db.update(renamed);
    expect(await db.again()).toEqual(first);
    expect(cloud.inputs('CreateSecret')).toHaveLength(1);
  });

  test('cannot be taken from another resource of the stack by one that fails on existing secrets', async () => {
    const other = cloud.resource({ logicalId: 'Orders' });
    await other.create(renamed);
    const db = await cloud.deployed();
    expect(await db.update({ ...renamed, ExistingSecretPolicy: 'FAIL' })).toMatchObject({ status: 'FAILED' });
    expect(await cloud.holder('prod/orders')).toEqual(other.holder);
  });
});
