import { createColors } from 'picocolors';
import wrapAnsi from 'wrap-ansi';

/** Where a command writes, and whether a person reads it. */
export interface Terminal {
  /** Whether somebody is there who can answer a question. */
  readonly interactive: boolean;
  /** How wide lines may be; undefined when nothing wraps them, as in a pipe. */
  readonly columns?: number;
  readonly colors: Colors;
  /** Writes what was asked for, as it is. */
  print(text: string): void;
  /** The same for a sentence, which wraps between words. */
  say(sentence: string): void;
  /** A sentence that is to be known, but is not part of the output. */
  note(text: string): void;
  /** Shows how far a long work is, where that can be taken away again. */
  progress(text: string): void;
}

export type Colors = ReturnType<typeof createColors>;

/** The part of a process that a terminal is made of. */
export interface Streams {
  readonly stdin: Pick<NodeJS.ReadStream, 'isTTY'>;
  readonly stdout: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;
  readonly stderr: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
  readonly env: NodeJS.ProcessEnv;
}

export function terminalOf({ stdin, stdout, stderr, env }: Streams): Terminal {
  const columns = stdout.columns || Number(env.COLUMNS) || undefined;
  // An indented line is a command, which has to stay in one piece.
  const wrapLine = (line: string) => (columns && !line.startsWith('  ') ? wrapAnsi(line, columns) : line);
  const wrapped = (sentence: string) => sentence.split('\n').map(wrapLine).join('\n');
  let inProgress = false;
  const write = (stream: Pick<NodeJS.WriteStream, 'write'>, text: string) => {
    if (inProgress) stderr.write(ERASE_LINE);
    inProgress = false;
    stream.write(`${text}\n`);
  };
  return {
    interactive: !!stdin.isTTY && !!stdout.isTTY,
    columns,
    colors: createColors(hasColors(stdout, env)),
    print: (text) => write(stdout, text),
    say: (sentence) => write(stdout, wrapped(sentence)),
    note: (sentence) => write(stderr, wrapped(sentence)),
    progress: (text) => {
      if (!stderr.isTTY) return;
      inProgress = true;
      stderr.write(`${ERASE_LINE}${text}`);
    },
  };
}

/** https://no-color.org and https://force-color.org, as for logs of a build that show colors. */
function hasColors({ isTTY }: Streams['stdout'], { NO_COLOR, FORCE_COLOR, TERM }: NodeJS.ProcessEnv): boolean {
  if (NO_COLOR) return false;
  return FORCE_COLOR ? FORCE_COLOR !== '0' : !!isTTY && TERM !== 'dumb';
}

const ERASE_LINE = '\r\u001b[K';
