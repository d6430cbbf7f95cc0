import { OWNERSHIP_TAG } from '../../src/private/contract';
import { ADOPTED, CREATED, DONE, emptyCloud, FAILED, NO_ARN } from './cloud';
import { BANK, declaring, heldBy, NAME, OWNER, type Properties, properties, tagList } from './requests';

const cloud = emptyCloud();

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';
const ADOPT = { ExistingSecretPolicy: 'ADOPT' } as const;
const ALWAYS = { RestorePolicy: 'ALWAYS' } as const;
const EMPTY = properties({ GenerateSecretString: undefined });
const LONG = { GenerateSecretString: { PasswordLength: '50' } };
const CHANGE = properties({ Description: 'x' });

describe('an update of a secret as it was left', () => {
  test.each<[string, Properties]>([
    ['the policies', { ...ALWAYS, ExistingSecretPolicy: 'FAIL', RestoredValue: 'REGENERATE' }],
    ['nothing', {}],
  ])('that changes %s looks at it once, and touches nothing', async (_, change) => {
    const db = await cloud.deployed(properties({ KmsKeyId: KEY }));
    expect(await db.update(properties({ KmsKeyId: KEY, ...change }))).toMatchObject(CREATED);
    expect(cloud.operations).toEqual(['DescribeSecret']);
  });

  // Which difference is one is in changes.test.ts.
  test('sets what is declared, takes back what is not any more, and leaves the value and the tags of others', async () => {
    const db = await cloud.deployed(properties({ Tags: tagList({ team: 'a', stage: 'prod', gone: 'x' }) }));
    const { physicalId, holder } = db;
    const value = await cloud.value();
    await cloud.tag({ byHand: '1', stage: 'changed by hand' });
    const after = { Description: 'orders', KmsKeyId: KEY, Tags: tagList({ team: 'b', stage: 'prod', fresh: 'y' }) };
    expect(await db.update(properties(after))).toMatchObject({ ...DONE, physicalId });
    expect(await cloud.describe()).toMatchObject({ Description: 'orders', KmsKeyId: KEY });
    expect(await cloud.otherTags()).toEqual({ team: 'b', stage: 'prod', fresh: 'y', byHand: '1' });
    expect(await db.update(properties())).toMatchObject({ ...DONE, physicalId });
    const { Description, KmsKeyId } = (await cloud.describe()) ?? {};
    expect([Description || '', KmsKeyId || '']).toEqual(['', '']);
    expect(await cloud.otherTags()).toEqual({ byHand: '1' });
    expect(await cloud.value()).toBe(value);
    expect(await cloud.holder()).toEqual(holder);
  });

  test('gives it the window of the last update', async () => {
    const db = await cloud.deployed();
    await db.update(properties({ RecoveryWindowInDays: '8' }));
    await db.delete();
    expect(await cloud.daysLeft()).toBe(8);
  });

  test('gives it the new owner, and the one before again in a rollback', async () => {
    const db = await cloud.deployed();
    await db.update(properties({ Owner: 'depot' }));
    expect(await cloud.holder()).toEqual({ ...db.holder, owner: 'depot' });
    // A second delivery finds the new owner already.
    expect(await db.again()).toMatchObject(DONE);
    db.rollBack();
    expect(await db.update(properties())).toMatchObject(DONE);
    expect(await cloud.holder()).toEqual(db.holder);
  });
});

