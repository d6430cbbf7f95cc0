import { readOwnership } from '../../src/handler/model/ownership';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { ownerOf } from './app';
import { DAY, SECOND } from './clock';
import type { CloudFormationModel, Sent } from './cloudformation-model';
import type { Change } from './fake-secrets-manager';
import type { Faults } from './faults';
import { hasValue, type SecretRecord } from './secret-record';
import type { Picture, Snapshot } from './snapshot';

/** What happened in one step of a life. */
export interface Happened {
  readonly before: Snapshot;
  readonly after: Snapshot;
  /** Requests that were sent or delivered. */
  readonly sent: readonly Sent[];
  readonly changes: readonly Change[];
  readonly faults: Faults;
  /** Whether one stack was busy, not several at a time. */
  readonly alone: boolean;
  /** Deployments of the step: the stack, what it was to contain, and whether it succeeded. */
  readonly deployments: readonly { readonly stackId?: string; readonly ok: boolean }[];
  readonly stacks: CloudFormationModel;
  /** Whether there is a KMS key that cannot be used. */
  readonly deadKeys: boolean;
  /** Who held what when the step began. */
  readonly heldBefore: ReadonlySet<SecretRecord>;
}

/** Throws when a promise of the library was broken in the step. */
export function assertInvariants(happened: Happened): void {
  for (const invariant of [
    nothingIsLost,
    nothingForeignIsTouched,
    aFailedDeploymentLeavesSecretsAsTheyWere,
    nothingIsLeftBehind,
    noReplicaIsStranded,
  ]) {
    const broken = invariant(happened);
    if (broken) throw new Error(`${invariant.name}: ${broken}`);
  }
}

type Invariant = (happened: Happened) => string | undefined;

const nothingIsLost: Invariant = ({ before, after, changes, sent, alone }) => {
  for (const [record, { value, state }] of before) {
    if (value === undefined || state === 'gone' || state === 'being deleted' || record.replicaOf) continue;
    const now = after.get(record);
    const killing = changes.find((change) => change.record === record && change.forced);
    if (killing) {
      const killer = sent.find(({ request }) => request.RequestId === killing.by);
      if (killing.by !== 'administrator' && !(killer && mayForce(killer))) {
        return `${record.arn} was deleted without recovery by ${killing.by}, which nobody asked for`;
      }
    } else if (now?.state !== 'gone' && !hasValue(record, value)) {
      // Two stacks that both want a new value at the same time get two.
      const writers = changes.filter((change) => change.record === record && change.operation === 'PutSecretValue');
      if (!alone && new Set(writers.map(({ by }) => by)).size > 1) continue;
      return `the value of ${record.arn} is neither current nor previous any more`;
    }
  }
  return undefined;
};

function mayForce({ request, declaration, stackStatus }: Sent): boolean {
  return request.RequestType === 'Delete' && declaration.force && !stackStatus.includes('ROLLBACK');
}

/** How long a request may be under way between looking and acting. */
const ON_THE_WAY = SECOND;
/** ... and how long it waits until its permissions are seen everywhere. */
const IAM_LAG = 16 * SECOND;

