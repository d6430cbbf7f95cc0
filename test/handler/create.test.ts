import { MAX_OTHER_TAGS, OWNERSHIP_TAG, OWNERSHIP_TAG_PREFIX } from '../../src/private/contract';
import { Cloud, NO_ARN } from './cloud';
import { BANK, declaring, heldBy, NAME, OWNER, type Properties, properties, stackId, tagList } from './requests';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';

/** A secret that another life of a stack left behind. */
async function leftBehind(state: 'pending' | 'live', owner: string | undefined, more = {}): Promise<string> {
  const held = owner ? heldBy({ owner, stackId: stackId('another', 7), logicalId: 'Old' }) : {};
  const arn = await cloud.create({ tags: { team: 'payments', ...held }, ...more });
  if (state === 'pending') await cloud.schedule(NAME, 9);
  return arn;
}

describe('a name that nobody has', () => {
  test('becomes a new secret with everything that the template declares', async () => {
    const db = cloud.resource();
    const wanted = properties({ Description: 'orders', KmsKeyId: KEY, Type: 'SomeType', Tags: tagList({ team: 'a' }) });
    const { status, physicalId, data } = await db.create(wanted);

    expect({ status, data }).toEqual({ status: 'SUCCESS', data: { Outcome: 'CREATED', Id: physicalId } });
    expect(await cloud.describe()).toMatchObject({ ARN: physicalId, Name: NAME, Description: 'orders', KmsKeyId: KEY });
    expect(await cloud.otherTags()).toEqual({ team: 'a' });
    expect(await cloud.holder()).toEqual(db.holder);
    expect(await cloud.value()).toHaveLength(32);
    expect(await cloud.valueWasWrittenBy(db.requestId)).toBe(true);
    expect(cloud.operations).toEqual(['DescribeSecret', 'GetRandomPassword', 'CreateSecret']);
    expect(cloud.inputs('CreateSecret')[0]).toMatchObject({ Type: 'SomeType' });
  });

  test.each([
    ['a declared value', declaring('by template'), 'by template'],
    ['no value', properties({ GenerateSecretString: undefined }), undefined],
  ])('becomes a secret with %s', async (_, wanted, value) => {
    expect(await cloud.resource().create(wanted)).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.value()).toBe(value);
    expect(cloud.operations).toEqual(['DescribeSecret', 'CreateSecret']);
  });

  test('has no empty settings in its request', async () => {
    await cloud.resource().create(properties({ Description: '', KmsKeyId: '' }));
    const [{ Description, KmsKeyId, Type }] = cloud.inputs('CreateSecret');
    expect({ Description, KmsKeyId, Type }).toEqual({ Description: undefined, KmsKeyId: undefined, Type: undefined });
  });

  test('keeps the ownership tags although the template declares others of these keys', async () => {
    await cloud.resource().create(properties({ Tags: tagList({ [OWNERSHIP_TAG.owner]: 'bank' }) }));
    expect(await cloud.holder()).toMatchObject({ owner: OWNER });
  });

  test('belongs to the stack, by its name, where the template names no owner', async () => {
    await cloud.resource({ stack: 'depot' }).create();
    await cloud.resource({ stack: 'depot' }).create(properties({ Name: 'prod/orders', Owner: 'both' }));
    expect(await cloud.holder()).toMatchObject({ owner: 'depot' });
    expect(await cloud.holder('prod/orders')).toMatchObject({ owner: 'both' });
  });
});

