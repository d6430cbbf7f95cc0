import type { Section } from './section';

const TITLE = 'What recoverable secrets take, next to what one would have instead';

/** The page for the documentation: the picture, and what is worth knowing. */
export function page(sections: readonly Section[], machine: string, plotFile: string, figuresFile: string): string {
  return lines(
    '# Performance',
    `${TITLE}, measured in one run. ${machine} \`npm run bench\` writes this page and [all figures](${figuresFile}), ` +
      'with how they were measured.',
    `![${TITLE}](./${plotFile})`,
    sections.map(({ title, findings }) => `- **${title}.** ${findings.join(' ')}`).join('\n'),
  );
}

/** All figures, for whoever works on the library. */
export function figures(sections: readonly Section[], machine: string): string {
  return lines(
    '# Figures',
    `${TITLE}, measured in one run. ${machine} \`npm run bench\` writes this page.`,
    ...sections.flatMap(({ title, about, columns, rows, notes = [] }) => [
      `## ${title}`,
      about,
      [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
      ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
    ]),
  );
}

function lines(...paragraphs: string[]): string {
  return paragraphs.join('\n\n').concat('\n');
}

/** The same for a terminal. */
export function plainText({ title, columns, rows, findings, notes = [] }: Section): string {
  const plain = [columns, ...rows].map((cells) => cells.map((cell) => cell.replace(/[`*]/g, '')));
  const widths = columns.map((_, column) => Math.max(...plain.map((cells) => cells[column].length)));
  const table = plain.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  return [
    '',
    title,
    ...table.map((line) => `  ${line}`),
    ...[...findings, ...notes].map((note) => `  - ${note.replace(/[`*]/g, '')}`),
  ].join('\n');
}
