import { randomBytes, randomUUID } from 'node:crypto';
import * as path from 'node:path';
import { Shell } from '../test/cli/shell';
import { ACCOUNT, type CloudTrailEvent, refused } from '../test/monitor/cloudtrail-events';
import { Rehearsal } from '../test/monitor/rehearsal';
import { CdkCli, REGION } from '../test/support/cdk-cli';
import { type Emulator, startMinistack } from '../test/support/emulator';
import { pythonEnvironment } from '../test/support/python-environment';
import { lastLines, run } from '../test/support/run';
import { Secrets } from '../test/support/secrets';
import { type Cell, heading, paint, quote, say, step, table, wrap } from './terminal';

const ROOT = path.join(__dirname, '..');
const SHOP = app('shop.ts');
const OPERATIONS = app('operations.ts');

/** What `app` in a cdk.json says: the command that synthesizes. */
function app(file: string): string {
  const words = [
    process.execPath,
    path.join(ROOT, 'node_modules', 'ts-node', 'dist', 'bin.js'),
    '--transpile-only',
    '--project',
    path.join(ROOT, 'tsconfig.dev.json'),
    path.join(__dirname, file),
  ];
  return `exec ${words.map((word) => `"${word}"`).join(' ')}`;
}

/** The secrets of the shop, and how many days each can be restored. */
const SECRETS = [
  { key: 'ApiKeyId', what: 'RecoverableSecret', window: 7 },
  { key: 'DatabaseId', what: 'DatabaseSecret + mixin', window: 14 },
  { key: 'PlainId', what: 'plain Secret', window: 0 },
];

interface Seen {
  readonly name: string;
  readonly arn: string;
  readonly value?: string;
}

async function main(interrupted: AbortSignal): Promise<boolean> {
  say(paint('bold', 'A secret that survives its stack'));
  say('The real CDK CLI on a local emulator with IAM enforced, without an AWS account. Takes about a minute.');

  heading('Preparation');
  await step('Function of the library', () => bundle(interrupted));
  await step('Python packages of the emulator (first run only)', () => pythonEnvironment('ministack', interrupted));
  const emulator = await step('Emulator', startMinistack);
  try {
    return await story(emulator, interrupted);
  } finally {
    await emulator.stop();
  }
}

async function bundle(interrupted: AbortSignal): Promise<void> {
  const { code, output } = await run('npx', ['projen', 'bundle'], { cwd: ROOT, signal: interrupted });
  if (code !== 0) throw new Error(lastLines(output));
}

async function story(emulator: Emulator, interrupted: AbortSignal): Promise<boolean> {
  const cdk = new CdkCli(emulator, interrupted);
  const secrets = new Secrets(emulator.endpoint);
  const rehearsal = new Rehearsal(emulator.endpoint);
  const shell = new Shell(emulator);
  const look = (outputs: Record<string, string>) =>
    Promise.all(
      SECRETS.map(async ({ key }): Promise<Seen> => {
        const secret = await secrets.describe(outputs[key]);
        return { name: `${secret?.Name}`, arn: `${secret?.ARN}`, value: await secrets.value(outputs[key]) };
      }),
    );
  await step('cdk bootstrap', () => cdk.bootstrap());

  heading('1. Deploy, and write a value by hand into each secret');
  const { InboxUrl } = (await step('cdk deploy Operations, with the monitor', () => cdk.deploy(OPERATIONS))).Operations;
  const first = (await step('cdk deploy Shop, with the secrets', () => cdk.deploy(SHOP))).Shop;
  await step('PutSecretValue', () =>
    Promise.all(SECRETS.map(({ key }) => secrets.put(first[key], randomBytes(16).toString('hex')))),
  );
  const before = await look(first);

  heading('2. Destroy the stack of the secrets');
  await step('cdk destroy Shop', () => cdk.destroy(SHOP));
  say();
  const left = await Promise.all(before.map(({ arn }) => secrets.describe(arn)));
  table(
    ['secret', 'kind', 'now'],
    SECRETS.map(({ what }, i) => {
      const now: Cell = left[i]?.DeletedDate
        ? { text: 'scheduled for deletion', style: 'yellow' }
        : { text: left[i] ? 'live' : 'gone', style: 'red' };
      return [{ text: before[i].name }, { text: what }, now];
    }),
  );
  say();
  await show('list', [], shell);
  say();
  say(paint('dim', wrap('UNTIL: the time of the deletion plus the window. Until then they cost nothing.')));

  heading('3. Somebody still reads a secret');
  await readWhilePending(before[0].name, InboxUrl, secrets, rehearsal, interrupted);

  heading('4. Five days later, the end of the window comes near');
  await remindOfTheEnd(before[0].name, InboxUrl, rehearsal, interrupted);

  heading('5. Deploy again');
  await show('plan', ['Shop', '--app', cdk.assembly], shell);
  say();
  const second = (await step('cdk deploy Shop', () => cdk.deploy(SHOP))).Shop;
  const after = await look(second);

  heading('Before and after');
  const kept = SECRETS.map((_, i) => ({
    arn: before[i].arn === after[i].arn,
    value: before[i].value === after[i].value,
  }));
  const verdict = (same: boolean, otherwise: string): Cell =>
    same ? { text: 'same', style: 'green' } : { text: otherwise, style: 'red' };
  const suffix = (arn: string) => ({ text: `...${arn.slice(-7)}`, style: 'dim' as const });
  table(
    ['secret', 'ARN before', 'ARN after', 'ARN', 'value'],
    SECRETS.map(({ what }, i) => [
      { text: what },
      suffix(before[i].arn),
      suffix(after[i].arn),
      verdict(kept[i].arn, 'different'),
      verdict(kept[i].value, 'lost'),
    ]),
  );

  const asPromised =
    second.ApiKeyOutcome === 'RESTORED' &&
    SECRETS.map(({ window }) => window > 0).every(
      (survives, i) => kept[i].arn === survives && kept[i].value === survives && !!left[i]?.DeletedDate === survives,
    );
  say();
  say(asPromised ? paint('green', 'As promised.') : paint('red', 'NOT as promised: see the table.'));
  say();
  say('The app is demo/shop.ts. Next: a secret in an app of your own, see "Use it" in README.md.');
  say('The same on an AWS account: npm run test:aws says what it would do, and what that costs.');
  return asPromised;
}

