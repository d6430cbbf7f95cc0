import {
  type CloudFormationClient,
  DescribeChangeSetCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { calling, errorName } from '../errors';

const NATIVE_TYPE = 'AWS::SecretsManager::Secret';

/** How far the clocks that date a request and the state of its resource may be apart. */
const CLOCKS_DIFFER_MS = 3_000;

/** What only CloudFormation itself knows. */
export class Stacks {
  constructor(private readonly client: Pick<CloudFormationClient, 'send'>) {}

  /** Whether the stack, or the one around it, is undoing a failed deployment. */
  async isRollingBack(stackId: string): Promise<boolean> {
    return (await this.rolledBackDeployment(stackId)) !== undefined;
  }

  /**
   * What a Delete is for. Superseded: somebody has begun to delete the stack since it was sent, which sends a Delete of
   * its own for everything that is still there.
   */
  async purposeOfDelete(stackId: string, sentAt?: number): Promise<'rollback' | 'teardown' | 'superseded'> {
    const stack = await this.stack(stackId);
    if (isAfter(stack?.DeletionTime, sentAt)) return 'superseded';
    return (await this.undoneBy(stackId, stack)) === undefined ? 'teardown' : 'rollback';
  }

  /** When the deployment began that is being undone, in milliseconds since 1970; undefined when none is. */
  async rolledBackDeployment(stackId: string): Promise<number | undefined> {
    return this.undoneBy(stackId, await this.stack(stackId));
  }

  private async undoneBy(stackId: string, stack: Stack | undefined): Promise<number | undefined> {
    const began = stack?.LastUpdatedTime?.getTime() ?? 0;
    if (stack?.StackStatus?.includes('ROLLBACK')) return began;
    // A nested stack is simply deleted when the one around it rolls back.
    const root = stack?.RootId && stack.RootId !== stackId ? await this.stack(stack.RootId) : undefined;
    return root?.StackStatus?.includes('ROLLBACK') ? began : undefined;
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

  /** Whether CloudFormation is past this Update or Delete: a second delivery of it came too late. */
  async isPast(
    type: 'Update' | 'Delete',
    stackId: string,
    logicalId: string,
    physicalId: string,
    sentAt?: number,
  ): Promise<boolean> {
    const resource = await this.resource(stackId, logicalId);
    if (!resource) return false;
    const { ResourceStatus: status = '', PhysicalResourceId: current, LastUpdatedTimestamp: since } = resource;
    if (status === `${type.toUpperCase()}_IN_PROGRESS`) {
      // The rollback of an Update is an Update as well, and has begun after this one was sent.
      return type === 'Update' && isAfter(since, sentAt);
    }
    // A resource that was replaced is deleted under the same logical id, while its successor is complete.
    const replaced = physicalId.startsWith('arn:') && current !== physicalId && !status.startsWith('DELETE_');
    return type === 'Update' || !replaced;
  }

  /** Whether CloudFormation has left the native resource behind, or is about to do so in the running deployment. */
  async isLetGo(stackId: string, logicalId: string): Promise<boolean> {
    const resource = await this.resource(stackId, logicalId);
    const status = resource?.ResourceStatus;
    if (status === undefined || status === 'DELETE_COMPLETE' || status === 'DELETE_SKIPPED') return true;
    // CloudFormation does not change the type of a resource: the native one has gone, and another took its logical id.
    if (resource?.ResourceType !== undefined && resource.ResourceType !== NATIVE_TYPE) return true;
    const changeSet = (await this.stack(stackId))?.ChangeSetId;
    return changeSet !== undefined && (await this.isRetained(stackId, changeSet, logicalId));
  }

  private async isRetained(stackId: string, changeSetId: string, logicalId: string): Promise<boolean> {
    let token: string | undefined;
    do {
      const command = new DescribeChangeSetCommand({
        StackName: stackId,
        ChangeSetName: changeSetId,
        NextToken: token,
      });
      const page = await calling('DescribeChangeSet', () => this.client.send(command));
      // Not one that was executed before: a deployment without a change set can leave it there.
      if (page.ExecutionStatus !== 'EXECUTE_IN_PROGRESS') return false;
      const change = page.Changes?.find(({ ResourceChange }) => ResourceChange?.LogicalResourceId === logicalId);
      if (change) return change.ResourceChange?.Action === 'Remove' && change.ResourceChange.PolicyAction === 'Retain';
      token = page.NextToken;
    } while (token);
    return false;
  }

  private async stack(stackId: string) {
    const command = new DescribeStacksCommand({ StackName: stackId });
    return (await calling('DescribeStacks', () => this.client.send(command))).Stacks?.[0];
  }

  /** Undefined when the stack or the resource does not exist. */
  private async resource(stackId: string, logicalId: string) {
    const command = new DescribeStackResourceCommand({ StackName: stackId, LogicalResourceId: logicalId });
    try {
      return (await calling('DescribeStackResource', () => this.client.send(command))).StackResourceDetail;
    } catch (error) {
      if (errorName(error) === 'ValidationError') return undefined;
      throw error;
    }
  }
}

function isAfter(date: Date | undefined, sentAt = Infinity): boolean {
  return date !== undefined && date.getTime() > sentAt + CLOCKS_DIFFER_MS;
}
