import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, type AppProps, Aws, CfnParameter, NestedStack, Stack, type StackProps } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ProductStack } from 'aws-cdk-lib/aws-servicecatalog';
import { DEFAULT_CROSS_STACK_REFERENCES } from 'aws-cdk-lib/cx-api';
import {
  ExistingSecretPolicy,
  RecoverableSecret,
  type RecoverableSecretProps,
  RestorePolicy,
  SecretRecovery,
  SecretRecoveryProvider,
} from '../src';
import { deployedOf, ENV, onlyDeployed } from './support/deployed';

const THIS_STACK = `arn:aws:cloudformation:${ENV.region}:${ENV.account}:stack/Shop/1`;
const SECRET = 'Custom::RecoverableSecret';
const HANDLER = path.join(__dirname, '..', 'assets', 'handler', 'main', 'index.js');

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: Record<string, Record<string, unknown>>;
}

function shop(props: StackProps = {}, app = new App()): Stack {
  return new Stack(app, 'Shop', props);
}

function shopWith(...secrets: RecoverableSecretProps[]): Stack {
  const stack = shop();
  secrets.forEach((props, index) => {
    new RecoverableSecret(stack, `Secret${index}`, props);
  });
  return stack;
}

/** The properties of the one resource of a type. */
function only(stack: Stack, type: string) {
  const resources = Object.values(Template.fromStack(stack).findResources(type));
  expect(resources).toHaveLength(1);
  return resources[0].Properties;
}

/** The statements of the role, as they arrive in one region of one account. */
function statementsIn(stack: Stack, stackName?: string): Statement[] {
  const { Policies } = onlyDeployed(stack, 'AWS::IAM::Role', stackName).Properties;
  expect(Policies).toHaveLength(1);
  expect(Policies[0].PolicyName).toBe('SecretRecovery');
  return Policies[0].PolicyDocument.Statement;
}

function statementIn(stack: Stack, sid: string, stackName?: string): Statement | undefined {
  return statementsIn(stack, stackName).find(({ Sid }) => Sid === sid);
}

function listOf(value: string | string[]): string[] {
  return Array.isArray(value) ? value : [value];
}

