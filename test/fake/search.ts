import './quiet-sdk';
import * as fc from 'fast-check';
import { type LifePlan, live } from './life';
import { lifePlan } from './life-arbitrary';

/** A life that breaks a promise of the library, as short as it gets. */
export interface Found {
  readonly plan: LifePlan;
  readonly error: Error;
  /** Everything that happened, line by line. */
  readonly story: readonly string[];
}

export interface Result {
  readonly lives: number;
  readonly found?: Found;
  /** How often each excuse of the invariants was needed, by name. */
  readonly excused: ReadonlyMap<string, number>;
}

/** Lives so many random lives, or until one breaks a promise. A seed repeats the same lives. */
export async function search(seed: number, lives: number): Promise<Result> {
  const excused = new Map<string, number>();
  const count = (name: string) => excused.set(name, (excused.get(name) ?? 0) + 1);
  const details = await fc.check(
    fc.asyncProperty(lifePlan, (plan) => live(plan, { excused: count })),
    { seed, numRuns: lives },
  );
  const found = details.counterexample ? await retell(details.counterexample[0]) : undefined;
  return { lives: details.numRuns, found, excused };
}

async function retell(plan: LifePlan): Promise<Found> {
  const story: string[] = [];
  const error = await live(plan, { tell: (line) => story.push(line) }).then(
    () => new Error('the life went well when it was lived once more'),
    (problem: Error) => problem,
  );
  return { plan, error, story };
}

export function describeFound(seed: number, { plan, error, story }: Found): string {
  const surprises = Object.entries(plan.facts).filter(([, yes]) => yes);
  return [
    `seed ${seed}: ${error.message}`,
    '',
    `provider: ${plan.shared ? 'shared' : 'one per stack'}; facts: ${surprises.map(([name]) => name).join(', ')}`,
    ...story,
    '',
    `plan: ${JSON.stringify(plan)}`,
  ].join('\n');
}
