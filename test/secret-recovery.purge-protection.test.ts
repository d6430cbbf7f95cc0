import { App, Aws, CfnCondition, CfnParameter, Duration, Fn, Mixins, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AccountRootPrincipal, Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { DatabaseSecret } from 'aws-cdk-lib/aws-rds';
import {
  CfnResourcePolicy,
  CfnSecret,
  CfnSecretTargetAttachment,
  ResourcePolicy,
} from 'aws-cdk-lib/aws-secretsmanager';
import { RecoverableSecret, SecretRecovery, SecretRecoveryProvider } from '../src';
import { PURGE_DENIAL, PURGE_DENIAL_SID } from '../src/private/contract';

const PROTECTED = { purgeProtection: true } as const;
const DENIAL = { Sid: PURGE_DENIAL_SID.template, ...PURGE_DENIAL };

const reading = () =>
  new PolicyStatement({
    actions: ['secretsmanager:GetSecretValue'],
    resources: ['*'],
    principals: [new AccountRootPrincipal()],
  });

function stackOf(build: (stack: Stack) => void): Template {
  const stack = new Stack(new App(), 'Shop');
  build(stack);
  return Template.fromStack(stack);
}

/** What the function is told, of each secret. */
function told(template: Template): unknown[] {
  return Object.values(template.findResources('Custom::RecoverableSecret')).map(
    ({ Properties }) => Properties.PurgeProtection,
  );
}

/** The statements of each resource policy. */
function statements(template: Template): object[][] {
  return Object.values(template.findResources('AWS::SecretsManager::ResourcePolicy')).map(
    ({ Properties }) => Properties.ResourcePolicy.Statement,
  );
}

describe('the function is told', () => {
  test('nothing without the prop', () => {
    const template = stackOf((stack) => {
      new RecoverableSecret(stack, 'Default');
      new RecoverableSecret(stack, 'Off', { purgeProtection: false }).addToResourcePolicy(reading());
    });
    expect(told(template)).toEqual([undefined, undefined]);
    expect(statements(template)).toEqual([[expect.not.objectContaining({ Sid: DENIAL.Sid })]]);
    template.resourceCountIs('AWS::IAM::Policy', 0);
  });

  test('to do it while the secret is scheduled where the template does the rest, and else always', () => {
    const template = stackOf((stack) => {
      new RecoverableSecret(stack, 'Alone', PROTECTED);
      new RecoverableSecret(stack, 'WithPolicy', PROTECTED).addToResourcePolicy(reading());
      Mixins.of(new DatabaseSecret(stack, 'Database', { username: 'me' })).apply(new SecretRecovery(PROTECTED));
    });
    expect(told(template)).toEqual(['ALWAYS', 'WHILE_SCHEDULED', 'ALWAYS']);
  });
});

/** Ways in which a template comes to have a policy of a secret. */
const POLICIES: [string, (secret: RecoverableSecret, stack: Stack) => unknown][] = [
  ['addToResourcePolicy', (secret) => secret.addToResourcePolicy(reading())],
  ['denyAccountRootDelete', (secret) => secret.denyAccountRootDelete()],
  [
    'a rotation',
    (secret, stack) =>
      secret.addRotationSchedule('Rotation', {
        rotationLambda: LambdaFunction.fromFunctionName(stack, 'Rotator', 'rotator'),
        automaticallyAfter: Duration.days(30),
      }),
  ],
  [
    'ResourcePolicy',
    (secret, stack) => new ResourcePolicy(stack, 'Policy', { secret }).document.addStatements(reading()),
  ],
  [
    'CfnResourcePolicy',
    (secret, stack) =>
      new CfnResourcePolicy(stack, 'Policy', {
        secretId: secret.secretArn,
        resourcePolicy: { Version: '2012-10-17', Statement: reading().toStatementJson() },
      }),
  ],
  [
    'a policy of the attachment',
    (secret, stack) => {
      const target = {
        asSecretAttachmentTarget: () => ({ targetId: 'db', targetType: 'AWS::RDS::DBInstance' as never }),
      };
      const attached = secret.attach(target);
      return new ResourcePolicy(stack, 'Policy', { secret: attached }).document.addStatements(reading());
    },
  ],
  [
    'a policy in another stack',
    (secret, stack) =>
      new ResourcePolicy(new Stack(stack.node.root as App, 'Other'), 'Policy', { secret }).document.addStatements(
        reading(),
      ),
  ],
];

test.each(POLICIES)('a policy by %s has the denial beside what it says', (_, add) => {
  const app = new App();
  const stack = new Stack(app, 'Shop');
  add(new RecoverableSecret(stack, 'Secret', PROTECTED), stack);
  const other = app.node.tryFindChild('Other') as Stack | undefined;
  app.synth();
  expect(told(Template.fromStack(stack))).toEqual(['WHILE_SCHEDULED']);
  expect(statements(Template.fromStack(other ?? stack))).toEqual([
    [expect.not.objectContaining({ Sid: DENIAL.Sid }), DENIAL],
  ]);
});

test('the denial is added once, and to no policy of another secret', () => {
  const app = new App();
  const stack = new Stack(app, 'Shop');
  for (const id of ['One', 'Two']) new RecoverableSecret(stack, id, PROTECTED).addToResourcePolicy(reading());
  new RecoverableSecret(stack, 'Three').addToResourcePolicy(reading());
  const written = new RecoverableSecret(stack, 'Written', PROTECTED);
  const statement = [{ ...reading().toStatementJson(), Principal: '*' }, DENIAL];
  new CfnResourcePolicy(stack, 'ByHand', { secretId: written.secretArn, resourcePolicy: { Statement: statement } });
  app.synth();
  expect(statements(Template.fromStack(stack)).map((each) => each.filter((one) => 'Sid' in one))).toEqual([
    [DENIAL],
    [DENIAL],
    [],
    [DENIAL],
  ]);
});

test.each<[string, (stack: Stack) => unknown]>([
  ['only the deployment knows', (stack) => new CfnParameter(stack, 'Document').valueAsString],
  [
    'a condition chooses',
    (stack) => {
      const condition = new CfnCondition(stack, 'Condition', {
        expression: Fn.conditionEquals(Aws.REGION, 'eu-west-1'),
      });
      return Fn.conditionIf(condition.logicalId, { Statement: [] }, { Statement: [] });
    },
  ],
  ['is nothing but a name', () => ({ Id: 'policy' })],
])('a policy that %s is an error that says what to write', (_, document) => {
  const app = new App();
  const stack = new Stack(app, 'Shop');
  const secret = new RecoverableSecret(stack, 'Secret', PROTECTED);
  new CfnResourcePolicy(stack, 'Policy', { secretId: secret.secretArn, resourcePolicy: document(stack) });
  expect(() => app.synth()).toThrow(
    /purgeProtection needs a statement of its own in resource policy 'Shop\/Policy' of the secret.*write it there: \{"Sid":"RecoverableSecretPurgeProtectionOfTemplate"/,
  );
});

test('a policy whose override replaces the statements is an error', () => {
  const app = new App();
  const secret = new RecoverableSecret(new Stack(app, 'Shop'), 'Secret', PROTECTED);
  secret.addToResourcePolicy(reading());
  const policy = secret.node.findChild('Policy').node.defaultChild as CfnResourcePolicy;
  policy.addPropertyOverride('ResourcePolicy.Statement', [reading().toStatementJson()]);
  expect(() => app.synth()).toThrow(/purgeProtection needs a statement of its own in resource policy/);
});

test('with forceDeleteWithoutRecovery it is a contradiction', () => {
  const stack = new Stack(new App(), 'Shop');
  expect(() => new RecoverableSecret(stack, 'Secret', { ...PROTECTED, forceDeleteWithoutRecovery: true })).toThrow(
    /^\[Shop\/Secret\] purgeProtection must not be given together with forceDeleteWithoutRecovery/,
  );
  new RecoverableSecret(stack, 'Forced', { purgeProtection: false, forceDeleteWithoutRecovery: true });
});

describe('the permission for it', () => {
  const policiesOf = (stack: Stack) => Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy'));

  test('is a policy of its own, there before the secrets that need it and gone after them, for what the stack holds', () => {
    const stack = new Stack(new App(), 'Shop');
    for (const id of ['One', 'Two']) new RecoverableSecret(stack, id, PROTECTED);
    new RecoverableSecret(stack, 'Three');
    const [[logicalId, { Properties }], ...more] = policiesOf(stack);
    expect(more).toEqual([]);
    const secrets = Template.fromStack(stack).findResources('Custom::RecoverableSecret');
    expect(Object.values(secrets).map(({ DependsOn }) => DependsOn)).toEqual([[logicalId], [logicalId], undefined]);
    expect(Properties.PolicyDocument.Statement).toEqual([
      expect.objectContaining({
        Sid: 'ProtectFromPurge',
        Action: ['GetResourcePolicy', 'PutResourcePolicy', 'DeleteResourcePolicy'].map(
          (name) => `secretsmanager:${name}`,
        ),
        Effect: Effect.ALLOW,
        Condition: { StringLike: { 'aws:ResourceTag/recoverable-secret:stack-id': { Ref: 'AWS::StackId' } } },
      }),
    ]);
  });

  test.each<[string, { owners?: string[] }, object]>([
    ['any stack', {}, { 'aws:ResourceTag/recoverable-secret:stack-id': expect.anything() }],
    ['its owners', { owners: ['Shop', 'a b'] }, { 'aws:ResourceTag/recoverable-secret:owner': ['Shop', 'a b'] }],
  ])('of a shared provider is for the secrets of %s', (_, props, condition) => {
    const app = new App();
    const home = new Stack(app, 'Home');
    const provider = new SecretRecoveryProvider(home, 'Provider', props);
    const shop = new Stack(app, 'Shop');
    new RecoverableSecret(shop, 'Secret', { ...PROTECTED, provider });
    app.synth();
    const [[, { Properties }]] = policiesOf(home);
    expect(Properties.PolicyDocument.Statement[0].Condition).toEqual({ StringLike: condition });
    expect(policiesOf(shop)).toEqual([]);
    expect(shop.dependencies).toContain(home);
  });

  test('is given to a role that was passed in', () => {
    const stack = new Stack(new App(), 'Shop');
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    SecretRecoveryProvider.getOrCreate(stack, { role });
    new RecoverableSecret(stack, 'Secret', PROTECTED);
    const sids = policiesOf(stack).flatMap(([, { Properties }]) =>
      Properties.PolicyDocument.Statement.map(({ Sid }: { Sid: string }) => Sid),
    );
    expect(sids).toContain('ProtectFromPurge');
  });

  test('is among what an imported role is said to need, and nothing depends on a policy that is not there', () => {
    const app = new App();
    const stack = new Stack(app, 'Shop');
    const role = Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/mine', { mutable: false });
    SecretRecoveryProvider.getOrCreate(stack, { role });
    new RecoverableSecret(stack, 'Secret', PROTECTED);
    const { messages } = app.synth().getStackArtifact(stack.artifactId);
    expect(messages.map(({ entry }) => String(entry.data)).join()).toContain('secretsmanager:PutResourcePolicy');
    expect(policiesOf(stack)).toEqual([]);
    const [secret] = Object.values(Template.fromStack(stack).findResources('Custom::RecoverableSecret'));
    expect(secret.DependsOn).toBeUndefined();
  });

  test('of a provider of another app has to be seen to there', () => {
    const app = new App();
    const stack = new Stack(app, 'Shop', { env: { account: '111122223333', region: 'eu-west-1' } });
    const arn = 'arn:aws:lambda:eu-west-1:111122223333:function:provider';
    const provider = SecretRecoveryProvider.fromServiceToken(stack, 'Provider', arn);
    new RecoverableSecret(stack, 'Secret', { ...PROTECTED, provider });
    const { messages } = app.synth().getStackArtifact(stack.artifactId);
    expect(messages.map(({ entry }) => String(entry.data)).join()).toMatch(
      /purgeProtection works only if its own app allows it/,
    );
  });
});

test('a plain CfnSecret, and one that is imported by reference, are protected as well', () => {
  const template = stackOf((stack) => {
    const secret = new CfnSecret(stack, 'Plain', { name: 'plain' });
    const attachment = new CfnSecretTargetAttachment(stack, 'Attachment', {
      secretId: secret.ref,
      targetId: 'db',
      targetType: 'AWS::RDS::DBInstance',
    });
    new CfnResourcePolicy(stack, 'Policy', { secretId: attachment.ref, resourcePolicy: { Statement: [] } });
    Mixins.of(secret).apply(new SecretRecovery(PROTECTED));
  });
  expect(told(template)).toEqual(['WHILE_SCHEDULED']);
  expect(statements(template)).toEqual([[DENIAL]]);
});
