import { type CfnResource, Stack } from 'aws-cdk-lib';

/**
 * A resource as its template has it.
 *
 * What the construct says is not the last word: `addPropertyOverride()` and its like take effect beside it.
 */
export interface RenderedResource {
  readonly Type?: unknown;
  readonly Properties?: Record<string, unknown>;
  readonly DeletionPolicy?: unknown;
  readonly UpdateReplacePolicy?: unknown;
}

export function renderedResource(resource: CfnResource): RenderedResource {
  const { Resources = {} } = Stack.of(resource).resolve(resource._toCloudFormation()) as Rendered;
  return Object.values(Resources)[0] ?? {};
}

export function renderedProperties(resource: CfnResource): Record<string, unknown> {
  return renderedResource(resource).Properties ?? {};
}

/** What a value can be where conditions choose it; itself where none does. */
export function branchesOf(value: unknown): unknown[] {
  const choice = typeof value === 'object' && value !== null ? (value as { 'Fn::If'?: unknown })['Fn::If'] : undefined;
  return Array.isArray(choice) ? choice.slice(1).flatMap(branchesOf) : [value];
}

/** Whether the value takes its property away. */
export function isNoValue(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { Ref?: unknown }).Ref === 'AWS::NoValue';
}

/** Whether two parts of a template are the same. */
export function sameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

interface Rendered {
  readonly Resources?: Record<string, RenderedResource>;
}