const nothingForeignIsTouched: Invariant = ({ before, changes, sent, alone, stacks }) => {
  const restored = new Set<string>();
  const known = new Map([...before].map(([record, { state, tags }]) => [record, { state, tags }]));
  const replaced: {
    readonly record: SecretRecord;
    readonly at: number;
    readonly picture: Pick<Picture, 'state' | 'tags'>;
  }[] = [];
  for (const { record, by, operation, tags, at } of changes) {
    const then = known.get(record);
    const window = stacks.facts.policyLags ? IAM_LAG : ON_THE_WAY;
    const recent = replaced.filter((one) => one.record === record && at - one.at < window);
    if (then) replaced.push({ record, at, picture: then });
    const state = operation === 'RestoreSecret' ? 'live' : operation === 'DeleteSecret' ? 'scheduled' : then?.state;
    known.set(record, { state: state ?? 'live', tags });
    if (!then || by === 'administrator') continue;
    if (stacks.facts.nativeStackHolds && then.tags['aws:cloudformation:stack-id']) {
      return `${operation} by ${by} on ${record.arn}, which its native stack would delete for good`;
    }
    if (operation === 'RestoreSecret') restored.add(`${by} ${record.arn}`);
    const request = sent.find(({ request }) => request.RequestId === by);
    // Between RestoreSecret and the tags that claim it, the secret of another owner is live.
    if (operation !== 'RestoreSecret' && restored.has(`${by} ${record.arn}`)) continue;
    // Of two stacks that are after one secret each may have looked, and begun, before the other one acted.
    const begun = changes.some((change) => change.record === record && change.by === by && change.at < at);
    if (!alone && begun) continue;
    const seen: Pick<Picture, 'state' | 'tags'>[] = [then];
    if (!alone) {
      const first = before.get(record);
      if (first) seen.push(first);
      // Nothing compares and sets: what the request looked at may have changed on the way to its call.
      seen.push(...recent.map(({ picture }) => picture));
    }
    if (!request || !seen.some((picture) => concerns(request, record, picture))) {
      return `${operation} by ${by} on ${record.arn}, which belonged to others: ${JSON.stringify(then.tags)}`;
    }
  }
  return undefined;
};

/** Whether the request may have to do with the secret at all. */
function concerns(
  { request, declaration, stack, oldDeclaration }: Sent,
  record: SecretRecord,
  { state, tags }: Pick<Picture, 'state' | 'tags'>,
): boolean {
  if (record.region !== stack.region) return false;
  if (readOwnership(tags).stackId === request.StackId) return true;
  return [declaration, oldDeclaration].some((declared) => {
    if (declared?.name !== record.name) return false;
    const owned = tags[OWNERSHIP_TAG.owner] === ownerOf(declared, stack.name);
    if (state === 'scheduled') {
      return declared.restorePolicy === 'ALWAYS' || (declared.restorePolicy === 'IF_OWNED' && owned);
    }
    return declared.existingPolicy === 'ADOPT' || (declared.existingPolicy !== 'FAIL' && owned);
  });
}

const aFailedDeploymentLeavesSecretsAsTheyWere: Invariant = (happened) => {
  const { before, after, alone, deployments, heldBefore, stacks } = happened;
  if (!alone || deployments.length !== 1 || deployments[0].ok) return undefined;
  // As long as a key is dead, the rollback that needs it has not ended.
  if (happened.deadKeys && stacks.abandoned.has(deployments[0].stackId ?? '')) return undefined;
  for (const [record, then] of before) {
    const now = after.get(record);
    if (!now || record.replicaOf || then.state === 'gone' || then.state === 'being deleted' || now.state === 'gone') {
      continue;
    }
    if (restoredWithoutTrace(record, happened) || isRetained(now, happened) || isGivenUp(record, happened)) continue;
    // What an earlier step had to leave behind may be tidied up.
    if (!heldBefore.has(record) && readOwnership(then.tags).stackId === deployments[0].stackId) continue;
    // An empty secret that was given a value cannot be emptied again.
    if (then.value !== undefined && then.value !== now.value && !wroteTooLate(record, then.value, happened))
      return `${record.arn} has another value after the failed deployment`;
    const held = heldBefore.has(record) && readOwnership(then.tags).stackId === deployments[0].stackId;
    // A rollback that returns to a secret which somebody had scheduled meanwhile has to restore it.
    if ((held || isHeld(record, stacks)) && then.state === 'scheduled') continue;
    if (restoredBesides(record, happened)) continue;
    if (then.state !== now.state)
      return `${record.arn} was ${then.state} and is ${now.state} after the failed deployment`;
    const [holderThen, holderNow] = [readOwnership(then.tags), readOwnership(now.tags)];
    // Tags that somebody took away are put back also by a deployment that then fails.
    const regained = holderThen.owner === undefined && isHeld(record, stacks);
    if (holderThen.owner !== holderNow.owner && !regained) {
      return `${record.arn} has another owner after the failed deployment: ${JSON.stringify(now.tags)}`;
    }
    if (then.state === 'scheduled') {
      const broken = windowIsWhole(record, then, now, happened);
      if (broken) return broken;
      continue;
    }
    if (regained || racedWithItself(record, happened)) continue;
    if (holderThen.stackId !== holderNow.stackId || holderThen.logicalId !== holderNow.logicalId) {
      return `${record.arn} has another holder after the failed deployment: ${JSON.stringify(now.tags)}`;
    }
  }
  return undefined;
};

