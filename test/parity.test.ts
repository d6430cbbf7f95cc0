import {
  App,
  Aspects,
  Aws,
  CfnCondition,
  CfnDynamicReference,
  CfnDynamicReferenceService,
  CfnOutput,
  CfnParameter,
  CfnResource,
  Duration,
  Fn,
  type IPropertyInjector,
  Mixins,
  NestedStack,
  PhysicalName,
  PropertyInjectors,
  RemovalPolicy,
  SecretValue,
  Stack,
  type StackProps,
  Tags,
} from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import { RecoverableSecret, SecretRecovery } from '../src';

/**
 * All that differs from the template which the same statements make with `secretsmanager.Secret`, and why.
 *
 * `Secret` stands for the resource of a secret, `Provider` for the resources of the provider, three in each stack that
 * has a secret. Everything else is the same, logical ids included.
 */
const DIFFERENCES = {
  'Secret.Type': 'the handler takes the place of AWS::SecretsManager::Secret',
  'Secret.Properties.ServiceToken': 'the handler',
  'Secret.Properties.ServiceTimeout': 'how long CloudFormation waits for the handler',
  'Provider.LogGroup': 'the log of the handler',
  'Provider.Role': 'the permissions of the handler',
  'Provider.Function': 'the handler',
  'Secret.Properties.Name': 'when none is given: the next deployment must find the secret again',
  'Secret.Properties.Owner': 'in a nested stack, which cannot tell the name of the outermost one',
  'Secret.Properties.Tags': 'when the stack has tags: CloudFormation passes them on to native resources only',
};

/** Those that depend on the statements. */
const NAME = 'Secret.Properties.Name';
const OWNER = 'Secret.Properties.Owner';
const TAGS = 'Secret.Properties.Tags';

/** With a secret in a nested stack: the name that the outermost stack is deployed under, for the owner and the name. */
const HANDED_DOWN = 'Parameters.StackName';

interface Environment {
  readonly app: App;
  readonly stack: Stack;
  /** The class under test, under the name that users know. */
  readonly Secret: typeof secretsmanager.Secret;
}

interface Statements {
  readonly title: string;
  readonly props?: StackProps;
  run(env: Environment): void;
}

const ENV = { account: '111111111111', region: 'eu-west-1' };
const ELSEWHERE = { account: '111111111111', region: 'eu-central-1' };
const OTHER_ACCOUNT = { account: '222222222222', region: 'eu-west-1' };

const SERVICE = new iam.ServicePrincipal('ec2.amazonaws.com');
const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db';
const KEY_ARN = 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const ATTACHMENT_TARGET: secretsmanager.SecretAttachmentTargetProps = {
  targetId: 'db',
  targetType: secretsmanager.AttachmentTargetType.RDS_DB_INSTANCE,
};

