import { Stack, Token } from 'aws-cdk-lib';
import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { renderedProperties, sameJson } from '../rendered';
import { defaultSecretName } from './name';
import { outermostStack, synthesizedStackName } from './outermost-stack';

/**
 * The name of a secret as far as the app knows it: a string, or what is left for the deployment to find out; undefined
 * when it has none.
 *
 * @param name What its template says
 */
export function synthesizedSecretName(secret: CfnSecret, name = renderedProperties(secret).Name): unknown {
  const stack = Stack.of(secret);
  const stackName = synthesizedStackName(secret);
  // In a nested stack the default one becomes a parameter, but not before the app is complete.
  const isDefault = stackName !== undefined && sameJson(name, stack.resolve(defaultSecretName(secret)));
  return isDefault ? stack.resolve(defaultSecretName(secret, stackName)) : evaluated(name, stack);
}

/**
 * What is known of an expression under the names that the app gives to its stacks. What stays unknown differs from
 * stack to stack, so that equal results are equal values.
 */
export function evaluated(expression: unknown, stack: Stack): unknown {
  if (Array.isArray(expression)) return expression.map((item) => evaluated(item, stack));
  if (typeof expression !== 'object' || expression === null) return expression;
  const entries = Object.entries(expression);
  const [[key, argument]] = [...entries, ['', undefined]];
  switch (key) {
    case 'Ref':
      return evaluatedRef(argument, stack);
    case 'Fn::GetAtt':
      return { [key]: [stack.node.path, argument] };
    case 'Fn::Join': {
      const [delimiter, parts] = evaluated(argument, stack) as [string, unknown];
      if (!Array.isArray(parts)) return { [key]: [delimiter, parts] };
      const text = delimiter === '' ? inOneLevel(parts) : parts;
      return text.every((part) => typeof part === 'string') ? text.join(delimiter) : { [key]: [delimiter, text] };
    }
    case 'Fn::Split': {
      const [delimiter, text] = evaluated(argument, stack) as [string, unknown];
      return typeof text === 'string' ? text.split(delimiter) : { [key]: [delimiter, text] };
    }
    case 'Fn::Sub':
      return evaluated({ 'Fn::Join': ['', substituted(argument)] }, stack);
    // Tables and conditions of one name can differ between templates.
    case 'Fn::FindInMap':
    case 'Fn::If':
      return { [key]: [stack.node.path, evaluated(argument, stack)] };
    default:
      return Object.fromEntries(entries.map(([name, member]) => [name, evaluated(member, stack)]));
  }
}

/** What is joined, whether it was put together in one step or in several. */
function inOneLevel(parts: unknown[]): unknown[] {
  const merged: unknown[] = [];
  for (const part of parts) {
    const [delimiter, inner] = (part as { 'Fn::Join'?: [string, unknown] })['Fn::Join'] ?? [];
    for (const each of delimiter === '' && Array.isArray(inner) ? inner : [part]) {
      const last = merged[merged.length - 1];
      if (typeof last === 'string' && typeof each === 'string') merged[merged.length - 1] = last + each;
      else merged.push(each);
    }
  }
  return merged;
}

/** The parts of a text with `${Name}`, `${Name.Attribute}`, and `${!what stands for itself}`. */
function substituted(argument: unknown): unknown[] {
  const [text, variables = {}] = [argument].flat() as [string, Record<string, unknown>?];
  const parts = text.split(/(\$\{[^}]+\})/).filter((part) => part !== '');
  return parts.map((part) => {
    const name = /^\$\{(.+)\}$/.exec(part)?.[1].trim();
    if (name === undefined) return part;
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (name in variables) return variables[name];
    const [logicalId, ...attribute] = name.split('.');
    return attribute.length > 0 ? { 'Fn::GetAtt': [logicalId, attribute.join('.')] } : { Ref: name };
  });
}

function evaluatedRef(id: string, stack: Stack): unknown {
  const known: Record<string, string | undefined> = {
    'AWS::StackName': stack === outermostStack(stack) ? synthesizedStackName(stack) : undefined,
    'AWS::Region': stack.region,
    'AWS::AccountId': stack.account,
  };
  const value = known[id];
  if (value !== undefined && !Token.isUnresolved(value)) return value;
  const handedDown = parameterOf(stack, id);
  if (handedDown && stack.nestedStackParent) return evaluated(handedDown.value, stack.nestedStackParent);
  // The other pseudo parameters are the same in all stacks of an environment.
  return /^AWS::(?!Stack)/.test(id) ? { Ref: id } : { Ref: `${stack.node.path}/${id}` };
}

/** What the stack around a nested one passes to it as a parameter. */
function parameterOf(stack: Stack, id: string): { value: unknown } | undefined {
  const parameters = stack.nestedStackResource && renderedProperties(stack.nestedStackResource).Parameters;
  const value = (parameters as Record<string, unknown> | undefined)?.[id];
  return value === undefined ? undefined : { value };
}