/**
 * A delivery wrote its value in the very moment in which another one, or the Delete of a withdrawn request, scheduled the
 * secret or gave it back, after which it cannot be changed back any more. The value before is the previous one.
 */
function wroteTooLate(record: SecretRecord, value: string, { changes, sent }: Happened): boolean {
  const raced = sent.filter((one) => one.withdrawn || one.overlaps).map(({ request }) => request.RequestId);
  const wrote = changes.some(
    (change) => change.record === record && change.operation === 'PutSecretValue' && raced.includes(change.by),
  );
  return wrote && hasValue(record, value);
}

/**
 * Of two deliveries of a withdrawn Create one took the secret in the moment in which the other one gave it back, within
 * the two seconds in which it is taken for current. Its owner is right; nothing compares and sets the other tags.
 */
function racedWithItself(record: SecretRecord, { changes, sent }: Happened): boolean {
  return sent.some(
    ({ request, withdrawn, overlaps }) =>
      withdrawn &&
      overlaps &&
      changes.some(
        (change) =>
          change.record === record &&
          change.by === request.RequestId &&
          change.tags[OWNERSHIP_TAG.origin] === 'RETURNED',
      ),
  );
}

/**
 * Of two deliveries one restored the secret and then failed, and the other one found it live and adopted it: nothing but
 * the memory of the first one tells that it has to be scheduled again.
 */
function restoredBesides(record: SecretRecord, { changes, sent, faults }: Happened): boolean {
  const restorers = changes.filter((change) => change.record === record && change.operation === 'RestoreSecret');
  return sent.some(
    ({ request: { RequestId: id }, overlaps }) =>
      overlaps && faults.hit.has(id) && restorers.some((change) => change.by === id),
  );
}

function windowIsWhole(record: SecretRecord, then: Picture, now: Picture, happened: Happened): string | undefined {
  const changes = happened.changes.filter((change) => change.record === record);
  const restored = changes.some(({ operation }) => operation === 'RestoreSecret');
  if (!restored) return then.endsAt === now.endsAt ? undefined : `the deletion date of ${record.arn} was moved`;
  const scheduled = changes.filter(({ operation }) => operation === 'DeleteSecret').pop();
  const windows = happened.sent.map(({ declaration }) => declaration.window);
  const days = ((now.endsAt ?? 0) - (scheduled?.at ?? 0)) / DAY;
  return windows.includes(days) ? undefined : `${record.arn} was scheduled again with a window of ${days} days`;
}

const nothingIsLeftBehind: Invariant = (happened) => {
  const { before, after, changes, stacks, heldBefore } = happened;
  if (happened.deadKeys && stacks.abandoned.size > 0) return undefined;
  for (const [record, now] of after) {
    if (now.state !== 'live' || record.replicaOf || record.stranded) continue;
    if (isHeld(record, stacks)) continue;
    const then = before.get(record);
    const broughtUp = changes.some(
      (change) =>
        change.record === record &&
        ['CreateSecret', 'RestoreSecret'].includes(change.operation) &&
        change.by !== 'administrator',
    );
    const byHand = changes.some((change) => change.record === record && change.by === 'administrator');
    const losing = heldBefore.has(record) && !byHand;
    if (then?.state === 'live' ? !losing : !broughtUp) continue;
    if (wasHandedOver(record, happened)) continue;
    if (restoredWithoutTrace(record, happened) || restoredBesides(record, happened)) continue;
    if (isRetained(now, happened) || isGivenUp(record, happened)) continue;
    return `${record.arn} is live, and no resource holds it: ${JSON.stringify(now.tags)}`;
  }
  return undefined;
};

