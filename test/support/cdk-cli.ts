import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Emulator } from './emulator';
import { run } from './run';

export const REGION = 'us-east-1';
/** The emulator's root user: it deploys, while the deployed functions run with their own roles. */
export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

const BIN = path.join(__dirname, '..', '..', 'node_modules', 'aws-cdk', 'bin', 'cdk');

/** Shortens the pauses between the CLI's questions, and nothing else. */
const SHORT_POLLS = path.join(__dirname, 'short-polls.cjs');

/** The CDK command line, the same that users run, against an emulator. */
export class CdkCli {
  /** Working directory and home in one, so that no settings of the user take part. */
  private readonly directory: string;

  /**
   * @param emulator where to deploy
   * @param signal ends the running command
   */
  constructor(
    private readonly emulator: Emulator,
    private readonly signal?: AbortSignal,
  ) {
    this.directory = fs.mkdtempSync(path.join(emulator.directory, 'cdk-'));
  }

  /** The cloud assembly of the app that was deployed or destroyed last. */
  get assembly(): string {
    return path.join(this.directory, 'cdk.out');
  }

  bootstrap(): Promise<string> {
    return this.cdk('bootstrap', `aws://000000000000/${REGION}`);
  }

  /** Deploys all stacks of a cloud assembly or an app command, and returns their outputs by stack name. */
  async deploy(app: string, ...options: string[]): Promise<Record<string, Record<string, string>>> {
    const outputs = path.join(fs.mkdtempSync(path.join(this.directory, 'outputs-')), 'outputs.json');
    await this.cdk('deploy', '--all', '--app', app, '--require-approval=never', '--outputs-file', outputs, ...options);
    return JSON.parse(fs.readFileSync(outputs, 'utf8'));
  }

  /** Destroys the stacks of these names, or all of the app. */
  destroy(app: string, ...stacks: string[]): Promise<string> {
    return this.cdk('destroy', ...(stacks.length > 0 ? stacks : ['--all']), '--app', app, '--force');
  }

  /** Takes back what a deployment without a rollback has left unfinished. */
  rollBack(app: string): Promise<string> {
    return this.cdk('rollback', '--all', '--app', app, '--no-validate-bootstrap-version');
  }

  private async cdk(...args: string[]): Promise<string> {
    const { code, output } = await run(
      process.execPath,
      ['--require', SHORT_POLLS, BIN, ...args, '--no-notices', '--ci'],
      {
        cwd: this.directory,
        signal: this.signal,
        env: {
          PATH: process.env.PATH,
          HOME: this.directory,
          TMPDIR: this.directory,
          AWS_ENDPOINT_URL: this.emulator.endpoint,
          AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
          AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
          AWS_REGION: REGION,
          CDK_DISABLE_CLI_TELEMETRY: 'true',
          CDK_DISABLE_VERSION_CHECK: 'true',
          NODE_NO_WARNINGS: '1',
          NO_COLOR: '1',
        },
      },
    );
    if (code !== 0) throw new Error(`cdk ${args.join(' ')} failed (${code ?? 'killed'})\n${output}`);
    return output;
  }
}
