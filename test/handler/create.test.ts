import { MAX_OTHER_TAGS, OWNERSHIP_TAG, OWNERSHIP_TAG_PREFIX } from '../../src/private/contract';
import { ADOPTED, CREATED, DONE, emptyCloud, FAILED, NO_ARN, REFUSED, RESTORED } from './cloud';
import { BANK, declaring, heldBy, NAME, OWNER, type Properties, properties, stackId, tagList } from './requests';

const cloud = emptyCloud();

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';
const ADOPT = { ExistingSecretPolicy: 'ADOPT' } as const;
const ALWAYS = { RestorePolicy: 'ALWAYS' } as const;

/** A secret that another life of a stack left behind. */
function leftBehind(state: 'pending' | 'live', owner: string | undefined, more = {}): Promise<string> {
  const held = owner ? heldBy({ owner, stackId: stackId('another', 7), logicalId: 'Old' }) : {};
  const input = { tags: { team: 'payments', ...held }, ...more };
  return state === 'pending' ? cloud.createScheduled(input) : cloud.create(input);
}

describe('a name that nobody has', () => {
  test('becomes a new secret with everything that the template declares', async () => {
    const db = cloud.resource();
    const wanted = properties({ Description: 'orders', KmsKeyId: KEY, Tags: tagList({ team: 'a' }) });
    const { status, physicalId, data } = await db.create(wanted);
    expect({ status, data }).toEqual({ status: 'SUCCESS', data: { Outcome: 'CREATED', Id: physicalId } });
    expect(await cloud.describe()).toMatchObject({ ARN: physicalId, Name: NAME, Description: 'orders', KmsKeyId: KEY });
    expect(await cloud.otherTags()).toEqual({ team: 'a' });
    expect(await cloud.holder()).toEqual(db.holder);
    expect(await cloud.value()).toHaveLength(32);
    expect(await cloud.valueWasWrittenBy(db.requestId)).toBe(true);
    expect(cloud.logged.map((line) => JSON.parse(line))).toEqual([{ step: 'create', secret: NAME }]);
  });

  test.each([
    ['a declared value', declaring('by template'), 'by template'],
    ['no value', properties({ GenerateSecretString: undefined }), undefined],
  ])('becomes a secret with %s', async (_, wanted, value) => {
    expect(await cloud.resource().create(wanted)).toMatchObject(CREATED);
    expect(await cloud.value()).toBe(value);
  });
});

test.each([undefined, ''])('a name that a condition took away (%p) is refused, and blocks nothing', async (Name) => {
  const nameless = cloud.resource({ logicalId: 'Nameless' });
  expect(await nameless.create(properties({ Name }))).toMatchObject(REFUSED);
  expect(await nameless.delete()).toMatchObject(DONE);
  expect(cloud.operations).toEqual([]);
  const db = await cloud.deployed();
  const { physicalId, properties: before } = db;
  expect(await db.update(properties({ Name }))).toMatchObject({ ...FAILED, physicalId });
  db.rollBack();
  expect(await db.update(before)).toMatchObject({ ...DONE, physicalId });
  db.complete();
  expect(await db.delete({ physicalId: 'shop-Db-1ABCDEFGHIJKL', properties: {} })).toMatchObject(DONE);
  expect(cloud.changes).toEqual([]);
  expect(await cloud.state()).toBe('live');
});

