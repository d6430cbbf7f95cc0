import { oneLine } from '../../handler/cloudformation/response';
import { decideAcquisition } from '../../handler/decide/acquire';
import { decideRelease } from '../../handler/decide/release';
import { decideRevision } from '../../handler/decide/revise';
import { Failure, RequestRejected } from '../../handler/errors';
import type { Deployment } from '../../handler/model/deployment';
import type { ExistingSecret } from '../../handler/model/secret';
import { Attempt, isArn, isArnOf } from '../../handler/run/attempt';
import {
  assertDeclared,
  prepareAdoption,
  prepareCreation,
  prepareRestore,
  prepareRevision,
} from '../../handler/run/prepare';
import { releaseOf } from '../../handler/run/release';
import { CommandError } from '../errors';
import { DAY_MS } from '../scheduled-secret';
import { isOpen, shown } from '../template/open';
import { createdSecret, scheduledSecret, settledSecret } from './afterwards';
import { changesIn } from './changes';
import type { Foresight } from './foresight';
import { openProperties, withoutOpenReplicas } from './open-properties';
import type { Foretold } from './planned';
import type { Upcoming } from './upcoming';
import {
  adoptText,
  createText,
  forceText,
  nothingText,
  restoreText,
  retainText,
  scheduleText,
  updateText,
} from './words';

/** What is going to happen to the secrets of a stack that is deployed. */
export function foretellDeployment(upcoming: readonly Upcoming[], foresight: Foresight): Promise<Foretold[]> {
  // What a resource gives up is dealt with when every other one has what it wants, and the deployment has completed.
  return foretellAll(upcoming, foresight, COMPLETED);
}

/** What is going to happen to the secrets of a stack that is deleted. */
export function foretellTeardown(upcoming: readonly Upcoming[], foresight: Foresight): Promise<Foretold[]> {
  return foretellAll(upcoming, foresight, undefined);
}

/** @param end Of the deployment; undefined for a teardown, in which the deployments before count */
async function foretellAll(
  upcoming: readonly Upcoming[],
  foresight: Foresight,
  end: Deployment | undefined,
): Promise<Foretold[]> {
  const foretold = new Map<Upcoming, Foretold>();
  for (const next of upcoming) {
    if (next.step !== 'delete') foretold.set(next, await explained(foresight, next, () => foretell(next, foresight)));
  }
  for (const next of upcoming) {
    const before = foretold.get(next);
    if (!before) foretold.set(next, await explained(foresight, next, () => letGo(next, foresight, end)));
    else if (before.action === 'REPLACE') {
      const { reason } = await explained(foresight, next, () => letGo(next, foresight, end));
      foretold.set(next, { ...before, reason: `${before.reason}; the one before: ${reason}` });
    }
  }
  return upcoming.flatMap((next) => foretold.get(next) ?? []);
}

/** CloudFormation refuses the whole of it, for one reason. */
export function refuseAll(upcoming: readonly Upcoming[], reason: string): Foretold[] {
  return upcoming.map((next) => ({ ...about(next), action: 'REFUSE', reason }));
}

/** The function's refusal is the answer; what could not be looked at makes none. */
async function explained(foresight: Foresight, next: Upcoming, ask: () => Promise<Foretold>): Promise<Foretold> {
  const foretold = await ask().catch((error): Foretold => {
    if (error instanceof RequestRejected) return { ...about(next), action: 'REFUSE', reason: oneLine(error.message) };
    foresight.assertSeen();
    throw error instanceof Failure ? new CommandError(`${next.path}: ${error.message}`) : error;
  });
  foresight.assertSeen();
  return foretold;
}

async function foretell(next: Upcoming, foresight: Foresight): Promise<Foretold> {
  const { step } = next;
  if (typeof step === 'object') {
    return { ...about(next), action: 'UNKNOWN', reason: `it is there only if the condition ${step.dependsOn} is met` };
  }
  switch (step) {
    case 'none':
      return nothing(next, foresight);
    case 'change of type':
    case 'change of provider':
      return { ...about(next), action: 'REFUSE', ...REFUSED_BY_CLOUDFORMATION[step](next) };
    case 'create':
      return acquire(attemptOf(next, 'Create', foresight), next, foresight);
    default:
      return update(attemptOf(next, 'Update', foresight), next, foresight);
  }
}

async function nothing(next: Upcoming, foresight: Foresight): Promise<Foretold> {
  const secret = await foresight.secret(next.physicalId ?? '');
  const foretold = about(next, secret);
  return { ...foretold, action: 'NOTHING', reason: nothingText(secret, foretold.name) };
}

async function update(attempt: Attempt, next: Upcoming, foresight: Foresight): Promise<Foretold> {
  const { declared, before, requester, physicalId } = attempt;
  assertDeclared(attempt);
  if (declared.name !== before.name || !isArnOf(physicalId, declared.name)) {
    const acquired = await acquire(attempt, next, foresight);
    const replaced = declared.name !== before.name && !['REFUSE', 'UNKNOWN'].includes(acquired.action);
    return replaced
      ? { ...acquired, action: 'REPLACE', reason: `another name, so another secret: ${acquired.reason}` }
      : acquired;
  }
  const found = await foresight.secret(physicalId);
  const decision = decideRevision(found, declared, before, requester);
  if (decision.action === 'refuse') return { ...about(next, found), ...decision, action: 'REFUSE' };
  const { secret } = decision;
  const prepared = await prepareRevision(attempt, secret, decision.action === 'restore');
  foresight.change(secret, settledSecret(secret, prepared, attempt));
  return {
    ...about(next, secret),
    action: 'UPDATE',
    reason: updateText(secret, prepared),
    changes: changesIn(secret, prepared),
  };
}

