import { OWNERSHIP_TAG } from '../../src/private/contract';
import { REGION } from './account';
import { type Call, Cloud, NO_ARN } from './cloud';
import { NAME, OWNER, type Properties, properties, stackId } from './requests';

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
    const db = cloud.resource();
    expect(await db.create(replicated(NEAR, [FAR, KEY]))).toMatchObject({ status: 'SUCCESS' });
    expect(await regionsOf()).toEqual([NEAR, FAR]);
    expect(await cloud.state(NAME, FAR)).toBe('live');
    expect(cloud.inputs('ReplicateSecretToRegions')).toEqual([
      { SecretId: db.physicalId, AddReplicaRegions: [{ Region: NEAR }, { Region: FAR, KmsKeyId: KEY }] },
    ]);
    // Existing secrets in those regions are nobody's to overwrite.
    expect(cloud.inputs('CreateSecret')[0]).not.toHaveProperty('AddReplicaRegions');
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
    await cloud.create({ AddReplicaRegions: [{ Region: NEAR }], tags: { [OWNERSHIP_TAG.owner]: OWNER } });
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
    // One that found no secret, and five that found it.
    expect(cloud.inputs('DescribeSecret')).toHaveLength(6);
    expect(cloud.waited).toBeGreaterThan(1);
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

  test('where the name is taken fail the creation with the text of AWS, and keep the secret that is there', async () => {
    await cloud.primaryIn(FAR, NAME, []);
    const answer = await cloud.resource().create(replicated(FAR));
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: NO_ARN });
    expect(answer.reason).toMatch(/replication to us-east-1 failed: .*already exists in region us-east-1/);
    expect(await cloud.state()).toBe('pending');
    expect(await cloud.state(NAME, FAR)).toBe('live');
  });
});

/** The regions are noted until their replicas are gone. */
const REMOVED = ['TagResource', 'RemoveRegionsFromReplication', 'UntagResource'];

describe('an update of the regions', () => {
  test.each<[string, Properties, Properties, string[], string[]]>([
    ['adds one', replicated(NEAR), replicated(NEAR, FAR), [NEAR, FAR], ['ReplicateSecretToRegions']],
    ['removes one', replicated(NEAR, FAR), replicated(NEAR), [NEAR], REMOVED],
    ['removes all', replicated(NEAR, FAR), properties(), [], REMOVED],
    [
      'changes the key of one, and leaves the other alone',
      replicated(NEAR, [FAR, KEY]),
      replicated(NEAR, [FAR, OTHER_KEY]),
      [NEAR, FAR],
      [...REMOVED, 'ReplicateSecretToRegions'],
    ],
    [
      'takes the key of one away',
      replicated([FAR, KEY]),
      replicated(FAR),
      [FAR],
      [...REMOVED, 'ReplicateSecretToRegions'],
    ],
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
  ])('%s', async (_, before, after, regions, changes) => {
    const db = await cloud.deployed(before);
    expect(await db.update(after)).toMatchObject({ status: 'SUCCESS', physicalId: db.physicalId });
    expect(await regionsOf()).toEqual(regions);
    expect(cloud.changes).toEqual(changes);
    // Only what differs.
    for (const { RemoveReplicaRegions = [], AddReplicaRegions = [] } of [
      ...cloud.inputs('RemoveRegionsFromReplication'),
      ...cloud.inputs('ReplicateSecretToRegions'),
    ]) {
      expect([...RemoveReplicaRegions, ...AddReplicaRegions].length).toBe(regions.length === 0 ? 2 : 1);
    }
  });

  test('removes, waits until it is gone, and only then adds', async () => {
    const db = await cloud.deployed(replicated([FAR, KEY]));
    lingers(3);
    await db.update(replicated([FAR, OTHER_KEY]));
    const order = cloud.calls.map(({ action, region }) => `${action.split(':')[1]} ${region}`);
    const removed = order.indexOf(`RemoveRegionsFromReplication ${REGION}`);
    const added = order.indexOf(`ReplicateSecretToRegions ${REGION}`);
    expect(order.slice(removed + 1, added)).toEqual([
      ...Array(4).fill(`DescribeSecret ${FAR}`),
      `UntagResource ${REGION}`,
    ]);
  });

  test('replaces a replica that has failed', async () => {
    const db = await cloud.deployed(replicated(FAR));
    cloud.showing((secret, count) => ({
      ...secret,
      ReplicationStatus: secret.ReplicationStatus?.map((each) => (count === 1 ? { ...each, Status: 'Failed' } : each)),
    }));
    expect(await db.update({ ...replicated(FAR), Description: 'x' })).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.changes).toEqual(['TagResource', 'UpdateSecret', ...REMOVED.slice(1), 'ReplicateSecretToRegions']);
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
    if (++seen > calls) return next();
    return { ...primary, ARN: input.SecretId, PrimaryRegion: REGION };
  });
}

describe('a Delete', () => {
  test('removes all replicas, and schedules only when they are gone from their own regions', async () => {
    const db = await cloud.deployed(replicated(NEAR, FAR));
    lingers(6);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.changes).toEqual(['RemoveRegionsFromReplication', 'DeleteSecret']);
    expect(cloud.inputs('RemoveRegionsFromReplication')[0].RemoveReplicaRegions.sort()).toEqual([NEAR, FAR]);
    expect(cloud.operations.at(-1)).toBe('DeleteSecret');
    const polls = cloud.calls.filter(({ action, region }) => action.endsWith('DescribeSecret') && region !== REGION);
    expect(polls.length).toBe(8);
    // By the ARN that the replica has there.
    expect(new Set(polls.map(({ region, input }) => input.SecretId.includes(`:${region}:`)))).toEqual(new Set([true]));
    expect(await cloud.state()).toBe('pending');
    for (const region of [NEAR, FAR]) expect(await cloud.state(NAME, region)).toBe('absent');
  });

  test('looks into declared regions although the secret does not list them any more', async () => {
    const db = await cloud.deployed(replicated(FAR));
    await cloud.removeReplicas(FAR);
    lingers(2);
    await db.delete();
    expect(cloud.changes).toEqual(['DeleteSecret']);
    expect(cloud.calls.filter(({ region }) => region === FAR)).toHaveLength(3);
  });

  test('does not schedule while a replica stays, and says which one', async () => {
    const db = await cloud.deployed(replicated(FAR));
    lingers(Number.POSITIVE_INFINITY);
    const answer = await db.delete();
    expect(answer).toMatchObject({ status: 'FAILED', physicalId: db.physicalId });
    expect(answer.reason).toContain(FAR);
    expect(cloud.changes).toEqual(['RemoveRegionsFromReplication']);
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

  test('removes replicas that were added by hand', async () => {
    const db = await cloud.deployed(properties());
    await cloud.addReplica(NEAR);
    expect(await db.delete()).toMatchObject({ status: 'SUCCESS' });
    expect(await cloud.state(NAME, NEAR)).toBe('absent');
  });

  test('is content with a secret that became a replica', async () => {
    const db = await cloud.deployed(properties());
    await cloud.destroy();
    await cloud.primaryIn(FAR, NAME);
    const arn = (await cloud.describe())?.ARN;
    await cloud.tag(
      {
        [OWNERSHIP_TAG.owner]: OWNER,
        [OWNERSHIP_TAG.stackId]: stackId('shop'),
        [OWNERSHIP_TAG.logicalId]: 'Db',
      },
      NAME,
      FAR,
    );
    expect(await db.delete({ physicalId: arn })).toMatchObject({ status: 'SUCCESS' });
    expect(cloud.changes).toEqual([]);
  });
});
