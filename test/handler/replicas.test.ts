import { OWNERSHIP_TAG } from '../../src/private/contract';
import { REGION } from './account';
import { awsError, type Call, Cloud, NO_ARN } from './cloud';
import { BANK, heldBy, NAME, OWNER, type Properties, properties } from './requests';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

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

async function regionsOf(id = NAME): Promise<(string | undefined)[]> {
  return ((await cloud.describe(id))?.ReplicationStatus ?? []).map(({ Region }) => Region).sort();
}

describe('declared regions', () => {
  test('get the new secret, each with its key', async () => {
    expect(await cloud.resource().create(replicated(NEAR, [FAR, KEY]))).toMatchObject({ status: 'SUCCESS' });
    expect(await regionsOf()).toEqual([NEAR, FAR]);
    expect(await cloud.state(NAME, FAR)).toBe('live');
    expect(cloud.inputs('ReplicateSecretToRegions')).toEqual([
      expect.objectContaining({ AddReplicaRegions: [{ Region: NEAR }, { Region: FAR, KmsKeyId: KEY }] }),
    ]);
  });

  test('get the restored secret, whatever regions it had', async () => {
    const old = await cloud.deployed(replicated(NEAR));
    await old.delete();
    const next = cloud.resource({ life: 2 });
    expect(await next.create(replicated(FAR))).toMatchObject({ status: 'SUCCESS', physicalId: old.physicalId });
    expect(await regionsOf()).toEqual([FAR]);
    expect(await cloud.state(NAME, NEAR)).toBe('absent');
  });

  test('get the adopted secret, and all others lose it', async () => {
    await cloud.create({ AddReplicaRegions: [{ Region: NEAR }], tags: heldBy({ owner: OWNER }) });
    expect(await cloud.resource().create(replicated(FAR))).toMatchObject({ status: 'SUCCESS' });
    expect(await regionsOf()).toEqual([FAR]);
  });

  test('are waited for until they are in sync', async () => {
    cloud.showing((secret, count) => ({
      ...secret,
      ReplicationStatus: secret.ReplicationStatus?.map((each) => ({
        ...each,
        Status: count < 5 && each.Region === FAR ? 'InProgress' : 'InSync',
      })),
    }));
    expect(await cloud.resource().create(replicated(NEAR, FAR))).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.waited).toBeGreaterThan(1);
    expect(cloud.waited).toBeLessThan(30);
  });

  test('that stay behind fail the creation, and the secret is scheduled', async () => {
    cloud.showing((secret) => ({
      ...secret,
      ReplicationStatus: secret.ReplicationStatus?.map((each) => ({ ...each, Status: 'InProgress' })),
    }));
    const answer = await cloud.resource().create(replicated(NEAR, FAR));
    expect(answer).toMatchObject({ status: 'FAILED' });
    expect(answer.reason).toContain(NEAR);
    expect(cloud.waited).toBeGreaterThan(120);
    expect(cloud.waited).toBeLessThan(200);
    expect(await cloud.daysLeft()).toBe(14);
    expect(await cloud.state(NAME, NEAR)).toBe('absent');
  });

  test('are waited for only as long as the function may run', async () => {
    cloud.secondsLeft = 60;
    cloud.showing((secret) => ({
      ...secret,
      ReplicationStatus: secret.ReplicationStatus?.map((each) => ({ ...each, Status: 'InProgress' })),
    }));
    expect(await cloud.resource().create(replicated(FAR))).toMatchObject({ status: 'FAILED' });
    expect(cloud.waited).toBeLessThan(15);
    expect(await cloud.state()).toBe('pending');
  });

  test('where the name is taken are refused before anything is done', async () => {
    await cloud.primaryIn(FAR, NAME, []);
    const answer = await cloud.resource().create(replicated(NEAR, FAR));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toContain(`exists already in ${FAR} by itself`);
    expect(cloud.changes).toEqual([]);
    expect(await cloud.state(NAME, FAR)).toBe('live');
  });

  test('where the name is taken meanwhile fail with the text of AWS, and keep the secret that is there', async () => {
    cloud.intercept('secretsmanager:CreateSecret', async (_, next) => {
      await cloud.primaryIn(FAR, NAME, []);
      return next();
    });
    const answer = await cloud.resource().create(replicated(FAR));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toMatch(/replication to us-east-1 failed: .*already exists in region us-east-1/);
    expect(await cloud.state()).toBe('pending');
    expect(await cloud.state(NAME, FAR)).toBe('live');
  });
});