describe('a name that a condition took away', () => {
  test.each([undefined, ''])('is refused before anything is looked at (%p)', async (Name) => {
    const db = cloud.resource();
    const answer = await db.create(properties({ Name }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toMatch(/secretName.*nothing was changed/);
    db.rollBack();
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.operations).toEqual([]);
  });

  test('is refused in an update as well, and does not keep its rollback or its removal from succeeding', async () => {
    const db = await cloud.deployed();
    const { physicalId, properties: before } = db;
    expect(await db.update(properties({ Name: undefined }))).toMatchObject({ status: 'FAILED', physicalId });
    db.properties = properties({ Name: undefined });
    db.rollBack();
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS', physicalId });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state()).toBe('live');
    db.complete();
    expect(await db.delete({ physicalId: 'shop-Db-1ABCDEFGHIJKL', properties: {} })).toMatchObject({
      status: 'SUCCESS',
    });
    expect(await cloud.state()).toBe('live');
  });
});

const OWNERS = { ours: OWNER, foreign: 'bank', nobody: undefined };
type Owner = keyof typeof OWNERS;

// The policy for the other state never matters: it is the strict one where something is taken, and the lenient one
// where something is refused.
describe.each<[string, 'pending' | 'live', Owner, Properties]>([
  ['scheduled for deletion and ours, with IF_OWNED', 'pending', 'ours', { RestorePolicy: 'IF_OWNED' }],
  ['scheduled for deletion and ours, with ALWAYS', 'pending', 'ours', { RestorePolicy: 'ALWAYS' }],
  ['scheduled for deletion and foreign, with ALWAYS', 'pending', 'foreign', { RestorePolicy: 'ALWAYS' }],
  ["scheduled for deletion and nobody's, with ALWAYS", 'pending', 'nobody', { RestorePolicy: 'ALWAYS' }],
  ['live and ours, with ADOPT_IF_OWNED', 'live', 'ours', { ExistingSecretPolicy: 'ADOPT_IF_OWNED' }],
  ['live and ours, with ADOPT', 'live', 'ours', { ExistingSecretPolicy: 'ADOPT' }],
  ['live and foreign, with ADOPT', 'live', 'foreign', { ExistingSecretPolicy: 'ADOPT' }],
  ["live and nobody's, with ADOPT", 'live', 'nobody', { ExistingSecretPolicy: 'ADOPT' }],
])('a secret that is %s', (_, state, owner, policy) => {
  const wanted = properties({ RestorePolicy: 'NEVER', ExistingSecretPolicy: 'FAIL', ...policy });
  const outcome = state === 'pending' ? 'RESTORED' : 'ADOPTED';

  test('is taken, with its value and its tags', async () => {
    const arn = await leftBehind(state, OWNERS[owner]);
    const db = cloud.resource();
    const answer = await db.create(wanted);

    expect(answer).toMatchObject({ status: 'SUCCESS', physicalId: arn, data: { Outcome: outcome, Id: arn } });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.value()).toBe('made by hand');
    expect(await cloud.otherTags()).toEqual({ team: 'payments' });
    expect(await cloud.holder()).toEqual(db.holder);
    // For a rollback. A restored secret of the same owner has nothing that could be given back.
    const before = OWNERS[owner]
      ? { owner: OWNERS[owner], stackId: stackId('another', 7), logicalId: 'Old' }
      : { owner: '', stackId: '', logicalId: '' };
    expect(await cloud.previousHolder()).toEqual(state === 'live' || owner !== 'ours' ? before : undefined);
    expect(cloud.changes).toEqual(state === 'pending' ? ['RestoreSecret', 'TagResource'] : ['TagResource']);
  });
});

