import { REGION } from './account';
import { awsError, type Call, DONE, emptyCloud, FAILED, REFUSED } from './cloud';
import { BANK, heldBy, NAME, OWNER, type Properties, properties } from './requests';

const cloud = emptyCloud();

const NEAR = 'eu-central-1';
const FAR = 'us-east-1';
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555';
const OTHER_KEY = KEY.replace('1111-2222', '9999-9999');

const replicated = (...regions: (string | [string, string])[]): Properties =>
  properties({
    ReplicaRegions: regions.map((each) =>
      typeof each === 'string' ? { Region: each } : { Region: each[0], KmsKeyId: each[1] },
    ),
  });

const replicas = async () => (await cloud.describe())?.ReplicationStatus ?? [];
const regionsOf = async () => (await replicas()).map(({ Region }) => Region).sort();

/** Lets replicas that are removed be seen for some more calls in their regions. */
function lingers(calls: number): void {
  let seen = 0;
  let primary: object | undefined;
  cloud.intercept('secretsmanager:DescribeSecret', async ({ region, input }: Call, next) => {
    if (region === REGION) {
      primary = (await next()) as object;
      return primary;
    }
    // Whether a region answers at all is asked by name.
    if (!input.SecretId.startsWith('arn:') || ++seen > calls) return next();
    return { ...primary, ARN: input.SecretId, PrimaryRegion: REGION };
  });
}

describe('declared regions', () => {
  test('get the new secret, each with its key', async () => {
    expect(await cloud.resource().create(replicated(NEAR, [FAR, KEY]))).toMatchObject(DONE);
    expect(await regionsOf()).toEqual([NEAR, FAR]);
    expect((await replicas()).find(({ Region }) => Region === FAR)?.KmsKeyId).toBe(KEY);
    expect(await cloud.state(NAME, FAR)).toBe('live');
  });

  test('get the restored secret, whatever regions it had', async () => {
    const old = await cloud.deployed(replicated(NEAR));
    await old.delete();
    const next = cloud.resource({ life: 2 });
    expect(await next.create(replicated(FAR))).toMatchObject({ ...DONE, physicalId: old.physicalId });
    expect(await regionsOf()).toEqual([FAR]);
    expect(await cloud.state(NAME, NEAR)).toBe('absent');
  });

  test('get the adopted secret, and all others lose it', async () => {
    await cloud.create({ AddReplicaRegions: [{ Region: NEAR }], tags: heldBy({ owner: OWNER }) });
    expect(await cloud.resource().create(replicated(FAR))).toMatchObject(DONE);
    expect(await regionsOf()).toEqual([FAR]);
  });

  test('where the name is taken are refused before anything is done', async () => {
    await cloud.primaryIn(FAR, NAME, []);
    const answer = await cloud.resource().create(replicated(NEAR, FAR));
    expect(answer).toMatchObject(REFUSED);
    expect(answer.reason).toContain(FAR);
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state(NAME, FAR)).toBe('live');
  });

  test('where the name is taken meanwhile fail with the text of AWS, and keep the secret that is there', async () => {
    cloud.intercept('secretsmanager:CreateSecret', async (_, next) => {
      await cloud.primaryIn(FAR, NAME, []);
      return next();
    });
    const answer = await cloud.resource().create(replicated(FAR));
    expect(answer).toMatchObject(REFUSED);
    expect(answer.reason).toContain('already exists in region us-east-1');
    expect(await cloud.state()).toBe('pending');
    expect(await cloud.state(NAME, FAR)).toBe('live');
  });
});

test('a region is asked for as long as the permission for it may take to arrive there', async () => {
  let refused = 0;
  cloud.intercept('secretsmanager:DescribeSecret', async ({ region }: Call, next) => {
    if (region === FAR && refused++ < 12) throw awsError('AccessDeniedException');
    return next();
  });
  expect(await cloud.resource().create(replicated(FAR))).toMatchObject(DONE);
  expect(cloud.waited).toBeGreaterThan(30);
  expect(await regionsOf()).toEqual([FAR]);
});

