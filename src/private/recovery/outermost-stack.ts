import { ScopedAws, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * The stack that a person deploys: nested stacks get a new random name with every deployment, so whatever must
 * stay the same comes from here.
 */
export function outermostStack(scope: IConstruct): Stack {
  let stack = Stack.of(scope);
  while (stack.nestedStackParent) stack = stack.nestedStackParent;
  return stack;
}

/**
 * The name that the outermost stack is deployed under, a token: one template can be deployed under several names. The
 * CDK hands it down to nested stacks as a parameter.
 */
export function deployedStackName(scope: IConstruct): string {
  return new ScopedAws(outermostStack(scope)).stackName;
}

/**
 * The name that the app gives to the outermost stack; undefined where others decide about it, as they do about the
 * products of a Service Catalog and about stack sets.
 */
export function synthesizedStackName(scope: IConstruct): string | undefined {
  const stack = outermostStack(scope);
  return /\.(product|stackset)\.template\.json$/.test(stack.templateFile) ? undefined : stack.stackName;
}
