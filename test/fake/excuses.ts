import { readOwnership } from '../../src/handler/model/ownership';
import { writtenAt } from '../../src/handler/model/versions';
import { OWNERSHIP_TAG, RETURNED } from '../../src/private/contract';
import { ownerOf } from './app';
import { SECOND } from './clock';
import type { Sent } from './cloudformation-model';
import { type Change, MAX_LAG } from './fake-secrets-manager';
import type { Hit } from './faults';
import { type Excuse, type Happened, hasCompleted, wasDeployed } from './happened';
import { hasValue, type SecretRecord } from './secret-record';

// What is known to be open, each as the exact sequence of calls that leads there. See docs/guarantees.md.

/** How often each excuse was needed, by name. */
export type Excused = Map<string, number>;

/** How long a request may be under way between looking and the call that it leads to. */
const ON_THE_WAY = 2 * SECOND;

/**
 * Whether the other change came between what a request had seen of a secret and what it then did to it.
 *
 * @param lag For how long the secret may have looked as it did before the other change
 */
export function cameBetween(other: Pick<Change, 'at'>, { since, at }: Pick<Change, 'since' | 'at'>, lag = 0): boolean {
  return other.at <= at && other.at + lag >= since - ON_THE_WAY;
}

/** For how long nobody sees whether a secret was restored or scheduled, and how long the function looks at it. */
export function lagOf({ stacks }: Happened): number {
  return stacks.facts.stateLags ? MAX_LAG + 6 * SECOND : 0;
}

/**
 * The function ended for good, or failed and could not undo it either, after RestoreSecret and before the tags that
 * claim the secret. A scheduled secret cannot be tagged first, so nothing tells it from one that a person has restored.
 */
export const restoredWithoutTrace: Excuse = (record, happened) =>
  restores(record, happened).some(({ restore, later, between }) => {
    if (later.some(({ tags }) => claimOf(tags) === `RESTORED ${restore.by}`)) return false;
    const { sent, faults } = happened;
    const isOver = sent.some(
      ({ request, withdrawn, overlaps }) => (withdrawn || overlaps) && request.RequestId === restore.by,
    );
    return (
      between.some(({ kind }) => kind === 'dies') ||
      // Its answer got lost, and so did the next look.
      (between.some(({ operation, moment }) => operation === 'RestoreSecret' && moment === 'after') &&
        failures(between).length > 0) ||
      failures(between).length > TRIES ||
      // With a request that is withdrawn, or failed in another delivery, the permissions of its role go as well.
      (isOver && faults.denialsOf(restore.by).some(({ at }) => at >= restore.at))
    );
  });

/**
 * Of two deliveries one restored the secret and never learned of it, or then failed at its tags, and the other one found it
 * live and adopted it, gave it back, or left it as it was: nothing but the memory of the first one tells that it has to be
 * scheduled again. And that must not be when the other one was answered, or where the template says that the secret stays.
 */
