import { Stack, Token } from 'aws-cdk-lib';
import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { RegionInfo } from 'aws-cdk-lib/region-info';

/** The regions of the replicas, as far as they are known at synthesis. */
export function replicaRegions({ ReplicaRegions: replicas }: Readonly<Record<string, unknown>>): string[] {
  if (!Array.isArray(replicas)) return [];
  return replicas.map((replica) => replica?.Region).filter((region) => typeof region === 'string');
}

/** What is wrong with the regions of the replicas, which AWS would say in the middle of the deployment, or not at all. */
export function replicaErrors(secret: CfnSecret, properties: Readonly<Record<string, unknown>>): string[] {
  const { region: home } = Stack.of(secret);
  const partition = Token.isUnresolved(home) ? undefined : RegionInfo.get(home).partition;
  return replicaRegions(properties).flatMap((region) => {
    const there = RegionInfo.get(region).partition;
    if (there === undefined) {
      return [
        `replicaRegions must be regions that the CDK knows, got: '${region}'; if it is a new one, update aws-cdk-lib, or ` +
          'register it with Fact.register()',
      ];
    }
    if (region === home) return [`replicaRegions must be other regions than that of the stack, got: '${region}'`];
    if (partition === undefined || there === partition) return [];
    return [
      `replicaRegions must be of the partition of the stack (${home} in ${partition}), got: '${region}' in ${there}`,
    ];
  });
}
