import CliTable from 'cli-table3';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import type { Terminal } from './terminal';

/** Below this a column is no longer readable. */
const NARROWEST = 8;
const GAP = 2;

/**
 * Rows in columns that fit the terminal: the widest columns wrap. Without a terminal every row is one line, and
 * whatever is in it stays in one piece for other programs.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], terminal: Terminal): string {
  const titles = head.length > 0 ? [head.map((title) => terminal.colors.dim(title))] : [];
  const all = [...titles, ...rows];
  const widths = narrowed(naturalWidths(all), terminal.columns);
  const output = new CliTable({ chars: NO_LINES, style: { 'padding-left': 0, 'padding-right': GAP, compact: true } });
  output.push(...all.map((row) => row.map((cell, i) => wrapAnsi(cell, widths[i], { hard: true }))));
  return output
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function naturalWidths(rows: readonly (readonly string[])[]): number[] {
  return (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => stringWidth(row[column]))));
}

function narrowed(widths: readonly number[], columns = Infinity): number[] {
  const fitted = [...widths];
  const available = columns - GAP * (widths.length - 1);
  const total = () => fitted.reduce((sum, width) => sum + width, 0);
  while (total() > available && Math.max(...fitted) > NARROWEST) fitted[fitted.indexOf(Math.max(...fitted))] -= 1;
  return fitted;
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};