describe('the provider of a stack', () => {
  test('is made once, and found again', () => {
    const stack = shopWith({}, {});
    const provider = SecretRecoveryProvider.getOrCreate(stack.node.findChild('Secret0'));
    expect(SecretRecoveryProvider.getOrCreate(stack)).toBe(provider);
    for (const { Properties } of Object.values(Template.fromStack(stack).findResources(SECRET))) {
      expect(Properties.ServiceToken).toEqual(stack.resolve(provider.serviceToken));
    }
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
  });

  test('is another one for a nested stack, which goes with its secrets', () => {
    const stack = shopWith({});
    const nested = new NestedStack(stack, 'Nested');
    new RecoverableSecret(nested, 'Secret');
    for (const each of [stack, nested]) {
      expect(only(each, SECRET).ServiceToken).toEqual({
        'Fn::GetAtt': [Object.keys(Template.fromStack(each).findResources('AWS::Lambda::Function'))[0], 'Arn'],
      });
    }
    expect(statementIn(nested, 'ManageOwned')?.Condition).toMatchObject({
      StringEquals: { 'aws:ResourceTag/recoverable-secret:owner': ['Shop'] },
    });
  });

  test('is for the name that the stack is deployed under', () => {
    const stack = shopWith({}, { owner: 'team A' });
    const nested = new NestedStack(stack, 'Nested');
    new RecoverableSecret(nested, 'Secret');
    expect(statementIn(stack, 'ManageOwned', 'Another-Shop')?.Condition).toMatchObject({
      StringEquals: { 'aws:ResourceTag/recoverable-secret:owner': ['Another-Shop', 'team A'] },
    });
    expect(statementIn(nested, 'CreateOwned', 'Another-Shop')?.Condition).toEqual({
      StringEquals: { 'aws:RequestTag/recoverable-secret:owner': ['Another-Shop'] },
    });
  });

  test('serves no other stack', () => {
    const app = new App();
    const provider = SecretRecoveryProvider.getOrCreate(shop({}, app));
    for (const stack of [new Stack(app, 'Other'), new NestedStack(Stack.of(provider), 'Nested')]) {
      expect(() => new RecoverableSecret(stack, 'Secret', { provider })).toThrow(
        new Error(
          `[${stack.node.path}/Secret] provider must be of the same stack, or made with new ` +
            "SecretRecoveryProvider() to be shared, got: 'Shop/SecretRecoveryProvider', which serves its own stack only",
        ),
      );
    }
  });

  test('needs its id', () => {
    const stack = shop();
    new Secret(stack, 'SecretRecoveryProvider');
    expect(() => new RecoverableSecret(stack, 'Secret')).toThrow(
      new Error(
        "[Shop/SecretRecoveryProvider] the id 'SecretRecoveryProvider' must stay free in a stack with recoverable secrets",
      ),
    );
  });

  // CloudFormation refuses a resource whose ServiceToken changes: these can never be others.
  test('has logical ids that stay', () => {
    const { Resources } = Template.fromStack(shopWith({})).toJSON();
    expect(Object.keys(Resources).filter((logicalId) => Resources[logicalId].Type !== SECRET)).toEqual([
      'SecretRecoveryProviderLogGroupB7E3962A',
      'SecretRecoveryProviderRole5B9272F2',
      'SecretRecoveryProviderFunction4DD254F2',
    ]);
    const own = shop();
    new SecretRecoveryProvider(own, 'Mine');
    expect(Object.keys(Template.fromStack(own).findResources('AWS::Lambda::Function'))).toEqual([
      'MineFunction5837C5E0',
    ]);
  });

  test('exists before the secrets and as long as they do', () => {
    const stack = shopWith({});
    const { Resources } = Template.fromStack(stack).toJSON();
    const [[secretId, secret]] = Object.entries(Template.fromStack(stack).findResources(SECRET));
    const functionId = secret.Properties.ServiceToken['Fn::GetAtt'][0];
    expect(Resources[functionId].DependsOn).toEqual(['SecretRecoveryProviderRole5B9272F2']);
    expect(JSON.stringify(Resources[functionId])).not.toContain(secretId);
    // In the role, not in a policy resource of its own, which could be deleted before the last secret is.
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Policy', 0);
    Template.fromStack(stack).resourceCountIs('AWS::IAM::ManagedPolicy', 0);
  });
});

