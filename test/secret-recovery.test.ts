import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import {
  App,
  AspectPriority,
  Aspects,
  Aws,
  CfnCondition,
  CfnResource,
  type CfnTag,
  Duration,
  Fn,
  Mixins,
  NestedStack,
  Stack,
  type StackProps,
  Stage,
  Tags,
  Token,
} from 'aws-cdk-lib';
import { Annotations as Annotated, Match, Template } from 'aws-cdk-lib/assertions';
import * as docdb from 'aws-cdk-lib/aws-docdb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import * as include from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';
import {
  ExistingSecretPolicy,
  GeneratedValue,
  RecoverableSecret,
  type RecoverableSecretProps,
  RestorePolicy,
  SecretRecovery,
  type SecretRecoveryProps,
  SecretRecoveryProvider,
} from '../src';
import { declaredSecret } from '../src/handler/cloudformation/request';
import { deployedOf, ENV } from './support/deployed';

const NATIVE = 'AWS::SecretsManager::Secret';
const RECOVERABLE = 'Custom::RecoverableSecret';

function shop(props: StackProps = {}, app = new App()): Stack {
  return new Stack(app, 'Shop', props);
}

/** The properties of the recoverable secrets in a stack as it is deployed, by logical id. */
function secretsIn(stack: Stack, stackName?: string): Record<string, Record<string, unknown>> {
  const found = Object.entries(deployedOf(stack, RECOVERABLE, stackName));
  return Object.fromEntries(found.map(([logicalId, { Properties }]) => [logicalId, Properties]));
}

function onlySecretIn(stack: Stack, stackName?: string): Record<string, unknown> {
  const secrets = Object.values(secretsIn(stack, stackName));
  expect(secrets).toHaveLength(1);
  return secrets[0];
}

function cfn(secret: Secret): CfnSecret {
  return secret.node.defaultChild as CfnSecret;
}

function secretWith(props: RecoverableSecretProps) {
  return () => new RecoverableSecret(shop(), 'Secret', props);
}

function warningsIn(stack: Stack): string[] {
  return Annotated.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('cdk-recoverable-secret'))
    .map(({ id, entry }) => `${id} ${entry.data}`);
}

describe('the settings', () => {
  const settingsOf = (props: SecretRecoveryProps) => {
    const stack = shop();
    new Secret(stack, 'Secret').with(new SecretRecovery(props));
    return onlySecretIn(stack);
  };

  const read = (props: SecretRecoveryProps) =>
    declaredSecret(settingsOf(props), `arn:aws:cloudformation:${ENV.region}:${ENV.account}:stack/Shop/1`);
  const DEFAULTS: SecretRecoveryProps = {
    recoveryWindow: Duration.days(30),
    forceDeleteWithoutRecovery: false,
    restorePolicy: RestorePolicy.IF_OWNED,
    existingSecretPolicy: ExistingSecretPolicy.ADOPT_IF_OWNED,
    restoredValue: GeneratedValue.KEEP,
    updatedValue: GeneratedValue.REGENERATE,
  };

  test.each([
    ['left out', {}],
    ['said', DEFAULTS],
  ])('are not in the template where they are the defaults, %s', (_, props) => {
    expect(settingsOf(props)).toEqual({
      GenerateSecretString: {},
      Name: expect.stringMatching(/^Shop\/Secret/),
      ServiceToken: expect.stringMatching(/^SecretRecoveryProviderFunction\w*.Arn$/),
      ServiceTimeout: 2100,
    });
  });

  test('have their documented defaults', () => {
    expect(read({})).toMatchObject({
      owner: 'Shop',
      recoveryWindowInDays: 30,
      forceDeleteWithoutRecovery: false,
      restorePolicy: 'IF_OWNED',
      existingSecretPolicy: 'ADOPT_IF_OWNED',
      restoredValue: 'KEEP',
      updatedValue: 'REGENERATE',
    });
  });

  test('reach the function', () => {
    expect(
      read({
        owner: 'team A: shop/1_2+3=4.5@6-7',
        recoveryWindow: Duration.days(9),
        restorePolicy: RestorePolicy.NEVER,
        existingSecretPolicy: ExistingSecretPolicy.FAIL,
        restoredValue: GeneratedValue.REGENERATE,
        updatedValue: GeneratedValue.KEEP,
      }),
    ).toMatchObject({
      owner: 'team A: shop/1_2+3=4.5@6-7',
      recoveryWindowInDays: 9,
      restorePolicy: 'NEVER',
      existingSecretPolicy: 'FAIL',
      restoredValue: 'REGENERATE',
      updatedValue: 'KEEP',
    });
    expect(
      read({
        forceDeleteWithoutRecovery: true,
        restorePolicy: RestorePolicy.ALWAYS,
        existingSecretPolicy: ExistingSecretPolicy.ADOPT,
      }),
    ).toMatchObject({
      forceDeleteWithoutRecovery: true,
      restorePolicy: 'ALWAYS',
      existingSecretPolicy: 'ADOPT',
    });
  });

  test('leave the logical id as it is, so that CloudFormation refuses to turn a deployed secret into another type', () => {
    const native = shop();
    const recoverable = shop();
    new Secret(native, 'Secret');
    new Secret(recoverable, 'Secret').with(new SecretRecovery());
    expect(Object.keys(secretsIn(recoverable))).toEqual(Object.keys(Template.fromStack(native).findResources(NATIVE)));
  });
});