/** Another stack took the secret over in this step, so that its former holder rightly left it alone. */
function wasHandedOver(record: SecretRecord, { before, changes, alone }: Happened): boolean {
  if (alone) return false;
  const then = before.get(record);
  const states = changes.filter((change) => change.record === record).map(({ tags }) => tags);
  const holders = [...(then?.state === 'live' ? [then.tags] : []), ...states].map(
    (tags) => readOwnership(tags).stackId,
  );
  return new Set(holders).size > 1;
}

/** The template said that the secret stays when its resource goes. */
function isRetained({ tags }: Picture, { stacks }: Happened): boolean {
  const { stackId, logicalId } = readOwnership(tags);
  return stacks.retained.has(`${stackId} ${logicalId}`);
}

/**
 * CloudFormation gives up on a clean-up that fails, and says so in the events of the stack. And for a Create that it has
 * withdrawn, or of which a second delivery goes on after the Delete, only the function itself can clean up, which fails
 * with the call that it needs for that.
 */
function isGivenUp(record: SecretRecord, { sent, faults }: Happened): boolean {
  return sent.some(({ request, answer, stack, withdrawn, overlaps }) => {
    if (stack.region !== record.region || request.ResourceProperties.Name !== record.name) return false;
    const hits = faults.hit.get(request.RequestId) ?? 0;
    if ((withdrawn || overlaps) && hits > 3) return true;
    return !withdrawn && request.RequestType === 'Delete' && answer?.status !== 'SUCCESS' && hits > 0;
  });
}

/** Whether a resource of an existing stack and the tags of the secret agree that it holds the secret. */
export function isHeld(record: Pick<SecretRecord, 'arn' | 'tags'>, stacks: CloudFormationModel): boolean {
  const { owner, stackId = '', logicalId = '' } = readOwnership(record.tags);
  const stack = stacks.stackById(stackId);
  const resource = stack?.resources.get(logicalId);
  return resource?.physicalId === record.arn && ownerOf(resource.declaration, stack?.name ?? '') === owner;
}

/**
 * The one case that is accepted: the function ended for good, or failed and could not undo it either, after
 * RestoreSecret and before the tags that claim the secret. A scheduled secret cannot be tagged first, so nothing tells
 * it from one that a person has restored.
 */
function restoredWithoutTrace(record: SecretRecord, { changes, faults, sent }: Happened): boolean {
  // With a withdrawn request, the permissions of its role may be withdrawn as well.
  const ended = (id: string) =>
    faults.died.has(id) ||
    (faults.hit.get(id) ?? 0) > 1 ||
    sent.some(({ request, withdrawn }) => withdrawn && request.RequestId === id);

  const mine = changes.filter((change) => change.record === record);
  return mine.some(
    ({ operation, by }, index) =>
      operation === 'RestoreSecret' &&
      ended(by) &&
      !mine.slice(index).some(({ tags }) => tags[OWNERSHIP_TAG.origin]?.startsWith(`RESTORED ${by}`)),
  );
}

const noReplicaIsStranded: Invariant = ({ after, changes }) => {
  for (const [record, { state }] of after) {
    if (state !== 'live' || !record.stranded) continue;
    const primary = changes.find((change) => change.record.name === record.name && change.operation === 'DeleteSecret');
    if (primary && primary.by !== 'administrator') return `${record.arn} lost its primary and stayed behind`;
  }
  return undefined;
};
