import { parentPort, workerData } from 'node:worker_threads';
import { live } from '../fake/life';
import { planOf, REGRESSIONS } from '../fake/regressions';
import { search } from '../fake/search';

/** What a trial is asked, and what comes of it: by what the promise was broken, if any was. */
export interface Trial {
  readonly lives: number;
  readonly seed: number;
}

export interface Verdict {
  readonly noticedBy?: string;
  readonly how?: string;
}

/** Seeds of each regression. */
const SEEDS = 16;
/** Lives of one seed of the random ones. */
const BATCH = 1_000;

async function verdict({ lives, seed: first }: Trial): Promise<Verdict> {
  for (const regression of REGRESSIONS) {
    for (let seed = 0; seed < SEEDS; seed++) {
      const problem = await live(planOf(regression, seed)).catch((error: Error) => error);
      if (problem) return { noticedBy: regression.story, how: problem.message };
    }
  }
  for (let lived = 0, seed = first; lived < lives; lived += BATCH, seed++) {
    const { found, lives: until } = await search(seed, BATCH);
    if (found) return { noticedBy: `life ${lived + until} (seed ${seed})`, how: found.error.message };
  }
  return {};
}

verdict(workerData as Trial).then((it) => parentPort?.postMessage(it));
