import { CfnResource, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Says where in the app something cannot be, as `[path] message`. */
export function error(scope: IConstruct, message: string): Error {
  return new Error(`[${pathOf(scope)}] ${message}`);
}

/** The path of what the app's own code has made. */
export function pathOf(construct: IConstruct): string {
  return written(construct).node.path;
}

/** What the app's own code has made: for the resource that an L2 makes for itself, that L2. */
export function written(construct: IConstruct): IConstruct {
  const { id, scope } = construct.node;
  const ofL2 = id === 'Resource' && CfnResource.isCfnResource(construct) && scope && !Stack.isStack(scope);
  return ofL2 ? scope : construct;
}
