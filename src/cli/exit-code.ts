/** What a command answers to the shell. */
export const EXIT_CODE = {
  /** Done, or there was nothing to do. */
  done: 0,
  /** The command could not do what it was asked for. */
  error: 1,
  /** A rule forbids it: nothing was done to what is concerned. */
  refused: 2,
} as const;

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** What a command over several secrets answers: an error outweighs a refusal. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  if (codes.includes(EXIT_CODE.error)) return EXIT_CODE.error;
  return codes.includes(EXIT_CODE.refused) ? EXIT_CODE.refused : EXIT_CODE.done;
}
