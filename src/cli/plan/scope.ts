import { partition as partitionOf } from '@aws-sdk/core/client';
import type { DeployedStack } from '../aws/stacks';
import type { Scope } from '../template/evaluate';
import { open } from '../template/open';
import type { Template } from '../template/template';

/** Where a stack is, or will be. */
export interface Environment {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly domain: string;
  /** What its stacks export. */
  exports(): Promise<ReadonlyMap<string, string>>;
}

export function environmentOf(account: string, region: string, exports: Environment['exports']): Environment {
  const { name, dnsSuffix } = partitionOf(region);
  return { account, region, partition: name, domain: dnsSuffix, exports };
}

/** A stack with what its parameters are set to. */
export interface StackInputs {
  /** Undefined for a nested stack that does not exist yet: its name will be random. */
  readonly name?: string;
  readonly template: Template;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly deployed?: DeployedStack;
}

/** What the expressions of a stack refer to: what is deployed already, and what is known of the rest. */
export function scopeOf(stack: StackInputs, environment: Environment, exports: ReadonlyMap<string, string>): Scope {
  const { template, deployed } = stack;
  const { account, region, partition, domain } = environment;
  return {
    template,
    exports,
    parameters: {
      ...parameterDefaults(template),
      // What is not given again stays as it is (cdk deploy --previous-parameters, which is the default).
      ...inTypes(deployed?.parameters ?? {}, template),
      ...inTypes(stack.parameters, template),
      'AWS::AccountId': account,
      'AWS::Region': region,
      'AWS::Partition': partition,
      'AWS::URLSuffix': domain,
      'AWS::StackName': stack.name ?? open('AWS::StackName'),
      'AWS::StackId': deployed?.id ?? open('AWS::StackId'),
    },
    physicalId: (logicalId) => deployed?.resources.get(logicalId)?.physicalId,
    attribute: (logicalId, attribute) => attributeOf(logicalId, attribute, stack, environment),
  };
}

/** A default that is the name of an SSM parameter is not its value. */
function parameterDefaults({ Parameters = {} }: Template): Record<string, unknown> {
  const known = Object.entries(Parameters).filter(
    ([, { Type = '', Default }]) => Default !== undefined && !isSsm(Type),
  );
  return Object.fromEntries(known.map(([name, { Type = '', Default }]) => [name, inType(Type, Default)]));
}

function inTypes(values: Readonly<Record<string, unknown>>, { Parameters = {} }: Template): Record<string, unknown> {
  const known = Object.entries(values).filter(([name]) => name in Parameters);
  return Object.fromEntries(known.map(([name, value]) => [name, inType(Parameters[name].Type ?? '', value)]));
}

function inType(type: string, value: unknown): unknown {
  return /^(CommaDelimitedList|List<)/.test(type)
    ? String(value)
        .split(',')
        .map((item) => item.trim())
    : value;
}

function isSsm(type: string): boolean {
  return type.startsWith('AWS::SSM::Parameter::Value<');
}

/** Of what is deployed, a few attributes follow from the id. */
function attributeOf(
  logicalId: string,
  attribute: string,
  { deployed }: StackInputs,
  { account, region, partition }: Environment,
): string | undefined {
  const resource = deployed?.resources.get(logicalId);
  if (resource?.type === 'AWS::KMS::Key' && attribute === 'Arn') {
    return `arn:${partition}:kms:${region}:${account}:key/${resource.physicalId}`;
  }
  return undefined;
}
