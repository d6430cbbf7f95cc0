import * as path from 'node:path';
import {
  Annotations,
  App,
  BootstraplessSynthesizer,
  type CfnElement,
  Duration,
  type InjectionContext,
  type IPropertyInjector,
  LegacyStackSynthesizer,
  Mixins,
  NestedStack,
  Stack,
  type StackProps,
  Stage,
} from 'aws-cdk-lib';
import { Annotations as Annotated, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ProductStack } from 'aws-cdk-lib/aws-servicecatalog';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CodePipeline, CodePipelineSource, ShellStep } from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';
import {
  ExistingSecretPolicy,
  type ISecretRecoveryProvider,
  RecoverableSecret,
  RestorePolicy,
  SecretRecovery,
  SecretRecoveryProvider,
} from '../src';
import { renderedProperties } from '../src/private/rendered';
import { deployed, deployedOf, ENV, onlyDeployed } from './support/deployed';

const SECRET = 'Custom::RecoverableSecret';
const FUNCTION = 'AWS::Lambda::Function';
const TOKEN = `arn:aws:lambda:${ENV.region}:${ENV.account}:function:secret-recovery`;

function shop(props: StackProps = {}, app = new App()): Stack {
  return new Stack(app, 'Shop', { env: ENV, ...props });
}

function warningsIn(stack: Stack): string[] {
  return Annotated.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('cdk-recoverable-secret'))
    .map(({ id, entry }) => `${id} ${entry.data}`);
}

interface Statement {
  readonly Sid: string;
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: Record<string, Record<string, unknown>>;
}

function logicalIdOf(construct: Construct): string {
  return Stack.of(construct).resolve((construct.node.defaultChild as CfnElement).logicalId);
}

function inlineStatements(role: iam.IRole): Statement[] {
  return deployed(Stack.of(role))[logicalIdOf(role as iam.Role)].Properties.Policies[0].PolicyDocument.Statement;
}

function bySid(statements: Statement[], sid: string): Statement | undefined {
  return statements.find(({ Sid }) => Sid === sid);
}

