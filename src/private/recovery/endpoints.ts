import { Resource, Stack } from 'aws-cdk-lib';
import { CfnVPCEndpoint, type IVpc, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';

/** Whom the function talks to; S3 takes its answers to CloudFormation. */
const SERVICES = ['secretsmanager', 'kms', 'cloudformation', 's3'];

/** What a function in these subnets cannot reach; nothing for a VPC that another app has made, and may have endpoints. */
export function missingEndpoints(vpc: IVpc, subnets?: SubnetSelection): string[] {
  const isolated = new Set(vpc.isolatedSubnets.map(({ subnetId }) => subnetId));
  const { subnetIds } = vpc.selectSubnets(subnets);
  if (!Resource.isOwnedResource(vpc) || !subnetIds.some((id) => isolated.has(id))) return [];
  const names = vpc.node.root.node
    .findAll()
    // Without private DNS the function does not know where an endpoint is.
    .filter((node) => node instanceof CfnVPCEndpoint && node.vpcId === vpc.vpcId && node.privateDnsEnabled !== false)
    .map((endpoint) => JSON.stringify(Stack.of(endpoint).resolve((endpoint as CfnVPCEndpoint).serviceName)));
  return SERVICES.filter((service) => !names.some((name) => new RegExp(`\\.${service}\\W*$`).test(name)));
}
