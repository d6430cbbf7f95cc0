import { addReplicas, removeReplicas } from '../../src/handler/aws/replicas';
import {
  create,
  describe as describeSecret,
  existingSecret,
  putValue,
  remove,
  restore,
  tag,
  untag,
  updateMetadata,
} from '../../src/handler/aws/secrets';
import { Stale } from '../../src/handler/errors';
import { FakeEnvironment, PreparedService } from './environment';
import { ARN, BANK, declared, existing, heldBy, REPLICA, SCHEDULED, SHOP, serviceError } from './existing-secret';
import { NAME, tagList } from './requests';

const [INVALID, MISSING, DENIED, OTHER] = [
  'InvalidRequestException',
  'ResourceNotFoundException',
  'AccessDeniedException',
  'InternalServiceError',
].map((name) => serviceError(name));

/** Secrets Manager with prepared answers. */
function prepared(answers: Record<string, (object | Error)[]> = {}) {
  const service = new PreparedService(answers);
  const fake = new FakeEnvironment({ secrets: service });
  return { service, fake, env: fake.env };
}

const shown = (tags = heldBy(SHOP), more = {}) => ({
  ARN,
  Name: NAME,
  Tags: tagList(tags),
  VersionIdsToStages: { v: ['AWSCURRENT'] },
  ...more,
});

describe('a secret as DescribeSecret shows it', () => {
  test('has everything that the answer has', () => {
    const secret = existingSecret({
      ...shown(),
      Description: 'orders',
      KmsKeyId: 'alias/db',
      Type: 'SomeType',
      OwningService: 'rds',
      LastAccessedDate: SCHEDULED.DeletedDate,
      VersionIdsToStages: { v: ['AWSCURRENT'] },
      ReplicationStatus: [
        { Region: 'us-east-1', Status: 'Failed', StatusMessage: 'it is full', KmsKeyId: 'alias/far' },
      ],
      RotationEnabled: true,
      ...SCHEDULED,
    });
    expect(secret).toMatchObject({
      arn: ARN,
      name: NAME,
      deletedDate: SCHEDULED.DeletedDate,
      lastAccessedDate: SCHEDULED.DeletedDate,
      description: 'orders',
      kmsKeyId: 'alias/db',
      type: 'SomeType',
      managedBy: 'rds',
      tags: heldBy(SHOP),
      ownership: { owner: 'shop', stackId: SHOP.stackId },
      versions: { v: ['AWSCURRENT'] },
      rotates: true,
      replicas: [{ region: 'us-east-1', status: 'Failed', statusMessage: 'it is full', kmsKeyId: 'alias/far' }],
    });
  });

  test('lacks what the answer leaves out', () => {
    const nothing = { arn: '', name: '', description: '', tags: {}, ownership: {}, versions: {}, rotates: false };
    expect(existingSecret({})).toEqual({ ...nothing, replicas: [], sharedWithAccounts: [] });
    const halfEmpty = existingSecret({
      Tags: [{}],
      ReplicationStatus: [{}],
      KmsKeyId: '',
      Type: '',
      OwningService: '',
    });
    expect(halfEmpty.tags).toEqual({ '': '' });
    expect(halfEmpty.replicas).toEqual([{ region: '', status: '', statusMessage: '' }]);
    for (const field of ['kmsKeyId', 'type', 'managedBy'] as const) expect(halfEmpty[field]).toBeUndefined();
  });

  test('is a replica where its primary is in another region', () => {
    expect(existing({}, REPLICA).replicaOf).toBe('us-east-1');
    expect(existing({}, { PrimaryRegion: 'eu-west-1' }).replicaOf).toBeUndefined();
  });

  // How exactly AWS shapes the fields is not settled.
  test.each([
    ['a primary elsewhere', { CrossAccountPrimary: ARN.replace('123456789012', '210987654321') }],
    ['a primary elsewhere, as an object', { CrossAccountPrimary: { AccountId: '210987654321', Region: 'eu-west-1' } }],
    ['replicas elsewhere', { CrossAccountReplicas: [{ Arn: ARN }, { AccountId: '210987654321' }, '210987654321'] }],
  ])('names the other accounts of %s', (_, more) => {
    expect(existingSecret({ ARN, ...more }).sharedWithAccounts).toEqual(['210987654321']);
  });

  test('is in no other account for all that is said of its own', () => {
    const own = { CrossAccountPrimary: ARN, CrossAccountReplicas: [] };
    expect(existingSecret({ ARN, ...own }).sharedWithAccounts).toEqual([]);
  });

  test('is looked for by name or ARN, with patience for permissions', async () => {
    const { env, service } = prepared({ DescribeSecret: [DENIED, shown()] });
    expect(await describeSecret(env, NAME)).toMatchObject({ arn: ARN });
    expect(service.asked.at(-1)?.input).toEqual({ SecretId: NAME });
    expect(await describeSecret(prepared({ DescribeSecret: [MISSING] }).env, NAME)).toBeUndefined();
    await expect(describeSecret(prepared({ DescribeSecret: [OTHER] }).env, NAME)).rejects.toBeInstanceOf(Error);
  });
});

