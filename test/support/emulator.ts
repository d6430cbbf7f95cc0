import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pythonEnvironment } from './python-environment';
import { lastLines } from './run';

const START_TIMEOUT = 60_000;

/** A local stand-in for AWS, on a port of its own. */
export interface Emulator {
  /** An IP address, so that S3 clients use path style. */
  readonly endpoint: string;
  /** A directory for whatever belongs to this run; it goes when the emulator goes. */
  readonly directory: string;
  /** What it has written so far. */
  log(): string;
  /** Ends it with everything it started and every file it wrote. */
  stop(): Promise<void>;
}

/** Whole deployments: CloudFormation, Lambda functions as Node processes, and IAM enforced. */
export function startMinistack(): Promise<Emulator> {
  return start('ministack', '/_ministack/health', (port) => ({
    args: ['-m', 'ministack'],
    env: {
      AUTH: 'true',
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      MINISTACK_HOST: '127.0.0.1',
      // Two listeners that nothing here uses, on fixed ports of every interface.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
    },
  }));
}

/** Secrets Manager alone, but with replicas. */
export function startMoto(): Promise<Emulator> {
  return start('moto', '/moto-api/', (port) => ({
    args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
    env: {},
  }));
}

type Command = (port: number) => { args: string[]; env: NodeJS.ProcessEnv };

async function start(name: string, healthPath: string, command: Command): Promise<Emulator> {
  const python = await pythonEnvironment(name);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const emulator = launch(name, python, port, command);
    if (await emulator.healthy(healthPath)) return emulator;
    const log = emulator.log();
    await emulator.stop();
    // Somebody else took the port between the choice and the start.
    if (attempt < 3 && /in use/i.test(log)) continue;
    throw new Error(`${name} did not start on 127.0.0.1:${port}\n${lastLines(log)}`);
  }
}

function launch(name: string, python: string, port: number, command: Command) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), `${name}-`));
  const logFile = path.join(directory, 'log');
  const log = fs.openSync(logFile, 'a');
  const { args, env } = command(port);
  const supervisor = spawn(python, [path.join(__dirname, 'supervise.py'), directory, python, ...args], {
    cwd: directory,
    // Its own session: Ctrl-C must reach it through us, after whatever still talks to it.
    detached: true,
    // Nothing of the caller's AWS settings; every temporary file inside the directory that goes with it.
    env: { PATH: process.env.PATH, HOME: directory, TMPDIR: directory, ...env },
    stdio: ['pipe', log, log],
  });
  fs.closeSync(log);
  let running = true;
  const ended = new Promise<void>((resolve) => {
    supervisor.on('exit', () => resolve()).on('error', () => resolve());
  }).then(() => {
    running = false;
  });
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    directory,
    log: () => (fs.existsSync(logFile) ? fs.readFileSync(logFile, 'utf8') : ''),
    async healthy(healthPath: string): Promise<boolean> {
      for (const deadline = Date.now() + START_TIMEOUT; running && Date.now() < deadline; await sleep(50)) {
        const response = await fetch(endpoint + healthPath).catch(() => undefined);
        if (response?.ok) return true;
      }
      return false;
    },
    async stop(): Promise<void> {
      supervisor.stdin?.end();
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