describe('a shared provider', () => {
  const share = (props: AppProps = {}) => {
    const app = new App(props);
    const shared = new Stack(app, 'Shared', { env: ENV });
    const provider = new SecretRecoveryProvider(shared, 'Provider');
    return { app, shared, provider };
  };

  test('is used by other stacks, which have none of their own and come after it', () => {
    const { app, shared, provider } = share();
    const stack = shop({ env: ENV }, app);
    new RecoverableSecret(stack, 'Secret', { provider });
    new Secret(stack, 'Mixed').with(new SecretRecovery({ provider }));
    const template = Template.fromStack(stack);
    template.resourceCountIs(SECRET, 2);
    for (const { Properties } of Object.values(template.findResources(SECRET))) {
      expect(Properties.ServiceToken).toEqual({
        'Fn::ImportValue': expect.stringMatching(/^Shared:ExportsOutputFnGetAttProviderFunction[0-9A-F]{8}Arn/),
      });
    }
    template.resourceCountIs('AWS::Lambda::Function', 0);
    template.resourceCountIs('AWS::IAM::Role', 0);
    template.resourceCountIs('AWS::Logs::LogGroup', 0);
    expect(stack.dependencies).toContain(shared);
  });

  test.each([undefined, 'weak'])('goes last, whatever the app says about references: %s', (strength) => {
    const { app, shared, provider } = share({ context: { [DEFAULT_CROSS_STACK_REFERENCES]: strength } });
    const stack = shop({ env: ENV }, app);
    new RecoverableSecret(stack, 'Secret', { provider });
    expect(only(stack, SECRET).ServiceToken).toHaveProperty(['Fn::ImportValue']);
    Template.fromStack(shared).hasOutput('*', { Export: {}, Value: { 'Fn::GetAtt': Match.anyValue() } });
    expect(app.synth().getStackByName('Shop').messages).toEqual([]);
  });

  test('is used by the nested stacks of another one, which come after it', () => {
    const { app, shared, provider } = share();
    const stack = shop({ env: ENV }, app);
    const nested = new NestedStack(stack, 'Nested');
    new RecoverableSecret(nested, 'Secret', { provider });
    expect(only(nested, SECRET).ServiceToken).toHaveProperty(['Fn::ImportValue']);
    expect(stack.dependencies).toContain(shared);
  });

  test('is used by nested stacks of its stack', () => {
    const { shared, provider } = share();
    const nested = new NestedStack(shared, 'Nested');
    new RecoverableSecret(nested, 'Secret', { provider });
    expect(only(nested, SECRET).ServiceToken).toEqual({ Ref: expect.stringMatching(/FunctionArn|Function.*Arn$/) });
    Template.fromStack(nested).resourceCountIs('AWS::Lambda::Function', 0);
  });

  test('lists the owners it serves in a fixed order, its own stack among them', () => {
    const { app, shared, provider } = share();
    new RecoverableSecret(new Stack(app, 'Zoo', { env: ENV }), 'Secret', { provider });
    new RecoverableSecret(new NestedStack(shop({ env: ENV }, app), 'Nested'), 'Secret', { provider });
    new RecoverableSecret(new Stack(app, 'Bar', { env: ENV }), 'Secret', { provider, owner: 'team A' });
    const owners = ['Shared', 'Shop', 'Zoo', 'team A'];
    expect(statementIn(shared, 'CreateOwned')?.Condition).toEqual({
      StringEquals: { 'aws:RequestTag/recoverable-secret:owner': owners },
    });
    expect(statementIn(shared, 'ManageOwned')?.Condition).toMatchObject({
      StringEquals: { 'aws:ResourceTag/recoverable-secret:owner': owners },
    });
  });

  test('knows the names and owners of other stacks as they are synthesized, and refers to none of them', () => {
    const { app, shared, provider } = share();
    const stack = shop({ env: ENV }, app);
    const adopted = { provider, existingSecretPolicy: ExistingSecretPolicy.ADOPT };
    new RecoverableSecret(stack, 'A', adopted);
    new RecoverableSecret(stack, 'B', { ...adopted, secretName: `${Aws.STACK_NAME}/${Aws.REGION}/b` });
    new RecoverableSecret(new NestedStack(stack, 'Nested'), 'C', adopted);
    const named = (name: string) => `arn:aws:secretsmanager:eu-west-1:111111111111:secret:${name}-??????`;
    expect(statementIn(shared, 'AdoptByName')?.Resource).toEqual([
      expect.stringMatching(/:secret:Shop\/A-[0-9a-f]{12}-\?{6}$/),
      named('Shop/eu-west-1/b'),
      expect.stringMatching(/:secret:Shop\/C-[0-9a-f]{12}-\?{6}$/),
    ]);
    expect(JSON.stringify(Template.fromStack(shared).toJSON())).not.toMatch(/ImportValue|Shop:/);
  });

  test('cannot take over a secret of another stack whose name only the deployment knows', () => {
    const { app, shared, provider } = share();
    const stack = shop({ env: ENV }, app);
    const secretName = new CfnParameter(stack, 'Name').valueAsString;
    new RecoverableSecret(stack, 'Kept', { provider, secretName: `${secretName}/kept` });
    expect(statementIn(shared, 'AdoptByName')).toBeUndefined();

    const takeOver = { restorePolicy: RestorePolicy.ALWAYS, existingSecretPolicy: ExistingSecretPolicy.ADOPT };
    const late = share();
    const other = shop({ env: ENV }, late.app);
    const name = new CfnParameter(other, 'Name').valueAsString;
    new RecoverableSecret(other, 'Secret', { provider: late.provider, secretName: name, ...takeOver });
    expect(() => statementsIn(late.shared)).toThrow(
      '[Shared/Provider] restorePolicy ALWAYS and existingSecretPolicy ADOPT need a secretName that is known at synthesis ' +
        "when the provider is of another stack, got: a token for 'Shop/Secret'",
    );
  });

  test('needs to be told the owner of a product, whose stack somebody else names', () => {
    const shared = new Stack(new App(), 'Shared');
    const provider = new SecretRecoveryProvider(shared, 'Provider');
    const product = new ProductStack(shared, 'Product');
    expect(() => new RecoverableSecret(product, 'Secret', { provider })).toThrow(
      new Error(
        '[Shared/Product/Secret] owner must be given for a secret whose stack is deployed under a name that ' +
          'others choose, when its provider is of another stack, whose permissions are written with it, got: no owner',
      ),
    );
    new RecoverableSecret(product, 'Owned', { provider, owner: 'products' });
    expect(statementIn(shared, 'ManageOwned')?.Condition).toMatchObject({
      StringEquals: { 'aws:ResourceTag/recoverable-secret:owner': ['Shared', 'products'] },
    });
  });

  test('may manage what any stack of its account and region holds, for a stack that leaves is not in the list', () => {
    const { shared } = share();
    expect(statementIn(shared, 'ManageHeld')?.Condition).toMatchObject({
      StringLike: {
        'aws:ResourceTag/recoverable-secret:stack-id': 'arn:aws:cloudformation:eu-west-1:111111111111:stack/*',
      },
    });
    // Every secret that was given back is held by some stack.
    expect(statementIn(shared, 'ManageReturned')).toBeUndefined();
    expect(statementIn(shared, 'SeeOwnStack')?.Resource).toBe('arn:aws:cloudformation:eu-west-1:111111111111:stack/*');
  });
});

