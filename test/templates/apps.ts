import { App, Duration, type Environment, Mixins, RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AccountPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { DatabaseSecret } from 'aws-cdk-lib/aws-rds';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import {
  ExistingSecretPolicy,
  RecoverableSecret,
  RestoredValue,
  RestorePolicy,
  SecretDeletionMonitor,
  SecretRecovery,
  SecretRecoveryProvider,
} from '../../src';

/** The least that an app can say. */
export function minimalApp(env?: Environment): App {
  const app = new App();
  new RecoverableSecret(new Stack(app, 'Shop', { env }), 'Secret');
  const monitor = new SecretDeletionMonitor(new Stack(app, 'Operations', { env }), 'Monitor');
  monitor.topic.addSubscription(new EmailSubscription('operations@example.com'));
  return app;
}

/** Every class with every prop, but for those that exclude another one. */
export function fullApp(env: Environment & { replica: string }): App {
  const app = new App();
  const sharedStack = new Stack(app, 'Shared', { env });
  const shared = new SecretRecoveryProvider(sharedStack, 'Provider', {
    logGroup: LogGroup.fromLogGroupName(sharedStack, 'Log', 'secret-recovery'),
  });

  const shop = new Stack(app, 'Shop', { env, tags: { team: 'shop' } });
  const reader = new Role(shop, 'Reader', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  const encryptionKey = new Key(shop, 'Key', { enableKeyRotation: true, removalPolicy: RemovalPolicy.RETAIN });
  const secret = new RecoverableSecret(shop, 'Secret', {
    secretName: 'shop/secret',
    description: 'Every prop',
    encryptionKey,
    generateSecretString: { secretStringTemplate: '{"username":"shop"}', generateStringKey: 'password' },
    replicaRegions: [{ region: env.replica }],
    recoveryWindow: Duration.days(7),
    restorePolicy: RestorePolicy.ALWAYS,
    existingSecretPolicy: ExistingSecretPolicy.ADOPT,
    restoredValue: RestoredValue.REGENERATE,
    owner: 'shop',
    provider: shared,
  });
  secret.grantRead(reader);
  secret.grantRead(new AccountPrincipal('222222222222'));
  secret.addRotationSchedule('Rotation', {
    rotationLambda: LambdaFunction.fromFunctionName(shop, 'Rotator', 'rotator'),
    automaticallyAfter: Duration.days(30),
  });
  new RecoverableSecret(shop, 'TakenOver', {
    secretName: 'shop/taken-over',
    restorePolicy: RestorePolicy.ALWAYS,
    existingSecretPolicy: ExistingSecretPolicy.ADOPT,
  });
  new RecoverableSecret(shop, 'Declared', {
    secretObjectValue: { host: SecretValue.unsafePlainText('db.example.com') },
    restorePolicy: RestorePolicy.NEVER,
    existingSecretPolicy: ExistingSecretPolicy.FAIL,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  new RecoverableSecret(shop, 'Forced', { forceDeleteWithoutRecovery: true });
  const database = new DatabaseSecret(shop, 'Database', { username: 'shop' });
  Mixins.of(database).apply(new SecretRecovery({ recoveryWindow: Duration.days(14) }));

  const operations = new Stack(app, 'Operations', { env });
  const pager = Topic.fromTopicArn(operations, 'Pager', operations.formatArn({ service: 'sns', resource: 'pager' }));
  const monitor = new SecretDeletionMonitor(operations, 'Monitor', {
    alarmActions: [new SnsAction(pager)],
    encryptionKey: new Key(operations, 'Key', { enableKeyRotation: true }),
    cloudTrailLogGroup: LogGroup.fromLogGroupName(operations, 'Trail', 'trail'),
    perSecretAlarm: true,
    secretNamePrefix: 'shop/',
    secrets: [secret],
    lifecycleNotices: true,
    includeAccessDenied: true,
    includeBatchGetSecretValue: true,
    includeDescribeSecret: true,
    period: Duration.minutes(1),
    dashboard: true,
  });
  monitor.topic.addSubscription(new EmailSubscription('operations@example.com'));
  return app;
}
