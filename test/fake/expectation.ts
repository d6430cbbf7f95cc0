import { readOwnership } from '../../src/handler/model/ownership';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { ownerOf } from './app';
import type { Sent } from './cloudformation-model';
import type { FakeSecretsManager } from './fake-secrets-manager';
import { type SecretRecord, stateOf } from './secret-record';
import { differences, type Snapshot, takeSnapshot } from './snapshot';

type Check = (answer: { Status: string; Reason: string; Data?: { Outcome?: string } }) => void;

/**
 * What a request must come to when nothing goes wrong: the README's table, written once more and independently.
 * A refusal must have changed nothing. Undefined where keys or replicas may spoil it.
 */
export function expectedOutcome(sent: Sent, secrets: FakeSecretsManager, before: Snapshot): Check | undefined {
  const expected = verdict(sent, secrets);
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
): Verdict | undefined {
  const type = request.RequestType;
  if (type === 'Delete') return 'SUCCESS';
  if (secrets.keyStates.size > 0) return undefined;
  if (stackStatus.includes('ROLLBACK')) return 'SUCCESS';
  if (declaration.replicas.length > 0 || (oldDeclaration?.replicas.length ?? 0) > 0) return undefined;
  const owner = ownerOf(declaration, stack.name);
  const record = secrets.named(stack.region, declaration.name);
  if (type === 'Update' && declaration.name === oldDeclaration?.name) {
    const held = record?.arn === request.PhysicalResourceId && record && holds(record);
    const owners = [owner, ownerOf(oldDeclaration, stack.name)];
    return held && owners.includes(record.tags[OWNERSHIP_TAG.owner]) && stateOf(record) !== 'being deleted'
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
  return existingPolicy === 'ADOPT' || (existingPolicy === 'ADOPT_IF_OWNED' && owned) ? 'ADOPTED' : 'FAILED';

  function holds({ tags }: SecretRecord): boolean {
    const { stackId, logicalId } = readOwnership(tags);
    return stackId === request.StackId && logicalId === request.LogicalResourceId;
  }
}
