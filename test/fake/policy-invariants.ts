import { readOwnership } from '../../src/handler/model/ownership';
import { isProtected, type PolicyFound, policyFound } from '../../src/handler/model/purge-protection';
import { OWNERSHIP_TAG, RETURNED } from '../../src/private/contract';
import type { Sent } from './cloudformation-model';
import {
  arrivedLate,
  cameBetween,
  isGivenUp,
  isObstructed,
  letsGo,
  restoredBesides,
  restoredWithoutTrace,
  tookAtOnce,
  wasGivenBack,
} from './excuses';
import type { PolicyChange } from './fake-secrets-manager';
import {
  type Complaint,
  type Excuse,
  type Happened,
  type Invariant,
  isHeld,
  isRetained,
  wasDeployed,
} from './happened';
import type { SecretRecord } from './secret-record';
import type { Picture } from './snapshot';

export const noForeignPolicyIsTouched: Invariant = (happened) => {
  const { policyChanges, sent } = happened;
  return policyChanges.flatMap((change) => {
    const { record, by, before, tags } = change;
    const one = sent.find(({ request }) => request.RequestId === by);
    if (!one) return [];
    // Nothing compares and sets.
    const overtaken = [...happened.changes, ...policyChanges].some(
      (other) =>
        other.record === record &&
        (other.by !== by || (one.overlaps && 'operation' in other && letsGo(other))) &&
        cameBetween(other, change),
    );
    if (overtaken) return [];
    if (tags[OWNERSHIP_TAG.stackId] !== one.request.StackId) {
      return [{ record, broken: `got another policy by ${by}, and was held by another stack`, unless: [tookAtOnce] }];
    }
    // Of two deliveries the first one was answered, and CloudFormation went on.
    const isFree = one.overlaps || ['none', 'own'].includes(policyFound(before));
    return isFree ? [] : [{ record, broken: `had a policy that is not the function's, and lost it by ${by}` }];
  });
};

/** What a completed deployment has declared is so from the request on that schedules the secret. */
export const whatIsScheduledIsProtected: Invariant = (happened) => {
  const { changes, sent, after } = happened;
  return sent.flatMap((one) => {
    const { request, declaration } = one;
    if (request.RequestType !== 'Delete' || !declaration.purgeProtection) return [];
    return changes.flatMap(({ record, by, operation, forced, at, tags }): Complaint[] => {
      if (by !== request.RequestId || operation !== 'DeleteSecret' || forced) return [];
      if (changes.some((later) => later.record === record && later.at > at)) return [];
      if (after.get(record)?.state !== 'scheduled' || !wasDeployed(one, readOwnership(tags).origin?.at)) return [];
      if (policyFound(record.policy) !== 'none') return [];
      return [
        {
          record,
          broken: 'is scheduled and not protected',
          unless: [couldNotSetPolicy(one), policyWentWithTemplate, arrivedLate],
        },
      ];
    });
  });
};

export const aFailedDeploymentLeavesProtectionAsItWas: Invariant = (happened) => {
  const { before, after, alone, deployments, heldBefore, policyChanges, stacks } = happened;
  if (!alone || deployments.length !== 1 || deployments[0].ok) return [];
  if (deployments[0].stays || deployments[0].goesOn) return [];
  return [...before].flatMap(([record, then]): Complaint[] => {
    const now = after.get(record);
    // The end of a stack leaves what it held as its last template says.
    if (deployments[0].deletes && heldBefore.has(record)) return [];
    const changed = policyChanges.some((change) => change.record === record && isOfFunction(change));
    if (!now || !changed || then.state !== now.state || record.replicaOf) return [];
    // Its tag may say that there is one still.
    if (stacks.facts.restoreDropsPolicy && (then.state === 'scheduled' || isProtected(then.tags))) return [];
    const [was, is] = [policyFound(then.policy), policyFound(now.policy)];
    if (protects(was) === protects(is) && (was === 'foreign') === (is === 'foreign')) return [];
    // Without the tag nobody knows that it was protected.
    if (was === 'own' && !isProtected(then.tags)) return [];
    // What its tag promises is made good also by a deployment that fails.
    if (was === 'none' && isProtected(then.tags)) return [];
    if (isRetained(now, happened) || isDeclared(then, happened) === protects(is)) return [];
    const always = [
      arrivedLate,
      changedTooLate,
      isGivenUp,
      isObstructed,
      wasGivenBack,
      restoredWithoutTrace,
      restoredBesides,
      someCallFailed,
    ];
    return [
      {
        record,
        broken: `had a policy: ${was}, and has: ${is}, after the failed deployment`,
        unless: [then.state === 'live' ? policyCameAndWent : policyCameAndStayed, ...always],
      },
    ];
  });
};