describe('the function', () => {
  test('runs where and as it is told to', () => {
    const stack = shop();
    const provider = SecretRecoveryProvider.getOrCreate(stack, {
      vpc: new ec2.Vpc(stack, 'Vpc'),
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1')],
      environmentEncryption: new Key(stack, 'Key'),
      reservedConcurrentExecutions: 20,
      deadLetterQueue: new Queue(stack, 'Queue'),
    });
    new RecoverableSecret(stack, 'Secret');
    const { [logicalIdOf(provider.handler)]: handler } = deployed(stack);
    const id = (start: string) => expect.stringMatching(new RegExp(`^${start}`));
    expect(handler.Properties).toMatchObject({
      VpcConfig: { SubnetIds: expect.arrayContaining([id('VpcPrivate')]), SecurityGroupIds: ['sg-1'] },
      KmsKeyArn: id('Key'),
      ReservedConcurrentExecutions: 20,
      DeadLetterConfig: { TargetArn: id('Queue') },
    });
    expect(onlyDeployed(stack, SECRET).Properties.ServiceToken).toBe(`${logicalIdOf(provider.handler)}.Arn`);
  });

  test.each([0, -1])(
    'cannot be kept from running by %p reservedConcurrentExecutions',
    (reservedConcurrentExecutions) => {
      expect(() => SecretRecoveryProvider.getOrCreate(shop(), { reservedConcurrentExecutions })).toThrow(
        new Error(
          '[Shop/SecretRecoveryProvider] reservedConcurrentExecutions must be at least 1, or no request is answered, ' +
            `got: ${reservedConcurrentExecutions}`,
        ),
      );
    },
  );

  test('gets what Lambda needs for the network interfaces, in a VPC only', () => {
    const [inVpc, outside] = [shop(), shop()];
    const providers = [
      SecretRecoveryProvider.getOrCreate(inVpc, { vpc: new ec2.Vpc(inVpc, 'Vpc') }),
      SecretRecoveryProvider.getOrCreate(outside),
    ];
    const [granted, none] = providers.map(({ role }) => bySid(inlineStatements(role), 'AttachToVpc'));
    expect(granted?.Action).toEqual(
      expect.arrayContaining(['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface']),
    );
    expect(none).toBeUndefined();
  });

  const { SECRETS_MANAGER, KMS, CLOUDFORMATION } = ec2.InterfaceVpcEndpointAwsService;
  const isolated = (add: (vpc: ec2.Vpc) => void) => {
    const stack = shop();
    const subnetConfiguration = [{ name: 'Isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }];
    const vpc = new ec2.Vpc(stack, 'Vpc', { subnetConfiguration });
    SecretRecoveryProvider.getOrCreate(stack, { vpc, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } });
    add(vpc);
    return stack;
  };
  const warning = (missing: string) =>
    '/Shop/SecretRecoveryProvider/Function the function is in isolated subnets, from where it reaches AWS through endpoints of ' +
    `vpc 'Shop/Vpc' only, and there is none for ${missing} [ack: cdk-recoverable-secret:vpcEndpointsNeeded]`;

  test.each<[string, (vpc: ec2.Vpc) => void, string]>([
    ['all', () => undefined, 'secretsmanager, kms, cloudformation, s3'],
    [
      'some',
      (vpc) => {
        vpc.addInterfaceEndpoint('SecretsManager', { service: SECRETS_MANAGER });
        vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
        // An endpoint of another VPC is none of this one.
        const other = new ec2.Vpc(vpc, 'Other');
        other.addInterfaceEndpoint('Kms', { service: KMS });
      },
      'kms, cloudformation',
    ],
    [
      'one without private DNS',
      (vpc) => {
        for (const service of [SECRETS_MANAGER, KMS, CLOUDFORMATION]) {
          vpc.addInterfaceEndpoint(service.shortName, { service, privateDnsEnabled: service !== KMS });
        }
        vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
      },
      'kms',
    ],
  ])('warns in subnets without a way out when endpoints are missing: %s', (_, add, missing) => {
    expect(warningsIn(isolated(add))).toEqual([warning(missing)]);
  });

  test('lets one acknowledge that at the provider', () => {
    const stack = isolated(() => undefined);
    const provider = SecretRecoveryProvider.getOrCreate(stack);
    Annotations.of(provider).acknowledgeWarning('cdk-recoverable-secret:vpcEndpointsNeeded', 'they are in another app');
    expect(warningsIn(stack)).toEqual([]);
  });

  test('does not warn where all is there, where a gateway leads out, or where nobody can see it', () => {
    const complete = isolated((vpc) => {
      for (const service of [SECRETS_MANAGER, KMS, CLOUDFORMATION]) {
        vpc.addInterfaceEndpoint(service.shortName, { service });
      }
      vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    });
    const withGateway = shop();
    SecretRecoveryProvider.getOrCreate(withGateway, { vpc: new ec2.Vpc(withGateway, 'Vpc') });
    const imported = shop();
    const vpc = ec2.Vpc.fromVpcAttributes(imported, 'Vpc', {
      vpcId: 'vpc-1',
      availabilityZones: ['a'],
      isolatedSubnetIds: ['subnet-1'],
      isolatedSubnetRouteTableIds: ['rtb-1'],
    });
    SecretRecoveryProvider.getOrCreate(imported, { vpc, vpcSubnets: { subnets: vpc.isolatedSubnets } });
    for (const stack of [complete, withGateway, imported]) expect(warningsIn(stack)).toEqual([]);
  });
});

describe('a role that is given', () => {
  test('gets the policy, before the function is there and as long as it is', () => {
    const stack = shop();
    const role = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const provider = SecretRecoveryProvider.getOrCreate(stack, { role });
    new RecoverableSecret(stack, 'Secret', { existingSecretPolicy: ExistingSecretPolicy.ADOPT });
    const own = shop();
    const { role: ownRole } = SecretRecoveryProvider.getOrCreate(own);
    new RecoverableSecret(own, 'Secret', { existingSecretPolicy: ExistingSecretPolicy.ADOPT });

    const [[policyId, policy], ...more] = Object.entries(deployedOf(stack, 'AWS::IAM::Policy'));
    expect(more).toEqual([]);
    expect(policy.Properties.Roles).toEqual([stack.resolve(role.roleName).Ref]);
    expect(policy.Properties.PolicyDocument.Statement).toEqual(inlineStatements(ownRole));
    const handler = deployed(stack)[logicalIdOf(provider.handler)];
    expect(handler.DependsOn).toContain(policyId);
    expect(handler.Properties.Role).toBe(`${stack.resolve(role.roleName).Ref}.Arn`);
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Role', 1);
    expect(warningsIn(stack)).toEqual([]);
  });

  test('gets it also when it is imported', () => {
    const stack = shop();
    const role = iam.Role.fromRoleName(stack, 'Theirs', 'theirs');
    SecretRecoveryProvider.getOrCreate(stack, { role });
    expect(onlyDeployed(stack, 'AWS::IAM::Policy').Properties.Roles).toEqual(['theirs']);
    expect(warningsIn(stack)).toEqual([]);
  });

  test('is told what to allow when nothing can be attached to it', () => {
    const stack = shop();
    const role = iam.Role.fromRoleName(stack, 'Theirs', 'theirs', { mutable: false });
    SecretRecoveryProvider.getOrCreate(stack, { role });
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Policy', 0);
    const [warning, ...more] = warningsIn(stack);
    expect(more).toEqual([]);
    expect(warning).toMatch(
      /^\/Shop\/SecretRecoveryProvider\/Policy the policy of role 'Shop\/Theirs' cannot be changed from this app: it must allow what docs\/security.md lists, which is cloudformation:DescribeChangeSet, .*secretsmanager:UpdateSecretVersionStage \[ack: cdk-recoverable-secret:rolePolicyNeeded\]$/,
    );
  });
});

describe('the provider of one stack', () => {
  test('gets its settings once, before the first secret', () => {
    const stack = shop();
    const settings = { reservedConcurrentExecutions: 5 };
    const provider = SecretRecoveryProvider.getOrCreate(stack, settings);
    expect(SecretRecoveryProvider.getOrCreate(new RecoverableSecret(stack, 'Secret'))).toBe(provider);
    expect(() => SecretRecoveryProvider.getOrCreate(stack, settings)).toThrow(
      new Error(
        '[Shop/SecretRecoveryProvider] the provider of a stack must get its settings before the first recoverable secret ' +
          'of the stack, and once, got: reservedConcurrentExecutions for one that exists',
      ),
    );
    expect(onlyDeployed(stack, FUNCTION).Properties.ReservedConcurrentExecutions).toBe(5);
  });

  test('has no owners but those of the stack', () => {
    expect(() => SecretRecoveryProvider.getOrCreate(shop(), { owners: ['Shop'] })).toThrow(
      new Error(
        '[Shop/SecretRecoveryProvider] owners must not be given for the provider of one stack, which serves that stack only',
      ),
    );
  });
});

class Settings implements IPropertyInjector {
  constructor(
    readonly constructUniqueId: string,
    private readonly settings: (context: InjectionContext) => object,
  ) {}

  inject(originalProps: object, context: InjectionContext): object {
    return { ...this.settings(context), ...originalProps };
  }
}

describe('settings for a whole app', () => {
  const ofSecrets = (settings: object) => new Settings(RecoverableSecret.PROPERTY_INJECTION_ID, () => settings);
  const ofProviders = (settings: (context: InjectionContext) => object) =>
    new Settings(SecretRecoveryProvider.PROPERTY_INJECTION_ID, settings);

  test('reach every provider, also those that a mixin or a nested stack makes', () => {
    const logGroupName = ({ scope }: InjectionContext) => ({
      reservedConcurrentExecutions: 7,
      logGroup: LogGroup.fromLogGroupName(scope, 'Log', `/secrets/${Stack.of(scope).stackName}`),
    });
    const app = new App({ propertyInjectors: [ofProviders(logGroupName)] });
    const stacks = [shop({}, app), new Stack(app, 'Mixed'), new NestedStack(new Stack(app, 'Outer'), 'Nested')];
    new RecoverableSecret(stacks[0], 'Secret');
    for (const stack of stacks.slice(1)) new Secret(stack, 'Secret');
    Mixins.of(app).apply(new SecretRecovery());
    for (const stack of stacks) expect(onlyDeployed(stack, FUNCTION).Properties.ReservedConcurrentExecutions).toBe(7);
    expect(onlyDeployed(stacks[1], FUNCTION).Properties.LoggingConfig.LogGroup).toBe('/secrets/Mixed');
  });

  test('differ between a development and a production stage, and what a secret says itself comes first', () => {
    const app = new App();
    const development = new Stage(app, 'Dev', { propertyInjectors: [ofSecrets({ forceDeleteWithoutRecovery: true })] });
    const production = new Stage(app, 'Prod', {
      propertyInjectors: [ofSecrets({ recoveryWindow: Duration.days(21) })],
    });
    const settingsIn = (stage: Stage) => {
      const stack = new Stack(stage, 'Shop');
      new RecoverableSecret(stack, 'Default');
      new RecoverableSecret(stack, 'Own', { recoveryWindow: Duration.days(7), forceDeleteWithoutRecovery: false });
      return Object.values(deployedOf(stack, SECRET)).map(({ Properties }) => ({
        forced: Properties.ForceDeleteWithoutRecovery ?? 'false',
        days: Properties.RecoveryWindowInDays ?? '30',
      }));
    };
    expect(settingsIn(development)).toEqual([
      { forced: 'true', days: '30' },
      { forced: 'false', days: '7' },
    ]);
    expect(settingsIn(production)).toEqual([
      { forced: 'false', days: '21' },
      { forced: 'false', days: '7' },
    ]);
  });

  test('can have the last word', () => {
    const lastWord: IPropertyInjector = {
      constructUniqueId: RecoverableSecret.PROPERTY_INJECTION_ID,
      inject: (props: object) => ({ ...props, forceDeleteWithoutRecovery: true, recoveryWindow: undefined }),
    };
    const stack = new Stack(new Stage(new App(), 'Dev', { propertyInjectors: [lastWord] }), 'Shop');
    new RecoverableSecret(stack, 'Secret', { recoveryWindow: Duration.days(7) });
    expect(onlyDeployed(stack, SECRET).Properties.ForceDeleteWithoutRecovery).toBe('true');
  });

  test('of Secret apply to a RecoverableSecret as well', () => {
    const injector = new Settings(Secret.PROPERTY_INJECTION_ID, () => ({ description: 'of the company' }));
    const stack = shop({}, new App({ propertyInjectors: [injector] }));
    new RecoverableSecret(stack, 'Secret');
    expect(onlyDeployed(stack, SECRET).Properties.Description).toBe('of the company');
  });
});

describe('a shared provider with a list of owners', () => {
  const shareFor = (...owners: string[]) => {
    const app = new App();
    const platform = new Stack(app, 'Platform', { env: ENV });
    const provider = new SecretRecoveryProvider(platform, 'Provider', { owners });
    return { app, platform, provider };
  };

  test('may manage the secrets of these owners, and of the stacks of these names', () => {
    const { provider } = shareFor('shop-*', 'Billing', 'team A');
    const statements = inlineStatements(provider.role);
    const owners = ['shop-*', 'Billing', 'team A'];
    for (const [sid, key] of [
      ['CreateOwned', 'aws:RequestTag/recoverable-secret:owner'],
      ['ManageOwned', 'aws:ResourceTag/recoverable-secret:owner'],
    ]) {
      expect(bySid(statements, sid)?.Condition).toMatchObject({ StringLike: { [key]: owners } });
    }
    const stack = (name: string) => `arn:aws:cloudformation:${ENV.region}:${ENV.account}:stack/${name}/*`;
    expect(bySid(statements, 'ManageHeld')?.Condition).toMatchObject({
      StringLike: {
        'aws:ResourceTag/recoverable-secret:stack-id': [stack('shop-*'), stack('Billing'), stack('Billing-*')],
      },
    });
    expect(bySid(inlineStatements(shareFor('team A').provider.role), 'ManageHeld')).toBeUndefined();
  });

  test('serves a secret whose owner is among them', () => {
    const { app, platform, provider } = shareFor('shop-*', 'team A');
    new RecoverableSecret(new Stack(app, 'Shop', { env: ENV, stackName: 'shop-eu' }), 'Secret', { provider });
    new RecoverableSecret(new Stack(app, 'Other', { env: ENV }), 'Secret', { provider, owner: 'team A' });
    expect(bySid(inlineStatements(provider.role), 'ManageOwned')?.Condition).toMatchObject({
      StringLike: { 'aws:ResourceTag/recoverable-secret:owner': ['shop-*', 'team A'] },
    });
    expect(platform.dependencies).toEqual([]);
  });

  test.each([
    ['the name of its stack', {}, 'Other'],
    ['an owner of its own', { owner: 'shop' }, 'shop'],
  ])('refuses a secret whose owner is not: %s', (_, props, got) => {
    const { app, provider } = shareFor('shop-*', 'team A');
    expect(
      () => new RecoverableSecret(new Stack(app, 'Other', { env: ENV }), 'Secret', { ...props, provider }),
    ).toThrow(
      new Error(
        `[Other/Secret] owner must be one of those that the provider serves ('shop-*', 'team A'), got: '${got}'`,
      ),
    );
  });

  test.each([
    ['nothing', [], 'an empty list'],
    ['everybody', ['*'], "'*'"],
    ['a wildcard in between', ['shop-*-eu'], "'shop-*-eu'"],
    ['another wildcard', ['team?'], "'team?'"],
  ])('cannot be for %s', (_, owners, got) => {
    expect(() => shareFor(...owners)).toThrow(
      new Error(
        '[Platform/Provider] owners must be owners as secrets have them, or their beginnings with a * at the end, known at ' +
          `synthesis, got: ${got}`,
      ),
    );
  });
});

describe('the provider of another app', () => {
  const imported = (stack: Stack, owners?: string[]) =>
    SecretRecoveryProvider.fromServiceToken(stack, 'Provider', TOKEN, owners);

  test('serves secrets and mixins with nothing but its function', () => {
    const stack = shop();
    const provider = imported(stack, ['Shop']);
    new RecoverableSecret(stack, 'A', { provider });
    new Secret(stack, 'B').with(new SecretRecovery({ provider }));
    expect(Object.values(deployed(stack)).map(({ Type, Properties }) => [Type, Properties.ServiceToken])).toEqual([
      [SECRET, TOKEN],
      [SECRET, TOKEN],
    ]);
    expect(warningsIn(stack)).toEqual([]);
  });

  test('refuses a secret whose owner it does not serve, as far as it is told', () => {
    const stack = shop();
    const provider = imported(stack, ['team-*']);
    expect(() => new RecoverableSecret(stack, 'Secret', { provider })).toThrow(
      "[Shop/Secret] owner must be one of those that the provider serves ('team-*'), got: 'Shop'",
    );
    new RecoverableSecret(stack, 'Owned', { provider, owner: 'team-shop' });
    expect(onlyDeployed(stack, SECRET).Properties.Owner).toBe('team-shop');
  });

  test('must be of the account and region of the secret', () => {
    const stack = new Stack(new App(), 'Shop', { env: { ...ENV, region: 'eu-north-1' } });
    expect(() => new RecoverableSecret(stack, 'Secret', { provider: imported(stack) })).toThrow(
      '[Shop/Secret] provider must be in the account and region of the secret (aws://111111111111/eu-north-1), got: ' +
        "'Shop/Provider' in aws://111111111111/eu-west-1",
    );
    const anywhere = new Stack(new App(), 'Shop');
    expect(() => new RecoverableSecret(anywhere, 'Secret', { provider: imported(anywhere) })).not.toThrow();
  });

  test.each(['secret-recovery', `${TOKEN}:1`, 'arn:aws:sns:eu-west-1:111111111111:topic'])('cannot be %s', (token) => {
    expect(() => SecretRecoveryProvider.fromServiceToken(shop(), 'Provider', token)).toThrow(
      new Error(
        '[Shop/Provider] serviceToken must be the ARN of the function of a SecretRecoveryProvider, without a version, ' +
          `got: '${token}'`,
      ),
    );
  });

  test('warns of what its role must be able to do to take a secret over', () => {
    const stack = shop();
    const provider = imported(stack);
    new RecoverableSecret(stack, 'A', {
      provider,
      secretName: 'prod/a',
      existingSecretPolicy: ExistingSecretPolicy.ADOPT,
    });
    new RecoverableSecret(stack, 'B', { provider, secretName: 'prod/b', restorePolicy: RestorePolicy.ALWAYS });
    expect(warningsIn(stack)).toEqual(
      [
        ['A', 'AdoptByName', 'prod/a'],
        ['B', 'RestoreByName', 'prod/b'],
      ].map(
        ([id, sid, name]) =>
          `/Shop/${id}/Resource the role of provider 'Shop/Provider' is not of this app: it takes over a secret of another ` +
          `owner only if its own app allows it what docs/security.md lists under ${sid}, for '${name}' ` +
          '[ack: cdk-recoverable-secret:permissionByNameNeeded]',
      ),
    );
  });

  test('can be one that somebody else has implemented', () => {
    const stack = shop();
    class Theirs extends Stack implements ISecretRecoveryProvider {
      readonly serviceToken = TOKEN;
    }
    new RecoverableSecret(stack, 'Secret', { provider: new Theirs(new App(), 'Theirs') });
    expect(onlyDeployed(stack, SECRET).Properties.ServiceToken).toBe(TOKEN);
  });
});

describe('a stack that can have no assets', () => {
  const message = (path: string) =>
    `[${path}/SecretRecoveryProvider] the code of the function is an asset, and this stack can have none: give its secrets ` +
    'a provider of another stack or app, got: ';
  const product = () => new ProductStack(shop(), 'Product');
  const bootstrapless = () => shop({ synthesizer: new BootstraplessSynthesizer() });

  test.each<[string, () => Stack]>([
    ['with the BootstraplessSynthesizer', bootstrapless],
    ['of a product without a bucket for assets', product],
  ])('is told what to do instead: %s', (_, make) => {
    const stack = make();
    expect(() => new RecoverableSecret(stack, 'Secret')).toThrow(message(stack.node.path));
    const other = make();
    const provider = SecretRecoveryProvider.fromServiceToken(other, 'Provider', TOKEN);
    const secret = new RecoverableSecret(other, 'Secret', { provider }).node.defaultChild as CfnSecret;
    expect(() => (other.node.root as App).synth()).not.toThrow();
    expect(renderedProperties(secret).ServiceToken).toBe(TOKEN);
  });

  test('is none of this when the settings of the function are wrong', () => {
    expect(() =>
      SecretRecoveryProvider.getOrCreate(shop(), { vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } }),
    ).toThrow(/^(?!.*give its secrets a provider)/s);
  });

  test('is no stack with the LegacyStackSynthesizer', () => {
    const stack = shop({ synthesizer: new LegacyStackSynthesizer() });
    new RecoverableSecret(stack, 'Secret');
    Template.fromStack(stack).resourceCountIs(SECRET, 1);
  });

  test('is no stack of a stage in CDK Pipelines, which publish the code of the function', () => {
    const app = new App();
    const pipelineStack = new Stack(app, 'Pipeline', { env: ENV });
    const source = CodePipelineSource.s3(Bucket.fromBucketName(pipelineStack, 'Source', 'source'), 'app.zip');
    const stage = new Stage(app, 'Prod', { env: ENV });
    const stack = new Stack(stage, 'Shop');
    new RecoverableSecret(stack, 'Secret');
    const pipeline = new CodePipeline(pipelineStack, 'Pipeline', {
      synth: new ShellStep('Synth', { input: source, commands: ['npx cdk synth'] }),
    });
    pipeline.addStage(stage);
    const assembly = app.synth();
    const hash = path.basename(onlyDeployed(stack, FUNCTION).Properties.Code.S3Key, '.zip');
    expect(JSON.stringify(assembly.getStackByName('Pipeline').template)).toContain(`${hash}:`);
  });
});
