import { Stacks } from '../../src/handler/cloudformation/stacks';
import type { Deployment } from '../../src/handler/model/deployment';
import { ARN, serviceError } from './existing-secret';
import { stackId } from './requests';

const [SHOP, ROOT] = [stackId('shop-Nested-1X'), stackId('shop')];
const NATIVE = 'AWS::SecretsManager::Secret';

interface State {
  /** What DescribeStacks tells, by stack id. */
  readonly stacks?: Record<string, object>;
  /** What DescribeStackResource tells about `Db`. */
  readonly resource?: object;
  /** Pages of DescribeChangeSet. */
  readonly changeSet?: readonly object[];
  /** Pages of DescribeStackEvents, by stack id. */
  readonly events?: Record<string, readonly (readonly object[])[]>;
  /** What fails, and with what. */
  readonly failing?: readonly [operation: string, error: string];
}

/** CloudFormation in a state. As the service does, it does not know what is not there. */
function cloudFormation({ stacks = {}, resource, changeSet = [], events = {}, failing }: State): Stacks {
  const page = <T>(pages: readonly T[], token?: string): [T, { NextToken?: string }] => {
    const at = Number(token ?? 0);
    return [pages[at], at + 1 < pages.length ? { NextToken: `${at + 1}` } : {}];
  };
  const answers: Record<string, (input: Record<string, string>) => object | undefined> = {
    DescribeStacks: ({ StackName }) => stacks[StackName] && { Stacks: [stacks[StackName]] },
    DescribeStackResource: ({ LogicalResourceId }) =>
      resource && LogicalResourceId === 'Db' ? { StackResourceDetail: resource } : undefined,
    DescribeChangeSet: ({ NextToken }) => {
      const [answer, next] = page(changeSet, NextToken);
      return { ExecutionStatus: 'EXECUTE_IN_PROGRESS', ...answer, ...next };
    },
    DescribeStackEvents: ({ StackName, NextToken }) => {
      const [StackEvents, next] = page(events[StackName] ?? [[]], NextToken);
      return { StackEvents, ...next };
    },
  };
  return new Stacks({
    // biome-ignore lint/suspicious/noExplicitAny: the inputs of four operations
    send: async ({ constructor: { name }, input }: { constructor: { name: string }; input: any }) => {
      const operation = name.replace('Command', '');
      if (failing?.[0] === operation) throw serviceError(failing[1]);
      const answer = answers[operation](input);
      if (!answer) throw serviceError('ValidationError');
      return answer;
    },
  });
}

/** A stack in a status, alone or in another one. */
const alone = (StackStatus?: string, more = {}) => ({ stacks: { [SHOP]: { StackStatus, ...more } } });
const nested = (StackStatus: string, rootStatus?: string) => ({
  stacks: {
    [SHOP]: { StackStatus, RootId: ROOT },
    ...(rootStatus && { [ROOT]: { StackStatus: rootStatus, RootId: ROOT } }),
  },
});

describe('a stack rolls back', () => {
  test.each<[boolean, string, State]>([
    [true, 'after its creation', alone('ROLLBACK_IN_PROGRESS')],
    [true, 'after an update', alone('UPDATE_ROLLBACK_IN_PROGRESS')],
    [true, 'after an import', alone('IMPORT_ROLLBACK_IN_PROGRESS')],
    [true, 'and cleans up', alone('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS')],
    // A nested one is simply deleted.
    [true, 'with the one around it', nested('DELETE_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS')],
    [false, 'not when it is created', alone('CREATE_IN_PROGRESS')],
    [false, 'not when it is updated', alone('UPDATE_IN_PROGRESS', { RootId: SHOP })],
    [false, 'not when it stays as it failed', alone('UPDATE_FAILED')],
    [false, 'not when it cleans up after an update', alone('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS')],
    [false, 'not when it is deleted', alone('DELETE_IN_PROGRESS')],
    [false, 'not when the one around it drops it', nested('DELETE_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS')],
    [false, 'not when the one around it is gone', nested('DELETE_IN_PROGRESS')],
    [false, 'not when nothing is told', alone()],
    [false, 'not when it is not there', {}],
  ])('%p: %s', async (expected, _, state) => {
    expect(await cloudFormation(state).isRollingBack(SHOP)).toBe(expected);
  });
});

