import { versionIdOf } from '../../src/handler/model/versions';
import { awaitNoReplica, awaitReplicas, endCutOffRotation, putValueBack } from '../../src/handler/run/apply';
import type { Attempt } from '../../src/handler/run/attempt';
import { FakeEnvironment, PreparedService } from './environment';
import { ARN, existing, REPLICA, SHOP, serviceError } from './existing-secret';

const [NEAR, FAR] = ['eu-central-1', 'us-east-1'];
const MISSING = serviceError('ResourceNotFoundException');

type Answers = (object | Error)[];

/** Secrets Manager with prepared answers here, and for DescribeSecret in each other region. */
function prepared(answers: Record<string, Answers> = {}, elsewhere: Record<string, Answers> = {}) {
  const service = new PreparedService(answers);
  const regions = new Map(
    [NEAR, FAR].map((region) => [region, new PreparedService({ DescribeSecret: elsewhere[region] ?? [MISSING] })]),
  );
  const fake = new FakeEnvironment({ secrets: service, secretsIn: (region: string) => regions.get(region) ?? {} });
  return { service, regions, fake, env: fake.env, attempt: { env: fake.env } as Attempt };
}

describe('a value', () => {
  const WRITTEN = versionIdOf(SHOP);

  test.each<[string, Record<string, string[]>, boolean]>([
    ['goes back to the one before', { old: ['AWSPREVIOUS'], [WRITTEN]: ['AWSCURRENT'] }, true],
    ['goes back with other labels', { a: ['x'], old: ['y', 'AWSPREVIOUS'], [WRITTEN]: ['AWSCURRENT', 'z'] }, true],
    ['stays when there is none before', { old: ['x'], [WRITTEN]: ['AWSCURRENT'] }, false],
    ['stays when there is no value', {}, false],
  ])('%s', async (_, versions, moved) => {
    const secret = existing({}, { VersionIdsToStages: versions });
    const { env, service } = prepared();
    await putValueBack(env, secret, WRITTEN);
    const input = { SecretId: ARN, VersionStage: 'AWSCURRENT', MoveToVersionId: 'old', RemoveFromVersionId: WRITTEN };
    expect(service.inputs('UpdateSecretVersionStage')).toEqual(moved ? [input] : []);
  });

  test.each<[string, object | Error, boolean]>([
    ['cannot be taken back', { VersionIdsToStages: { [WRITTEN]: ['AWSCURRENT'] } }, false],
    ['cannot be seen any more', MISSING, false],
    ['another delivery has taken back', { VersionIdsToStages: { old: ['AWSCURRENT'] } }, true],
    ['a rotation has followed', { VersionIdsToStages: { next: ['AWSCURRENT'], [WRITTEN]: ['AWSPREVIOUS'] } }, true],
  ])('that %s', async (_, now, passes) => {
    const refusal = serviceError('InvalidParameterException');
    const { env } = prepared({ UpdateSecretVersionStage: [refusal], DescribeSecret: [now] });
    const secret = existing({}, { VersionIdsToStages: { old: ['AWSPREVIOUS'], [WRITTEN]: ['AWSCURRENT'] } });
    const back = putValueBack(env, secret, WRITTEN);
    if (passes) await back;
    else await expect(back).rejects.toThrow('UpdateSecretVersionStage failed with InvalidParameterException');
  });
});

test.each<[string, Record<string, string[]>, object[]]>([
  [
    'that was cut off is ended',
    { v: ['AWSCURRENT'], next: ['AWSPENDING'] },
    [
      { VersionStage: 'CUT_OFF', MoveToVersionId: 'next' },
      { VersionStage: 'AWSPENDING', RemoveFromVersionId: 'next' },
    ],
  ],
  [
    'that was cut off after another one takes the label of that',
    { v: ['AWSCURRENT'], first: ['CUT_OFF'], next: ['AWSPENDING'] },
    [
      { VersionStage: 'CUT_OFF', MoveToVersionId: 'next', RemoveFromVersionId: 'first' },
      { VersionStage: 'AWSPENDING', RemoveFromVersionId: 'next' },
    ],
  ],
  [
    'that was half ended is ended',
    { v: ['AWSCURRENT'], next: ['AWSPENDING', 'CUT_OFF'] },
    [{ VersionStage: 'AWSPENDING', RemoveFromVersionId: 'next' }],
  ],
  // As rotations leave it when they are done.
  ['that is done stays', { v: ['AWSCURRENT', 'AWSPENDING'] }, []],
  ['that there was none of', { v: ['AWSCURRENT'] }, []],
])('a rotation %s', async (_, versions, moves) => {
  const { attempt, service } = prepared();
  await endCutOffRotation(attempt, existing({}, { VersionIdsToStages: versions }));
  expect(service.inputs('UpdateSecretVersionStage')).toEqual(moves.map((move) => ({ SecretId: ARN, ...move })));
});