export const restoredBesides: Excuse = (record, happened) =>
  restores(record, happened).some(({ restore, later, after }) => {
    const { sent, stacks } = happened;
    const one = sent.find(({ request }) => request.RequestId === restore.by);
    const isLeft = stacks.retained.has(`${one?.request.StackId} ${one?.request.LogicalResourceId}`);
    const mine = later.filter(({ by }) => by === restore.by);
    const restored = mine.some(({ tags }) => claimOf(tags) === `RESTORED ${restore.by}`);
    const returned = mine.some(({ tags }) => tags[OWNERSHIP_TAG.origin] === RETURNED);
    const undone = after.every(({ kind }) => kind !== 'dies') && failures(after).length <= TRIES;
    const failed = after.some(({ operation }) => ['RestoreSecret', 'TagResource'].includes(operation));
    const mustNotUndo = one?.answer?.status === 'SUCCESS' && failed;
    const neverLearned = after.some(({ operation, moment }) => operation === 'RestoreSecret' && moment === 'after');
    if (isLeft || !one?.overlaps) return isLeft;
    return (!undone || mustNotUndo || neverLearned) && (returned || !restored);
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
 * secret or gave it back. A scheduled one cannot be changed back, another owner's not by the role of a stack's own provider,
 * and a delivery that does not know that another one failed sees no need for it. The value before is the previous one.
 */
export const wroteTooLate: Excuse = (record, happened) => {
  const { before, after, changes, sent, stacks } = happened;
  const value = before.get(record)?.value;
  if (value === undefined || !hasValue(record, value)) return false;
  const { owner } = readOwnership(record.tags);
  const isWithinReach = stacks.shared && owner !== undefined && after.get(record)?.state === 'live';
  const mine = changes.filter((change) => change.record === record);
  return mine.some((written) => {
    if (written.operation !== 'PutSecretValue') return false;
    const writer = sent.find(({ request }) => request.RequestId === written.by);
    if (!writer?.overlaps && (isWithinReach || !writer?.withdrawn)) return false;
    // Also before it: what is about to be scheduled has been looked at already.
    return mine.some(
      (change) =>
        letsGo(change) &&
        undoes(change, writer, happened) &&
        (cameBetween(change, written) || cameBetween(written, change)),
    );
  });
};

/** The change gives the secret back, or schedules it. */
export function letsGo({ operation, tags }: Change): boolean {
  return operation === 'DeleteSecret' || (operation === 'TagResource' && tags[OWNERSHIP_TAG.origin] === RETURNED);
}

/** The change was made by the same request, or by one that CloudFormation sent for the same resource afterwards. */
function undoes({ by }: Change, { request }: Sent, { sent }: Happened): boolean {
  const undoing = sent.find((one) => one.request.RequestId === by)?.request;
  return undoing?.StackId === request.StackId && undoing.LogicalResourceId === request.LogicalResourceId;
}

/**
 * Of two deliveries of a Create one took the secret in the moment in which the other one, or the Delete, gave it back, because
 * it failed or CloudFormation had withdrawn the Create. Its owner is right; nothing compares and sets the other tags.
 */
export const racedWithItself: Excuse = (record, { changes, sent }) =>
  sent.some(({ request: { RequestId: id }, overlaps }) => {
    if (!overlaps) return false;
    const mine = changes.filter((change) => change.record === record);
    const tagged = mine.filter(({ operation }) => operation === 'TagResource');
    const returned = tagged.find((change) => isReturned(change, mine[mine.indexOf(change) - 1]));
    const claims = tagged.filter(({ by, tags }) => by === id && claimOf(tags)?.endsWith(id));
    return (
      returned !== undefined && claims.some((claim) => cameBetween(returned, claim) || cameBetween(claim, returned))
    );
  });

/** Of two deliveries of a Create one took the secret while the other one took off the last tags of its own take-over. */
export const cleanedUpLate: Excuse = (record, { changes, sent }) =>
  sent.some(({ request: { RequestId: id }, overlaps }) => {
    const mine = changes.filter((change) => change.record === record && change.by === id);
    const claims = mine.filter(({ operation, tags }) => operation === 'TagResource' && claimOf(tags)?.endsWith(id));
    const cleanUps = mine.filter(({ operation, tags }) => operation === 'UntagResource' && !tags[OWNERSHIP_TAG.origin]);
    return overlaps && cleanUps.some(({ since, at }) => claims.some((claim) => since <= claim.at && claim.at <= at));
  });

/** Given back whole, or by its owner alone before it is scheduled. */
function isReturned({ tags }: Change, before?: Change): boolean {
  const owner = tags[OWNERSHIP_TAG.owner];
  const ownerIsBack = owner === tags[OWNERSHIP_TAG.previousOwner] && owner !== before?.tags[OWNERSHIP_TAG.owner];
  return tags[OWNERSHIP_TAG.origin] === RETURNED || (before !== undefined && ownerIsBack);
}

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
    const afterwards = failures(hits).filter(({ at }) => at >= (one.endedAt ?? Infinity));
    if ((withdrawn || overlaps) && afterwards.length >= TRIES) return true;
    if ((withdrawn || overlaps) && hits.filter(({ kind }) => kind === 'dies').length >= DELIVERIES) return true;
    const again = sent.slice(index + 1).some((later) => isSameResource(later, one));
    return !withdrawn && request.RequestType === 'Delete' && answer?.status !== 'SUCCESS' && hits.length > 0 && !again;
  });

/** What may not see the events of its stack changes as little as can be, see `Attempt.deployment`. */
export const couldNotSeeEvents: Excuse = (_record, { sent, faults }) =>
  sent.some(({ request }) => {
    const refused = faults
      .of(request.RequestId)
      .filter(({ operation, kind }) => kind === 'denied' && /^DescribeStack(s|Events)$/.test(operation));
    return request.RequestType !== 'Create' && refused.length > 7;
  });

function isSameResource({ request: one }: Sent, { request: other }: Sent): boolean {
  return one.StackId === other.StackId && one.PhysicalResourceId === other.PhysicalResourceId;
}

/** How often the function tries what must not stay half done. */
const TRIES = 4;

/** How often Lambda delivers a request that the function ends with. */
const DELIVERIES = 3;

