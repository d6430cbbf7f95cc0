import {
  Annotations,
  App,
  Aws,
  CfnParameter,
  Mixins,
  NestedStack,
  PhysicalName,
  Stack,
  type StackProps,
  Stage,
} from 'aws-cdk-lib';
import { Annotations as Annotated, Match, Template } from 'aws-cdk-lib/assertions';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ProductStack } from 'aws-cdk-lib/aws-servicecatalog';
import { Construct } from 'constructs';
import { RecoverableSecret, SecretDeletionMonitor, SecretRecovery } from '../src';
import { deployedOf, evaluate, onlyDeployed } from './support/deployed';

/** The names in a stack as it is deployed, in the order of their logical ids. */
function namesIn(stack: Stack, stackName?: string): unknown[] {
  const secrets = deployedOf(stack, 'Custom::RecoverableSecret', stackName);
  return Object.keys(secrets)
    .sort()
    .map((logicalId) => secrets[logicalId].Properties.Name);
}

function nameIn(stack: Stack, stackName?: string): string {
  const names = namesIn(stack, stackName);
  expect(names).toEqual([expect.any(String)]);
  return names[0] as string;
}

function shop(props: StackProps = {}, app = new App()): Stack {
  return new Stack(app, 'Shop', props);
}

function cfn(secret: Secret): CfnSecret {
  return secret.node.defaultChild as CfnSecret;
}

