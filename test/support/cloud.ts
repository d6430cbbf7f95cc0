import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, CliCredentialsStackSynthesizer, Stack, type StackProps } from 'aws-cdk-lib';
import { CdkCli } from './cdk-cli';
import { type Emulator, startMinistack } from './emulator';
import { Secrets } from './secrets';

/** An empty, bootstrapped account on an emulator of its own, to deploy stacks to with the CDK command line. */
export class Cloud {
  static async start(): Promise<Cloud> {
    const emulator = await startMinistack();
    const cloud = new Cloud(emulator);
    try {
      await cloud.cdk.bootstrap();
    } catch (error) {
      await emulator.stop();
      throw error;
    }
    return cloud;
  }

  readonly secrets: Secrets;
  private readonly cdk: CdkCli;
  /** Cloud assembly of what was deployed last, by stack name. */
  private readonly deployed = new Map<string, string>();

  private constructor(readonly emulator: Emulator) {
    this.cdk = new CdkCli(emulator);
    this.secrets = new Secrets(emulator.endpoint);
  }

  /**
   * Runs `cdk deploy` for an app with this one stack, and returns the stack's outputs.
   *
   * @param method without a change set unless one is asked for, because the CLI waits five seconds for it
   */
  async deploy(
    stackName: string,
    build: (stack: Stack) => void,
    props: StackProps = {},
    method: 'direct' | 'change-set' = 'direct',
  ) {
    const outdir = this.synthesize(stackName, build, props);
    this.deployed.set(stackName, outdir);
    return (await this.cdk.deploy(outdir, `--method=${method}`))[stackName] ?? {};
  }

  /** Runs `cdk deploy --no-rollback`: what fails stays as it is. */
  async deployWithoutRollback(stackName: string, build: (stack: Stack) => void): Promise<void> {
    const outdir = this.synthesize(stackName, build);
    this.deployed.set(stackName, outdir);
    await this.cdk.deploy(outdir, '--method=direct', '--no-rollback');
  }

  /** Runs `cdk rollback` for a deployment that stayed as it failed. */
  async rollBack(stackName: string): Promise<void> {
    await this.cdk.rollBack(this.assemblyOf(stackName));
  }

  /** Runs `cdk deploy` for all stacks of a cloud assembly, and returns their outputs by the name of the stack. */
  deployAll(assembly: string) {
    return this.cdk.deploy(assembly, '--method=direct');
  }

  /** Runs `cdk destroy` for stacks of a cloud assembly, for all of them if none is named. */
  async destroyIn(assembly: string, ...stacks: string[]): Promise<void> {
    await this.cdk.destroy(assembly, ...stacks);
  }

  /** A file that `cdk synth` writes besides the template. */
  synthesized(stackName: string, build: (stack: Stack) => void, file: string): string {
    return fs.readFileSync(path.join(this.synthesize(stackName, build), file), 'utf8');
  }

  /** The folder of the cloud assembly of an app with this one stack. */
  synthesize(stackName: string, build: (stack: Stack) => void, props: StackProps = {}): string {
    const outdir = fs.mkdtempSync(path.join(this.emulator.directory, 'cdk.out-'));
    const app = new App({ outdir });
    // With IAM enforced, the emulator denies the roles of the default synthesizer the bucket for assets.
    build(new Stack(app, stackName, { synthesizer: new CliCredentialsStackSynthesizer(), ...props }));
    app.synth();
    return outdir;
  }

  /** Deploys what was last deployed, without another synthesis, as a stack of another name. */
  async deployAgainAs(stackName: string, newName: string) {
    const outdir = fs.mkdtempSync(path.join(this.emulator.directory, 'cdk.out-'));
    fs.cpSync(this.assemblyOf(stackName), outdir, { recursive: true });
    const file = path.join(outdir, 'manifest.json');
    const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
    manifest.artifacts[stackName].properties.stackName = newName;
    fs.writeFileSync(file, JSON.stringify(manifest));
    this.deployed.set(newName, outdir);
    return (await this.cdk.deploy(outdir, '--method=direct'))[newName] ?? {};
  }

  /** Runs `cdk destroy` for what was last deployed, or tried to be. */
  async destroy(stackName: string): Promise<void> {
    await this.cdk.destroy(this.assemblyOf(stackName));
  }

  private assemblyOf(stackName: string): string {
    const outdir = this.deployed.get(stackName);
    if (!outdir) throw new Error(`${stackName} was never deployed`);
    return outdir;
  }

  stop(): Promise<void> {
    return this.emulator.stop();
  }
}