async function acquire(attempt: Attempt, next: Upcoming, foresight: Foresight): Promise<Foretold> {
  const { declared, requester } = attempt;
  assertDeclared(attempt);
  const [what] = [declared.name, declared.owner].filter(isOpen);
  if (what !== undefined) {
    return { ...about(next), action: 'UNKNOWN', reason: `depends on what only the deployment knows: ${shown(what)}` };
  }
  const found = await foresight.secret(declared.name);
  const decision = decideAcquisition(found, declared, requester, 'forward');
  switch (decision.action) {
    case 'refuse':
      return { ...about(next, found), ...decision, action: 'REFUSE' };
    case 'create': {
      await prepareCreation(attempt);
      const created = createdSecret(attempt);
      foresight.take(requester, created);
      return { ...about(next), action: 'CREATE', reason: createText(declared) };
    }
    default: {
      const { secret } = decision;
      const restores = decision.action === 'restore';
      const prepared = await (restores ? prepareRestore(attempt, secret) : prepareAdoption(attempt, secret));
      foresight.take(requester, settledSecret(secret, prepared, attempt));
      const foretold = about(next, secret);
      const keySeen = !(await foresight.isUnseen(secret.kmsKeyId));
      return {
        ...foretold,
        open: keySeen ? foretold.open : [...foretold.open, `KmsKeyId: state of ${secret.kmsKeyId}`],
        action: restores ? 'RESTORE' : 'ADOPT',
        reason: restores ? restoreText(secret, prepared, keySeen) : adoptText(secret, prepared),
        changes: changesIn(secret, prepared),
      };
    }
  }
}

/** What becomes of the secret that a resource gives up. */
async function letGo(next: Upcoming, foresight: Foresight, end: Deployment | undefined): Promise<Foretold> {
  const attempt = attemptOf(next, 'Delete', foresight);
  const { declared, physicalId } = attempt;
  const secret = await foresight.secret(isArn(physicalId) ? physicalId : declared.name);
  const foretold = { ...about(next, secret), name: secret?.name ?? declared.name };
  if (next.retained) return { ...foretold, action: 'RETAIN', reason: retainText(secret) };
  const release = end
    ? decideRelease(secret, declared, attempt.requester, { kind: 'removal', deployment: end })
    : await releaseOf(attempt, secret, declared, { kind: 'removal' });
  if (!secret || release.do === 'leave' || release.do === 'give-back') {
    const why =
      release.do === 'leave' ? release.why : 'the deployment that took it never completed, so it is given back';
    return { ...foretold, action: 'LEAVE', reason: why.replace(STACK_ID, 'stack $1') };
  }
  if (release.do === 'force') {
    foresight.change(secret, undefined);
    return { ...foretold, action: 'FORCE', reason: forceText(secret) };
  }
  const deletionDate = new Date(Date.now() + declared.recoveryWindowInDays * DAY_MS);
  foresight.change(secret, scheduledSecret(secret, deletionDate));
  return { ...foretold, action: 'SCHEDULE', reason: scheduleText(secret, declared, deletionDate), deletionDate };
}

/** The request that CloudFormation will send. */
function attemptOf(next: Upcoming, type: 'Create' | 'Update' | 'Delete', { environment, begun }: Foresight): Attempt {
  const sent = new Date(begun).toISOString().replace(/[-:]|\.\d+/g, '');
  const properties = withoutOpenReplicas(type === 'Delete' ? next.before : next.properties);
  return new Attempt(
    {
      RequestType: type,
      RequestId: 'plan',
      ResponseURL: `https://localhost/?X-Amz-Date=${sent}&X-Amz-Expires=7200`,
      StackId: next.stackId,
      LogicalResourceId: next.logicalId,
      PhysicalResourceId: next.physicalId,
      ResourceProperties: properties,
      OldResourceProperties: withoutOpenReplicas(next.before),
    },
    environment,
  );
}

function about({ properties, before }: Upcoming, secret?: ExistingSecret) {
  const { Name: name = before.Name ?? '' } = properties;
  return { name: shown(String(name)), secret, changes: [], open: openProperties(properties) };
}

const COMPLETED: Deployment = { outcome: 'completed', idle: true };

const STACK_ID = /arn:[^ ]+:stack\/([^/ ]+)\/[^ ]+/g;

/** What CloudFormation says by itself, before it sends a request. */
const REFUSED_BY_CLOUDFORMATION = {
  'change of type': ({ logicalId }: Upcoming) => ({
    reason:
      'Update of resource type is not permitted. The new template modifies resource type of the following resources: ' +
      `[${logicalId}]`,
    advice:
      'docs/migration.md in the repository of this library has the way there and back, without a moment of danger',
  }),
  'change of provider': () => ({
    reason: 'Modifying service token is not allowed.',
    advice: 'a deployed secret stays with the provider that it was deployed with: take the change back',
  }),
};
