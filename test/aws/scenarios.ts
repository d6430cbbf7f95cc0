import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeChangeSetCommand,
  DescribeStackResourceCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { CfnOutput, CfnWaitConditionHandle, Duration, RemovalPolicy, SecretValue, type Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ExistingSecretPolicy, RecoverableSecret, type RecoverableSecretProps, RestorePolicy } from '../../src';
import type { Secrets } from '../support/secrets';
import type { Account, SecretState } from './account';
import { type Facts, outcomeOf } from './facts';
import { failAfter } from './fail-after';

/** A life of stacks and secrets that must go as the README says; throws when it does not. */
export type Scenario = (account: Account, facts: Facts) => Promise<void>;

const OWNER = 'recoverable-secret:owner';
const ORIGIN = 'recoverable-secret:origin';
const BY_HAND = 'written by hand';

const app = (props: RecoverableSecretProps) => (stack: Stack) => {
  const secret = new RecoverableSecret(stack, 'Secret', { recoveryWindow: Duration.days(7), ...props });
  new CfnOutput(stack, 'Arn', { value: secret.secretArn });
  new CfnOutput(stack, 'Outcome', { value: secret.outcome });
};

const nothing = (stack: Stack) => {
  new CfnWaitConditionHandle(stack, 'Placeholder');
};

export const comesBack: Scenario = async (account) => {
  const secretName = account.secretName('comes-back');
  const created = await account.deploy('comes-back', app({ secretName }));
  assert.equal(created.Outcome, 'CREATED');
  await account.secrets.put(secretName, BY_HAND);

  await account.destroy('comes-back');
  await hasState(account, secretName, 'scheduled');
  await assert.rejects(account.secrets.value(secretName), /deletion/);

  const restored = await account.deploy('comes-back', app({ secretName }));
  assert.deepEqual(restored, { Arn: created.Arn, Outcome: 'RESTORED' });
  await isWhole(account, secretName, created.Arn);
};

export const leavesAndReturns: Scenario = async (account) => {
  const [stays, leaves] = [account.secretName('stays'), account.secretName('leaves')];
  const both = (stack: Stack) => {
    new RecoverableSecret(stack, 'Stays', { secretName: stays });
    new RecoverableSecret(stack, 'Leaves', { secretName: leaves });
  };
  await account.deploy('leaves', both);
  const arn = await account.secrets.arn(leaves);
  await account.secrets.put(leaves, BY_HAND);

  await account.deploy('leaves', (stack) => {
    new RecoverableSecret(stack, 'Stays', { secretName: stays });
  });
  await hasState(account, leaves, 'scheduled');
  await hasState(account, stays, 'live');

  await account.deploy('leaves', both);
  await isWhole(account, leaves, arn);
};

export const refusesScheduled: Scenario = async (account) => {
  const secretName = account.secretName('foreign-scheduled');
  await account.secrets.create(secretName, BY_HAND, { [OWNER]: 'SomebodyElse' });
  await account.secrets.schedule(secretName, 9);
  await hasState(account, secretName, 'scheduled');
  const found = await account.secrets.fingerprint(secretName);

  await assert.rejects(account.deploy('scheduled', app({ secretName })), /restorePolicy/);
  await isUntouched(account, secretName, found);

  const taken = await account.deploy('scheduled', app({ secretName, restorePolicy: RestorePolicy.ALWAYS }));
  assert.deepEqual(taken, { Arn: found.ARN, Outcome: 'RESTORED' });
  await isWhole(account, secretName, found.ARN);
};

export const refusesLive: Scenario = async (account) => {
  const secretName = account.secretName('foreign-live');
  await account.secrets.create(secretName, BY_HAND, { team: 'other' });
  const found = await account.secrets.fingerprint(secretName);

  await assert.rejects(account.deploy('live', app({ secretName })), /existingSecretPolicy/);
  await isUntouched(account, secretName, found);

  const taken = await account.deploy('live', app({ secretName, existingSecretPolicy: ExistingSecretPolicy.ADOPT }));
  assert.deepEqual(taken, { Arn: found.ARN, Outcome: 'ADOPTED' });
  await isWhole(account, secretName, found.ARN);
};

export const isRetained: Scenario = async (account) => {
  const secretName = account.secretName('retained');
  const retained = app({ secretName, removalPolicy: RemovalPolicy.RETAIN });
  const created = await account.deploy('retained', retained);
  await account.secrets.put(secretName, BY_HAND);

  await account.destroy('retained');
  await isWhole(account, secretName, created.Arn);

  assert.deepEqual(await account.deploy('retained', retained), { Arn: created.Arn, Outcome: 'ADOPTED' });
  await isWhole(account, secretName, created.Arn);
};

