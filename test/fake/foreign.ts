import { readOwnership } from '../../src/handler/model/ownership';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { ownerOf } from './app';
import type { Sent } from './cloudformation-model';
import { arrivedLate, cameBetween, lagOf, tookAtOnce } from './excuses';
import type { Change } from './fake-secrets-manager';
import type { Complaint, Invariant } from './happened';
import type { SecretRecord } from './secret-record';
import type { Picture } from './snapshot';

type Seen = Pick<Picture, 'state' | 'tags'>;

/** Unlike the tags, which take a secret over or give it back, and the label of a value that was written too late. */
const OF_THE_HOLDER = [
  'PutSecretValue',
  'UpdateSecret',
  'ReplicateSecretToRegions',
  'RemoveRegionsFromReplication',
  'DeleteSecret',
];

export const nothingForeignIsTouched: Invariant = (happened) => {
  const { before, changes, sent, stacks } = happened;
  const complaints: Complaint[] = [];
  const known = new Map<SecretRecord, Seen>([...before].map(([record, { state, tags }]) => [record, { state, tags }]));
  const past: { readonly picture: Seen; readonly replacedBy: Change }[] = [];
  const restored: Change[] = [];
  for (const change of changes) {
    const { record, by, operation, tags, restoringSince } = change;
    const request = sent.find(({ request }) => request.RequestId === by);
    const then = known.get(record);
    // Nothing compares and sets: what the request looked at may have changed on the way to its call.
    const recent = past.filter(({ replacedBy, picture }) => {
      const lag = picture.state === then?.state ? 0 : lagOf(happened);
      // Whose the secret is as well does not look once more before it is claimed.
      const since = request && concerns(request, record, picture, 'as owner') ? restoringSince : undefined;
      return replacedBy.record === record && cameBetween(replacedBy, { ...change, since: since ?? change.since }, lag);
    });
    const seen = recent.map(({ picture }) => picture);
    // It is the state that lags, and not the tags.
    if (then && stacks.facts.stateLags) seen.push(...seen.map(({ state }) => ({ state, tags: then.tags })));
    if (then) past.push({ picture: then, replacedBy: change });
    const state = operation === 'RestoreSecret' ? 'live' : operation === 'DeleteSecret' ? 'scheduled' : then?.state;
    known.set(record, { state: state ?? 'live', tags });
    if (operation === 'RestoreSecret') restored.push(change);
    if (!then || by === 'administrator') continue;
    if (stacks.facts.nativeStackHolds && then.tags['aws:cloudformation:stack-id']) {
      complaints.push({ record, broken: `got a ${operation} by ${by}, and its native stack would delete it for good` });
    }
    if (!request) throw new Error(`${operation} by ${by}, which nobody has sent`);
    const isMine = OF_THE_HOLDER.includes(operation) ? isOwnHolder : concerns;
    if ([then, ...seen].some((picture) => isMine(request, record, picture))) continue;
    // Until it is claimed, whoever wanted to restore it may claim it, or put it back: of two, each takes it for his doing.
    const unclaimed = restored.filter(
      (one) => one.record === record && [then, ...seen].some((picture) => isSameHolder(one.tags, picture.tags)),
    );
    const scheduled: Seen[] = [
      ...unclaimed.map((one) => ({ state: 'scheduled' as const, tags: one.tags })),
      ...seen.filter((picture) => picture.state === 'scheduled'),
    ];
    const finishes = ['TagResource', 'RemoveRegionsFromReplication', 'DeleteSecret'].includes(operation);
    if (finishes && scheduled.some((picture) => concerns(request, record, picture))) continue;
    const broken = `got a ${operation} by ${by}, and belonged to others: ${JSON.stringify(then.tags)}`;
    const isUndone = operation === 'UpdateSecretVersionStage' || tookInBetween(change, then, changes);
    complaints.push({ record, broken, unless: isUndone ? [arrivedLate, tookAtOnce] : [arrivedLate] });
  }
  return complaints;
};

/** Whether the request that has the secret now has claimed it before the other one did, and once more afterwards. */
function tookInBetween({ record, by }: Change, { tags }: Seen, changes: readonly Change[]): boolean {
  const claimant = (change: Change) => readOwnership(change.tags).origin?.requestId;
  const claims = changes.filter((change) => change.record === record && change.operation === 'TagResource');
  const taken = claims.findIndex((change) => change.by === by && claimant(change) === by);
  const holder = readOwnership(tags).origin?.requestId;
  const isHolders = (change: Change) => change.by === holder && claimant(change) === holder;
  return claims.slice(0, Math.max(taken, 0)).some(isHolders) && claims.slice(taken).some(isHolders);
}

function isSameHolder(now: Seen['tags'], then: Seen['tags']): boolean {
  const holder = (tags: Seen['tags']) => {
    const { owner, stackId, logicalId } = readOwnership(tags);
    return JSON.stringify([owner, stackId, logicalId]);
  };
  return holder(now) === holder(then);
}

/** What another resource holds is not changed, whatever the policies say; a tagging tool may have taken the tag off. */
function isOwnHolder(
  { request, declaration, oldDeclaration, stack }: Sent,
  _record: SecretRecord,
  { tags }: Seen,
): boolean {
  const { owner, stackId } = readOwnership(tags);
  const owners = [declaration, oldDeclaration ?? declaration].map((declared) => ownerOf(declared, stack.name));
  return stackId === request.StackId || (stackId === undefined && owner !== undefined && owners.includes(owner));
}

/** Whether the request may have to do with the secret at all. */
function concerns(
  { request, declaration, stack, oldDeclaration }: Sent,
  record: SecretRecord,
  { state, tags }: Seen,
  asOwner?: 'as owner',
): boolean {
  if (record.region !== stack.region) return false;
  if (readOwnership(tags).stackId === request.StackId) return true;
  return [declaration, oldDeclaration].some((declared) => {
    if (declared?.name !== record.name) return false;
    const owned = tags[OWNERSHIP_TAG.owner] === ownerOf(declared, stack.name);
    if (asOwner && !owned) return false;
    if (state === 'scheduled') {
      return declared.restorePolicy === 'ALWAYS' || (declared.restorePolicy === 'IF_OWNED' && owned);
    }
    return declared.existingPolicy === 'ADOPT' || (declared.existingPolicy !== 'FAIL' && owned);
  });
}