test('a stack tells its status, and the name that the outermost one was deployed under', async () => {
  const inside = cloudFormation(nested('UPDATE_IN_PROGRESS'));
  expect(await inside.status(SHOP)).toBe('UPDATE_IN_PROGRESS');
  expect(await inside.outermostName(SHOP)).toBe('shop');
  expect(await cloudFormation(alone('x')).outermostName(SHOP)).toBe('shop-Nested-1X');
  expect(await cloudFormation({}).status(SHOP)).toBeUndefined();
  expect(await cloudFormation({}).outermostName(SHOP)).toBe('shop-Nested-1X');
});

describe('the deployment to which a request belongs', () => {
  /** Seconds of a clock, as CloudFormation tells them. */
  const at = (seconds: number) => Date.UTC(2027, 2, 4) + seconds * 1_000;
  /** Statuses with their seconds, `CREATE_IN_PROGRESS 0, CREATE_COMPLETE 10`; later ones come first, as it lists them. */
  const history = (statuses: string) =>
    statuses
      .split(', ')
      .filter(Boolean)
      .map((each) => each.split(' '))
      .map(([status, seconds]) => ({
        PhysicalResourceId: SHOP,
        ResourceStatus: status,
        Timestamp: new Date(at(Number(seconds))),
      }))
      .reverse();
  const deployment = (events: readonly object[], sent?: number, asked?: number) =>
    cloudFormation({ ...alone('x'), events: { [SHOP]: [events] } }).deployment(SHOP, sent, asked);

  const CREATION = 'CREATE_IN_PROGRESS 0, CREATE_COMPLETE 10';
  const BEGUN = `${CREATION}, UPDATE_IN_PROGRESS 20`;
  const FAILED = `${BEGUN}, UPDATE_FAILED 30`;
  const CLEANS_UP = `${BEGUN}, UPDATE_COMPLETE_CLEANUP_IN_PROGRESS 30`;
  const UPDATED = 'UPDATE_IN_PROGRESS 80, UPDATE_COMPLETE_CLEANUP_IN_PROGRESS 90';
  const UNDONE = `${BEGUN}, UPDATE_ROLLBACK_COMPLETE 40`;
  const DELETED = `${CREATION}, DELETE_IN_PROGRESS 40`;

  const completed: Deployment = { outcome: 'completed', idle: true };
  const undone: Deployment = { outcome: 'undone', idle: true };
  const goesOn: Deployment = { outcome: 'completed', idle: false };
  const unstable: Deployment = { outcome: 'under way', idle: false };

  test.each<[string, string, number, Deployment]>([
    ['is the first one', CREATION, 5, completed],
    ['is the first one, which goes on', 'CREATE_IN_PROGRESS 0', 5, unstable],
    ['is the first one, which failed', 'CREATE_IN_PROGRESS 0, ROLLBACK_IN_PROGRESS 8', 5, unstable],
    ['is the first one, undone', 'CREATE_IN_PROGRESS 0, ROLLBACK_COMPLETE 9', 5, undone],
    ['is the first one, left as it failed', 'CREATE_IN_PROGRESS 0, CREATE_FAILED 8', 5, unstable],
    ['is an update', `${CLEANS_UP}, UPDATE_COMPLETE 31`, 25, completed],
    ['is an update that cleans up', CLEANS_UP, 25, completed],
    ['is an update that goes on', BEGUN, 25, unstable],
    ['is an import', `${CREATION}, IMPORT_IN_PROGRESS 20, IMPORT_COMPLETE 30`, 25, completed],
    ['came before one that goes on', BEGUN, 5, goesOn],
    ['came before one that failed', FAILED, 5, goesOn],
    ['was undone', UNDONE, 25, undone],
    ['is being undone, clean-up included', `${BEGUN}, UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS 40`, 25, unstable],
    ['cannot be undone', `${BEGUN}, UPDATE_ROLLBACK_FAILED 40`, 25, unstable],
    // What stays as it failed is completed by the next one, or undone together with it.
    ['was completed by the next one', `${FAILED}, UPDATE_IN_PROGRESS 40, UPDATE_COMPLETE 50`, 25, completed],
    ['is undone with the next one', `${FAILED}, UPDATE_IN_PROGRESS 40, UPDATE_ROLLBACK_IN_PROGRESS 50`, 25, unstable],
    // A deletion is no deployment: it leaves what was, and what never was.
    ['completed before the stack is deleted', DELETED, 5, completed],
    ['completed before the stack could not be deleted', `${DELETED}, DELETE_FAILED 50`, 5, completed],
    ['never was stable', 'CREATE_IN_PROGRESS 0, CREATE_FAILED 8, DELETE_IN_PROGRESS 40', 5, unstable],
    // A request tells whole seconds.
    ['began in the same second', 'CREATE_IN_PROGRESS 0.2', 0.9, unstable],
    ['completed in the same second', 'CREATE_IN_PROGRESS 0.2, CREATE_COMPLETE 0.5', 0.9, completed],
    // Events are kept for 90 days.
    ['completed when its events are gone', 'UPDATE_IN_PROGRESS 20, UPDATE_COMPLETE 31', 5, completed],
    ['completed when all but those of the next one are gone', 'UPDATE_IN_PROGRESS 20', 5, goesOn],
    ['completed when all but those of the deletion are gone', 'DELETE_IN_PROGRESS 40', 5, completed],
    ['completed when all events are gone', '', 5, completed],
  ])('%s', async (_, statuses, seconds, expected) => {
    expect(await deployment(history(statuses), at(seconds))).toEqual(expected);
  });

  // What goes on from a deployment that failed can have left something out of it, which its clean-up takes away.
  const GOES_ON = `${FAILED}, UPDATE_IN_PROGRESS 40, UPDATE_COMPLETE_CLEANUP_IN_PROGRESS 50`;
  const LEFT_OUT: Deployment = { outcome: 'under way', idle: true };
  test.each<[string, string, number, number, Deployment]>([
    ['is told by the clean-up of the next one', GOES_ON, 25, 51, LEFT_OUT],
    ['is told by it in the same second', GOES_ON.replace('50', '50.4'), 25, 50, LEFT_OUT],
    [
      'is told by it late',
      `${GOES_ON}, UPDATE_COMPLETE 60, UPDATE_IN_PROGRESS 70`,
      25,
      51,
      { ...LEFT_OUT, idle: false },
    ],
    ['is told by it when it had completed', GOES_ON, 5, 51, completed],
    ['is told by its own clean-up', CLEANS_UP, 25, 31, LEFT_OUT],
    ['is told by the clean-up of a later one', `${GOES_ON}, UPDATE_COMPLETE 60, ${UPDATED}`, 25, 91, completed],
    ['is told by a deletion', `${GOES_ON}, UPDATE_COMPLETE 60, DELETE_IN_PROGRESS 70`, 25, 71, completed],
    ['is told by a rollback', `${FAILED}, UPDATE_ROLLBACK_IN_PROGRESS 40`, 25, 41, unstable],
  ])('%s', async (_, statuses, seconds, asked, expected) => {
    expect(await deployment(history(statuses), at(seconds), at(asked))).toEqual(expected);
  });

  test.each<[string, string, Deployment]>([
    ['completed when all is quiet', CREATION, completed],
    ['completed when all is undone', UNDONE, completed],
    ['cannot be excluded from the one that goes on', BEGUN, unstable],
    ['completed before the stack is deleted', DELETED, completed],
    ['completed when it was long ago', 'DELETE_IN_PROGRESS 40', completed],
  ])('where nobody knows when it was sent, %s', async (_, statuses, expected) => {
    expect(await deployment(history(statuses))).toEqual(expected);
  });

  test.each<[string, string, number, Deployment]>([
    [
      'could not be excluded then',
      `${UNDONE.replace('COMPLETE 40', 'COMPLETE_CLEANUP_IN_PROGRESS 40')}, UPDATE_ROLLBACK_COMPLETE 60`,
      50,
      { ...unstable, idle: true },
    ],
    ['completed by then', `${CREATION}, UPDATE_IN_PROGRESS 60`, 50, goesOn],
    ['completed when all is as it was', DELETED, 50, completed],
  ])('where nobody knows when it was sent, and a late delivery asks, %s', async (_, statuses, asked, expected) => {
    expect(await deployment(history(statuses), undefined, at(asked))).toEqual(expected);
  });

  test('is told by the stack itself, not by its resources', async () => {
    const ofDb = { PhysicalResourceId: ARN, ResourceStatus: 'UPDATE_COMPLETE', Timestamp: new Date(at(29)) };
    const ofNested = { PhysicalResourceId: ROOT, ResourceStatus: 'UPDATE_COMPLETE', Timestamp: new Date(at(28)) };
    expect(await deployment([ofDb, ofNested, ...history(BEGUN)], at(25))).toEqual(unstable);
  });

  test('is that of the outermost stack', async () => {
    const ofRoot = history('UPDATE_IN_PROGRESS 0, UPDATE_ROLLBACK_IN_PROGRESS 30');
    const events = {
      [ROOT]: [ofRoot.map((event) => ({ ...event, PhysicalResourceId: ROOT }))],
      // The nested one has completed long before.
      [SHOP]: [history(CREATION)],
    };
    const stacks = cloudFormation({ ...nested('DELETE_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS'), events });
    expect(await stacks.deployment(SHOP, at(5))).toEqual(unstable);
  });

  test('is looked for on as many pages as there are', async () => {
    const events = { [SHOP]: [[], ...history(BEGUN).map((event) => [event])] };
    expect(await cloudFormation({ ...alone('x'), events }).deployment(SHOP, at(5))).toEqual(goesOn);
  });

  test('is not known where CloudFormation does not answer', async () => {
    const stacks = cloudFormation({ ...alone('x'), failing: ['DescribeStackEvents', 'Throttling'] });
    await expect(stacks.deployment(SHOP, at(5))).rejects.toThrow('DescribeStackEvents failed with Throttling');
  });
});