describe.each<[string, 'pending' | 'live', Owner, Properties]>([
  ['scheduled for deletion and ours, with NEVER', 'pending', 'ours', { RestorePolicy: 'NEVER' }],
  ['scheduled for deletion and foreign, with IF_OWNED', 'pending', 'foreign', { RestorePolicy: 'IF_OWNED' }],
  ['scheduled for deletion and foreign, with NEVER', 'pending', 'foreign', { RestorePolicy: 'NEVER' }],
  ["scheduled for deletion and nobody's, with IF_OWNED", 'pending', 'nobody', { RestorePolicy: 'IF_OWNED' }],
  ["scheduled for deletion and nobody's, with NEVER", 'pending', 'nobody', { RestorePolicy: 'NEVER' }],
  ['live and ours, with FAIL', 'live', 'ours', { ExistingSecretPolicy: 'FAIL' }],
  ['live and foreign, with ADOPT_IF_OWNED', 'live', 'foreign', { ExistingSecretPolicy: 'ADOPT_IF_OWNED' }],
  ['live and foreign, with FAIL', 'live', 'foreign', { ExistingSecretPolicy: 'FAIL' }],
  ["live and nobody's, with ADOPT_IF_OWNED", 'live', 'nobody', { ExistingSecretPolicy: 'ADOPT_IF_OWNED' }],
  ["live and nobody's, with FAIL", 'live', 'nobody', { ExistingSecretPolicy: 'FAIL' }],
])('a secret that is %s', (_, state, owner, policy) => {
  const wanted = properties({ RestorePolicy: 'ALWAYS', ExistingSecretPolicy: 'ADOPT', ...policy });

  test('is refused, by the Create and by the Delete that follows', async () => {
    await leftBehind(state, OWNERS[owner]);
    const before = await cloud.describe();
    const db = cloud.resource();

    const refused = await db.create(wanted);
    expect(refused).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(refused.data).toBeUndefined();
    // A live one could have been restored by another delivery a moment ago.
    expect(cloud.operations).toEqual(Array(state === 'live' ? 4 : 1).fill('DescribeSecret'));

    expect(await db.delete()).toMatchObject({ status: 'SUCCESS', physicalId: NO_ARN });
    expect(cloud.changes).toEqual([]);
    expect({ ...(await cloud.describe()), $metadata: {} }).toEqual({ ...before, $metadata: {} });
  });
});

test.each<[string, Owner, Properties]>([
  ['foreign', 'foreign', { RestorePolicy: 'IF_OWNED' }],
  ['ours', 'ours', { RestorePolicy: 'NEVER', ExistingSecretPolicy: 'FAIL' }],
])('a live secret that this resource could not restore is refused at once: %s', async (_, owner, policy) => {
  await leftBehind('live', OWNERS[owner]);
  expect(await cloud.resource().create(properties(policy))).toMatchObject({ status: 'FAILED' });
  expect(cloud.operations).toEqual(['DescribeSecret']);
});

