import { Stacks } from '../../src/handler/cloudformation/stacks';
import { stackId } from './requests';

const [SHOP, ROOT] = [stackId('shop'), stackId('root')];
const AT = Date.UTC(2027, 2, 4);

type Command = { readonly constructor: { readonly name: string }; readonly input: object };
type Answers = Record<string, (object | Error)[]>;

/** CloudFormation with prepared answers for each operation, and what it was asked. */
function cloudFormation(answers: Answers) {
  const asked: unknown[] = [];
  const stacks = new Stacks({
    send: async ({ constructor: { name }, input }: Command) => {
      const operation = name.replace('Command', '');
      asked.push([operation, input]);
      const answer = answers[operation]?.shift();
      if (!answer || answer instanceof Error) throw answer ?? new Error(`nobody expected ${operation}`);
      return answer;
    },
  });
  return { stacks, asked };
}

const stack = (state: object) => ({ Stacks: [state] });
const resource = (detail: object) => ({ StackResourceDetail: detail });
const missing = Object.assign(new Error(), { name: 'ValidationError' });

describe('the deployment that is rolled back', () => {
  const root = (StackStatus: string) => stack({ StackStatus, LastUpdatedTime: new Date(AT + 1) });
  const nested = stack({ StackStatus: 'DELETE_IN_PROGRESS', LastUpdatedTime: new Date(AT), RootId: ROOT });

  test.each<[string, object[], number | undefined]>([
    ['of a stack', [stack({ StackStatus: 'UPDATE_ROLLBACK_IN_PROGRESS', LastUpdatedTime: new Date(AT) })], AT],
    ['of a stack that was never updated', [stack({ StackStatus: 'ROLLBACK_IN_PROGRESS' })], 0],
    ['of the stack around a nested one', [nested, root('UPDATE_ROLLBACK_IN_PROGRESS')], AT],
    [
      'is none in an ordinary one',
      [stack({ StackStatus: 'UPDATE_IN_PROGRESS', LastUpdatedTime: new Date(AT) })],
      undefined,
    ],
    ['is none where the root is its own', [stack({ StackStatus: 'UPDATE_IN_PROGRESS', RootId: SHOP })], undefined],
    ['is none where the root deploys', [nested, root('UPDATE_IN_PROGRESS')], undefined],
    ['is none where the root tells nothing', [nested, stack({})], undefined],
    ['is none where the root is gone', [nested, { Stacks: [] }], undefined],
    ['is none where the stack tells nothing', [stack({})], undefined],
    ['is none where nothing is told', [{}], undefined],
  ])('%s', async (_, answers, began) => {
    const { stacks, asked } = cloudFormation({ DescribeStacks: [...answers] });
    expect(await stacks.rolledBackDeployment(SHOP)).toBe(began);
    expect(asked).toEqual([SHOP, ROOT].slice(0, answers.length).map((StackName) => ['DescribeStacks', { StackName }]));
    const again = cloudFormation({ DescribeStacks: [...answers] });
    expect(await again.stacks.isRollingBack(SHOP)).toBe(began !== undefined);
  });
});