describe('an update of the regions', () => {
  test.each<[string, Properties, Properties, string[], string[]]>([
    ['adds one', replicated(NEAR), replicated(NEAR, FAR), [NEAR, FAR], [FAR]],
    ['removes one', replicated(NEAR, FAR), replicated(NEAR), [NEAR], [FAR]],
    ['removes all', replicated(NEAR, FAR), properties(), [], [NEAR, FAR]],
    [
      'changes the key of one, and leaves the other alone',
      replicated(NEAR, [FAR, KEY]),
      replicated(NEAR, [FAR, OTHER_KEY]),
      [NEAR, FAR],
      [FAR],
    ],
    ['takes the key of one away', replicated([FAR, KEY]), replicated(FAR), [FAR], [FAR]],
    ['gives one an alias', replicated([FAR, KEY]), replicated([FAR, 'alias/db']), [FAR], [FAR]],
    ['does nothing for another order', replicated(NEAR, FAR), replicated(FAR, NEAR), [NEAR, FAR], []],
    [
      'does nothing for the key in another spelling',
      replicated([FAR, KEY]),
      replicated([FAR, KEY.split('/')[1]]),
      [FAR],
      [],
    ],
    [
      'does nothing for the default key by name',
      replicated(FAR),
      replicated([FAR, 'alias/aws/secretsmanager']),
      [FAR],
      [],
    ],
  ])('%s', async (_, before, after, regions, touched) => {
    const db = await cloud.deployed(before);
    const tags = await cloud.tags();
    expect(await db.update(after)).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
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

  test('leaves a replica alone whose key is declared as an alias, which AWS reports as the ARN of the key', async () => {
    const aliased = replicated([FAR, 'alias/db']);
    const db = await cloud.deployed(aliased);
    cloud.showing((secret) => ({
      ...secret,
      ReplicationStatus: secret.ReplicationStatus?.map((each) => ({ ...each, KmsKeyId: KEY })),
    }));
    await db.update({ ...aliased, Description: 'x' });
    expect(cloud.changes).toEqual(['UpdateSecret']);
    db.complete();
    await db.delete();
    const next = cloud.resource({ life: 2 });
    expect(await next.create(aliased)).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.inputs('ReplicateSecretToRegions')).toHaveLength(1);
  });

  test('replaces a replica that has failed', async () => {
    const db = await cloud.deployed(replicated(FAR));
    cloud.showing((secret, count) => ({
      ...secret,
      ReplicationStatus: secret.ReplicationStatus?.map((each) => (count === 1 ? { ...each, Status: 'Failed' } : each)),
    }));
    expect(await db.update({ ...replicated(FAR), Description: 'x' })).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.inputs('RemoveRegionsFromReplication')).toHaveLength(1);
    expect(await regionsOf()).toEqual([FAR]);
  });

  test('brings them back to a secret that was scheduled by hand', async () => {
    const db = await cloud.deployed(replicated(FAR));
    await cloud.removeReplicas(FAR);
    await cloud.schedule();
    expect(await db.update(replicated(FAR))).toMatchObject({ status: 'SUCCESS' });
    expect(await regionsOf()).toEqual([FAR]);
  });
});

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

