import {
  Annotations,
  App,
  Aws,
  CfnParameter,
  type CfnResource,
  Fn,
  Mixins,
  NestedStack,
  RemovalPolicy,
  Stack,
  type StackProps,
} from 'aws-cdk-lib';
import { Annotations as Annotated, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import * as rds from 'aws-cdk-lib/aws-rds';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import {
  ExistingSecretPolicy,
  GeneratedValue,
  RecoverableSecret,
  type RecoverableSecretProps,
  SecretRecovery,
  type SecretRecoveryProps,
} from '../src';
import { ENV } from './support/deployed';

function shop(props: StackProps = {}, app = new App()): Stack {
  return new Stack(app, 'Shop', props);
}

function warningsIn(stack: Stack): string[] {
  return Annotated.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('cdk-recoverable-secret'))
    .map(({ id, entry }) => `${id} ${entry.data}`);
}

describe('a customer key that is destroyed with its stack', () => {
  const ID = 'cdk-recoverable-secret:keyIsDestroyed';
  const { DESTROY, RETAIN, RETAIN_ON_UPDATE_OR_DELETE } = RemovalPolicy;
  const key = (stack: Stack, removalPolicy?: RemovalPolicy) => new kms.Key(stack, 'Key', { removalPolicy });
  const warning = (secret: string, path = 'Shop/Key') =>
    `/${secret} encryptionKey '${path}' is destroyed with its stack, and a restored secret cannot be read without it: ` +
    `give the key removalPolicy RETAIN [ack: ${ID}]`;

  const cfn = ({ node }: Construct) => node.defaultChild as CfnResource;

  const warningsFor = (create: (stack: Stack) => void) => {
    const stack = shop({ env: ENV });
    create(stack);
    return warningsIn(stack);
  };
  const secret = (stack: Stack, encryptionKey: kms.IKey, props?: RecoverableSecretProps) =>
    new RecoverableSecret(stack, 'Secret', { ...props, encryptionKey });

  test.each<[string, (stack: Stack) => void]>([
    ['as a prop', (stack) => secret(stack, key(stack, DESTROY))],
    ['by its alias', (stack) => secret(stack, key(stack, DESTROY).addAlias('mine'))],
    ['of a secret that is retained', (stack) => secret(stack, key(stack, DESTROY), { removalPolicy: RETAIN })],
    [
      'when that is decided later',
      (stack) => {
        const late = key(stack);
        secret(stack, late);
        late.applyRemovalPolicy(DESTROY);
      },
    ],
    [
      'as an override',
      (stack) => {
        const other = new kms.Key(stack, 'Other', { removalPolicy: RETAIN });
        cfn(secret(stack, other)).addPropertyOverride('KmsKeyId', key(stack, DESTROY).keyArn);
      },
    ],
    [
      'when an override decides that',
      (stack) => {
        const retained = key(stack, RETAIN);
        secret(stack, retained);
        cfn(retained).addOverride('DeletionPolicy', 'Delete');
      },
    ],
    [
      'when the mixin finds it',
      (stack) => new Secret(stack, 'Secret', { encryptionKey: key(stack, DESTROY) }).with(new SecretRecovery()),
    ],
  ])('warns, %s', (_, create) => {
    expect(warningsFor(create)).toEqual([warning('Shop/Secret/Resource')]);
  });

  test('warns for resources without classes of their own, where CloudFormation destroys by default', () => {
    const create = (stack: Stack) => {
      const cfnKey = new kms.CfnKey(stack, 'Key');
      new CfnSecret(stack, 'A', { kmsKeyId: cfnKey.attrArn });
      new CfnSecret(stack, 'B', { kmsKeyId: cfnKey.ref });
      new CfnSecret(stack, 'C', { kmsKeyId: 'alias/aws/secretsmanager' });
      Mixins.of(stack).apply(new SecretRecovery());
    };
    expect(warningsFor(create)).toEqual(['A', 'B'].map((id) => warning(`Shop/${id}`, 'Shop/Key')));
  });

  test('warns for the key of another stack of the app', () => {
    const app = new App();
    const keys = new Stack(app, 'Keys', { env: ENV });
    const stack = shop({ env: ENV }, app);
    secret(stack, key(keys, DESTROY));
    expect(warningsIn(stack)).toEqual([warning('Shop/Secret/Resource', 'Keys/Key')]);
  });

  test.each<[string, (stack: Stack) => void]>([
    ['is retained by default', (stack) => secret(stack, key(stack))],
    ['is retained', (stack) => secret(stack, key(stack, RETAIN))],
    ['is retained unless its creation fails', (stack) => secret(stack, key(stack, RETAIN_ON_UPDATE_OR_DELETE))],
    [
      'is retained from later on',
      (stack) => {
        const late = key(stack, DESTROY);
        secret(stack, late);
        late.applyRemovalPolicy(RETAIN);
      },
    ],
    [
      'is imported',
      (stack) =>
        secret(stack, kms.Key.fromKeyArn(stack, 'Key', `arn:aws:kms:eu-west-1:111111111111:key/${'1'.repeat(36)}`)),
    ],
    ['is an imported alias', (stack) => secret(stack, kms.Alias.fromAliasName(stack, 'Key', 'alias/mine'))],
    [
      'is retained by an override',
      (stack) => {
        const destroyed = key(stack, DESTROY);
        secret(stack, destroyed);
        cfn(destroyed).addOverride('DeletionPolicy', 'Retain');
      },
    ],
    [
      'is taken away by an override',
      (stack) => cfn(secret(stack, key(stack, DESTROY))).addPropertyDeletionOverride('KmsKeyId'),
    ],
    [
      'belongs to a secret that is not restored anyway',
      (stack) => secret(stack, key(stack, DESTROY), { forceDeleteWithoutRecovery: true }),
    ],
  ])('does not warn when the key %s', (_, create) => {
    expect(warningsFor(create)).toEqual([]);
  });

  test('can be acknowledged', () => {
    const create = (stack: Stack) =>
      Annotations.of(secret(stack, key(stack, DESTROY))).acknowledgeWarning(ID, 'the key comes back as well');
    expect(warningsFor(create)).toEqual([]);
  });
});

