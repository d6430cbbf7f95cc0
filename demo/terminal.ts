import { stdout } from 'node:process';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const COLOR = (stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb') || !!process.env.FORCE_COLOR;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const LABEL_WIDTH = 60;

export function paint(style: Style, text: string): string {
  return COLOR ? styleText(style, text) : text;
}

export function say(text = ''): void {
  stdout.write(`${text}\n`);
}

/** Indents a text, and breaks it at spaces so that it fits the terminal. A longer word stays in one piece. */
export function wrap(text: string, indent = '  ', furtherIndent = indent): string {
  const width = Math.min(stdout.columns || 80, 100);
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && line.length <= width) lines[lines.length - 1] = line;
    else lines.push((lines.length > 0 ? furtherIndent : indent) + word);
  }
  return lines.join('\n');
}

/** A message of several lines as it arrived, set off by a bar. */
export function quote(message: string): string {
  return message
    .split('\n')
    .map((line) => wrap(line, '  │ ', '  │   '))
    .join('\n');
}

export function heading(text: string): void {
  say(`\n${paint('bold', text)}`);
}

/** Shows what runs and for how long: a spinner in a terminal, one plain line anywhere else. */
export async function step<T>(label: string, work: () => Promise<T>): Promise<T> {
  const start = Date.now();
  const seconds = () => `${((Date.now() - start) / 1000).toFixed(1)} s`;
  const line = (mark: string) => `  ${mark} ${label.padEnd(LABEL_WIDTH)} ${paint('dim', seconds().padStart(7))}`;
  let frame = 0;
  const timer = stdout.isTTY
    ? setInterval(() => stdout.write(`\r${line(paint('cyan', FRAMES[frame++ % FRAMES.length]))}`), 100)
    : undefined;
  const finish = (mark: string) => {
    clearInterval(timer);
    stdout.write(`${stdout.isTTY ? '\r' : ''}${line(mark)}\n`);
  };
  try {
    const result = await work();
    finish(paint('green', '✔'));
    return result;
  } catch (error) {
    finish(paint('red', '✖'));
    throw error;
  }
}

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** Columns as wide as their content. */
export function table(head: string[], rows: Cell[][]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].text.length)));
  const show = (cells: Cell[]) => {
    const columns = cells.map(({ text, style }, i) => {
      const padding = ' '.repeat(i < cells.length - 1 ? widths[i] - text.length + 2 : 0);
      return (style ? paint(style, text) : text) + padding;
    });
    say(`  ${columns.join('')}`);
  };
  show(head.map((text) => ({ text, style: 'dim' })));
  for (const row of rows) show(row);
}
