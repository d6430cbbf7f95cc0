import { App, RemovalPolicies, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AuroraPostgresEngineVersion,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
  DatabaseInstance,
  DatabaseInstanceEngine,
  PostgresEngineVersion,
} from 'aws-cdk-lib/aws-rds';
import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { ExistingSecretPolicy, SecretRecovery } from '../src';
import { deployed } from './support/deployed';

const NAME = 'DatabaseSecret3B817195-Qx7Yb2Lm9Zt4';
const ARN = `arn:aws:secretsmanager:eu-west-1:111111111111:secret:${NAME}-AbCdEf`;
const VPC = (stack: Stack) => new Vpc(stack, 'Vpc');

const DATABASES: [string, (stack: Stack) => DatabaseInstance | DatabaseCluster][] = [
  ['an instance', (stack) => instance(stack)],
  ['an instance with a user name', (stack) => instance(stack, Credentials.fromGeneratedSecret('admin'))],
  [
    'a cluster',
    (stack) =>
      new DatabaseCluster(stack, 'Database', {
        engine: DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.VER_16_1 }),
        writer: ClusterInstance.serverlessV2('Writer'),
        vpc: VPC(stack),
      }),
  ],
];

function instance(stack: Stack, credentials?: Credentials): DatabaseInstance {
  const engine = DatabaseInstanceEngine.postgres({ version: PostgresEngineVersion.VER_16 });
  return new DatabaseInstance(stack, 'Database', { engine, credentials, vpc: VPC(stack) });
}

// As docs/migration.md says it.
test.each(DATABASES)('the secret of %s can be adopted with nothing else changed', (_, make) => {
  const resourcesOf = (adopts: boolean) => {
    const stack = new Stack(new App(), 'Shop');
    const database = make(stack);
    RemovalPolicies.of(database).retain({ applyToResourceTypes: ['AWS::SecretsManager::Secret'] });
    const secret = database.node.findChild('Secret').node.defaultChild as CfnSecret;
    if (adopts) {
      secret.name = NAME;
      secret.overrideLogicalId('RecoverableDatabaseSecret');
      new SecretRecovery({ existingSecretPolicy: ExistingSecretPolicy.ADOPT }).applyTo(secret);
    }
    const logicalId = stack.resolve(secret.logicalId);
    // Both resources are the same secret.
    const text = JSON.stringify(deployed(stack)).replaceAll(`:${logicalId}:`, `:${ARN}:`);
    const { [logicalId]: resource, ...others } = JSON.parse(
      text.replaceAll(`"SecretId":"${logicalId}"`, `"SecretId":"${ARN}"`),
    );
    return { type: resource.Type, others };
  };
  const [before, after] = [resourcesOf(false), resourcesOf(true)];
  const provider = Object.entries(after.others).filter(([logicalId]) => logicalId.startsWith('SecretRecoveryProvider'));
  expect([before.type, after.type]).toEqual(['AWS::SecretsManager::Secret', 'Custom::RecoverableSecret']);
  expect(after.others).toEqual({ ...before.others, ...Object.fromEntries(provider) });
  expect(JSON.stringify(before.others)).toContain(ARN);
});