describe('the role', () => {
  test('has exactly this policy', () => {
    expect(statementsIn(shopWith({}))).toMatchSnapshot();
  });

  test('has exactly this policy in a stack of its own, for an app that takes over what exists', () => {
    const app = new App();
    const shared = new Stack(app, 'Shared', { env: ENV });
    const provider = new SecretRecoveryProvider(shared, 'Provider');
    const takeOver = { restorePolicy: RestorePolicy.ALWAYS, existingSecretPolicy: ExistingSecretPolicy.ADOPT };
    new RecoverableSecret(shop({ env: ENV }, app), 'Secret', { provider, secretName: 'prod/db', ...takeOver });
    expect(statementsIn(shared)).toMatchSnapshot();
  });

  test('can do this and nothing else', () => {
    const statements = statementsIn(shopWith({}));
    expect(new Set(statements.map(({ Effect }) => Effect))).toEqual(new Set(['Allow']));
    expect([...new Set(statements.flatMap(({ Action }) => listOf(Action)))].sort()).toEqual([
      'cloudformation:DescribeChangeSet',
      'cloudformation:DescribeStackEvents',
      'cloudformation:DescribeStackResource',
      'cloudformation:DescribeStacks',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'secretsmanager:CreateSecret',
      'secretsmanager:DeleteSecret',
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetRandomPassword',
      'secretsmanager:PutSecretValue',
      'secretsmanager:RemoveRegionsFromReplication',
      'secretsmanager:ReplicateSecretToRegions',
      'secretsmanager:RestoreSecret',
      'secretsmanager:TagResource',
      'secretsmanager:UntagResource',
      'secretsmanager:UpdateSecret',
      'secretsmanager:UpdateSecretVersionStage',
    ]);
  });

  test('changes secrets only under a condition on their tags, those of its own stack included', () => {
    const changing = statementsIn(shopWith({})).filter(({ Action }) =>
      listOf(Action).some((action) => /^secretsmanager:(?!Describe|GetRandom)/.test(action)),
    );
    expect(Object.fromEntries(changing.map(({ Sid, Condition }) => [Sid, Condition]))).toEqual({
      CreateOwned: { StringEquals: { 'aws:RequestTag/recoverable-secret:owner': ['Shop'] } },
      ManageOwned: {
        StringEquals: { 'aws:ResourceTag/recoverable-secret:owner': ['Shop'] },
        BoolIfExists: { 'secretsmanager:ForceDeleteWithoutRecovery': 'false' },
      },
      ManageHeld: {
        StringLike: { 'aws:ResourceTag/recoverable-secret:stack-id': THIS_STACK },
        BoolIfExists: { 'secretsmanager:ForceDeleteWithoutRecovery': 'false' },
      },
      ManageReturned: {
        StringLike: {
          'aws:ResourceTag/recoverable-secret:previous-stack-id': THIS_STACK,
          'aws:ResourceTag/recoverable-secret:origin': 'RETURNED',
        },
        BoolIfExists: { 'secretsmanager:ForceDeleteWithoutRecovery': 'false' },
      },
      ForceDeleteAsDeclared: {
        StringLike: { 'aws:ResourceTag/recoverable-secret:stack-id': THIS_STACK },
        StringEquals: { 'aws:ResourceTag/recoverable-secret:recovery-window': 'none' },
        Bool: { 'secretsmanager:ForceDeleteWithoutRecovery': 'true' },
      },
    });
    for (const { Resource } of changing) {
      expect(Resource).toBe('arn:aws:secretsmanager:eu-west-1:111111111111:secret:*');
    }
  });

  test('deletes for good by one statement only, whoever the provider is for', () => {
    const takeOver = { secretName: 'a', restorePolicy: RestorePolicy.ALWAYS };
    const app = new App();
    const shared = new Stack(app, 'Shared', { env: ENV });
    new RecoverableSecret(shop({ env: ENV }, app), 'Secret', {
      ...takeOver,
      provider: new SecretRecoveryProvider(shared, 'Provider'),
    });
    for (const stack of [shopWith(takeOver, { forceDeleteWithoutRecovery: true }), shared]) {
      const deleting = statementsIn(stack).filter(({ Action }) =>
        listOf(Action).includes('secretsmanager:DeleteSecret'),
      );
      const forced = deleting.filter(({ Condition }) => !Condition?.BoolIfExists);
      expect(deleting.length).toBeGreaterThan(3);
      expect(forced.map(({ Sid }) => Sid)).toEqual(['ForceDeleteAsDeclared']);
    }
    expect(statementIn(shared, 'ForceDeleteAsDeclared')?.Condition?.StringLike).toEqual({
      'aws:ResourceTag/recoverable-secret:stack-id': 'arn:aws:cloudformation:eu-west-1:111111111111:stack/*',
    });
  });

  test('uses keys through Secrets Manager only, and looks at metadata in every region', () => {
    const stack = shopWith({});
    expect(statementIn(stack, 'UseKeysThroughSecretsManager')?.Condition).toEqual({
      StringLike: { 'kms:ViaService': 'secretsmanager.*.amazonaws.com*' },
    });
    expect(statementIn(stack, 'Describe')).toMatchObject({
      Action: 'secretsmanager:DescribeSecret',
      Resource: 'arn:aws:secretsmanager:*:111111111111:secret:*',
    });
  });

  test('has a wildcard resource only where there is no other, or a condition narrows it', () => {
    const wildcards = statementsIn(shopWith({})).filter(({ Resource }) => listOf(Resource).includes('*'));
    expect(wildcards.map(({ Sid }) => Sid)).toEqual(['Generate', 'UseKeysThroughSecretsManager', 'SeeDeadKeys']);
    expect(wildcards.map(({ Action }) => Action)).toEqual([
      'secretsmanager:GetRandomPassword',
      ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'],
      'kms:DescribeKey',
    ]);
  });

  test('sees its own stack, those that are or were nested in it, and the owners that are called like stacks', () => {
    const stacks = (name: string) =>
      ['/*', '-*/*'].map((end) => `arn:aws:cloudformation:eu-west-1:111111111111:stack/${name}${end}`);
    const stack = shopWith({ owner: 'Former-Shop' }, { owner: 'team A' });
    const nested = new NestedStack(stack, 'Nested');
    new RecoverableSecret(nested, 'Secret');
    expect(statementIn(stack, 'SeeOwnStack')?.Resource).toEqual([...stacks('Shop'), ...stacks('Former-Shop')]);
    // CloudFormation cuts long names of nested stacks.
    expect(statementIn(nested, 'SeeOwnStack')?.Resource).toEqual([
      expect.stringMatching(/:stack\/Shop-Nested.*\/1$/),
      ...stacks('Shop'),
    ]);
  });

  test('sees of other stacks only whether they have a resource', () => {
    expect(statementIn(shopWith({}), 'SeeHolders')).toEqual({
      Sid: 'SeeHolders',
      Effect: 'Allow',
      Action: 'cloudformation:DescribeStackResource',
      Resource: 'arn:aws:cloudformation:eu-west-1:111111111111:stack/*',
    });
  });

  test('can be assumed by Lambda, and has no managed policy', () => {
    const role = only(shopWith({}), 'AWS::IAM::Role');
    expect(role.ManagedPolicyArns).toBeUndefined();
    expect(role.AssumeRolePolicyDocument.Statement).toEqual([
      { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } },
    ]);
  });

  test('is offered, for those who want to add to it', () => {
    const provider = new SecretRecoveryProvider(shop(), 'Provider');
    expect(provider.role).toBeInstanceOf(Role);
  });

  test('has the same policy for 450 secrets as for one', () => {
    const many = Array.from({ length: 450 }, (_, index) => ({ secretName: `prod/database-number-${index}` }));
    expect(statementsIn(shopWith(...many))).toEqual(statementsIn(shopWith({})));
  });
});

