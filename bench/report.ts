import type { Section } from './section';

/** The page for the documentation. */
export function markdown(sections: readonly Section[], machine: string, plotFile: string): string {
  return [
    '# Performance',
    'What recoverable secrets take, each figure next to what one would have instead, measured in the same run. ' +
      `\`npm run bench\` writes this page. ${machine}`,
    `![What recoverable secrets take, next to what one would have instead](./${plotFile})`,
    ...sections.flatMap(({ title, about, columns, rows, notes = [] }) => [
      `## ${title}`,
      about,
      [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
      ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
    ]),
  ]
    .join('\n\n')
    .concat('\n');
}

/** The same for a terminal. */
export function plainText({ title, columns, rows, notes = [] }: Section): string {
  const plain = [columns, ...rows].map((cells) => cells.map((cell) => cell.replace(/[`*]/g, '')));
  const widths = columns.map((_, column) => Math.max(...plain.map((cells) => cells[column].length)));
  const lines = plain.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  return [
    '',
    title,
    ...lines.map((line) => `  ${line}`),
    ...notes.map((note) => `  - ${note.replace(/[`*]/g, '')}`),
  ].join('\n');
}
