import { CfnOutput, CfnResource, SecretValue, type Stack } from 'aws-cdk-lib';
import { ExistingSecretPolicy, RecoverableSecret, RestorePolicy } from '../../src';
import { Cloud } from '../support/cloud';

// What takes time is the real CLI, seconds for each step. So scenarios run side by side, each in stacks of its own.
jest.setTimeout(600_000);

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud?.stop());

const OWNER = 'recoverable-secret:owner';

/** A secret that is taken from whoever has it, and something that fails after it if it is to. */
const app =
  (secretName: string, { fails = false, removed = false } = {}) =>
  (stack: Stack) => {
    new CfnResource(stack, 'Placeholder', { type: 'AWS::CloudFormation::WaitConditionHandle' });
    if (removed) return;
    const secret = new RecoverableSecret(stack, 'Secret', {
      secretName,
      secretStringValue: SecretValue.unsafePlainText('of the deployment'),
      existingSecretPolicy: ExistingSecretPolicy.ADOPT,
      restorePolicy: RestorePolicy.ALWAYS,
      forceDeleteWithoutRecovery: true,
    });
    new CfnOutput(stack, 'Outcome', { value: secret.outcome });
    if (!fails) return;
    // CloudFormation cannot create secure parameters.
    const parameter = new CfnResource(stack, 'Broken', {
      type: 'AWS::SSM::Parameter',
      properties: { Type: 'SecureString', Value: secret.outcome },
    });
    parameter.node.addDependency(secret);
  };

const failing = (stackName: string, build: (stack: Stack) => void) =>
  expect(cloud.deployWithoutRollback(stackName, build)).rejects.toThrow('SecureString');

async function theirs(secretName: string, state: string): Promise<void> {
  await cloud.secrets.create(secretName, 'theirs', { [OWNER]: 'SomebodyElse', team: 'other' });
  if (state === 'scheduled') await cloud.secrets.schedule(secretName, 9);
}

/** Live or scheduled as it was found, and whose it was, with its value. */
async function isTheirs(secretName: string, state: string): Promise<void> {
  expect(await cloud.secrets.daysLeft(secretName)).toBe(state === 'scheduled' ? 30 : undefined);
  expect(await cloud.secrets.tags(secretName)).toMatchObject({ [OWNER]: 'SomebodyElse', team: 'other' });
  if (state === 'scheduled') await cloud.secrets.restore(secretName);
  expect(await cloud.secrets.value(secretName)).toBe('theirs');
}

// The emulator does not update a stack whose deployment has failed, and its requests do not say when they were sent, so
// that nobody can tell which deployment wrote a value. The tests of the function show both.

test.concurrent.each(['live', 'scheduled'])(
  "somebody else's %s secret is theirs again when the stack that took it, and never completed, is destroyed",
  async (state) => {
    const [stackName, secretName] = [`Destroyed-${state}`, `destroyed/${state}`];
    await theirs(secretName, state);
    await failing(stackName, app(secretName, { fails: true }));
    expect(await cloud.secrets.value(secretName)).toBe('of the deployment');
    await cloud.destroy(stackName);
    await isTheirs(secretName, state);
  },
);

test.concurrent.each(['live', 'scheduled'])(
  "somebody else's %s secret is theirs again when the deployment that took it is rolled back later",
  async (state) => {
    const [first, later] = [`First-${state}`, `Later-${state}`];
    await theirs(first, state);
    await failing(first, app(first, { fails: true }));
    await cloud.rollBack(first);
    await isTheirs(first, state);

    await theirs(later, state);
    await cloud.deploy(later, app(later, { removed: true }));
    await failing(later, app(later, { fails: true }));
    await cloud.rollBack(later);
    await isTheirs(later, state);
  },
);

test.concurrent('a stack whose last deployment never completed deletes nothing for good', async () => {
  await cloud.deploy('Forced', app('forced/secret'));
  await failing('Forced', app('forced/secret', { fails: true }));
  await cloud.destroy('Forced');
  expect(await cloud.secrets.daysLeft('forced/secret')).toBe(30);
});
