import { isOpen, open, openIn } from './open';
import type { Template } from './template';

/** What an expression of a template can refer to. */
export interface Scope {
  readonly template: Template;
  /** Parameters and pseudo parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Ids of resources; undefined for one that does not exist yet. */
  readonly physicalId: (logicalId: string) => string | undefined;
  readonly attribute: (logicalId: string, attribute: string) => string | undefined;
  readonly exports: ReadonlyMap<string, string>;
}

/**
 * Works out what CloudFormation makes of an expression.
 *
 * @returns The value without what `AWS::NoValue` takes away, with open places for what only the deployment knows
 */
export function evaluate(expression: unknown, scope: Scope): unknown {
  if (Array.isArray(expression)) {
    return expression.map((item) => evaluate(item, scope)).filter((item) => item !== undefined);
  }
  if (typeof expression === 'string') return withOpenReferences(expression);
  if (typeof expression !== 'object' || expression === null) return expression;
  const entries = Object.entries(expression);
  const [[name, argument] = ['', undefined]] = entries;
  if (entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'))) {
    return withOpenReferences(call(name, argument, scope));
  }
  const members = entries.map(([key, member]) => [key, evaluate(member, scope)]);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

/** CloudFormation asks another service for a dynamic reference. It can be put together from parts. */
function withOpenReferences(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\{\{resolve:[^}]*\}\}/g, (reference) => open(reference)) : value;
}

/** Whether a condition of the template is met; undefined when only the deployment knows. */
export function isMet(condition: string, scope: Scope): boolean | undefined {
  return condition in (scope.template.Conditions ?? {})
    ? truth(scope.template.Conditions?.[condition], scope)
    : undefined;
}

function call(name: string, argument: unknown, scope: Scope): unknown {
  switch (name) {
    case 'Ref':
      return reference(String(argument), scope);
    case 'Fn::GetAtt': {
      const [logicalId, ...attribute] = Array.isArray(argument) ? argument : String(argument).split('.');
      return attributeOf(logicalId, attribute.map((part) => evaluate(part, scope)).join('.'), scope);
    }
    case 'Fn::ImportValue': {
      const exported = evaluate(argument, scope);
      return scope.exports.get(String(exported)) ?? open(`export ${exported}`);
    }
    case 'Fn::Sub':
      return substitute(argument, scope);
    case 'Fn::Join': {
      const [separator, parts] = evaluate(argument, scope) as [string, unknown];
      return Array.isArray(parts) ? parts.join(separator) : unresolved(name, [separator, parts]);
    }
    case 'Fn::Split': {
      const [separator, text] = evaluate(argument, scope) as [string, string];
      return isOpen(text) ? unresolved(name, [separator, text]) : text.split(separator);
    }
    case 'Fn::Select': {
      const [index, list] = evaluate(argument, scope) as [unknown, unknown];
      return (Array.isArray(list) ? list[Number(index)] : undefined) ?? unresolved(name, [index, list]);
    }
    case 'Fn::If': {
      const [condition, then, otherwise] = argument as [string, unknown, unknown];
      const met = isMet(condition, scope);
      const both = () => [condition, evaluate(then, scope), evaluate(otherwise, scope)];
      return met === undefined ? open(`condition ${condition}`, both()) : evaluate(met ? then : otherwise, scope);
    }
    case 'Fn::FindInMap':
      return findInMap(evaluate(argument, scope) as unknown[], scope);
    case 'Fn::Base64': {
      const text = String(evaluate(argument, scope));
      return isOpen(text) ? unresolved(name, text) : Buffer.from(text).toString('base64');
    }
    default:
      return unresolved(name, evaluate(argument, scope));
  }
}

/** A function that only CloudFormation can carry out, or of which an argument is not known. */
function unresolved(name: string, argument: unknown): string {
  return open(openIn(argument).join(', ') || name, [name, argument]);
}

function reference(name: string, scope: Scope): unknown {
  if (name === 'AWS::NoValue') return undefined;
  return scope.parameters[name] ?? scope.physicalId(name) ?? open(name);
}

function attributeOf(logicalId: string, attribute: string, scope: Scope): string {
  return scope.attribute(logicalId, attribute) ?? open(`${logicalId}.${attribute}`);
}

function substitute(argument: unknown, scope: Scope): string {
  const [text, variables = {}] = (Array.isArray(argument) ? argument : [argument]) as [
    string,
    Record<string, unknown>?,
  ];
  return text.replace(/\$\{([^}]+)\}/g, (all, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    const value = name in variables ? evaluate(variables[name], scope) : named(name, scope);
    return value === undefined ? all : String(value);
  });
}

function named(name: string, scope: Scope): unknown {
  const [logicalId, ...attribute] = name.split('.');
  return attribute.length > 0 ? attributeOf(logicalId, attribute.join('.'), scope) : reference(name, scope);
}

function findInMap([map, first, second, options]: unknown[], scope: Scope): unknown {
  const keys = [map, first, second].map(String);
  if (isOpen(keys)) return unresolved('Fn::FindInMap', keys);
  let found: unknown = scope.template.Mappings;
  for (const key of keys) found = (found as Record<string, unknown> | undefined)?.[key];
  return (
    found ?? (options as { DefaultValue?: unknown } | undefined)?.DefaultValue ?? open(`mapping ${keys.join('.')}`)
  );
}

function truth(expression: unknown, scope: Scope): boolean | undefined {
  const [[name, argument]] = Object.entries(expression as Record<string, unknown>);
  const each = () => (argument as unknown[]).map((item) => truth(item, scope));
  switch (name) {
    case 'Condition':
      return isMet(String(argument), scope);
    case 'Fn::Not': {
      const [inner] = each();
      return inner === undefined ? undefined : !inner;
    }
    case 'Fn::And':
      return each().includes(false) ? false : each().includes(undefined) ? undefined : true;
    case 'Fn::Or':
      return each().includes(true) ? true : each().includes(undefined) ? undefined : false;
    case 'Fn::Equals': {
      const [left, right] = (evaluate(argument, scope) as unknown[]).map(String);
      if (left === right) return true;
      return isOpen([left, right]) ? undefined : false;
    }
    default:
      return undefined;
  }
}