/** What is not waited for. */
function failures(hits: readonly Hit[]): readonly Hit[] {
  return hits.filter(({ kind, operation }) => kind !== 'denied' && operation !== 'answer');
}

/**
 * The end of a stack whose last deployment never completed, or the clean-up of one that went on without the secret, gave
 * back what that had adopted, to somebody who is not there any more; or left what does not say how the stack came by it,
 * because it had been given back to it before.
 */
export const wasGivenBack: Excuse = (record, { before, changes, sent, deployments }) => {
  const since = readOwnership(before.get(record)?.tags ?? {}).origin?.at;
  const ends = sent.filter(
    (one) =>
      (one.stackStatus === 'DELETE_IN_PROGRESS' && !one.atRest) ||
      deployments.some(({ goesOn, stackId }) => goesOn && stackId === one.request.StackId) ||
      (one.request.RequestType === 'Delete' && since !== undefined && !wasDeployed(one, since)),
  );
  const gaveBack = changes.some(
    ({ record: changed, tags }) => changed === record && tags[OWNERSHIP_TAG.origin] === RETURNED,
  );
  const then = readOwnership(before.get(record)?.tags ?? {});
  return (
    ends.length > 0 && (gaveBack || (!then.origin && ends.some(({ request }) => request.StackId === then.stackId)))
  );
};

/**
 * A deployment changed the owner, failed and was not rolled back, or failed as it went on from one that was not. What follows
 * knows the owner of the last deployment that completed. Whoever changes the tag by hand gives the secret away.
 */
export const hadChangedItsOwner: Excuse = (record, { before, sent }) =>
  sent.some(({ request, answer, stack, declaration, oldDeclaration }) => {
    const { owner, stackId, logicalId, origin, previous } = readOwnership(record.tags);
    const isItsHolder = stackId === request.StackId && logicalId === request.LogicalResourceId;
    // What such a deployment took from somebody goes back to that one, whatever owner it has.
    if (request.RequestType === 'Create' || (previous && !hasCompleted(stack, origin?.at))) return false;
    const wasFor = readOwnership(before.get(record)?.tags ?? {}).owner;
    const stayed = stack.events.some(({ status }) => /^(CREATE|UPDATE)_FAILED$/.test(status));
    const isAttempt = wasFor === owner || answer?.status !== 'SUCCESS' || stayed;
    return (
      isItsHolder && isAttempt && [declaration, oldDeclaration].some((one) => one && ownerOf(one, stack.name) !== owner)
    );
  });

/** CloudFormation never learned of the other name's secret, and no Update of a rollback leads back. */
export const createdForNobody: Excuse = (record, { sent }) =>
  sent.some(
    ({ request, withdrawn, answer, stack, sentAt }) =>
      (withdrawn || answer?.status !== 'SUCCESS') &&
      request.RequestType === 'Update' &&
      request.ResourceProperties.Name === record.name &&
      !stack.events.some(({ status, at }) => status.startsWith('UPDATE_ROLLBACK') && at >= sentAt),
  );

/**
 * An Update to another name failed and was not rolled back, and counts as what was there before: one that goes back to the former
 * name, of which the resource has the secret still, takes it over from who has got it meanwhile.
 */
export const tookBack: Excuse = (record, { changes, sent, stacks }) =>
  stacks.facts.attemptCounts &&
  sent.some(
    ({ request, declaration, oldDeclaration }) =>
      request.PhysicalResourceId === record.arn &&
      declaration.name === record.name &&
      oldDeclaration !== undefined &&
      oldDeclaration.name !== record.name &&
      changes.some(({ record: taken, tags }) => taken === record && claimOf(tags) === `ADOPTED ${request.RequestId}`),
  );

/** What an attempt wrote that failed and was not rolled back makes way for the value that was there before. */
export const wroteInAnAttempt: Excuse = (record, { before, stacks }) => {
  const { version = '', tags = {} } = before.get(record) ?? {};
  const stack = stacks.stackById(readOwnership(tags).stackId ?? '');
  const at = writtenAt(version);
  return at !== undefined && stack !== undefined && at >= Math.floor(stack.updated / SECOND) * SECOND;
};

/** Another stack left its value when it gave the secret back, and no tag says since when its holder has it again. */
export const leftByAnother: Excuse = (record, { before, stacks }) => {
  const { version = '', tags = {} } = before.get(record) ?? {};
  const { origin, stackId } = readOwnership(tags);
  const writer = stacks.senders.get(version.slice(0, 36));
  return origin === undefined && writer !== undefined && writer.id !== stackId;
};

/** Two stacks that both want a new value at the same time get two. */
export const twoWriters: Excuse = (record, { changes, alone }) => {
  const writers = changes.filter((change) => change.record === record && change.operation === 'PutSecretValue');
  return !alone && new Set(writers.map(({ by }) => by)).size > 1;
};

