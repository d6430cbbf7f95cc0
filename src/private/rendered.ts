import { type CfnResource, Stack } from 'aws-cdk-lib';

/**
 * The properties of a resource as its template has them.
 *
 * What the construct says is not the last word: `addPropertyOverride()` and its like take effect beside it.
 */
export function renderedProperties(resource: CfnResource): Record<string, unknown> {
  const { Resources } = Stack.of(resource).resolve(resource._toCloudFormation()) as Rendered;
  return Object.values(Resources)[0].Properties ?? {};
}

interface Rendered {
  readonly Resources: Record<string, { readonly Properties?: Record<string, unknown> }>;
}
