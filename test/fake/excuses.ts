import { readOwnership } from '../../src/handler/model/ownership';
import { OWNERSHIP_TAG, RETURNED } from '../../src/private/contract';
import { SECOND } from './clock';
import type { Sent } from './cloudformation-model';
import type { Change } from './fake-secrets-manager';
import type { Hit } from './faults';
import type { Happened } from './happened';
import { MAX_DELAY } from './lambda-function';
import { PENDING } from './pending';
import { hasValue, type SecretRecord } from './secret-record';

// What is known to be open, each as the exact sequence of calls that leads there. See docs/guarantees.md.

/** Whether what is wrong with the secret came about in the one way that is accepted. */
export type Excuse = (record: SecretRecord, happened: Happened) => boolean;

/** How often each excuse was needed, by name. */
export type Excused = Map<string, number>;

/** How long a request may be under way between looking and acting. */
const ON_THE_WAY = SECOND;
/** ... and how long it waits until its permissions, or a change of state, are seen everywhere. */
const LAG = 31 * SECOND;

/** How long the function may be under way from what it saw to the call that it led to. */
export function timeToAct({ stacks: { facts }, faults, sent }: Happened): number {
  const lags =
    facts.policyLags || facts.stateLags || sent.some(({ request }) => faults.of(request.RequestId).length > 0);
  return ON_THE_WAY + (lags ? LAG : 0) + (faults.slow ? MAX_DELAY : 0);
}

/**
 * The function ended for good, or failed and could not undo it either, after RestoreSecret and before the tags that
 * claim the secret. A scheduled secret cannot be tagged first, so nothing tells it from one that a person has restored.
 */
export const restoredWithoutTrace: Excuse = (record, happened) =>
  restores(record, happened).some(({ restore, later, between }) => {
    if (later.some(({ tags }) => claimOf(tags) === `RESTORED ${restore.by}`)) return false;
    const { sent, faults } = happened;
    const withdrawn = sent.some((one) => one.withdrawn && one.request.RequestId === restore.by);
    return (
      between.some(({ kind }) => kind === 'dies') ||
      between.length > 1 ||
      // With a withdrawn request, the permissions of its role are withdrawn as well.
      (withdrawn && faults.denialsOf(restore.by).some(({ at }) => at >= restore.at))
    );
  });

/**
 * Of two deliveries one restored the secret and then failed at its tags, and the other one found it live and adopted
 * it, or gave it back: nothing but the memory of the first one tells that it has to be scheduled again.
 */
export const restoredBesides: Excuse = (record, happened) =>
  restores(record, happened).some(({ restore, later, after }) => {
    const overlaps = happened.sent.some((one) => one.overlaps && one.request.RequestId === restore.by);
    const mine = later.filter(({ by }) => by === restore.by);
    const adopted = mine.some(({ tags }) => claimOf(tags) === `ADOPTED ${restore.by}`);
    const restored = mine.some(({ tags }) => claimOf(tags) === `RESTORED ${restore.by}`);
    const returned = mine.some(({ tags }) => tags[OWNERSHIP_TAG.origin] === RETURNED);
    if (!overlaps) return false;
    if (after.some(({ operation }) => operation === 'TagResource') && adopted && !restored) return true;
    return returned && after.some(({ kind }) => kind === 'dies');
  });

/** Every RestoreSecret of a request: what came after it, and what went wrong until the request had tagged the secret. */
function restores(
  record: SecretRecord,
  { changes, faults }: Happened,
): {
  readonly restore: Change;
  readonly later: readonly Change[];
  readonly between: readonly Hit[];
  readonly after: readonly Hit[];
}[] {
  const mine = changes.filter((change) => change.record === record);
  return mine.flatMap((restore, index) => {
    if (restore.operation !== 'RestoreSecret' || restore.by === 'administrator') return [];
    const later = mine.slice(index + 1);
    const claimed = later.find(({ by, tags }) => by === restore.by && claimOf(tags)?.endsWith(restore.by));
    const after = faults.of(restore.by).filter(({ at, operation }) => at >= restore.at && operation !== 'answer');
    return [{ restore, later, between: after.filter(({ at }) => at <= (claimed?.at ?? Infinity)), after }];
  });
}

/**
 * A delivery wrote its value in the very moment in which another one, or the Delete of a withdrawn request, scheduled the
 * secret or gave it back, after which it cannot be changed back any more. The value before is the previous one.
 */
export const wroteTooLate: Excuse = (record, happened) => {
  const { before, changes, sent } = happened;
  const value = before.get(record)?.value;
  if (value === undefined || !hasValue(record, value)) return false;
  const mine = changes.filter((change) => change.record === record);
  return mine.some(({ operation, by, at }) => {
    if (operation !== 'PutSecretValue') return false;
    const writer = sent.find(({ request }) => request.RequestId === by);
    if (!writer?.withdrawn && !writer?.overlaps) return false;
    // Also before it: what is about to be scheduled has been looked at already.
    const near = mine.filter((change) => Math.abs(at - change.at) <= timeToAct(happened));
    return near.some((change) => letsGo(change) && undoes(change, writer, happened));
  });
};

