import { readOwnership } from '../../src/handler/model/ownership';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { ownerOf } from './app';
import type { CloudFormationModel, Sent, Stack } from './cloudformation-model';
import type { FakeSecretsManager } from './fake-secrets-manager';
import { type SecretRecord, stateOf } from './secret-record';
import { differences, type Snapshot, takeSnapshot } from './snapshot';

type Check = (answer: { Status: string; Reason: string; Data?: { Outcome?: string } }) => void;

/**
 * What a request must come to when nothing goes wrong: the README's table, written once more and independently.
 * A refusal must have changed nothing. Undefined where keys or replicas may spoil it.
 */
export function expectedOutcome(
  sent: Sent,
  secrets: FakeSecretsManager,
  stacks: CloudFormationModel,
  before: Snapshot,
): Check | undefined {
  const expected = verdict(sent, secrets, stacks);
  if (!expected) return undefined;
  const what = `${sent.request.RequestType} of ${sent.declaration.logicalId} ('${sent.declaration.name}')`;
  return ({ Status, Reason, Data }) => {
    if (expected === 'FAILED') {
      if (Status !== 'FAILED') throw new Error(`${what} should have been refused, and was not`);
      const [changed] = differences(before, takeSnapshot(secrets));
      if (changed) throw new Error(`${what} was refused, but something has changed: ${changed.text}`);
    } else if (Status === 'FAILED') throw new Error(`${what} should have succeeded: ${Reason}`);
    else if (expected !== 'SUCCESS' && Data?.Outcome !== expected) {
      throw new Error(`${what} should have been told as ${expected}, not ${Data?.Outcome}`);
    }
  };
}

type Verdict = 'FAILED' | 'SUCCESS' | 'CREATED' | 'RESTORED' | 'ADOPTED';

function verdict(
  { request, declaration, oldDeclaration, stack, stackStatus }: Sent,
  secrets: FakeSecretsManager,
  stacks: CloudFormationModel,
): Verdict | undefined {
  const type = request.RequestType;
  if (type === 'Delete') return 'SUCCESS';
  if (secrets.keyStates.size > 0) return undefined;
  if (stackStatus.includes('ROLLBACK')) return 'SUCCESS';
  if (declaration.replicas.length > 0 || (oldDeclaration?.replicas.length ?? 0) > 0) return undefined;
  const owner = ownerOf(declaration, stack.name);
  const record = secrets.named(stack.region, declaration.name);
  if (type === 'Update' && declaration.name === oldDeclaration?.name) {
    if (!record || record.arn !== request.PhysicalResourceId || stateOf(record) === 'being deleted') return 'FAILED';
    const { owner: itsOwner, stackId, logicalId } = readOwnership(record.tags);
    const owners = [owner, ownerOf(oldDeclaration, stack.name)];
    // A tagging tool may have taken tags off; with none of them, only the opt-in permits to put them back.
    const { existingPolicy: live, restorePolicy: scheduled } = declaration;
    const optedIn = stateOf(record) === 'scheduled' ? scheduled === 'ALWAYS' : live === 'ADOPT';
    if (!itsOwner && !stackId && !optedIn) return 'FAILED';
    const agrees = (tag: string | undefined, ...expected: string[]) => tag === undefined || expected.includes(tag);
    return agrees(itsOwner, ...owners) &&
      agrees(stackId, request.StackId) &&
      agrees(logicalId, request.LogicalResourceId)
      ? 'SUCCESS'
      : 'FAILED';
  }
  if (!record || stateOf(record) === 'being deleted') return 'CREATED';
  if (record.replicaOf || record.owningService || record.replicas.size > 0)
    return record.replicas.size > 0 ? undefined : 'FAILED';
  const owned = record.tags[OWNERSHIP_TAG.owner] === owner;
  const { restorePolicy, existingPolicy } = declaration;
  // Only a live one is refused because of its native stack, so this would need a row of its own.
  if ('aws:cloudformation:stack-id' in record.tags) return undefined;
  if (stateOf(record) === 'scheduled') {
    return restorePolicy === 'ALWAYS' || (restorePolicy === 'IF_OWNED' && owned) ? 'RESTORED' : 'FAILED';
  }
  if (existingPolicy === 'ADOPT') return 'ADOPTED';
  const free = !isHeldElsewhere(record, stack, stacks) || areBothExplicit(record, owner, stack);
  return existingPolicy === 'ADOPT_IF_OWNED' && owned && free ? 'ADOPTED' : 'FAILED';
}

function isHeldElsewhere(record: SecretRecord, stack: Stack, stacks: CloudFormationModel): boolean {
  const { stackId = '', logicalId = '' } = readOwnership(record.tags);
  return stackId !== stack.id && stacks.stackById(stackId)?.resources.get(logicalId)?.physicalId === record.arn;
}

/** Whether the stack and the one that holds the secret have both been given this owner. */
function areBothExplicit(record: SecretRecord, owner: string, stack: Stack): boolean {
  const holder = readOwnership(record.tags).stackId?.split('/')[1];
  return owner !== stack.name && owner !== holder;
}
