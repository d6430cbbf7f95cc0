import { App, CfnOutput, Duration, RemovalPolicy, SecretValue, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  ExistingSecretPolicy,
  GeneratedValue,
  RecoverableSecret,
  type RecoverableSecretProps,
  RestorePolicy,
  SecretRecoveryProvider,
} from '../src';

const TYPE = 'Custom::RecoverableSecret';

function shop(props: StackProps = {}, app = new App()): Stack {
  return new Stack(app, 'Shop', props);
}

function templateWith(props?: RecoverableSecretProps, stack = shop()): Template {
  new RecoverableSecret(stack, 'Secret', props);
  return Template.fromStack(stack);
}

describe('a recoverable secret', () => {
  test('needs no props', () => {
    templateWith().resourcePropertiesCountIs(TYPE, { GenerateSecretString: {}, ServiceTimeout: 2100 }, 1);
  });

  test('takes the props of a Secret and those of its recovery', () => {
    const stack = shop();
    const key = new kms.Key(stack, 'Key');
    const template = templateWith(
      {
        secretName: 'prod/db',
        description: 'The database of the shop',
        encryptionKey: key,
        generateSecretString: { passwordLength: 40, excludePunctuation: true },
        removalPolicy: RemovalPolicy.DESTROY,
        replicaRegions: [{ region: 'eu-north-1' }],
        recoveryWindow: Duration.days(14),
        restorePolicy: RestorePolicy.ALWAYS,
        existingSecretPolicy: ExistingSecretPolicy.ADOPT,
        restoredValue: GeneratedValue.REGENERATE,
        updatedValue: GeneratedValue.KEEP,
        owner: 'shop-team',
      },
      stack,
    );
    template.hasResource(TYPE, {
      Properties: {
        Name: 'prod/db',
        Description: 'The database of the shop',
        KmsKeyId: stack.resolve(key.keyArn),
        GenerateSecretString: { PasswordLength: 40, ExcludePunctuation: true },
        ReplicaRegions: [{ Region: 'eu-north-1' }],
        RecoveryWindowInDays: '14',
        RestorePolicy: 'ALWAYS',
        ExistingSecretPolicy: 'ADOPT',
        RestoredValue: 'REGENERATE',
        UpdatedValue: 'KEEP',
        Owner: 'shop-team',
      },
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
    });
  });

  test('passes a declared value on, and nothing that would generate one', () => {
    templateWith({ secretObjectValue: { user: SecretValue.unsafePlainText('me') } }).hasResourceProperties(TYPE, {
      SecretString: '{"user":"me"}',
      GenerateSecretString: Match.absent(),
    });
  });

  test.each([
    [undefined, 'Delete'],
    [RemovalPolicy.DESTROY, 'Delete'],
    [RemovalPolicy.RETAIN, 'Retain'],
    [RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, 'RetainExceptOnCreate'],
  ])('with removalPolicy %s is left to the handler, or to nobody: %s', (removalPolicy, DeletionPolicy) => {
    templateWith({ removalPolicy }).hasResource(TYPE, { DeletionPolicy });
  });

  test('adds a function, its role and its log group to the stack, and nothing else', () => {
    const stack = shop();
    for (const id of ['A', 'B', 'C']) new RecoverableSecret(stack, id);
    const resources: Record<string, { Type: string }> = Template.fromStack(stack).toJSON().Resources;
    const types = Object.values(resources).map(({ Type }) => Type);
    expect(types.sort()).toEqual(['AWS::IAM::Role', 'AWS::Lambda::Function', 'AWS::Logs::LogGroup', TYPE, TYPE, TYPE]);
  });

  test('uses the provider that it is given', () => {
    const stack = shop();
    const provider = new SecretRecoveryProvider(stack, 'Mine');
    const template = templateWith({ provider }, stack);
    template.resourceCountIs('AWS::Lambda::Function', 1);
    template.hasResourceProperties(TYPE, { ServiceToken: stack.resolve(provider.serviceToken) });
  });
});

describe('its outcome', () => {
  const outcome = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Secret[0-9A-F]{8}$'), 'Outcome'] };

  test('is an attribute of the resource', () => {
    const stack = shop();
    new CfnOutput(stack, 'Outcome', { value: new RecoverableSecret(stack, 'Secret').outcome });
    Template.fromStack(stack).hasOutput('Outcome', { Value: outcome });
  });

  test('can be used in text, and by another stack', () => {
    const app = new App();
    const stack = shop({}, app);
    const { outcome: token } = new RecoverableSecret(stack, 'Secret');
    const consumer = new Stack(app, 'Consumer');
    new CfnOutput(consumer, 'Outcome', { value: `it was ${token}` });
    Template.fromStack(stack).hasOutput('*', { Value: outcome });
    Template.fromStack(consumer).hasOutput('Outcome', {
      Value: { 'Fn::Join': ['', ['it was ', { 'Fn::ImportValue': Match.stringLikeRegexp('Outcome') }]] },
    });
  });

  test('follows a logical id that is changed later', () => {
    const stack = shop();
    const secret = new RecoverableSecret(stack, 'Secret');
    (secret.node.defaultChild as CfnSecret).overrideLogicalId('Renamed');
    new CfnOutput(stack, 'Outcome', { value: secret.outcome });
    Template.fromStack(stack).hasOutput('Outcome', { Value: { 'Fn::GetAtt': ['Renamed', 'Outcome'] } });
  });
});

describe('its attribute Id, as of the native resource,', () => {
  const id = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Id'] });

  test('is still one of the resource', () => {
    const stack = shop();
    const secret = new RecoverableSecret(stack, 'Secret').node.defaultChild as CfnSecret;
    new CfnOutput(stack, 'Id', { value: secret.attrId });
    Template.fromStack(stack).hasOutput('Id', { Value: id(stack.resolve(secret.logicalId)) });
  });
});

describe('its tags', () => {
  const tagged = (apply: (stack: Stack, secret: RecoverableSecret) => void, props?: StackProps) => {
    const stack = shop(props);
    apply(stack, new RecoverableSecret(stack, 'Secret'));
    return Object.values(Template.fromStack(stack).findResources(TYPE))[0].Properties.Tags;
  };

  test('are absent when there are none', () => {
    expect(tagged(() => undefined)).toBeUndefined();
  });

  test('are those of the secret, of what is around it, and of the stack', () => {
    const tags = tagged(
      (stack, secret) => {
        Tags.of(secret).add('a', 'secret');
        Tags.of(stack.node.root).add('b', 'app');
        Tags.of(stack.node.root).add('a', 'app');
      },
      { tags: { c: 'stack' } },
    );
    expect(tags).toEqual([
      { Key: 'a', Value: 'secret' },
      { Key: 'b', Value: 'app' },
      { Key: 'c', Value: 'stack' },
    ]);
  });

  test('can be added after the secret and before synthesis, in any order', () => {
    const tags = tagged((stack, secret) => {
      Tags.of(stack).add('z', '1');
      Tags.of(secret).add('y', '1');
    });
    expect(tags).toEqual([
      { Key: 'y', Value: '1' },
      { Key: 'z', Value: '1' },
    ]);
  });

  test('can be chosen by the CloudFormation type of a secret', () => {
    const type = 'AWS::SecretsManager::Secret';
    const tags = tagged((stack) => {
      Tags.of(stack).add('chosen', 'yes', { includeResourceTypes: [type] });
      Tags.of(stack).add('left-out', 'yes', { excludeResourceTypes: [type, 'aws:cdk:stack'] });
    });
    expect(tags).toEqual([{ Key: 'chosen', Value: 'yes' }]);
  });
});