describe('a secret that comes back', () => {
  test('costs one call more for each thing that differs', async () => {
    await leftBehind('pending', OWNER, { Description: 'old', KmsKeyId: KEY });
    await cloud.resource().create(properties({ Description: 'new' }));
    expect(cloud.operations).toEqual(['DescribeSecret', 'DescribeKey', 'RestoreSecret', 'TagResource', 'UpdateSecret']);
    // A value in a metadata update would be a new version.
    expect(cloud.inputs('UpdateSecret')).toEqual([
      { SecretId: (await cloud.describe())?.ARN, Description: 'new', KmsKeyId: '' },
    ]);
    expect(await cloud.value()).toBe('made by hand');
  });

  test('loses a description that the template does not have', async () => {
    await leftBehind('pending', OWNER, { Description: 'old' });
    await cloud.resource().create(properties());
    expect(cloud.inputs('UpdateSecret')).toEqual([expect.objectContaining({ Description: '' })]);
  });

  test('is encrypted with the key of the template', async () => {
    await leftBehind('pending', OWNER);
    await cloud.resource().create(properties({ KmsKeyId: KEY }));
    expect(await cloud.describe()).toMatchObject({ KmsKeyId: KEY });
  });

  test('is not touched because its key is spelled in another way', async () => {
    await leftBehind('pending', OWNER, { KmsKeyId: KEY });
    await cloud.resource().create(properties({ KmsKeyId: KEY.split('/')[1] }));
    expect(cloud.changes).toEqual(['RestoreSecret', 'TagResource']);
  });

  test('gets declared tags, loses stale ones of ours, and keeps those made by hand and those of AWS', async () => {
    const others = { byHand: '1', 'aws:cloudformation:x': 'y', cost: 'old' };
    const stale = { [OWNERSHIP_TAG.previousOwner]: 'depot', [`${OWNERSHIP_TAG_PREFIX}of-old`]: 'x' };
    await cloud.create({ tags: { ...BANK, ...others, ...stale, [OWNERSHIP_TAG.owner]: OWNER } });
    await cloud.schedule();
    const db = cloud.resource();
    await db.create(properties({ Tags: tagList({ cost: 'new', team: 'a' }) }));
    expect(await cloud.otherTags()).toEqual({ ...others, cost: 'new', team: 'a' });
    expect(await cloud.holder()).toEqual(db.holder);
    expect(await cloud.tags()).not.toHaveProperty([`${OWNERSHIP_TAG_PREFIX}of-old`]);
    expect(cloud.changes).toEqual(['RestoreSecret', 'TagResource', 'UntagResource']);
  });

  test.each([
    ['KEEP keeps its value', 'KEEP', properties(), 'made by hand', []],
    ['REGENERATE gives it another one', 'REGENERATE', properties(), /^.{32}$/, ['GetRandomPassword', 'PutSecretValue']],
    ['KEEP, declared values win all the same', 'KEEP', declaring('declared'), 'declared', ['PutSecretValue']],
    ['REGENERATE, declared values win', 'REGENERATE', declaring('declared'), 'declared', ['PutSecretValue']],
    ['REGENERATE leaves it without a source', 'REGENERATE', { GenerateSecretString: undefined }, 'made by hand', []],
  ] as const)('%s', async (_, RestoredValue, wanted, value, operations) => {
    await leftBehind('pending', OWNER);
    const db = cloud.resource();
    await db.create({ ...properties(), ...wanted, RestoredValue });
    expect(await cloud.value()).toEqual(typeof value === 'string' ? value : expect.stringMatching(value));
    expect(cloud.operations).toEqual(['DescribeSecret', 'RestoreSecret', 'TagResource', ...operations]);
    expect(await cloud.valueWasWrittenBy(db.requestId)).toBe(operations.length > 0);
  });

  test('KEEP fills one that is empty', async () => {
    await leftBehind('pending', OWNER, { SecretString: undefined, ClientRequestToken: undefined });
    await cloud.resource().create();
    expect(await cloud.value()).toHaveLength(32);
  });

  describe('with a rotation that was cut off', () => {
    const labels = async () =>
      Object.values((await cloud.describe())?.VersionIdsToStages ?? {})
        .flat()
        .sort();

    async function cutOff(owner = OWNER): Promise<string> {
      const arn = await leftBehind('live', owner);
      await cloud.put('rotated half', NAME, 'AWSPENDING');
      return arn;
    }

    /** The next rotation can begin, and the value that the database may have taken already is there. */
    async function isEnded(): Promise<void> {
      expect(await labels()).toEqual(['AWSCURRENT', 'CUT_OFF']);
      expect(await cloud.value()).toBe('made by hand');
      expect(await cloud.value(NAME, 'CUT_OFF')).toBe('rotated half');
    }

    test('ends it', async () => {
      const arn = await cutOff();
      await cloud.schedule();
      expect(await cloud.resource().create()).toMatchObject({ status: 'SUCCESS', physicalId: arn });
      await isEnded();
      // Once more.
      await cloud.put('again', NAME, 'AWSPENDING');
      await cloud.schedule();
      await cloud.resource({ life: 2 }).create();
      expect(await cloud.value(NAME, 'CUT_OFF')).toBe('again');
    });

    test('ends it also when the first delivery did not come to that', async () => {
      const db = cloud.resource();
      await cutOff();
      await cloud.schedule();
      cloud.fail('secretsmanager:UpdateSecretVersionStage', 'InternalServiceError', { times: 1 });
      // What undoes it fails as well, as if the function had died.
      cloud.fail('secretsmanager:DeleteSecret', 'InternalServiceError', { times: 4 });
      expect(await db.create()).toMatchObject({ status: 'FAILED' });
      expect(await db.again()).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'RESTORED' } });
      await isEnded();
    });

    test('ends it also where somebody has restored it by hand', async () => {
      await cutOff();
      expect(await cloud.resource().create()).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'ADOPTED' } });
      await isEnded();
    });

    test.each<[string, string, object]>([
      ['that may still go on', OWNER, { RotationEnabled: true }],
      ["of somebody else's", 'depot', { RotationEnabled: false }],
    ])('leaves one %s alone where it is live', async (_, owner, shown) => {
      await cutOff(owner);
      cloud.showing((secret) => ({ ...secret, ...shown }));
      await cloud.resource().create(properties({ ExistingSecretPolicy: 'ADOPT' }));
      expect(await labels()).toEqual(['AWSCURRENT', 'AWSPENDING']);
    });
  });

  test('keeps the label of a rotation that ended', async () => {
    await leftBehind('live', OWNER);
    cloud.showing((secret) => ({ ...secret, VersionIdsToStages: { current: ['AWSCURRENT', 'AWSPENDING'] } }));
    await cloud.schedule();
    await cloud.resource().create();
    expect(cloud.changes).not.toContain('UpdateSecretVersionStage');
  });

  test('tells in the log that a live one keeps its value, whatever the generator says', async () => {
    await leftBehind('live', 'depot');
    await cloud.resource().create(properties({ ExistingSecretPolicy: 'ADOPT' }));
    expect(cloud.steps).toContain('value kept');
    expect(await cloud.value()).toBe('made by hand');
  });

  test('is scheduled, restored and scheduled as often as its stack comes and goes', async () => {
    const first = await cloud.resource({ life: 1 }).create();
    const value = await cloud.value();
    for (const life of [1, 2, 3]) {
      const leaving = cloud.resource({ life });
      leaving.complete();
      await leaving.delete({ physicalId: first.physicalId, properties: properties() });
      expect(await cloud.daysLeft()).toBe(14);
      const answer = await cloud.resource({ life: life + 1 }).create();
      expect(answer).toMatchObject({ physicalId: first.physicalId, data: { Outcome: 'RESTORED' } });
      expect(await cloud.value()).toBe(value);
    }
  });

  test('comes back into the same stack when it had only left the template', async () => {
    const db = await cloud.deployed();
    const { physicalId } = db;
    db.enter('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    await db.delete();
    db.complete();
    expect(await db.create()).toMatchObject({ status: 'SUCCESS', physicalId, data: { Outcome: 'RESTORED' } });
  });
});

