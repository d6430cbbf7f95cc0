import {
  App,
  Duration,
  type Environment,
  type IPropertyInjector,
  type IReusableStackSynthesizer,
  Mixins,
  RemovalPolicy,
  SecretValue,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { AccountPrincipal, ManagedPolicy, PermissionsBoundary, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DatabaseSecret } from 'aws-cdk-lib/aws-rds';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import {
  ExistingSecretPolicy,
  GeneratedValue,
  RecoverableSecret,
  type RecoverableSecretProps,
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

/**
 * An app of a company with rules: development and production, everything in a VPC and encrypted, roles with a boundary,
 * and one provider for the stacks of a stage.
 *
 * @param synthesizer Of every stack, the default one if none is given
 */
export function regulatedApp(env: Environment, synthesizer?: IReusableStackSynthesizer): App {
  const zones = ['a', 'b'].map((zone) => `${env.region}${zone}`);
  const app = new App({
    defaultStackSynthesizer: synthesizer,
    context: { [`availability-zones:account=${env.account}:region=${env.region}`]: zones },
  });
  const stages = {
    Dev: new Stage(app, 'Dev', { env, propertyInjectors: [new SecretDefaults({ recoveryWindow: Duration.days(7) })] }),
    Prod: new Stage(app, 'Prod', { env }),
  };
  for (const [name, stage] of Object.entries(stages)) {
    const platform = new Stack(stage, 'Platform');
    const key = new Key(platform, 'Key', { enableKeyRotation: true, removalPolicy: RemovalPolicy.RETAIN });
    key.grantEncryptDecrypt(new ServicePrincipal('logs.amazonaws.com'));
    const vpc = new Vpc(platform, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.0.0.0/16'),
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED }],
    });
    const { SECRETS_MANAGER, KMS, CLOUDFORMATION } = InterfaceVpcEndpointAwsService;
    const inside = new SecurityGroup(platform, 'Endpoints', { vpc });
    inside.addIngressRule(Peer.ipv4('10.0.0.0/16'), Port.HTTPS);
    for (const service of [SECRETS_MANAGER, KMS, CLOUDFORMATION]) {
      vpc.addInterfaceEndpoint(service.shortName, { service, securityGroups: [inside], open: false });
    }
    vpc.addGatewayEndpoint('s3', { service: GatewayVpcEndpointAwsService.S3 });
    const provider = new SecretRecoveryProvider(platform, 'Provider', {
      owners: [`${name}-*`],
      role: new Role(platform, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      environmentEncryption: key,
      reservedConcurrentExecutions: 20,
      deadLetterQueue: new Queue(platform, 'Undelivered', { encryptionMasterKey: key, enforceSSL: true }),
      logGroup: new LogGroup(platform, 'Log', { encryptionKey: key, retention: RetentionDays.ONE_YEAR }),
    });

    const shop = new Stack(stage, 'Shop');
    const secret = new RecoverableSecret(shop, 'Database', { encryptionKey: key, provider, purgeProtection: true });
    secret.addRotationSchedule('Rotation', {
      rotationLambda: LambdaFunction.fromFunctionName(shop, 'Rotator', 'rotator'),
      automaticallyAfter: Duration.days(30),
      rotateImmediatelyOnUpdate: false,
    });
    const monitor = new SecretDeletionMonitor(new Stack(stage, 'Operations'), 'Monitor', {
      encryptionKey: key,
      heartbeat: Duration.days(1),
      reminders: [Duration.days(7)],
      lifecycleNotices: true,
    });
    monitor.topic.addSubscription(new EmailSubscription('operations@example.com'));
    for (const stack of stage.node.children) {
      const boundary = ManagedPolicy.fromManagedPolicyName(stack as Stack, 'Boundary', 'boundary');
      PermissionsBoundary.of(stack).apply(boundary);
    }
  }
  return app;
}

class SecretDefaults implements IPropertyInjector {
  public readonly constructUniqueId = RecoverableSecret.PROPERTY_INJECTION_ID;

  constructor(private readonly defaults: RecoverableSecretProps) {}

  public inject(props: RecoverableSecretProps): RecoverableSecretProps {
    return { ...this.defaults, ...props };
  }
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
    restoredValue: GeneratedValue.REGENERATE,
    updatedValue: GeneratedValue.KEEP,
    purgeProtection: true,
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