describe('the owner', () => {
  test('is the stack, by the name that it is deployed under', () => {
    const stack = new Stack(new Stage(new App(), 'Stage'), 'Id', { stackName: 'synthesized-name' });
    new RecoverableSecret(stack, 'Secret');
    for (const name of ['synthesized-name', 'deployed-name']) {
      const stackId = `arn:aws:cloudformation:${ENV.region}:${ENV.account}:stack/${name}/1`;
      expect(declaredSecret(onlySecretIn(stack, name), stackId).owner).toBe(name);
    }
  });

  test('is the outermost stack for a nested one', () => {
    const inner = new NestedStack(new NestedStack(shop(), 'Outer'), 'Inner');
    new RecoverableSecret(inner, 'Secret');
    expect(onlySecretIn(inner).Owner).toBe('Shop');
    expect(onlySecretIn(inner, 'deployed-name').Owner).toBe('deployed-name');
  });

  test.each([
    ['empty', ''],
    ['a pattern', 'team*'],
    ['another pattern', 'team?'],
    ['a policy variable', ['$', '{aws:username}'].join('')],
    ['too long', 'x'.repeat(257)],
  ])('cannot be %s', (_, owner) => {
    expect(secretWith({ owner })).toThrow(
      new Error(
        '[Shop/Secret] owner must be 1 to 256 letters, digits, spaces or any of _ . : / = + - @ (the ' +
          `characters of a tag value), got: '${owner}'`,
      ),
    );
  });

  test.each([
    ['as long as a tag value', 'x'.repeat(256)],
    ['of another script', 'Bäckerei 7'],
    ['an address', 'a@b.c'],
  ])('can be %s', (_, owner) => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', { owner });
    expect(onlySecretIn(stack).Owner).toBe(owner);
  });

  test('cannot be a token, and the reason is given', () => {
    for (const owner of [Aws.STACK_NAME, `team-${Aws.ACCOUNT_ID}`]) {
      expect(secretWith({ owner })).toThrow(
        new Error(
          '[Shop/Secret] owner must be known at synthesis, got a token: it must be the same on every ' +
            'deployment, and the permissions of the provider are written with it',
        ),
      );
    }
  });

  test('cannot be set by a tag', () => {
    const stack = shop();
    Tags.of(new RecoverableSecret(stack, 'Secret')).add('recoverable-secret:owner', 'me');
    expect(() => secretsIn(stack)).toThrow(
      "[Shop/Secret] tags must not begin with 'recoverable-secret:', got: 'recoverable-secret:owner'; to set " +
        'the owner, use the prop owner',
    );
  });
});

