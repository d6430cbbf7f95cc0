import { parseArgs } from 'node:util';
import { CdkCli, CREDENTIALS, REGION } from '../support/cdk-cli';
import { type Emulator, startMinistack } from '../support/emulator';
import { Account, isPrefix, newPrefix } from './account';
import { Facts } from './facts';
import * as questions from './questions';
import * as scenarios from './scenarios';

const USAGE = `npm run test:aws -- [--yes] [--replica-region REGION] [--rehearse] [--clean PREFIX]

  --yes                    create the resources; without it, nothing is created
  --replica-region REGION  test replicas too, in this second region
  --rehearse               run on a local emulator instead of AWS, without an account
  --clean PREFIX           only remove what a run that was killed has left behind`;

/** CLI runs at the same time; each is a process with a synthesized app of its own. */
const PARALLEL = 4;

const interruption = new AbortController();

async function main(): Promise<boolean> {
  const { values: options } = parseArgs({
    options: {
      yes: { type: 'boolean', default: false },
      'replica-region': { type: 'string' },
      rehearse: { type: 'boolean', default: false },
      clean: { type: 'string' },
    },
  });
  if (options.clean !== undefined && !isPrefix(options.clean)) {
    throw new Error(`--clean takes the prefix that the run printed, got: '${options.clean}'`);
  }
  const emulator = options.rehearse ? await rehearsal() : undefined;
  try {
    const region = process.env.AWS_REGION;
    if (!region) throw new Error('set AWS_REGION to the region to test in');
    const account = await Account.connect({
      region,
      prefix: options.clean ?? newPrefix(),
      replicaRegion: options['replica-region'],
      signal: interruption.signal,
    });
    if (options.clean !== undefined) return await cleanUp(account);
    print(plan(account));
    if (!options.yes && !options.rehearse) {
      print('Nothing was created. Run it again with --yes.');
      return false;
    }
    return await test(account);
  } finally {
    await emulator?.stop();
  }
}

/** An emulator in place of AWS, for this process and the ones that it starts. */
async function rehearsal(): Promise<Emulator> {
  const emulator = await startMinistack();
  process.env.AWS_ENDPOINT_URL = emulator.endpoint;
  process.env.AWS_REGION = REGION;
  process.env.AWS_ACCESS_KEY_ID = CREDENTIALS.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = CREDENTIALS.secretAccessKey;
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) delete process.env[name];
  await new CdkCli(emulator).bootstrap();
  return emulator;
}

function plan(account: Account): string {
  const { replicaRegion } = account;
  const where = account.endpoint ?? `account ${account.id}, ${account.region}`;
  return `Integration test of cdk-recoverable-secret on ${where}

It creates, all with names that begin with ${account.prefix}:
  - ${replicaRegion ? 15 : 14} CloudFormation stacks, nearly all with a Lambda function, its role and its log group
  - ${replicaRegion ? `22 secrets, and 3 more in ${replicaRegion}` : '19 secrets'}
  - 1 KMS key, which stays scheduled for deletion for 7 days

It takes 10 to 20 minutes and costs a few cents:
  - Secrets Manager: $0.40 per secret and month, by the hour; $0.05 per 10,000 calls, of which it makes about 1,000
  - KMS: $1 per key and month, by the hour; a key that is scheduled for deletion is free
  - Lambda, CloudWatch Logs, S3 (the function's code stays in the bootstrap bucket): within cents

At its end, also when it fails or is interrupted, it deletes every stack and, without recovery, every secret of that
prefix. If it is killed, clean up with: ${cleaning(account)}
`;
}

function cleaning({ prefix, replicaRegion }: Account): string {
  return `npm run test:aws -- --clean ${prefix}${replicaRegion ? ` --replica-region ${replicaRegion}` : ''}`;
}

type Work = (account: Account, facts: Facts) => Promise<void>;

async function test(account: Account): Promise<boolean> {
  const works = [...Object.entries<Work>(scenarios), ...Object.entries<Work>(questions)]
    .filter(([name]) => account.replicaRegion || !/replica/i.test(name))
    .map(([name, work]) => ({ name, work, facts: new Facts() }));
  const passed: string[] = [];
  const failed: string[] = [];
  const queue = works.values();
  const take = async () => {
    for (const { name, work, facts } of queue) {
      if (account.signal.aborted) return;
      const start = Date.now();
      say(`${name} ...`);
      try {
        await work(account, facts);
        passed.push(name);
        say(`${name} ok (${Math.round((Date.now() - start) / 1000)} s)`);
      } catch (error) {
        failed.push(name);
        say(`${name} FAILED: ${account.signal.aborted ? 'interrupted' : (error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, take));
  const clean = await cleanUp(account);

  print(`\n${Facts.table(works.map(({ facts }) => facts))}\n`);
  print(`${passed.length} of ${works.length} passed${failed.length > 0 ? `; failed: ${failed.join(', ')}` : ''}`);
  return clean && passed.length === works.length;
}

async function cleanUp(account: Account): Promise<boolean> {
  say('cleaning up ...');
  const left = await account.cleanUp(say);
  for (const what of left) say(`NOT REMOVED: ${what}`);
  if (left.length > 0) say(`try again later with: ${cleaning(account)}`);
  return left.length === 0;
}

function say(text: string): void {
  print(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => {
    process.exitCode = code;
    interruption.abort();
  });
}

// The clean-up goes on when the terminal is closed.
process.stdout.on('error', () => {});

main().then(
  (passed) => {
    process.exitCode ??= passed ? 0 : 1;
  },
  (error: Error) => {
    print(`${error.message}\n\n${USAGE}`);
    process.exitCode ??= 1;
  },
);
