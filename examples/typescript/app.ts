import { App, Duration, Mixins, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as rds from 'aws-cdk-lib/aws-rds';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { RecoverableSecret, SecretDeletionMonitor, SecretRecovery } from 'cdk-recoverable-secret';

class ShopStack extends Stack {
  constructor(scope: App, id: string) {
    super(scope, id);

    // A secret of your own: RecoverableSecret in place of secretsmanager.Secret.
    const apiKey = new RecoverableSecret(this, 'ApiKey', {
      secretName: 'shop/api-key',
      recoveryWindow: Duration.days(14),
    });

    // A secret that another construct makes: apply the mixin to that construct.
    const database = new rds.DatabaseInstance(this, 'Database', {
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_16 }),
      vpc: new ec2.Vpc(this, 'Vpc', { natGateways: 0 }),
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      storageEncrypted: true,
    });
    Mixins.of(database).apply(new SecretRecovery({ recoveryWindow: Duration.days(30) }));

    // Grants work as with any other secret.
    const orders = new lambda.Function(this, 'Orders', {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline('exports.handler = async () => {};'),
      environment: { API_KEY_ARN: apiKey.secretArn },
    });
    apiKey.grantRead(orders);
    database.secret?.grantRead(orders);
  }
}

/** Stays when the shop goes: says who still needs a secret that is scheduled for deletion. */
class OperationsStack extends Stack {
  constructor(scope: App, id: string) {
    super(scope, id);

    const monitor = new SecretDeletionMonitor(this, 'SecretDeletionMonitor');
    monitor.topic.addSubscription(new EmailSubscription('operations@example.com'));
  }
}

const app = new App();
new ShopStack(app, 'Shop');
new OperationsStack(app, 'Operations');
app.synth();