// Which state, owner and policy leads to what is a table in decide/acquire.test.ts; what is done then is here. The
// policy for the other state never matters.
test.each<['pending' | 'live', string | undefined, Properties]>([
  ['pending', OWNER, { ExistingSecretPolicy: 'FAIL' }],
  ['pending', 'bank', { ...ALWAYS, ExistingSecretPolicy: 'FAIL' }],
  ['pending', undefined, { ...ALWAYS, ExistingSecretPolicy: 'FAIL' }],
  ['live', OWNER, { RestorePolicy: 'NEVER' }],
  ['live', 'bank', { ...ADOPT, RestorePolicy: 'NEVER' }],
  ['live', undefined, { ...ADOPT, RestorePolicy: 'NEVER' }],
])('a secret that is %s, of owner %s, is taken with its value and its tags', async (state, owner, policy) => {
  const arn = await leftBehind(state, owner);
  const db = cloud.resource();
  const Outcome = state === 'pending' ? 'RESTORED' : 'ADOPTED';
  const answer = await db.create(properties(policy));
  expect(answer).toMatchObject({ ...DONE, physicalId: arn, data: { Outcome, Id: arn } });
  expect(await cloud.state()).toBe('live');
  expect(await cloud.value()).toBe('made by hand');
  expect(await cloud.otherTags()).toEqual({ team: 'payments' });
  expect(await cloud.holder()).toEqual(db.holder);
  // For a rollback. A restored secret of the same owner has nothing that could be given back.
  const before = owner
    ? { owner, stackId: stackId('another', 7), logicalId: 'Old' }
    : { owner: '', stackId: '', logicalId: '' };
  expect(await cloud.previousHolder()).toEqual(state === 'live' || owner !== OWNER ? before : undefined);
  // An adopted one keeps its value whatever the generator says.
  const steps = state === 'pending' ? ['restore'] : ['adopt', 'value kept'];
  expect(cloud.logged.map((line) => JSON.parse(line))).toEqual(steps.map((step) => ({ step, secret: arn })));
});

test.each<['pending' | 'live', string | undefined, Properties, boolean]>([
  ['pending', 'bank', ADOPT, true],
  ['live', OWNER, { ...ALWAYS, ExistingSecretPolicy: 'FAIL' }, false],
  ['live', undefined, ALWAYS, false],
  // This resource could not have restored it a moment ago.
  ['live', 'bank', {}, true],
  ['live', OWNER, { RestorePolicy: 'NEVER', ExistingSecretPolicy: 'FAIL' }, true],
])('a secret that is %s, of owner %s, with %j is refused and stays', async (state, owner, policy, atOnce) => {
  await leftBehind(state, owner);
  const { $metadata: _, ...before } = (await cloud.describe()) as { $metadata?: object };
  const db = cloud.resource();
  const refused = await db.create(properties(policy));
  expect(refused).toMatchObject(REFUSED);
  expect(refused.data).toBeUndefined();
  expect(cloud.waited === 0).toBe(atOnce);
  expect(new Set(cloud.operations)).toEqual(new Set(['DescribeSecret']));
  expect(await db.delete()).toMatchObject({ ...DONE, physicalId: NO_ARN });
  expect(await cloud.describe()).toMatchObject(before);
});

describe('a secret that comes back', () => {
  test('gets the settings and tags of the template, and keeps its value and those made by hand and those of AWS', async () => {
    const others = { byHand: '1', 'aws:cloudformation:x': 'y', cost: 'old' };
    const stale = { [OWNERSHIP_TAG.previousOwner]: 'depot', [`${OWNERSHIP_TAG_PREFIX}of-old`]: 'x' };
    const tags = { ...BANK, ...others, ...stale, [OWNERSHIP_TAG.owner]: OWNER };
    await cloud.createScheduled({ tags, Description: 'old' });
    const db = cloud.resource();
    await db.create(properties({ Description: 'new', KmsKeyId: KEY, Tags: tagList({ cost: 'new', team: 'a' }) }));
    expect(await cloud.describe()).toMatchObject({ Description: 'new', KmsKeyId: KEY });
    expect(await cloud.otherTags()).toEqual({ ...others, cost: 'new', team: 'a' });
    expect(await cloud.holder()).toEqual(db.holder);
    expect(await cloud.tags()).not.toHaveProperty([`${OWNERSHIP_TAG_PREFIX}of-old`]);
    expect(await cloud.value()).toBe('made by hand');
  });

  test.each([
    ['keeps its value', 'KEEP', {}, 'made by hand'],
    ['gets another value with REGENERATE', 'REGENERATE', {}, /^.{32}$/],
    ['gets a declared value', 'KEEP', declaring('declared'), 'declared'],
    ['gets a declared value, with REGENERATE', 'REGENERATE', declaring('declared'), 'declared'],
    ['keeps its value where there is no other', 'REGENERATE', { GenerateSecretString: undefined }, 'made by hand'],
  ] as const)('%s', async (_, RestoredValue, wanted, value) => {
    await leftBehind('pending', OWNER);
    const db = cloud.resource();
    await db.create({ ...properties(), ...wanted, RestoredValue });
    expect(await cloud.value()).toEqual(typeof value === 'string' ? value : expect.stringMatching(value));
    expect(await cloud.valueWasWrittenBy(db.requestId)).toBe(value !== 'made by hand');
    // As long as nothing takes time, one look is enough.
    expect(cloud.inputs('DescribeSecret')).toHaveLength(1);
  });

  test('gets a value when it is empty', async () => {
    await leftBehind('pending', OWNER, { SecretString: undefined, ClientRequestToken: undefined });
    await cloud.resource().create();
    expect(await cloud.value()).toHaveLength(32);
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
      expect(answer).toMatchObject({ ...RESTORED, physicalId: first.physicalId });
      expect(await cloud.value()).toBe(value);
    }
  });
});

