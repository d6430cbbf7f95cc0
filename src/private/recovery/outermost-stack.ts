import { Stack } from 'aws-cdk-lib';
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
