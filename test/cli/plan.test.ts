import * as fs from 'node:fs';
import * as path from 'node:path';
import { CloudFormationClient, CreateStackCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import {
  App,
  CfnOutput,
  CfnParameter,
  CliCredentialsStackSynthesizer,
  Duration,
  Fn,
  NestedStack,
  RemovalPolicy,
  SecretValue,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { RecoverableSecret, type RecoverableSecretProps } from '../../src';
import { CREDENTIALS, REGION } from '../support/cdk-cli';
import { Cloud } from '../support/cloud';
import { Shell } from './shell';
import { Users } from './users';

// What takes time is the real CLI, seconds for each step. So scenarios run side by side, each in stacks of its own.
jest.setTimeout(600_000);

let cloud: Cloud;
let administrator: Shell;
let users: Users;
/** May do what the documentation says that a plan needs, and nothing else. */
let planner: Shell;

beforeAll(async () => {
  // CDK loads a class when it is first used, which Jest refuses where several tests run.
  new RecoverableSecret(new Stack(), 'Loads', { purgeProtection: true });
  cloud = await Cloud.start();
  administrator = new Shell(cloud.emulator);
  users = new Users(cloud.emulator.endpoint);
  planner = administrator.as(await users.withPolicyOf('plan'));
});
afterAll(() => cloud?.stop());

const VALUE = 'hunter2-hunter2';

/** As AWS shows days. */
const dayOf = (date: Date | string | null = '') => new Date(date ?? '').toISOString().slice(0, 10);

interface Planned {
  readonly path: string;
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string | null;
  readonly action: string;
  readonly reason: string;
  readonly advice: string | null;
  readonly changes: string[];
  readonly open: string[];
  readonly owner: string | null;
  readonly deletionDate: string | null;
  readonly daysLeft: number | null;
  readonly lastAccessedDate: string | null;
}

/** What is foretold, by the path of the construct. */
async function plan(
  assembly: string,
  ...options: string[]
): Promise<{ code: number | null; of: Record<string, Planned> }> {
  const { code, stdout, stderr } = await planner.run(['plan', '--app', assembly, '--json', ...options]);
  if (code === 1) throw new Error(stderr);
  const planned: Planned[] = JSON.parse(stdout);
  return { code, of: Object.fromEntries(planned.map((secret) => [secret.path, secret])) };
}

const actionsOf = (of: Record<string, Planned>) =>
  Object.fromEntries(Object.entries(of).map(([construct, { action }]) => [construct, action]));

/** Recoverable secrets by construct id, each with how it came about as output. */
const secretsOf = (secrets: Record<string, RecoverableSecretProps>) => (stack: Stack) => {
  for (const [id, props] of Object.entries(secrets)) {
    const { outcome } = new RecoverableSecret(stack, id, { recoveryWindow: Duration.days(9), ...props });
    new CfnOutput(stack, `${id}Outcome`, { value: outcome });
  }
};

test.concurrent('what is foretold of a whole life is what happens', async () => {
  const first = secretsOf({
    Same: { secretName: 'life/same' },
    Updated: { secretName: 'life/updated', secretStringValue: SecretValue.unsafePlainText('one') },
    Renamed: { secretName: 'life/old' },
    Moved: { secretName: 'life/moved' },
    Leaving: { secretName: 'life/leaving' },
    Forced: { secretName: 'life/forced', forceDeleteWithoutRecovery: true, recoveryWindow: undefined },
    Retained: { secretName: 'life/retained', removalPolicy: RemovalPolicy.RETAIN },
  });
  const second = secretsOf({
    Same: { secretName: 'life/same' },
    Updated: {
      secretName: 'life/updated',
      secretStringValue: SecretValue.unsafePlainText('two'),
      description: 'updated',
      recoveryWindow: Duration.days(7),
      purgeProtection: true,
    },
    Renamed: { secretName: 'life/new' },
    MovedHere: { secretName: 'life/moved' },
    Forced: { secretName: 'life/forced', forceDeleteWithoutRecovery: true, recoveryWindow: undefined },
  });

  const assembly = cloud.synthesize('Life', first);
  const created = await plan(assembly);
  expect(new Set(Object.values(actionsOf(created.of)))).toEqual(new Set(['CREATE']));
  expect(created.of['Life/Same']).toMatchObject({ name: 'life/same', arn: null, changes: [], open: [], owner: null });
  expect(new Set(Object.values(await cloud.deploy('Life', first)))).toEqual(new Set(['CREATED']));

  const unchanged = await plan(assembly);
  expect(new Set(Object.values(actionsOf(unchanged.of)))).toEqual(new Set(['NOTHING']));

  await cloud.secrets.value('life/leaving');
  const changed = await plan(cloud.synthesize('Life', second));
  expect(changed.code).toBe(0);
  expect(actionsOf(changed.of)).toEqual({
    'Life/Same': 'NOTHING',
    'Life/Updated': 'UPDATE',
    'Life/Renamed': 'REPLACE',
    'Life/MovedHere': 'ADOPT',
    'Life/Forced': 'NOTHING',
    // Their constructs are no longer in the app.
    'Life/Moved769B1322': 'LEAVE',
    'Life/Leaving69325DBE': 'SCHEDULE',
    'Life/RetainedB6475BB4': 'RETAIN',
  });
  expect(changed.of['Life/Updated'].changes).toEqual(['description', 'recoveryWindow', 'purgeProtection', 'value']);
  const leaving = changed.of['Life/Leaving69325DBE'];
  const { LastAccessedDate: lastAccessed } = (await cloud.secrets.describe('life/leaving')) ?? {};
  expect(leaving).toMatchObject({ daysLeft: 9, lastAccessedDate: dayOf(lastAccessed), owner: 'Life' });
  const arns = await Promise.all(['life/updated', 'life/old', 'life/moved'].map((name) => cloud.secrets.arn(name)));
  expect((await cloud.deploy('Life', second)).MovedHereOutcome).toBe('ADOPTED');
  expect(await cloud.secrets.value('life/updated')).toBe('two');
  expect(await cloud.secrets.arn('life/updated')).toBe(arns[0]);
  expect(await cloud.secrets.daysLeft('life/old')).toBe(9);
  expect(await cloud.secrets.daysLeft('life/new')).toBeUndefined();
  expect(await cloud.secrets.arn('life/moved')).toBe(arns[2]);
  expect(await cloud.secrets.daysLeft('life/moved')).toBeUndefined();
  expect(await cloud.secrets.daysLeft('life/leaving')).toBe(leaving.daysLeft);
  expect(await cloud.secrets.daysLeft('life/retained')).toBeUndefined();

  const teardown = await plan(cloud.synthesize('Life', second), '--destroy');
  expect(actionsOf(teardown.of)).toEqual({
    'Life/Same': 'SCHEDULE',
    'Life/Updated': 'SCHEDULE',
    'Life/Renamed': 'SCHEDULE',
    'Life/MovedHere': 'SCHEDULE',
    'Life/Forced': 'FORCE',
  });
  const { deletionDate, lastAccessedDate, reason } = teardown.of['Life/Updated'];
  expect(reason).toBe(`can be restored for 7 days, until ${dayOf(deletionDate)}; last used ${lastAccessedDate}`);
  await cloud.destroy('Life');
  expect(await cloud.secrets.daysLeft('life/same')).toBe(teardown.of['Life/Same'].daysLeft);
  expect(await cloud.secrets.daysLeft('life/updated')).toBe(7);
  expect(await cloud.secrets.describe('life/forced')).toBeUndefined();

  const back = await plan(assembly);
  expect(actionsOf(back.of)).toEqual({
    'Life/Same': 'RESTORE',
    'Life/Updated': 'RESTORE',
    'Life/Renamed': 'RESTORE',
    'Life/Moved': 'RESTORE',
    'Life/Leaving': 'RESTORE',
    'Life/Forced': 'CREATE',
    'Life/Retained': 'ADOPT',
  });
  expect(back.of['Life/Updated']).toMatchObject({ changes: ['description', 'recoveryWindow', 'value'], daysLeft: 7 });
  const { logicalId, deletionDate: end, reason: how } = back.of['Life/Same'];
  expect(how).toBe(
    `scheduled for deletion until ${dayOf(end)} (9 days left); owner 'Life', held by ${logicalId} of stack Life; the ` +
      'value is kept',
  );
  expect(await cloud.deploy('Life', first)).toEqual({
    SameOutcome: 'RESTORED',
    UpdatedOutcome: 'RESTORED',
    RenamedOutcome: 'RESTORED',
    MovedOutcome: 'RESTORED',
    LeavingOutcome: 'RESTORED',
    ForcedOutcome: 'CREATED',
    RetainedOutcome: 'ADOPTED',
  });
  expect(await cloud.secrets.value('life/updated')).toBe('one');
});

test.concurrent('a refusal is told with the very text that the deployment fails with', async () => {
  await cloud.secrets.create('refused/foreign', VALUE);
  const refused = secretsOf({ Foreign: { secretName: 'refused/foreign' } });
  const { code, of } = await plan(cloud.synthesize('Refused', refused));
  expect(code).toBe(2);
  expect(of['Refused/Foreign'].action).toBe('REFUSE');
  await expect(cloud.deploy('Refused', refused)).rejects.toThrow(of['Refused/Foreign'].reason);
});

test.concurrent('a plain Secret cannot change its type, and the migration is named', async () => {
  await cloud.deploy('Plain', (stack) => {
    new Secret(stack, 'Secret', { secretName: 'plain/secret' });
  });
  const assembly = cloud.synthesize('Plain', secretsOf({ Secret: { secretName: 'plain/secret' } }));
  const { code, of } = await plan(assembly);
  expect(code).toBe(2);
  expect(of['Plain/Secret']).toMatchObject({
    action: 'REFUSE',
    // As CloudFormation says it; the emulator does not know that it cannot be done.
    reason: expect.stringMatching(
      /^Update of resource type is not permitted\. The new template modifies resource type of the following resources: \[Secret\w+\]$/,
    ),
    advice: expect.stringContaining('docs/migration.md'),
  });
});

test.concurrent('a secret that somebody scheduled or deleted by hand is told of, when the deployment passes it over', async () => {
  const app = secretsOf({ Scheduled: { secretName: 'hand/scheduled' }, Gone: { secretName: 'hand/gone' } });
  await cloud.deploy('Hand', app);
  await cloud.secrets.schedule('hand/scheduled', 8);
  await administrator.run(['purge', 'hand/gone', '--yes']);
  await cloud.secrets.schedule('hand/gone', 7);
  await administrator.run(['purge', 'hand/gone', '--yes']);

  const same = await plan(cloud.synthesize('Hand', app));
  expect(actionsOf(same.of)).toEqual({ 'Hand/Scheduled': 'NOTHING', 'Hand/Gone': 'NOTHING' });
  expect(same.of['Hand/Scheduled'].reason).toContain(
    'so nothing restores it: use cdk-recoverable-secret restore hand/scheduled',
  );
  expect(same.of['Hand/Gone'].reason).toContain("'hand/gone' is gone for good");

  const changed = secretsOf({
    Scheduled: { secretName: 'hand/scheduled', description: 'changed' },
    Gone: { secretName: 'hand/gone', description: 'changed' },
  });
  const { code, of } = await plan(cloud.synthesize('Hand', changed));
  expect(code).toBe(2);
  expect(of['Hand/Scheduled']).toMatchObject({ action: 'UPDATE', changes: ['description'] });
  expect(of['Hand/Scheduled'].reason).toContain('so it is restored first');
  await expect(cloud.deploy('Hand', changed)).rejects.toThrow(of['Hand/Gone'].reason);
});

test.concurrent('names are resolved as far as they are known, in stages and nested stacks as well', async () => {
  const client = new CloudFormationClient({
    endpoint: cloud.emulator.endpoint,
    region: REGION,
    credentials: CREDENTIALS,
  });
  const TemplateBody = JSON.stringify({
    Resources: { Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' } },
    Outputs: { Name: { Value: 'exported', Export: { Name: 'exported-name' } } },
  });
  await client.send(new CreateStackCommand({ StackName: 'Exporter', TemplateBody }));
  await waitUntilStackCreateComplete({ client, maxWaitTime: 30, minDelay: 1 }, { StackName: 'Exporter' });

  const outdir = fs.mkdtempSync(path.join(cloud.emulator.directory, 'cdk.out-'));
  const app = new App({ outdir });
  const synthesizer = () => new CliCredentialsStackSynthesizer();
  const stack = new Stack(app, 'Names', { stackName: 'Names-deployed', synthesizer: synthesizer() });
  const parameter = new CfnParameter(stack, 'Environment', { default: 'test' });
  const secret = (scope: Stack, id: string, secretName?: string) => new RecoverableSecret(scope, id, { secretName });
  secret(stack, 'Unnamed');
  secret(stack, 'OfParameter', `names/${parameter.valueAsString}`);
  secret(stack, 'OfExport', `names/${Fn.importValue('exported-name')}`);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how CloudFormation spells it
  secret(stack, 'OfPseudo', Fn.sub('names/${AWS::Region}/${AWS::AccountId}/${AWS::Partition}'));
  secret(stack, 'OfMissingExport', `names/${Fn.importValue('no-such-export')}`);
  secret(new NestedStack(stack, 'Nested'), 'Inner');
  secret(new Stack(new Stage(app, 'Prod'), 'Names', { synthesizer: synthesizer() }), 'Staged');
  app.synth();

  const { code, of } = await plan(outdir);
  expect(code).toBe(0);
  const names = Object.fromEntries(Object.entries(of).map(([construct, { name }]) => [construct, name]));
  expect(names).toEqual({
    'Names/Unnamed': expect.stringMatching(/^Names_deployed\/Unnamed-[0-9a-f]{12}$/),
    'Names/OfParameter': 'names/test',
    'Names/OfExport': 'names/exported',
    'Names/OfPseudo': 'names/us-east-1/000000000000/aws',
    'Names/OfMissingExport': 'names/<export no-such-export>',
    'Names/Nested/Inner': expect.stringMatching(/^Names_deployed\/Inner-[0-9a-f]{12}$/),
    'Prod/Names/Staged': expect.stringMatching(/^Prod_Names\/Staged-[0-9a-f]{12}$/),
  });
  expect(of['Names/OfMissingExport']).toMatchObject({ action: 'UNKNOWN', open: ['Name: export no-such-export'] });

  const staged = await plan(outdir, 'Prod/Names');
  expect(Object.keys(staged.of)).toEqual(['Prod/Names/Staged']);
});

test.concurrent('nested stacks are told by what they were deployed with', async () => {
  const nested = (description: string) => (stack: Stack) => {
    const queue = new Queue(stack, 'Queue');
    const inner = new NestedStack(stack, 'Nested');
    new RecoverableSecret(inner, 'Inner', { secretName: 'nested/inner', description: `of ${queue.queueName}` });
    new RecoverableSecret(inner, 'Other', { secretName: 'nested/other', description });
  };
  await cloud.deploy('Outer', nested('one'));
  // The name of the queue is not in the template, but what the stack around passed is known.
  const same = await plan(cloud.synthesize('Outer', nested('one')));
  expect(actionsOf(same.of)).toEqual({ 'Outer/Nested/Inner': 'NOTHING', 'Outer/Nested/Other': 'NOTHING' });
  expect(same.of['Outer/Nested/Inner'].open).toEqual([]);
  const changed = await plan(cloud.synthesize('Outer', nested('two')));
  expect(actionsOf(changed.of)).toEqual({ 'Outer/Nested/Inner': 'NOTHING', 'Outer/Nested/Other': 'UPDATE' });
  const removed = await plan(cloud.synthesize('Outer', (stack) => new Queue(stack, 'Queue')));
  expect(Object.values(actionsOf(removed.of))).toEqual(['SCHEDULE', 'SCHEDULE']);
  const teardown = await plan(cloud.synthesize('Outer', nested('one')), '--destroy');
  expect(Object.values(actionsOf(teardown.of))).toEqual(['SCHEDULE', 'SCHEDULE']);
  await cloud.destroy('Outer');
  expect(await cloud.secrets.daysLeft('nested/inner')).toBe(teardown.of['Outer/Nested/Inner'].daysLeft);
});

test.concurrent('a protected stack is not destroyed', async () => {
  const protecting = secretsOf({ Secret: { secretName: 'protected/secret' } });
  const props = { terminationProtection: true };
  await cloud.deploy('Protected', protecting, props);
  const { code, of } = await plan(cloud.synthesize('Protected', protecting, props), '--destroy');
  expect({ code, planned: of['Protected/Secret'] }).toMatchObject({
    code: 2,
    planned: { action: 'REFUSE', reason: 'Stack [Protected] cannot be deleted while TerminationProtection is enabled' },
  });
});

describe('for people', () => {
  test('it fits 80 columns, and has no color where none is wanted', async () => {
    const assembly = cloud.synthesize(
      'Shown',
      secretsOf({ Long: { secretName: `shown/${'long-'.repeat(30)}`, tags: undefined } as RecoverableSecretProps }),
    );
    const args = ['plan', '--app', assembly];
    const shown = async (env: NodeJS.ProcessEnv) =>
      (await planner.inTerminal(args, 80, '', env)).stdout.split('\r\u001b[K').at(-1) ?? '';
    expect(await shown({})).toContain('\u001b[32mCREATE\u001b[39m');
    const plain = await shown({ NO_COLOR: '1' });
    expect(plain).not.toContain('\u001b');
    for (const line of plain.split('\r\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(plain).toContain('1 secret: 1 CREATE');
    expect((await planner.run(args, { FORCE_COLOR: '1' })).stdout).toContain('\u001b[32mCREATE\u001b[39m');
    expect((await planner.run(args, { FORCE_COLOR: '1', NO_COLOR: '1' })).stdout).not.toContain('\u001b');
    const { stdout, stderr } = await planner.run(args);
    expect(stdout).toContain(`CREATE  shown/${'long-'.repeat(30)} Shown/Long\n`);
    expect(stderr).toBe('');
  });

  test('what is missing or wrong is said', async () => {
    const assembly = cloud.synthesize('Wrong', secretsOf({ Secret: {} }));
    const elsewhere = cloud.synthesize('Wrong', secretsOf({ Secret: {} }), {
      env: { account: '123456789012', region: REGION },
    });
    const said = async (shell: Shell, ...args: string[]) => {
      const { code, stderr } = await shell.run(['plan', ...args]);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await said(planner, '--app', '/no/such/folder')).toMatch(
      /^\/no\/such\/folder is not a cloud assembly: run cdk synth/,
    );
    expect(await said(planner, 'Nope', '--app', assembly)).toMatch(/^no stack 'Nope' in .*; there are: Wrong\n$/);
    expect(await said(planner, '--app', elsewhere)).toBe(
      'Wrong is for account 123456789012, and these credentials are of 000000000000: use --profile\n',
    );
    const outdir = fs.mkdtempSync(path.join(cloud.emulator.directory, 'cdk.out-'));
    const app = new App({ outdir });
    for (const [id, account] of [
      ['Here', '000000000000'],
      ['There', '123456789012'],
    ]) {
      secretsOf({ Secret: {} })(new Stack(app, id, { env: { account, region: REGION } }));
    }
    app.synth();
    const partly = await planner.run(['plan', '--app', outdir, '--json']);
    expect(JSON.parse(partly.stdout)).toMatchObject([{ stack: 'Here' }]);
    expect(partly.stderr).toMatch(/^There is for account 123456789012, and these credentials are of 000000000000/);
    const without = async (action: string) => {
      const policy = { Effect: 'Allow', NotAction: action, Resource: '*' };
      return administrator.as(await users.with(JSON.stringify({ Version: '2012-10-17', Statement: [policy] })));
    };
    for (const action of ['cloudformation:DescribeStacks', 'secretsmanager:DescribeSecret']) {
      expect(await said(await without(action), '--app', assembly)).toContain(
        `no permission for ${action} in us-east-1`,
      );
    }
  });

  test('nothing is written, and no value shown', async () => {
    expect(administrator.transcript.length).toBeGreaterThan(10);
    expect(administrator.transcript.filter((text) => text.includes(VALUE))).toEqual([]);
  });
});
