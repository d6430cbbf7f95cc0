import * as fs from 'node:fs';
import * as path from 'node:path';
import { properties } from '../test/handler/requests';
import { AWS_CUSTOM_RESOURCE, handlerWithoutSdk, providerFramework, RECOVERABLE_SECRET } from './bundles';
import { median, number, times, withSpread } from './figures';
import { type Code, type ColdStart, LambdaProcess } from './function';
import { ask } from './requests';
import { oneCall } from './round-trips';
import type { Section } from './section';
import { type Request, Wire } from './wire';

const RUNS = 15;
/** Requests that one environment serves, one after the other, as Lambda does. */
const REQUESTS = 50;

interface Candidate {
  readonly name: string;
  readonly code: Code;
  readonly declared: Record<string, unknown>;
}

/** From the start of the process to the first answer, and what the function takes in space. */
export async function coldStart(directory: string): Promise<Section> {
  const secret = properties();
  const framework = await providerFramework();
  const candidates: Candidate[] = [
    { name: 'recoverable secret, SDK in the bundle', code: RECOVERABLE_SECRET, declared: secret },
    { name: 'the same, SDK of the runtime', code: handlerWithoutSdk(directory), declared: secret },
    { name: '`AwsCustomResource`, SDK of the runtime', code: AWS_CUSTOM_RESOURCE, declared: oneCall() },
    ...(framework ? [{ name: 'Provider framework alone, SDK of the runtime', code: framework, declared: {} }] : []),
  ];
  const wire = await Wire.start(atOnce);
  try {
    const starts = new Map<Candidate, ColdStart[]>(candidates.map((candidate) => [candidate, []]));
    // In turns, so that whatever else the machine does meets all of them.
    for (let run = 0; run < RUNS; run++) {
      for (const candidate of candidates) starts.get(candidate)?.push(await start(candidate, wire.endpoint));
    }
    const peak = await memory(candidates[0], wire.endpoint);
    const [ours] = candidates;
    const figure = (candidate: Candidate, name: keyof ColdStart) =>
      (starts.get(candidate) ?? []).map((measured) => measured[name]);
    const answered = (candidate: Candidate) => median(figure(candidate, 'answered'));
    return {
      title: 'Cold start and size',
      about:
        `Milliseconds from the start of the process until the function is loaded and until it has answered the first ` +
        `request; the median of ${RUNS} starts, and the least and the greatest. AWS is a server on this machine that ` +
        `replies at once, and *SDK of the runtime* is the SDK from \`node_modules\`: Lambda's copy cannot be measured ` +
        'here. Ratios are those of the first row to the others.',
      columns: ['function', 'bytes', 'loaded', 'first answer', 'ratio', 'memory, MB'],
      rows: candidates.map((candidate) => [
        candidate.name,
        number(size(candidate.code)),
        withSpread(figure(candidate, 'ready')),
        withSpread(figure(candidate, 'answered')),
        times(answered(ours), answered(candidate)),
        number(median(figure(candidate, 'memory'))),
      ]),
      findings: [
        choice(answered(ours), answered(candidates[1])),
        `After ${REQUESTS} requests one after the other, the function of recoverable secrets has had ` +
          `${number(peak.oneByOne)} MB at most, after another ${REQUESTS} at the same time, which Lambda never does, ` +
          `${number(peak.atOnce)} MB. It has 256 MB.`,
      ],
      notes: [
        framework
          ? 'The Provider framework calls a second function, whose own cold start comes on top; here it replies at once.'
          : 'Provider framework: skipped, its SDK clients could not be installed.',
      ],
      comparisons: [
        {
          what: 'cold start to the first answer',
          than: 'AwsCustomResource',
          ours: answered(ours),
          instead: answered(candidates[2]),
          show: (milliseconds) => `${number(milliseconds)} ms`,
        },
        {
          what: 'memory of the function',
          than: 'AwsCustomResource',
          ours: median(figure(ours, 'memory')),
          instead: median(figure(candidates[2], 'memory')),
          show: (megabytes) => `${number(megabytes)} MB`,
        },
      ],
    };
  } finally {
    await wire.stop();
  }
}

function choice(bundled: number, external: number): string {
  const outcome = bundled <= external ? 'starts faster, and' : 'starts slower here, but';
  return `The SDK is in the bundle: it ${outcome} its version is the one that was tested, in every region and runtime.`;
}

async function start({ code, declared }: Candidate, endpoint: string): Promise<ColdStart> {
  const lambda = await LambdaProcess.start(code, ask(endpoint, 'Create', { ResourceProperties: declared }), endpoint);
  await lambda.stop();
  return lambda.coldStart;
}

async function memory({ code, declared }: Candidate, endpoint: string) {
  const create = () => ask(endpoint, 'Create', { ResourceProperties: declared });
  const lambda = await LambdaProcess.start(code, create(), endpoint);
  try {
    let oneByOne = lambda.coldStart.memory;
    for (let request = 1; request < REQUESTS; request++) oneByOne = await lambda.serve([create()]);
    return { oneByOne, atOnce: await lambda.serve(Array.from({ length: REQUESTS }, create)) };
  } finally {
    await lambda.stop();
  }
}

/** Bytes of the code that is deployed. */
function size({ file }: Code): number {
  const directory = path.dirname(file);
  const files = fs.readdirSync(directory).filter((name) => name.endsWith('.js'));
  return files.reduce((sum, name) => sum + fs.statSync(path.join(directory, name)).size, 0);
}

/** A service in which everything succeeds. */
function atOnce({ operation, path: url }: Request) {
  const reply = (status: number, body: object) => ({ status, body: JSON.stringify(body) });
  switch (operation) {
    case 'DescribeSecret':
      return reply(400, { __type: 'ResourceNotFoundException' });
    case 'GetRandomPassword':
      return reply(200, { RandomPassword: 'a password' });
    case 'CreateSecret':
      return reply(200, { ARN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-a1b2c3' });
    default:
      return reply(200, url.includes('/invocations') ? { PhysicalResourceId: 'a secret' } : {});
  }
}