describe('a name that is another one for a stack that is created again', () => {
  const STACK_ID = Fn.select(2, Fn.split('/', Aws.STACK_ID));
  const warning = (secret: string, part: string) =>
    `/${secret}/Resource secretName is made of ${part}, which is another one when the stack is created again: the secret of ` +
    'before is not found then, and not restored [ack: cdk-recoverable-secret:nameChangesWithStack]';

  test('warns', () => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', { secretName: `db/${STACK_ID}` });
    new RecoverableSecret(stack, 'Forced', { secretName: `dev/${STACK_ID}`, forceDeleteWithoutRecovery: true });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how CloudFormation spells it
    new RecoverableSecret(stack, 'Substituted', { secretName: Fn.sub('${AWS::StackId}') });
    expect(warningsIn(stack)).toEqual(['Secret', 'Substituted'].map((id) => warning(`Shop/${id}`, 'AWS::StackId')));
  });

  test('warns in a nested stack, whose name is none that stays', () => {
    const stack = shop();
    const nested = new NestedStack(stack, 'Nested');
    new RecoverableSecret(nested, 'Secret', { secretName: `${Aws.STACK_NAME}/db` });
    new RecoverableSecret(nested, 'Default');
    new RecoverableSecret(nested, 'Named', { secretName: 'db' });
    new RecoverableSecret(nested, 'HandedDown', { secretName: new CfnParameter(nested, 'Name').valueAsString });
    expect(warningsIn(stack)).toEqual([warning('Shop/Nested/Secret', 'AWS::StackName of a nested stack')]);
  });

  test('does not warn where the name of the stack stays', () => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', { secretName: `${Aws.STACK_NAME}/db` });
    new RecoverableSecret(stack, 'Default');
    expect(warningsIn(stack)).toEqual([]);
  });
});

describe('a replica in a region that has to be enabled', () => {
  test('warns', () => {
    const stack = shop({ env: ENV });
    const replicaRegions = ['eu-north-1', 'eu-south-1', 'me-south-1'].map((region) => ({ region }));
    new RecoverableSecret(stack, 'Secret', { replicaRegions });
    new RecoverableSecret(stack, 'Other', { replicaRegions: replicaRegions.slice(0, 1) });
    expect(warningsIn(stack)).toEqual([
      "/Shop/Secret/Resource replicaRegions has 'eu-south-1', 'me-south-1', which must be enabled in the account before " +
        'the deployment: it is not by default [ack: cdk-recoverable-secret:replicaRegionIsOptIn]',
    ]);
  });
});

