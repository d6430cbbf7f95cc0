import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Stacks } from '../../src/handler/cloudformation/stacks';
import { awsEnvironment, awsError, Cloud } from './cloud';
import { stackId } from './requests';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ secretsManager: false });
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const KNOWN: Parameters<typeof awsEnvironment> = [undefined, () => 1000, () => {}];
const env = () => awsEnvironment(...KNOWN);
const [SHOP, ROOT] = [stackId('shop'), stackId('root')];

describe('the clients of Secrets Manager', () => {
  test('retry adaptively, and end long before the function does', async () => {
    for (const client of [env().secrets, env().secretsIn('us-east-1')]) {
      expect(client).toBeInstanceOf(SecretsManagerClient);
      expect(await client.config.maxAttempts()).toBe(10);
      const { retryMode } = client.config as { retryMode?: unknown };
      expect(await (typeof retryMode === 'function' ? retryMode() : retryMode)).toBe('adaptive');
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

test('the function sleeps as long as it is told to', async () => {
  const { awsEnvironment: real } = jest.requireActual('../../src/handler/aws/clients') as {
    awsEnvironment: typeof awsEnvironment;
  };
  const started = Date.now();
  await real(...KNOWN).sleep(50);
  expect(Date.now() - started).toBeGreaterThanOrEqual(45);
});

describe('a stack', () => {
  const ALL = [
    'CREATE_IN_PROGRESS',
    'CREATE_COMPLETE',
    'CREATE_FAILED',
    'UPDATE_IN_PROGRESS',
    'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    'UPDATE_COMPLETE',
    'UPDATE_FAILED',
    'DELETE_IN_PROGRESS',
    'REVIEW_IN_PROGRESS',
    'IMPORT_IN_PROGRESS',
  ];
  const ROLLBACKS = [
    'ROLLBACK_IN_PROGRESS',
    'UPDATE_ROLLBACK_IN_PROGRESS',
    'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
    'IMPORT_ROLLBACK_IN_PROGRESS',
  ];

  test.each([...ALL, ...ROLLBACKS])('that is in %s', async (status) => {
    cloud.stacks.set(SHOP, { status, resources: {} });
    expect(await env().stacks.isRollingBack(SHOP)).toBe(ROLLBACKS.includes(status));
  });

  test.each([
    ['UPDATE_ROLLBACK_IN_PROGRESS', true],
    ['DELETE_IN_PROGRESS', false],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', false],
  ])('that is nested and deleted rolls back when its root does: %s', async (status, expected) => {
    cloud.stacks.set(SHOP, { status: 'DELETE_IN_PROGRESS', rootId: ROOT, resources: {} });
    cloud.stacks.set(ROOT, { status, resources: {} });
    expect(await env().stacks.isRollingBack(SHOP)).toBe(expected);
  });

  test.each<[string, string | undefined, string]>([
    ['CREATE_IN_PROGRESS', 'CREATE_IN_PROGRESS', 'awaited'],
    ['UPDATE_IN_PROGRESS', 'CREATE_IN_PROGRESS', 'awaited'],
    ['CREATE_IN_PROGRESS', undefined, 'awaited'],
    ['UPDATE_IN_PROGRESS', undefined, 'awaited'],
    ['CREATE_IN_PROGRESS', 'CREATE_COMPLETE', 'completed'],
    ['UPDATE_COMPLETE', 'UPDATE_COMPLETE', 'completed'],
    ['UPDATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'completed'],
    ['ROLLBACK_IN_PROGRESS', 'CREATE_FAILED', 'withdrawn'],
    ['UPDATE_IN_PROGRESS', 'DELETE_IN_PROGRESS', 'withdrawn'],
    ['UPDATE_COMPLETE', 'DELETE_COMPLETE', 'withdrawn'],
    ['ROLLBACK_IN_PROGRESS', undefined, 'withdrawn'],
    ['UPDATE_ROLLBACK_IN_PROGRESS', undefined, 'withdrawn'],
    ['DELETE_IN_PROGRESS', undefined, 'withdrawn'],
    ['DELETE_COMPLETE', undefined, 'withdrawn'],
  ])('in %s takes the creation of a resource in %s for %s', async (status, resource, expected) => {
    cloud.stacks.set(SHOP, { status, resources: resource ? { Db: resource } : {} });
    expect(await env().stacks.creation(SHOP, 'Db')).toBe(expected);
  });

  const [OLD, NEW] = ['arn:aws:secretsmanager:old', 'arn:aws:secretsmanager:new'];
  test.each<['Update' | 'Delete', string | undefined, string, boolean]>([
    ['Update', undefined, OLD, false],
    ['Update', 'UPDATE_IN_PROGRESS', OLD, false],
    ['Update', 'UPDATE_COMPLETE', OLD, true],
    ['Update', 'UPDATE_COMPLETE', NEW, true],
    ['Update', 'DELETE_IN_PROGRESS', OLD, true],
    ['Delete', undefined, OLD, false],
    ['Delete', 'DELETE_IN_PROGRESS', OLD, false],
    ['Delete', 'DELETE_COMPLETE', OLD, true],
    ['Delete', 'DELETE_COMPLETE', NEW, true],
    ['Delete', 'UPDATE_COMPLETE', OLD, true],
    // What was replaced goes while its successor is complete.
    ['Delete', 'UPDATE_COMPLETE', NEW, false],
    ['Delete', 'CREATE_COMPLETE', 'recoverable-secret:unknown:x', true],
  ])('is past a request: %s, with the resource in %s, for %s: %p', async (type, resource, physicalId, expected) => {
    const resources = resource ? { Db: resource } : ({} as Record<string, string>);
    cloud.stacks.set(SHOP, { status: 'UPDATE_IN_PROGRESS', resources, physicalIds: { Db: OLD } });
    expect(await env().stacks.isPast(type, SHOP, 'Db', physicalId)).toBe(expected);
  });

  test.each<['Update' | 'Delete', number | undefined, number | undefined, boolean]>([
    ['Update', 13_001, 10_000, true],
    ['Update', 13_000, 10_000, false],
    ['Update', 13_001, undefined, false],
    ['Update', undefined, 10_000, false],
    ['Delete', 13_001, 10_000, false],
  ])('is past an %s when the next one has begun: in progress since %p, sent at %p', async (type, since, sent, past) => {
    const StackResourceDetail = {
      ResourceStatus: `${type.toUpperCase()}_IN_PROGRESS`,
      LastUpdatedTimestamp: since && new Date(since),
    };
    const stacks = new Stacks({ send: async () => ({ StackResourceDetail }) });
    expect(await stacks.isPast(type, SHOP, 'Db', OLD, sent)).toBe(past);
  });

  test('whose change set has pages is read to the end', async () => {
    cloud.stacks.set(SHOP, { status: 'UPDATE_IN_PROGRESS', changeSetId: 'set', resources: { Db: 'CREATE_COMPLETE' } });
    const ResourceChange = { LogicalResourceId: 'Db', Action: 'Remove', PolicyAction: 'Retain' };
    const ExecutionStatus = 'EXECUTE_IN_PROGRESS';
    const other = { ResourceChange: { LogicalResourceId: 'Other', Action: 'Add' } };
    const pages = [
      { ExecutionStatus, Changes: [other], NextToken: 'next' },
      { ExecutionStatus, Changes: [{ ResourceChange }] },
    ];
    cloud.intercept('cloudformation:DescribeChangeSet', async () => pages.shift());
    expect(await env().stacks.isLetGo(SHOP, 'Db')).toBe(true);
    expect(cloud.inputs('DescribeChangeSet').map(({ NextToken }) => NextToken)).toEqual([undefined, 'next']);
  });

  test.each([
    ['a change set that does not mention the resource', 'set', []],
    ['no change set', undefined, []],
  ])('does not let go of a resource with %s', async (_, changeSetId, changes) => {
    cloud.stacks.set(SHOP, {
      status: 'UPDATE_IN_PROGRESS',
      changeSetId,
      changes,
      resources: { Db: 'UPDATE_COMPLETE' },
    });
    expect(await env().stacks.isLetGo(SHOP, 'Db')).toBe(false);
  });

  test('lets go of a resource whose logical id another type has taken', async () => {
    cloud.stacks.set(SHOP, {
      status: 'UPDATE_IN_PROGRESS',
      resources: { Db: 'CREATE_IN_PROGRESS' },
      types: { Db: 'Custom::RecoverableSecret' },
    });
    expect(await env().stacks.isLetGo(SHOP, 'Db')).toBe(true);
  });

  test('that cannot be seen fails with the name of the call', async () => {
    cloud.intercept('cloudformation:DescribeStacks', async () => {
      throw awsError('AccessDenied');
    });
    await expect(env().stacks.isRollingBack(SHOP)).rejects.toThrow('DescribeStacks failed with AccessDenied');
  });
});

describe('a key', () => {
  test.each([
    ['Enabled', 'Enabled'],
    ['PendingDeletion', 'PendingDeletion'],
    ['NotFoundException', 'NotFound'],
    ['AccessDeniedException', undefined],
    ['KMSInternalException', undefined],
  ])('that is %s', async (state, expected) => {
    cloud.keys.set('key', state);
    expect(await env().keyState('key')).toBe(expected);
    expect(cloud.inputs('DescribeKey')).toEqual([{ KeyId: 'key' }]);
  });
});