const STATEMENTS: Statements[] = [
  // Props
  { title: 'no props', run: ({ stack, Secret }) => void new Secret(stack, 'Secret') },
  {
    title: 'a name and a description',
    run: ({ stack, Secret }) => void new Secret(stack, 'Secret', { secretName: 'prod/my-db', description: 'Mine' }),
  },
  {
    title: 'a name that the deployment knows',
    run: ({ stack, Secret }) => {
      new Secret(stack, 'OfStack', { secretName: `${Aws.STACK_NAME}/db` });
      new Secret(stack, 'OfParameter', { secretName: new CfnParameter(stack, 'SecretName').valueAsString });
    },
  },
  {
    title: 'PhysicalName.GENERATE_IF_NEEDED that is not needed',
    run: ({ stack, Secret }) => void new Secret(stack, 'Secret', { secretName: PhysicalName.GENERATE_IF_NEEDED }),
  },
  {
    title: 'all options of a generated value',
    run: ({ stack, Secret }) =>
      void new Secret(stack, 'Secret', {
        generateSecretString: {
          excludeCharacters: '"@/\\ \'',
          excludeLowercase: true,
          excludeNumbers: false,
          excludePunctuation: true,
          excludeUppercase: false,
          generateStringKey: 'password',
          includeSpace: true,
          passwordLength: 41,
          requireEachIncludedType: false,
          secretStringTemplate: JSON.stringify({ username: 'admin' }),
        },
      }),
  },
  {
    title: 'declared values',
    run: ({ stack, Secret }) => {
      const parameter = new CfnParameter(stack, 'Value', { noEcho: true });
      const user = new iam.CfnAccessKey(stack, 'AccessKey', { userName: 'me' });
      new Secret(stack, 'Plain', { secretStringValue: SecretValue.unsafePlainText('value') });
      new Secret(stack, 'Parameter', { secretStringValue: SecretValue.cfnParameter(parameter) });
      new Secret(stack, 'Ssm', {
        secretStringValue: SecretValue.cfnDynamicReference(
          new CfnDynamicReference(CfnDynamicReferenceService.SSM, 'parameter'),
        ),
      });
      new Secret(stack, 'Object', {
        secretObjectValue: {
          id: SecretValue.unsafePlainText('1"2'),
          key: SecretValue.resourceAttribute(user.attrSecretAccessKey),
        },
      });
      new Secret(stack, 'Beta', {
        secretStringBeta1: secretsmanager.SecretStringValueBeta1.fromToken(user.attrSecretAccessKey),
      });
    },
  },
  {
    title: 'a customer key',
    run: ({ stack, Secret }) => {
      const key = new kms.Key(stack, 'Key');
      const output = new Secret(stack, 'Secret', { encryptionKey: key }).encryptionKey?.keyArn;
      new CfnOutput(stack, 'KeyArn', { value: output ?? 'none' });
      new Secret(stack, 'ByAlias', { encryptionKey: key.addAlias('alias/mine') });
      new Secret(stack, 'Imported', { encryptionKey: kms.Key.fromKeyArn(stack, 'ImportedKey', KEY_ARN) });
    },
  },
  {
    title: 'every removal policy',
    run: ({ stack, Secret }) => {
      const { DESTROY, RETAIN, RETAIN_ON_UPDATE_OR_DELETE } = RemovalPolicy;
      for (const removalPolicy of [DESTROY, RETAIN, RETAIN_ON_UPDATE_OR_DELETE]) {
        new Secret(stack, `Prop-${removalPolicy}`, { removalPolicy });
        new Secret(stack, `Later-${removalPolicy}`).applyRemovalPolicy(removalPolicy);
      }
    },
  },
  {
    title: 'replicas',
    run: ({ stack, Secret }) => {
      const key = kms.Key.fromKeyArn(stack, 'Key', KEY_ARN);
      const secret = new Secret(stack, 'Secret', {
        replicaRegions: [{ region: 'eu-north-1' }, { region: 'eu-south-1', encryptionKey: key }],
      });
      secret.addReplicaRegion('eu-west-2');
      secret.addReplicaRegion('eu-west-3', key);
    },
  },

  // Attributes
  ...[undefined, 'db', 'my-prod-db'].map((secretName) => ({
    title: `all attributes of a secret ${secretName ? `called ${secretName}` : 'without a name'}`,
    run: ({ stack, Secret }: Environment) => {
      const secret = new Secret(stack, 'Secret', { secretName });
      const attributes = {
        Arn: secret.secretArn,
        FullArn: secret.secretFullArn ?? 'none',
        Name: secret.secretName,
        Id: secret.secretRef.secretId,
        ReferenceKey: secret.cfnDynamicReferenceKey({ jsonField: 'password', versionStage: 'AWSPREVIOUS' }),
        Value: secret.secretValue.unsafeUnwrap(),
        Field: secret.secretValueFromJson('password').unsafeUnwrap(),
        Account: secret.env.account,
      };
      for (const [id, value] of Object.entries(attributes)) new CfnOutput(stack, id, { value });
    },
  })),

  // Permissions
  {
    title: 'grants to a role',
    run: ({ stack, Secret }) => {
      const secret = new Secret(stack, 'Secret');
      secret.grantRead(role(stack, 'Reader'));
      secret.grantRead(role(stack, 'ReaderOfStages'), ['AWSCURRENT', 'AWSPENDING']);
      secret.grantWrite(role(stack, 'Writer'));
    },
  },
  {
    title: 'grants to a role, with a customer key',
    run: ({ stack, Secret }) => {
      const secret = new Secret(stack, 'Secret', { secretName: 'db', encryptionKey: new kms.Key(stack, 'Key') });
      secret.grantRead(role(stack, 'Reader'), ['AWSCURRENT']);
      secret.grantWrite(role(stack, 'Writer'));
    },
  },
  {
    title: 'a grant to another account',
    props: { env: ENV },
    run: ({ stack, Secret }) => {
      const secret = new Secret(stack, 'Secret', { secretName: 'db', encryptionKey: new kms.Key(stack, 'Key') });
      secret.grantRead(new iam.AccountPrincipal(OTHER_ACCOUNT.account));
      secret.grantWrite(new iam.ArnPrincipal('arn:aws:iam::222222222222:role/writer'));
    },
  },
  {
    title: 'a resource policy',
    run: ({ stack, Secret }) => {
      const secret = new Secret(stack, 'Secret');
      const { policyDependable } = secret.addToResourcePolicy(
        new iam.PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: ['*'],
          principals: [new iam.AnyPrincipal()],
          conditions: { StringEquals: { 'aws:PrincipalOrgID': 'o-1234567890' } },
        }),
      );
      secret.denyAccountRootDelete();
      const dependant = new CfnResource(stack, 'Dependant', { type: 'Some::Service::Thing' });
      if (policyDependable) dependant.node.addDependency(policyDependable);
    },
  },

  // Databases and rotation
  {
    title: 'a database instance and a cluster that use and attach the secret',
    props: { env: ENV },
    run: ({ stack, Secret }) => {
      const network = vpc(stack);
      const generateSecretString = {
        secretStringTemplate: JSON.stringify({ username: 'admin' }),
        generateStringKey: 'password',
      };
      const instance = new rds.DatabaseInstance(stack, 'Instance', {
        vpc: network,
        engine: rds.DatabaseInstanceEngine.POSTGRES,
        credentials: rds.Credentials.fromSecret(new Secret(stack, 'OfInstance', { generateSecretString })),
      });
      const cluster = new rds.DatabaseCluster(stack, 'Cluster', {
        vpc: network,
        engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_4 }),
        writer: rds.ClusterInstance.serverlessV2('Writer'),
      });
      const attached = new Secret(stack, 'Attached').attach(instance);
      attached.grantRead(role(stack, 'Reader'));
      attached.addToResourcePolicy(denyAll());
      new CfnOutput(stack, 'AttachedArn', { value: attached.secretArn });
      new CfnOutput(stack, 'AttachedName', { value: attached.secretName });
      new Secret(stack, 'AttachedToCluster').attach(cluster);
      instance.addRotationSingleUser();
    },
  },
  {
    title: 'a rotation with a function of the app',
    run: ({ stack, Secret }) => {
      const rotationLambda = new lambda.Function(stack, 'Rotate', {
        code: lambda.Code.fromInline('exports.handler = async () => {};'),
        handler: 'index.handler',
        runtime: lambda.Runtime.NODEJS_24_X,
      });
      new Secret(stack, 'Secret').addRotationSchedule('Rotation', {
        rotationLambda,
        automaticallyAfter: Duration.days(7),
      });
      const encryptionKey = new kms.Key(stack, 'Key');
      new Secret(stack, 'Encrypted', { encryptionKey }).addRotationSchedule('Rotation', { rotationLambda });
    },
  },
  {
    title: 'a hosted rotation',
    props: { env: ENV },
    run: ({ stack, Secret }) => {
      const generateSecretString = { excludeCharacters: '"@/' };
      new Secret(stack, 'Secret', { generateSecretString }).addRotationSchedule('Rotation', {
        hostedRotation: secretsmanager.HostedRotation.postgreSqlSingleUser({ vpc: vpc(stack) }),
      });
      new Secret(stack, 'MultiUser').addRotationSchedule('Rotation', {
        hostedRotation: secretsmanager.HostedRotation.mysqlMultiUser({
          functionName: 'rotate',
          masterSecret: new Secret(stack, 'Master'),
        }),
      });
    },
  },

  // Tags, aspects and other things that reach in from outside
  {
    title: 'tags',
    run: ({ app, stack, Secret }) => {
      const secret = new Secret(stack, 'Secret');
      Tags.of(secret).add('of', 'secret');
      Tags.of(stack).add('stack', 'yes', { priority: 300 });
      Tags.of(app).add('app', 'yes');
      Tags.of(app).add('of', 'app');
      Tags.of(app).add('only', 'secrets', { includeResourceTypes: ['AWS::SecretsManager::Secret'] });
      Tags.of(app).add('no', 'secrets', { excludeResourceTypes: ['AWS::SecretsManager::Secret', 'aws:cdk:stack'] });
      Tags.of(secret).remove('app', { priority: 500 });
    },
  },
  {
    title: 'an aspect that looks for secrets',
    run: ({ app, stack, Secret }) => {
      new Secret(stack, 'Secret');
      Aspects.of(app).add({
        visit: (node) => {
          if (node instanceof secretsmanager.CfnSecret) node.description = `seen ${node.cfnResourceType}`;
          if (secretsmanager.CfnSecret.isCfnSecret(node)) node.addMetadata('name', node.name === undefined);
          if (secretsmanager.Secret.isSecret(node)) cfn(node).tags.setTag('seen', 'yes');
        },
      });
    },
  },
  {
    title: 'a property injector',
    run: ({ stack, Secret }) => {
      const injector: IPropertyInjector = {
        constructUniqueId: secretsmanager.Secret.PROPERTY_INJECTION_ID,
        inject: (props) => ({ description: 'injected', ...props, removalPolicy: RemovalPolicy.RETAIN }),
      };
      PropertyInjectors.of(stack).add(injector);
      new Secret(stack, 'Secret');
    },
  },
  {
    title: 'escape hatches',
    run: ({ stack, Secret }) => {
      const cfnSecret = cfn(new Secret(stack, 'Secret'));
      const other = cfn(new Secret(stack, 'Other'));
      cfnSecret.overrideLogicalId('Renamed');
      cfnSecret.cfnOptions.condition = new CfnCondition(stack, 'Condition', {
        expression: Fn.conditionEquals(Aws.REGION, 'eu-west-1'),
      });
      cfnSecret.cfnOptions.metadata = { looked: 'at' };
      cfnSecret.node.addDependency(other);
      cfnSecret.addPropertyOverride('Description', 'overridden');
      cfnSecret.addPropertyOverride('GenerateSecretString.PasswordLength', 50);
      cfnSecret.addPropertyDeletionOverride('KmsKeyId');
    },
  },
  {
    title: 'imported secrets',
    run: ({ stack, Secret }) => {
      const imported = {
        Complete: Secret.fromSecretCompleteArn(stack, 'Complete', `${SECRET_ARN}-AbCdEf`),
        Partial: Secret.fromSecretPartialArn(stack, 'Partial', SECRET_ARN),
        Name: Secret.fromSecretNameV2(stack, 'Name', 'db'),
        Attributes: Secret.fromSecretAttributes(stack, 'Attributes', { secretPartialArn: SECRET_ARN }),
      };
      for (const [id, secret] of Object.entries(imported)) {
        secret.grantRead(role(stack, `${id}Reader`));
        new CfnOutput(stack, `${id}Value`, { value: secret.secretValueFromJson('key').unsafeUnwrap() });
      }
    },
  },

  // More than one stack
  {
    title: 'use by another stack of the app',
    run: ({ app, stack, Secret }) => {
      const secret = new Secret(stack, 'Secret');
      const consumer = new Stack(app, 'Consumer');
      secret.grantRead(role(consumer, 'Reader'));
      new CfnOutput(consumer, 'Value', { value: secret.secretValueFromJson('key').unsafeUnwrap() });
      new CfnOutput(consumer, 'Name', { value: secret.secretName });
    },
  },
  {
    title: 'use by a stack of another region',
    props: { env: ENV, crossRegionReferences: true },
    run: ({ app, stack, Secret }) => {
      const secret = new Secret(stack, 'Secret');
      const consumer = new Stack(app, 'Consumer', { env: ELSEWHERE, crossRegionReferences: true });
      secret.grantRead(role(consumer, 'Reader'));
    },
  },
  ...['db', PhysicalName.GENERATE_IF_NEEDED].map((secretName, index) => ({
    title: `use by a stack of another account, by a name that is ${['given', 'generated'][index]}`,
    props: { env: ENV },
    run: ({ app, stack, Secret }: Environment) => {
      const encryptionKey = new kms.Key(stack, 'Key', { alias: 'mine' });
      const secret = new Secret(stack, 'Secret', { secretName, encryptionKey });
      const consumer = new Stack(app, 'Consumer', { env: OTHER_ACCOUNT });
      secret.grantRead(new iam.Role(consumer, 'Reader', { roleName: 'reader', assumedBy: SERVICE }));
      new CfnOutput(consumer, 'Value', { value: secret.secretValue.unsafeUnwrap() });
    },
  })),
  {
    title: 'use across the border of a nested stack',
    run: ({ stack, Secret }) => {
      const nested = new NestedStack(stack, 'Nested');
      new Secret(stack, 'Outside').grantRead(role(nested, 'Reader'));
      new Secret(nested, 'Inside').grantRead(role(stack, 'Reader'));
    },
  },
];

