import { readOwnership } from '../../src/handler/model/ownership';
import { ownerOf } from './app';
import type { CloudFormationModel, Deployment, Sent, Stack } from './cloudformation-model';
import type { Change, FakeSecretsManager, PolicyChange } from './fake-secrets-manager';
import type { Faults } from './faults';
import type { SecretRecord } from './secret-record';
import type { Picture, Snapshot } from './snapshot';

/** What happened in one step of a life. */
export interface Happened {
  readonly before: Snapshot;
  readonly after: Snapshot;
  /** Requests that were sent or delivered. */
  readonly sent: readonly Sent[];
  readonly changes: readonly Change[];
  readonly policyChanges: readonly PolicyChange[];
  readonly forcings: FakeSecretsManager['forcings'];
  readonly faults: Faults;
  /** Whether one stack was busy, not several at a time. */
  readonly alone: boolean;
  /** Deployments of the step. */
  readonly deployments: readonly Deployment[];
  readonly stacks: CloudFormationModel;
  /** Whether something is in the way that only a person can take away. */
  readonly obstructed: boolean;
  /** Who held what when the step began. */
  readonly heldBefore: ReadonlySet<SecretRecord>;
}

/** Whether what is wrong with a secret came about in the one way that is accepted. */
export type Excuse = (record: SecretRecord, happened: Happened) => boolean;

/** What is wrong with a secret, if none of the excuses holds. */
export interface Complaint {
  readonly record: SecretRecord;
  readonly broken: string;
  readonly unless?: readonly Excuse[];
}

export type Invariant = (happened: Happened) => readonly Complaint[];

/** Whether a resource of an existing stack and the tags of the secret agree that it holds the secret. */
export function isHeld(record: Pick<SecretRecord, 'arn' | 'tags'>, stacks: CloudFormationModel): boolean {
  const { owner, stackId = '', logicalId = '' } = readOwnership(record.tags);
  const stack = stacks.stackById(stackId);
  const resource = stack?.resources.get(logicalId);
  return resource?.physicalId === record.arn && ownerOf(resource.declaration, stack?.name ?? '') === owner;
}

/** The template said that the secret stays when its resource goes. */
export function isRetained({ tags }: Picture, { stacks }: Happened): boolean {
  const { stackId, logicalId } = readOwnership(tags);
  return stacks.retained.has(`${stackId} ${logicalId}`);
}

/** Whether the stack was deployed with what it has since then, before the operation began to which the request belongs. */
export function wasDeployed({ stack, sentAt }: Sent, since = 0): boolean {
  const beginnings = stack.events.filter(({ status, at }) => BEGINS.test(status) && at <= sentAt);
  const began = beginnings.pop()?.at ?? sentAt;
  return hasCompleted(stack, since, began);
}

/** Whether a deployment of the stack was completed in this time. */
export function hasCompleted({ events }: Stack, since = 0, until = Infinity): boolean {
  return events.some(({ status, at }) => COMPLETES.test(status) && at >= since && at <= until);
}

const BEGINS = /^(CREATE|UPDATE|DELETE)_IN_PROGRESS$/;
const COMPLETES = /^(CREATE_COMPLETE|UPDATE_COMPLETE(_CLEANUP_IN_PROGRESS)?)$/;