/**
 * Of two stacks that are after one secret, one let go of it in the very moment in which the other one took it, or got it
 * back from another delivery.
 */
export const letGoAtOnce: Excuse = (record, happened) => {
  const { changes, alone, sent } = happened;
  const mine = changes.filter((change) => change.record === record);
  const overlaps = (by: string) => sent.some(({ request, overlaps }) => overlaps && request.RequestId === by);
  const taken = (change: Change) => change.operation === 'TagResource' || change.operation === 'RestoreSecret';
  return (
    !alone &&
    mine.some(
      (gone) =>
        letsGo(gone) &&
        mine.some(
          (other) =>
            taken(other) && (other.by !== gone.by || overlaps(gone.by)) && cameBetween(other, gone, lagOf(happened)),
        ),
    )
  );
};

/** Of two stacks that are after one secret, each took it, and the last one is the one that failed. */
export const tookAtOnce: Excuse = (record, happened) => {
  const stackOf = (by: string) => happened.sent.find(({ request }) => request.RequestId === by)?.request.StackId;
  const isClaim = ({ by, tags, operation }: Change) =>
    ['CreateSecret', 'TagResource'].includes(operation) &&
    tags[OWNERSHIP_TAG.stackId] === stackOf(by) &&
    tags[OWNERSHIP_TAG.origin] !== RETURNED;
  const claims = happened.changes.filter((change) => change.record === record && isClaim(change));
  const isRival = (one: Change, other: Change) => one.by !== other.by && cameBetween(one, other, lagOf(happened));
  return !happened.alone && claims.some((one) => claims.some((other) => isRival(one, other)));
};

/** Of two stacks that once took the secret at once, one is its holder by the tags, and the other one by their origin. */
export const hadTakenAtOnce: Excuse = (record, { before }) => {
  const { stackId, logicalId, previous } = readOwnership(before.get(record)?.tags ?? {});
  return stackId !== undefined && previous?.stackId === stackId && previous.logicalId === logicalId;
};

/** Of two stacks that are after one secret, one restored it, and the other one took it for live and gave it back. */
export const tookWhatAnotherRestored: Excuse = (record, { changes, alone }) => {
  const mine = changes.filter((change) => change.record === record);
  const restore = mine.findIndex(({ operation }) => operation === 'RestoreSecret');
  const isTaken = ({ by, tags }: Change) => by !== mine[restore].by && claimOf(tags) === `ADOPTED ${by}`;
  const taken = restore < 0 ? -1 : mine.findIndex((change, index) => index > restore && isTaken(change));
  return !alone && taken >= 0 && mine.slice(taken).some(({ tags }) => tags[OWNERSHIP_TAG.origin] === RETURNED);
};

/** Of two stacks that are after one secret, one restored what the other one had taken meanwhile, and scheduled again. */
export const restoredInTurn: Excuse = (record, { changes, sent, alone }) =>
  !alone &&
  changes.some(({ record: scheduled, operation, by, at }) => {
    if (scheduled !== record || operation !== 'DeleteSecret') return false;
    const rivals = sent.filter(({ request, sentAt }) => request.RequestId !== by && sentAt < at);
    return changes.some(
      (change) =>
        change.record === record &&
        change.operation === 'RestoreSecret' &&
        change.at > at &&
        rivals.some(({ request }) => request.RequestId === change.by),
    );
  });

/** A delivery that nobody waits for any more added replicas while the Delete was under way, and took them away again. */
export const replicatedMeanwhile: Excuse = ({ name }, { changes, sent }) => {
  const mine = changes.filter(({ record }) => record.name === name);
  return sent.some(({ request, sentAt }) =>
    mine.some(
      ({ operation, by, at }) =>
        request.RequestType === 'Delete' &&
        operation === 'ReplicateSecretToRegions' &&
        at > sentAt &&
        sent.some((one) => one.request.RequestId === by && (one.overlaps || one.withdrawn)),
    ),
  );
};

/** Its holder left the secret to a stack that took it over, when it deleted or changed it, and that then gave it back. */
export const wasHandedOver: Excuse = (record, { changes, sent, alone }) => {
  const mine = changes.filter((change) => change.record === record);
  const isReturned = ({ tags: { [OWNERSHIP_TAG.previousStackId]: former } }: Change, index: number) =>
    sent.some(({ request }) => request.RequestType !== 'Create' && request.StackId === former) &&
    mine.slice(index).some(({ tags }) => readOwnership(tags).stackId === former);
  return !alone && mine.some(isReturned);
};