// secretStringBeta1 is deprecated, and nevertheless has to work.
beforeAll(() => {
  process.env.JSII_DEPRECATED = 'quiet';
});

const CONTEXTS: [string, Record<string, unknown>][] = [
  ['without feature flags', {}],
  // Newer versions judge whole templates by this one: what is made up here around the secrets is not what they expect.
  ['with the recommended feature flags', { ...recommendedFlags, '@aws-cdk/core:validateAgainstDefaultRules': false }],
];

describe.each(CONTEXTS)('%s', (_, context) => {
  describe.each(STATEMENTS)('$title', (statements) => {
    let native: Record<string, TemplateJson>;
    beforeAll(() => {
      native = synthesize(statements, context, secretsmanager.Secret);
    });

    test('makes the same template with RecoverableSecret', () => {
      const recoverable = synthesize(statements, context, RecoverableSecret);
      expect(differences(native, recoverable)).toEqual(expectedDifferences(native));
    });

    test('makes the same template with a Secret and the mixin', () => {
      const recoverable = synthesize(statements, context, secretsmanager.Secret, new SecretRecovery());
      expect(differences(native, recoverable)).toEqual(expectedDifferences(native));
    });
  });
});

test('what is listed as a difference is one', () => {
  const statements: Statements = {
    title: 'unnamed secrets in a stack with tags, and in one that is nested there',
    props: { tags: { of: 'stack' } },
    run: ({ stack, Secret }) => {
      const nested = new NestedStack(stack, 'Nested', { parameters: { of: 'stack' } });
      new CfnParameter(nested, 'of');
      for (const scope of [stack, nested]) new Secret(scope, 'Secret');
    },
  };
  const found = differences(
    synthesize(statements, {}, secretsmanager.Secret),
    synthesize(statements, {}, RecoverableSecret),
  );
  const words = new Set(found.map((difference) => difference.split(' ')[1]));
  expect([...words].sort()).toEqual([...Object.keys(DIFFERENCES), HANDED_DOWN].sort());
});

