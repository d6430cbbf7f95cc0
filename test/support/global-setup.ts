import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { pythonEnvironment } from './python-environment';

const PREFIX = 'recoverable-';

/**
 * Gives the run a directory of its own for temporary files, and takes it away with whatever the tests left there.
 *
 * Workers, emulators and every other child inherit it. It goes when the process ends and not in a teardown, which an
 * interrupted run never reaches; by then the workers have ended, and the emulators with them.
 *
 * Installs the tools written in Python as well, which takes longer the first time than any test may.
 */
export default async function globalSetup(): Promise<void> {
  // Watch mode comes here again for every run.
  if (path.basename(os.tmpdir()).startsWith(PREFIX)) return;
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), PREFIX));
  process.env.TMPDIR = directory;
  // In every test file the SDK would say anew how long it will support this version of Node.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  // Several attempts: what is being killed at this moment may still write.
  process.once('exit', () => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code));
  }
  await Promise.all(['ministack', 'moto', 'cfn-lint'].map((name) => pythonEnvironment(name)));
}
