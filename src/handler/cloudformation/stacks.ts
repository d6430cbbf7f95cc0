import {
  type CloudFormationClient,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import { calling, errorName } from '../errors';
import type { Deployment } from '../model/deployment';
import { deploymentIn, wasDeletedSince } from './history';
import { stackName } from './request';

const NATIVE_TYPE = 'AWS::SecretsManager::Secret';

/** States of a resource in which nothing is under way with it. */
const FINAL = /_(COMPLETE|FAILED|SKIPPED)$/;

/** What the running deployment does with a resource, as far as its change set can be read. */
export type Fate = 'removed' | 'retained' | 'kept' | 'unknown';

/** What only CloudFormation knows. */
export class Stacks {
  constructor(private readonly client: Pick<CloudFormationClient, 'send'>) {}

  /** Whether the stack, or the one around it, is undoing a failed deployment. */
  async isRollingBack(stackId: string): Promise<boolean> {
    const stack = await this.stack(stackId);
    if (stack?.StackStatus?.includes('ROLLBACK')) return true;
    // A nested stack is simply deleted when the one around it rolls back.
    const root = rootOf(stackId, stack?.RootId);
    return root !== stackId && ((await this.stack(root))?.StackStatus?.includes('ROLLBACK') ?? false);
  }

  /**
   * What became of the deployment to which a request belongs, see `deploymentIn`. The events of the outermost stack tell: a
   * nested one completes before the deployment does.
   */
  async deployment(stackId: string, at?: number, askedAt?: number): Promise<Deployment> {
    const root = rootOf(stackId, (await this.stack(stackId))?.RootId);
    return deploymentIn(this.events(root), root, at, askedAt);
  }

  /** The name that the outermost stack around this one was deployed under. */
  async outermostName(stackId: string): Promise<string> {
    return stackName(rootOf(stackId, (await this.stack(stackId))?.RootId));
  }

  /** Undefined for a stack that does not exist. */
  async status(stackId: string): Promise<string | undefined> {
    return (await this.stack(stackId))?.StackStatus;
  }

  /** What CloudFormation thinks of the creation of this resource. */
  async creation(stackId: string, logicalId: string): Promise<'awaited' | 'completed' | 'withdrawn'> {
    const status = (await this.resource(stackId, logicalId))?.ResourceStatus;
    if (status === 'CREATE_IN_PROGRESS') return 'awaited';
    if (status !== undefined)
      return /^(CREATE_COMPLETE|UPDATE_|DELETE_SKIPPED)/.test(status) ? 'completed' : 'withdrawn';
    // Not listed yet, or gone for good.
    const stack = (await this.stack(stackId))?.StackStatus ?? '';
    return ['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS'].includes(stack) ? 'awaited' : 'withdrawn';
  }

  /**
   * Whether CloudFormation is past this Update or Delete: a second delivery of it came too late. Only a state that is
   * known to be final says so, or one that this request cannot have led to.
   *
   * @param sentAt When the request was sent
   */
  async isPast(type: 'Update' | 'Delete', of: ResourceId, sentAt?: number): Promise<boolean> {
    const resource = await this.resource(of.stackId, of.logicalId);
    if (!resource) return false;
    const { ResourceStatus: status = '', PhysicalResourceId: current, LastUpdatedTimestamp: since } = resource;
    if (type === 'Update') {
      if (FINAL.test(status) || status.startsWith('DELETE_')) return true;
      // The rollback of an Update is an Update as well, and has begun after this one was sent.
      // @defence update-of-rollback: return false
      return since !== undefined && since.getTime() > (sentAt ?? Infinity) + CLOCKS_DIFFER_MS;
    }
    // A resource that was replaced is deleted under the same logical id, while its successor is complete.
    const wasTold = /^(arn|recoverable-secret):/.test(of.physicalId);
    const replaced = wasTold && current !== of.physicalId;
    const deletes = status.startsWith('DELETE_');
    // @defence delete-of-replaced: if (FINAL.test(status)) return true
    if (FINAL.test(status) && (deletes || !replaced)) return true;
    // @defence deleted-since: return false
    return !deletes && sentAt !== undefined && wasDeletedSince(this.events(of.stackId), of, sentAt);
  }

  /** Whether CloudFormation has left the native resource behind, or is about to do so in the running deployment. */
  async hasLetGo(stackId: string, logicalId: string): Promise<boolean> {
    const resource = await this.resource(stackId, logicalId);
    const status = resource?.ResourceStatus;
    if (isGone(status)) return true;
    // CloudFormation does not change the type of a resource: the native one has gone, and another took its logical id.
    if (resource?.ResourceType !== undefined && resource.ResourceType !== NATIVE_TYPE) return true;
    return (await this.fate(stackId, logicalId)) === 'retained';
  }

  /** Whether the stack has the resource, does not let go of it, and the resource is this secret. */
  async has({ stackId, logicalId, physicalId }: ResourceId): Promise<boolean> {
    const { ResourceStatus: status, PhysicalResourceId: current } = (await this.resource(stackId, logicalId)) ?? {};
    // One whose clean-up failed is forgotten, and its state stays.
    if (status?.startsWith('DELETE_')) return false;
    // Before the creation has ended, CloudFormation knows no physical id, or has made one up.
    return current?.startsWith('arn:') ? current === physicalId : status === 'CREATE_IN_PROGRESS';
  }

  /** What the deployment that is under way will do with a resource of the stack. */
  async fate(stackId: string, logicalId: string): Promise<Fate> {
    const changeSet = (await this.stack(stackId))?.ChangeSetId;
    if (changeSet === undefined) return 'unknown';
    let token: string | undefined;
    do {
      const command = new DescribeChangeSetCommand({
        StackName: stackId,
        ChangeSetName: changeSet,
        NextToken: token,
      });
      const page = await unlessAbsent(() => calling('DescribeChangeSet', () => this.client.send(command)));
      // Not one that was executed before: a deployment without a change set can leave it there, also deleted.
      if (page?.ExecutionStatus !== 'EXECUTE_IN_PROGRESS') return 'unknown';
      const change = page.Changes?.find(({ ResourceChange }) => ResourceChange?.LogicalResourceId === logicalId);
      const { Action, PolicyAction } = change?.ResourceChange ?? {};
      if (Action === 'Remove') return PolicyAction === 'Retain' ? 'retained' : 'removed';
      if (Action === 'Add') return 'kept';
      // One that is replaced lets go of what it was.
      if (Action !== undefined) return 'unknown';
      token = page.NextToken;
    } while (token);
    return 'kept';
  }

  private async *events(stackId: string): AsyncGenerator<StackEvent> {
    let token: string | undefined;
    do {
      const command = new DescribeStackEventsCommand({ StackName: stackId, NextToken: token });
      const page = await calling('DescribeStackEvents', () => this.client.send(command));
      yield* page.StackEvents ?? [];
      token = page.NextToken;
    } while (token);
  }

  private async stack(stackId: string) {
    const command = new DescribeStacksCommand({ StackName: stackId });
    return unlessAbsent(async () => (await calling('DescribeStacks', () => this.client.send(command))).Stacks?.[0]);
  }

  /** Undefined when the stack or the resource does not exist. */
  private async resource(stackId: string, logicalId: string) {
    const command = new DescribeStackResourceCommand({ StackName: stackId, LogicalResourceId: logicalId });
    const call = () => calling('DescribeStackResource', () => this.client.send(command));
    return unlessAbsent(async () => (await call()).StackResourceDetail);
  }
}

/** The questions, without what they are asked with. */
export type StackQueries = { readonly [Question in keyof Stacks]: Stacks[Question] };

export interface ResourceId {
  readonly stackId: string;
  readonly logicalId: string;
  readonly physicalId: string;
}

/** How far two dates of CloudFormation may be apart that belong to one moment. */
const CLOCKS_DIFFER_MS = 3_000;

const ABSENT = ['ChangeSetNotFoundException', 'ValidationError'];

async function unlessAbsent<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (ABSENT.includes(errorName(error))) return undefined;
    throw error;
  }
}

function rootOf(stackId: string, rootId: string | undefined): string {
  return rootId ?? stackId;
}

/** A resource that stays behind is skipped when it is deleted. */
function isGone(status: string | undefined): boolean {
  return status === undefined || status === 'DELETE_COMPLETE' || status === 'DELETE_SKIPPED';
}
