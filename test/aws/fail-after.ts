import { CfnWaitCondition, CfnWaitConditionHandle, type Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Valid, so that the deployment starts, and never fulfilled. */
export function failAfter(stack: Stack, what: IConstruct): void {
  const handle = new CfnWaitConditionHandle(stack, 'Handle');
  const never = new CfnWaitCondition(stack, 'Never', { handle: handle.ref, timeout: '1' });
  never.node.addDependency(what);
}