describe('of the 50 tags that AWS takes', () => {
  const MOST = MAX_OTHER_TAGS;
  const many = (count: number, prefix = 'declared') =>
    Object.fromEntries(Array.from({ length: count }, (_, number) => [`${prefix}-${number}`, 'x']));
  const tagged = (count: number, more: Properties = {}) => properties({ Tags: tagList(many(count)), ...more });
  const refused = (tags: number) =>
    new RegExp(`would have ${tags} tags beside those of this library.*nothing was changed`);

  test('those that this library leaves may be declared, and the secret comes back, is taken by another owner, and can be changed', async () => {
    const db = await cloud.deployed(tagged(MOST));
    await db.delete();
    const next = cloud.resource({ stack: 'depot' });
    expect(
      await next.create(tagged(MOST, { RestorePolicy: 'ALWAYS', ReplicaRegions: [{ Region: 'us-east-1' }] })),
    ).toMatchObject({
      status: 'SUCCESS',
      data: { Outcome: 'RESTORED' },
    });
    expect(await cloud.otherTags()).toEqual(many(MOST));
    next.complete();
    expect(await next.update(tagged(MOST, { Description: 'x', RestorePolicy: 'ALWAYS' }))).toMatchObject({
      status: 'SUCCESS',
    });
    expect(await next.update(properties({ Tags: tagList(many(MOST, 'other')) }))).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.otherTags()).toEqual(many(MOST, 'other'));
  });

  test.each<[string, () => Promise<unknown>, Properties, number]>([
    ['too many declared ones', async () => {}, tagged(MOST + 1), MOST + 1],
    [
      'one declared one more than fits beside those by hand',
      async () => {
        await cloud.create({ tags: { ...many(MOST, 'by-hand'), ...heldBy({ owner: OWNER }) } });
        await cloud.schedule();
      },
      tagged(1),
      MOST + 1,
    ],
    [
      'those by hand of an adopted secret, and of ours',
      () => cloud.create({ tags: many(45, 'by-hand') }),
      properties({ ExistingSecretPolicy: 'ADOPT' }),
      45,
    ],
  ])(
    'none are left for this library, which is told before anything is changed: %s',
    async (_, prepare, wanted, tags) => {
      await prepare();
      const answer = await cloud.resource().create(wanted);
      expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
      expect(answer.reason).toMatch(refused(tags));
      expect(cloud.changes).toEqual([]);
    },
  );

  test('one too many is refused in an update as well, and does not block the others', async () => {
    const db = await cloud.deployed(tagged(MOST));
    const before = db.properties;
    const answer = await db.update(tagged(MOST + 1));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toMatch(refused(MOST + 1));
    expect(cloud.changes).toEqual([]);
    db.properties = tagged(MOST + 1);
    db.rollBack();
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS' });
    db.complete();
    // Somebody adds what fits into AWS: nothing that the template says can be in the way.
    await cloud.tag({ byHand: 'x' });
    expect(await db.update({ ...before, Description: 'x' })).toMatchObject({ status: 'SUCCESS' });
  });
});

