import { MAX_OTHER_TAGS } from '../private/contract';
import { Failure, RequestRejected } from './errors';
import type { DeclaredSecret, Requester } from './model/declared-secret';
import type { Ownership } from './model/ownership';
import type { ExistingReplica, ExistingSecret } from './model/secret';

/*
 * Every text that a person who deploys is told: what was found, what has become of the secret, and what to do, in one line.
 * Each has a row in docs/operating.md.
 */

export interface Refused {
  readonly action: 'refuse';
  readonly reason: string;
}

function refuse(reason: string): Refused {
  return { action: 'refuse', reason };
}

export const refuseNoName = () =>
  refuse('secretName is empty, a condition took it away; nothing was changed; give the secret a name in every case');

export const refuseReplica = ({ name, replicaOf }: ExistingSecret) =>
  refuse(
    `secret '${name}' is the replica of a secret in ${replicaOf}; nothing was changed; deploy to ${replicaOf}, ` +
      'promote the replica with stop-replication-to-replica, or choose another secretName',
  );

export const refuseCrossAccount = ({ name, sharedWithAccounts }: ExistingSecret) =>
  refuse(
    `secret '${name}' is replicated with account ${sharedWithAccounts.join(', ')}, which this library does not manage; ` +
      'nothing was changed; end that replication, or choose another secretName',
  );

export const refuseManaged = ({ name, managedBy }: ExistingSecret) =>
  refuse(`secret '${name}' is managed by ${managedBy}; nothing was changed; choose another secretName`);

export function refuseScheduled(found: ExistingSecret, { owner, restorePolicy }: DeclaredSecret): Refused {
  const date = found.deletedDate?.toISOString().slice(0, 10);
  const state = `secret '${found.name}' is scheduled for deletion (deletion date ${date})`;
  if (restorePolicy !== 'NEVER') {
    return refuse(
      `${state} and belongs to ${ownerText(found.ownership)}, not to '${owner}'; nothing was changed; to restore and ` +
        'own it set restorePolicy: RestorePolicy.ALWAYS, otherwise choose another secretName',
    );
  }
  const policy = found.ownership.owner === owner ? 'IF_OWNED' : 'ALWAYS';
  return refuse(
    `${state}, belongs to ${ownerText(found.ownership)}, and restorePolicy is NEVER; nothing was changed; to restore ` +
      `it set restorePolicy: RestorePolicy.${policy}, otherwise choose another secretName`,
  );
}

export function refuseLive(found: ExistingSecret, { owner, existingSecretPolicy }: DeclaredSecret): Refused {
  if (existingSecretPolicy === 'FAIL') {
    return refuse(
      `secret '${found.name}' exists already and existingSecretPolicy is FAIL; nothing was changed; to take it over set ` +
        'existingSecretPolicy: ExistingSecretPolicy.ADOPT, otherwise choose another secretName',
    );
  }
  return refuse(
    `secret '${found.name}' exists already and belongs to ${ownerText(found.ownership)}, not to '${owner}'; nothing was ` +
      'changed; to take it over set existingSecretPolicy: ExistingSecretPolicy.ADOPT, otherwise choose another secretName',
  );
}

export const refuseHeldElsewhere = ({ name, ownership }: ExistingSecret) =>
  refuse(
    `secret '${name}' exists already, and resource ${ownership.logicalId} of stack ${ownership.stackId} holds it, as far ` +
      'as can be seen; nothing was changed; remove it there first, with RemovalPolicy.RETAIN to keep it live, or set ' +
      'existingSecretPolicy: ExistingSecretPolicy.ADOPT, otherwise choose another secretName',
  );

export const refuseHeldHere = ({ name, ownership }: ExistingSecret) =>
  refuse(
    `secret '${name}' belongs to resource ${ownership.logicalId} of this very stack, which stays in it; nothing was ` +
      'changed; give each secret a secretName of its own',
  );

export const refuseNative = ({ name }: ExistingSecret, stackId: string, logicalId: string) =>
  refuse(
    `secret '${name}' is still resource ${logicalId} of stack ${stackId}, whose removal would delete it for good; ` +
      'nothing was changed; deploy that resource with removalPolicy: RemovalPolicy.RETAIN, then remove it, then deploy ' +
      'this one again',
  );

export const refuseDeadKey = ({ name, kmsKeyId }: ExistingSecret, state: string) =>
  refuse(
    `secret '${name}' could not be read, because its KMS key ${kmsKeyId} is ${state}; nothing was changed; take the key ` +
      'back (kms:CancelKeyDeletion, then kms:EnableKey) and deploy again',
  );

export const refuseTags = (name: string, tags: number) =>
  refuse(
    `secret '${name}' would have ${tags} tags beside those of this library, and ${MAX_OTHER_TAGS} is the most that fits ` +
      'into the 50 of AWS; nothing was changed; take tags away and deploy again',
  );