/** Shows what the command line of the library says in a terminal. */
async function show(command: string, options: string[], shell: Shell): Promise<void> {
  say(paint('dim', `  $ npx cdk-recoverable-secret ${command}`));
  const { code, stdout } = await shell.inTerminal([command, ...options], 78, '', { NO_COLOR: '1' });
  if (code !== 0) throw new Error(`NOT as promised: it ended with ${code}\n${stdout}`);
  // Each line as it stays: progress is erased again.
  const lines = stdout
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split('\u001b[K').at(-1));
  say(lines.map((line) => `  ${line}`).join('\n'));
}

/** Reads a secret, which must fail, and shows what the monitor says about it. */
async function readWhilePending(
  name: string,
  inboxUrl: string,
  secrets: Secrets,
  rehearsal: Rehearsal,
  interrupted: AbortSignal,
): Promise<void> {
  const refusal = await step(`GetSecretValue of ${name}`, () =>
    secrets.value(name).then(
      () => {
        throw new Error('NOT as promised: the read succeeded.');
      },
      (error: Error) => error,
    ),
  );
  say(paint('yellow', wrap(`${refusal.name}: ${refusal.message}`, '    ')));

  const message = await step("The monitor's message about it", async () => {
    await rehearsal.send(eventOf(name, refusal));
    const [text] = await rehearsal.receive(inboxUrl, 1, interrupted);
    if (!text?.includes(`restore-secret --region ${REGION} --secret-id ${name}`)) {
      throw new Error(`NOT as promised: the message is ${text ?? 'missing'}`);
    }
    return text;
  });
  say(paint('yellow', quote(message)));
  say();
  say(paint('dim', wrap("Simulated: CloudTrail's delivery, and for it the rule's source and state.")));
  say(paint('dim', wrap("Real: the read, its error, the rule's decision, the message and its delivery.")));
}

/** Runs the daily check of the monitor with another date, and shows what it says. */
async function remindOfTheEnd(
  name: string,
  inboxUrl: string,
  rehearsal: Rehearsal,
  interrupted: AbortSignal,
): Promise<void> {
  const message = await step("The monitor's reminder", async () => {
    const now = new Date(Date.now() + 5 * 86_400_000).toISOString();
    const { status, cause } = await rehearsal.run('Reminders', { now }, interrupted);
    const [text] = await rehearsal.receive(inboxUrl, 1, interrupted);
    if (status !== 'SUCCEEDED' || !text?.includes(`Secret: ${name}\n`)) {
      throw new Error(
        `NOT as promised: the check ended with ${status} ${cause ?? ''}, the message is ${text ?? 'missing'}`,
      );
    }
    return text;
  });
  say(paint('yellow', quote(message)));
  say();
  say(paint('dim', wrap('Simulated: the date. Real: the state machine, what it finds, the message and its delivery.')));
}

/** What CloudTrail would say about a refused read. */
function eventOf(secretId: string, { name, message }: Error): CloudTrailEvent {
  return refused('GetSecretValue', { secretId }, message, {
    errorCode: name,
    userIdentity: { type: 'Root', arn: `arn:aws:iam::${ACCOUNT}:root`, accountId: ACCOUNT },
    sourceIPAddress: '127.0.0.1',
    eventTime: new Date().toISOString().replace(/\.\d+/, ''),
    eventID: randomUUID(),
  });
}

const interruption = new AbortController();
for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(name, () => {
    process.exitCode = code;
    interruption.abort();
  });
}

main(interruption.signal)
  .then((asPromised) => {
    process.exitCode ??= asPromised ? 0 : 1;
  })
  .catch((error: Error) => {
    say(interruption.signal.aborted ? '\nInterrupted; everything is stopped and removed.' : `\n${error.message}`);
    process.exitCode ??= 1;
  });
