import { readOwnership } from '../../src/handler/model/ownership';
import { NO_WINDOW, OWNERSHIP_TAG } from '../../src/private/contract';
import { notAsDeclared } from './as-declared';
import { DAY } from './clock';
import type { Sent } from './cloudformation-model';
import {
  arrivedLate,
  cameBetween,
  cleanedUpLate,
  couldNotSeeEvents,
  couldNotSeeStack,
  createdForNobody,
  deletedSilently,
  FRESH,
  hadChangedItsOwner,
  hadTakenAtOnce,
  isGivenUp,
  isObstructed,
  leftByAnother,
  letGoAtOnce,
  racedWithItself,
  replicatedMeanwhile,
  restoredBesides,
  restoredInTurn,
  restoredWithoutTrace,
  seemedToRollBack,
  tookAtOnce,
  tookBack,
  tookWhatAnotherRestored,
  twoWriters,
  undoneBeforeItDied,
  undoneByTheOther,
  wasGivenBack,
  wasHandedOver,
  wroteInAnAttempt,
  wroteTooLate,
} from './excuses';
import type { Change } from './fake-secrets-manager';
import { nothingForeignIsTouched } from './foreign';
import {
  type Complaint,
  type Excuse,
  type Happened,
  type Invariant,
  isHeld,
  isRetained,
  wasDeployed,
} from './happened';
import {
  aFailedDeploymentLeavesProtectionAsItWas,
  noForeignPolicyIsTouched,
  noPolicyIsInTheWay,
  whatIsDeclaredIsProtected,
  whatIsScheduledIsProtected,
} from './policy-invariants';
import { hasValue, type SecretRecord } from './secret-record';
import type { Picture } from './snapshot';

/** Throws when a promise of the library was broken in the step; tells the name of each excuse that was needed. */
export function assertInvariants(happened: Happened, excused: (name: string) => void): void {
  for (const invariant of [
    nothingIsLost,
    whatGoesKeepsItsValue,
    nothingForeignIsTouched,
    aFailedDeploymentLeavesSecretsAsTheyWere,
    nothingIsForcedAgainstItsTags,
    whatWasNeverDeployedIsNotTaken,
    nothingIsLeftBehind,
    whatIsHeldIsLive,
    whatIsOverIsOver,
    noReplicaIsStranded,
    whatIsDeployedIsAsDeclared,
    noForeignPolicyIsTouched,
    whatIsScheduledIsProtected,
    aFailedDeploymentLeavesProtectionAsItWas,
    whatIsDeclaredIsProtected,
    noPolicyIsInTheWay,
  ]) {
    assertInvariant(invariant, happened, excused);
  }
}

/** Throws when a deployment that was rolled back has changed a secret. */
export function assertAsBefore(happened: Happened, excused: (name: string) => void): void {
  assertInvariant(aFailedDeploymentLeavesSecretsAsTheyWere, happened, excused);
}

function assertInvariant(invariant: Invariant, happened: Happened, excused: (name: string) => void): void {
  for (const { record, broken, unless = [] } of invariant(happened)) {
    const excuse = unless.find((may) => may(record, happened));
    if (!excuse) throw new Error(`${invariant.name}: ${record.arn} ${broken}`);
    excused(excuse.name);
  }
}

const nothingIsLost: Invariant = ({ before, after, changes, sent, stacks }) =>
  [...before].flatMap(([record, { value, state }]) => {
    if (value === undefined || state === 'gone' || state === 'being deleted' || record.replicaOf) return [];
    const killing = changes.find((change) => change.record === record && change.forced);
    if (killing) {
      const killer = sent.find(({ request }) => request.RequestId === killing.by);
      const held = readOwnership(killing.tags).stackId === killer?.request.StackId;
      if (killing.by === 'administrator' || (killer && held && mayForce(killer))) return [];
      const broken = `was deleted without recovery by ${killing.by}, which nobody asked for`;
      // The role of a stack's own provider may not do that; that of a shared one may.
      return [{ record, broken, unless: stacks.shared && killer && mayForce(killer) ? [letGoAtOnce] : [] }];
    }
    if (after.get(record)?.state === 'gone' || hasValue(record, value)) return [];
    return [
      {
        record,
        broken: 'has neither as its current nor as its previous value what it had',
        unless: [twoWriters, wroteInAnAttempt],
      },
    ];
  });

function mayForce({ request, declaration, stackStatus, atRest }: Sent): boolean {
  const ofDeployment = stackStatus === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS';
  return request.RequestType === 'Delete' && declaration.force && (ofDeployment || atRest);
}

const aFailedDeploymentLeavesSecretsAsTheyWere: Invariant = (happened) => {
  const { before, after, alone, deployments } = happened;
  if (!alone || deployments.length !== 1) return [];
  const [{ ok, deletes, stays, goesOn }] = deployments;
  if (ok || deletes || stays || goesOn) return [];
  return [...before].flatMap(([record, then]) => {
    const now = after.get(record);
    if (!now || record.replicaOf || then.state === 'gone' || then.state === 'being deleted' || now.state === 'gone') {
      return [];
    }
    return isRetained(now, happened) ? [] : differencesAfterFailure(record, then, now, happened);
  });
};

