import { readOwnership } from '../../src/handler/model/ownership';
import { policyFound } from '../../src/handler/model/purge-protection';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { ownerOf, type SecretDeclaration } from './app';
import type { CloudFormationModel, Sent, Stack } from './cloudformation-model';
import type { Facts } from './facts';
import type { FakeSecretsManager } from './fake-secrets-manager';
import type { Hit } from './faults';
import { type SecretRecord, stateOf } from './secret-record';

type Answer = { Status: string; Reason: string; Data?: { Outcome?: string } };

/** Throws when the answer is not what the request has to come to. */
type Check = (answer: Answer, hits: readonly Hit[], late: boolean) => void;

/**
 * What a request must come to when nothing goes wrong, or only what passes: the README's table, written once more and
 * independently. A refusal must have changed nothing.
 */
export function expectedOutcome(
  sent: Sent,
  secrets: FakeSecretsManager,
  stacks: CloudFormationModel,
): Check | undefined {
  const expected = verdict(sent, secrets, stacks);
  if (!expected) return undefined;
  const what = `${sent.request.RequestType} of ${sent.declaration.logicalId} ('${sent.declaration.name}')`;
  return ({ Status, Reason, Data }, hits, late) => {
    if (sent.endedAt !== undefined || !pass(hits, expected, stacks.facts)) return;
    if (!isGoingBack(sent) && (late || (sent.overlaps && mayNotWait(sent, stacks.facts)))) return;
    if (expected === 'FAILED') {
      if (Status !== 'FAILED') throw new Error(`${what} should have been refused, and was not`);
      if (!Reason.includes('nothing was changed')) throw new Error(`${what} failed, and was not refused: ${Reason}`);
      const change = secrets.changes.find(({ by }) => by === sent.request.RequestId);
      if (change) throw new Error(`${what} was refused after ${change.operation}`);
    } else if (Status === 'FAILED') throw new Error(`${what} should have succeeded: ${Reason}`);
    // Of two deliveries at the same time one finds what the other one has just done.
    else if (expected !== 'SUCCESS' && Data?.Outcome !== expected && !sent.overlaps) {
      throw new Error(`${what} should have been told as ${expected}, not ${Data?.Outcome}`);
    }
  };
}

/** What must not fail, whatever else is under way: the stack would be stuck. */
function isGoingBack({ request, stackStatus }: Sent): boolean {
  return request.RequestType === 'Delete' || stackStatus.includes('ROLLBACK');
}

/** One delivery may be under way for longer than the other one waits for it. */
function mayNotWait({ declaration }: Sent, { policyLags, stateLags }: Facts): boolean {
  return policyLags || (stateLags && declaration.existingPolicy === 'FAIL');
}

/** Operations that can be asked again when their answer has got lost. */
const REPEATABLE = ['CreateSecret', 'RestoreSecret', 'PutSecretValue', 'DeleteSecret'];

/** Whether the function copes with what went wrong, so that nobody outside notices. */
function pass(hits: readonly Hit[], expected: Verdict, facts: Facts): boolean {
  if (hits.length === 0) return true;
  // Patience is counted together.
  if (facts.policyLags || facts.stateLags) return false;
  const [{ operation, kind, moment }] = hits;
  if (hits.every((hit) => hit.kind === 'denied' && hit.moment === 'before' && hit.operation === operation)) {
    return hits.length <= 4 && !operation.startsWith('DescribeStack') && !['answer', 'DescribeKey'].includes(operation);
  }
  if (hits.length > 1) return false;
  // What was restored, and not claimed yet, cannot be told from what a person has restored.
  if (kind === 'dies') return expected !== 'RESTORED';
  return moment === 'after' && kind !== 'broken' && REPEATABLE.includes(operation);
}

type Verdict = 'FAILED' | 'SUCCESS' | 'CREATED' | 'RESTORED' | 'ADOPTED';

