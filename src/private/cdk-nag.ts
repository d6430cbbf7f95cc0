import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Those of regulators, with more rules than AwsSolutions. */
const REGULATORS = ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'];

/** Tells cdk-nag why the policy below a construct is inline. */
export function acknowledgeInlinePolicy(construct: IConstruct, reason: string): void {
  for (const pack of REGULATORS) acknowledge(construct, `${pack}-IAMNoInlinePolicy`, reason);
}

/** Tells cdk-nag why a log group has no key of its own. */
export function acknowledgeKeylessLog(construct: IConstruct, reason: string): void {
  for (const pack of REGULATORS) acknowledge(construct, `${pack}-CloudWatchLogGroupEncrypted`, reason);
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

/** Where `Validations.acknowledge()` writes as well, which not every version of the CDK has, or takes every id in. */
const ACKNOWLEDGED = 'aws:cdk:acknowledged-rules';

/** Tells cdk-nag why a rule does not apply below a construct. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  construct.node.addMetadata(ACKNOWLEDGED, { [id]: reason });
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
