import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

/**
 * Runs the tests on other versions of Node.js, which come from npm into a temporary folder; arguments are for jest.
 *
 * The one that this runs on is left out: `npm test` has it.
 */
const VERSIONS = ['20', '22', '24'].filter((version) => version !== process.versions.node.split('.')[0]);
const ROOT = path.join(__dirname, '..', '..');
const platform = process.platform === 'win32' ? 'win' : process.platform;
const name = `node-${platform}-${process.arch}`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'node-versions-'));
process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
// A child gets the signal as well; this goes on when it has ended.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

run('npx', ['projen', 'bundle']);
for (const version of VERSIONS) {
  const prefix = path.join(folder, version);
  run('npm', ['install', '--prefix', prefix, '--no-audit', '--no-fund', '--loglevel', 'error', `${name}@${version}`]);
  const env = {
    ...process.env,
    PATH: [path.join(prefix, 'node_modules', name, 'bin'), process.env.PATH].join(path.delimiter),
  };
  run('node', ['--version'], env);
  run('node', [path.join('node_modules', 'jest', 'bin', 'jest.js'), '--ci', ...process.argv.slice(2)], env);
}

function run(command: string, args: string[], env = process.env): void {
  console.log(`> ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { cwd: ROOT, env, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