describe('the value in an update', () => {
  test('is a new version, written once, however often the request is delivered', async () => {
    const db = await cloud.deployed(declaring('one'));
    await db.update(declaring('two'));
    expect(await cloud.value()).toBe('two');
    expect(await cloud.valueWasWrittenBy(db.requestId)).toBe(true);
    expect(await cloud.versions()).toHaveLength(2);
    await cloud.put('by hand');
    await db.again();
    expect(await cloud.value()).toBe('by hand');
  });

  // Which change is one of the value is in changes.test.ts.
  test.each<[string, Properties, Properties, RegExp | 'kept']>([
    ['a generated value goes', properties(), EMPTY, 'kept'],
    [
      'its generator changes, and UpdatedValue is KEEP',
      properties(),
      properties({ ...LONG, UpdatedValue: 'KEEP' }),
      'kept',
    ],
    ['its generator changes', properties(), properties(LONG), /^.{50}$/],
    ['a generated value becomes a declared one', properties(), declaring('one'), /^one$/],
    ['an empty secret gets one', EMPTY, declaring('one'), /^one$/],
    ['UpdatedValue is KEEP, and there is none', EMPTY, properties({ UpdatedValue: 'KEEP' }), /^.{32}$/],
  ])('is as declared when %s', async (_, before, after, value) => {
    const db = await cloud.deployed(before);
    const old = await cloud.value();
    expect(await db.update(after)).toMatchObject(DONE);
    if (value === 'kept') expect(await cloud.value()).toBe(old);
    else expect(await cloud.value()).toMatch(value);
    // What was to be changed, and is kept, is told.
    expect(cloud.steps.includes('value kept')).toBe(value === 'kept');
  });
});

describe('the value in a rollback', () => {
  test.each<[string, Properties, Properties]>([
    ['declared and declared otherwise', declaring('one'), declaring('two')],
    ['generated and generated otherwise', properties(), properties(LONG)],
    ['generated and then declared', properties(), declaring('two')],
    ['declared and then generated', declaring('one'), properties()],
  ])('is the one before: %s', async (_, before, after) => {
    const db = await cloud.deployed(before);
    const value = await cloud.value();
    await db.update(after);
    expect(await cloud.value()).not.toBe(value);
    db.rollBack();
    expect(await db.update(before)).toMatchObject(DONE);
    expect(await cloud.value()).toBe(value);
  });

  test.each([
    ['generated', properties(), properties(LONG)],
    ['declared', declaring('two'), declaring('three')],
  ])('is not written once more where the failed update had not come to it: %s', async (_, before, after) => {
    const db = await cloud.deployed(declaring('one'));
    await db.update(before);
    db.complete();
    const [value, versions] = [await cloud.value(), await cloud.versions()];
    cloud.breaks('PutSecretValue');
    expect(await db.update(after)).toMatchObject(FAILED);
    db.rollBack();
    expect(await db.update(before)).toMatchObject(DONE);
    expect(await cloud.value()).toBe(value);
    expect(await cloud.versions()).toEqual(versions);
  });
});

test.each([
  ['one attempt', ['second']],
  ['three attempts', ['second', 'third', 'fourth']],
  ['attempts of which the last one was not to write', ['second', 'second']],
])('the value is the first one again when %s that failed are rolled back in the end', async (_, values) => {
  const db = await cloud.deployed(declaring('first'));
  for (const value of values) {
    expect(await db.update(declaring(value))).toMatchObject(DONE);
    db.fail();
  }
  db.rollBack();
  expect(await db.update(declaring('first'))).toMatchObject(DONE);
  expect(await cloud.value()).toBe('first');
});

test('the value is the first one again when the last attempt that failed had declared the same as before', async () => {
  const db = await cloud.deployed();
  const value = await cloud.value();
  await db.update(declaring('second'));
  db.fail();
  await db.update(properties());
  expect(await cloud.value()).not.toBe(value);
  db.rollBack();
  expect(await db.update(properties())).toMatchObject(DONE);
  expect(await cloud.value()).toBe(value);
});

test('the value of an attempt that failed stays where the next one goes on and keeps it', async () => {
  const db = await cloud.deployed();
  await db.update(declaring('second'));
  db.fail();
  expect(await db.update(properties({ UpdatedValue: 'KEEP' }))).toMatchObject(DONE);
  db.complete();
  expect(await cloud.value()).toBe('second');
});