describe('a Delete', () => {
  test('removes all replicas, and schedules only when they are gone from their own regions', async () => {
    const db = await cloud.deployed(replicated(NEAR, FAR));
    lingers(6);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.waited).toBeGreaterThan(1);
    expect(cloud.operations.at(-1)).toBe('DeleteSecret');
    expect(await cloud.state()).toBe('pending');
    for (const region of [NEAR, FAR]) expect(await cloud.state(NAME, region)).toBe('absent');
  });

  test('looks into declared regions although the secret does not list them any more', async () => {
    const db = await cloud.deployed(replicated(FAR));
    await cloud.removeReplicas(FAR);
    lingers(2);
    await db.delete();
    expect(cloud.calls.filter(({ region }) => region === FAR)).toHaveLength(3);
    expect(await cloud.state()).toBe('pending');
  });

  test('does not schedule while a replica stays, and says which one', async () => {
    const db = await cloud.deployed(replicated(FAR));
    lingers(Number.POSITIVE_INFINITY);
    const answer = await db.delete();
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toContain(FAR);
    expect(await cloud.state()).toBe('live');
    expect(cloud.waited).toBeGreaterThan(150);
    expect(cloud.waited).toBeLessThan(200);
  });

  test('does not wait for a secret of its own that took the place of the replica', async () => {
    const db = await cloud.deployed(replicated(FAR));
    cloud.intercept('secretsmanager:DescribeSecret', async ({ region, input }: Call, next) =>
      region === REGION ? next() : { ARN: input.SecretId, Name: NAME },
    );
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.waited).toBe(0);
  });

  test('removes replicas that were added by hand, and a second delivery looks for them as well', async () => {
    const db = await cloud.deployed();
    await cloud.addReplica(NEAR);
    cloud.fail('secretsmanager:DeleteSecret', 'InternalServiceError', { times: 1 });
    await db.delete();
    cloud.calls = [];
    lingers(2);
    expect(await db.again()).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.calls.filter(({ region }) => region === NEAR)).toHaveLength(3);
    expect(await cloud.state(NAME, NEAR)).toBe('absent');
    expect(await cloud.state()).toBe('pending');
  });

  test('is content with a secret that became a replica', async () => {
    const db = await cloud.deployed(properties());
    await cloud.destroy();
    await cloud.primaryIn(FAR, NAME);
    const arn = (await cloud.describe())?.ARN;
    await cloud.tag(heldBy(db.holder), NAME, FAR);
    expect(await db.delete({ physicalId: arn })).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.changes).toEqual([]);
  });
});

describe.each([
  ['is not enabled', 'UnrecognizedClientException', {}],
  ['is denied', 'AccessDeniedException', {}],
  ['does not exist', 'Error', { code: 'ENOTFOUND' }],
])('a region that %s', (_, name, more) => {
  const told = 'code' in more ? more.code : name;

  /** Replication to it works all the same. */
  function unseen(): void {
    cloud.intercept('secretsmanager:DescribeSecret', async ({ region }: Call, next) => {
      if (region === FAR) throw Object.assign(awsError(name), more);
      return next();
    });
  }

  test.each<[string, () => Promise<unknown>, Properties]>([
    ['created', async () => {}, {}],
    [
      'restored',
      async () => {
        await cloud.create({ tags: heldBy({ owner: OWNER }) });
        await cloud.schedule();
      },
      {},
    ],
    ['adopted', () => cloud.create({ tags: BANK }), { ExistingSecretPolicy: 'ADOPT' }],
  ])('is refused by name before anything is %s', async (_outcome, prepare, policy) => {
    await prepare();
    unseen();
    const db = cloud.resource();
    const answer = await db.create({ ...replicated(NEAR, FAR), ...policy });
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toMatch(new RegExp(`in ${FAR} could not be managed, .* ${told}; nothing was changed`));
    db.rollBack();
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.changes).toEqual([]);
    expect(cloud.waited).toBeLessThan(60);
  });

  test('is refused before an update adds it, and only there', async () => {
    const db = await cloud.deployed(replicated(NEAR));
    const before = db.properties;
    unseen();
    const answer = await db.update({ ...replicated(NEAR, FAR), Description: 'x' });
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toContain(FAR);
    expect(cloud.changes).toEqual([]);
    db.properties = replicated(NEAR, FAR);
    db.rollBack();
    expect(await db.update(before)).toMatchObject({ status: 'SUCCESS' });
    db.complete();
    expect(await db.update({ ...before, Description: 'y' })).toMatchObject({ status: 'SUCCESS' });
    expect(await regionsOf()).toEqual([NEAR]);
  });

  test('keeps no rollback from bringing its replica back, and no other update from being carried out', async () => {
    const db = await cloud.deployed(replicated(FAR));
    await db.update(properties());
    unseen();
    db.rollBack();
    expect(await db.update(replicated(FAR))).toMatchObject({ status: 'SUCCESS' });
    expect(await regionsOf()).toEqual([FAR]);
    db.complete();
    expect(await db.update({ ...replicated(FAR), Description: 'x' })).toMatchObject({ status: 'SUCCESS' });
  });

  test('is waited for when its replica goes, but not without end, and blocks nothing afterwards', async () => {
    const db = await cloud.deployed(replicated(FAR));
    const tags = await cloud.tags();
    unseen();
    expect(await db.update(properties())).toMatchObject({ status: 'SUCCESS' });
    expect(await regionsOf()).toEqual([]);
    expect(await cloud.tags()).toEqual(tags);
    expect(cloud.waited).toBeGreaterThan(150);
    expect(cloud.waited).toBeLessThan(220);
    const { waited } = cloud;
    db.complete();
    expect(await db.update(properties({ Description: 'x' }))).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.waited).toBe(waited);
  });

  test('keeps no secret from being scheduled', async () => {
    const db = await cloud.deployed(replicated(FAR));
    unseen();
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state()).toBe('pending');
    expect(cloud.waited).toBeGreaterThan(150);
    expect(cloud.waited).toBeLessThan(220);
  });
});