/** The change gives the secret back, or schedules it. */
function letsGo({ operation, tags }: Change): boolean {
  return operation === 'DeleteSecret' || (operation === 'TagResource' && tags[OWNERSHIP_TAG.origin] === RETURNED);
}

/** The change was made by the same request, or by one that CloudFormation sent for the same resource afterwards. */
function undoes({ by }: Change, { request }: Sent, { sent }: Happened): boolean {
  const undoing = sent.find((one) => one.request.RequestId === by)?.request;
  return undoing?.StackId === request.StackId && undoing.LogicalResourceId === request.LogicalResourceId;
}

/**
 * Of two deliveries of a withdrawn Create one took the secret in the moment in which the other one gave it back. Its
 * owner is right; nothing compares and sets the other tags.
 */
export const racedWithItself: Excuse = (record, { changes, sent }) =>
  sent.some(({ request: { RequestId: id }, withdrawn, overlaps }) => {
    if (!withdrawn || !overlaps) return false;
    const mine = changes.filter((change) => change.record === record && change.operation === 'TagResource');
    const returned = mine.findIndex(({ tags }) => tags[OWNERSHIP_TAG.origin] === RETURNED);
    return returned >= 0 && mine.slice(returned + 1).some(({ by, tags }) => by === id && claimOf(tags)?.endsWith(id));
  });

/**
 * CloudFormation gives up on a clean-up that fails, and says so in the events of the stack. And for a Create that it has
 * withdrawn, or of which a second delivery goes on after the Delete, only the function itself can clean up, which fails
 * with the call that it needs for that.
 */
export const isGivenUp: Excuse = (record, { sent, faults }) =>
  sent.some((one, index) => {
    const { request, answer, stack, withdrawn, overlaps } = one;
    if (stack.region !== record.region || request.ResourceProperties.Name !== record.name) return false;
    const hits = faults.of(request.RequestId);
    if ((withdrawn || overlaps) && hits.length > 3) return true;
    const again = sent.slice(index + 1).some((later) => isSameResource(later, one));
    return !withdrawn && request.RequestType === 'Delete' && answer?.status !== 'SUCCESS' && hits.length > 0 && !again;
  });

function isSameResource({ request: one }: Sent, { request: other }: Sent): boolean {
  return one.StackId === other.StackId && one.PhysicalResourceId === other.PhysicalResourceId;
}

/** Two stacks that both want a new value at the same time get two. */
export const twoWriters: Excuse = (record, { changes, alone }) => {
  const writers = changes.filter((change) => change.record === record && change.operation === 'PutSecretValue');
  return !alone && new Set(writers.map(({ by }) => by)).size > 1;
};

/** Another stack took the secret over in this step, so that its former holder rightly left it alone. */
export const wasHandedOver: Excuse = (record, { before, changes, alone }) => {
  if (alone) return false;
  const then = before.get(record);
  const states = changes.filter((change) => change.record === record).map(({ tags }) => tags);
  const holders = [...(then?.state === 'live' ? [then.tags] : []), ...states].map(
    (tags) => readOwnership(tags).stackId,
  );
  return new Set(holders).size > 1;
};

/** The rollback of a stack's first deployment failed, and then somebody deleted the stack. */
export const wasTornDown: Excuse = (_record, { stacks, deployments }) =>
  PENDING.teardownOfUnstable && deployments.some(({ stackId }) => stacks.tornDown.has(stackId));

/** Of two deliveries one failed, and undid what the other one was about to carry through. */
export const undoneByTheOther: Excuse = (record, { changes, sent, faults }) =>
  sent.some(({ request: { RequestId: id }, overlaps }) => {
    if (!overlaps || faults.of(id).length === 0) return false;
    return changes.some((change) => change.record === record && change.by === id && letsGo(change));
  });

/** A call was under way when CloudFormation stopped waiting, and arrived afterwards. */
export const arrivedLate: Excuse = (record, happened) =>
  happened.faults.slow &&
  happened.changes.some((change) => {
    const one = change.record === record && happened.sent.find(({ request }) => request.RequestId === change.by);
    if (!one || one.endedAt === undefined || one.request.RequestType === 'Create') return false;
    return change.at > one.endedAt && change.at <= one.endedAt + timeToAct(happened);
  });

/** As long as a key is dead, or a secret is replicated with another account, the rollback or Delete that it stops has not ended. */
export const isObstructed: Excuse = (record, { obstructed, stacks }) =>
  obstructed && (record.sharedWith !== undefined || stacks.abandoned.size > 0);

/** `OUTCOME REQUEST`, without when. */
function claimOf(tags: Change['tags']): string | undefined {
  return tags[OWNERSHIP_TAG.origin]?.split(' ').slice(0, 2).join(' ');
}