describe('the tags of a stack, which CloudFormation passes on to a native secret', () => {
  type Variant = 'RecoverableSecret' | 'mixin';
  const tagsOf = (run: (env: Environment) => void, variant: Variant = 'RecoverableSecret') => {
    const statements: Statements = { title: '', props: { tags: { of: 'stack', team: 'shop' } }, run };
    const templates =
      variant === 'mixin'
        ? synthesize(statements, {}, secretsmanager.Secret, new SecretRecovery())
        : synthesize(statements, {}, RecoverableSecret);
    return Object.values(templates)
      .flatMap((template) => Object.values(template.Resources ?? {}))
      .filter(({ Type }) => Type === 'Custom::RecoverableSecret')
      .map(({ Properties }) => Properties?.Tags);
  };

  test.each(['RecoverableSecret', 'mixin'] as const)('join those of the secret, which come first (%s)', (variant) => {
    const run = ({ stack, Secret }: Environment) => Tags.of(new Secret(stack, 'Secret')).add('of', 'secret');
    expect(tagsOf(run, variant)).toEqual([
      [
        { Key: 'of', Value: 'secret' },
        { Key: 'team', Value: 'shop' },
      ],
    ]);
  });

  test('do not replace one that was set on the resource itself', () => {
    const run = ({ stack, Secret }: Environment) => cfn(new Secret(stack, 'Secret')).tags.setTag('of', 'resource');
    expect(tagsOf(run)).toEqual([expect.arrayContaining([{ Key: 'of', Value: 'resource' }])]);
  });

  test('reach a secret in a nested stack', () => {
    const run = ({ stack, Secret }: Environment) => void new Secret(new NestedStack(stack, 'Nested'), 'Secret');
    expect(tagsOf(run)).toEqual([
      [
        { Key: 'of', Value: 'stack' },
        { Key: 'team', Value: 'shop' },
      ],
    ]);
  });

  test('stay when a tag of that key is removed from the secret', () => {
    const run = ({ stack, Secret }: Environment) => Tags.of(new Secret(stack, 'Secret')).remove('team');
    expect(tagsOf(run)).toEqual([expect.arrayContaining([{ Key: 'team', Value: 'shop' }])]);
  });

  test('may come from Tags.of(stack) with explicit stack tags', () => {
    const app = new App({ context: { '@aws-cdk/core:explicitStackTags': true } });
    const stack = new Stack(app, 'Stack', { tags: { of: 'stack' } });
    Tags.of(stack).add('from', 'aspect');
    new RecoverableSecret(stack, 'Secret');
    Template.fromStack(stack).hasResourceProperties('Custom::RecoverableSecret', {
      Tags: [
        { Key: 'from', Value: 'aspect' },
        { Key: 'of', Value: 'stack' },
      ],
    });
  });
});

