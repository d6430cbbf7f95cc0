import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Those with a rule against inline policies. */
const PACKS_AGAINST_INLINE_POLICIES = ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'];

/** Tells cdk-nag why the policy below a construct is inline. */
export function acknowledgeInlinePolicy(construct: IConstruct, reason: string): void {
  for (const pack of PACKS_AGAINST_INLINE_POLICIES) acknowledge(construct, `${pack}-IAMNoInlinePolicy`, reason);
}

/**
 * Tells cdk-nag why the policy below a construct names more resources than one.
 *
 * @param construct Whose policy it is
 * @param resource The resource of the statement
 * @param reason What limits the statement instead
 */
export function acknowledgeWildcard(construct: IConstruct, resource: string, reason: string): void {
  const printed = asNagPrints(Stack.of(construct).resolve(resource));
  acknowledge(construct, `AwsSolutions-IAM5[Resource::${printed}]`, reason);
}

/**
 * Written as metadata, where `Validations.acknowledge()` writes as well: that method refuses ids with two colons up to
 * aws-cdk-lib 2.263, and cdk-nag's finding on a resource has no other.
 */
function acknowledge(construct: IConstruct, id: string, reason: string): void {
  construct.node.addMetadata(Validations.ACKNOWLEDGED_RULES_METADATA_KEY, { [id]: reason });
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
