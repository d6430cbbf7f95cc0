import { createHash } from 'node:crypto';
import { type CfnElement, Fn, Stack } from 'aws-cdk-lib';
import { deployedStackName } from './outermost-stack';

/**
 * A name that changes exactly when CloudFormation would take the resource for another one: it is made of the name of
 * the outermost stack and of the logical ids that lead to the resource. To be called when those are final.
 *
 * It has exactly one hyphen: `Secret.secretName` of aws-cdk-lib cuts the name out of the ARN by counting the
 * hyphens, and counts one when no name was given. What follows the hyphen is longer than six characters, which
 * Secrets Manager could take for the suffix of an ARN.
 *
 * @param stackName The name that the outermost stack is deployed under, and by default a token for it
 */
export function defaultSecretName(resource: CfnElement, stackName = deployedStackName(resource)): string {
  const ids: string[] = [];
  let element: CfnElement | undefined = resource;
  let stack = Stack.of(resource);
  while (element) {
    ids.unshift(stack.resolve(element.logicalId));
    element = stack.nestedStackResource;
    stack = element ? Stack.of(element) : stack;
  }
  const hash = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 12);
  // CDK's logical ids end in eight digits that nobody reads.
  const readable = ids[ids.length - 1].replace(/(?<=.)[0-9A-F]{8}$/, '');
  return `${Fn.join('_', Fn.split('-', stackName))}/${readable}-${hash}`;
}

/** What is wrong with a name that is known at synthesis. */
export function secretNameError(name: unknown): string | undefined {
  if (typeof name === 'string' && /^[A-Za-z0-9/_+=.@!-]{1,512}$/.test(name)) return undefined;
  return `secretName must be 1 to 512 characters out of A-Z a-z 0-9 / _ + = . @ ! -, got: '${name}'`;
}

/** Whether a partial ARN of this name would be mistaken for a complete one (RestoreSecret, API reference). */
export function looksLikeArnSuffix(name: string): boolean {
  return /-[A-Za-z0-9]{6}$/.test(name);
}