describe('what Secret refuses, RecoverableSecret refuses with the same words', () => {
  const REFUSED: Statements[] = [
    {
      title: 'a template without a key',
      run: ({ stack, Secret }) =>
        void new Secret(stack, 'Secret', { generateSecretString: { secretStringTemplate: '{}' } }),
    },
    {
      title: 'two values',
      run: ({ stack, Secret }) =>
        void new Secret(stack, 'Secret', {
          generateSecretString: {},
          secretStringValue: SecretValue.unsafePlainText('value'),
        }),
    },
    {
      title: 'a replica in the region of the stack',
      props: { env: ENV },
      run: ({ stack, Secret }) => new Secret(stack, 'Secret').addReplicaRegion('eu-west-1'),
    },
    {
      title: 'a second attachment',
      run: ({ stack, Secret }) => {
        const secret = new Secret(stack, 'Secret');
        const target = { asSecretAttachmentTarget: () => ATTACHMENT_TARGET };
        secret.attach(target);
        secret.attach(target);
      },
    },
    {
      title: 'a grant to another account without a customer key',
      props: { env: ENV },
      run: ({ stack, Secret }) =>
        void new Secret(stack, 'Secret').grantRead(new iam.AccountPrincipal(OTHER_ACCOUNT.account)),
    },
    {
      title: 'a resource policy without a principal',
      run: ({ stack, Secret }) =>
        void new Secret(stack, 'Secret').addToResourcePolicy(
          new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: ['*'] }),
        ),
    },
    {
      title: 'use by another account without a name',
      props: { env: ENV },
      run: ({ app, stack, Secret }) => {
        const secret = new Secret(stack, 'Secret');
        new CfnOutput(new Stack(app, 'Consumer', { env: OTHER_ACCOUNT }), 'Arn', { value: secret.secretArn });
      },
    },
    {
      title: 'an incomplete ARN',
      run: ({ stack, Secret }) => void Secret.fromSecretCompleteArn(stack, 'Secret', SECRET_ARN),
    },
  ];

  test.each(REFUSED)('$title', (statements) => {
    const message = errorMessage(() => synthesize(statements, {}, secretsmanager.Secret));
    expect(message).not.toBe('');
    expect(errorMessage(() => synthesize(statements, {}, RecoverableSecret))).toBe(message);
  });
});