describe('the report of Role.customizeRoles', () => {
  const reportOf = (stack: Stack) => {
    const { directory } = (stack.node.root as App).synth();
    const { roles } = JSON.parse(fs.readFileSync(path.join(directory, 'iam-policy-report.json'), 'utf8'));
    return Object.fromEntries(
      roles.map((role: { roleConstructPath: string; identityPolicyStatements: Statement[] }) => [
        role.roleConstructPath,
        role.identityPolicyStatements,
      ]),
    );
  };
  const takeOver = { restorePolicy: RestorePolicy.ALWAYS, existingSecretPolicy: ExistingSecretPolicy.ADOPT };
  const inPlainText = (text: string) =>
    text.replaceAll('(PARTITION)', 'aws').replaceAll('(REGION)', ENV.region).replaceAll('(ACCOUNT)', ENV.account);

  test('has every statement that the role would have, with the names of the app', () => {
    const customized = (app: App) => {
      const stack = shop({}, app);
      new RecoverableSecret(stack, 'A', { ...takeOver, owner: 'team A' });
      new RecoverableSecret(stack, 'B', { ...takeOver, secretName: `${Aws.STACK_NAME}/b` });
      return stack;
    };
    const app = new App();
    Role.customizeRoles(app);
    const report = JSON.parse(inPlainText(JSON.stringify(reportOf(customized(app)))));
    const statements: Statement[] = report['Shop/SecretRecoveryProvider/Role'];
    const expected = JSON.stringify(statementsIn(customized(new App())))
      .replaceAll(THIS_STACK, `arn:aws:cloudformation:${ENV.region}:${ENV.account}:stack/Shop/*`)
      .replace(/"SecretRecoveryProviderLogGroup\w+\.Arn"/, '"(Shop/SecretRecoveryProvider/LogGroup/Resource.Arn)"');
    const unique = ({ Resource, ...others }: Statement) => ({ ...others, Resource: [...new Set(listOf(Resource))] });
    expect(statements.map(unique)).toEqual(JSON.parse(expected).map(unique));
  });

  test('is for the nested stacks of a name, whose own names are random', () => {
    const app = new App();
    Role.customizeRoles(app);
    const nested = new NestedStack(shop({}, app), 'Nested');
    new RecoverableSecret(nested, 'Secret');
    const statements: Statement[] = reportOf(Stack.of(nested))['Shop/Nested/SecretRecoveryProvider/Role'];
    const ofNested = 'arn:(PARTITION):cloudformation:(REGION):(ACCOUNT):stack/Shop-*';
    expect(statements.find(({ Sid }) => Sid === 'ManageHeld')?.Condition).toMatchObject({
      StringLike: { 'aws:ResourceTag/recoverable-secret:stack-id': ofNested },
    });
    expect(statements.find(({ Sid }) => Sid === 'ManageOwned')?.Condition?.StringEquals).toEqual({
      'aws:ResourceTag/recoverable-secret:owner': ['Shop'],
    });
  });
});

