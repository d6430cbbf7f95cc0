import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REGION } from '../test/support/cdk-cli';

const ROOT = path.join(__dirname, '..');
/** Nothing here takes longer, unless something is wrong. */
const PATIENCE_MS = 60_000;

/** What it took from the start of the process until the first request was answered; milliseconds and MB. */
export interface ColdStart {
  readonly ready: number;
  readonly answered: number;
  readonly memory: number;
}

/** Where a function is: a file, and what it exports. */
export interface Code {
  readonly file: string;
  readonly handler: string;
  /** Where packages are that the runtime would have. */
  readonly packages?: string;
}

/** A function in a process of its own, as in an environment of Lambda. It ends with this process at the latest. */
export class LambdaProcess {
  private constructor(
    private readonly process: ChildProcess,
    readonly coldStart: ColdStart,
  ) {}

  static async start(code: Code, firstRequest: object, endpoint: string): Promise<LambdaProcess> {
    const child = fork(
      path.join(__dirname, 'function-process.cjs'),
      [code.file, code.handler, JSON.stringify(firstRequest)],
      {
        execArgv: [],
        // Nothing of the caller's settings for AWS, and nothing that an environment of Lambda does not have.
        env: {
          PATH: process.env.PATH,
          HOME: process.env.TMPDIR,
          NODE_PATH: [code.packages, path.join(ROOT, 'node_modules')].filter(Boolean).join(path.delimiter),
          NODE_NO_WARNINGS: '1',
          AWS_REGION: REGION,
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
          AWS_ENDPOINT_URL: endpoint,
          AWS_LAMBDA_FUNCTION_NAME: 'function',
          ANSWERS_PORT: new URL(endpoint).port,
          // Of the Provider framework: the function that it calls.
          USER_ON_EVENT_FUNCTION_ARN: `arn:aws:lambda:${REGION}:123456789012:function:user`,
        },
      },
    );
    try {
      return new LambdaProcess(child, (await next(child)) as ColdStart);
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** Serves requests at the same time; resolves to the most memory that the process has had, in MB. */
  async serve(requests: readonly object[]): Promise<number> {
    const answer = next(this.process);
    this.process.send(requests);
    return ((await answer) as { memory: number }).memory;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill();
    await ended;
  }
}

/** The next message. */
async function next(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message),
      once(child, 'exit', { signal }).then(([code]) => Promise.reject(new Error(`the function ended with ${code}`))),
      sleep(PATIENCE_MS, undefined, { signal }).then(() => Promise.reject(new Error('the function does not answer'))),
    ]);
  } finally {
    over.abort();
  }
}
