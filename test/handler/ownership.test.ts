import {
  claim,
  hasLostTags,
  holderBefore,
  holds,
  holdsAsOwner,
  isBeingReturned,
  isClaimedBy,
  isSameClaim,
  isSameHolder,
  type Ownership,
  ownerTag,
  readOwnership,
  returnTo,
  stillHeld,
  type Tags,
  tagsBefore,
} from '../../src/handler/model/ownership';
import { NO_WINDOW, OWNERSHIP_TAG } from '../../src/private/contract';
import { BANK, declared, heldBy, holdingOf, requester, SHOP, without } from './existing-secret';

const { owner, stackId, logicalId, origin, previousOwner, recoveryWindow } = OWNERSHIP_TAG;
const AT_BANK = { owner: 'bank', stackId: BANK.stackId, logicalId: 'Vault' };
const NOBODY = { owner: '', stackId: '', logicalId: '' };
const TAKEN = heldBy(SHOP, 'ADOPTED', AT_BANK);
const ENTIRELY = { holds: true, claimed: true, asOwner: true };
const LATER = { ...SHOP, requestId: 'a later request' };

describe('a claim', () => {
  test.each([
    ['of what was created', 'CREATED' as const, undefined, undefined],
    ['of what was restored', 'RESTORED' as const, undefined, undefined],
    ['of what another one held', 'ADOPTED' as const, AT_BANK, AT_BANK],
    ['of what only had an owner', 'RESTORED' as const, { owner: 'bank' }, { ...NOBODY, owner: 'bank' }],
    ['of what nobody held', 'ADOPTED' as const, {}, NOBODY],
  ])('%s is read as it was written', (_, outcome, takenFrom, previous) => {
    expect(readOwnership(claim(declared(), SHOP, outcome, takenFrom))).toEqual({
      owner: 'shop',
      stackId: SHOP.stackId,
      logicalId: 'Db',
      origin: { outcome, requestId: SHOP.requestId, at: SHOP.sentAt },
      previous,
    });
  });

  test('does not tell a time that nobody knows', () => {
    const { origin } = readOwnership(claim(declared(), { ...SHOP, sentAt: undefined }, 'CREATED'));
    expect(origin).toEqual({ outcome: 'CREATED', requestId: SHOP.requestId, at: undefined });
  });

  test('needs no more than nine tags, in characters that AWS takes', () => {
    const tags = Object.entries(claim(declared(), SHOP, 'ADOPTED', AT_BANK));
    expect(tags.length).toBeLessThanOrEqual(9);
    for (const tag of tags.flat()) expect(tag).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u);
  });

  test('says which recovery window was asked for, where IAM reads it', () => {
    expect(claim(declared({ RecoveryWindowInDays: '7' }), SHOP, 'CREATED')[recoveryWindow]).toBe('7');
    const forced = declared({ RecoveryWindowInDays: '7', ForceDeleteWithoutRecovery: 'true' });
    expect(claim(forced, SHOP, 'CREATED')[recoveryWindow]).toBe(NO_WINDOW);
  });
});

test('what is held on keeps how it was come by, gets owner and window of today, and names no tag of others', () => {
  const later = declared({ Owner: 'depot', RecoveryWindowInDays: '7' });
  const tags = stillHeld(later, LATER, { ...TAKEN, team: 'a', 'aws:x': 'y' });
  expect(readOwnership(tags)).toEqual({ ...readOwnership(TAKEN), owner: 'depot' });
  expect(tags[recoveryWindow]).toBe('7');
  expect(Object.keys(tags).sort()).toEqual(Object.keys(TAKEN).sort());
  expect(readOwnership(stillHeld(later, LATER, {}))).toMatchObject({ stackId: SHOP.stackId, logicalId: 'Db' });
});

describe('tags are read', () => {
  test.each<[string, Tags, Partial<Ownership>]>([
    ['that are not there', {}, { owner: undefined, stackId: undefined, origin: undefined, previous: undefined }],
    ['of an origin without a request', { ...TAKEN, [origin]: 'ADOPTED' }, { origin: undefined }],
    ['of an origin without an outcome', { ...TAKEN, [origin]: ' r' }, { origin: undefined }],
    ['of an owner before alone', { [previousOwner]: 'bank' }, { previous: { ...NOBODY, owner: 'bank' } }],
    [
      'of a return without anybody before',
      { ...heldBy(SHOP), ...without(returnTo(AT_BANK), owner) },
      { owner: 'shop', stackId: SHOP.stackId, origin: undefined },
    ],
  ])('%s', (_, tags, expected) => {
    expect(readOwnership(tags)).toMatchObject(expected);
  });

  test('that an overlapping delivery wrote: what one restored, the other one adopts', () => {
    const both = { ...heldBy(SHOP, 'RESTORED'), ...heldBy(SHOP, 'ADOPTED') };
    expect(readOwnership(both).origin?.outcome).toBe('RESTORED');
    expect(readOwnership({ ...both, ...heldBy(LATER, 'ADOPTED') }).origin?.outcome).toBe('ADOPTED');
  });
});