describe('a rotation that was cut off', () => {
  async function cutOff(owner = OWNER): Promise<void> {
    await leftBehind('live', owner);
    await cloud.put('rotated half', NAME, 'AWSPENDING');
  }

  const labels = async () => Object.values((await cloud.describe())?.VersionIdsToStages ?? {}).flat();

  /** The next rotation can begin, and the value that the database may have taken already is there. */
  async function isEnded(half = 'rotated half'): Promise<void> {
    expect((await labels()).sort()).toEqual(['AWSCURRENT', 'CUT_OFF']);
    expect(await cloud.value()).toBe('made by hand');
    expect(await cloud.value(NAME, 'CUT_OFF')).toBe(half);
  }

  test('ends with the restoration, each time', async () => {
    await cutOff();
    await cloud.schedule();
    expect(await cloud.resource().create()).toMatchObject(RESTORED);
    await isEnded();
    await cloud.put('again', NAME, 'AWSPENDING');
    await cloud.schedule();
    await cloud.resource({ life: 2 }).create();
    await isEnded('again');
  });

  test('ends also where somebody has restored the secret by hand', async () => {
    await cutOff();
    expect(await cloud.resource().create()).toMatchObject(ADOPTED);
    await isEnded();
  });

  test.each<[string, string, object]>([
    ['may still go on', OWNER, { RotationEnabled: true }],
    ["is somebody else's", 'depot', { RotationEnabled: false }],
  ])('is left alone where the secret is live and it %s', async (_, owner, shown) => {
    await cutOff(owner);
    cloud.showing((secret) => ({ ...secret, ...shown }));
    await cloud.resource().create(properties(ADOPT));
    expect((await labels()).sort()).toEqual(['AWSCURRENT', 'AWSPENDING']);
  });
});

