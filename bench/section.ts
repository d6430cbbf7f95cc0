/** One part of the report: a table, what it says and how it was measured. */
export interface Section {
  readonly title: string;
  /** How it was measured, and against what. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What it comes to, in sentences that can stand without the table. */
  readonly findings: readonly string[];
  /** What one has to know to read the table. */
  readonly notes?: readonly string[];
  /** What goes into the plot. */
  readonly comparisons: readonly Comparison[];
}

/** A figure of this library next to the same figure of what one would have instead. */
export interface Comparison {
  /** What was measured. */
  readonly what: string;
  /** What one would have instead. */
  readonly than: string;
  readonly ours: number;
  readonly instead: number;
  /** How a figure is written. */
  readonly show: (figure: number) => string;
}