test('a secret is created as it is declared, with its tags at once', async () => {
  const { env, service } = prepared({ CreateSecret: [DENIED, { ARN }] });
  const tags = tagList({ team: 'a', 'recoverable-secret:owner': 'declared' });
  const wanted = declared({ Description: 'orders', KmsKeyId: 'k', Type: 't', Tags: tags });
  expect(await create(env, wanted, heldBy(SHOP), { versionId: 'v', value: 'x' })).toBe(ARN);
  const input = {
    Name: NAME,
    Description: 'orders',
    KmsKeyId: 'k',
    Type: 't',
    ClientRequestToken: 'v',
    SecretString: 'x',
  };
  const Tags = expect.arrayContaining(tagList({ ...heldBy(SHOP), team: 'a' }));
  expect(service.inputs('CreateSecret').at(-1)).toEqual({ ...input, Tags });
});

describe('a restoration', () => {
  test.each<[string, object | Error, object | Error, boolean]>([
    ['succeeds', {}, shown({}, SCHEDULED), true],
    ['waits for its permission', DENIED, shown({}, SCHEDULED), true],
    ['succeeds when the secret is live in spite of an error', INVALID, shown(heldBy(SHOP)), true],
    ['does not succeed when somebody else has got hold of it', INVALID, shown(heldBy(BANK)), false],
    ['does not succeed while a deletion for good is under way', INVALID, shown({}, SCHEDULED), false],
    ['does not succeed when the secret is just going', MISSING, shown({}, SCHEDULED), false],
    ['does not succeed when the secret is gone', OTHER, MISSING, false],
  ])('%s', async (_, answer, seen, expected) => {
    expect(
      await restore(
        prepared({ RestoreSecret: [answer, ...(answer === DENIED ? [{}] : [])], DescribeSecret: [seen] }).env,
        existing(heldBy(SHOP)),
      ),
    ).toBe(expected);
  });

  test('succeeds also where another delivery has restored it, and it still looks scheduled', async () => {
    const seen = [shown(heldBy(SHOP), SCHEDULED), shown(heldBy(SHOP))];
    const { env } = prepared({ RestoreSecret: [INVALID], DescribeSecret: seen });
    expect(await restore(env, existing(heldBy(SHOP)))).toBe(true);
  });

  test('fails with any other error', async () => {
    const { env } = prepared({ RestoreSecret: [OTHER], DescribeSecret: [shown({}, SCHEDULED)] });
    await expect(restore(env, existing())).rejects.toThrow('RestoreSecret failed with InternalServiceError');
  });
});

test('a removal has a window, or is for good; whether it is tried again is for others to decide', async () => {
  const { env, service } = prepared({ DeleteSecret: [{}, {}, INVALID] });
  expect(await remove(env, existing(), 7)).toBeUndefined();
  expect(await remove(env, existing(), undefined)).toBeUndefined();
  expect(await remove(env, existing(), 7)).toBeInstanceOf(Stale);
  expect(service.inputs('DeleteSecret').slice(0, 2)).toEqual([
    { SecretId: ARN, RecoveryWindowInDays: 7 },
    { SecretId: ARN, ForceDeleteWithoutRecovery: true },
  ]);
});

test('where nothing is to be changed, nothing is asked for', async () => {
  const { env, service } = prepared();
  await tag(env, ARN, {});
  await untag(env, ARN, []);
  await updateMetadata(env, ARN, {});
  await addReplicas(env, ARN, []);
  await removeReplicas(env, ARN, []);
  expect(service.asked).toEqual([]);
});

test('a permission may come late, and what was just restored may still be seen as it was: a change waits for both', async () => {
  const late = [DENIED, INVALID, MISSING, {}];
  const OPERATIONS = ['TagResource', 'UntagResource', 'UpdateSecret', 'PutSecretValue'];
  const REPLICATION = ['ReplicateSecretToRegions', 'RemoveRegionsFromReplication'];
  const { env, service } = prepared(Object.fromEntries([...OPERATIONS, ...REPLICATION].map((each) => [each, late])));
  await tag(env, ARN, { a: 'b' });
  await untag(env, ARN, ['c']);
  await updateMetadata(env, ARN, { Description: '' });
  await putValue(env, ARN, 'x', 'v');
  await addReplicas(env, ARN, [{ region: 'us-east-1', kmsKeyId: 'k' }]);
  await removeReplicas(env, ARN, ['us-west-2']);
  expect(service.asked.filter((_, index) => index % 4 === 3).map(({ input }) => input)).toEqual([
    { SecretId: ARN, Tags: [{ Key: 'a', Value: 'b' }] },
    { SecretId: ARN, TagKeys: ['c'] },
    { SecretId: ARN, Description: '' },
    { SecretId: ARN, SecretString: 'x', ClientRequestToken: 'v' },
    { SecretId: ARN, AddReplicaRegions: [{ Region: 'us-east-1', KmsKeyId: 'k' }] },
    { SecretId: ARN, RemoveReplicaRegions: ['us-west-2'] },
  ]);
});