describe('the permissions by name', () => {
  const named = (secretName: string, props: RecoverableSecretProps = {}) => ({ secretName, ...props });
  const ALWAYS = { restorePolicy: RestorePolicy.ALWAYS };
  const ADOPT = { existingSecretPolicy: ExistingSecretPolicy.ADOPT };
  const arn = (name: string) => `arn:aws:secretsmanager:eu-west-1:111111111111:secret:${name}-??????`;

  test('are absent unless a secret asks for them', () => {
    const others = [{ restorePolicy: RestorePolicy.NEVER }, { existingSecretPolicy: ExistingSecretPolicy.FAIL }];
    expect(statementsIn(shopWith({}, ...others)).map(({ Sid }) => Sid)).toEqual(
      statementsIn(shopWith({})).map(({ Sid }) => Sid),
    );
    expect(JSON.stringify(statementsIn(shopWith({})))).not.toContain('??????');
  });

  test('with ALWAYS are what restoring, tagging and scheduling again needs', () => {
    const stack = shopWith(named('a', ALWAYS), named('b'), named('c', ALWAYS));
    expect(statementIn(stack, 'RestoreByName')).toEqual({
      Sid: 'RestoreByName',
      Effect: 'Allow',
      Action: ['RestoreSecret', 'TagResource', 'UntagResource', 'DeleteSecret'].map((name) => `secretsmanager:${name}`),
      Resource: [arn('a'), arn('c')],
      Condition: { BoolIfExists: { 'secretsmanager:ForceDeleteWithoutRecovery': 'false' } },
    });
    expect(statementIn(stack, 'AdoptByName')).toBeUndefined();
  });

  test('with ADOPT are what tagging needs; it neither restores nor deletes', () => {
    const stack = shopWith(named('a', ADOPT), named('b'));
    expect(statementIn(stack, 'AdoptByName')).toEqual({
      Sid: 'AdoptByName',
      Effect: 'Allow',
      Action: ['secretsmanager:TagResource', 'secretsmanager:UntagResource'],
      Resource: arn('a'),
    });
    expect(statementIn(stack, 'RestoreByName')).toBeUndefined();
  });

  test.each([
    ['ADOPT', ADOPT],
    ['ALWAYS', ALWAYS],
  ])('with %s let it see whether the stack that the secret comes from has let go of it', (_, policy) => {
    expect(statementIn(shopWith(named('a')), 'SeeStacks')).toBeUndefined();
    const stack = shopWith(named('a', policy), named('b', policy));
    expect(statementsIn(stack).filter(({ Sid }) => Sid === 'SeeStacks')).toEqual([
      {
        Sid: 'SeeStacks',
        Effect: 'Allow',
        Action: ['DescribeStacks', 'DescribeStackEvents', 'DescribeStackResource', 'DescribeChangeSet'].map(
          (name) => `cloudformation:${name}`,
        ),
        Resource: 'arn:aws:cloudformation:eu-west-1:111111111111:stack/*',
      },
    ]);
  });

  test('are for the name that the secret has in the end', () => {
    const stack = shopWith({ ...ADOPT }, named('before', ALWAYS), named(`${Aws.STACK_NAME}/db`, ADOPT));
    const late = stack.node.findChild('Secret1').node.defaultChild as CfnSecret;
    late.name = 'after';
    const names = Object.values(deployedOf(stack, SECRET)).map(({ Properties }) => Properties.Name);
    expect(names[0]).toMatch(/^Shop\/Secret0/);
    expect(statementIn(stack, 'AdoptByName')?.Resource).toEqual([arn(names[0]), arn('Shop/db')]);
    expect(statementIn(stack, 'RestoreByName')?.Resource).toBe(arn('after'));
  });

  const names = (length: number) =>
    Array.from({ length }, (_, index) => named(`production/shop/database/credentials/${index}`, ADOPT));

  test('fit into a role for 45 names', () => {
    const policy = JSON.stringify(statementsIn(shopWith(...names(45))));
    expect(policy.length).toBeLessThan(10_240);
  });

  test('are refused where IAM would refuse them at deployment', () => {
    expect(() => statementsIn(shopWith(...names(100)))).toThrow(
      /\[Shop\/SecretRecoveryProvider\] the policy of the role must not exceed 10240 characters \(IAM quota\), got: about 1\d{4} for 1 owners and 100 names; restorePolicy ALWAYS and existingSecretPolicy ADOPT need a name each/,
    );
  });

  test('and too many owners of a shared provider are refused as well', () => {
    const app = new App();
    const provider = new SecretRecoveryProvider(shop({ env: ENV }, app), 'Shared');
    const other = new Stack(app, 'Other', { env: ENV });
    for (let index = 0; index < 100; index++) {
      new RecoverableSecret(other, `Secret${index}`, {
        provider,
        owner: `a-team-with-a-name-of-ordinary-length-${index}`,
      });
    }
    expect(() => app.synth()).toThrow(/must not exceed 10240 characters .* for 101 owners and 0 names/);
  });
});