export const rollsBack: Scenario = async (account) => {
  const secretName = account.secretName('rolled-back');
  const broken = (stack: Stack) => {
    app({ secretName })(stack);
    failAfter(stack, stack.node.findChild('Secret'));
  };
  const created = await account.deploy('rolled-back', app({ secretName }));
  await account.secrets.put(secretName, BY_HAND);
  await account.destroy('rolled-back');

  await assert.rejects(account.deploy('rolled-back', broken), /timed\s+out/);
  await hasState(account, secretName, 'scheduled');
  // It had been restored meanwhile.
  assert.match(`${(await account.secrets.tags(secretName))[ORIGIN]}`, /^RESTORED /);

  const restored = await account.deploy('rolled-back', app({ secretName }));
  assert.deepEqual(restored, { Arn: created.Arn, Outcome: 'RESTORED' });
  await isWhole(account, secretName, created.Arn);
};

export const isGivenBack: Scenario = async (account, facts) => {
  const secretName = account.secretName('given-back');
  await account.secrets.create(secretName, BY_HAND, { [OWNER]: 'SomebodyElse', team: 'other' });
  const tags = await account.secrets.tags(secretName);
  await account.deploy('given-back', nothing);
  const failing = (stack: Stack) => {
    nothing(stack);
    app({
      secretName,
      existingSecretPolicy: ExistingSecretPolicy.ADOPT,
      secretStringValue: SecretValue.unsafePlainText('of the failed deployment'),
    })(stack);
    failAfter(stack, stack.node.findChild('Secret'));
  };
  await assert.rejects(account.deploy('given-back', failing), /timed\s+out/);
  await isWhole(account, secretName, await account.secrets.arn(secretName));
  const now = await account.secrets.tags(secretName);
  assert.deepEqual([now[OWNER], now.team], ['SomebodyElse', 'other']);
  const left = Object.keys(now).filter((key) => !(key in tags));
  facts.record(
    'tags of a take-over that was rolled back',
    'none is left, or those by which the role keeps its permission',
    left.join(', ') || 'none is left',
  );
};

export const migrates: Scenario = async (account, facts) => {
  const secretName = account.secretName('migrated');
  const plain = (removalPolicy: RemovalPolicy) => (stack: Stack) => {
    const secret = new Secret(stack, 'Plain', { secretName, removalPolicy });
    (secret.node.defaultChild as CfnSecret).overrideLogicalId('Plain');
  };
  const adopting = app({ secretName, existingSecretPolicy: ExistingSecretPolicy.ADOPT });
  await account.deploy('migrated', plain(RemovalPolicy.DESTROY));
  await account.secrets.put(secretName, BY_HAND);
  const found = await account.secrets.fingerprint(secretName);

  await assert.rejects(account.deploy('migrated', adopting), /RemovalPolicy\.RETAIN/);
  await isUntouched(account, secretName, found);

  const changeSetBefore = (await account.describeStack(account.stackName('migrated')))?.ChangeSetId;
  await account.deploy('migrated', plain(RemovalPolicy.RETAIN), '--method=direct');
  const changeSet = (await account.describeStack(account.stackName('migrated')))?.ChangeSetId;
  facts.record(
    'DescribeStacks after an update without a change set: ChangeSetId',
    'absent',
    changeSet ? (changeSet === changeSetBefore ? 'that of the update before' : 'another one') : 'absent',
  );

  const watch = watchUpdate(account, 'migrated', facts);
  const outcome = await outcomeOf(async () => {
    assert.equal((await account.deploy('migrated', adopting)).Outcome, 'ADOPTED');
  });
  await watch.end();
  facts.record('migration in two deployments', 'success', outcome.split('\n')[0]);
  if (outcome !== 'success') {
    await isUntouched(account, secretName, found);
    await account.deploy('migrated', nothing);
    await isUntouched(account, secretName, found);
    assert.equal((await account.deploy('migrated', adopting)).Outcome, 'ADOPTED');
  }
  await isWhole(account, secretName, found.ARN);
  // The emulator does not tell which change set runs, so that nobody can see that the plain secret is retained.
  if (!account.endpoint) assert.equal(outcome, 'success', 'two deployments must be enough');
};