// Which difference is one is in changes.test.ts.
describe('an update of the regions', () => {
  test.each<[string, Properties, Properties, string[], string[]]>([
    ['adds one', replicated(NEAR), replicated(NEAR, FAR), [NEAR, FAR], [FAR]],
    ['removes all', replicated(NEAR, FAR), properties(), [], [NEAR, FAR]],
    [
      'changes the key of one, and leaves the other alone',
      replicated(NEAR, [FAR, KEY]),
      replicated(NEAR, [FAR, OTHER_KEY]),
      [NEAR, FAR],
      [FAR],
    ],
    ['does nothing for another order', replicated(NEAR, FAR), replicated(FAR, NEAR), [NEAR, FAR], []],
  ])('%s', async (_, before, after, regions, touched) => {
    const db = await cloud.deployed(before);
    const tags = await cloud.tags();
    expect(await db.update(after)).toMatchObject({ ...DONE, physicalId: db.physicalId });
    expect(await regionsOf()).toEqual(regions);
    const removed = cloud.inputs('RemoveRegionsFromReplication').flatMap((input) => input.RemoveReplicaRegions);
    const added = cloud.inputs('ReplicateSecretToRegions').flatMap((input) => input.AddReplicaRegions);
    expect(new Set([...removed, ...added.map(({ Region }) => Region)])).toEqual(new Set(touched));
    // What was noted on the way is forgotten.
    expect(await cloud.tags()).toEqual(tags);
  });

  test('removes, waits until it is gone, and only then adds', async () => {
    const db = await cloud.deployed(replicated([FAR, KEY]));
    lingers(3);
    await db.update(replicated([FAR, OTHER_KEY]));
    const [removed, added] = ['RemoveRegionsFromReplication', 'ReplicateSecretToRegions'].map((operation) =>
      cloud.operations.indexOf(operation),
    );
    expect(cloud.calls.slice(removed, added).filter(({ region }) => region === FAR)).toHaveLength(4);
  });

  test('brings them back to a secret that was scheduled by hand', async () => {
    const db = await cloud.deployed(replicated(FAR));
    await cloud.removeReplicas(FAR);
    await cloud.schedule();
    expect(await db.update(replicated(FAR))).toMatchObject(DONE);
    expect(await regionsOf()).toEqual([FAR]);
  });

  test.each([
    ['a rollback', 'UPDATE_ROLLBACK_IN_PROGRESS', DONE],
    ['an ordinary deployment', 'UPDATE_IN_PROGRESS', FAILED],
  ])('that AWS refuses to bring ends as it may in %s', async (_, stackStatus, ends) => {
    const db = await cloud.deployed();
    db.enter(stackStatus);
    cloud.breaks('ReplicateSecretToRegions');
    expect(await db.update(replicated(FAR))).toMatchObject(ends);
    const told = cloud.logged.map((line) => JSON.parse(line)).filter(({ error }) => error !== undefined);
    const step = { step: 'replicas not brought back', secret: db.physicalId, error: 'InternalServiceError' };
    expect(told).toEqual(ends === DONE ? [step] : []);
  });
});

describe('a Delete', () => {
  test('looks into declared regions although the secret does not list them any more', async () => {
    const db = await cloud.deployed(replicated(FAR));
    await cloud.removeReplicas(FAR);
    lingers(2);
    await db.delete();
    expect(cloud.calls.filter(({ region }) => region === FAR)).toHaveLength(3);
    expect(await cloud.state()).toBe('pending');
  });

  test('says beforehand that AWS deletes no secret that is replicated with another account', async () => {
    const db = await cloud.deployed(replicated(NEAR));
    cloud.showing((secret) => ({ ...secret, CrossAccountReplicas: [{ AccountId: '210987654321' }] }));
    const answer = await db.delete();
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toContain('replicated with account 210987654321');
    expect(cloud.changes).toEqual([]);
  });

  test('leaves a secret to whom it is given while its replicas go', async () => {
    const db = await cloud.deployed(replicated(FAR));
    cloud.intercept('secretsmanager:RemoveRegionsFromReplication', async (_, next) => {
      await cloud.tag(BANK);
      return next();
    });
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.state()).toBe('live');
    expect(await cloud.tags()).toMatchObject(BANK);
  });

  test('removes all replicas, and schedules only when they are gone from their own regions', async () => {
    const db = await cloud.deployed(replicated(NEAR, FAR));
    lingers(6);
    expect(await db.delete()).toMatchObject(DONE);
    expect(cloud.waited).toBeGreaterThan(1);
    expect(cloud.operations.at(-1)).toBe('DeleteSecret');
    expect(await cloud.state()).toBe('pending');
    for (const region of [NEAR, FAR]) expect(await cloud.state(NAME, region)).toBe('absent');
  });

  test('does not schedule while a replica stays, and says which one, also where another region cannot be seen', async () => {
    const db = await cloud.deployed(replicated(NEAR, FAR));
    lingers(Number.POSITIVE_INFINITY);
    cloud.intercept('secretsmanager:DescribeSecret', async ({ region }: Call, next) => {
      if (region === FAR) throw awsError('UnrecognizedClientException');
      return next();
    });
    const answer = await db.delete();
    expect(answer).toMatchObject({ ...FAILED, physicalId: db.physicalId });
    expect(answer.reason).toContain(NEAR);
    expect(await cloud.state()).toBe('live');
    expect(cloud.waited).toBeLessThan(200);
  });
});

// What such a region answers, and how long it is waited for, is in guards.test.ts and apply.test.ts.
describe('a region that does not exist', () => {
  /** Replication to it works all the same. */
  function unseen(): void {
    cloud.intercept('secretsmanager:DescribeSecret', async ({ region }: Call, next) => {
      if (region === FAR) throw Object.assign(awsError('Error'), { code: 'ENOTFOUND' });
      return next();
    });
  }

  test('is refused by name before anything is created', async () => {
    unseen();
    const db = cloud.resource();
    const answer = await db.create(replicated(NEAR, FAR));
    expect(answer).toMatchObject(REFUSED);
    expect(answer.reason).toMatch(new RegExp(`in ${FAR} could not be managed, .* ENOTFOUND;`));
    db.rollBack();
    expect(await db.delete()).toMatchObject(DONE);
    expect(cloud.changes).toEqual([]);
  });

  test('is refused before an update adds it, and only there', async () => {
    const db = await cloud.deployed(replicated(NEAR));
    const { physicalId, properties: before } = db;
    unseen();
    expect(await db.update({ ...replicated(NEAR, FAR), Description: 'x' })).toMatchObject({ ...FAILED, physicalId });
    expect(cloud.changes).toEqual([]);
    db.rollBack();
    expect(await db.update(before)).toMatchObject(DONE);
    db.complete();
    expect(await db.update({ ...before, Description: 'y' })).toMatchObject(DONE);
    expect(await regionsOf()).toEqual([NEAR]);
  });
});