describe('the function', () => {
  const functionIn = (env?: StackProps['env']) => {
    const stack = shop({ env });
    new RecoverableSecret(stack, 'Secret');
    return only(stack, 'AWS::Lambda::Function');
  };

  test('is the bundle that the package ships', () => {
    const app = new App();
    const stack = shop({}, app);
    new RecoverableSecret(stack, 'Secret');
    const assetHash = path.basename(only(stack, 'AWS::Lambda::Function').Code.S3Key, '.zip');
    const { directory } = app.synth();
    const assets = JSON.parse(fs.readFileSync(path.join(directory, 'Shop.assets.json'), 'utf8'));
    const asset = path.resolve(directory, assets.files[assetHash].source.path);
    expect(path.basename(asset)).toBe(`asset.${assetHash}`);
    expect(fs.readdirSync(asset)).toEqual(['index.js']);
    expect(fs.readFileSync(path.join(asset, 'index.js')).equals(fs.readFileSync(HANDLER))).toBe(true);
    expect(functionIn().Handler).toBe('index.handler');
    expect(require(HANDLER).handler).toBeInstanceOf(Function);
  });

  test.each([undefined, ENV, { region: 'cn-north-1' }, { region: 'us-gov-west-1' }])(
    'runs on the newest Node.js of Lambda in %j',
    (env) => expect(functionIn(env).Runtime).toBe(Runtime.NODEJS_LATEST.name),
  );

  test('has less time than CloudFormation waits', () => {
    const stack = shopWith({});
    const { Timeout } = only(stack, 'AWS::Lambda::Function');
    expect(Timeout).toBe(600);
    expect(only(stack, SECRET).ServiceTimeout).toBeGreaterThan(3 * Timeout);
    expect(only(stack, SECRET).ServiceTimeout).toBeLessThanOrEqual(3600);
  });

  test('has no environment, in which a value could be left', () => {
    expect(functionIn().Environment).toBeUndefined();
  });
});