describe('a default name', () => {
  // What is deployed today must be found again by every later version: this name can never change.
  test('is pinned', () => {
    const stack = new Stack(new App(), 'My-Shop');
    new RecoverableSecret(stack, 'Database');
    expect(nameIn(stack)).toBe('My_Shop/Database-07abd3a3a35c');
  });

  test('is pinned in a nested stack and below other constructs', () => {
    const nested = new NestedStack(new Stack(new App(), 'My-Shop'), 'Nested');
    new RecoverableSecret(new Construct(nested, 'Orders'), 'Database');
    expect(nameIn(nested)).toBe('My_Shop/OrdersDatabase-681538824c60');
  });

  test('is the same on every synthesis, and for RecoverableSecret and the mixin', () => {
    const make = (run: (stack: Stack) => void) => {
      const stack = shop();
      run(stack);
      return nameIn(stack);
    };
    const name = make((stack) => new RecoverableSecret(stack, 'Secret'));
    expect(make((stack) => new RecoverableSecret(stack, 'Secret'))).toBe(name);
    expect(make((stack) => new Secret(stack, 'Secret').with(new SecretRecovery()))).toBe(name);
    expect(
      make((stack) => new RecoverableSecret(stack, 'Secret', { secretName: PhysicalName.GENERATE_IF_NEEDED })),
    ).toBe(name);
  });

  test('does not depend on what is around the secret, nor on the environment', () => {
    const alone = shop();
    new RecoverableSecret(alone, 'Secret');
    const elsewhere = shop({ env: { account: '111111111111', region: 'eu-west-1' }, tags: { of: 'stack' } });
    new NestedStack(elsewhere, 'Nested');
    new RecoverableSecret(elsewhere, 'Secret', { description: 'another' }).node.addMetadata('with', 'metadata');
    expect(nameIn(elsewhere)).toBe(nameIn(alone));
  });

  // CloudFormation then has two resources for a while, and the secret of the one must not be that of the other.
  test('is another one when CloudFormation takes the resource for another one', () => {
    const stack = shop();
    const other = shop();
    new RecoverableSecret(stack, 'Secret');
    const renamed = new RecoverableSecret(other, 'Secret');
    cfn(renamed).overrideLogicalId('Renamed');
    expect(nameIn(other)).toMatch(/^Shop\/Renamed-/);
    expect(nameIn(other)).not.toBe(nameIn(stack));
  });

  test('is another one when the criteria of a database password change and shall replace it', () => {
    const withCriteria = (excludeCharacters: string, replaceOnPasswordCriteriaChanges: boolean) => {
      const stack = shop();
      const secret = new rds.DatabaseSecret(stack, 'Secret', {
        username: 'admin',
        excludeCharacters,
        replaceOnPasswordCriteriaChanges,
      });
      secret.with(new SecretRecovery());
      return nameIn(stack);
    };
    expect(withCriteria('"@', true)).not.toBe(withCriteria('"@/', true));
    expect(withCriteria('"@', true)).toBe(withCriteria('"@', true));
    expect(withCriteria('"@', false)).toBe(withCriteria('"@/', false));
  });

  test('differs between stacks, stages, and secrets whose paths look alike', () => {
    const app = new App();
    const stacks = [
      ...['A', 'B-C', 'B-D'].map((id) => new Stack(app, id)),
      new Stack(app, 'Explicit', { stackName: 'explicit' }),
      ...['Dev', 'Prod'].flatMap((id) => {
        const stage = new Stage(app, id);
        return [new Stack(stage, 'Shop'), new Stack(stage, 'Explicit', { stackName: `shop-${id}` })];
      }),
    ];
    const looksAlike = ['a-b', 'a_b', 'ab', 'a b', 'ä', 'ö', '$', '$$', 'Default'];
    const nested = stacks.map((stack) => {
      for (const id of looksAlike) new Secret(stack, id);
      new Secret(new Construct(stack, 'a'), 'b');
      // Newer versions of aws-cdk-lib refuse `Default` and `Resource` beside each other.
      new Secret(new Construct(stack, 'c'), 'Resource');
      const inside = new NestedStack(stack, 'Nested');
      new Secret(inside, 'a_b');
      return inside;
    });
    Mixins.of(app).apply(new SecretRecovery());
    const names = [...stacks, ...nested].flatMap((stack) => namesIn(stack));
    expect(names).toHaveLength(stacks.length * (looksAlike.length + 3));
    expect(new Set(names).size).toBe(names.length);
  });

  test('is another one when the same template is deployed under another name', () => {
    const stack = new Stack(new App(), 'My-Shop');
    new RecoverableSecret(new NestedStack(stack, 'Nested'), 'Inner');
    new RecoverableSecret(stack, 'Outer');
    expect(nameIn(stack, 'Two-Shops')).toBe(nameIn(stack).replace('My_Shop', 'Two_Shops'));
    const nested = stack.node.findChild('Nested') as NestedStack;
    expect(nameIn(nested, 'Two-Shops')).toBe(nameIn(nested).replace('My_Shop', 'Two_Shops'));
  });

  test('is not made of the name of a product in the app: every provisioned product is a stack of its own', () => {
    const stack = shop();
    const assetBucket = new Bucket(stack, 'Assets', { bucketName: 'assets' });
    const product = new ProductStack(stack, 'Product', { assetBucket });
    const secret = new RecoverableSecret(product, 'Secret');
    const name = { 'Fn::Join': ['', [{ 'Fn::Join': ['_', { 'Fn::Split': ['-', { Ref: 'AWS::StackName' }] }] }, '/x']] };
    const rendered = JSON.stringify(product.resolve(cfn(secret).name)).replace(/\/Secret-[0-9a-f]{12}/, '/x');
    expect(JSON.parse(rendered)).toEqual(name);
    expect(() => new SecretDeletionMonitor(shop(), 'Monitor', { secrets: [secret] })).toThrow(
      "[Shop/Monitor] secrets[0] must have a name that is known at synthesis, got: 'Shop/Product/Secret', whose name is a token",
    );
  });

  test('does not make one stack refer to another', () => {
    const app = new App();
    const stack = shop({}, app);
    const nested = new NestedStack(stack, 'Nested');
    const secrets = [new RecoverableSecret(stack, 'Outer'), new RecoverableSecret(nested, 'Inner')];
    const operations = new Stack(app, 'Operations');
    new SecretDeletionMonitor(operations, 'Monitor', { secrets });
    for (const each of [stack, nested, operations]) {
      expect(JSON.stringify(Template.fromStack(each).toJSON())).not.toMatch(/Fn::ImportValue|"Export"/);
    }
    expect(Template.fromStack(nested).findOutputs('*')).toEqual({});
    const pattern = JSON.stringify(onlyDeployed(operations, 'AWS::Events::Rule').Properties.EventPattern);
    for (const each of [stack, nested]) expect(pattern).toContain(`"${nameIn(each)}"`);
  });

  test('comes from the name of the outermost stack, not from that of a nested one or its place in the app', () => {
    const nestedIn = (outer: Stack) => {
      const nested = new NestedStack(new NestedStack(outer, 'Outer'), 'Inner');
      new RecoverableSecret(nested, 'Secret');
      return nameIn(nested);
    };
    const name = nestedIn(shop());
    expect(name).toMatch(/^Shop\/Secret-/);
    expect(nestedIn(new Stack(new Stage(new App(), 'Stage'), 'Elsewhere', { stackName: 'Shop' }))).toBe(name);
  });

  describe.each([
    ['a stack with hyphens', 'my-big-shop', 'Secret'],
    ['ids with hyphens', 'Shop', 'a-b-c'],
    ['ids with characters that a name cannot have', 'Shop', 'Käse & "Brot" \\ 🧀'],
    ['an id that leaves nothing', 'Shop', '🧀'],
    ['very long ids', `S${'x'.repeat(127)}`, 'y'.repeat(250)],
    ['a default child', 'Shop', 'Default'],
  ])('for %s', (_, stackName, id) => {
    const stack = new Stack(new App(), 'Stack', { stackName });
    new RecoverableSecret(stack, id);
    const name = nameIn(stack);

    test('is one that Secrets Manager takes', () => {
      expect(name).toMatch(/^[A-Za-z0-9/_+=.@-]{1,512}$/);
    });

    test('has one hyphen, followed by more than six characters', () => {
      expect(name.split('-')).toEqual([expect.anything(), expect.stringMatching(/^.{7,}$/)]);
    });
  });

  test('can be cut out of the ARN by what CDK calls secretName', () => {
    const stack = shop();
    const secret = new Secret(new Construct(stack, 'with-hyphens'), 'Secret');
    Mixins.of(stack).apply(new SecretRecovery());
    stack.exportValue(secret.secretName, { name: 'Name' });
    const arn = `arn:aws:secretsmanager:eu-west-1:111111111111:secret:${nameIn(stack)}-AbCdEf`;
    const { Value } = Object.values(Template.fromStack(stack).findOutputs('*'))[0];
    expect(evaluate(Value, { [stack.resolve(cfn(secret).logicalId)]: arn })).toBe(nameIn(stack));
  });
});