describe('ADOPT together with what a secret has only one of', () => {
  const ADOPT = { existingSecretPolicy: ExistingSecretPolicy.ADOPT };
  const warning = (secret: string, ...paths: string[]) =>
    `/${secret} existingSecretPolicy ADOPT comes together with ${paths.map((path) => `'${path}'`).join(', ')}, and a ` +
    'secret has one resource policy, one attachment and one rotation: while the resources that made those before are ' +
    'deployed, CloudFormation refuses another policy or attachment, and the rotation ends when they go; retain and ' +
    'remove them first, see docs/migration.md [ack: cdk-recoverable-secret:adoptsWithDependents]';
  const rotate = (secret: Secret) => {
    const rotationLambda = LambdaFunction.fromFunctionName(secret, 'Rotator', 'rotator');
    secret.addRotationSchedule('Rotation', { rotationLambda });
  };
  const allow = (secret: Secret) => secret.grantRead(new iam.AccountPrincipal('222222222222'));

  test('warns, and names them', () => {
    const stack = shop({ env: ENV });
    const encryptionKey = new kms.Key(stack, 'Key');
    const secret = new RecoverableSecret(stack, 'Secret', { ...ADOPT, encryptionKey });
    allow(secret);
    rotate(secret);
    // A rotation brings a policy along.
    rotate(new RecoverableSecret(stack, 'Rotated', ADOPT));
    expect(warningsIn(stack)).toEqual([
      warning('Shop/Secret/Resource', 'Shop/Secret/Policy', 'Shop/Secret/Rotation'),
      warning('Shop/Rotated/Resource', 'Shop/Rotated/Rotation', 'Shop/Rotated/Policy'),
    ]);
  });

  test('warns for the secret of a database, whose rotation hangs on the attachment', () => {
    const stack = shop({ env: ENV });
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const engine = rds.DatabaseInstanceEngine.POSTGRES;
    const database = new rds.DatabaseInstance(stack, 'Db', { engine, vpc });
    database.addRotationSingleUser();
    Mixins.of(database).apply(new SecretRecovery(ADOPT));
    expect(warningsIn(stack)).toEqual([
      warning(
        'Shop/Db/Secret/Resource',
        'Shop/Db/Secret/Attachment',
        'Shop/Db/Secret/Attachment/RotationSchedule',
        'Shop/Db/Secret/Attachment/Policy',
      ),
    ]);
  });

  test.each<[string, SecretRecoveryProps, (secret: Secret) => void]>([
    ['without ADOPT', {}, rotate],
    ['without any of them', ADOPT, () => undefined],
    ['for those of another secret', ADOPT, (secret) => rotate(new RecoverableSecret(Stack.of(secret), 'Other'))],
    [
      'for those of a nested stack, which has ids of its own',
      ADOPT,
      (secret) => rotate(new RecoverableSecret(new NestedStack(Stack.of(secret), 'Nested'), 'Secret')),
    ],
  ])('does not warn %s', (_, props, add) => {
    const stack = shop({ env: ENV });
    add(new RecoverableSecret(stack, 'Secret', props));
    expect(warningsIn(stack)).toEqual([]);
  });
});

describe('a fixed name, and a logical id that follows the criteria of the password', () => {
  const warningsFor = (options: rds.DatabaseSecretProps, props: SecretRecoveryProps = {}) => {
    const stack = shop();
    new rds.DatabaseSecret(stack, 'Secret', { replaceOnPasswordCriteriaChanges: true, ...options }).with(
      new SecretRecovery(props),
    );
    return warningsIn(stack);
  };

  test('warns that new criteria leave the password', () => {
    expect(warningsFor({ username: 'admin', secretName: 'db' })).toEqual([
      "/Shop/Secret/Resource secretName 'db' stays the same when the criteria of the generated password change, and so " +
        'does the password, which the database has as well: for one by the new criteria rotate the secret, or change ' +
        'secretName, too [ack: cdk-recoverable-secret:criteriaKeepValue]',
    ]);
  });

  test.each<[string, rds.DatabaseSecretProps, SecretRecoveryProps]>([
    ['a name of its own, which changes with them', { username: 'admin' }, {}],
    ['a logical id that stays', { username: 'admin', secretName: 'db', replaceOnPasswordCriteriaChanges: false }, {}],
    [
      'a value that is generated anew',
      { username: 'admin', secretName: 'db' },
      { restoredValue: GeneratedValue.REGENERATE },
    ],
  ])('does not warn for %s', (_, options, props) => {
    expect(warningsFor(options, props)).toEqual([]);
  });
});