describe('what the mixin makes recoverable', () => {
  test('a secret without a name in a nested stack', () => {
    const app = new App();
    const nested = new NestedStack(shop({}, app), 'Nested');
    new Secret(nested, 'Secret');
    Mixins.of(app).apply(new SecretRecovery());
    expect(onlySecretIn(nested)).toMatchObject({
      Owner: 'Shop',
      Name: expect.stringMatching(/^Shop\/[^-]*-[^-]{7,}$/),
    });
    Template.fromStack(nested).resourceCountIs('AWS::Lambda::Function', 1);
  });

  test('a CfnSecret, with and without a name', () => {
    const stack = shop();
    new CfnSecret(stack, 'Named', { name: 'prod/db', generateSecretString: { passwordLength: 20 } });
    new CfnSecret(stack, 'Unnamed', { secretString: 'value' });
    Mixins.of(stack).apply(new SecretRecovery());
    expect(secretsIn(stack)).toMatchObject({
      Named: { Name: 'prod/db', GenerateSecretString: { PasswordLength: 20 } },
      Unnamed: { Name: expect.stringMatching(/^Shop\/Unnamed-/), SecretString: 'value' },
    });
  });

  test('the tags of a CfnSecret, among them those that the deployment decides about', () => {
    const stack = shop({ tags: { of: 'stack' } });
    const condition = new CfnCondition(stack, 'Condition').logicalId;
    const dynamic = Fn.conditionIf(condition, { Key: 'b', Value: 'c' }, Aws.NO_VALUE);
    new CfnSecret(stack, 'Secret', {
      tags: [{ key: 'a', value: Aws.REGION }, Token.asAny(dynamic) as unknown as CfnTag],
    });
    Mixins.of(stack).apply(new SecretRecovery());
    expect(onlySecretIn(stack).Tags).toEqual(
      expect.arrayContaining([
        { Key: 'a', Value: ENV.region },
        { Key: 'of', Value: 'stack' },
        { 'Fn::If': ['Condition', { Key: 'b', Value: 'c' }, 'AWS::NoValue'] },
      ]),
    );
  });

  test('the secrets of a template that is included', () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'included-'));
    const templateFile = path.join(directory, 'template.json');
    const Resources = { Secret: { Type: NATIVE, DeletionPolicy: 'Retain', Properties: { Description: 'included' } } };
    fs.writeFileSync(templateFile, JSON.stringify({ Resources }));
    const stack = shop();
    new include.CfnInclude(stack, 'Include', { templateFile });
    fs.rmSync(directory, { recursive: true });
    Mixins.of(stack).apply(new SecretRecovery());
    expect(secretsIn(stack)).toMatchObject({ Secret: { Description: 'included' } });
  });

  test('what was set by an escape hatch before', () => {
    const stack = shop({ tags: { of: 'stack' } });
    const secret = cfn(new Secret(stack, 'Secret'));
    secret.addPropertyOverride('Description', 'overridden');
    secret.addPropertyOverride('Tags', [{ Key: 'of', Value: 'override' }]);
    secret.overrideLogicalId('Renamed');
    Mixins.of(stack).apply(new SecretRecovery());
    expect(secretsIn(stack)).toMatchObject({
      Renamed: { Description: 'overridden', Tags: [{ Key: 'of', Value: 'override' }] },
    });
  });

  test('the secret of an rds.DatabaseSecret and of a docdb.DatabaseSecret', () => {
    const stack = shop();
    new rds.DatabaseSecret(stack, 'Rds', { username: 'admin', secretName: 'prod/rds' });
    new docdb.DatabaseSecret(stack, 'DocDb', { username: 'admin' });
    Mixins.of(stack).apply(new SecretRecovery({ recoveryWindow: Duration.days(7) }));
    expect(Object.values(secretsIn(stack))).toEqual([
      expect.objectContaining({ Name: 'prod/rds', RecoveryWindowInDays: '7' }),
      expect.objectContaining({ Name: expect.stringMatching(/^Shop\/DocDb/), RecoveryWindowInDays: '7' }),
    ]);
    Template.fromStack(stack).resourceCountIs(NATIVE, 0);
  });

  describe('the generated credentials of a database', () => {
    const database = () => {
      const stack = shop({ env: ENV });
      const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-1',
        availabilityZones: ['a', 'b'],
        privateSubnetIds: ['subnet-1', 'subnet-2'],
        privateSubnetRouteTableIds: ['rtb-1', 'rtb-2'],
      });
      const engine = rds.DatabaseInstanceEngine.POSTGRES;
      const credentials = rds.Credentials.fromGeneratedSecret('admin');
      return { stack, instance: new rds.DatabaseInstance(stack, 'Db', { engine, vpc, credentials }) };
    };
    const expectRecoverable = (stack: Stack) => {
      const [logicalId] = Object.keys(secretsIn(stack));
      const template = Template.fromStack(stack);
      template.resourceCountIs(NATIVE, 0);
      template.hasResourceProperties('AWS::RDS::DBInstance', {
        MasterUserPassword: {
          'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: logicalId }, ':SecretString:password::}}']],
        },
      });
      template.hasResourceProperties('AWS::SecretsManager::SecretTargetAttachment', { SecretId: { Ref: logicalId } });
    };

    test('through the stack or the database', () => {
      for (const pick of [database().stack, database().instance]) {
        Mixins.of(pick).requireAny().apply(new SecretRecovery());
        expectRecoverable(Stack.of(pick));
      }
    });

    test('through what the database offers as its secret, which is the attachment', () => {
      const { stack, instance } = database();
      if (!instance.secret) throw new Error('no secret');
      new SecretRecovery().applyTo(instance.secret);
      expectRecoverable(stack);

      const other = database();
      other.instance.secret?.with(new SecretRecovery());
      expectRecoverable(other.stack);
    });
  });

  test('all secrets below a scope, in all its stacks and stages, and no others', () => {
    const app = new App();
    const stage = new Stage(app, 'Stage');
    const inside = [new Stack(stage, 'A'), new Stack(stage, 'B')];
    const outside = new Stack(app, 'Outside');
    for (const stack of [...inside, outside]) new Secret(new Construct(stack, 'Deep'), 'Secret');
    Mixins.of(stage).apply(new SecretRecovery());
    new Secret(inside[0], 'Later');
    expect(inside.map((stack) => Object.keys(secretsIn(stack)).length)).toEqual([1, 1]);
    Template.fromStack(inside[0]).resourceCountIs(NATIVE, 1);
    Template.fromStack(outside).resourceCountIs(NATIVE, 1);
    Template.fromStack(outside).resourceCountIs('AWS::Lambda::Function', 0);
  });

  test.each([true, false])('also from within an aspect (aspect stabilization: %s)', (stabilization) => {
    const app = new App({ context: { '@aws-cdk/core:aspectStabilization': stabilization } });
    const stack = shop({ tags: { of: 'stack' } }, app);
    new Secret(stack, 'Secret', { secretName: 'prod/db-secret' });
    const mixin = new SecretRecovery();
    Aspects.of(app).add(
      { visit: (node) => (mixin.supports(node) ? mixin.applyTo(node) : undefined) },
      { priority: AspectPriority.MUTATING },
    );
    expect(onlySecretIn(stack)).toMatchObject({ Name: 'prod/db-secret', Tags: [{ Key: 'of', Value: 'stack' }] });
    expect(warningsIn(stack)).toHaveLength(1);
  });
});

