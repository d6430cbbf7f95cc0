import { times } from './figures';
import type { Comparison } from './section';

const WIDTH = 960;
const ROW = 26;
const TOP = 104;
/** Where the columns are: the first begins, the next three end, and the last is the space for the bars. */
const COLUMNS = { what: 24, ours: 370, instead: 460, than: 474, from: 640, to: 880 };

/** A row for each comparison: both figures, and a bar from "as much" to how many times as much ours is. */
export function plot(comparisons: readonly Comparison[]): string {
  const ratios = comparisons.map(({ ours, instead }) => ours / instead);
  const most = Math.max(2, Math.ceil(Math.max(...ratios)));
  const x = (ratio: number) => Math.round(COLUMNS.from + (ratio / most) * (COLUMNS.to - COLUMNS.from));
  const height = TOP + comparisons.length * ROW + 8;
  const step = most < 8 ? 1 : most < 13 ? 2 : 5;
  const ticks = Array.from({ length: most + 1 }, (_, ratio) => ratio).filter((ratio) => ratio % step === 1 % step);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    '<title>What recoverable secrets take, next to what one would have instead</title>',
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" rx="6" class="paper"/>`,
    text(COLUMNS.what, 32, 'heading', 'What recoverable secrets take, next to what one would have instead'),
    `<circle cx="${COLUMNS.what + 6}" cy="52" r="5" class="less"/>`,
    text(COLUMNS.what + 18, 56, 'note', 'takes as much, or less'),
    `<circle cx="${COLUMNS.what + 186}" cy="52" r="5" class="more"/>`,
    text(COLUMNS.what + 198, 56, 'note', 'takes more'),
    text(COLUMNS.ours, TOP - 22, 'end note', 'recoverable'),
    text(COLUMNS.instead, TOP - 22, 'end note', 'instead'),
    text(COLUMNS.from - 12, 56, 'note', 'times as much: recoverable / instead'),
    ...ticks.map((ratio) => text(x(ratio), TOP - 22, 'middle note', `${ratio} ×`)),
    ...ticks.map(
      (ratio) =>
        `<line x1="${x(ratio)}" x2="${x(ratio)}" y1="${TOP - 14}" y2="${height - 10}" class="${ratio === 1 ? 'one' : 'grid'}"/>`,
    ),
    ...comparisons.flatMap(({ what, than, ours, instead, show }, index) => {
      const y = TOP + index * ROW;
      const end = x(ratios[index]);
      const kind = ratios[index] > 1 ? 'more' : 'less';
      return [
        text(COLUMNS.what, y + 4, '', what),
        text(COLUMNS.ours, y + 4, 'end', show(ours)),
        text(COLUMNS.instead, y + 4, 'end note', show(instead)),
        text(COLUMNS.than, y + 4, 'note', than),
        `<line x1="${x(1)}" x2="${end}" y1="${y}" y2="${y}" class="bar ${kind}"/>`,
        `<circle cx="${end}" cy="${y}" r="5" class="${kind}"/>`,
        text(Math.max(end, x(1)) + 10, y + 4, '', times(ours, instead)),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

const STYLE = [
  'text{font:13px system-ui,sans-serif;fill:#1f2328}',
  '.heading{font-size:15px;font-weight:600}',
  '.note{fill:#59636e}',
  '.end{text-anchor:end}',
  '.middle{text-anchor:middle}',
  '.paper{fill:#fff}',
  '.grid{stroke:#d1d9e0}',
  '.one{stroke:#59636e;stroke-width:1.5}',
  '.bar{stroke-width:3}',
  '.less{fill:#1a7f37;stroke:#1a7f37}',
  '.more{fill:#bc4c00;stroke:#bc4c00}',
  '@media(prefers-color-scheme:dark){',
  'text{fill:#f0f6fc}.note{fill:#9198a1}.paper{fill:#0d1117}.grid{stroke:#3d444d}.one{stroke:#9198a1}',
  '.less{fill:#3fb950;stroke:#3fb950}.more{fill:#f0883e;stroke:#f0883e}}',
].join('');

function text(x: number, y: number, kind: string, content: string): string {
  const escaped = content.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return `<text x="${x}" y="${y}"${kind && ` class="${kind}"`}>${escaped}</text>`;
}
