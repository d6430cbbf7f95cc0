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

interface Rendered {
  readonly Resources?: Record<string, RenderedResource>;
}