test('a RecoverableSecret is a Secret to everybody who asks', () => {
  const secret = new RecoverableSecret(new Stack(), 'Secret', { generateSecretString: { excludeCharacters: '@' } });
  expect(secret).toBeInstanceOf(secretsmanager.Secret);
  expect(secretsmanager.Secret.isSecret(secret)).toBe(true);
  expect(RecoverableSecret.isSecret(secret)).toBe(true);
  expect(secret.excludeCharacters).toBe('@');
  expect(secret.node.defaultChild).toBeInstanceOf(secretsmanager.CfnSecret);
  expect(cfn(secret).cfnResourceType).toBe('AWS::SecretsManager::Secret');
});

function role(scope: Stack, id: string): iam.Role {
  return new iam.Role(scope, id, { assumedBy: SERVICE });
}

function denyAll(): iam.PolicyStatement {
  return new iam.PolicyStatement({
    effect: iam.Effect.DENY,
    actions: ['secretsmanager:*'],
    resources: ['*'],
    principals: [new iam.ArnPrincipal('arn:aws:iam::111111111111:role/intruder')],
  });
}

function vpc(stack: Stack): ec2.IVpc {
  return ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-1', 'subnet-2'],
    privateSubnetRouteTableIds: ['rtb-1', 'rtb-2'],
  });
}

function cfn(secret: secretsmanager.Secret): secretsmanager.CfnSecret {
  return secret.node.defaultChild as secretsmanager.CfnSecret;
}