describe('the log', () => {
  test('is kept for a month, in a group that goes with the stack', () => {
    const template = Template.fromStack(shopWith({}));
    template.hasResource('AWS::Logs::LogGroup', {
      Properties: { RetentionInDays: 30 },
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
    });
    const [logicalId] = Object.keys(template.findResources('AWS::Logs::LogGroup'));
    template.hasResourceProperties('AWS::Lambda::Function', { LoggingConfig: { LogGroup: { Ref: logicalId } } });
  });

  test('is written to that group, which is never created again', () => {
    expect(statementIn(shopWith({}), 'WriteLog')).toEqual({
      Sid: 'WriteLog',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: 'SecretRecoveryProviderLogGroupB7E3962A.Arn',
    });
  });

  test('goes to the group that is given', () => {
    const stack = shop();
    new SecretRecoveryProvider(stack, 'Provider', { logGroup: LogGroup.fromLogGroupName(stack, 'Logs', 'my-logs') });
    Template.fromStack(stack).resourceCountIs('AWS::Logs::LogGroup', 0);
    expect(only(stack, 'AWS::Lambda::Function').LoggingConfig).toEqual({ LogGroup: 'my-logs' });
    expect(statementIn(stack, 'WriteLog')?.Resource).toBe('arn:aws:logs:eu-west-1:111111111111:log-group:my-logs:*');
  });
});
