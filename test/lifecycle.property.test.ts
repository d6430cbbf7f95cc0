import { live } from './fake/life';
import { planOf, REGRESSIONS } from './fake/regressions';
import { describeFound, search } from './fake/search';

jest.setTimeout(120_000);

/** How long random lives may take in an ordinary test run. `npm run lives` searches for longer. */
const MILLISECONDS = 12_000;

/** The same life with other coincidences. */
const SEEDS = Array.from({ length: 16 }, (_, seed) => seed);

test.each(REGRESSIONS)('no promise is broken any more: $story', async (regression) => {
  for (const seed of SEEDS) {
    const plan = planOf(regression, seed);
    await live(plan).catch(async (error: Error) => {
      const story: string[] = [];
      await live(plan, (line) => story.push(line)).catch(() => {});
      throw new Error(describeFound(seed, { plan, error, story }));
    });
  }
});

test('no random life breaks a promise', async () => {
  const seed = Math.floor(Math.random() * 2 ** 30);
  const { found } = await search(seed, { lives: 1_000_000, milliseconds: MILLISECONDS });
  if (found) throw new Error(describeFound(seed, found));
});
