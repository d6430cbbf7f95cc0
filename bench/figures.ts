/** Half of the figures are below, half above. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
}

/** The median, and the least and the greatest figure. */
export function withSpread(figures: readonly number[], digits = 0): string {
  const [low, high] = [Math.min(...figures), Math.max(...figures)];
  return `${number(median(figures), digits)} (${number(low, digits)} to ${number(high, digits)})`;
}

export function number(figure: number, digits = 0): string {
  return figure.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** How many times the figure of the alternative. */
export function times(ours: number, instead: number): string {
  const ratio = ours / instead;
  return `${number(ratio, ratio < 10 ? 2 : 0)} ×`;
}
