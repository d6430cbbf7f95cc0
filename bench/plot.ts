import { times } from './figures';
import type { Ratio } from './section';

const LABELS = 430;
const WIDTH = 960;
const ROW = 20;
const TOP = 56;
/** Powers of ten that the axis reaches to, at least. */
const AXIS = { from: -1, to: 1 };

/** A point for each ratio on a logarithmic axis; left of the line at 1 there is less of it than with the alternative. */
export function plot(ratios: readonly Ratio[]): string {
  const powers = ratios.map(({ ours, instead }) => Math.log10(ours / instead));
  const from = Math.min(AXIS.from, Math.floor(Math.min(...powers)));
  const to = Math.max(AXIS.to, Math.ceil(Math.max(...powers)));
  const x = (power: number) => Math.round(LABELS + ((power - from) / (to - from)) * (WIDTH - LABELS - 80));
  const height = TOP + ratios.length * ROW + 16;
  const grid = Array.from({ length: to - from + 1 }, (_, index) => from + index).map(
    (power) =>
      `<line x1="${x(power)}" x2="${x(power)}" y1="${TOP - 14}" y2="${height - 10}" class="${power === 0 ? 'one' : 'grid'}"/>` +
      `<text x="${x(power)}" y="${TOP - 20}" text-anchor="middle">${10 ** power} ×</text>`,
  );
  const points = ratios.map(({ label, ours, instead }, index) => {
    const y = TOP + index * ROW;
    const power = powers[index];
    return (
      `<text x="${LABELS - 16}" y="${y + 4}" text-anchor="end">${escaped(label)}</text>` +
      `<line x1="${x(0)}" x2="${x(power)}" y1="${y}" y2="${y}" class="bar"/>` +
      `<circle cx="${x(power)}" cy="${y}" r="5" class="${power > 0 ? 'more' : 'less'}"/>` +
      `<text x="${x(power) + (power < 0 ? -10 : 10)}" y="${y + 4}" text-anchor="${power < 0 ? 'end' : 'start'}">${times(ours, instead)}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    '<title>Figures of this library, as multiples of what one would have instead</title>',
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" class="paper"/>`,
    '<text x="16" y="20" class="heading">Of what one would have instead (less is better)</text>',
    ...grid,
    ...points,
    '</svg>',
    '',
  ].join('\n');
}

const STYLE = [
  'text{font:12px system-ui,sans-serif;fill:#24292f}',
  '.heading{font-weight:600}',
  '.paper{fill:#fff}',
  '.grid{stroke:#d0d7de}',
  '.one{stroke:#57606a;stroke-width:1.5}',
  '.bar{stroke:#afb8c1;stroke-width:2}',
  '.less{fill:#1a7f37}',
  '.more{fill:#bc4c00}',
].join('');

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
