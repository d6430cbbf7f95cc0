import { type Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

/** Where stacks are deployed that do not say it themselves. */
export const ENV = { account: '111111111111', region: 'eu-west-1' };

// biome-ignore lint/suspicious/noExplicitAny: a template can hold anything
type Resource = { Type: string; Properties: any; [attribute: string]: any };

/**
 * The resources of a stack as CloudFormation sees them, with references and functions worked out.
 *
 * @param name What its outermost stack is deployed under
 */
export function deployed(stack: Stack, name = outermost(stack).stackName): Record<string, Resource> {
  const { Resources = {} } = Template.fromStack(stack).toJSON();
  return evaluate(Resources, { ...pseudoParameters(stack, name), ...parameters(stack, name) }) as Record<
    string,
    Resource
  >;
}

/** The one resource of a type. */
export function onlyDeployed(stack: Stack, type: string, name?: string): Resource {
  const found = Object.values(deployed(stack, name)).filter(({ Type }) => Type === type);
  expect(found).toHaveLength(1);
  return found[0];
}

function outermost(stack: Stack): Stack {
  return stack.nestedStackParent ? outermost(stack.nestedStackParent) : stack;
}

/** What CloudFormation calls a nested stack; another one has another id. */
function deployedName(stack: Stack, name: string): string {
  if (!stack.nestedStackParent || !stack.nestedStackResource) return name;
  const parent = deployedName(stack.nestedStackParent, name);
  return `${parent}-${stack.nestedStackParent.resolve(stack.nestedStackResource.logicalId)}-RANDOM`;
}

function pseudoParameters(stack: Stack, name: string): Record<string, string> {
  const own = deployedName(stack, name);
  const account = Token.isUnresolved(stack.account) ? ENV.account : stack.account;
  const region = Token.isUnresolved(stack.region) ? ENV.region : stack.region;
  return {
    'AWS::AccountId': account,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': own,
    'AWS::StackId': `arn:aws:cloudformation:${region}:${account}:stack/${own}/1`,
  };
}

/** What the stack around a nested one passes to it. */
function parameters(stack: Stack, name: string): Record<string, string> {
  const parent = stack.nestedStackParent;
  if (!parent || !stack.nestedStackResource) return {};
  return deployed(parent, name)[parent.resolve(stack.nestedStackResource.logicalId)].Properties.Parameters ?? {};
}

/**
 * What CloudFormation makes of an expression.
 *
 * @param known What the logical ids refer to, and the attributes as `LogicalId.Attribute`; others stand for themselves
 */
export function evaluate(expression: unknown, known: Record<string, string>): unknown {
  if (Array.isArray(expression)) return expression.map((item) => evaluate(item, known));
  if (typeof expression !== 'object' || expression === null) return expression;
  const {
    Ref,
    'Fn::GetAtt': attribute,
    ...others
  } = expression as Record<string, string> & { 'Fn::GetAtt'?: string[] };
  if (Ref !== undefined) return known[Ref] ?? Ref;
  if (attribute) return known[attribute.join('.')] ?? attribute.join('.');
  const [[operation, operands] = ['', undefined]] = Object.entries(others);
  const [first, second] = /^Fn::(Join|Split|Select)$/.test(operation) ? (evaluate(operands, known) as unknown[]) : [];
  if (operation === 'Fn::Join') return (second as string[]).join(first as string);
  if (operation === 'Fn::Split') return (second as string).split(first as string);
  if (operation === 'Fn::Select') return (second as string[])[Number(first)];
  return Object.fromEntries(Object.entries(others).map(([name, member]) => [name, evaluate(member, known)]));
}

/** All resources of a stack of that type. */
export function deployedOf(stack: Stack, type: string, name?: string): Record<string, Resource> {
  return Object.fromEntries(Object.entries(deployed(stack, name)).filter(([, { Type }]) => Type === type));
}