/** Of two deliveries one failed, and undid what the other one was about to carry through. */
export const undoneByTheOther: Excuse = (record, { changes, sent, faults }) =>
  sent.some(({ request: { RequestId: id }, overlaps, endedAt = Infinity }) => {
    if (!overlaps || faults.of(id).length === 0) return false;
    const mine = changes.filter((change) => change.record === record && change.by === id);
    const isClaim = ({ operation, tags }: Change) => operation === 'TagResource' && claimOf(tags)?.endsWith(id);
    const isUndone = (change: Change) =>
      letsGo(change) ||
      isReturned(change, mine[mine.indexOf(change) - 1]) ||
      (change.operation === 'UntagResource' && readOwnership(change.tags).owner === undefined) ||
      ['RemoveRegionsFromReplication', 'UpdateSecretVersionStage'].includes(change.operation);
    const last = mine.filter((change) => isUndone(change) || isClaim(change)).pop();
    if (last === undefined || !isUndone(last)) return false;
    // Before each try to give it back the function looks whether it was carried through.
    const waited = faults.of(id).some(({ kind, at }) => kind === 'denied' && at >= last.since && at <= last.at);
    return (waited && last.operation === 'TagResource' ? last.at : last.since) - ON_THE_WAY <= endedAt;
  });

/**
 * A delivery failed, put the value back that was there before, and ended for good before the rest of its undoing. To the next
 * one that value may as well be what a rotation wrote since.
 */
export const undoneBeforeItDied: Excuse = (record, { changes, faults }) =>
  changes.some(
    ({ record: changed, operation, by, at }) =>
      changed === record &&
      operation === 'UpdateSecretVersionStage' &&
      faults.of(by).some((hit) => hit.kind === 'dies' && hit.at >= at),
  );

/** Nobody could tell a delivery that CloudFormation does not wait for it any more. */
export const couldNotSeeStack: Excuse = (_record, { sent, faults }) =>
  sent.some(({ request, withdrawn, overlaps }) => {
    const unseen = faults.of(request.RequestId).filter(({ operation }) => operation === 'DescribeStackResource');
    return (withdrawn || overlaps || faults.hasDied(request.RequestId)) && unseen.length >= TRIES;
  });

/** For how long the function takes a request for current without asking. */
export const FRESH = 3 * SECOND;

/** A call was under way when CloudFormation stopped waiting, and arrived afterwards. */
export const arrivedLate: Excuse = (record, happened) =>
  happened.changes.some((change) => {
    const one = change.record === record && happened.sent.find(({ request }) => request.RequestId === change.by);
    if (!one || one.endedAt === undefined || one.request.RequestType === 'Create') return false;
    if (change.at <= one.endedAt || change.since > one.endedAt + FRESH) return false;
    // What was restored too late is scheduled again, unless a delivery came when the rollback had begun, and seemed to be of it.
    const isUndone = one.request.RequestType === 'Delete' || one.endedAt - one.sentAt >= 2 * SECOND;
    return change.operation !== 'RestoreSecret' || !isUndone;
  });

/** An Update was withdrawn so soon that its next delivery, which found another Update under way, took that for itself. */
export const seemedToRollBack: Excuse = (record, { changes, sent }) =>
  sent.some(
    ({ request, withdrawn, sentAt, endedAt = Infinity }) =>
      request.RequestType === 'Update' &&
      withdrawn &&
      endedAt - sentAt <= CLOCKS_DIFFER &&
      changes.some(
        ({ record: changed, by, since }) => changed === record && by === request.RequestId && since > endedAt,
      ),
  );

/** For how long the function cannot tell an Update from the one that follows it. */
const CLOCKS_DIFFER = 3 * SECOND;

/** Nothing told a delivery that what was replaced had been deleted. */
export const deletedSilently: Excuse = (_record, { stacks, sent }) =>
  stacks.facts.deletesSilently &&
  sent.some(
    ({ request, stack, endedAt }) =>
      request.RequestType === 'Delete' &&
      endedAt !== undefined &&
      stack.everyResource.get(request.LogicalResourceId)?.physicalId !== request.PhysicalResourceId,
  );

/** As long as a key is dead, or a secret is replicated with another account, the rollback or Delete that it stops has not ended. */
export const isObstructed: Excuse = (record, { obstructed, stacks }) =>
  obstructed && (record.sharedWith !== undefined || stacks.abandoned.size > 0);

/** `OUTCOME REQUEST`, without when. */
function claimOf(tags: Change['tags']): string | undefined {
  return tags[OWNERSHIP_TAG.origin]?.split(' ').slice(0, 2).join(' ');
}
