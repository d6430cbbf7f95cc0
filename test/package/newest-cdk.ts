import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

/**
 * Runs the tests against the newest aws-cdk-lib and constructs: those of `npm test`, or what the arguments say to jest.
 *
 * The project itself has the oldest ones that the library supports. It stays as it is: this happens in a copy.
 */
const ROOT = path.join(__dirname, '..', '..');
const LEFT_BEHIND = ['.git', '.tools', '.venv', 'cdk.out', 'dist', 'lib', 'node_modules', 'target'];

const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'newest-cdk-'));
process.once('exit', () => fs.rmSync(copy, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
// A child gets the signal as well; this goes on when it has ended.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

fs.cpSync(ROOT, copy, {
  recursive: true,
  filter: (source) => !LEFT_BEHIND.includes(path.basename(path.relative(ROOT, source))),
});
// The Python environments, which take a while to install.
fs.mkdirSync(path.join(ROOT, '.tools'), { recursive: true });
fs.symlinkSync(path.join(ROOT, '.tools'), path.join(copy, '.tools'));

const manifest = path.join(copy, 'package.json');
const { overrides, ...rest } = JSON.parse(fs.readFileSync(manifest, 'utf8'));
// Versions of what the oldest aws-cdk-lib needs.
delete overrides['aws-cdk-lib'];
fs.writeFileSync(manifest, JSON.stringify({ ...rest, overrides }));

run('npm', ['install', '--no-audit', '--no-fund', '--save-dev', 'aws-cdk-lib@latest', 'constructs@latest']);
run('npm', ['ls', 'aws-cdk-lib', 'constructs', '--depth', '0']);
run('npx', ['projen', 'bundle']);
run('npx', ['tsc', '--noEmit', '-p', 'tsconfig.dev.json']);
run('npx', ['jest', '--ci', ...process.argv.slice(2)]);

function run(command: string, args: string[]): void {
  console.log(`> ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { cwd: copy, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
