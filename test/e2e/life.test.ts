import { CfnOutput, CfnResource, Duration, Mixins, NestedStack, type Stack } from 'aws-cdk-lib';
import { DatabaseSecret } from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { RecoverableSecret, SecretRecovery } from '../../src';
import { Cloud } from '../support/cloud';

// What takes time is the real CLI, seconds for each step. So scenarios run side by side, each in stacks of its own.
jest.setTimeout(600_000);

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud?.stop());

test.concurrent('a destroyed stack gets its secret back, with ARN and value', async () => {
  const app = (stack: Stack) => {
    const secret = new RecoverableSecret(stack, 'Secret', {
      secretName: 'life/secret',
      recoveryWindow: Duration.days(7),
    });
    new CfnOutput(stack, 'Arn', { value: secret.secretArn });
    new CfnOutput(stack, 'Outcome', { value: secret.outcome });
  };

  const created = await cloud.deploy('Life', app);
  expect(created).toEqual({ Arn: await cloud.secrets.arn('life/secret'), Outcome: 'CREATED' });
  await cloud.secrets.put('life/secret', 'written by hand');

  await cloud.destroy('Life');
  expect(await cloud.secrets.daysLeft('life/secret')).toBe(7);
  await expect(cloud.secrets.value('life/secret')).rejects.toThrow('marked for deletion');

  expect(await cloud.deploy('Life', app)).toEqual({ Arn: created.Arn, Outcome: 'RESTORED' });
  expect(await cloud.secrets.daysLeft('life/secret')).toBeUndefined();
  expect(await cloud.secrets.value('life/secret')).toBe('written by hand');
});

test.concurrent('a secret that leaves a stack is scheduled, and comes back when it returns', async () => {
  const app = (withLeaver: boolean) => (stack: Stack) => {
    new RecoverableSecret(stack, 'Stayer', { secretName: 'leave/stayer' });
    if (withLeaver) new RecoverableSecret(stack, 'Leaver', { secretName: 'leave/leaver' });
  };

  await cloud.deploy('Leave', app(true));
  const arn = await cloud.secrets.arn('leave/leaver');
  await cloud.secrets.put('leave/leaver', 'written by hand');

  await cloud.deploy('Leave', app(false));
  expect(await cloud.secrets.daysLeft('leave/leaver')).toBe(30);
  expect(await cloud.secrets.daysLeft('leave/stayer')).toBeUndefined();

  await cloud.deploy('Leave', app(true));
  expect(await cloud.secrets.arn('leave/leaver')).toBe(arn);
  expect(await cloud.secrets.value('leave/leaver')).toBe('written by hand');
});

test.concurrent('secrets of other constructs and of nested stacks come back, although nobody named them', async () => {
  const app = (stack: Stack) => {
    const database = new DatabaseSecret(stack, 'DatabaseSecret', { username: 'admin' });
    const nested = new NestedStack(stack, 'Nested');
    const inner = new Secret(nested, 'Secret');
    Mixins.of(stack).apply(new SecretRecovery({ recoveryWindow: Duration.days(14) }));
    new CfnOutput(stack, 'Database', { value: database.secretArn });
    new CfnOutput(stack, 'Inner', { value: inner.secretArn });
    new CfnOutput(stack, 'NestedStack', { value: nested.stackId });
  };

  const first = await cloud.deploy('Others', app);
  await cloud.secrets.put(first.Database, 'database, by hand');
  await cloud.secrets.put(first.Inner, 'inner, by hand');

  await cloud.destroy('Others');
  expect(await cloud.secrets.daysLeft(first.Database)).toBe(14);
  expect(await cloud.secrets.daysLeft(first.Inner)).toBe(14);

  const second = await cloud.deploy('Others', app);
  expect(second.NestedStack).not.toBe(first.NestedStack);
  expect(second).toEqual({ ...first, NestedStack: second.NestedStack });
  expect(await cloud.secrets.value(first.Database)).toBe('database, by hand');
  expect(await cloud.secrets.value(first.Inner)).toBe('inner, by hand');
});

test.concurrent('a rolled back deployment loses nothing: the secret is as it was found', async () => {
  const app = (broken: boolean) => (stack: Stack) => {
    const secret = new RecoverableSecret(stack, 'Secret', { secretName: 'rollback/secret' });
    new CfnOutput(stack, 'Outcome', { value: secret.outcome });
    if (!broken) return;
    // CloudFormation cannot create secure parameters.
    const parameter = new CfnResource(stack, 'Broken', {
      type: 'AWS::SSM::Parameter',
      properties: { Type: 'SecureString', Value: secret.outcome },
    });
    parameter.node.addDependency(secret);
  };

  await cloud.deploy('Rollback', app(false));
  const arn = await cloud.secrets.arn('rollback/secret');
  await cloud.secrets.put('rollback/secret', 'written by hand');
  await cloud.destroy('Rollback');

  await expect(cloud.deploy('Rollback', app(true))).rejects.toThrow('SecureString');
  expect(await cloud.secrets.daysLeft('rollback/secret')).toBe(30);

  expect(await cloud.deploy('Rollback', app(false))).toEqual({ Outcome: 'RESTORED' });
  expect(await cloud.secrets.arn('rollback/secret')).toBe(arn);
  expect(await cloud.secrets.value('rollback/secret')).toBe('written by hand');
});
