import { Reference, Stack, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { outermostStack } from './outermost-stack';

/**
 * What names the function of a provider in the stack of `scope`.
 *
 * From another stack by an export, which is what a plain reference becomes unless the app says otherwise: the function
 * must not go before the secrets, and the CDK has no question about how strong the reference shall be.
 */
export function serviceTokenIn(scope: IConstruct, serviceToken: string): string {
  const token = Tokenization.reverse(serviceToken, { failConcat: false });
  if (!Reference.isReference(token)) return serviceToken;
  const [there, here] = [Stack.of(token.target), outermostStack(scope)];
  // What a nested stack hands up, and what cannot be exported to another environment, the CDK knows best.
  if (there === here || there.nested || there.environment !== here.environment) return serviceToken;
  scope.node.addDependency(token.target);
  return there.exportValue(serviceToken);
}
