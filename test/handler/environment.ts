import type { Environment } from '../../src/handler/environment';

/** What a test gives to the function; whatever else it asks for fails. */
export type Parts = { readonly [Part in keyof Environment]?: object };

/** The surroundings of the function, with a clock that only sleeping moves. */
export class FakeEnvironment {
  /** What was logged: the step and its why. */
  readonly logged: Readonly<Record<string, unknown>>[] = [];
  readonly env: Environment;
  private slept = 0;

  constructor(
    parts: Parts,
    { now = 0, runsFor = 600_000 }: { readonly now?: number; readonly runsFor?: number } = {},
  ) {
    this.env = {
      now: () => now + this.slept,
      remainingMs: () => runsFor - this.slept,
      sleep: async (ms: number) => {
        this.slept += ms;
      },
      log: (fields: object) => this.logged.push({ ...fields }),
      ...parts,
    } as unknown as Environment;
  }

  /** How long the function has slept, in seconds. */
  get waited(): number {
    return this.slept / 1_000;
  }
}