describe('a secret that is recoverable already', () => {
  const first = { recoveryWindow: Duration.days(7), owner: 'first' };
  const second = { recoveryWindow: Duration.days(14), owner: 'second', restorePolicy: RestorePolicy.ALWAYS };

  test.each<[string, (stack: Stack) => void]>([
    ['by its own props', (stack) => void new RecoverableSecret(stack, 'Secret', first)],
    ['by the mixin', (stack) => void new Secret(stack, 'Secret').with(new SecretRecovery(first))],
  ])('%s keeps its settings when the mixin comes', (_, create) => {
    const stack = shop();
    create(stack);
    const alone = shop();
    create(alone);
    Mixins.of(stack).apply(new SecretRecovery(second), new SecretRecovery({ forceDeleteWithoutRecovery: true }));
    expect(Template.fromStack(stack).toJSON()).toEqual(Template.fromStack(alone).toJSON());
    expect(onlySecretIn(stack)).toMatchObject({ RecoveryWindowInDays: '7', Owner: 'first' });
  });

  test('is warned about once', () => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', { secretName: 'a-abcdef' }).with(new SecretRecovery());
    Mixins.of(stack).apply(new SecretRecovery());
    expect(warningsIn(stack)).toHaveLength(1);
  });

  test('is recognised by another copy of this library', () => {
    const stack = shop();
    const secret = new RecoverableSecret(stack, 'Secret', first);
    // Two copies of this library, as when two packages depend on it, and one of the CDK.
    const cdk = ['aws-cdk-lib', 'aws-cdk-lib/aws-secretsmanager'];
    const shared = Object.fromEntries(cdk.map((name) => [name, jest.requireActual(name)]));
    jest.isolateModules(() => {
      for (const [name, module] of Object.entries(shared)) jest.doMock(name, () => module);
      const copy: typeof import('../src') = require('../src');
      const mixin = new copy.SecretRecovery(second);
      expect(mixin).not.toBeInstanceOf(SecretRecovery);
      expect(mixin.supports(secret)).toBe(true);
      mixin.applyTo(secret);
    });
    expect(onlySecretIn(stack)).toMatchObject({ Owner: 'first' });
  });
});

