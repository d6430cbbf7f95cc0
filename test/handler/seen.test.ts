import { Stale } from '../../src/handler/errors';
import type { Attempt } from '../../src/handler/run/attempt';
import { hasChanged, unlessChanged } from '../../src/handler/run/seen';
import { FakeEnvironment, PreparedService } from './environment';
import { ARN, BANK, existing, heldBy, SCHEDULED, SHOP } from './existing-secret';
import { NAME, tagList } from './requests';

const VERSION = { VersionIdsToStages: { one: ['AWSCURRENT'] } };
const held = { ARN, Name: NAME, Tags: tagList(heldBy(SHOP)), ...VERSION };
const inOtherHands = { ...held, Tags: tagList(heldBy(BANK)) };

test('what was seen is worth another look after two seconds', async () => {
  const secrets = new PreparedService({ DescribeSecret: [inOtherHands] });
  const { env } = new FakeEnvironment({ secrets }, { now: 10_000 });
  const changedSince = (at: number) => unlessChanged({ env } as Attempt, { secret: existing(heldBy(SHOP)), at });
  expect(await changedSince(8_000)).toBeUndefined();
  expect(await changedSince(7_999)).toBeInstanceOf(Stale);
});

test.each<[boolean, string, object]>([
  [false, 'is as it was', held],
  [false, 'has another description', { ...held, Description: 'another' }],
  [false, 'is about to be rotated', { ...held, VersionIdsToStages: { one: ['AWSCURRENT'], two: ['AWSPENDING'] } }],
  [true, 'has another value', { ...held, VersionIdsToStages: { one: ['AWSPREVIOUS'], two: ['AWSCURRENT'] } }],
  [true, 'was scheduled', { ...held, ...SCHEDULED }],
  [true, 'is in other hands', inOtherHands],
])('what was seen has changed: %p, where the secret %s', async (changed, _, now) => {
  const { env } = new FakeEnvironment({ secrets: new PreparedService({ DescribeSecret: [now] }) });
  expect(await hasChanged(env, existing(heldBy(SHOP), VERSION))).toBe(changed);
});
