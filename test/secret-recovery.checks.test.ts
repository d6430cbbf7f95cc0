import {
  App,
  Aws,
  CfnCondition,
  CfnDeletionPolicy,
  CfnMapping,
  CfnParameter,
  type CfnResource,
  Fn,
  Mixins,
  NestedStack,
  RemovalPolicy,
  SecretValue,
  Stack,
  type StackProps,
  Stage,
  Tags,
} from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Fact, FactName, type IFact } from 'aws-cdk-lib/region-info';
import type { Construct } from 'constructs';
import { ExistingSecretPolicy, RecoverableSecret, type RecoverableSecretProps, SecretRecovery } from '../src';
import { deployedOf, ENV, onlyDeployed } from './support/deployed';

const NATIVE = 'AWS::SecretsManager::Secret';
const VALUE = 'secretStringValue and secretObjectValue';
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

describe('removalPolicy SNAPSHOT', () => {
  const message =
    '[Shop/Secret] removalPolicy must be DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE, got: SNAPSHOT; ' +
    'Secrets Manager has no snapshots, and after DESTROY the recovery window keeps the value';

  test('is refused as a prop', () => {
    expect(secretWith({ removalPolicy: RemovalPolicy.SNAPSHOT })).toThrow(new Error(message));
  });

  test('is refused when the mixin finds it', () => {
    const secret = new Secret(shop(), 'Secret', { removalPolicy: RemovalPolicy.SNAPSHOT });
    expect(() => new SecretRecovery().applyTo(secret)).toThrow(new Error(message));
  });

  test('is refused when it is applied later', () => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret').applyRemovalPolicy(RemovalPolicy.SNAPSHOT);
    expect(() => secretsIn(stack)).toThrow(message);
  });

  test('is refused for the replaced secret alone', () => {
    const stack = shop();
    const secret = cfn(new RecoverableSecret(stack, 'Secret'));
    secret.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.SNAPSHOT;
    expect(() => secretsIn(stack)).toThrow(message);
  });
});