/** What a failed deployment has changed. */
function differencesAfterFailure(record: SecretRecord, then: Picture, now: Picture, happened: Happened): Complaint[] {
  const { deployments, heldBefore, stacks } = happened;
  const complaints: Complaint[] = [];
  const complain = (broken: string, ...unless: Excuse[]) => {
    const always = [
      arrivedLate,
      couldNotSeeStack,
      couldNotSeeEvents,
      isObstructed,
      isGivenUp,
      restoredWithoutTrace,
      wasLeftBehind,
    ];
    complaints.push({ record, broken: `${broken} after the failed deployment`, unless: [...unless, ...always] });
  };
  // An empty secret that was given a value cannot be emptied again.
  if (then.value !== undefined && then.value !== now.value)
    complain('has another value', hadChangedItsOwner, leftByAnother, wroteTooLate, racedWithItself);
  const held = heldBefore.has(record) && readOwnership(then.tags).stackId === deployments[0].stackId;
  // A rollback that returns to a secret which somebody had scheduled meanwhile has to restore it.
  if ((held || isHeld(record, stacks)) && then.state === 'scheduled') return complaints;
  if (then.state !== now.state) {
    complain(`was ${then.state} and is ${now.state}`, restoredBesides, racedWithItself, wasGivenBack);
    return complaints;
  }
  const [holderThen, holderNow] = [readOwnership(then.tags), readOwnership(now.tags)];
  // Tags that somebody took away are put back also by a deployment that then fails.
  if (holderThen.owner === undefined && then.state === 'live' && isHeld(record, stacks)) return complaints;
  if (holderThen.owner !== holderNow.owner) {
    complain(`has another owner, ${JSON.stringify(now.tags)},`, hadChangedItsOwner, restoredBesides, racedWithItself);
  }
  if (then.state === 'scheduled') {
    const broken = windowIsWhole(record, then, now, happened);
    if (broken) complain(broken, restoredBesides);
  } else if (holderThen.stackId !== holderNow.stackId || holderThen.logicalId !== holderNow.logicalId) {
    complain(`has another holder, ${JSON.stringify(now.tags)},`, restoredBesides, racedWithItself, tookBack);
  }
  return complaints;
}

/** What an earlier step had to leave behind may be tidied up, unless a template said that it stays. */
const wasLeftBehind: Excuse = (record, { before, deployments, heldBefore, stacks }) => {
  const { stackId, logicalId } = readOwnership(before.get(record)?.tags ?? {});
  const onPurpose = stacks.leftOnPurpose.has(`${stackId} ${logicalId}`);
  return !heldBefore.has(record) && stackId === deployments[0].stackId && !onPurpose;
};

function windowIsWhole(record: SecretRecord, then: Picture, now: Picture, happened: Happened): string | undefined {
  const changes = happened.changes.filter((change) => change.record === record);
  const restored = changes.some(({ operation }) => operation === 'RestoreSecret');
  if (!restored) return then.endsAt === now.endsAt ? undefined : 'has another deletion date';
  const scheduled = changes.filter(({ operation }) => operation === 'DeleteSecret').pop();
  const windows = happened.sent.map(({ declaration }) => declaration.window);
  const days = ((now.endsAt ?? 0) - (scheduled?.at ?? 0)) / DAY;
  return windows.includes(days) ? undefined : `has a window of ${days} days`;
}

const nothingIsLeftBehind: Invariant = (happened) => {
  const { before, after, changes, stacks, heldBefore } = happened;
  return [...after].flatMap(([record, now]) => {
    if (now.state !== 'live' || record.replicaOf || record.strandedAt !== undefined) return [];
    if (isHeld(record, stacks) || isRetained(now, happened)) return [];
    const then = before.get(record);
    const broughtUp = changes.some(
      (change) =>
        change.record === record &&
        ['CreateSecret', 'RestoreSecret'].includes(change.operation) &&
        change.by !== 'administrator',
    );
    const byHand = changes.some((change) => change.record === record && change.by === 'administrator');
    const losing = heldBefore.has(record) && !byHand;
    if (then?.state === 'live' ? !losing : !broughtUp) return [];
    return [
      {
        record,
        broken: `is live, and no resource holds it: ${JSON.stringify(now.tags)}`,
        unless: [
          arrivedLate,
          wasHandedOver,
          wasGivenBack,
          isObstructed,
          restoredWithoutTrace,
          restoredBesides,
          restoredInTurn,
          tookAtOnce,
          createdForNobody,
          hadChangedItsOwner,
          hadTakenAtOnce,
          undoneByTheOther,
          cleanedUpLate,
          tookWhatAnotherRestored,
          isGivenUp,
          couldNotSeeStack,
          couldNotSeeEvents,
        ],
      },
    ];
  });
};