describe('an update of a secret that', () => {
  test.each([
    [false, ['AWSCURRENT', 'CUT_OFF']],
    [true, ['AWSCURRENT', 'AWSPENDING']],
  ])('was scheduled in mid-rotation ends that, unless it goes on by itself: %p', async (RotationEnabled, expected) => {
    const db = await cloud.deployed();
    await cloud.put('rotated half', NAME, 'AWSPENDING');
    await cloud.schedule();
    cloud.showing((secret) => ({ ...secret, RotationEnabled }));
    expect(await db.update(CHANGE)).toMatchObject(CREATED);
    const stages = Object.values((await cloud.describe())?.VersionIdsToStages ?? {}).flat();
    expect(stages.sort()).toEqual(expected);
  });

  test('was scheduled by hand restores it with its value', async () => {
    const db = await cloud.deployed();
    const value = await cloud.value();
    await cloud.schedule();
    expect(await db.update(CHANGE)).toMatchObject({ ...CREATED, physicalId: db.physicalId });
    expect(await cloud.describe()).toMatchObject({ Description: 'x' });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.value()).toBe(value);
  });

  test.each<[string, () => Promise<unknown>]>([
    [
      'is scheduled, and being deleted for good,',
      async () => {
        await cloud.schedule();
        cloud.fail('secretsmanager:RestoreSecret', 'InvalidRequestException');
      },
    ],
    ['is gone for good', () => cloud.destroy()],
    [
      'was destroyed and made again by hand',
      async () => {
        await cloud.destroy();
        await cloud.create();
      },
    ],
    ['somebody else holds', () => cloud.tag(BANK)],
  ])('%s is refused and changes nothing, and neither its rollback nor its Delete get stuck', async (_, happens) => {
    const db = await cloud.deployed(properties({ KmsKeyId: KEY }));
    const { physicalId, properties: before } = db;
    await happens();
    const [state, tags] = [await cloud.state(), await cloud.tags()];
    const answer = await db.update({ ...before, Description: 'x' });
    expect(answer).toMatchObject({ ...FAILED, physicalId });
    expect(answer.reason).toContain('nothing was changed');
    db.rollBack();
    expect(await db.update(before)).toMatchObject({ ...DONE, physicalId });
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.state()).toBe(state);
    expect(await cloud.tags()).toEqual(tags);
  });
});

// What an update makes of each loss is in decide/revise.test.ts.
describe('the tags of this library, taken away by a tool that does not know them,', () => {
  const ALL = Object.values(OWNERSHIP_TAG);

  test.each<[string, () => Promise<unknown>, Properties]>([
    ['live', async () => {}, ADOPT],
    ['scheduled', () => cloud.schedule(), ALWAYS],
  ])('come back all together only where the template opts in (%s)', async (_, prepare, optIn) => {
    const db = await cloud.deployed();
    await cloud.untag(ALL);
    await prepare();
    const state = await cloud.state();
    expect(await db.update(CHANGE)).toMatchObject({ ...FAILED, physicalId: db.physicalId });
    // Its rollback does not get stuck.
    db.rollBack();
    expect(await db.update(properties())).toMatchObject(DONE);
    expect(await cloud.state()).toBe(state);
    db.complete();
    expect(await db.update(properties(optIn))).toMatchObject({ ...DONE, physicalId: db.physicalId });
    expect(await cloud.holder()).toEqual(db.holder);
    expect(await cloud.state()).toBe('live');
  });

  test('come back where they are set as the message says', async () => {
    const db = await cloud.deployed();
    await cloud.untag(ALL);
    const { reason } = await db.update(CHANGE);
    const said = [...reason.matchAll(/(recoverable-secret:[a-z-]+)=(\S+?)(?=,? |,|$)/g)];
    await cloud.tag(Object.fromEntries(said.map(([, key, value]) => [key, value])));
    expect(await cloud.holder()).toEqual(db.holder);
    expect(await db.update(CHANGE)).toMatchObject(DONE);
  });
});

