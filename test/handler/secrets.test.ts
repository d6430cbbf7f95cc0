import { awaitReplicas, existingSecret, putValueBack, removeReplicas, restore } from '../../src/handler/aws/secrets';
import type { Environment } from '../../src/handler/environment';
import { NAME } from './requests';

const ARN = `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${NAME}-AbCdEf`;
const [NEAR, FAR] = ['eu-central-1', 'us-east-1'];

type Command = { readonly constructor: { readonly name: string }; readonly input: object };
type Answer = object | Error;

/** Secrets Manager that gives prepared answers, the last one for good, and a clock that needs no waiting. */
function service(answers: Record<string, Answer[]>, elsewhere: Record<string, Answer[]> = {}) {
  const asked: unknown[] = [];
  let waited = 0;
  const client = (region: string, from: Record<string, Answer[]>) => ({
    send: async (command: Command) => {
      const operation = command.constructor.name.replace('Command', '');
      asked.push([region, operation, command.input]);
      const list = from[operation] ?? [{}];
      const answer = list.length > 1 ? list.shift() : list[0];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const env = {
    secrets: client('here', answers),
    secretsIn: (region: string) =>
      client(region, { DescribeSecret: elsewhere[region] ?? [named('ResourceNotFoundException')] }),
    remainingMs: () => 600_000 - waited,
    sleep: async (ms: number) => {
      waited += ms;
    },
  } as unknown as Environment;
  return { env, asked, waited: () => waited };
}

const named = (name: string) => Object.assign(new Error('the text'), { name });
const pending = { ARN, Name: NAME, DeletedDate: new Date() };

describe('a restoration', () => {
  const [invalid, missing, other] = [
    'InvalidRequestException',
    'ResourceNotFoundException',
    'InternalServiceError',
  ].map(named);

  test.each<[string, Answer, Answer, boolean]>([
    ['succeeds', {}, pending, true],
    ['succeeds when the secret is live in spite of an error', invalid, { ARN }, true],
    ['does not succeed while a deletion for good is under way', invalid, pending, false],
    ['does not succeed when the secret is just going', missing, pending, false],
    ['does not succeed when the secret is gone', other, missing, false],
  ])('%s', async (_, answer, seen, expected) => {
    const { env } = service({ RestoreSecret: [answer], DescribeSecret: [seen] });
    expect(await restore(env, ARN)).toBe(expected);
  });

  test('fails with any other error', async () => {
    const { env } = service({ RestoreSecret: [other], DescribeSecret: [pending] });
    await expect(restore(env, ARN)).rejects.toThrow('RestoreSecret failed with InternalServiceError');
  });
});

describe('a value', () => {
  test.each<[string, Record<string, string[]>, boolean]>([
    ['goes back to the one before', { old: ['AWSPREVIOUS'], new: ['AWSCURRENT'] }, true],
    [
      'goes back whatever other labels there are',
      { a: ['x'], old: ['y', 'AWSPREVIOUS'], new: ['AWSCURRENT', 'z'] },
      true,
    ],
    ['stays when another one took its place', { old: ['AWSCURRENT'], new: ['AWSPREVIOUS'] }, false],
    ['stays when there is none before', { old: ['x'], new: ['AWSCURRENT'] }, false],
    ['stays when it was never written', { old: ['AWSPREVIOUS'], other: ['AWSCURRENT'] }, false],
    ['stays when there is no value', {}, false],
  ])('%s', async (_, versions, moved) => {
    const { env, asked } = service({});
    await putValueBack(env, existingSecret({ ARN, VersionIdsToStages: versions }), 'new');
    const input = { SecretId: ARN, VersionStage: 'AWSCURRENT', MoveToVersionId: 'old', RemoveFromVersionId: 'new' };
    expect(asked).toEqual(moved ? [['here', 'UpdateSecretVersionStage', input]] : []);
  });
});

test('a value that cannot be taken back is told by the call', async () => {
  const { env } = service({ UpdateSecretVersionStage: [named('InternalServiceError')] });
  const secret = existingSecret({ ARN, VersionIdsToStages: { old: ['AWSPREVIOUS'], new: ['AWSCURRENT'] } });
  const failure = 'UpdateSecretVersionStage failed with InternalServiceError';
  await expect(putValueBack(env, secret, 'new')).rejects.toThrow(failure);
});

describe('replicas', () => {
  const status = (...ReplicationStatus: [string, string, string?][]) => ({
    ReplicationStatus: ReplicationStatus.map(([Region, Status, StatusMessage]) => ({ Region, Status, StatusMessage })),
  });
  const replica = { ARN: ARN.replace('eu-west-1', FAR), PrimaryRegion: 'eu-west-1' };

  test('of no region are not waited for', async () => {
    const { env, asked } = service({});
    await awaitReplicas(env, ARN, []);
    await removeReplicas(env, ARN, [], []);
    expect(asked).toEqual([]);
  });

  test('are waited for until all are in sync, whatever others are', async () => {
    const { env, asked } = service({
      DescribeSecret: [
        named('ResourceNotFoundException'),
        status([NEAR, 'InSync'], ['eu-north-1', 'InSync']),
        status([NEAR, 'InSync'], [FAR, 'InProgress'], ['eu-north-1', 'Failed']),
        status([NEAR, 'InSync'], [FAR, 'InSync'], ['eu-north-1', 'Failed']),
      ],
    });
    await awaitReplicas(env, ARN, [NEAR, FAR]);
    expect(asked).toEqual(Array(4).fill(['here', 'DescribeSecret', { SecretId: ARN }]));
  });

  test('that fail are told with their region and reason', async () => {
    const { env } = service({ DescribeSecret: [status([NEAR, 'InSync'], [FAR, 'Failed', 'it is full'])] });
    await expect(awaitReplicas(env, ARN, [NEAR, FAR])).rejects.toThrow(`replication to ${FAR} failed: it is full`);
  });

  test('that are never in sync are told', async () => {
    const { env, waited } = service({ DescribeSecret: [status([FAR, 'InProgress'])] });
    const text = `seconds in vain until the replicas in ${NEAR}, ${FAR} were in sync`;
    await expect(awaitReplicas(env, ARN, [NEAR, FAR])).rejects.toThrow(text);
    expect(Math.round(waited() / 10_000)).toBe(18);
  });

  test('are removed, and waited for in each region once', async () => {
    const { env, asked } = service({}, { [FAR]: [replica, { ...replica, PrimaryRegion: FAR }] });
    await removeReplicas(env, ARN, [NEAR, FAR], [FAR]);
    const look = (region: string) => [region, 'DescribeSecret', { SecretId: ARN.replace('eu-west-1', region) }];
    expect(asked).toEqual([
      ['here', 'RemoveRegionsFromReplication', { SecretId: ARN, RemoveReplicaRegions: [NEAR, FAR] }],
      ...[NEAR, FAR, NEAR, FAR].map(look),
    ]);
  });

  test('that do not go are told', async () => {
    const { env, asked } = service({}, { [FAR]: [replica] });
    const text = `seconds in vain until the replicas in ${NEAR}, ${FAR} were gone`;
    await expect(removeReplicas(env, ARN, [], [NEAR, FAR])).rejects.toThrow(text);
    expect(asked).not.toContainEqual(expect.arrayContaining(['RemoveRegionsFromReplication']));
  });
});
