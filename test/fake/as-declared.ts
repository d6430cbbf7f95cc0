import type { CloudFormationRequest } from '../../src/handler/cloudformation/request';
import { readOwnership } from '../../src/handler/model/ownership';
import { NO_WINDOW, OWNERSHIP_TAG } from '../../src/private/contract';
import { declaredText, ownerOf, type SecretDeclaration } from './app';
import type { Deployment, Resource, Sent } from './cloudformation-model';
import type { Change } from './fake-secrets-manager';
import { type Happened, isHeld } from './happened';
import { currentValue, type SecretRecord, stateOf } from './secret-record';

/** What is not as the template says, although CloudFormation was told that it is. */
export function notAsDeclared(happened: Happened): { readonly record: SecretRecord; readonly broken: string }[] {
  if (happened.obstructed) return [];
  return happened.deployments.flatMap((deployment) =>
    [...(happened.stacks.stackById(deployment.stackId)?.resources.values() ?? [])].flatMap((resource) => {
      const last = happened.sent.filter(({ request }) => isAbout(resource, deployment, request)).pop();
      const record = [...happened.after.keys()].find(({ arn }) => arn === resource.physicalId);
      if (!record || last?.answer?.status !== 'SUCCESS' || last.request.RequestType === 'Delete') return [];
      const broken = wrong(record, deployment, resource, last, happened);
      return broken ? [{ record, broken: `${broken}, and the ${last.request.RequestType} succeeded` }] : [];
    }),
  );
}

function isAbout({ logicalId }: Resource, { stackId }: Deployment, request: CloudFormationRequest): boolean {
  return request.StackId === stackId && request.LogicalResourceId === logicalId;
}

function wrong(record: SecretRecord, deployment: Deployment, resource: Resource, last: Sent, happened: Happened) {
  const here = holderIs(record, deployment.stackId, resource);
  if (!deployment.ok && !(here && wasAlwaysHeld(record, happened))) return undefined;
  // Another stack may have taken it meanwhile, but not halfway.
  if (!happened.alone) {
    const { stackId, logicalId } = readOwnership(record.tags);
    return deployment.ok && !(stackId && logicalId) ? `is held by nobody, ${JSON.stringify(record.tags)}` : undefined;
  }
  return here ? difference(record, resource, last, happened) : `is not held, ${JSON.stringify(record.tags)}`;
}

function holderIs({ tags }: SecretRecord, stackId: string, { logicalId, declaration }: Resource): boolean {
  const holder = readOwnership(tags);
  return (
    holder.stackId === stackId &&
    holder.logicalId === logicalId &&
    holder.owner === ownerOf(declaration, stackId.split('/')[1])
  );
}

/** What was taken over, or is in other hands, keeps some of the settings of the deployment that failed. */
function wasAlwaysHeld(record: SecretRecord, { before, changes, heldBefore, stacks }: Happened): boolean {
  const given = changes.some(
    (change) => change.record === record && change.tags[OWNERSHIP_TAG.origin] !== record.tags[OWNERSHIP_TAG.origin],
  );
  return (
    before.get(record)?.state === 'live' && heldBefore.has(record) && isHeld(record, stacks) && !record.gone && !given
  );
}

function difference(record: SecretRecord, { declaration }: Resource, last: Sent, happened: Happened) {
  const ok = happened.deployments[0].ok;
  const state = record.gone ? 'gone' : stateOf(record);
  if (state !== 'live') return `is ${state}`;
  if (record.description !== declaration.description) return `has the description '${record.description}'`;
  if (record.kmsKeyId !== declaration.key) return `has the key ${record.kmsKeyId}`;
  if (declaration.team && record.tags.team !== declaration.team) return `has the team ${record.tags.team}`;
  const window = declaration.force ? NO_WINDOW : String(declaration.window);
  if (record.tags[OWNERSHIP_TAG.recoveryWindow] !== window) return 'does not say its window';
  const isPending = (stages: ReadonlySet<string>) => stages.has('AWSPENDING') && !stages.has('AWSCURRENT');
  const cutOff = [...record.versions.values()].some(({ stages }) => isPending(stages));
  if (isRestored(record, last, happened) && cutOff) return 'has a rotation that can never end';
  // A rollback does what it can.
  if (!ok) return undefined;
  const replicas = [...record.replicas].filter(([, { status }]) => status === 'InSync').map(([region]) => region);
  if (String(replicas.sort()) !== String([...declaration.replicas].sort())) return `is replicated to ${replicas}`;
  return isWrongValue(record, declaration, last, happened) ? 'has another value than it was to have' : undefined;
}

/** No secret of the model is rotated by a schedule that goes on by itself. */
function isRestored(record: SecretRecord, sent: Sent, { changes }: Happened) {
  const restored = (change: Change) => change.operation === 'RestoreSecret' && change.by === sent.request.RequestId;
  return changes.some((change) => change.record === record && restored(change));
}

/** Whether the resource had this secret already, and keeps it. */
function isRevised(record: SecretRecord, { request, declaration, oldDeclaration }: Sent): boolean {
  return oldDeclaration?.name === declaration.name && request.PhysicalResourceId === record.arn;
}

/** The README's table of what becomes of a value, written once more and independently. */
function isWrongValue(record: SecretRecord, declaration: SecretDeclaration, sent: Sent, { before }: Happened) {
  const then = before.get(record)?.value;
  const now = currentValue(record);
  const isSame = isRevised(record, sent);
  const isKept = isSame ? declaration.updatedValue === 'KEEP' : declaration.restoredValue === 'KEEP';
  if (declaration.value === 'none' || (isSame && sent.oldDeclaration?.value === declaration.value)) return now !== then;
  const text = declaredText(declaration);
  if (text !== undefined) return now !== text;
  return then !== undefined && isKept ? now !== then : now === then;
}