describe('the creation of a resource', () => {
  test.each([
    ['CREATE_IN_PROGRESS', 'awaited'],
    ['CREATE_COMPLETE', 'completed'],
    ['UPDATE_IN_PROGRESS', 'completed'],
    ['UPDATE_FAILED', 'completed'],
    ['DELETE_SKIPPED', 'completed'],
    ['CREATE_FAILED', 'withdrawn'],
    ['DELETE_IN_PROGRESS', 'withdrawn'],
    ['DELETE_COMPLETE', 'withdrawn'],
    // Not of this creation.
    ['IMPORT_ROLLBACK_CREATE_COMPLETE', 'withdrawn'],
  ])('is seen from the resource: %s', async (ResourceStatus, expected) => {
    expect(await cloudFormation({ resource: { ResourceStatus } }).creation(SHOP, 'Db')).toBe(expected);
  });

  test.each([
    ['CREATE_IN_PROGRESS', 'awaited'],
    ['UPDATE_IN_PROGRESS', 'awaited'],
    ['ROLLBACK_IN_PROGRESS', 'withdrawn'],
    ['UPDATE_ROLLBACK_IN_PROGRESS', 'withdrawn'],
    ['DELETE_IN_PROGRESS', 'withdrawn'],
    [undefined, 'withdrawn'],
  ])('is seen from the stack where the resource is not there: %s', async (status, expected) => {
    expect(await cloudFormation(alone(status)).creation(SHOP, 'Db')).toBe(expected);
    expect(await cloudFormation({ ...alone(status), resource: {} }).creation(SHOP, 'Db')).toBe(expected);
  });

  test('is withdrawn where there is no stack, and not known where CloudFormation does not answer', async () => {
    expect(await cloudFormation({}).creation(SHOP, 'Db')).toBe('withdrawn');
    const stacks = cloudFormation({ failing: ['DescribeStackResource', 'Throttling'] });
    await expect(stacks.creation(SHOP, 'Db')).rejects.toThrow('DescribeStackResource failed with Throttling');
  });
});

