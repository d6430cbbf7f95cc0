import { describeFound, search } from './fake/search';

const DEFAULT_LIVES = 100_000;
/** Lives of one seed: few enough that a seed that found something is searched again within seconds. */
const BATCH = 1_000;

/** Lives as many random lives as wanted: `lives.ts [how many] [first seed]`. */
async function main([wanted, first]: string[]): Promise<void> {
  const lives = Number(wanted ?? DEFAULT_LIVES);
  const firstSeed = Number(first ?? Math.floor(Math.random() * 2 ** 30));
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1_000);
  console.log(`${lives} lives, seeds from ${firstSeed} on, ${BATCH} lives each`);

  const seedsThatFound: number[] = [];
  const total = new Map<string, number>();
  for (let lived = 0, seed = firstSeed; lived < lives; seed++) {
    const size = Math.min(BATCH, lives - lived);
    const { found, excused } = await search(seed, size);
    for (const [name, times] of excused) total.set(name, (total.get(name) ?? 0) + times);
    lived += size;
    if (found) {
      seedsThatFound.push(seed);
      console.log(`\n${describeFound(seed, found)}\n`);
    }
    if (found || lived % (10 * BATCH) === 0 || lived >= lives) {
      console.log(`${lived} lives after ${seconds()} s, last seed ${seed}, ${seedsThatFound.length} found`);
    }
  }
  for (const [name, times] of [...total].sort()) console.log(`excused ${times} times: ${name}`);
  if (seedsThatFound.length > 0) {
    console.log(`seeds that found something: ${seedsThatFound.join(', ')}; again: npm run lives -- ${BATCH} <seed>`);
    process.exitCode = 1;
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
