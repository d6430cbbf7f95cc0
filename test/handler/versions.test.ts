import { isWrittenBy, versionIdOf, versionWith, writtenAt } from '../../src/handler/model/versions';
import { existing, SHOP } from './existing-secret';

const ID = versionIdOf(SHOP);
const UNDATED = versionIdOf({ ...SHOP, sentAt: undefined });

test('the id of a version tells who wrote it, and when', () => {
  expect(isWrittenBy(SHOP.requestId, ID)).toBe(true);
  expect(isWrittenBy('another request', ID)).toBe(false);
  expect(writtenAt(ID)).toBe(SHOP.sentAt);
  expect(writtenAt(versionIdOf({ ...SHOP, sentAt: Date.UTC(2031, 11, 31, 23, 59, 58) }))).toBe(
    Date.UTC(2031, 11, 31, 23, 59, 58),
  );
});

test('the id of a version is the same for every delivery, and one that Secrets Manager takes', () => {
  expect(versionIdOf({ ...SHOP })).toBe(ID);
  for (const id of [ID, UNDATED]) expect(id).toMatch(/^[\w-]{32,64}$/);
});

test('a request that does not tell when it was sent is known by its id', () => {
  expect(isWrittenBy(SHOP.requestId, UNDATED)).toBe(true);
  expect(writtenAt(UNDATED)).toBeUndefined();
});

test.each([
  ['by hand', '5ec2e7a0-0000-4000-8000-000000000001'],
  ['by a rotation that begins alike', `${SHOP.requestId}-rotation`],
  ['with more after the time', `${ID}-2`],
  ['with more before the request', `x${ID}`],
  ['with no time', `${SHOP.requestId}-2027010203:04:05Z`],
])('a version that was written %s is nobody’s', (_, id) => {
  expect(writtenAt(id)).toBeUndefined();
  expect(isWrittenBy(SHOP.requestId, id)).toBe(false);
});

test('a version is found by its label', () => {
  const versions = existing({}, { VersionIdsToStages: { a: ['x', 'AWSPREVIOUS'], b: ['AWSCURRENT'] } });
  expect(versionWith('AWSPREVIOUS', versions)).toBe('a');
  expect(versionWith('AWSPENDING', versions)).toBeUndefined();
});