describe('a request that is delivered twice', () => {
  test.each([
    ['created', async () => {}, properties()],
    ['created with a declared value', async () => {}, declaring('declared')],
    ['created empty', async () => {}, properties({ GenerateSecretString: undefined })],
    ['restored', () => leftBehind('pending', OWNER), properties()],
    ['restored and regenerated', () => leftBehind('pending', OWNER), properties({ RestoredValue: 'REGENERATE' })],
    ['taken from its owner', () => leftBehind('pending', 'bank'), properties({ RestorePolicy: 'ALWAYS' })],
    ['adopted', () => leftBehind('live', 'bank'), declaring('declared', { ExistingSecretPolicy: 'ADOPT' })],
  ])('leaves what it has %s', async (_, prepare, wanted) => {
    await prepare();
    const db = cloud.resource();
    const first = await db.create(wanted);
    const [tags, versions] = [await cloud.tags(), (await cloud.describe())?.VersionIdsToStages];
    cloud.calls = [];
    expect(await db.again()).toEqual(first);
    expect(await cloud.tags()).toEqual(tags);
    expect((await cloud.describe())?.VersionIdsToStages).toEqual(versions);
  });

  test('does not undo what was written by hand since', async () => {
    const db = cloud.resource();
    await db.create(declaring('declared'));
    await cloud.put('by hand');
    await db.again();
    expect(await cloud.value()).toBe('by hand');
  });

  test('completes what the first delivery left undone', async () => {
    const db = cloud.resource();
    await db.create(properties({ Tags: tagList({ team: 'a' }), Description: 'orders' }));
    await cloud.tag({ team: 'lost' });
    expect(await db.again()).toMatchObject({ status: 'SUCCESS', data: { Outcome: 'CREATED' } });
    expect(await cloud.tags()).toMatchObject({ team: 'a' });
  });

  test('does not bring back what its stack has scheduled since', async () => {
    const db = cloud.resource();
    await db.create();
    const create = db.lastRequest;
    await db.delete();
    expect(await db.late(create)).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(await cloud.state()).toBe('pending');
  });

  test('does not bring back what a later request of its resource had restored and given up', async () => {
    const db = cloud.resource();
    await db.create();
    const oldest = db.lastRequest;
    await db.delete();
    await db.create();
    await db.delete();
    cloud.calls = [];
    expect(await db.late(oldest)).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(await cloud.state()).toBe('pending');
    expect(cloud.changes).toEqual([]);
  });

  test('does not take over what its own resource holds through a later request', async () => {
    const db = cloud.resource();
    await db.create();
    const oldest = db.lastRequest;
    // Left behind by RETAIN, and taken back.
    await db.create();
    const tags = await cloud.tags();
    cloud.calls = [];
    expect(await db.late(oldest)).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.tags()).toEqual(tags);
  });
});

