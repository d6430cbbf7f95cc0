import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { App, CfnOutput, CfnWaitConditionHandle, CliCredentialsStackSynthesizer, Stack } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { RecoverableSecret } from '../src';
import { CdkCli, CREDENTIALS, REGION } from '../test/support/cdk-cli';
import { type Emulator, startMinistack } from '../test/support/emulator';
import { number, times } from './figures';
import type { Section } from './section';

const COUNTS = [1, 450];
const STEPS = ['deploy', 'destroy', 'deploy again'] as const;
const UPLOADS = 'uploads';
const CLASSES = { ours: RecoverableSecret, plain: Secret };

type Kind = keyof typeof CLASSES;
/** Seconds of each step. */
type Steps = Record<(typeof STEPS)[number], number>;

/** Whole stacks on the emulator. */
export async function deployments(): Promise<Section> {
  const emulator = await startMinistack();
  try {
    const cli = new CdkCli(emulator);
    const cloudFormation = new CloudFormationClient({
      endpoint: emulator.endpoint,
      region: REGION,
      credentials: CREDENTIALS,
    });
    await cli.bootstrap();
    // The command line first: it uploads the function, which the stacks after it share.
    const byCli = { plain: await throughCli(cli, emulator, 'plain'), ours: await throughCli(cli, emulator, 'ours') };
    const urls = await uploadTemplates(cli, emulator);
    const direct = [];
    for (const count of COUNTS) {
      const plain = await throughApi(cloudFormation, stackName('plain', count), urls);
      const ours = await throughApi(cloudFormation, stackName('ours', count), urls);
      direct.push({ count, plain, ours });
    }
    const [, many] = direct;
    const cells = (ours: Steps, plain: Steps) =>
      STEPS.flatMap((step) => [`${number(ours[step], 1)} / ${number(plain[step], 1)}`, times(ours[step], plain[step])]);
    return {
      title: 'Deployments',
      about:
        'Seconds for recoverable / plain secrets on ministack, once each. Deployed again, the recoverable ones are ' +
        'restored; the plain ones are other secrets. The first row is the whole command of the CDK CLI, most of which ' +
        'is the CLI, although it asks for news more often here than by itself; the others are CloudFormation alone, from the request to the end of the stack.',
      columns: ['secrets', ...STEPS.flatMap((step) => [step, 'ratio'])],
      rows: [
        ['1, with the CDK CLI', ...cells(byCli.ours, byCli.plain)],
        ...direct.map(({ count, ours, plain }) => [number(count), ...cells(ours, plain)]),
      ],
      findings: [
        'The emulator makes a plain secret in memory, in no time, and custom resources one after the other; ' +
          'CloudFormation takes seconds for either, and many at a time. So these ratios are an upper bound: what a ' +
          `recoverable secret adds is ${number((1_000 * many.ours.deploy) / many.count)} ms of its function each.`,
      ],
      comparisons: STEPS.map((step) => ({
        what: `cdk ${step}, on an emulator`,
        than: 'plain Secret',
        ours: byCli.ours[step],
        instead: byCli.plain[step],
        show: (seconds) => `${number(seconds, 1)} s`,
      })),
    };
  } finally {
    await emulator.stop();
  }
}

async function throughCli(cli: CdkCli, emulator: Emulator, kind: Kind): Promise<Steps> {
  const assembly = synthesize(emulator, `${kind}-by-cli`, secretsOf(kind, 1)).directory;
  const deploy = () => seconds(() => cli.deploy(assembly, '--method=direct'));
  return {
    deploy: await deploy(),
    destroy: await seconds(() => cli.destroy(assembly)),
    'deploy again': await deploy(),
  };
}

/** Templates of this size have to be in a bucket: as assets of a stack with nothing else they get there. */
async function uploadTemplates(cli: CdkCli, emulator: Emulator): Promise<Record<string, string>> {
  const { directory } = synthesize(emulator, UPLOADS, (uploads) => {
    new CfnWaitConditionHandle(uploads, 'Nothing');
    for (const kind of ['plain', 'ours'] as const) {
      for (const count of COUNTS) {
        const name = stackName(kind, count);
        const path = synthesize(emulator, name, secretsOf(kind, count)).templateFullPath;
        new CfnOutput(uploads, name.replace('-', ''), { value: new Asset(uploads, name, { path }).httpUrl });
      }
    }
  });
  return (await cli.deploy(directory, '--method=direct'))[UPLOADS];
}

async function throughApi(
  client: CloudFormationClient,
  StackName: string,
  urls: Record<string, string>,
): Promise<Steps> {
  const create = new CreateStackCommand({
    StackName,
    TemplateURL: urls[StackName.replace('-', '')],
    Capabilities: ['CAPABILITY_IAM'],
  });
  const deploy = () => seconds(() => client.send(create).then(() => ended(client, StackName, 'CREATE_COMPLETE')));
  return {
    deploy: await deploy(),
    destroy: await seconds(async () => {
      await client.send(new DeleteStackCommand({ StackName }));
      await ended(client, StackName, 'DELETE_COMPLETE');
    }),
    'deploy again': await deploy(),
  };
}

function stackName(kind: Kind, count: number): string {
  return `${kind}-${count}`;
}

function secretsOf(kind: Kind, count: number) {
  return (stack: Stack) => {
    for (let index = 0; index < count; index++) {
      new CLASSES[kind](stack, `Secret${index}`, { secretName: `${stack.stackName}/${index}` });
    }
  };
}

function synthesize(emulator: Emulator, name: string, build: (stack: Stack) => void) {
  const app = new App({ outdir: fs.mkdtempSync(path.join(emulator.directory, 'cdk.out-')) });
  build(new Stack(app, name, { synthesizer: new CliCredentialsStackSynthesizer() }));
  const assembly = app.synth();
  return { directory: assembly.directory, templateFullPath: assembly.getStackByName(name).templateFullPath };
}

async function ended(client: CloudFormationClient, StackName: string, wanted: string): Promise<void> {
  for (;;) {
    const status = await client.send(new DescribeStacksCommand({ StackName })).then(
      ({ Stacks: [stack] = [] }) => stack?.StackStatus ?? 'DELETE_COMPLETE',
      // A stack that is gone has no name any more.
      () => 'DELETE_COMPLETE',
    );
    if (status === wanted) return;
    if (!status.endsWith('_IN_PROGRESS')) throw new Error(`stack ${StackName} ended as ${status}`);
    await sleep(20);
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}
