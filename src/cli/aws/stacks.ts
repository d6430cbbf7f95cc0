import {
  DescribeStacksCommand,
  GetTemplateCommand,
  paginateListExports,
  paginateListStackResources,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { parseTemplate, type Template } from '../template/template';
import type { Account } from './account';
import { type Call, calling } from './explain';

/** A stack as it is deployed. */
export interface DeployedStack {
  readonly id: string;
  readonly status: string;
  readonly isProtected: boolean;
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string>>;
  /** By logical id. */
  readonly resources: ReadonlyMap<string, DeployedResource>;
}

export interface DeployedResource {
  readonly type: string;
  readonly physicalId: string;
}

/** @param name Of a stack, or its id; undefined when there is none */
export async function deployedStack(name: string, account: Account): Promise<DeployedStack | undefined> {
  const stack = await describeStack(name, account);
  const status = stack?.StackStatus ?? '';
  // One that is only reviewed has no resources, and one that could not be created is made anew by the CDK.
  if (!stack?.StackId || /^(DELETE_COMPLETE|REVIEW_IN_PROGRESS|ROLLBACK_COMPLETE|ROLLBACK_FAILED)$/.test(status)) {
    return undefined;
  }
  const id = stack.StackId;
  const [template, resources] = await Promise.all([templateOf(id, account), resourcesOf(id, account)]);
  return {
    id,
    status,
    isProtected: stack.EnableTerminationProtection ?? false,
    template,
    parameters: Object.fromEntries(
      (stack.Parameters ?? []).map(({ ParameterKey = '', ParameterValue = '', ResolvedValue }) => [
        ParameterKey,
        ResolvedValue ?? ParameterValue,
      ]),
    ),
    resources,
  };
}

/** What the stacks of the account and region export. */
export async function exportsOf(account: Account): Promise<ReadonlyMap<string, string>> {
  const exports = new Map<string, string>();
  await calling(callOf('ListExports', account), async () => {
    for await (const { Exports: page = [] } of paginateListExports({ client: account.stacks }, {})) {
      for (const { Name = '', Value = '' } of page) exports.set(Name, Value);
    }
  });
  return exports;
}

async function describeStack(StackName: string, account: Account): Promise<Stack | undefined> {
  const command = new DescribeStacksCommand({ StackName });
  try {
    return (await account.stacks.send(command)).Stacks?.[0];
  } catch (error) {
    if (/does not exist/.test((error as Error).message)) return undefined;
    return calling(callOf('DescribeStacks', account), () => Promise.reject(error));
  }
}

async function templateOf(StackName: string, account: Account): Promise<Template> {
  const command = new GetTemplateCommand({ StackName, TemplateStage: 'Original' });
  const { TemplateBody: body = '{}' } = await calling(callOf('GetTemplate', account), () =>
    account.stacks.send(command),
  );
  return parseTemplate(body);
}

async function resourcesOf(StackName: string, account: Account): Promise<ReadonlyMap<string, DeployedResource>> {
  const resources = new Map<string, DeployedResource>();
  const pages = paginateListStackResources({ client: account.stacks }, { StackName });
  await calling(callOf('ListStackResources', account), async () => {
    for await (const { StackResourceSummaries: page = [] } of pages) {
      for (const { LogicalResourceId: id = '', PhysicalResourceId, ResourceType = '', ResourceStatus = '' } of page) {
        const isThere = PhysicalResourceId && !/^(DELETE_COMPLETE|DELETE_SKIPPED|CREATE_FAILED)$/.test(ResourceStatus);
        if (isThere) resources.set(id, { type: ResourceType, physicalId: PhysicalResourceId });
      }
    }
  });
  return resources;
}

function callOf(operation: string, { where }: Account): Call {
  return { action: `cloudformation:${operation}`, where };
}
