import { CfnOutput, CfnResource, Duration, RemovalPolicy, SecretValue, type Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ExistingSecretPolicy, RecoverableSecret, type RecoverableSecretProps } from '../../src';
import { Cloud } from '../support/cloud';

// What takes time is the real CLI, seconds for each step. So scenarios run side by side, each in stacks of its own.
jest.setTimeout(600_000);

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud?.stop());

const OWNER = 'recoverable-secret:owner';

const app = (props: RecoverableSecretProps) => (stack: Stack) => {
  const secret = new RecoverableSecret(stack, 'Secret', props);
  new CfnOutput(stack, 'Outcome', { value: secret.outcome });
};

test.concurrent('a plain Secret migrates with its value, and only once CloudFormation has let go of it', async () => {
  const secretName = 'migrated/secret';
  const plain = (removalPolicy: RemovalPolicy) => (stack: Stack) => {
    new Secret(stack, 'Plain', { secretName, removalPolicy });
  };
  const nothing = (stack: Stack) => {
    new CfnResource(stack, 'Placeholder', { type: 'AWS::CloudFormation::WaitConditionHandle' });
  };
  const adopting = app({ secretName, existingSecretPolicy: ExistingSecretPolicy.ADOPT });

  await cloud.deploy('Migrated', plain(RemovalPolicy.DESTROY));
  await cloud.secrets.put(secretName, 'written by hand');
  const found = await cloud.secrets.fingerprint(secretName);

  await expect(cloud.deploy('Migrated', adopting)).rejects.toThrow('RemovalPolicy.RETAIN');
  expect(await cloud.secrets.fingerprint(secretName)).toEqual(found);

  await cloud.deploy('Migrated', plain(RemovalPolicy.RETAIN));
  // The emulator does not tell which change set runs, so nobody can see that this one retains the plain secret.
  await expect(cloud.deploy('Migrated', adopting, {}, 'change-set')).rejects.toThrow('RemovalPolicy.RETAIN');
  expect(await cloud.secrets.fingerprint(secretName)).toEqual(found);

  await cloud.deploy('Migrated', nothing);
  expect(await cloud.secrets.fingerprint(secretName)).toEqual(found);
  expect(await cloud.deploy('Migrated', adopting)).toEqual({ Outcome: 'ADOPTED' });
  expect(await cloud.secrets.arn(secretName)).toBe(found.ARN);
  expect(await cloud.secrets.value(secretName)).toBe('written by hand');
  expect(await cloud.secrets.tags(secretName)).toMatchObject({ [OWNER]: 'Migrated' });
});

test.concurrent('thirty secrets of one stack come back, each with its ARN and its value', async () => {
  const names = Array.from({ length: 30 }, (_, i) => `thirty/${i}`);
  const thirty = (stack: Stack) => {
    for (const [i, secretName] of names.entries()) new RecoverableSecret(stack, `Secret${i}`, { secretName });
  };
  const each = <T>(ask: (name: string) => Promise<T>) => Promise.all(names.map(ask));

  await cloud.deploy('Thirty', thirty);
  await each((name) => cloud.secrets.put(name, `${name}, by hand`));
  const arns = await each((name) => cloud.secrets.arn(name));

  await cloud.destroy('Thirty');
  expect(await each((name) => cloud.secrets.daysLeft(name))).toEqual(names.map(() => 30));

  await cloud.deploy('Thirty', thirty);
  expect(await each((name) => cloud.secrets.arn(name))).toEqual(arns);
  expect(await each((name) => cloud.secrets.value(name))).toEqual(names.map((name) => `${name}, by hand`));
});

