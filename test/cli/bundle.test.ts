import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { builtinModules } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import * as secretsManager from '@aws-sdk/client-secrets-manager';
import { COMMAND } from './shell';

const bundle = fs.readFileSync(COMMAND, 'utf8');

test('cannot read a value, and writes none', () => {
  expect(bundle).not.toContain('GetSecretValue');
  const commands = [...bundle.matchAll(/class extends \w+\([^()]*"(\w+)"[^()]*\)/g)].map(([, operation]) => operation);
  const ofSecretsManager = commands.filter((operation) => `${operation}Command` in secretsManager);
  expect(ofSecretsManager.sort()).toEqual(['DeleteSecret', 'DescribeSecret', 'ListSecrets', 'RestoreSecret']);
});

test('needs nothing but Node.js', () => {
  const required = [...bundle.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, id]) => id.replace(/^node:/, ''));
  expect(required.length).toBeGreaterThan(5);
  // The SDK tries the last one, and does without.
  const known = [...builtinModules, '@aws-sdk/signature-v4-crt'];
  expect(required.filter((id) => !known.includes(id))).toEqual([]);
});

test('runs by itself', () => {
  const empty = fs.mkdtempSync(path.join(os.tmpdir(), 'bundle-'));
  const copy = path.join(empty, 'assets', 'cli', 'main', 'index.js');
  fs.mkdirSync(path.dirname(copy), { recursive: true });
  fs.copyFileSync(COMMAND, copy);
  fs.writeFileSync(path.join(empty, 'package.json'), '{ "version": "1.2.3" }');
  const run = (...args: string[]) => execFileSync(process.execPath, [copy, ...args], { cwd: empty, encoding: 'utf8' });
  expect(run('--version')).toBe('1.2.3\n');
  expect(run('--help')).toContain('Usage: cdk-recoverable-secret [options] [command]');
});

test('is small', () => {
  expect(bundle.length).toBeLessThan(900_000);
});