describe('replicas to come', () => {
  const status = (...ReplicationStatus: [string, string, string?][]) => ({
    ReplicationStatus: ReplicationStatus.map(([Region, Status, StatusMessage]) => ({ Region, Status, StatusMessage })),
  });

  test('are not waited for where there are none', async () => {
    const { attempt, service } = prepared();
    await awaitReplicas(attempt, ARN, []);
    expect(service.asked).toEqual([]);
  });

  test('are waited for until all are in sync, whatever others are', async () => {
    const { attempt, service } = prepared({
      DescribeSecret: [
        MISSING,
        status([NEAR, 'InSync'], ['eu-north-1', 'InSync']),
        status([NEAR, 'InSync'], [FAR, 'InProgress'], ['eu-north-1', 'Failed']),
        status([NEAR, 'InSync'], [FAR, 'InSync'], ['eu-north-1', 'Failed']),
      ],
    });
    await awaitReplicas(attempt, ARN, [NEAR, FAR]);
    expect(service.asked).toHaveLength(4);
  });

  test('that fail are told with their region and reason', async () => {
    const { attempt } = prepared({ DescribeSecret: [status([NEAR, 'InSync'], [FAR, 'Failed', 'it is full'])] });
    await expect(awaitReplicas(attempt, ARN, [NEAR, FAR])).rejects.toThrow(`replication to ${FAR} failed: it is full`);
  });

  test('that are never in sync are told after three minutes', async () => {
    const { attempt, fake } = prepared({ DescribeSecret: [status([FAR, 'InProgress'])] });
    const told = `waited in vain until the replicas in ${NEAR}, ${FAR} were in sync`;
    await expect(awaitReplicas(attempt, ARN, [NEAR, FAR])).rejects.toThrow(told);
    expect(Math.round(fake.waited / 10)).toBe(18);
  });
});

describe('replicas to go', () => {
  const replica = { ARN: ARN.replace('eu-west-1', FAR), ...REPLICA, PrimaryRegion: 'eu-west-1' };
  const promoted = { ...replica, PrimaryRegion: FAR };

  test('are waited for in each of their regions', async () => {
    const { attempt, regions } = prepared({}, { [FAR]: [replica, promoted] });
    await awaitNoReplica(attempt, ARN, [NEAR, FAR, FAR]);
    for (const region of [NEAR, FAR]) {
      const seen = regions.get(region)?.inputs('DescribeSecret');
      expect(seen).toEqual(Array(2).fill({ SecretId: ARN.replace('eu-west-1', region) }));
    }
  });

  test('that do not go are told', async () => {
    const { attempt, fake } = prepared({}, { [FAR]: [replica] });
    const told = `waited in vain until the replicas in ${FAR} were gone`;
    await expect(awaitNoReplica(attempt, ARN, [NEAR, FAR])).rejects.toThrow(told);
    expect(Math.round(fake.waited / 10)).toBe(18);
  });

  test.each(['UnrecognizedClientException', 'AccessDeniedException'])(
    'that cannot be seen (%s) are given the time that going takes',
    async (error) => {
      const { attempt, fake } = prepared({}, { [FAR]: [serviceError(error)] });
      await awaitNoReplica(attempt, ARN, [NEAR, FAR]);
      expect(Math.round(fake.waited / 10)).toBeGreaterThanOrEqual(18);
      // Said once for each region.
      expect(fake.logged).toEqual([{ step: 'replica not seen', secret: ARN, region: FAR, error }]);
    },
  );
});
