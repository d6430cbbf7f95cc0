import type { IConstruct } from 'constructs';

/** Says where in the app something cannot be, as `[path] message`. */
export function error(scope: IConstruct, message: string): Error {
  return new Error(`[${scope.node.path}] ${message}`);
}