describe('a secret that its own resource left behind by RETAIN', () => {
  test.each<[string, () => void, Properties]>([
    ['the policy', () => {}, { ExistingSecretPolicy: 'FAIL' }],
    ['a dead key', () => cloud.keys.set(KEY, 'Disabled'), {}],
    ['a bad template', () => {}, { GenerateSecretString: { GenerateStringKey: 'password' } }],
    [
      'a failure',
      () => cloud.fail('secretsmanager:TagResource', 'InternalServiceError', { times: 1 }),
      { Tags: tagList({ team: 'new' }) },
    ],
  ])('stays live when %s keeps the resource from taking it back', async (_, prepare, more) => {
    const db = cloud.resource();
    await db.create(properties({ KmsKeyId: KEY }));
    // Removed from the template, and added again.
    db.retain();
    db.complete();
    prepare();
    expect(await db.create(properties({ KmsKeyId: KEY, ...more }))).toMatchObject({ status: 'FAILED' });
    db.rollBack();
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.holder()).toEqual(db.holder);
  });
});

describe('a secret that cannot be held', () => {
  test('because it is a replica is refused with the region of its primary', async () => {
    const primary = await cloud.primaryIn('us-east-1', NAME);
    const answer = await cloud
      .resource()
      .create(properties({ RestorePolicy: 'ALWAYS', ExistingSecretPolicy: 'ADOPT' }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toContain('us-east-1');
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state(primary, 'us-east-1')).toBe('live');
  });

  test('because a service manages it is refused with the name of the service', async () => {
    await cloud.create({ tags: { 'aws:secretsmanager:owningService': 'rds', [OWNERSHIP_TAG.owner]: OWNER } });
    const answer = await cloud
      .resource()
      .create(properties({ RestorePolicy: 'ALWAYS', ExistingSecretPolicy: 'ADOPT' }));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toContain('managed by rds');
    expect(cloud.changes).toEqual([]);
  });

  test.each(['Disabled', 'PendingDeletion', 'PendingReplicaDeletion', 'Unavailable', 'NotFoundException'])(
    'because its key is dead (%s) is refused before it is restored',
    async (state) => {
      await leftBehind('pending', OWNER, { KmsKeyId: KEY });
      cloud.keys.set(KEY, state);
      const answer = await cloud.resource().create();
      expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
      expect(answer.reason).toContain(KEY);
      expect(answer.reason).toContain('kms:CancelKeyDeletion');
      expect(cloud.changes).toEqual([]);
      expect(await cloud.daysLeft()).toBe(9);
    },
  );

  test.each(['Enabled', 'Creating', 'Updating', 'AccessDeniedException'])(
    'is not one whose key is alive, or may not be seen (%s)',
    async (state) => {
      await leftBehind('pending', OWNER, { KmsKeyId: KEY });
      cloud.keys.set(KEY, state);
      expect(await cloud.resource().create(properties({ KmsKeyId: KEY }))).toMatchObject({ status: 'SUCCESS' });
    },
  );

  test('is not one whose key had an alias that is gone', async () => {
    for (const alias of ['alias/db', 'arn:aws:kms:eu-west-1:123456789012:alias/db']) {
      await leftBehind('pending', OWNER, { KmsKeyId: alias });
      cloud.keys.set(alias, 'NotFoundException');
      expect(await cloud.resource().create(properties({ KmsKeyId: KEY }))).toMatchObject({ status: 'SUCCESS' });
      await cloud.destroy();
    }
  });

  test('because its key is dead is not adopted either', async () => {
    await leftBehind('live', OWNER, { KmsKeyId: KEY });
    cloud.keys.set(KEY, 'Disabled');
    expect(await cloud.resource().create()).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(cloud.changes).toEqual([]);
  });
});
