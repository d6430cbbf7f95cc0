import { type SpawnOptions, spawn } from 'node:child_process';

export interface Result {
  /** The exit code; undefined when a signal ended the command. */
  readonly code?: number;
  /** Standard output and standard error, in the order written. */
  readonly output: string;
}

/**
 * Runs a command to its end. Rejects only when it is not started.
 *
 * With a `signal`, the command and all that it starts can be ended by aborting.
 */
export function run(command: string, args: string[], { signal, ...options }: SpawnOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, { ...options, detached: !!signal, stdio: ['ignore', 'pipe', 'pipe'] });
    const end = () => child.pid && process.kill(-child.pid, 'SIGKILL');
    signal?.addEventListener('abort', end);
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('exit', () => signal?.removeEventListener('abort', end));
    child.on('close', (code) => resolve({ code: code ?? undefined, output: Buffer.concat(chunks).toString() }));
  });
}

export function lastLines(text: string, count = 15): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