test.concurrent('another name is another secret, and a failed renaming leaves the secret where it was', async () => {
  const named =
    (secretName: string, broken = false) =>
    (stack: Stack) => {
      const secret = new RecoverableSecret(stack, 'Secret', { secretName, recoveryWindow: Duration.days(7) });
      new CfnOutput(stack, 'Arn', { value: secret.secretArn });
      if (!broken) return;
      // CloudFormation cannot create secure parameters.
      const parameter = new CfnResource(stack, 'Broken', {
        type: 'AWS::SSM::Parameter',
        properties: { Type: 'SecureString', Value: secret.outcome },
      });
      parameter.node.addDependency(secret);
    };

  const first = await cloud.deploy('Renamed', named('renamed/first'));
  await cloud.secrets.put('renamed/first', 'first, by hand');

  const second = await cloud.deploy('Renamed', named('renamed/second'));
  expect(second).toEqual({ Arn: await cloud.secrets.arn('renamed/second') });
  expect(second.Arn).not.toBe(first.Arn);
  expect(await cloud.secrets.daysLeft('renamed/first')).toBe(7);
  expect(await cloud.secrets.daysLeft('renamed/second')).toBeUndefined();
  await cloud.secrets.put('renamed/second', 'second, by hand');
  const scheduled = await cloud.secrets.fingerprint('renamed/first');

  await expect(cloud.deploy('Renamed', named('renamed/third', true))).rejects.toThrow('SecureString');
  expect(await cloud.secrets.daysLeft('renamed/third')).toBe(7);
  expect(await cloud.secrets.daysLeft('renamed/second')).toBeUndefined();
  expect(await cloud.secrets.arn('renamed/second')).toBe(second.Arn);
  expect(await cloud.secrets.value('renamed/second')).toBe('second, by hand');
  expect(await cloud.secrets.fingerprint('renamed/first')).toEqual(scheduled);
});

test.concurrent('of two stacks that race for a name one wins, and the other leaves the secret alone', async () => {
  const stacks = ['RaceA', 'RaceB'];
  const results = await Promise.allSettled(
    stacks.map((name) => cloud.deploy(name, app({ secretName: 'race/secret' }))),
  );

  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const won = results.findIndex(({ status }) => status === 'fulfilled');
  expect(results[won]).toMatchObject({ value: { Outcome: 'CREATED' } });
  expect(String((results[1 - won] as PromiseRejectedResult).reason)).toContain(`belongs to owner '${stacks[won]}'`);
  const secret = await cloud.secrets.fingerprint('race/secret');
  expect(secret.DeletedDate).toBeUndefined();
  expect(Object.values(secret.VersionIdsToStages ?? {})).toEqual([['AWSCURRENT']]);
  expect(await cloud.secrets.tags('race/secret')).toMatchObject({ [OWNER]: stacks[won] });

  await cloud.destroy(stacks[1 - won]);
  expect(await cloud.secrets.fingerprint('race/secret')).toEqual(secret);
});

test.concurrent('what is deleted without recovery is gone, and the next deployment makes another one', async () => {
  const forced = app({ secretName: 'forced/secret', forceDeleteWithoutRecovery: true });

  expect(await cloud.deploy('Forced', forced)).toEqual({ Outcome: 'CREATED' });
  const arn = await cloud.secrets.arn('forced/secret');
  await cloud.destroy('Forced');
  expect(await cloud.secrets.describe('forced/secret')).toBeUndefined();

  expect(await cloud.deploy('Forced', forced)).toEqual({ Outcome: 'CREATED' });
  expect(await cloud.secrets.arn('forced/secret')).not.toBe(arn);
});

test.concurrent('an update restores what was scheduled by hand, and writes a declared value that changed', async () => {
  const updated = (description: string, declared: string) => (stack: Stack) => {
    new RecoverableSecret(stack, 'Generated', { secretName: 'updated/generated', description });
    new RecoverableSecret(stack, 'Declared', {
      secretName: 'updated/declared',
      secretStringValue: SecretValue.unsafePlainText(declared),
    });
  };

  await cloud.deploy('Updated', updated('first', 'one'));
  const arns = () => Promise.all(['updated/generated', 'updated/declared'].map((name) => cloud.secrets.arn(name)));
  const before = await arns();
  await cloud.secrets.put('updated/generated', 'written by hand');
  await cloud.secrets.schedule('updated/generated', 8);
  expect(await cloud.secrets.daysLeft('updated/generated')).toBe(8);

  await cloud.deploy('Updated', updated('second', 'two'));
  expect(await cloud.secrets.daysLeft('updated/generated')).toBeUndefined();
  expect(await cloud.secrets.describe('updated/generated')).toMatchObject({ Description: 'second' });
  expect(await cloud.secrets.value('updated/generated')).toBe('written by hand');
  expect(await cloud.secrets.value('updated/declared')).toBe('two');
  expect(await cloud.secrets.value('updated/declared', 'AWSPREVIOUS')).toBe('one');
  expect(await arns()).toEqual(before);
});
