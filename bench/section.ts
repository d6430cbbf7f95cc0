/** One part of the report: a table, what it says and how it was measured. */
export interface Section {
  readonly title: string;
  /** How it was measured, and against what. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes?: readonly string[];
  /** What goes into the plot. */
  readonly ratios: readonly Ratio[];
}

/** A figure of this library next to the same figure of what it is used in place of. */
export interface Ratio {
  readonly label: string;
  readonly ours: number;
  readonly instead: number;
}
