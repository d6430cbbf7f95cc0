import type { Environment } from '../../src/handler/environment';

/** What a test gives to the function; whatever else it asks for fails. */
export type Parts = { readonly [Part in keyof Environment]?: object };

/** The surroundings of the function, with a clock that only sleeping moves. */
export class FakeEnvironment {
  /** What was logged: the step and its why. */
  readonly logged: Readonly<Record<string, unknown>>[] = [];
  readonly env: Environment;
  private slept = 0;

  constructor(parts: Parts, { now = 0, runsFor = 600_000 }: { readonly now?: number; readonly runsFor?: number } = {}) {
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

type Command = { readonly constructor: { readonly name: string }; readonly input: object };

/** A service that gives prepared answers for each operation, the last one for good, and remembers what it was asked. */
export class PreparedService {
  readonly asked: { readonly operation: string; readonly input: object }[] = [];

  constructor(private readonly answers: Record<string, readonly (object | Error)[]> = {}) {}

  async send({ constructor: { name }, input }: Command): Promise<object> {
    const operation = name.replace('Command', '');
    const before = this.inputs(operation).length;
    this.asked.push({ operation, input });
    const prepared = this.answers[operation] ?? [{}];
    const answer = prepared[Math.min(before, prepared.length - 1)];
    if (answer instanceof Error) throw answer;
    return answer;
  }

  inputs(operation: string): object[] {
    return this.asked.filter((each) => each.operation === operation).map(({ input }) => input);
  }
}
