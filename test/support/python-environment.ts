import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, run } from './run';

const TOOLS = path.join(__dirname, '..', '..', '.tools');
const MINIMUM = [3, 10];

/**
 * A Python interpreter that has exactly what `<name>.requirements.txt` pins.
 *
 * The environment is made once, aside, and renamed when complete, so that no run ever sees half of one.
 *
 * @param signal ends the installation
 */
export async function pythonEnvironment(name: string, signal?: AbortSignal): Promise<string> {
  const requirements = path.join(__dirname, `${name}.requirements.txt`);
  const hash = createHash('sha256').update(fs.readFileSync(requirements)).digest('hex').slice(0, 12);
  const directory = path.join(TOOLS, `${name}-${hash}`);
  const interpreter = path.join(directory, 'bin', 'python');
  // Follows the link: an environment whose Python was uninstalled counts as absent.
  const ready = () => fs.existsSync(interpreter);
  if (ready()) return interpreter;

  fs.mkdirSync(TOOLS, { recursive: true });
  const unlock = await lock(`${directory}.lock`, ready);
  const draft = `${directory}.${process.pid}`;
  try {
    if (ready()) return interpreter;
    await make(draft, requirements, signal);
    fs.rmSync(directory, { recursive: true, force: true });
    fs.renameSync(draft, directory);
  } catch (error) {
    if (!ready()) throw error;
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
    unlock();
  }
  return interpreter;
}

async function make(directory: string, requirements: string, signal?: AbortSignal): Promise<void> {
  const python = await findPython();
  const venv = await run(python, ['-m', 'venv', directory], { signal });
  if (venv.code !== 0) {
    throw new Error(
      `${python} cannot make a virtual environment; on Debian and Ubuntu, install python3-venv\n${lastLines(venv.output)}`,
    );
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps'];
  const install = await run(path.join(directory, 'bin', 'python'), [...pip, '-r', requirements], { signal });
  if (install.code !== 0) {
    throw new Error(`pip cannot install ${path.basename(requirements)}\n${lastLines(install.output)}`);
  }
}

async function findPython(): Promise<string> {
  const tooOld: string[] = [];
  for (const command of ['python3', 'python']) {
    const found = await run(command, ['-c', 'import sys; print(*sys.version_info[:2], sys.executable)']).catch(
      () => null,
    );
    const [, major, minor, executable] = found?.output.match(/^(\d+) (\d+) (.+)$/m) ?? [];
    if (!executable) continue;
    if (Number(major) === MINIMUM[0] && Number(minor) >= MINIMUM[1]) return executable;
    tooOld.push(`${command} is ${major}.${minor}`);
  }
  const found = tooOld.length > 0 ? tooOld.join(', ') : 'found neither python3 nor python';
  throw new Error(`the emulator needs Python ${MINIMUM.join('.')} or newer (with venv) on the PATH: ${found}`);
}

/** Only saves work: two processes that both got through would each make a complete environment. */
async function lock(file: string, ready: () => boolean): Promise<() => void> {
  while (!ready()) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => fs.rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (!ownerAlive(file)) fs.rmSync(file, { force: true });
    await sleep(200);
  }
  return () => {};
}

function ownerAlive(file: string): boolean {
  try {
    // Written a moment after it was created, so an empty file has a living owner.
    const pid = Number(fs.readFileSync(file, 'utf8'));
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
