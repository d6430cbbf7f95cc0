// First, because its mocks have to be there before the handler.
import '../handler/cloud';

import { live } from '../fake/life';
import { planOf, REGRESSIONS } from '../fake/regressions';

// All in one file: each mutant loads the SDK once. What is quick comes first.
const include = (name: string) => describe(name, () => void require(`../handler/${name}.test`));

const QUICK = [
  'decide/acquire',
  'decide/release',
  'decide/revise',
  'messages',
  'ownership',
  'versions',
  'request',
  'changes',
  'retry',
  'errors',
  'reasons',
  'secrets',
  'apply',
  'attempt',
  'guards',
  'seen',
  'stacks',
  'response',
  'clients',
];
const ON_THE_FAKE = [
  'entry',
  'values',
  'holders',
  'create',
  'update',
  'delete',
  'purge-protection',
  'replicas',
  'faults',
];

for (const name of QUICK) include(name);

describe('lives that once broke a promise', () => {
  test.each(REGRESSIONS)('$story', async (regression) => {
    for (const seed of [0, 1]) await live(planOf(regression, seed));
  });
});

for (const name of ON_THE_FAKE) include(name);

describe('random lives', () => {
  test.each([1, 2])('of seed %i', async (seed) => {
    // Only where nothing else has killed the mutant.
    const { search } = require('../fake/search') as typeof import('../fake/search');
    expect((await search(seed, 100)).found).toBeUndefined();
  });
});
