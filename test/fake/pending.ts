/**
 * What the function has still to learn: until then the lives do not ask it. A line goes, with what it switches, as soon
 * as the function can do it.
 */
export const PENDING = {
  /** What a stack that never was stable had adopted is given back, whatever the stack calls its deletion. */
  teardownOfUnstable: true,
};