interface TemplateJson {
  /** Keys of the tags that CloudFormation passes on to the native resources of the stack. */
  readonly stackTags: string[];
  /** The path of the stack that this one is nested in. */
  readonly around?: string;
  readonly Resources?: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
}

const FAST = { 'aws:cdk:disable-asset-staging': true, 'aws:cdk:disable-stack-trace': true };

/** The templates of all stacks, nested ones included, by the path of the stack. */
function synthesize(
  { props, run }: Statements,
  context: Record<string, unknown>,
  secretClass: typeof secretsmanager.Secret,
  mixin?: SecretRecovery,
): Record<string, TemplateJson> {
  const app = new App({ context: { ...context, ...FAST }, treeMetadata: false, analyticsReporting: false });
  const stack = new Stack(app, 'Stack', props);
  run({ app, stack, Secret: secretClass });
  if (mixin) Mixins.of(app).apply(mixin);
  const stacks = app.node.findAll().filter((node) => Stack.isStack(node));
  return Object.fromEntries(stacks.map((each) => [each.node.path, templateOf(each)]));
}

function templateOf(stack: Stack): TemplateJson {
  // The content of a nested stack is part of the name of its asset.
  const template = JSON.stringify(Template.fromStack(stack).toJSON()).replace(/[0-9a-f]{64}/g, 'HASH');
  const stackTags = Object.keys((stack.nestedStackParent ?? stack).tags.tagValues());
  return { ...JSON.parse(template), stackTags, around: stack.nestedStackParent?.node.path };
}

function differences(native: Record<string, TemplateJson>, recoverable: Record<string, TemplateJson>): string[] {
  expect(Object.keys(recoverable)).toEqual(Object.keys(native));
  const found = Object.keys(native).flatMap((stack) =>
    differingPaths(native[stack], recoverable[stack]).map(
      (path) => `${stack} ${labelOf(path, native[stack], recoverable[stack])}`,
    ),
  );
  return [...new Set(found)].sort();
}

function differingPaths(left: unknown, right: unknown, path: string[] = []): string[][] {
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') {
    return left === right ? [] : [path];
  }
  if (Array.isArray(left) !== Array.isArray(right)) return [path];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) =>
    differingPaths(left[key as keyof typeof left], right[key as keyof typeof right], [...path, key]),
  );
}

/** Words for a path, as in DIFFERENCES where it is one of those; the path itself where it is not. */
function labelOf(path: string[], native: TemplateJson, recoverable: TemplateJson): string {
  const [section, logicalId, ...rest] = path;
  if (path.includes('Parameters') && /^referenceto\w*AWSStackName$/.test(path[path.length - 1])) return HANDED_DOWN;
  if (section !== 'Resources') return path.join('.');
  const before = native.Resources?.[logicalId];
  const after = recoverable.Resources?.[logicalId];
  const provider = /^SecretRecoveryProvider(LogGroup|Role|Function)[0-9A-F]{8}$/.exec(logicalId);
  if (!before && provider) return `Provider.${provider[1]}`;
  if (before?.Type !== 'AWS::SecretsManager::Secret' || !after) return path.join('.');
  const property = `Secret.${rest.slice(0, 2).join('.')}`;
  return (property === NAME && before.Properties?.Name !== undefined) || !(property in DIFFERENCES)
    ? path.join('.')
    : property;
}

/** A stack has all differences as soon as it has a secret; some of them only if they apply to one of its secrets. */
function expectedDifferences(native: Record<string, TemplateJson>): string[] {
  return Object.entries(native)
    .flatMap(([stack, { stackTags, around, Resources = {} }]) => {
      const secrets = Object.values(Resources).filter(({ Type }) => Type === 'AWS::SecretsManager::Secret');
      const applies = (difference: string) =>
        secrets.some(({ Properties = {} }) => {
          const tags = Object.values(Properties.Tags ?? []).map(({ Key }) => Key);
          if (difference === NAME) return Properties.Name === undefined;
          if (difference === OWNER) return around !== undefined;
          return difference === TAGS ? stackTags.some((key) => !tags.includes(key)) : true;
        });
      const nested = around !== undefined && secrets.length > 0;
      return [
        ...Object.keys(DIFFERENCES)
          .filter(applies)
          .map((difference) => `${stack} ${difference}`),
        ...(nested ? [stack, around].map((each) => `${each} ${HANDED_DOWN}`) : []),
      ];
    })
    .sort();
}

function errorMessage(action: () => unknown): string {
  try {
    action();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}
