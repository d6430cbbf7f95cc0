import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeStackEventsCommand, DescribeStackResourceCommand } from '@aws-sdk/client-cloudformation';
import {
  BatchGetSecretValueCommand,
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import {
  CfnOutput,
  type CfnResource,
  CfnWaitConditionHandle,
  CustomResource,
  Duration,
  RemovalPolicy,
  type Stack,
} from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { CfnResourcePolicy } from 'aws-cdk-lib/aws-secretsmanager';
import { OWN_POLICY } from '../../src/handler/model/purge-protection';
import type { Account } from './account';
import { type Facts, outcomeOf } from './facts';
import { failAfter } from './fail-after';

/** Asks Secrets Manager itself, without a stack, what no documentation answers. */
export type Question = (account: Account, facts: Facts) => Promise<void>;

const DAY = 86_400_000;
const MARKED = 'InvalidRequestException: ...marked for deletion';

/** What every operation says to a secret that is scheduled for deletion, and what comes back with it. */
export const scheduledSecret: Question = async (account, facts) => {
  const { client } = account.secrets;
  const SecretId = account.secretName('scheduled');
  const created = { Name: SecretId, SecretString: 'first', ClientRequestToken: randomUUID() };
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:${account.partition}:iam::${account.id}:root` },
        Action: 'secretsmanager:GetSecretValue',
        Resource: '*',
      },
    ],
  });
  const resourcePolicy = async () =>
    (await client.send(new GetResourcePolicyCommand({ SecretId }))).ResourcePolicy ?? 'none';

  await client.send(new CreateSecretCommand({ ...created, Description: 'kept?', Tags: [{ Key: 'kept', Value: '?' }] }));
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'second' }));
  await client.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: policy }));
  const before = await account.secrets.fingerprint(SecretId);
  const policyBefore = await resourcePolicy();
  const requested = Date.now();
  const deleted = await client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
  const scheduled = await account.eventually(async () => {
    const secret = await account.secrets.describe(SecretId);
    if (!secret?.DeletedDate) throw new Error('not scheduled');
    return secret;
  });
  const days = (date: Date | undefined) => `${(((date?.getTime() ?? 0) - requested) / DAY).toFixed(2)} days from now`;
  facts.record('DeleteSecret with a window of 7 days: DeletionDate', '7 days from now', days(deleted.DeletionDate));
  facts.record(
    'DeleteSecret with a window of 7 days: DeletedDate of DescribeSecret',
    '7 days from now, or now',
    days(scheduled.DeletedDate),
  );

  const ask = async (what: string, assumed: string, call: () => Promise<unknown>) =>
    facts.record(`scheduled secret: ${what}`, assumed, await outcomeOf(call));
  const versions = Object.keys(before.VersionIdsToStages ?? {});
  const value = { SecretString: 'third' };
  await ask('GetSecretValue', MARKED, () => account.secrets.value(SecretId));
  await ask('PutSecretValue', MARKED, () => client.send(new PutSecretValueCommand({ SecretId, ...value })));
  await ask('UpdateSecret', MARKED, () => client.send(new UpdateSecretCommand({ SecretId, Description: 'new' })));
  await ask('UpdateSecretVersionStage', MARKED, () =>
    client.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'OTHER', MoveToVersionId: versions[0] })),
  );
  await ask('TagResource', MARKED, () =>
    client.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'new', Value: 'tag' }] })),
  );
  await ask('UntagResource', MARKED, () => client.send(new UntagResourceCommand({ SecretId, TagKeys: ['new'] })));
  await ask('GetResourcePolicy', MARKED, resourcePolicy);
  await ask('PutResourcePolicy', MARKED, () =>
    client.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: policy })),
  );
  await ask('RotateSecret', MARKED, () => client.send(new RotateSecretCommand({ SecretId, RotateImmediately: false })));
  await ask('CancelRotateSecret', MARKED, () => client.send(new CancelRotateSecretCommand({ SecretId })));
  await ask('ListSecretVersionIds', 'success', () => client.send(new ListSecretVersionIdsCommand({ SecretId })));
  await ask('BatchGetSecretValue, its entry in Errors', MARKED, async () => {
    const { Errors } = await client.send(new BatchGetSecretValueCommand({ SecretIdList: [SecretId] }));
    const [error] = Errors ?? [];
    if (error) throw Object.assign(new Error(error.Message), { name: error.ErrorCode });
  });
  await ask('CreateSecret', 'InvalidRequestException: ...already scheduled for deletion', () =>
    client.send(new CreateSecretCommand({ Name: SecretId, ...value })),
  );
  await ask('CreateSecret with the original token and value', 'unknown', () =>
    client.send(new CreateSecretCommand(created)),
  );
  await ask('DeleteSecret again, with 30 days', 'unknown', () =>
    client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 30 })),
  );
  const again = await account.secrets.describe(SecretId);
  const moved = (again?.DeletedDate?.getTime() ?? 0) - (scheduled.DeletedDate?.getTime() ?? 0);
  facts.record(
    'scheduled secret: DeletedDate after DeleteSecret again',
    'not moved',
    moved === 0 ? 'not moved' : `moved by ${moved} ms`,
  );

  if ((await account.stateOf(SecretId)) !== 'scheduled') return;
  const restoring = Date.now();
  await client.send(new RestoreSecretCommand({ SecretId }));
  await account.eventually(() => account.secrets.value(SecretId), 120_000);
  facts.record('RestoreSecret: the value is readable after', '5 s', `${Date.now() - restoring} ms`);
  const after = await account.secrets.fingerprint(SecretId);
  const same = (a: unknown, b: unknown) => (JSON.stringify(a) === JSON.stringify(b) ? 'kept' : 'changed');
  facts.record('restored secret: description', 'kept', same(after.Description, before.Description));
  facts.record('restored secret: tags', 'kept', same(after.Tags, before.Tags));
  facts.record('restored secret: versions', 'kept', same(after.VersionIdsToStages, before.VersionIdsToStages));
  facts.record('restored secret: resource policy', 'kept', same(await resourcePolicy(), policyBefore));
};

export const liveSecret: Question = async (account, facts) => {
  const { client } = account.secrets;
  const SecretId = account.secretName('live');
  await account.secrets.create(SecretId, 'value');
  const ask = async (what: string, assumed: string, call: () => Promise<unknown>) =>
    facts.record(`live secret: ${what}`, assumed, await outcomeOf(call));
  await ask('RestoreSecret', 'unknown', () => client.send(new RestoreSecretCommand({ SecretId })));
  for (const days of [6, 31]) {
    await ask(`DeleteSecret with ${days} days`, 'InvalidParameterException', () =>
      client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: days })),
    );
  }
  await ask('DeleteSecret with a window and without recovery', 'InvalidParameterException', () =>
    client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true })),
  );
};

/** Whether a resource policy keeps everybody from a deletion without recovery, as `purgeProtection` sets it. */
export const protectedSecret: Question = async (account, facts) => {
  const { client } = account.secrets;
  const SecretId = account.secretName('protected');
  const force = () => client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
  await account.secrets.create(SecretId, 'value');
  await client.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: OWN_POLICY, BlockPublicPolicy: true }));
  facts.record('protected secret: DeleteSecret without recovery', 'AccessDeniedException', await outcomeOf(force));
  if ((await account.stateOf(SecretId)) !== 'live') return;
  const schedule = () => account.secrets.schedule(SecretId, 7);
  facts.record('protected secret: DeleteSecret with a window', 'success', await outcomeOf(schedule));
  await account.eventually(async () => {
    if ((await account.stateOf(SecretId)) !== 'scheduled') throw new Error('not scheduled');
  });
  facts.record('protected secret, scheduled: DeleteSecret without recovery', 'unknown', await outcomeOf(force));
};

/** How long a name stays taken after a deletion without recovery, and what a restoration does meanwhile. */
export const forcedDeletion: Question = async (account, facts) => {
  const { client } = account.secrets;
  const force = (SecretId: string) =>
    client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));

  const name = account.secretName('forced');
  await account.secrets.create(name, 'value');
  await force(name);
  const start = Date.now();
  const [first, states] = [await account.secrets.describe(name), new Set<string>()];
  const date = first?.DeletedDate ? ` with DeletedDate ${first.DeletedDate.getTime() - start} ms from now` : '';
  facts.record(
    'deletion without recovery: DescribeSecret at once',
    'found or not',
    first ? `found${date}` : 'not found',
  );
  await account.eventually(async () => {
    const state = await account.stateOf(name);
    states.add(state);
    if (state !== 'absent') throw new Error(`${name} is still ${state}`);
  }, 300_000);
  const seen = [...states].join(', then ');
  facts.record('deletion without recovery: not found after', 'less than 120 s', `${Date.now() - start} ms (${seen})`);

  const second = account.secretName('forced-again');
  await account.secrets.create(second, 'value');
  await force(second);
  const again = Date.now();
  const refusals = new Set<string>();
  await account.eventually(async () => {
    const outcome = await outcomeOf(() => account.secrets.create(second, 'value'));
    if (outcome === 'success') return;
    refusals.add(outcome);
    throw new Error(outcome);
  }, 300_000);
  facts.record(
    'deletion without recovery: CreateSecret of the name succeeds after',
    'less than 120 s',
    `${Date.now() - again} ms${refusals.size > 0 ? `; before: ${[...refusals].join('; ')}` : ''}`,
  );

  const third = account.secretName('forced-restored');
  await account.secrets.create(third, 'value');
  await force(third);
  const restored = await outcomeOf(() => client.send(new RestoreSecretCommand({ SecretId: third })));
  await sleep(account.endpoint ? 0 : 30_000, undefined, { signal: account.signal });
  facts.record(
    'deletion without recovery: RestoreSecret at once, and the state 30 s later',
    'ResourceNotFoundException or InvalidRequestException, absent',
    `${restored}, ${await account.stateOf(third)}`,
  );
};

/** The parameters of the URL that answers go to, and what deletion does to a rotation schedule. */
export const protocolAndRotation: Question = async (account, facts) => {
  const outputs = await account.deploy('protocol', protocolStack);
  facts.record('ResponseURL: query parameters', 'X-Amz-Date, X-Amz-Expires among others', outputs.Parameters);
  facts.record('ResponseURL: X-Amz-Expires', '7200', outputs.Expires);
  facts.record('ResponseURL: X-Amz-Date before the request arrives', 'less than 2,000 ms', `${outputs.Age} ms`);

  const { client } = account.secrets;
  const SecretId = account.secretName('rotated');
  await account.secrets.create(SecretId, 'value');
  await account.eventually(
    () =>
      client.send(
        new RotateSecretCommand({
          SecretId,
          RotationLambdaARN: outputs.FunctionArn,
          RotationRules: { AutomaticallyAfterDays: 30 },
          RotateImmediately: false,
        }),
      ),
    120_000,
  );
  const rotation = async () => {
    const secret = await account.secrets.describe(SecretId);
    const next = secret?.NextRotationDate?.toISOString().slice(0, 10) ?? 'none';
    return `enabled: ${secret?.RotationEnabled ?? false}, next: ${next}`;
  };
  facts.record('rotation: configured', 'enabled: true', await rotation());
  await account.secrets.schedule(SecretId, 7);
  await account.eventually(async () => {
    if ((await account.stateOf(SecretId)) !== 'scheduled') throw new Error('not scheduled');
  });
  facts.record('rotation: secret scheduled for deletion', 'unknown', await rotation());
  await client.send(new RestoreSecretCommand({ SecretId }));
  await account.eventually(() => account.secrets.value(SecretId));
  facts.record('rotation: secret restored', 'unknown', await rotation());
};

/** A replica that meets its own name, scheduled for deletion, in the other region. */
export const replicaOntoScheduledName: Question = async (account, facts) => {
  const { replicas, replicaRegion: region } = account;
  if (!replicas || !region) return;
  const { client } = account.secrets;
  const SecretId = account.secretName('replica-conflict');
  await replicas.create(SecretId, 'in the way');
  await replicas.schedule(SecretId, 7);
  await account.secrets.create(SecretId, 'value');
  const outcome = await outcomeOf(() =>
    client.send(new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions: [{ Region: region }] })),
  );
  const status = async () => {
    const [replica] = (await account.secrets.describe(SecretId))?.ReplicationStatus ?? [];
    if (replica?.Status === 'InProgress') throw new Error('replication takes too long');
    return replica ? `${replica.Status}: ${replica.StatusMessage ?? ''}` : 'no replica';
  };
  facts.record(
    'ReplicateSecretToRegions onto a name that is scheduled for deletion there',
    'success, then Failed',
    `${outcome}, then ${await account.eventually(status, 120_000)}`,
  );
};

/** What CloudFormation tells of a custom resource, and what it is told, while the update that replaced it is undone. */
export const resourceInRollback: Question = async (account, facts) => {
  const StackName = account.stackName('undone');
  const resource = async () => {
    const command = new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'Resource' });
    return (await account.cloudFormation.send(command)).StackResourceDetail;
  };
  await account.deploy('undone', undoneStack('first'));
  const seen = new Map<string, Date | undefined>();
  let ended = false;
  const watching = (async () => {
    for (; !ended && !account.signal.aborted; await sleep(200)) {
      const status = (await account.describeStack(StackName).catch(() => undefined))?.StackStatus ?? '';
      if (!/^UPDATE_ROLLBACK_IN/.test(status)) continue;
      const now = await resource().catch(() => undefined);
      seen.set(`${now?.ResourceStatus}`, now?.LastUpdatedTimestamp);
    }
  })();
  const undone = await outcomeOf(() => account.deploy('undone', undoneStack('second')));
  ended = true;
  await watching;
  if (!/timed\s+out/.test(undone)) throw new Error(undone);
  facts.record(
    'resource in a rollback: its states',
    'none that ends in _COMPLETE or _FAILED while its Update is under way',
    [...seen.keys()].join(', then ') || 'not seen, it was too short',
  );
  const [, given = 'nothing', sent = ''] =
    /^given (\S+) at (\S+)$/.exec(`${(await resource())?.PhysicalResourceId}`) ?? [];
  facts.record('resource in a rollback: the physical id in its Update', 'that of before, or the new one', given);
  const { StackEvents = [] } = await account.cloudFormation.send(new DescribeStackEventsCommand({ StackName }));
  const deleted = StackEvents.filter((event) => event.ResourceStatus === 'DELETE_COMPLETE');
  facts.record(
    'resource in a rollback: physical id of what was replaced, in the event of its deletion',
    'second, or none',
    deleted.find((event) => event.LogicalResourceId === 'Resource')?.PhysicalResourceId ?? 'none',
  );
  const since = seen.get('UPDATE_IN_PROGRESS')?.getTime();
  facts.record(
    'resource in a rollback: its LastUpdatedTimestamp against X-Amz-Date',
    'less than 3,000 ms later',
    since === undefined || sent === 'unknown' ? 'not seen' : `${since - Date.parse(sent)} ms`,
  );
};

/** What an Update is told was there before, when the one before it failed and was not rolled back. */
export const resourceAfterFailure: Question = async (account, facts) => {
  await account.deploy('failed', failingStack('first'));
  const failed = await outcomeOf(() => account.deploy('failed', failingStack('refused'), '--no-rollback'));
  if (!/refused on purpose/.test(failed)) throw new Error(failed);
  const { Before } = await account.deploy('failed', failingStack('third'), '--no-rollback');
  facts.record(
    'OldResourceProperties after an Update that failed and was not rolled back',
    'those from before it, or its own',
    { first: 'those from before it', refused: 'its own' }[Before] ?? `${Before}`,
  );
};

/** Adding and removing what is there, or gone, already; and how a key is told. */
export const replicaTwice: Question = async (account, facts) => {
  const { replicas, replicaRegion: Region } = account;
  if (!replicas || !Region) return;
  const { client } = account.secrets;
  const SecretId = account.secretName('replica-twice');
  await account.secrets.create(SecretId, 'value');
  const add = () =>
    client.send(
      new ReplicateSecretToRegionsCommand({
        SecretId,
        AddReplicaRegions: [{ Region, KmsKeyId: 'alias/aws/secretsmanager' }],
      }),
    );
  const remove = () =>
    client.send(new RemoveRegionsFromReplicationCommand({ SecretId, RemoveReplicaRegions: [Region] }));
  await add();
  const replica = await account.eventually(async () => {
    const [status] = (await account.secrets.describe(SecretId))?.ReplicationStatus ?? [];
    if (status?.Status !== 'InSync') throw new Error(`the replica is ${status?.Status}`);
    return status;
  }, 120_000);
  facts.record('replica with a key alias: KmsKeyId', 'the alias, or the ARN of its key', `${replica.KmsKeyId}`);
  facts.record('ReplicateSecretToRegions, the replica is there', 'unknown', await outcomeOf(add));
  await remove();
  const removed = Date.now();
  facts.record('RemoveRegionsFromReplication, the replica is gone', 'unknown', await outcomeOf(remove));
  await account.eventually(async () => {
    if (await replicas.describe(SecretId)) throw new Error('the replica is still there');
  }, 300_000);
  facts.record('removed replica: not found after', 'less than 180 s', `${Date.now() - removed} ms`);
};

export const versionWithoutLabel: Question = async (account, facts) => {
  const SecretId = account.secretName('versions');
  await account.secrets.create(SecretId, 'first');
  const [first] = Object.keys((await account.secrets.describe(SecretId))?.VersionIdsToStages ?? {});
  for (const value of ['second', 'third']) await account.secrets.put(SecretId, value);
  const outcome = await outcomeOf(() =>
    account.secrets.client.send(new GetSecretValueCommand({ SecretId, VersionId: first })),
  );
  facts.record('version that has lost its last label: GetSecretValue by its id', 'success, or not found', outcome);
};

/** What a secret keeps when its resource policy is retained, and what CloudFormation says to another one. */
export const retainedPolicy: Question = async (account, facts) => {
  const secretName = account.secretName('policy');
  await account.secrets.create(secretName, 'value');
  const secretId = await account.secrets.arn(secretName);
  const policies =
    (...logicalIds: string[]) =>
    (stack: Stack) => {
      new CfnWaitConditionHandle(stack, 'Placeholder');
      for (const id of logicalIds) {
        const policy = new CfnResourcePolicy(stack, id, { secretId, resourcePolicy: denyingNobody(account) });
        policy.applyRemovalPolicy(RemovalPolicy.RETAIN);
      }
    };
  let outcome = await outcomeOf(() => account.deploy('policy', policies('First')));
  // The emulator does not know the type.
  if (outcome === 'success') {
    await account.deploy('policy', policies());
    outcome = await outcomeOf(() => account.deploy('policy', policies('Second')));
  }
  facts.record(
    'a second resource policy where a retained one is on the secret',
    'unknown',
    /already exists[^\n]*|Unrecognized resource types[^\n]*/.exec(outcome)?.[0] ?? outcome,
  );
};

function denyingNobody({ partition, id }: Account): object {
  const root = `arn:${partition}:iam::${id}:root`;
  const statement = { Effect: 'Deny', Principal: { AWS: root }, Action: 'secretsmanager:DeleteSecret', Resource: '*' };
  const never = { StringEquals: { 'aws:PrincipalTag/recoverable-secret-test': 'never' } };
  return { Version: '2012-10-17', Statement: [{ ...statement, Condition: never }] };
}

/** A custom resource that is another one with each property, and tells by its id what it was given in a rollback. */
const undoneStack = (which: 'first' | 'second') => (stack: Stack) => {
  const handler = functionOf(stack, UNDONE);
  const resource = new CustomResource(stack, 'Resource', {
    serviceToken: handler.functionArn,
    properties: { Which: which },
  });
  (resource.node.defaultChild as CfnResource).overrideLogicalId('Resource');
  if (which === 'second') failAfter(stack, resource);
};

/** A custom resource that refuses one Update, and tells what another one is told was there before. */
const failingStack = (which: 'first' | 'refused' | 'third') => (stack: Stack) => {
  const { functionArn: serviceToken } = functionOf(stack, FAILING);
  const resource = new CustomResource(stack, 'Resource', { serviceToken, properties: { Which: which } });
  new CfnOutput(stack, 'Before', { value: resource.getAttString('Before') });
};

function functionOf(stack: Stack, code: string): lambda.Function {
  return new lambda.Function(stack, 'Function', {
    runtime: lambda.determineLatestNodeRuntime(stack),
    handler: 'index.handler',
    code: lambda.Code.fromInline(code),
    timeout: Duration.seconds(30),
    logGroup: new logs.LogGroup(stack, 'Log', { removalPolicy: RemovalPolicy.DESTROY }),
  });
}

function protocolStack(stack: Stack): void {
  const handler = functionOf(stack, RESPONDER);
  handler.grantInvoke(new iam.ServicePrincipal('secretsmanager.amazonaws.com'));
  const resource = new CustomResource(stack, 'Resource', { serviceToken: handler.functionArn });
  new CfnOutput(stack, 'FunctionArn', { value: handler.functionArn });
  for (const name of ['Parameters', 'Expires', 'Age']) {
    new CfnOutput(stack, name, { value: resource.getAttString(name) });
  }
}

/** For functions of custom resources: when a request was sent, and an answer to it. */
const PROTOCOL = `
function sentAt(event) {
  const date = new URL(event.ResponseURL).searchParams.get('X-Amz-Date') || '';
  return date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
}
async function respond({ ResponseURL, StackId, RequestId, LogicalResourceId }, answer) {
  const body = JSON.stringify({ Status: 'SUCCESS', StackId, RequestId, LogicalResourceId, ...answer });
  const { request } = require(ResponseURL.startsWith('http:') ? 'node:http' : 'node:https');
  await new Promise((resolve, reject) => {
    const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(ResponseURL, { method: 'PUT', headers }, (answered) => {
      answered.resume();
      answered.on('end', resolve);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
`;

/** Takes its time for an Update, so that its state can be seen. */
const UNDONE = `${PROTOCOL}
exports.handler = async (event) => {
  if (event.RequestType === 'Update') await new Promise((resolve) => setTimeout(resolve, 5000));
  const { Which } = event.ResourceProperties;
  const undone = event.RequestType === 'Update' && Which === 'first';
  await respond(event, {
    PhysicalResourceId: undone
      ? 'given ' + event.PhysicalResourceId + ' at ' + (sentAt(event) || 'unknown')
      : event.RequestType === 'Delete' ? event.PhysicalResourceId : Which,
  });
};
`;

const FAILING = `${PROTOCOL}
exports.handler = async (event) => {
  const { ResourceProperties: now, OldResourceProperties: before = {} } = event;
  const refused = event.RequestType === 'Update' && now.Which === 'refused';
  await respond(event, {
    ...(refused && { Status: 'FAILED', Reason: 'refused on purpose' }),
    PhysicalResourceId: 'failing',
    Data: { Before: before.Which || 'none' },
  });
};
`;

/** Answers custom resource requests with the shape of the URL, never with its signature; as a rotation it does nothing. */
const RESPONDER = `${PROTOCOL}
exports.handler = async (event) => {
  if (!event.ResponseURL) return;
  const query = new URL(event.ResponseURL).searchParams;
  const date = sentAt(event);
  await respond(event, {
    PhysicalResourceId: 'protocol',
    Data: {
      Parameters: [...query.keys()].join(', ') || 'none',
      Expires: query.get('X-Amz-Expires') || 'none',
      Age: String(date ? Date.now() - Date.parse(date) : 'unknown'),
    },
  });
};
`;