test('a replica that stays is no less in the way because another region cannot be seen', async () => {
  const db = await cloud.deployed(replicated(NEAR, FAR));
  lingers(Number.POSITIVE_INFINITY);
  cloud.intercept('secretsmanager:DescribeSecret', async ({ region }: Call, next) => {
    if (region === FAR) throw awsError('UnrecognizedClientException');
    return next();
  });
  const answer = await db.delete();
  expect(answer).toMatchObject({ status: 'FAILED' });
  expect(answer.reason).toContain(NEAR);
  expect(await cloud.state()).toBe('live');
});

test('the note of a replica that left blocks no update and no deletion, and goes', async () => {
  const db = await cloud.deployed();
  const tags = await cloud.tags();
  await cloud.tag({ [OWNERSHIP_TAG.leavingReplicas]: FAR });
  expect(await db.update(properties({ Description: 'x' }))).toMatchObject({ status: 'SUCCESS' });
  expect(await cloud.tags()).toEqual(tags);
  db.complete();
  await cloud.tag({ [OWNERSHIP_TAG.leavingReplicas]: FAR });
  expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
  expect(await cloud.state()).toBe('pending');
});

describe('a secret that is replicated with another account', () => {
  const other = 'arn:aws:secretsmanager:eu-west-1:999988887777:secret:prod/db-AbCdEf';

  test.each([
    ['as the primary', { CrossAccountReplicas: [{ ARN: other }] }],
    ['as the replica', { CrossAccountPrimary: other }],
  ])('is refused %s, by Create and Update, and not deleted', async (_, shown) => {
    const db = await cloud.deployed();
    cloud.showing((secret) => ({ ...secret, ...shown }));
    for (const answer of [
      await db.update(properties({ Description: 'x' })),
      await cloud.resource({ life: 2 }).create(properties({ ExistingSecretPolicy: 'ADOPT' })),
    ]) {
      expect(answer).toMatchObject({ status: 'FAILED' });
      expect(answer.reason).toMatch(/replicated with account 999988887777, .*nothing was changed/);
    }
    expect(cloud.changes).toEqual([]);
  });

  test('by nobody else than its own account is none', async () => {
    const db = await cloud.deployed();
    cloud.showing((secret) => ({ ...secret, CrossAccountReplicas: [secret.ARN] }));
    expect(await db.update(properties({ Description: 'x' }))).toMatchObject({ status: 'SUCCESS' });
  });
});
