import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { CREDENTIALS, REGION } from '../support/cdk-cli';
import type { Emulator } from '../support/emulator';

export const COMMAND = path.join(__dirname, '..', '..', 'assets', 'cli', 'main', 'index.js');

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as npm installs it, by somebody who has nothing else set. */
export class Shell {
  /**
   * @param emulator In the place of AWS
   * @param credentials Whose; by default those of the administrator
   */
  constructor(
    private readonly emulator: Emulator,
    private readonly credentials: Credentials = CREDENTIALS,
    /** Everything that was written so far, by this one and whoever it became. */
    readonly transcript: string[] = [],
  ) {}

  as(credentials: Credentials): Shell {
    return new Shell(this.emulator, credentials, this.transcript);
  }

  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
    return this.execute(process.execPath, [COMMAND, ...args], env);
  }

  /** In a terminal of this width, where a person types `input`. What is written there is in `stdout`. */
  inTerminal(args: readonly string[], columns: number, input = '', env: NodeJS.ProcessEnv = {}): Promise<Result> {
    const terminal = path.join(__dirname, 'terminal.py');
    return execute(
      'python3',
      [terminal, `${columns}`, input, process.execPath, COMMAND, ...args],
      this.environment(env),
    );
  }

  private async execute(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<Result> {
    const result = await execute(command, args, this.environment(env));
    this.transcript.push(result.stdout, result.stderr);
    return result;
  }

  private environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.emulator.directory,
      TERM: 'xterm-256color',
      AWS_ENDPOINT_URL: this.emulator.endpoint,
      AWS_ACCESS_KEY_ID: this.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.credentials.secretAccessKey,
      AWS_REGION: REGION,
      ...env,
    };
  }
}

function execute(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text;
      });
    }
    child.on('error', reject).on('close', (code) => resolve({ code, ...output }));
  });
}