/** Undefined where it depends on more than what is seen here. */
function verdict(sent: Sent, secrets: FakeSecretsManager, stacks: CloudFormationModel): Verdict | undefined {
  const { request, declaration, oldDeclaration, stack } = sent;
  const type = request.RequestType;
  if (stacks.facts.replicasLinger) return undefined;
  if (isGoingBack(sent)) return secrets.obstructed ? undefined : 'SUCCESS';
  const isDead = (key: string | undefined) => key !== undefined && secrets.keyStates.has(key);
  const record = secrets.named(stack.region, declaration.name);
  // It can be in the way, which only a live secret shows.
  if (declaration.purgeProtection && policyFound(record?.policy) === 'foreign') return undefined;
  const deadKey = isDead(record?.kmsKeyId);
  if (!deadKey && isDead(declaration.key)) return undefined;
  if (!canReplicate(record, declaration, secrets)) return undefined;
  const isOff = declaration.replicas.some((region) => secrets.regionsLeft.has(region) && !record?.replicas.has(region));
  if (record?.sharedWith || isOff) return 'FAILED';
  const { restorePolicy, existingPolicy } = declaration;
  const owner = ownerOf(declaration, stack.name);
  // The resource may have another secret than was declared, or none.
  const held = secrets.records.find(({ arn }) => arn === request.PhysicalResourceId);
  if (type === 'Update' && declaration.name === oldDeclaration?.name && held?.name === declaration.name) {
    if (!record || record.arn !== request.PhysicalResourceId || stateOf(record) === 'being deleted') return 'FAILED';
    if (!mayRevise(record, sent)) return 'FAILED';
    if (!deadKey) return 'SUCCESS';
    return stateOf(record) === 'scheduled' ? 'FAILED' : undefined;
  }
  if (!record) return isDead(declaration.key) ? undefined : 'CREATED';
  const owned = record.tags[OWNERSHIP_TAG.owner] === owner;
  const free = !isHeldElsewhere(record, stack, stacks) || areBothExplicit(record, owner, stack);
  const mayRestore = restorePolicy === 'ALWAYS' || (restorePolicy === 'IF_OWNED' && owned);
  const restores = mayRestore && (free || existingPolicy === 'ADOPT');
  // It looks as if it could be restored, or is not seen any more.
  if (stateOf(record) === 'being deleted')
    return (restores || stacks.facts.forgetsBeingDeleted) && !deadKey ? 'CREATED' : undefined;
  if (record.replicaOf || record.owningService) return 'FAILED';
  const native = 'aws:cloudformation:stack-id' in record.tags && readOwnership(record.tags).stackId === undefined;
  if ((native && stacks.facts.nativeStackHolds) || deadKey) return 'FAILED';
  if (stateOf(record) === 'scheduled') return restores ? 'RESTORED' : 'FAILED';
  // What was given back does not say when its holder got hold of it.
  if (isOfThisDeployment(record, sent)) return readOwnership(record.tags).origin ? 'FAILED' : undefined;
  if (existingPolicy === 'ADOPT') return 'ADOPTED';
  return existingPolicy === 'ADOPT_IF_OWNED' && owned && free ? 'ADOPTED' : 'FAILED';
}

/** Whether the tags say that the resource holds the secret; a tagging tool may have taken some, or all, of them off. */
function mayRevise(record: SecretRecord, { request, declaration, oldDeclaration, stack }: Sent): boolean {
  const { owner, stackId, logicalId } = readOwnership(record.tags);
  const owners = [declaration, oldDeclaration ?? declaration].map((declared) => ownerOf(declared, stack.name));
  const { existingPolicy: live, restorePolicy: scheduled } = declaration;
  // With none of them, only the opt-in permits to put them back.
  const optedIn = stateOf(record) === 'scheduled' ? scheduled === 'ALWAYS' : live === 'ADOPT';
  if (!owner && !stackId && !optedIn) return false;
  const agrees = (tag: string | undefined, ...expected: string[]) => tag === undefined || expected.includes(tag);
  return agrees(owner, ...owners) && agrees(stackId, request.StackId) && agrees(logicalId, request.LogicalResourceId);
}

function isHeldElsewhere(record: SecretRecord, stack: Stack, stacks: CloudFormationModel): boolean {
  const { stackId = '', logicalId = '' } = readOwnership(record.tags);
  return stackId !== stack.id && stacks.stackById(stackId)?.resources.get(logicalId)?.physicalId === record.arn;
}

/** Whether another resource of the stack has got hold of the secret in the very deployment. */
function isOfThisDeployment(record: SecretRecord, { request, stack }: Sent): boolean {
  const { stackId, logicalId = '' } = readOwnership(record.tags);
  const holder = stack.resources.get(logicalId);
  if (stackId !== stack.id || logicalId === request.LogicalResourceId || !holder) return false;
  const isNew = holder.status === 'CREATE_COMPLETE' || stack.unfinished?.created.includes(holder);
  return holder.physicalId === record.arn && !!isNew && holder.since >= stack.updated;
}

/** Whether the stack and the one that holds the secret have both been given this owner. */
function areBothExplicit(record: SecretRecord, owner: string, stack: Stack): boolean {
  const { stackId, owner: before } = readOwnership(record.tags);
  return owner === before && owner !== stack.name && owner !== stackId?.split('/')[1];
}

/** Whether nothing is in the way of the replicas that the secret has, and is to have. */
function canReplicate(
  record: SecretRecord | undefined,
  { name, replicas }: SecretDeclaration,
  secrets: FakeSecretsManager,
): boolean {
  const failed = [...(record?.replicas.values() ?? [])].some(({ status }) => status === 'Failed');
  const isFree = (region: string) => {
    const there = secrets.named(region, name);
    const isComing = secrets.records.some(
      (other) => other !== record && other.name === name && other.replicas.has(region),
    );
    return !isComing && (!there || (record !== undefined && there.replicaOf === record));
  };
  return !failed && replicas.every(isFree);
}