/** CloudFormation creates no policy where there is one. */
export const noPolicyIsInTheWay: Invariant = ({ stacks, alone }) =>
  alone
    ? [...stacks.policies.refused].map((record) => ({
        record,
        broken: "has a policy of the function, and should have the template's",
        unless: [someCallFailed, someDeliveriesOverlap, wasGivenBack],
      }))
    : [];

/** When nothing went wrong, the policies of a deployment's secrets are as its template says. */
export const whatIsDeclaredIsProtected: Invariant = ({ sent, faults, alone, deployments, stacks, after }) => {
  if (!alone || deployments.length !== 1 || !deployments[0].ok) return [];
  return sent.flatMap((one): Complaint[] => {
    const { request, declaration, oldDeclaration, answer } = one;
    const held = [...after.values()].find(({ record }) => record.arn === answer?.physicalId);
    if (request.RequestType === 'Delete' || one.withdrawn || held?.state !== 'live') return [];
    if (!isHeld(held.record, stacks) || faults.of(request.RequestId).length > 0) return [];
    const found = policyFound(held.policy);
    const { record } = held;
    if (!declaration.purgeProtection) {
      // Of another secret only its tags can tell whose policy it has.
      const ended = oldDeclaration?.purgeProtection && oldDeclaration.name === declaration.name && !stacks.shared;
      return ended && found === 'own' ? [{ record, broken: 'is protected, and should not be any more' }] : [];
    }
    return protects(found)
      ? []
      : [{ record, broken: `has a policy: ${found}`, unless: [policyWentWithTemplate, tookWhatCameSince] }];
  });
};

/** CloudFormation takes a policy of the template away when the function has been asked already. */
const policyWentWithTemplate: Excuse = (record, { policyChanges }) =>
  policyChanges.some((change) => change.record === record && change.by === 'CloudFormation' && !change.after);

/** Of two deliveries the first one was answered, and the other one took what CloudFormation had put there since. */
const tookWhatCameSince: Excuse = (record, { policyChanges, sent }) =>
  policyChanges.some(
    (change) =>
      change.record === record &&
      policyFound(change.before) === 'protecting' &&
      sent.some(({ request, overlaps }) => overlaps && request.RequestId === change.by),
  );

/** By the resource that holds it, and else by its tags: what was not so is made good also by a deployment that fails. */
function isDeclared({ record, tags }: Picture, { stacks }: Happened): boolean {
  const { stackId = '', logicalId = '' } = readOwnership(record.tags);
  const holder = stacks.stackById(stackId)?.resources.get(logicalId)?.declaration;
  return holder && isHeld(record, stacks) ? holder.purgeProtection : isProtected(tags);
}

function isOfFunction({ by }: PolicyChange): boolean {
  return !['CloudFormation', 'administrator'].includes(by);
}

function protects(found: PolicyFound): boolean {
  return found === 'own' || found === 'protecting';
}

/** The role of a shared provider changes before the secrets do that need it; and some call of the request went wrong. */
function couldNotSetPolicy({ request }: Sent): Excuse {
  // Nor has the role the permission where only a previous holder's tag is left of it.
  const couldNotSetPolicy: Excuse = (record, { stacks, faults }) =>
    stacks.shared || faults.of(request.RequestId).length > 0 || record.tags[OWNERSHIP_TAG.origin] === RETURNED;
  return couldNotSetPolicy;
}

/** A policy of the template took the place of the function's, and the clean-up after the rollback took it away. */
const policyCameAndWent: Excuse = (record: SecretRecord, { sent }) =>
  sent.some(
    ({ declaration, request, answer }) =>
      declaration.policy && [request.PhysicalResourceId ?? record.arn, answer?.physicalId].includes(record.arn),
  );

/** A policy of the template was there when the rollback scheduled the secret, and CloudFormation takes none off then. */
const policyCameAndStayed: Excuse = (record, { policyChanges }) => {
  const last = policyChanges.filter((change) => change.record === record).pop();
  return last?.by === 'CloudFormation' && last.after !== undefined;
};

const someDeliveriesOverlap: Excuse = (_record, { sent }) => sent.some(({ overlaps }) => overlaps);

/** A delivery changed the policy, or its tag, in the moment in which another one, or what CloudFormation sent since, did so. */
const changedTooLate: Excuse = (record, { changes, policyChanges, sent }) =>
  [...changes.filter(({ operation }) => operation === 'UntagResource'), ...policyChanges].some(
    (change) =>
      change.record === record &&
      sent.some(({ request, withdrawn, overlaps }) => (withdrawn || overlaps) && request.RequestId === change.by),
  );

const someCallFailed: Excuse = (_record, { sent, faults, stacks }) =>
  stacks.shared || sent.some(({ request }) => faults.of(request.RequestId).length > 0);