describe('a given name', () => {
  test.each([
    ['one word', 'db'],
    ['slashes', '/prod/db/'],
    ['all other characters', 'aZ0_+=.@!-b'],
    ['hyphens', 'my-prod-db'],
    ['the longest', 'x'.repeat(512)],
  ])('is taken as it is: %s', (_, secretName) => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', { secretName });
    expect(nameIn(stack)).toBe(secretName);
  });

  test('may be known at the deployment only', () => {
    const stack = shop();
    const parameter = new CfnParameter(stack, 'Parameter').valueAsString;
    new RecoverableSecret(stack, 'A', { secretName: `${Aws.STACK_NAME}/db` });
    new RecoverableSecret(stack, 'B', { secretName: parameter });
    expect(namesIn(stack)).toEqual(['Shop/db', 'Parameter']);
  });

  describe.each([
    ['nothing', ''],
    ['a space', 'a b'],
    ['another script', 'ä'],
    ['a wildcard', 'a*'],
    ['a colon', 'a:b'],
    ['a line break', 'a\n'],
    ['one character too many', 'x'.repeat(513)],
  ])('with %s', (_, secretName) => {
    const message =
      '[Shop/Secret] secretName must be 1 to 512 characters out of A-Z a-z 0-9 / _ + = . @ ! -, ' +
      `got: '${secretName}'`;

    test('is refused', () => {
      expect(() => new RecoverableSecret(shop(), 'Secret', { secretName })).toThrow(new Error(message));
    });

    test('is refused when it was set late', () => {
      const stack = shop();
      cfn(new RecoverableSecret(stack, 'Secret')).name = secretName;
      expect(() => namesIn(stack)).toThrow(message);
    });
  });

  test('can be changed later, but not removed', () => {
    const stack = shop();
    const secret = cfn(new RecoverableSecret(stack, 'Secret'));
    secret.name = 'late';
    expect(nameIn(stack)).toBe('late');

    const other = shop();
    cfn(new RecoverableSecret(other, 'Secret')).name = undefined;
    expect(() => namesIn(other)).toThrow('[Shop/Secret] secretName must be 1 to 512 characters');
  });
});

describe('a name that ends in a hyphen and six characters', () => {
  const ID = 'cdk-recoverable-secret:nameLooksLikeArnSuffix';
  const warningsIn = (stack: Stack) =>
    Annotated.fromStack(stack)
      .findWarning('*', Match.anyValue())
      .map(({ id, entry }) => `${id} ${entry.data}`);
  const warningsFor = (secretName: string) => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', { secretName });
    return warningsIn(stack);
  };

  test.each(['prod/db-secret', 'a-123456', '-AbCdEf', 'a-b-c-ABC123'])('warns: %s', (secretName) => {
    expect(warningsFor(secretName)).toEqual([
      `/Shop/Secret/Resource secretName '${secretName}' ends in a hyphen and six characters, which Secrets Manager can ` +
        'take for the suffix of an ARN: a look-up by partial ARN goes wrong, choose another ending [ack: ' +
        `${ID}]`,
    ]);
  });

  test.each(['a-abcde', 'a-abcdefg', 'aabcdef', 'a-ab_def', 'a-abcdef/b', 'a-abcdef-'])(
    'is not mistaken for another: %s',
    (secretName) => expect(warningsFor(secretName)).toEqual([]),
  );

  test('warns when the mixin finds it, or when it was set late', () => {
    const stack = shop();
    new CfnSecret(stack, 'A', { name: 'a-abcdef' });
    Mixins.of(stack).apply(new SecretRecovery());
    const late = new RecoverableSecret(stack, 'B', { secretName: 'harmless' });
    cfn(late).name = 'b-abcdef';
    expect(warningsIn(stack)).toEqual([
      expect.stringContaining("/Shop/A secretName 'a-abcdef'"),
      expect.stringContaining("/Shop/B/Resource secretName 'b-abcdef'"),
    ]);
  });

  test.each(['Secret', 'Stack'] as const)('can be acknowledged on the %s', (where) => {
    const stack = shop();
    const secret = new RecoverableSecret(stack, 'Secret', { secretName: 'a-abcdef' });
    Annotations.of(where === 'Secret' ? secret : stack).acknowledgeWarning(ID);
    expect(warningsIn(stack)).toEqual([]);
  });
});
