import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { run } from '../test/support/run';
import type { Code } from './function';

export const ROOT = path.join(__dirname, '..');
const CDK = path.join(ROOT, 'node_modules', 'aws-cdk-lib');

/** The function of this library, as it is deployed. */
export const RECOVERABLE_SECRET: Code = {
  file: path.join(ROOT, 'assets', 'handler', 'main', 'index.js'),
  handler: 'handler',
};

/** The function behind `AwsCustomResource` of the CDK. */
export const AWS_CUSTOM_RESOURCE: Code = {
  file: path.join(CDK, 'custom-resource-handlers/dist/custom-resources/aws-custom-resource-handler/index.js'),
  handler: 'handler',
};

const ESBUILD = path.join(ROOT, 'node_modules', 'esbuild', 'bin', 'esbuild');

/** The handler without the SDK, built with the other options of the real bundle. */
export function handlerWithoutSdk(directory: string): Code {
  const { tasks } = JSON.parse(fs.readFileSync(path.join(ROOT, '.projen', 'tasks.json'), 'utf8'));
  const [{ execArgs }] = tasks['bundle:handler/main'].steps as { execArgs: string[] }[];
  const file = path.join(directory, 'without-sdk', 'index.js');
  const options = execArgs.slice(1).filter((option) => !option.startsWith('--outfile'));
  esbuild(...options, '--external:@aws-sdk/*', `--outfile=${file}`);
  return { file, handler: 'handler' };
}

/**
 * The function of the CDK's Provider framework. The two SDK clients that it finds in Lambda's runtime are installed
 * beside it; undefined when that fails.
 */
export async function providerFramework(): Promise<Code | undefined> {
  const { version } = JSON.parse(
    fs.readFileSync(path.join(ROOT, 'node_modules/@aws-sdk/client-secrets-manager/package.json'), 'utf8'),
  );
  const directory = path.join(ROOT, '.tools', `provider-framework-${version}`);
  const packages = path.join(directory, 'node_modules');
  if (!fs.existsSync(packages)) {
    const wanted = ['client-lambda', 'client-sfn'].map((name) => `@aws-sdk/${name}@${version}`);
    const options = ['--prefix', directory, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    const { code } = await run('npm', ['install', ...options, ...wanted]);
    if (code !== 0) {
      fs.rmSync(directory, { recursive: true, force: true });
      return undefined;
    }
  }
  const file = path.join(CDK, 'custom-resources/lib/provider-framework/runtime/framework.js');
  return { file, handler: 'onEvent', packages };
}

/** The library as JavaScript, as users have it. */
export function library(directory: string): string {
  const file = path.join(directory, 'library', 'lib', 'index.js');
  esbuild('src/index.ts', '--bundle', '--platform=node', '--packages=external', `--outfile=${file}`);
  fs.cpSync(path.join(ROOT, 'assets'), path.join(directory, 'library', 'assets'), { recursive: true });
  return file;
}

function esbuild(...options: string[]): void {
  const { status, stderr } = spawnSync(ESBUILD, [...options, '--log-level=warning'], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`esbuild ${options.join(' ')} failed\n${stderr}`);
}