describe('another name', () => {
  const RENAMED = 'prod/orders';
  const renamed = properties({ Name: RENAMED });
  const other = { Name: RENAMED, tags: heldBy({ owner: OWNER }) };

  test('is another secret, and the old one is scheduled by the clean-up', async () => {
    const db = await cloud.deployed();
    const { physicalId, properties: before } = db;
    const answer = await db.update(renamed);
    expect(answer).toMatchObject({ ...CREATED, physicalId: (await cloud.describe(RENAMED))?.ARN });
    expect(await cloud.state()).toBe('live');
    db.cleanUp();
    await db.delete({ physicalId, properties: before });
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.state(RENAMED)).toBe('live');
  });

  test.each([
    ['absent', async () => {}, 'CREATED', 'pending'],
    ['scheduled', () => cloud.createScheduled(other), 'RESTORED', 'pending'],
    ['live', () => cloud.create(other), 'ADOPTED', 'live'],
  ])('that was %s is as it was after a rollback, and so is the old one', async (_, prepare, outcome, end) => {
    const db = await cloud.deployed();
    const { physicalId: old, properties: before } = db;
    const tags = await cloud.tags();
    await prepare();
    const tagsOfOther = await cloud.tags(RENAMED);
    const { physicalId: next, data } = await db.update(renamed);
    expect(data).toEqual({ Outcome: outcome, Id: next });
    db.rollBack();
    expect(await db.update(before)).toMatchObject({ ...DONE, physicalId: old });
    db.cleanUp();
    await db.delete({ physicalId: next, properties: renamed });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(tags);
    expect(await cloud.state(RENAMED)).toBe(end);
    if (outcome === 'ADOPTED') expect(await cloud.tags(RENAMED)).toEqual(tagsOfOther);
    // Forward again, as if nothing had happened.
    db.enter('UPDATE_IN_PROGRESS');
    expect(await db.update(renamed)).toMatchObject({ ...DONE, physicalId: next });
  });

  async function rollingBack(meanwhile: () => Promise<unknown>) {
    const db = await cloud.deployed();
    const { physicalId, properties: before } = db;
    await db.update(renamed);
    await meanwhile();
    db.rollBack();
    return { db, before, physicalId };
  }

  test.each<[string, () => Promise<unknown>]>([
    ['somebody else has taken the secret', () => cloud.tag(BANK)],
    [
      'the secret has become a replica',
      async () => {
        await cloud.destroy();
        await cloud.primaryIn('us-east-1', NAME);
      },
    ],
    ['nobody can read the origin of the secret', () => cloud.tag({ [OWNERSHIP_TAG.origin]: '' })],
  ])('is given up by a rollback although %s, which stays as it is', async (_, meanwhile) => {
    const { db, before } = await rollingBack(meanwhile);
    const tags = await cloud.tags();
    expect(await db.update(before)).toMatchObject({ ...ADOPTED, physicalId: (await cloud.describe())?.ARN });
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toEqual(tags);
  });

  test('is given up by a rollback to a secret that somebody has scheduled, which is restored', async () => {
    const { db, before, physicalId } = await rollingBack(() => cloud.schedule());
    expect(await db.update(before)).toMatchObject({ ...DONE, physicalId });
    expect(await cloud.state()).toBe('live');
  });

  test('is given up by a rollback to what is gone, which tells no ARN of something else', async () => {
    const { db, before, physicalId } = await rollingBack(() => cloud.destroy());
    expect(await db.update(before)).toMatchObject({ ...DONE, physicalId: NO_ARN });
    db.rollBack();
    [db.properties, db.physicalId] = [renamed, physicalId];
    expect(await db.update(before)).toMatchObject({ ...ADOPTED, physicalId });
    expect(await cloud.state()).toBe('absent');
  });

  test('that is refused leaves the resource with its old secret', async () => {
    await cloud.create({ Name: RENAMED });
    const db = await cloud.deployed();
    const { physicalId } = db;
    expect(await db.update(renamed)).toMatchObject({ ...FAILED, physicalId });
    db.rollBack();
    expect(await db.update(properties())).toMatchObject({ ...DONE, physicalId });
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state(NAME)).toBe('live');
  });
});
