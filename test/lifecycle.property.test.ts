import { describeFound, search } from './fake/search';

/** Lives of one seed. */
const LIVES = 600;

// Fixed, so that a run says something about the change and not about luck. `npm run lives` searches on from any seed.
test.each([500, 501, 502, 503])(
  'no life of seed %i breaks a promise',
  async (seed) => {
    const { found } = await search(seed, { lives: LIVES });
    if (found) throw new Error(describeFound(seed, found));
  },
  120_000,
);