describe('two recoverable secrets of one name', () => {
  const message = (one: string, other: string) =>
    `[Shop] secretName must be unique among the recoverable secrets of a stack, got: 'prod/db' for both ` +
    `'${one}' and '${other}'`;
  const add = (scope: Construct, id: string) => new RecoverableSecret(scope, id, { secretName: 'prod/db' });

  test('are refused in one stack', () => {
    const stack = shop();
    add(stack, 'A');
    add(stack, 'B');
    expect(() => secretsIn(stack)).toThrow(message('Shop/A', 'Shop/B'));
  });

  test('are refused when only the mixin or a late change makes them so', () => {
    const stack = shop();
    new Secret(stack, 'A', { secretName: 'prod/db' });
    Mixins.of(stack).apply(new SecretRecovery());
    cfn(new RecoverableSecret(stack, 'B')).name = 'prod/db';
    expect(() => secretsIn(stack)).toThrow(message('Shop/A', 'Shop/B'));
  });

  test('are refused across the nested stacks of a stack', () => {
    const stack = shop();
    add(new NestedStack(stack, 'N'), 'A');
    add(new NestedStack(stack, 'M'), 'B');
    expect(() => secretsIn(stack)).toThrow(message('Shop/N/A', 'Shop/M/B'));
  });

  test('are refused when only one of them has a condition', () => {
    const stack = shop();
    cfn(add(stack, 'A')).cfnOptions.condition = new CfnCondition(stack, 'Condition');
    add(stack, 'B');
    expect(() => secretsIn(stack)).toThrow(message('Shop/A', 'Shop/B'));
  });

  test('are allowed when conditions can exclude each other', () => {
    const stack = shop();
    for (const id of ['A', 'B']) cfn(add(stack, id)).cfnOptions.condition = new CfnCondition(stack, `${id}Condition`);
    expect(Object.keys(secretsIn(stack))).toHaveLength(2);
  });

  test('are allowed when their nested stacks have conditions', () => {
    const stack = shop();
    for (const id of ['A', 'B']) {
      const nested = new NestedStack(stack, id);
      add(nested, 'Secret');
      (nested.nestedStackResource as CfnResource).cfnOptions.condition = new CfnCondition(stack, `${id}Condition`);
    }
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test('are allowed in two stacks, also when one is in the scope of the other', () => {
    const app = new App();
    const stack = shop({ env: ENV }, app);
    const elsewhere = { env: { ...ENV, region: 'eu-north-1' } };
    const scopes = [
      stack,
      new Stack(app, 'Sibling'),
      new Stack(stack, 'Child', elsewhere),
      new Stack(new Stage(stack, 'Stage', elsewhere), 'Grandchild'),
    ];
    for (const scope of scopes) add(scope, 'Secret');
    expect(scopes.map((scope) => onlySecretIn(scope).Name)).toEqual(scopes.map(() => 'prod/db'));
  });

  test.each<[string, (scope: Stack, id: string) => unknown]>([
    ['a token', (scope, id) => new RecoverableSecret(scope, id, { secretName: `${Aws.STACK_NAME}-x` })],
    ['an override', (scope, id) => cfn(new RecoverableSecret(scope, id)).addPropertyOverride('Name', 'x')],
    [
      'one as a text and one as an override of a token',
      (scope, id) => {
        const secret = new RecoverableSecret(scope, id, { secretName: 'Shop/x' });
        if (id === 'B') cfn(secret).addPropertyOverride('Name', Fn.join('/', [Aws.STACK_NAME, 'x']));
      },
    ],
    [
      'one expression in two ways',
      (scope, id) => {
        const name = (scope.node.tryFindChild('Name') ?? new CfnParameter(scope, 'Name')) as CfnParameter;
        // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how CloudFormation spells it
        const inAnotherWay = Fn.sub('${Own}-x', { Own: `${Aws.REGION}/${name.valueAsString}` });
        const secretName = id === 'A' ? `${Aws.REGION}/${name.valueAsString}-x` : inAnotherWay;
        new RecoverableSecret(scope, id, { secretName });
      },
    ],
    [
      'a parameter',
      (scope, id) => {
        const name = scope.node.tryFindChild('Name') ?? new CfnParameter(scope, 'Name');
        new RecoverableSecret(scope, id, { secretName: (name as CfnParameter).valueAsString });
      },
    ],
  ])('are refused when it is %s', (_, make) => {
    const stack = shop();
    make(stack, 'A');
    make(stack, 'B');
    expect(() => secretsIn(stack)).toThrow('[Shop] secretName must be unique among the recoverable secrets of a stack');
  });

  test('are refused when a nested stack gets it handed down', () => {
    const stack = shop();
    const name = new CfnParameter(stack, 'Name').valueAsString;
    new RecoverableSecret(stack, 'Secret', { secretName: name });
    new RecoverableSecret(new NestedStack(stack, 'N'), 'Secret', { secretName: name });
    expect(() => Template.fromStack(stack)).toThrow("for both 'Shop/Secret' and 'Shop/N/Secret'");
  });

  test('are allowed when the tokens only look alike', () => {
    const stack = shop();
    for (const id of ['N', 'M']) {
      const nested = new NestedStack(stack, id);
      // The name of each nested stack, and a parameter of each that has the same name.
      new RecoverableSecret(nested, 'A', { secretName: `${Aws.STACK_NAME}/a` });
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how CloudFormation spells it
      new RecoverableSecret(nested, 'C', { secretName: Fn.sub('${AWS::StackName}/c') });
      const table = new CfnMapping(nested, 'Table', { mapping: { secret: { name: `${id}/d` } } });
      new RecoverableSecret(nested, 'D', { secretName: Fn.findInMap(table.logicalId, 'secret', 'name') });
      const value = new CfnParameter(nested, 'Value').valueAsString;
      new RecoverableSecret(nested, 'B', { secretName: value });
    }
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test('are none of this rule when one of them is a plain Secret', () => {
    const stack = shop();
    add(stack, 'A');
    new Secret(stack, 'B', { secretName: 'prod/db' });
    expect(Object.keys(secretsIn(stack))).toHaveLength(1);
  });
});

describe('a dynamic reference, which CloudFormation does not resolve for a custom resource,', () => {
  const refused: [string, string, RecoverableSecretProps | ((stack: Stack) => RecoverableSecretProps)][] = [
    ['to secretsmanager', VALUE, { secretStringValue: SecretValue.secretsManager('other') }],
    ['to ssm-secure', VALUE, { secretStringValue: SecretValue.ssmSecure('/other', '1') }],
    [
      'in an object',
      VALUE,
      { secretObjectValue: { a: SecretValue.unsafePlainText('1'), b: SecretValue.secretsManager('other') } },
    ],
    ['to another secret of the app', VALUE, (stack) => ({ secretStringValue: new Secret(stack, 'Other').secretValue })],
    [
      'in the template of a generated value',
      'generateSecretString.secretStringTemplate',
      {
        generateSecretString: {
          secretStringTemplate: JSON.stringify({ user: SecretValue.secretsManager('other').unsafeUnwrap() }),
          generateStringKey: 'password',
        },
      },
    ],
  ];

  test.each(refused)('%s is refused', (_, prop, props) => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', typeof props === 'function' ? props(stack) : props);
    expect(() => secretsIn(stack)).toThrow(
      new RegExp(
        `\\[Shop/Secret\\] ${prop} cannot hold a dynamic reference to (secretsmanager|ssm-secure): ` +
          'CloudFormation does not resolve it for a custom resource; generate the value, or write it after the deployment$',
      ),
    );
  });

  test('is fine when it is a plain parameter, or when the secret is a native one', () => {
    const stack = shop();
    new Secret(stack, 'Native', { secretStringValue: SecretValue.secretsManager('other') });
    new RecoverableSecret(stack, 'Secret', {
      secretStringValue: SecretValue.unsafePlainText('{{resolve:ssm:/plain}}'),
    });
    expect(onlySecretIn(stack).SecretString).toBe('{{resolve:ssm:/plain}}');
  });
});

describe('a name that a condition takes away', () => {
  const conditional = (stack: Stack, otherwise: string = Aws.NO_VALUE) =>
    Fn.conditionIf(new CfnCondition(stack, 'Condition').logicalId, 'named', otherwise);
  const refused = (stack: Stack) =>
    expect(() => secretsIn(stack)).toThrow(
      '[Shop/Secret] secretName must not depend on a condition that takes it away (AWS::NoValue): a recoverable ' +
        'secret has a name that is the same on every deployment, got: {"Fn::If":',
    );

  test('is refused as a prop', () => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', { secretName: conditional(stack).toString() });
    refused(stack);
  });

  test('is refused as an override, also one in another condition', () => {
    const stack = shop();
    const inner = conditional(stack).toString();
    const outer = Fn.conditionIf(new CfnCondition(stack, 'Outer').logicalId, 'other', inner);
    cfn(new RecoverableSecret(stack, 'Secret', { secretName: 'given' })).addPropertyOverride('Name', outer);
    refused(stack);
  });

  test.each([
    ['', "got: ''"],
    ['a b', "got: 'a b'"],
  ])('is refused where a branch has one that cannot be: %p', (name, message) => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', { secretName: conditional(stack, name).toString() });
    expect(() => secretsIn(stack)).toThrow(message);
  });

  test('is allowed where every branch has one', () => {
    const stack = shop();
    new RecoverableSecret(stack, 'Secret', { secretName: conditional(stack, 'other').toString() });
    expect(onlySecretIn(stack).Name).toEqual({ 'Fn::If': ['Condition', 'named', 'other'] });
  });
});

describe('what an escape hatch changed', () => {
  const withOverride = (override: (secret: CfnSecret) => void, props?: RecoverableSecretProps) => {
    const stack = shop();
    override(cfn(new RecoverableSecret(stack, 'Secret', { secretName: 'given', ...props })));
    return stack;
  };

  test.each<[string, (secret: CfnSecret) => void, string]>([
    ['no name', (secret) => secret.addPropertyDeletionOverride('Name'), 'secretName must be 1 to 512 characters'],
    ['a name that cannot be', (secret) => secret.addPropertyOverride('Name', 'a b'), "got: 'a b'"],
    [
      'a value by reference',
      (secret) => secret.addPropertyOverride('SecretString', '{{resolve:secretsmanager:other}}'),
      `${VALUE} cannot hold a dynamic reference to secretsmanager`,
    ],
    [
      'a template by reference',
      (secret) => secret.addPropertyOverride('GenerateSecretString.SecretStringTemplate', '{{resolve:ssm-secure:x}}'),
      'generateSecretString.secretStringTemplate cannot hold a dynamic reference to ssm-secure',
    ],
    [
      'the owner as a tag',
      (secret) => secret.addPropertyOverride('Tags', [{ Key: 'recoverable-secret:owner', Value: 'me' }]),
      "tags must not begin with 'recoverable-secret:', got: 'recoverable-secret:owner'",
    ],
    [
      'a policy that a secret cannot have',
      (secret) => secret.addOverride('DeletionPolicy', 'Snapshot'),
      'removalPolicy must be DESTROY',
    ],
    [
      'the native type',
      (secret) => secret.addOverride('Type', NATIVE),
      `the type of the resource must stay ${RECOVERABLE}, got: '${NATIVE}'`,
    ],
    [
      'a setting that the role is written with',
      (secret) => secret.addPropertyOverride('ExistingSecretPolicy', 'ADOPT'),
      'ExistingSecretPolicy must be left to the props of the secret or of SecretRecovery, without an override, got: "ADOPT"',
    ],
    [
      'the function',
      (secret) => secret.addPropertyOverride('ServiceToken', 'arn:aws:lambda:eu-west-1:111111111111:function:other'),
      'ServiceToken must be left to the props of the secret or of SecretRecovery, without an override',
    ],
    [
      'how long CloudFormation waits',
      (secret) => secret.addPropertyOverride('ServiceTimeout', 60),
      'ServiceTimeout must be left to the props of the secret or of SecretRecovery, without an override, got: 60',
    ],
    [
      'all properties at once',
      (secret) => secret.addOverride('Properties', { Name: 'alone' }),
      'ServiceToken must be left to the props of the secret or of SecretRecovery, without an override, got: undefined',
    ],
    [
      'a property that a secret does not have',
      (secret) => secret.addPropertyOverride('KmsKeyID', 'alias/key'),
      "ReplicaRegions, SecretString, Tags, Type), got: 'KmsKeyID', which has no effect",
    ],
    [
      'a declared value beside a generated one',
      (secret) => secret.addPropertyOverride('SecretString', 'harmless'),
      'SecretString must not be given together with GenerateSecretString',
    ],
    [
      'a description by reference',
      (secret) => secret.addPropertyOverride('Description', '{{resolve:secretsmanager:other}}'),
      '[Shop/Secret] Description cannot hold a dynamic reference to secretsmanager',
    ],
    [
      'one item of tags that are none',
      (secret) => secret.addPropertyOverride('Tags.0.Value', 'x'),
      'Tags must be a list, got: {"0":{"Value":"x"}}',
    ],
    [
      'one item of replicas that are none',
      (secret) =>
        secret.addPropertyOverride('ReplicaRegions', Fn.conditionIf('C', { Region: 'eu-north-1' }, Aws.NO_VALUE)),
      'ReplicaRegions must be a list, got: {"Region":"eu-north-1"}',
    ],
    [
      'the owner as a tag, by a condition',
      (secret) =>
        secret.addPropertyOverride('Tags', Fn.conditionIf('C', [{ Key: 'recoverable-secret:owner', Value: 'me' }], [])),
      "tags must not begin with 'recoverable-secret:', got: 'recoverable-secret:owner'",
    ],
    ['null for a name', (secret) => secret.addPropertyOverride('Name', null), "got: 'null'"],
  ])('is checked: %s', (_, override, message) => {
    expect(() => secretsIn(withOverride(override))).toThrow(message);
  });

  test.each<[string, (secret: CfnSecret) => void]>([
    [
      'a declared or a generated value, as a condition says',
      (secret) => {
        secret.addPropertyOverride('SecretString', Fn.conditionIf('C', 'harmless', Aws.NO_VALUE));
        secret.addPropertyOverride('GenerateSecretString', Fn.conditionIf('C', Aws.NO_VALUE, {}));
      },
    ],
    ['tags by a condition', (secret) => secret.addPropertyOverride('Tags', Fn.conditionIf('C', [], Aws.NO_VALUE))],
    ['tags that only the deployment knows', (secret) => secret.addPropertyOverride('Tags', { 'Fn::Transform': {} })],
  ])('can be %s', (_, override) => {
    expect(() => Template.fromStack(withOverride(override))).not.toThrow();
  });

  test('is not held against a secret when it takes away what was wrong', () => {
    const stack = withOverride((secret) => secret.addPropertyOverride('SecretString', 'harmless'), {
      secretStringValue: SecretValue.secretsManager('other'),
    });
    expect(onlySecretIn(stack).SecretString).toBe('harmless');
  });

  test('is what the permission by name is for', () => {
    const stack = withOverride((secret) => secret.addPropertyOverride('Name', 'overridden'), {
      existingSecretPolicy: ExistingSecretPolicy.ADOPT,
    });
    const { Policies } = onlyDeployed(stack, 'AWS::IAM::Role').Properties;
    expect(Policies[0].PolicyDocument.Statement).toContainEqual(
      expect.objectContaining({
        Sid: 'AdoptByName',
        Resource: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:overridden-??????',
      }),
    );
  });
});

describe('tags', () => {
  const withTags = (count: number, props?: StackProps) => {
    const stack = shop(props);
    const secret = new RecoverableSecret(stack, 'Secret');
    for (let number = 1; number <= count; number++) Tags.of(secret).add(`tag${number}`, 'x');
    return stack;
  };
  const message =
    '[Shop/Secret] tags must not be more than 39, those of the stack included, got: 40; of the 50 that AWS ' +
    'allows, this library needs the rest';

  test('may be as many as leave room for those of this library', () => {
    expect(onlySecretIn(withTags(39)).Tags).toHaveLength(39);
    expect(onlySecretIn(withTags(38, { tags: { of: 'stack' } })).Tags).toHaveLength(39);
  });

  test('are refused when they are more, those of the stack and overrides included', () => {
    expect(() => secretsIn(withTags(40))).toThrow(message);
    expect(() => secretsIn(withTags(39, { tags: { of: 'stack' } }))).toThrow(message);
    const stack = withTags(0);
    const tags = Array.from({ length: 40 }, (_, index) => ({ Key: `tag${index}`, Value: 'x' }));
    const secret = cfn(stack.node.findChild('Secret') as Secret);
    for (const more of [tags, Fn.conditionIf('C', Aws.NO_VALUE, tags)]) {
      secret.addPropertyOverride('Tags', more);
      expect(() => Template.fromStack(stack)).toThrow(message);
    }
  });
});

describe('one stack name in two regions', () => {
  const REGIONS = ['eu-west-1', 'eu-central-1'];
  const twoRegions = (build: (stack: Stack, other: string) => void, accounts = [ENV.account, ENV.account]) => {
    const app = new App();
    REGIONS.forEach((region, index) => {
      const env = { region, account: accounts[index] };
      build(new Stack(app, region, { env, stackName: 'Shop' }), REGIONS[1 - index]);
    });
    return () => app.synth();
  };
  const replicated =
    (props: RecoverableSecretProps = {}) =>
    (stack: Stack, other: string) =>
      void new RecoverableSecret(stack, 'Secret', { ...props, replicaRegions: [{ region: other }] });

  test.each([{}, { secretName: 'prod/db' }])('cannot have the replica of either in the other (%p)', (props) => {
    const errors = REGIONS.map(
      (region, index) =>
        `[${region}] replicaRegions must not have a region where the app has a secret of the same name, got: ` +
        `'${REGIONS[1 - index]}' for '${region}/Secret', where '${REGIONS[1 - index]}/Secret' is `,
    );
    for (const error of errors) expect(twoRegions(replicated(props))).toThrow(error);
  });

  test('can have it with names that differ, with one replica fewer, or in other accounts', () => {
    expect(twoRegions((stack, other) => replicated({ secretName: `db/${stack.region}` })(stack, other))).not.toThrow();
    expect(twoRegions((stack) => void new RecoverableSecret(stack, 'Secret'))).not.toThrow();
    expect(twoRegions(replicated(), [ENV.account, '222222222222'])).not.toThrow();
  });
});

describe('a region of a replica', () => {
  const withReplica = (region: string, props: StackProps = {}) => {
    const stack = shop(props);
    new RecoverableSecret(stack, 'Secret', { replicaRegions: [{ region: 'eu-north-1' }, { region }] });
    return () => secretsIn(stack);
  };
  const unknown = (region: string) =>
    `[Shop/Secret] replicaRegions must be regions that the CDK knows, got: '${region}'; if it is a new one, ` +
    'update aws-cdk-lib, or register it with Fact.register()';

  test.each(['eu-west-9', 'eu_west_1', 'EU-WEST-1', 'ireland', ''])(
    'is refused by name when there is none: %s',
    (region) => {
      expect(withReplica(region)).toThrow(unknown(region));
    },
  );

  test('is refused when it is of another partition', () => {
    expect(withReplica('cn-north-1', { env: ENV })).toThrow(
      '[Shop/Secret] replicaRegions must be of the partition of the stack (eu-west-1 in aws), got: ' +
        "'cn-north-1' in aws-cn",
    );
    expect(withReplica('cn-north-1')).not.toThrow();
  });

  test('is refused when it is that of the stack, also as an override', () => {
    const stack = shop({ env: ENV });
    cfn(new RecoverableSecret(stack, 'Secret')).addPropertyOverride('ReplicaRegions', [{ Region: ENV.region }]);
    expect(() => secretsIn(stack)).toThrow(
      "[Shop/Secret] replicaRegions must be other regions than that of the stack, got: 'eu-west-1'",
    );
  });

  test('is refused as an override, and not looked at as a token', () => {
    const stack = shop();
    const secret = cfn(new RecoverableSecret(stack, 'Secret'));
    const region = new CfnParameter(stack, 'Region').valueAsString;
    secret.addPropertyOverride('ReplicaRegions', [{ Region: region }, { Region: 'eu-west-9' }]);
    expect(() => secretsIn(stack)).toThrow(unknown('eu-west-9'));
  });

  test('can be one that the app has told the CDK about', () => {
    class Future implements IFact {
      readonly region = 'eu-future-1';
      readonly name = FactName.PARTITION;
      readonly value = 'aws';
    }
    Fact.register(new Future());
    try {
      expect(withReplica('eu-future-1', { env: ENV })).not.toThrow();
    } finally {
      Fact.unregister('eu-future-1', FactName.PARTITION);
    }
    expect(withReplica('eu-future-1', { env: ENV })).toThrow(unknown('eu-future-1'));
  });
});
