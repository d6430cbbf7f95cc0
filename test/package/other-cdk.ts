import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

/**
 * Runs the tests against other versions of aws-cdk-lib and constructs than those that the project is developed with:
 *
 *     other-cdk.ts newest|oldest [ARGUMENT OF JEST...]
 *
 * The newest are those that npm has. The oldest are those that the package asks for; what tests need that is newer, a
 * cdk-nag and its findings, is left out with them. The project itself stays as it is: this happens in a copy.
 */
const ROOT = path.join(__dirname, '..', '..');
const LEFT_BEHIND = ['.git', '.tools', '.venv', 'cdk.out', 'dist', 'lib', 'node_modules', 'target'];
const [age, ...argumentsOfJest] = process.argv.slice(2);
const isOldest = age === 'oldest';

const copy = fs.mkdtempSync(path.join(os.tmpdir(), `${age}-cdk-`));
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
// Versions of what the aws-cdk-lib of the project needs.
delete overrides['aws-cdk-lib'];
fs.writeFileSync(manifest, JSON.stringify({ ...rest, overrides }));

const versions = Object.entries<string>(rest.peerDependencies).map(
  ([name, range]) => `${name}@${isOldest ? range.replace('^', '') : 'latest'}`,
);
const tolerant = isOldest ? ['--legacy-peer-deps'] : [];
run('npm', ['install', '--no-audit', '--no-fund', '--save-dev', '--save-exact', ...tolerant, ...versions]);
run('npm', ['ls', 'aws-cdk-lib', 'constructs', '--depth', '0', ...tolerant]);
run('npx', ['projen', 'bundle']);
// The types of cdk-nag are of newer versions.
run('npx', isOldest ? ['projen', 'compile'] : ['tsc', '--noEmit', '-p', 'tsconfig.dev.json']);
const ignored = ['/node_modules/', '/.tools/', '/test/package/', ...(isOldest ? ['nag\\.test'] : [])];
run('npx', ['jest', '--ci', '--testPathIgnorePatterns', ...ignored, '--', ...argumentsOfJest]);

function run(command: string, args: string[]): void {
  console.log(`> ${command} ${args.join(' ')}`);
  // What is deprecated shall not be used, and is told by the newest versions.
  const env = { ...process.env, JSII_DEPRECATED: 'fail' };
  const { status } = spawnSync(command, args, { cwd: copy, stdio: 'inherit', env });
  if (status !== 0) process.exit(1);
}
