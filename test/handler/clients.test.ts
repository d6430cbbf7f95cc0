import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe as describeSecret } from '../../src/handler/aws/secrets';
import { isDenied } from '../../src/handler/errors';
import { ARN, BANK, heldBy, SCHEDULED } from './existing-secret';
import { HttpServer, useEndpoint } from './http-server';
import { NAME, stackId, tagList } from './requests';

// The real ones, also where other tests have mocked them.
const { awsEnvironment } = jest.requireActual<typeof import('../../src/handler/aws/clients')>(
  '../../src/handler/aws/clients',
);

/** What AWS answers on the wire, by operation. */
let answers: Record<string, readonly [status: number, body: object | string]>;
let asked: { readonly operation: string; readonly body: string }[];

const env = () =>
  awsEnvironment(
    () => 600_000,
    () => {},
  );

const server = new HttpServer(({ headers, body }) => {
  // JSON services name the operation in a header, CloudFormation in a form.
  const operation = `${headers['x-amz-target']}`.split('.')[1] ?? new URLSearchParams(body).get('Action');
  asked.push({ operation, body });
  const [status, answer] = answers[operation] ?? [500, { __type: 'InternalFailure' }];
  return [status, typeof answer === 'string' ? answer : JSON.stringify(answer)];
});

beforeAll(async () => {
  await server.start();
  useEndpoint(server.endpoint);
});
beforeEach(() => {
  [answers, asked] = [{}, []];
});
afterAll(async () => {
  env().secrets.destroy();
  await server.stop();
});

describe('the clients of Secrets Manager', () => {
  test('retry adaptively, and end long before the function does', async () => {
    for (const client of [env().secrets, env().secretsIn('us-east-1')]) {
      expect(client).toBeInstanceOf(SecretsManagerClient);
      expect(await client.config.maxAttempts()).toBe(client === env().secrets ? 10 : 3);
      expect((await client.config.retryStrategy()) as object).toHaveProperty('mode', 'adaptive');
    }
  });

  test('are of the region of the function, or of a replica', async () => {
    expect(await env().secrets.config.region()).toBe('eu-west-1');
    expect(await env().secretsIn('us-east-1').config.region()).toBe('us-east-1');
  });

  test('keep their connections between invocations', () => {
    expect(env().secrets).toBe(env().secrets);
  });
});

describe('a secret on the wire', () => {
  const described = {
    ARN,
    Name: NAME,
    DeletedDate: SCHEDULED.DeletedDate.getTime() / 1_000,
    Tags: tagList(heldBy(BANK)),
    VersionIdsToStages: { v: ['AWSCURRENT'] },
  };

  test('has what the types of the SDK do not know', async () => {
    answers.DescribeSecret = [200, { ...described, CrossAccountReplicas: [{ AccountId: '210987654321' }] }];
    expect(await describeSecret(env(), NAME)).toMatchObject({ sharedWithAccounts: ['210987654321'] });
    // Only that answer's.
    answers.DescribeSecret = [200, described];
    expect(await describeSecret(env(), NAME)).toMatchObject({ sharedWithAccounts: [] });
  });

  test('has what they know, in their types', async () => {
    answers.DescribeSecret = [200, described];
    expect(await describeSecret(env(), NAME)).toMatchObject({
      arn: ARN,
      deletedDate: SCHEDULED.DeletedDate,
      ownership: { owner: 'bank', stackId: BANK.stackId },
      versions: { v: ['AWSCURRENT'] },
      rotates: false,
    });
    expect(asked).toEqual([{ operation: 'DescribeSecret', body: JSON.stringify({ SecretId: NAME }) }]);
  });

  test('is absent, or fails, as the service says', async () => {
    answers.DescribeSecret = [400, { __type: 'ResourceNotFoundException', Message: 'no such secret' }];
    expect(await describeSecret(env(), NAME)).toBeUndefined();
    answers.DescribeSecret = [400, { __type: 'InvalidRequestException', Message: 'the text' }];
    const failure = 'DescribeSecret failed with InvalidRequestException: the text';
    await expect(describeSecret(env(), NAME)).rejects.toThrow(failure);
  });
});

test('CloudFormation is asked about a stack, and its denial is known as one', async () => {
  const xml = (body: string) =>
    `<DescribeStacksResponse><DescribeStacksResult>${body}</DescribeStacksResult></DescribeStacksResponse>`;
  answers.DescribeStacks = [
    200,
    xml('<Stacks><member><StackStatus>UPDATE_ROLLBACK_IN_PROGRESS</StackStatus></member></Stacks>'),
  ];
  expect(await env().stacks.isRollingBack(stackId('shop'))).toBe(true);
  const error = (code: string) =>
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>the text</Message></Error></ErrorResponse>`;
  answers.DescribeStacks = [403, error('AccessDenied')];
  const denied = await env()
    .stacks.isRollingBack(stackId('shop'))
    .catch((each) => each);
  expect(denied.message).toBe('DescribeStacks failed with AccessDenied: the text');
  expect(isDenied(denied)).toBe(true);
  // It knows no such stack.
  answers.DescribeStacks = [400, error('ValidationError')];
  expect(await env().stacks.status(stackId('shop'))).toBeUndefined();
  // Somebody has deleted the change set that was executed last.
  answers.DescribeStacks = [200, xml('<Stacks><member><ChangeSetId>gone</ChangeSetId></member></Stacks>')];
  answers.DescribeChangeSet = [404, error('ChangeSetNotFound')];
  expect(await env().stacks.fate(stackId('shop'), 'Db')).toBe('unknown');
});

test.each<[string, number, object, string | undefined]>([
  ['that is there', 200, { KeyMetadata: { KeyState: 'Enabled' } }, 'Enabled'],
  ['that is about to go', 200, { KeyMetadata: { KeyState: 'PendingDeletion' } }, 'PendingDeletion'],
  ['that is gone', 400, { __type: 'NotFoundException' }, 'NotFound'],
  // As a key of another account may: it counts as alive.
  ['that may not be seen', 400, { __type: 'AccessDeniedException' }, undefined],
  ['of which nothing is told', 200, {}, undefined],
])('the state of a key %s', async (_, status, body, expected) => {
  answers.DescribeKey = [status, body];
  expect(await env().keyState('key')).toBe(expected);
  expect(asked).toEqual([{ operation: 'DescribeKey', body: JSON.stringify({ KeyId: 'key' }) }]);
});

test('the function sleeps as long as it is told to, and knows the time that it has left', async () => {
  const started = env().now();
  await env().sleep(50);
  expect(env().now() - started).toBeGreaterThanOrEqual(45);
  expect(Math.abs(env().now() - Date.now())).toBeLessThan(1_000);
  expect(env().remainingMs()).toBe(600_000);
});