export const refuseRegion = (name: string, region: string, error: string) =>
  refuse(
    `the replica of secret '${name}' in ${region} could not be managed, because Secrets Manager there answers ${error}; ` +
      `nothing was changed; enable the region, allow secretsmanager:DescribeSecret in it, or take ${region} out of ` +
      'replicaRegions',
  );

export const refuseReplicaName = (name: string, region: string) =>
  refuse(
    `secret '${name}' exists already in ${region} by itself, so that no replica can be there; nothing was changed; choose ` +
      `another secretName, or take ${region} out of replicaRegions`,
  );

export const refuseGone = ({ name }: DeclaredSecret) =>
  refuse(
    `secret '${name}' is gone for good, somebody deleted it without recovery; nothing was changed; to have a new one, ` +
      'remove it from the stack and deploy, then add it again, or change secretName',
  );

export const refuseBeingDeleted = ({ name }: ExistingSecret) =>
  refuse(
    `secret '${name}' could not be restored, it is being deleted for good; nothing was changed; to have a new one, ` +
      'remove it from the stack and deploy, then add it again, or change secretName',
  );

export const refuseNotHeld = ({ name }: DeclaredSecret, { owner, stackId, logicalId }: Ownership) =>
  refuse(
    `secret '${name}' is held by ${logicalId ?? 'nobody'} in ${stackId ?? 'no stack'} and belongs to ` +
      `${ownerText({ owner })}; nothing was changed; remove it from this stack, which leaves the secret alone`,
  );

export function refuseLostTags(found: ExistingSecret, { name, owner }: DeclaredSecret, requester: Requester): Refused {
  const { stackId, logicalId } = requester;
  const optIn = found.deletedDate
    ? 'restorePolicy: RestorePolicy.ALWAYS'
    : 'existingSecretPolicy: ExistingSecretPolicy.ADOPT';
  return refuse(
    `secret '${name}' has lost the tags that say whose it is; nothing was changed; set ${optIn} and deploy again, or tag it with recoverable-secret:owner=${owner}, ` +
      `recoverable-secret:stack-id=${stackId} and recoverable-secret:logical-id=${logicalId}`,
  );
}

export const refuseTemplateWithoutKey = () =>
  refuse('secretStringTemplate and generateStringKey must be given together; nothing was changed');

export const refuseTemplate = () => refuse('secretStringTemplate must be a JSON object; nothing was changed');

export const refuseStale = () =>
  refuse('this request is out of date, CloudFormation is done with it; nothing was changed');

export const refuseWithdrawn = () => refuse('CloudFormation withdrew this request; what it had done was undone');

function ownerText({ owner }: Pick<Ownership, 'owner'>): string {
  return owner === undefined ? 'no owner that this library knows' : `owner '${owner}'`;
}

// What goes wrong on the way.

export const failRestore = ({ name }: ExistingSecret) =>
  new Failure(`secret '${name}' could not be restored, it is being deleted for good`);

export const failRestoreToGiveBack = ({ name }: ExistingSecret) =>
  new Failure(`secret '${name}' could not be restored to give it back to its owner`);

export const failTaken = ({ name }: ExistingSecret, by: string | undefined) =>
  new Failure(`secret '${name}' was taken by ${by ?? 'somebody else'} at the same time`);

export const failOtherHands = ({ name }: ExistingSecret) =>
  new Failure(`secret '${name}' came into other hands while it was to be deleted`);

export const failWithdrawn = () => new Failure('CloudFormation withdrew this request while it was carried out');

export const failProtection = ({ name }: Pick<ExistingSecret, 'name'>) =>
  new Failure(
    `secret '${name}' cannot be protected from a purge, because it has a resource policy that is not of this library; ` +
      'write that policy into the template with addToResourcePolicy, or take it off the secret',
  );

export const failCrossAccount = ({ name, sharedWithAccounts }: ExistingSecret) =>
  new Failure(
    `secret '${name}' is replicated with account ${sharedWithAccounts.join(', ')}, and AWS deletes it only when that ` +
      'replication has ended',
  );

export const failReplicasStay = (regions: readonly string[]) =>
  new Failure(`waited in vain until the replicas in ${regions.join(', ')} were gone`);

export const failReplicasOutOfSync = (regions: readonly string[]) =>
  new Failure(`waited in vain until the replicas in ${regions.join(', ')} were in sync`);

export const failReplication = ({ region, statusMessage }: ExistingReplica) =>
  new Failure(`replication to ${region} failed: ${statusMessage}`);

/** Unknown errors may quote anything, so only their name is told. */
export function explain(error: unknown): string {
  if (error instanceof RequestRejected || error instanceof Failure) return error.message;
  return `the function failed with ${error instanceof Error ? error.name : 'an unknown error'}`;
}
