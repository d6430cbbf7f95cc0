import type { CloudFormationRequest } from '../../src/handler/cloudformation/request';
import { answerTo } from '../../src/handler/main';
import { FakeEnvironment, type Parts, PreparedService } from './environment';
import { ARN, heldBy, SCHEDULED, SHOP, serviceError, without } from './existing-secret';
import { answerUrl, declaring, NAME, request, tagList } from './requests';

const BROKEN = serviceError('InternalServiceError');
const about = { StackId: SHOP.stackId, LogicalResourceId: SHOP.logicalId };
const held = { ...about, PhysicalResourceId: ARN, OldResourceProperties: declaring('old') };
const renamed = { ...held, OldResourceProperties: declaring('old', { Name: 'prod/old' }) };

/** Secrets Manager with prepared answers, and a stack in a status. */
function surroundings(
  answers: Record<string, (object | Error)[]>,
  status: string | Error = 'UPDATE_IN_PROGRESS',
): Parts {
  return {
    secrets: new PreparedService(answers),
    stacks: {
      status: async () => {
        if (status instanceof Error) throw status;
        return status;
      },
      isRollingBack: async () => false,
      isPast: async () => false,
      deployment: async () => ({ outcome: 'completed' as const, idle: true }),
    },
  };
}
const answer = (asked: CloudFormationRequest, parts: Parts) => answerTo(asked, new FakeEnvironment(parts).env);
const failed = (asked: CloudFormationRequest, status?: string | Error) =>
  answer(asked, surroundings({ DescribeSecret: [BROKEN] }, status));

describe('a reason says what failed, in which state the secret is, and how to go on', () => {
  const ERROR = 'DescribeSecret failed with InternalServiceError';
  const undone =
    `secret '${NAME}' has the state, owner and value that it was found with, and one that was new is scheduled for ` +
    'deletion; deploy again when the cause is removed';
  const onceMore = `secret '${NAME}' is not deleted; delete the stack again when the cause is removed`;
  const forgotten = `secret '${NAME}' stays as it is and has left the stack; when the cause is removed, see by its tags whose it is`;
  const untold = { ...about, PhysicalResourceId: 'recoverable-secret:unknown:x' };

  const goesBack = `secret '${NAME}' goes back to what it was with the rollback; deploy again when the cause is removed`;
  const goesOn =
    `secret '${NAME}' may not be as it was yet; continue the rollback when the cause is removed, with aws ` +
    'cloudformation continue-update-rollback';

  test.each<[string, CloudFormationRequest, string | Error | undefined, string]>([
    ['a Create', request('Create', about), undefined, undone],
    ['an Update', request('Update', held), undefined, goesBack],
    ['an Update to another name', request('Update', renamed), undefined, undone],
    ['an Update in a rollback', request('Update', held), 'UPDATE_ROLLBACK_IN_PROGRESS', goesOn],
    ['one that renames in a rollback', request('Update', renamed), 'UPDATE_ROLLBACK_IN_PROGRESS', goesOn],
    ['a Delete with its stack', request('Delete', held), 'DELETE_IN_PROGRESS', onceMore],
    ['a Delete in a rollback', request('Delete', held), 'ROLLBACK_IN_PROGRESS', onceMore],
    ['a Delete in a stack that is not seen', request('Delete', held), serviceError('AccessDenied'), onceMore],
    // CloudFormation forgets a resource whose clean-up fails, so deleting the stack would not help.
    ['a clean-up', request('Delete', held), 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', forgotten],
    ['one of what was never told', request('Delete', untold), 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', forgotten],
    ['one after a rollback', request('Delete', held), 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', forgotten],
  ])('%s', async (_, asked, status, aftermath) => {
    expect(await failed(asked, status)).toEqual({
      status: 'FAILED',
      physicalId: asked.PhysicalResourceId ?? `recoverable-secret:unknown:${asked.RequestId}`,
      reason: `${ERROR}; ${aftermath}`,
    });
  });

  test.each<[string, CloudFormationRequest]>([
    ['a Create', request('Create', about)],
    ['an Update', request('Update', renamed)],
  ])('that it could not be put back, after %s', async (_, asked) => {
    // Restored, but neither tagged nor scheduled again.
    const shown = { ARN, Name: NAME, Tags: tagList(heldBy({ ...SHOP, requestId: 'an earlier one' })) };
    const parts = surroundings({
      DescribeSecret: [{ ...shown, ...SCHEDULED }, shown],
      TagResource: [BROKEN],
      DeleteSecret: [BROKEN],
    });
    const { reason, physicalId } = await answer(asked, parts);
    expect(reason).toBe(
      'TagResource failed with InternalServiceError; ' +
        `secret '${NAME}' could not be put back as it was found, the rollback tries again`,
    );
    // The rollback of an Update finds it by its ARN, that of a Create by its request.
    expect(physicalId).toBe(asked.RequestType === 'Update' ? ARN : `recoverable-secret:unknown:${asked.RequestId}`);
  });

  test.each([
    [new TypeError('it quotes a value'), 'TypeError'],
    ['it quotes a value', 'an unknown error'],
  ])('nothing but the name of an error that nobody expected: %p', async (error, name) => {
    const now = () => {
      throw error;
    };
    const asked = request('Create', { ...about, ResponseURL: answerUrl(0) });
    const { reason } = await answer(asked, { ...surroundings({}), now });
    expect(reason).toMatch(new RegExp(`^the function failed with ${name}; secret `));
  });

  test('a refusal and nothing else: nothing was changed', async () => {
    const asked = request('Create', { ...about, ResponseURL: answerUrl(0) });
    const { reason } = await answer(asked, { ...surroundings({}), now: () => 2_100_000 });
    expect(reason).toBe('this request is out of date, CloudFormation is done with it; nothing was changed');
  });

  test('the last use of what is deleted', async () => {
    const shown = (more = {}) => ({ ARN, Name: NAME, Tags: tagList(heldBy(SHOP)), ...more });
    const reasonOf = async (secret: object | Error) =>
      (await answer(request('Delete', held), surroundings({ DescribeSecret: [secret] }))).reason;
    expect(await reasonOf(shown({ LastAccessedDate: SCHEDULED.DeletedDate }))).toBe('last used: 2027-03-04');
    expect(await reasonOf(shown())).toBe('last used: never, as far as AWS tells');
    expect(await reasonOf(serviceError('ResourceNotFoundException'))).toBeUndefined();
  });
});

test('an update that succeeded tells how the resource came by the secret; where nobody knows, it was there before', async () => {
  const update = request('Update', { ...held, ResourceProperties: declaring('old') });
  for (const [tags, Outcome] of [
    [heldBy(SHOP, 'RESTORED'), 'RESTORED'],
    [without(heldBy(SHOP), 'recoverable-secret:origin'), 'ADOPTED'],
  ] as const) {
    const parts = surroundings({ DescribeSecret: [{ ARN, Name: NAME, Tags: tagList(tags) }] });
    expect(await answer(update, parts)).toEqual({ status: 'SUCCESS', physicalId: ARN, data: { Id: ARN, Outcome } });
  }
});
