import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { library, RECOVERABLE_SECRET, ROOT } from './bundles';
import { median, number, times, withSpread } from './figures';
import type { Section } from './section';

const COUNTS = [1, 50, 450];
const RUNS = 5;
/** What a stack may have. */
const MAX_RESOURCES = 500;

/** What came of one app. */
interface Synthesized {
  /** Milliseconds from the start of the process to its end. */
  readonly total: number;
  readonly bytes: number;
  readonly resources: number;
  readonly policyCharacters: number;
}

/** Synthesis of apps with one stack. */
export async function synthesis(directory: string): Promise<Section> {
  const kinds = {
    plain: ['aws-cdk-lib/aws-secretsmanager', 'Secret'],
    // Most apps have a function of some kind, and its price with it.
    beside: ['aws-cdk-lib/aws-secretsmanager', 'Secret', path.dirname(RECOVERABLE_SECRET.file)],
    custom: ['aws-cdk-lib/custom-resources', 'AwsCustomResource'],
    ours: [library(directory), 'RecoverableSecret'],
  };
  const measured = [];
  for (const count of COUNTS) {
    const plain: Synthesized[] = [];
    const beside: Synthesized[] = [];
    const custom: Synthesized[] = [];
    const ours: Synthesized[] = [];
    // In turns, so that whatever else the machine does meets both.
    for (let run = 0; run < RUNS; run++) {
      plain.push(await synthesize(kinds.plain, count, directory));
      beside.push(await synthesize(kinds.beside, count, directory));
      if (count * 2 < MAX_RESOURCES) custom.push(await synthesize(kinds.custom, count, directory));
      ours.push(await synthesize(kinds.ours, count, directory));
    }
    measured.push({ count, plain, beside, custom, ours });
  }
  const time = (runs: readonly Synthesized[]) => median(runs.map(({ total }) => total));
  const [few, many] = measured.slice(-2);
  const each = (kind: 'plain' | 'ours') => (time(many[kind]) - time(few[kind])) / (many.count - few.count);
  const [last] = many.ours;
  return {
    title: 'Synthesis',
    about:
      `Secrets with names in one stack, each app in a process of its own, without the CLI; the median of ${RUNS} runs in ` +
      'milliseconds, and the least and the greatest.',
    columns: ['secrets', 'as', 'milliseconds', 'ours to it', 'resources', 'template, bytes', 'ours to it'],
    rows: measured.flatMap(({ count, plain, beside, custom, ours }) =>
      Object.entries({
        '**`RecoverableSecret`**': ours,
        '`Secret`': plain,
        '`Secret`, and a Lambda function': beside,
        '`AwsCustomResource`': custom,
      }).map(([name, runs]) => {
        const row = [number(count), name];
        if (runs.length === 0) return [...row, 'not possible', '', `more than ${MAX_RESOURCES}`, '', ''];
        const spread = withSpread(runs.map(({ total }) => total));
        const toOurs = runs === ours ? '' : times(time(ours), time(runs));
        const [bytes] = runs.map((run) => run.bytes);
        const ratio = runs === ours ? '' : times(ours[0].bytes, bytes);
        return [...row, spread, toOurs, number(runs[0].resources), number(bytes), ratio];
      }),
    ),
    findings: [
      `A further secret takes ${number(each('ours'), 2)} ms, a plain one ${number(each('plain'), 2)} ms: ` +
        `${times(each('ours'), each('plain'))}. What the first one takes more is the function, for which the CDK loads its ` +
        'modules for Lambda and its facts about regions; an app with any function has most of that already.',
      `Limits at ${many.count} secrets: ${number(last.bytes)} bytes of 1,000,000 for a template, ` +
        `${number(last.policyCharacters)} characters of 10,240 for the policy of the role, ${last.resources} of ${MAX_RESOURCES} resources.`,
    ],
    comparisons: [
      ...[measured[0], many].map(({ count, plain, ours }) => ({
        what: `synthesis of ${count === 1 ? 'one secret' : `${count} secrets`}`,
        than: 'plain Secret',
        ours: time(ours),
        instead: time(plain),
        show: (milliseconds: number) => `${number(milliseconds)} ms`,
      })),
      {
        what: `template of ${many.count} secrets`,
        than: 'plain Secret',
        ours: last.bytes,
        instead: many.plain[0].bytes,
        show: (bytes) => `${number(bytes / 1_000)} kB`,
      },
    ],
  };
}

async function synthesize(
  [module_, name, asset]: readonly string[],
  count: number,
  directory: string,
): Promise<Synthesized> {
  const outdir = path.join(directory, 'cdk.out');
  const child = fork(
    path.join(__dirname, 'synthesis-process.cjs'),
    [module_, name, `${count}`, outdir, ...(asset ? [asset] : [])],
    {
      execArgv: [],
      env: { PATH: process.env.PATH, TMPDIR: directory, NODE_PATH: path.join(ROOT, 'node_modules') },
    },
  );
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the app ended with ${code}`)));
  ended.catch(() => {});
  const [synthesized] = await Promise.race([once(child, 'message'), ended]);
  fs.rmSync(outdir, { recursive: true });
  return synthesized;
}
