import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Tells cdk-nag why the policy of a role names more resources than one.
 *
 * Written as metadata, where `Validations.acknowledge()` writes as well: that method refuses ids with two colons up to
 * aws-cdk-lib 2.263, and cdk-nag's finding on a resource has no other.
 *
 * @param role Whose policy it is
 * @param resource The resource of the statement
 * @param reason What limits the statement instead
 */
export function acknowledgeWildcard(role: IConstruct, resource: string, reason: string): void {
  const id = `AwsSolutions-IAM5[Resource::${asNagPrints(Stack.of(role).resolve(resource))}]`;
  role.node.addMetadata(Validations.ACKNOWLEDGED_RULES_METADATA_KEY, { [id]: reason });
}

/** A resolved ARN, with what only the deployment knows in angle brackets. */
function asNagPrints(arn: unknown): string {
  if (typeof arn === 'string') return arn;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = arn as Intrinsic;
  return join ? join[1].map(asNagPrints).join(join[0]) : `<${Ref ?? attribute?.join('.')}>`;
}

interface Intrinsic {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: [string, string];
  readonly 'Fn::Join'?: [string, unknown[]];
}