// How many are too many is counted in changes.test.ts.
describe('of the 50 tags that AWS takes', () => {
  const many = (count: number, prefix = 'declared') =>
    Object.fromEntries(Array.from({ length: count }, (_, number) => [`${prefix}-${number}`, 'x']));
  const tagged = (count: number, more: Properties = {}) => properties({ Tags: tagList(many(count)), ...more });

  test('those that this library leaves may be declared: the secret comes back, is taken, and can be changed', async () => {
    const db = await cloud.deployed(tagged(MAX_OTHER_TAGS));
    await db.delete();
    const next = cloud.resource({ stack: 'depot' });
    // With every tag that this library ever sets.
    const protects = { PurgeProtection: 'ALWAYS' } as const;
    const taking = tagged(MAX_OTHER_TAGS, { ...ALWAYS, ...protects, ReplicaRegions: [{ Region: 'us-east-1' }] });
    expect(await next.create(taking)).toMatchObject(RESTORED);
    expect(await cloud.otherTags()).toEqual(many(MAX_OTHER_TAGS));
    next.complete();
    const other = properties({ Tags: tagList(many(MAX_OTHER_TAGS, 'other')), ...protects });
    expect(await next.update(other)).toMatchObject(DONE);
    expect(await cloud.otherTags()).toEqual(many(MAX_OTHER_TAGS, 'other'));
  });

  test('one too many is refused in an update as well, and does not block the others', async () => {
    const db = await cloud.deployed(tagged(MAX_OTHER_TAGS));
    const { physicalId, properties: before } = db;
    expect(await db.update(tagged(MAX_OTHER_TAGS + 1))).toMatchObject({ ...FAILED, physicalId });
    expect(cloud.changes).toEqual([]);
    db.rollBack();
    expect(await db.update(before)).toMatchObject(DONE);
    db.complete();
    // Somebody adds what fits into AWS: nothing that the template says can be in the way.
    await cloud.tag({ byHand: 'x' });
    expect(await db.update({ ...before, Description: 'x' })).toMatchObject(DONE);
  });
});

describe('a request that is delivered twice', () => {
  test.each([
    ['created', async () => {}, properties()],
    ['created with a declared value', async () => {}, declaring('declared')],
    ['created empty', async () => {}, properties({ GenerateSecretString: undefined })],
    ['restored', () => leftBehind('pending', OWNER), properties()],
    ['restored and regenerated', () => leftBehind('pending', OWNER), properties({ RestoredValue: 'REGENERATE' })],
    ['taken from its owner', () => leftBehind('pending', 'bank'), properties(ALWAYS)],
    ['adopted', () => leftBehind('live', 'bank'), declaring('declared', ADOPT)],
  ])('leaves what it has %s', async (_, prepare, wanted) => {
    await prepare();
    const db = cloud.resource();
    const first = await db.create(wanted);
    const [tags, versions] = [await cloud.tags(), (await cloud.describe())?.VersionIdsToStages];
    expect(await db.again()).toEqual(first);
    expect(await cloud.tags()).toEqual(tags);
    expect((await cloud.describe())?.VersionIdsToStages).toEqual(versions);
  });

  test('completes what the first delivery left undone, and keeps what was written by hand since', async () => {
    const db = cloud.resource();
    await db.create(declaring('declared', { Tags: tagList({ team: 'a' }) }));
    await cloud.tag({ team: 'lost' });
    await cloud.put('by hand');
    expect(await db.again()).toMatchObject(CREATED);
    expect(await cloud.tags()).toMatchObject({ team: 'a' });
    expect(await cloud.value()).toBe('by hand');
  });

  test('does not take over what its own resource holds through a later request', async () => {
    const db = cloud.resource();
    await db.create();
    const oldest = db.lastRequest;
    // Left behind by RETAIN, and taken back.
    await db.create();
    const tags = await cloud.tags();
    expect(await db.late(oldest)).toMatchObject(REFUSED);
    expect(await cloud.tags()).toEqual(tags);
  });
});

test.each<[string, () => void, Properties]>([
  ['the policy', () => {}, { ExistingSecretPolicy: 'FAIL' }],
  ['a dead key', () => cloud.keys.set(KEY, 'Disabled'), {}],
  ['a bad template', () => {}, { GenerateSecretString: { GenerateStringKey: 'password' } }],
  ['a failure', () => cloud.breaks('TagResource', 1), { Tags: tagList({ team: 'new' }) }],
])(
  'a secret that its own resource left behind by RETAIN stays live when %s keeps it from coming back',
  async (_, happens, more) => {
    const db = cloud.resource();
    await db.create(properties({ KmsKeyId: KEY }));
    // Removed from the template, and added again.
    db.retain();
    db.complete();
    happens();
    expect(await db.create(properties({ KmsKeyId: KEY, ...more }))).toMatchObject(FAILED);
    db.rollBack();
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.state()).toBe('live');
    expect(await cloud.holder()).toEqual(db.holder);
  },
);
