import { versionIdOf, versionWith, versionWrittenBy, writtenAt } from '../../src/handler/model/versions';
import { existing, SHOP } from './existing-secret';

const ID = versionIdOf(SHOP);
const UNDATED = versionIdOf({ ...SHOP, sentAt: undefined });

test('the id of a version tells who wrote it, and when', () => {
  const versions = existing({}, { VersionIdsToStages: { before: ['AWSPREVIOUS'], [ID]: ['AWSCURRENT'] } });
  expect(versionWrittenBy(SHOP.requestId, versions)).toBe(ID);
  expect(versionWrittenBy('another request', versions)).toBeUndefined();
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
  expect(versionWrittenBy(SHOP.requestId, existing({}, { VersionIdsToStages: { [UNDATED]: [] } }))).toBe(UNDATED);
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
  expect(versionWrittenBy(SHOP.requestId, existing({}, { VersionIdsToStages: { [id]: [] } }))).toBeUndefined();
});

test('a version is found by its label', () => {
  const versions = existing({}, { VersionIdsToStages: { a: ['x', 'AWSPREVIOUS'], b: ['AWSCURRENT'] } });
  expect(versionWith('AWSPREVIOUS', versions)).toBe('a');
  expect(versionWith('AWSPENDING', versions)).toBeUndefined();
});