describe('an imported secret', () => {
  const ARN = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf';
  const imports: [string, (stack: Stack) => Construct][] = [
    ['name', (stack) => Secret.fromSecretNameV2(stack, 'Imported', 'db') as unknown as Construct],
    ['ARN', (stack) => Secret.fromSecretCompleteArn(stack, 'Imported', ARN) as unknown as Construct],
  ];

  test.each(imports)('by %s is refused', (_, imported) => {
    expect(() => new SecretRecovery().applyTo(imported(shop()))).toThrow(
      new Error(
        '[Shop/Imported] SecretRecovery applies to a Secret or CfnSecret that this app creates, got: an imported ' +
          'secret; apply it where the secret is created',
      ),
    );
  });

  test.each(imports)('by %s is refused by Mixins that require something', (_, imported) => {
    const stack = shop();
    const secret = imported(stack);
    expect(() => Mixins.of(secret).requireAll().apply(new SecretRecovery())).toThrow('Mixin SecretRecovery');
    expect(() => Mixins.of(secret).requireAny().apply(new SecretRecovery())).toThrow('At least one mixin application');
  });

  test.each(imports)('by %s is passed over when the mixin is applied to the app', (_, imported) => {
    const stack = shop();
    imported(stack);
    Mixins.of(stack.node.root).apply(new SecretRecovery());
    Template.fromStack(stack).templateMatches({ Resources: Match.absent() });
  });
});

test('the mixin refuses what is no secret at all', () => {
  const stack = shop();
  // The second one has the type of a secret, but none of the properties that the mixin works with.
  for (const thing of [new kms.CfnKey(stack, 'Key'), new CfnResource(stack, 'Raw', { type: NATIVE })]) {
    expect(new SecretRecovery().supports(thing)).toBe(false);
    expect(() => new SecretRecovery().applyTo(thing)).toThrow(
      new Error(
        `[${thing.node.path}] SecretRecovery applies to a Secret or CfnSecret that this app creates, got: another ` +
          'construct; apply it where the secret is created',
      ),
    );
  }
  Mixins.of(stack).apply(new SecretRecovery());
  Template.fromStack(stack).resourceCountIs(NATIVE, 1);
});

describe('a provider of another place', () => {
  test.each([
    ['region', { ...ENV, region: 'eu-north-1' }, 'aws://111111111111/eu-north-1'],
    ['account', { ...ENV, account: '222222222222' }, 'aws://222222222222/eu-west-1'],
  ])('is refused: %s', (_, env, place) => {
    const app = new App();
    const provider = new SecretRecoveryProvider(
      new Stack(app, 'Shared', { env, crossRegionReferences: true }),
      'Provider',
    );
    const stack = shop({ env: ENV, crossRegionReferences: true }, app);
    expect(() => new RecoverableSecret(stack, 'Secret', { provider })).toThrow(
      new Error(
        '[Shop/Secret] provider must be in the account and region of the secret (aws://111111111111/eu-west-1), ' +
          `got: 'Shared/Provider' in ${place}`,
      ),
    );
  });

  test('is refused for a stack whose place only the deployment knows', () => {
    const app = new App();
    const provider = new SecretRecoveryProvider(new Stack(app, 'Shared', { env: ENV }), 'Provider');
    expect(() => new RecoverableSecret(shop({}, app), 'Secret', { provider })).toThrow(
      new Error(
        '[Shop/Secret] provider must be in the account and region of the secret (aws://unknown-account/unknown-region), ' +
          "got: 'Shared/Provider' in aws://111111111111/eu-west-1; where only the deployment knows them, name it by " +
          'fromServiceToken()',
      ),
    );
  });
});

test('an invalid setting leaves the secret as it was', () => {
  const stack = shop();
  const secret = new Secret(stack, 'Secret');
  const invalid: SecretRecoveryProps[] = [
    { owner: '' },
    { recoveryWindow: Duration.days(1) },
    { recoveryWindow: Duration.days(7), forceDeleteWithoutRecovery: true },
  ];
  for (const props of invalid) expect(() => secret.with(new SecretRecovery(props))).toThrow();
  Template.fromStack(stack).resourceCountIs(NATIVE, 1);
  Template.fromStack(stack).resourceCountIs(RECOVERABLE, 0);
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 0);
});