describe('the purpose of a Delete', () => {
  const deleted = { StackStatus: 'DELETE_IN_PROGRESS', DeletionTime: new Date(AT) };

  test.each<[string, object, number | undefined, string]>([
    ['is the teardown, for a request of the deletion', deleted, AT, 'teardown'],
    ['is the teardown, as far as the clocks may differ', deleted, AT - 3_000, 'teardown'],
    ['is past, for a request from before', deleted, AT - 3_001, 'superseded'],
    ['is the teardown, for a request that does not tell when it was sent', deleted, undefined, 'teardown'],
    ['is the rollback of a deployment', { StackStatus: 'ROLLBACK_IN_PROGRESS' }, AT, 'rollback'],
    ['is the clean-up of a deployment', { StackStatus: 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS' }, AT, 'teardown'],
  ])('%s', async (_, state, sentAt, expected) => {
    const { stacks, asked } = cloudFormation({ DescribeStacks: [stack(state)] });
    expect(await stacks.purposeOfDelete(SHOP, sentAt)).toBe(expected);
    expect(asked).toHaveLength(1);
  });

  test('is the teardown where nothing is told', async () => {
    const { stacks } = cloudFormation({ DescribeStacks: [{}] });
    expect(await stacks.purposeOfDelete(SHOP, AT)).toBe('teardown');
  });
});

describe('the creation of a resource', () => {
  test.each([
    ['CREATE_IN_PROGRESS', 'awaited'],
    ['CREATE_COMPLETE', 'completed'],
    ['UPDATE_IN_PROGRESS', 'completed'],
    ['DELETE_SKIPPED', 'completed'],
    ['DELETE_COMPLETE', 'withdrawn'],
    // Not of this creation.
    ['IMPORT_ROLLBACK_CREATE_COMPLETE', 'withdrawn'],
  ])('is seen from the resource: %s', async (ResourceStatus, expected) => {
    const { stacks, asked } = cloudFormation({ DescribeStackResource: [resource({ ResourceStatus })] });
    expect(await stacks.creation(SHOP, 'Db')).toBe(expected);
    expect(asked).toEqual([['DescribeStackResource', { StackName: SHOP, LogicalResourceId: 'Db' }]]);
  });

  test.each([
    ['CREATE_IN_PROGRESS', 'awaited'],
    ['UPDATE_IN_PROGRESS', 'awaited'],
    ['DELETE_IN_PROGRESS', 'withdrawn'],
    [undefined, 'withdrawn'],
  ])('is seen from the stack where the resource is not there: %s', async (StackStatus, expected) => {
    for (const answer of [missing, {}]) {
      const { stacks } = cloudFormation({ DescribeStackResource: [answer], DescribeStacks: [stack({ StackStatus })] });
      expect(await stacks.creation(SHOP, 'Db')).toBe(expected);
    }
    const { stacks } = cloudFormation({ DescribeStackResource: [missing], DescribeStacks: [{ Stacks: [] }] });
    expect(await stacks.creation(SHOP, 'Db')).toBe('withdrawn');
  });

  test('is not known where CloudFormation does not answer', async () => {
    const error = Object.assign(new Error(), { name: 'Throttling' });
    const { stacks } = cloudFormation({ DescribeStackResource: [error] });
    await expect(stacks.creation(SHOP, 'Db')).rejects.toThrow('DescribeStackResource failed with Throttling');
  });
});

test('what a change set holds is not known where CloudFormation does not answer', async () => {
  const { stacks } = cloudFormation({
    DescribeStackResource: [resource({ ResourceStatus: 'CREATE_COMPLETE' })],
    DescribeStacks: [stack({ ChangeSetId: 'set' })],
    DescribeChangeSet: [Object.assign(new Error(), { name: 'Throttling' })],
  });
  await expect(stacks.isLetGo(SHOP, 'Db')).rejects.toThrow('DescribeChangeSet failed with Throttling');
});

describe('a native resource', () => {
  const live = resource({ ResourceStatus: 'CREATE_COMPLETE', ResourceType: 'AWS::SecretsManager::Secret' });
  const deploying = stack({ ChangeSetId: 'set' });
  const page = (changes: object[] | undefined, more = {}) => ({
    ExecutionStatus: 'EXECUTE_IN_PROGRESS',
    Changes: changes?.map((ResourceChange) => ({ ResourceChange })),
    ...more,
  });
  const db = (Action: string, PolicyAction?: string) => ({ LogicalResourceId: 'Db', Action, PolicyAction });
  const other = { LogicalResourceId: 'Other', Action: 'Remove', PolicyAction: 'Retain' };

  test.each<[string, Answers, boolean]>([
    ['is let go when it is not there', { DescribeStackResource: [missing] }, true],
    ['is let go when nothing is told', { DescribeStackResource: [{}] }, true],
    [
      'is let go when it was deleted',
      { DescribeStackResource: [resource({ ResourceStatus: 'DELETE_COMPLETE' })] },
      true,
    ],
    [
      'is let go when it was retained',
      { DescribeStackResource: [resource({ ResourceStatus: 'DELETE_SKIPPED' })] },
      true,
    ],
    [
      'is let go when another one has its place',
      { DescribeStackResource: [resource({ ResourceStatus: 'CREATE_COMPLETE', ResourceType: 'Custom::X' })] },
      true,
    ],
    ['is not let go without a change set', { DescribeStackResource: [live], DescribeStacks: [stack({})] }, false],
    ['is not let go without a stack', { DescribeStackResource: [live], DescribeStacks: [{}] }, false],
    [
      'of which no type is told is not let go',
      { DescribeStackResource: [resource({ ResourceStatus: 'CREATE_COMPLETE' })], DescribeStacks: [stack({})] },
      false,
    ],
  ])('%s', async (_, answers, expected) => {
    expect(await cloudFormation(answers).stacks.isLetGo(SHOP, 'Db')).toBe(expected);
  });

  test.each<[string, object[], boolean]>([
    ['is removed and retained', [page([other, db('Remove', 'Retain')])], true],
    ['is removed and deleted', [page([db('Remove', 'Delete')])], false],
    ['is replaced and retained', [page([db('Modify', 'Retain')])], false],
    ['is not mentioned', [page([other])], false],
    ['is not mentioned in any change', [page(undefined)], false],
    ['is not mentioned by a change of something else', [{ ...page([]), Changes: [{}] }], false],
    ['is mentioned on the second page', [page([other], { NextToken: '2' }), page([db('Remove', 'Retain')])], true],
    [
      'was retained by an earlier one',
      [page([db('Remove', 'Retain')], { ExecutionStatus: 'EXECUTE_COMPLETE' })],
      false,
    ],
  ])('in a change set %s', async (_, pages, expected) => {
    const DescribeChangeSet = [...pages];
    const { stacks, asked } = cloudFormation({
      DescribeStackResource: [live],
      DescribeStacks: [deploying],
      DescribeChangeSet,
    });
    expect(await stacks.isLetGo(SHOP, 'Db')).toBe(expected);
    expect(asked.slice(2)).toEqual(
      [undefined, '2']
        .slice(0, pages.length)
        .map((NextToken) => ['DescribeChangeSet', { StackName: SHOP, ChangeSetName: 'set', NextToken }]),
    );
  });
});