export const keepsItsKey: Scenario = async (account, facts) => {
  const secretName = account.secretName('encrypted');
  const { KeyArn } = await account.deploy('key', (stack) => {
    const key = new kms.Key(stack, 'Key', { removalPolicy: RemovalPolicy.DESTROY, pendingWindow: Duration.days(7) });
    new CfnOutput(stack, 'KeyArn', { value: key.keyArn });
  });
  const encrypted = (stack: Stack) =>
    app({ secretName, encryptionKey: kms.Key.fromKeyArn(stack, 'Key', KeyArn) })(stack);
  const created = await account.deploy('encrypted', encrypted);
  const keyBefore = (await account.secrets.describe(secretName))?.KmsKeyId;
  await account.secrets.put(secretName, BY_HAND);
  await account.destroy('encrypted');
  await hasState(account, secretName, 'scheduled');

  await account.kms.send(new DisableKeyCommand({ KeyId: KeyArn }));
  await assert.rejects(account.deploy('encrypted', encrypted), /is\s+Disabled/);
  await hasState(account, secretName, 'scheduled');

  await account.kms.send(new EnableKeyCommand({ KeyId: KeyArn }));
  const restored = await account.deploy('encrypted', encrypted);
  assert.deepEqual(restored, { Arn: created.Arn, Outcome: 'RESTORED' });
  await isWhole(account, secretName, created.Arn);
  const keyAfter = (await account.secrets.describe(secretName))?.KmsKeyId;
  assert.equal(keyAfter, keyBefore);
  facts.record('restored secret: KMS key as DescribeSecret tells it', 'kept, an ARN', `${keyAfter}`);

  await account.kms.send(new DisableKeyCommand({ KeyId: KeyArn }));
  // A disabled key stays usable for a moment.
  await sleep(account.endpoint ? 0 : 30_000, undefined, { signal: account.signal });
  const refused = await outcomeOf(() => account.secrets.value(secretName));
  facts.record('GetSecretValue with a disabled key', 'an error of any name', refused);
};

export const takesReplicasAlong: Scenario = async (account) => {
  const { replicas, replicaRegion: region } = account;
  if (!replicas || !region) return;
  const secretName = account.secretName('replicated');
  const replicated = app({ secretName, replicaRegions: [{ region }] });
  const created = await account.deploy('replicated', replicated);
  await account.secrets.put(secretName, BY_HAND);
  await replicaHas(account, replicas, secretName);

  await account.destroy('replicated');
  await hasState(account, secretName, 'scheduled');
  assert.equal(await account.stateOf(secretName, replicas), 'absent');

  const restored = await account.deploy('replicated', replicated);
  assert.deepEqual(restored, { Arn: created.Arn, Outcome: 'RESTORED' });
  await isWhole(account, secretName, created.Arn);
  await replicaHas(account, replicas, secretName);
};

async function replicaHas(account: Account, replicas: Secrets, secretName: string): Promise<void> {
  await account.eventually(async () => assert.equal(await replicas.value(secretName), BY_HAND), 60_000);
}

async function hasState(account: Account, secretName: string, state: SecretState): Promise<void> {
  await account.eventually(async () => assert.equal(await account.stateOf(secretName), state));
}

/** Live, the same secret, and nobody has changed its value. */
async function isWhole(account: Account, secretName: string, arn: string | undefined): Promise<void> {
  await hasState(account, secretName, 'live');
  assert.equal(await account.secrets.arn(secretName), arn);
  await account.eventually(async () => assert.equal(await account.secrets.value(secretName), BY_HAND));
}

async function isUntouched(account: Account, secretName: string, found: object): Promise<void> {
  assert.deepEqual(await account.secrets.fingerprint(secretName), found);
}

/** Looks at a running update as the function does, which is the only way to learn what it can see. */
function watchUpdate(account: Account, stack: string, facts: Facts): { end(): Promise<void> } {
  const { cloudFormation } = account;
  const StackName = account.stackName(stack);
  let ended = false;
  let seen: string | undefined;

  const look = async (): Promise<string | undefined> => {
    const found = await account.describeStack(StackName);
    if (found?.StackStatus !== 'UPDATE_IN_PROGRESS') return undefined;
    const status = await cloudFormation
      .send(new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'Plain' }))
      .then(({ StackResourceDetail }) => StackResourceDetail?.ResourceStatus)
      .catch((error: Error) => error.name);
    const template = await cloudFormation.send(new GetTemplateCommand({ StackName }));
    const retained = JSON.parse(template.TemplateBody ?? '{}').Resources?.Plain?.DeletionPolicy ?? 'not there';
    const rest = `; resource status: ${status}; DeletionPolicy in GetTemplate: ${retained}`;
    if (!found.ChangeSetId) return `ChangeSetId: absent${rest}`;
    const command = new DescribeChangeSetCommand({ StackName, ChangeSetName: found.ChangeSetId });
    const { Changes } = await cloudFormation.send(command);
    const change = Changes?.find(({ ResourceChange }) => ResourceChange?.LogicalResourceId === 'Plain')?.ResourceChange;
    return `ChangeSetId: present; change: ${change?.Action}, PolicyAction: ${change?.PolicyAction}${rest}`;
  };
  const watching = (async () => {
    for (; !ended && !account.signal.aborted; await sleep(200)) {
      seen = (await look().catch((error: Error) => `${error.name}: ${error.message}`)) ?? seen;
    }
  })();
  return {
    async end() {
      ended = true;
      await watching;
      facts.record(
        'an update that removes a retained resource, while it runs',
        'ChangeSetId: present; change: Remove, PolicyAction: Retain; resource status: not DELETE_*',
        seen ?? 'not seen, it was too short',
      );
    },
  };
}