/** Nobody but a person schedules what a resource holds. */
const whatIsHeldIsLive: Invariant = ({ before, after, changes, stacks, obstructed }) =>
  [...after].flatMap(([record, { state }]) => {
    const last = changes.filter((change) => change.record === record && change.operation === 'DeleteSecret').pop();
    if (state === 'live' || obstructed || !last || last.by === 'administrator' || !isHeld(record, stacks)) return [];
    // It was scheduled when somebody else wanted it, and is so again.
    if (before.get(record)?.state === 'scheduled' && before.get(record)?.tags === record.tags) return [];
    return [
      {
        record,
        broken: `is ${state}, and a resource holds it: ${JSON.stringify(record.tags)}`,
        unless: [undoneByTheOther, letGoAtOnce],
      },
    ];
  });

/** An adoption whose deployment never completed is given back, and nothing that came by such a one is deleted for good. */
const whatWasNeverDeployedIsNotTaken: Invariant = ({ changes, sent }) =>
  changes.flatMap((change) => {
    const { record, by, operation, forced, tags } = change;
    const one = sent.find(({ request }) => request.RequestId === by);
    const { stackId, origin } = readOwnership(tags);
    if (operation !== 'DeleteSecret' || one?.request.RequestType !== 'Delete') return [];
    if (stackId !== one.request.StackId || !origin) return [];
    if (!(forced || origin.outcome === 'ADOPTED') || wasDeployed(one, origin.at)) return [];
    // Nothing compares and sets.
    const isTakenAtOnce = changes.some(
      (other) => other.record === record && other.by === origin.requestId && cameBetween(other, change),
    );
    if (isTakenAtOnce) return [];
    return [{ record, broken: `was ${origin.outcome} by a deployment that never completed, and deleted by ${by}` }];
  });

/** IAM would deny it; with a role that somebody made by hand perhaps not. */
const nothingIsForcedAgainstItsTags: Invariant = ({ forcings, sent, alone }) =>
  forcings.flatMap(({ record, by, tags }) => {
    const { request } = sent.find((one) => one.request.RequestId === by) ?? {};
    const asked = tags[OWNERSHIP_TAG.recoveryWindow] === NO_WINDOW && tags[OWNERSHIP_TAG.stackId] === request?.StackId;
    return !alone || asked
      ? []
      : [{ record, broken: `was to be deleted for good by ${by}, and does not carry that wish` }];
  });
/** When CloudFormation has its answer, what others have done since is not for a second delivery of a Delete. */
const whatIsOverIsOver: Invariant = ({ changes, sent }) =>
  changes.flatMap(({ record, by, since, operation }, index) => {
    const { request, answer, endedAt = Infinity } = sent.find((one) => one.request.RequestId === by) ?? {};
    const isOver = request?.RequestType === 'Delete' && answer?.status === 'SUCCESS' && since > endedAt + FRESH;
    const isOther = (one: Change) => {
      const other = sent.find(({ request: { RequestId } }) => RequestId === one.by);
      return one.record === record && one.at > endedAt && other?.request.StackId !== request?.StackId;
    };
    if (!isOver || !changes.slice(0, index).some(isOther)) return [];
    return [{ record, broken: `got a ${operation} by ${by}, which was over`, unless: [letGoAtOnce, deletedSilently] }];
  });

/** A secret that is scheduled because its resource goes. */
const whatGoesKeepsItsValue: Invariant = ({ before, after, changes, sent }) =>
  [...before].flatMap(([record, { state, value, tags }]) => {
    const now = after.get(record);
    if (state !== 'live' || now?.state !== 'scheduled' || now.value === value) return [];
    // What a deployment took that never completed is given back with its value.
    const { origin } = readOwnership(tags);
    const by = sent.filter(({ request }) =>
      changes.some((change) => change.record === record && change.by === request.RequestId),
    );
    const isTeardown = by.every((one) => one.request.RequestType === 'Delete' && wasDeployed(one, origin?.at));
    return by.length > 0 && isTeardown ? [{ record, broken: 'was scheduled with another value' }] : [];
  });

const noReplicaIsStranded: Invariant = ({ after, changes }) =>
  [...after].flatMap(([record, { state }]) => {
    if (state !== 'live') return [];
    const stranding = changes.find(
      ({ record: { name }, operation, at }) =>
        name === record.name && operation === 'DeleteSecret' && at === record.strandedAt,
    );
    if (!stranding || stranding.by === 'administrator') return [];
    return [{ record, broken: 'lost its primary and stayed behind', unless: [replicatedMeanwhile] }];
  });

const whatIsDeployedIsAsDeclared: Invariant = (happened) =>
  notAsDeclared(happened).map((complaint) => ({
    ...complaint,
    unless: [
      arrivedLate,
      couldNotSeeStack,
      seemedToRollBack,
      undoneByTheOther,
      undoneBeforeItDied,
      restoredWithoutTrace,
      tookAtOnce,
      cleanedUpLate,
    ],
  }));