describe('a return', () => {
  test.each([
    ['the holder before', AT_BANK],
    ['an owner without a holder', { ...NOBODY, owner: 'bank' }],
    ['nobody', NOBODY],
  ])('to %s is one in its first step already, and leaves the tags as they were', (_, before) => {
    const taken = heldBy(SHOP, 'ADOPTED', before);
    // An owner that there was not has been taken off before.
    const returning = { ...without(taken, ...(before.owner ? [] : [owner])), ...returnTo(before) };
    const expected = Object.fromEntries(Object.entries(before).map(([key, value]) => [key, value || undefined]));
    expect(readOwnership(returning)).toEqual(expected);
    expect([isBeingReturned(taken), isBeingReturned(returning)]).toEqual([false, true]);

    const { set, remove } = tagsBefore(before);
    const returned = without({ ...returning, ...set }, ...remove);
    expect(readOwnership(returned)).toEqual({ ...expected, origin: undefined, previous: undefined });
    expect(returned).toEqual(set);
    expect(Object.values(set)).not.toContain('');
    expect(readOwnership(ownerTag(before)).owner).toBe(expected.owner);
  });
});

test.each<[string, Tags, object | undefined]>([
  ['another resource', heldBy(BANK), AT_BANK],
  ['another owner alone', { [owner]: 'bank' }, { ...NOBODY, owner: 'bank' }],
  ['nobody', {}, NOBODY],
  ['this request, which had it from the bank', TAKEN, AT_BANK],
  ['this request, which had made it', heldBy(SHOP), undefined],
  ['an earlier request of this resource', heldBy(LATER), { owner: 'shop', stackId: SHOP.stackId, logicalId: 'Db' }],
])('the holder before is read from the tags of %s', (_, tags, expected) => {
  expect(holderBefore(SHOP, readOwnership(tags))).toEqual(expected);
});

test.each<[string, Ownership, Record<string, boolean>]>([
  ['what this request got hold of', holdingOf(SHOP), ENTIRELY],
  ['what an earlier request got hold of', holdingOf(LATER), { holds: true, claimed: false, asOwner: true }],
  ['what another resource holds', holdingOf(requester('shop', 'Other')), {}],
  ['what another life of the stack holds', { ...holdingOf(SHOP), stackId: 'arn:shop/2' }, {}],
  ['what another owner has', { ...holdingOf(SHOP), owner: 'depot' }, { holds: true, claimed: true }],
  ['what has no owner', { ...holdingOf(SHOP), owner: undefined }, { holds: true, claimed: true }],
  ['nothing', {}, {}],
])('whose is %s', (_, ownership, { holds: held = false, claimed = false, asOwner = false }) => {
  expect(holds(SHOP, ownership)).toBe(held);
  expect(isClaimedBy(SHOP, ownership)).toBe(claimed);
  expect(holdsAsOwner(SHOP, declared(), ownership)).toBe(asOwner);
});

test.each<[string, Ownership, boolean, boolean]>([
  ['is as it was', holdingOf(SHOP), true, true],
  // An update changes the owner; somebody who takes the secret does as well.
  ['has another owner', { ...holdingOf(SHOP), owner: 'depot' }, true, false],
  ['has another claim', holdingOf(LATER), false, false],
  ['is in another stack', { ...holdingOf(SHOP), stackId: 'other' }, false, false],
  ['is another resource', { ...holdingOf(SHOP), logicalId: 'Other' }, false, false],
  // Given back by another delivery.
  ['does not say any more how it was come by', { ...holdingOf(SHOP), origin: undefined }, false, true],
])('a secret that %s', (_, now, sameClaim, sameHolder) => {
  expect(isSameClaim(now, holdingOf(SHOP))).toBe(sameClaim);
  expect(isSameHolder(now, holdingOf(SHOP))).toBe(sameHolder);
});

test.each<[string, Tags, boolean]>([
  ['nothing', heldBy(SHOP), false],
  ['the owner', without(heldBy(SHOP), owner), true],
  ['the stack', without(heldBy(SHOP), stackId), true],
  ['the resource', without(heldBy(SHOP), logicalId), true],
  ['everything', {}, true],
  ['the owner, in another stack', without(heldBy(BANK), owner), false],
  ['the stack, of another owner', without(heldBy(BANK), stackId, logicalId), false],
  ['owner and stack, of another resource', { [logicalId]: 'Vault' }, false],
])('a secret of this resource that has lost %s', (_, tags, lost) => {
  expect(hasLostTags(SHOP, ['depot', 'shop'], readOwnership(tags))).toBe(lost);
});