const DB = { stackId: SHOP, logicalId: 'Db', physicalId: ARN };

describe('a request is past', () => {
  test.each<[boolean, 'Update' | 'Delete', string | undefined, string]>([
    [false, 'Update', undefined, ARN],
    [false, 'Update', 'UPDATE_IN_PROGRESS', ARN],
    // The rollback sends an Update as well.
    [false, 'Update', 'UPDATE_ROLLBACK_IN_PROGRESS', ARN],
    [false, 'Update', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', ARN],
    [true, 'Update', 'UPDATE_COMPLETE', ARN],
    [true, 'Update', 'UPDATE_FAILED', ARN],
    [true, 'Update', 'DELETE_SKIPPED', ARN],
    [true, 'Update', 'DELETE_IN_PROGRESS', ARN],
    [false, 'Delete', undefined, ARN],
    [false, 'Delete', 'DELETE_IN_PROGRESS', ARN],
    [false, 'Delete', 'UPDATE_ROLLBACK_IN_PROGRESS', ARN],
    [true, 'Delete', 'DELETE_COMPLETE', ARN],
    [true, 'Delete', 'DELETE_FAILED', ARN],
    [true, 'Delete', 'DELETE_COMPLETE', 'arn:of-another-secret'],
    [true, 'Delete', 'UPDATE_COMPLETE', ARN],
    // What was replaced goes while its successor is complete.
    [false, 'Delete', 'UPDATE_COMPLETE', 'arn:of-another-secret'],
    [false, 'Delete', 'CREATE_COMPLETE', 'recoverable-secret:unknown:x'],
    // An id that CloudFormation makes up may become another one with the answer.
    [true, 'Delete', 'CREATE_COMPLETE', 'shop-Db-1ABCDEFGHIJKL'],
  ])('%p: %s, with the resource in %s, for %s', async (expected, type, ResourceStatus, physicalId) => {
    const resource = ResourceStatus && { ResourceStatus, PhysicalResourceId: ARN };
    const stacks = cloudFormation({ resource: resource || undefined });
    expect(await stacks.isPast(type, { ...DB, physicalId }, Date.now())).toBe(expected);
  });

  // The secret may have come back to the resource since, whose Delete must not be carried out once more.
  test.each<[boolean, string, string, number, object]>([
    [true, 'was deleted since', 'UPDATE_COMPLETE', 10, {}],
    [true, 'was deleted in the same second', 'UPDATE_COMPLETE', 10, { Timestamp: new Date(10_004) }],
    [true, 'was deleted, and is being taken back', 'UPDATE_IN_PROGRESS', 10, {}],
    [true, 'was deleted, and is being created anew', 'CREATE_IN_PROGRESS', 10, {}],
    [false, 'was deleted long before', 'UPDATE_COMPLETE', 13, {}],
    [false, 'is being deleted', 'DELETE_IN_PROGRESS', 10, {}],
    [false, 'could not be deleted', 'UPDATE_COMPLETE', 10, { ResourceStatus: 'DELETE_FAILED' }],
    [false, 'is another one than was deleted', 'UPDATE_COMPLETE', 10, { PhysicalResourceId: 'arn:another' }],
    [false, 'is of another resource', 'UPDATE_COMPLETE', 10, { LogicalResourceId: 'Other' }],
    [false, 'was deleted nobody knows when', 'UPDATE_COMPLETE', 10, { Timestamp: undefined }],
  ])('%p: a Delete of what was replaced, and %s', async (expected, _, ResourceStatus, seconds, event) => {
    const deleted = {
      LogicalResourceId: 'Db',
      PhysicalResourceId: ARN,
      ResourceStatus: 'DELETE_COMPLETE',
      Timestamp: new Date(12_000),
    };
    const stacks = cloudFormation({
      resource: { ResourceStatus, PhysicalResourceId: 'arn:of-another-secret' },
      events: { [SHOP]: [[{ ...deleted, LogicalResourceId: 'Later' }], [{ ...deleted, ...event }]] },
    });
    expect(await stacks.isPast('Delete', DB, seconds * 1_000)).toBe(expected);
    expect(await stacks.isPast('Delete', DB)).toBe(false);
  });

  test.each<['Update' | 'Delete', number | undefined, number | undefined, boolean]>([
    ['Update', 13_001, 10_000, true],
    ['Update', 13_000, 10_000, false],
    ['Update', 13_001, undefined, false],
    ['Update', undefined, 10_000, false],
    ['Delete', 13_001, 10_000, false],
  ])('%s when the next one has begun: in progress since %p, sent at %p: %p', async (type, since, sent, expected) => {
    const LastUpdatedTimestamp = since === undefined ? undefined : new Date(since);
    const resource = { ResourceStatus: `${type.toUpperCase()}_IN_PROGRESS`, LastUpdatedTimestamp };
    expect(await cloudFormation({ resource }).isPast(type, DB, sent)).toBe(expected);
  });
});

test.each<[boolean, object | undefined]>([
  [true, { ResourceStatus: 'CREATE_COMPLETE', PhysicalResourceId: ARN }],
  [true, { ResourceStatus: 'UPDATE_ROLLBACK_COMPLETE', PhysicalResourceId: ARN }],
  [true, { ResourceStatus: 'UPDATE_FAILED', PhysicalResourceId: ARN }],
  [true, { PhysicalResourceId: ARN }],
  [false, { ResourceStatus: 'CREATE_COMPLETE', PhysicalResourceId: 'arn:of-another-secret' }],
  // Two resources of one name are created at the same time, and one has been faster.
  [true, { ResourceStatus: 'CREATE_IN_PROGRESS' }],
  [true, { ResourceStatus: 'CREATE_IN_PROGRESS', PhysicalResourceId: '' }],
  [true, { ResourceStatus: 'CREATE_IN_PROGRESS', PhysicalResourceId: 'shop-Db-1ABCDEFGHIJKL' }],
  [false, { ResourceStatus: 'CREATE_IN_PROGRESS', PhysicalResourceId: 'arn:of-another-secret' }],
  [false, { ResourceStatus: 'CREATE_COMPLETE' }],
  [false, { ResourceStatus: 'DELETE_IN_PROGRESS', PhysicalResourceId: ARN }],
  [false, { ResourceStatus: 'DELETE_COMPLETE', PhysicalResourceId: ARN }],
  [false, { ResourceStatus: 'DELETE_SKIPPED', PhysicalResourceId: ARN }],
  // A resource whose clean-up failed is forgotten, and its state stays.
  [false, { ResourceStatus: 'DELETE_FAILED', PhysicalResourceId: ARN }],
  [false, undefined],
])('a stack has a secret: %p, where the resource is %p', async (expected, resource) => {
  expect(await cloudFormation({ resource }).has(DB)).toBe(expected);
});

describe('the fate of a resource', () => {
  const live = { ResourceStatus: 'CREATE_COMPLETE', ResourceType: NATIVE, PhysicalResourceId: 'arn:native' };
  const deploying = { ...alone('UPDATE_IN_PROGRESS', { ChangeSetId: 'set' }), resource: live };
  const db = (Action: string, PolicyAction?: string) => ({ LogicalResourceId: 'Db', Action, PolicyAction });
  const other = { LogicalResourceId: 'Other', Action: 'Remove', PolicyAction: 'Retain' };
  const page = (...changes: object[]) => ({ Changes: changes.map((ResourceChange) => ({ ResourceChange })) });

  test.each<[string, string, object[]]>([
    ['retained', 'removed and retained', [page(other, db('Remove', 'Retain'))]],
    ['retained', 'mentioned on the second page', [page(other), page(db('Remove', 'Retain'))]],
    ['removed', 'removed and deleted', [page(db('Remove', 'Delete'))]],
    ['removed', 'removed, nobody knows how', [page(db('Remove'))]],
    ['unknown', 'replaced and retained', [page(db('Modify', 'Retain'))]],
    ['unknown', 'changed', [page(db('Modify'))]],
    ['kept', 'added', [page(db('Add'))]],
    ['kept', 'not mentioned', [page(other), page(other)]],
    ['kept', 'not mentioned in any change', [{}]],
    ['kept', 'not mentioned by a change of something else', [{ Changes: [{}] }]],
    // A deployment without a change set leaves the one before where it was.
    ['unknown', 'of an earlier deployment', [{ ...page(other), ExecutionStatus: 'EXECUTE_COMPLETE' }]],
  ])('is %s where its change set has it %s', async (expected, _, changeSet) => {
    const stacks = cloudFormation({ ...deploying, changeSet });
    expect(await stacks.fate(SHOP, 'Db')).toBe(expected);
    // A native resource is let go only where it stays behind.
    expect(await stacks.hasLetGo(SHOP, 'Db')).toBe(expected === 'retained');
  });

  test('is not known without a change set, nor where CloudFormation does not answer', async () => {
    expect(await cloudFormation(alone('UPDATE_IN_PROGRESS')).fate(SHOP, 'Db')).toBe('unknown');
    expect(await cloudFormation({}).fate(SHOP, 'Db')).toBe('unknown');
    const throttled = cloudFormation({ ...deploying, failing: ['DescribeChangeSet', 'Throttling'] });
    await expect(throttled.hasLetGo(SHOP, 'Db')).rejects.toThrow('DescribeChangeSet failed with Throttling');
  });

  test.each<[boolean, string, object | undefined]>([
    [true, 'is not there', undefined],
    [true, 'is told nothing about', {}],
    [true, 'was deleted', { ...live, ResourceStatus: 'DELETE_COMPLETE' }],
    [true, 'was retained', { ...live, ResourceStatus: 'DELETE_SKIPPED' }],
    [true, 'has given its place to another one', { ...live, ResourceType: 'Custom::RecoverableSecret' }],
    [false, 'is there', live],
    [false, 'is there, of a type that nobody tells', { ResourceStatus: 'CREATE_COMPLETE' }],
    [false, 'could not be deleted', { ...live, ResourceStatus: 'DELETE_FAILED' }],
  ])('is that it has been let go: %p, where it %s', async (expected, _, resource) => {
    expect(await cloudFormation({ ...alone('UPDATE_IN_PROGRESS'), resource }).hasLetGo(SHOP, 'Db')).toBe(expected);
  });
});
