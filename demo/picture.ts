import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** Runs the demo, and writes what it says about the stack that goes and comes back to docs/demo.svg. */
const ROOT = path.join(__dirname, '..');
const CHARACTER = { width: 8, height: 20 };
const MARGIN = 20;
/** The parts of the demo that are shown, by what their headings say. */
const SHOWN = ['Destroy the stack', 'Deploy again', 'Before and after'];
/** GitHub's colours for dark terminals, by the codes that `styleText` writes. */
const COLORS: Record<string, string> = { 2: '#9198a1', 31: '#f85149', 32: '#3fb950', 33: '#d29922' };

/** The codes that end a style. */
const STYLES_END = ['22', '39'];

const { stdout, status } = spawnSync('npm', ['run', '--silent', 'demo'], {
  cwd: ROOT,
  encoding: 'utf8',
  env: { ...process.env, FORCE_COLOR: '1' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (status !== 0) {
  process.stdout.write(stdout);
  process.exit(1);
}
const lines = shown(stdout.split('\n'));
fs.writeFileSync(path.join(ROOT, 'docs', 'demo.svg'), svg(lines));
console.log('docs/demo.svg written');

/** A part is a heading with what follows, up to an empty line before the next one. */
function shown(all: string[]): string[] {
  const bold = (line: string) => line.startsWith('\u001b[1m');
  let within = false;
  const kept = all.filter((line) => {
    if (bold(line)) within = SHOWN.some((part) => line.includes(part));
    return within;
  });
  const missing = SHOWN.filter((part) => !kept.some((line) => bold(line) && line.includes(part)));
  if (missing.length > 0) throw new Error(`the demo has no part ${missing.join(', ')}`);
  // What comes after the verdict is for the person at the terminal; the README has the plan as text.
  const end = kept.findIndex((line) => line.includes('As promised.'));
  const plan = kept.findIndex((line) => line.includes('cdk-recoverable-secret plan'));
  const deployed = kept.findIndex((line, row) => row > plan && line.includes('✔'));
  // Of a part the number says nothing where others are left out.
  return [...kept.slice(0, plan), ...kept.slice(deployed, end + 1)].map((line) => line.replace(/^(\S*?m)\d+\. /, '$1'));
}

function svg(lines: readonly string[]): string {
  const width = MARGIN * 2 + CHARACTER.width * Math.max(...lines.map((line) => runsOf(line).columns));
  const height = MARGIN * 2 + CHARACTER.height * lines.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    '<title>npm run demo: the recoverable secrets come back with their ARN and value, the plain one does not</title>',
    '<style>text{font:13px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#f0f6fc}</style>',
    `<rect width="${width}" height="${height}" rx="6" fill="#0d1117"/>`,
    ...lines.flatMap((line, row) => runsOf(line).runs.map((run) => text(run, row))),
    '</svg>',
    '',
  ].join('\n');
}

interface Run {
  readonly text: string;
  readonly column: number;
  readonly style: string;
}

/** The pieces of a line that have one style, without the codes of the terminal. */
function runsOf(line: string): { runs: Run[]; columns: number } {
  const runs: Run[] = [];
  let column = 0;
  for (const [index, piece] of line.split('\u001b[').entries()) {
    const [code, content] = index === 0 ? ['', piece] : piece.split(/(?<=^\d+)m/);
    const style = STYLES_END.includes(code) ? '' : code;
    // Words stand where they stand, however wide the reader's font is.
    for (const { 0: words, index: offset } of content.matchAll(/\S+(?: \S+)*/g)) {
      runs.push({ text: words, column: column + offset, style });
    }
    column += content.length;
  }
  return { runs, columns: column };
}

function text({ text, column, style }: Run, row: number): string {
  const x = MARGIN + column * CHARACTER.width;
  const y = MARGIN + row * CHARACTER.height + 14;
  const look = style === '1' ? ' style="font-weight:bold"' : style && ` style="fill:${COLORS[style]}"`;
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return `<text x="${x}" y="${y}" textLength="${text.length * CHARACTER.width}" lengthAdjust="spacingAndGlyphs"${look}>${escaped}</text>`;
}
