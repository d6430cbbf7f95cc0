import { App, CfnOutput, CliCredentialsStackSynthesizer, Duration, Mixins, Stack } from 'aws-cdk-lib';
import { DatabaseSecret } from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
// In your own app: from 'cdk-recoverable-secret'.
import { RecoverableSecret, SecretRecovery } from '../src';

const app = new App();
// Only for the emulator: it denies the roles of the default synthesizer the bucket for assets.
const stack = new Stack(app, 'Shop', { synthesizer: new CliCredentialsStackSynthesizer() });

const api = new RecoverableSecret(stack, 'ApiKey', {
  secretName: 'shop/key',
  recoveryWindow: Duration.days(7),
});

const database = new DatabaseSecret(stack, 'Db', { username: 'shop' });
Mixins.of(database).apply(new SecretRecovery({ recoveryWindow: Duration.days(14) }));

const plain = new Secret(stack, 'Plain', { secretName: 'shop/plain' });

new CfnOutput(stack, 'ApiKeyId', { value: api.secretArn });
new CfnOutput(stack, 'ApiKeyOutcome', { value: api.outcome });
new CfnOutput(stack, 'DatabaseId', { value: database.secretArn });
new CfnOutput(stack, 'PlainId', { value: plain.secretArn });
