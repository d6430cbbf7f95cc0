import type { Requester } from '../../src/handler/model/declared-secret';
import {
  claim,
  holderBefore,
  ownedBy,
  ownerTag,
  readOwnership,
  returnTo,
  type Tags,
  tagsBefore,
} from '../../src/handler/model/ownership';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { stackId } from './requests';

const REQUESTER: Requester = { type: 'Create', requestId: 'request-1', stackId: stackId('shop'), logicalId: 'Db' };
const BANK = { owner: 'bank', stackId: stackId('bank'), logicalId: 'Vault' };
const NOBODY = { owner: '', stackId: '', logicalId: '' };
const AT = Date.UTC(2027, 2, 4, 5, 6, 7);

const HELD: Tags = {
  [OWNERSHIP_TAG.owner]: 'shop',
  [OWNERSHIP_TAG.stackId]: REQUESTER.stackId,
  [OWNERSHIP_TAG.logicalId]: 'Db',
};
const TAKEN_FROM_BANK: Tags = {
  [OWNERSHIP_TAG.previousOwner]: 'bank',
  [OWNERSHIP_TAG.previousStackId]: BANK.stackId,
  [OWNERSHIP_TAG.previousLogicalId]: 'Vault',
};
const TAKEN_FROM_NOBODY: Tags = {
  [OWNERSHIP_TAG.previousOwner]: '',
  [OWNERSHIP_TAG.previousStackId]: '',
  [OWNERSHIP_TAG.previousLogicalId]: '',
};

describe('a claim', () => {
  test.each([
    ['of what was created', 'CREATED' as const, undefined, {}],
    ['of what was restored', 'RESTORED' as const, undefined, { [OWNERSHIP_TAG.restoredBy]: 'request-1' }],
    ['of what another one held', 'ADOPTED' as const, BANK, TAKEN_FROM_BANK],
    ['of what nobody held', 'ADOPTED' as const, {}, TAKEN_FROM_NOBODY],
  ])('%s says who, how and when', (_, outcome, takenFrom, more) => {
    expect(claim('shop', REQUESTER, outcome, AT, takenFrom)).toEqual({
      ...HELD,
      ...more,
      [OWNERSHIP_TAG.origin]: `${outcome} request-1 2027-03-04T05:06:07.000Z`,
    });
  });

  test.each([
    ['of what was created', 'CREATED' as const, undefined],
    ['of what another one held', 'RESTORED' as const, BANK],
    ['of what nobody held', 'ADOPTED' as const, NOBODY],
  ])('%s is read as it was written', (_, outcome, previous) => {
    expect(readOwnership(claim('shop', REQUESTER, outcome, AT, previous))).toEqual({
      owner: 'shop',
      stackId: REQUESTER.stackId,
      logicalId: 'Db',
      origin: { outcome, requestId: 'request-1', at: AT },
      previous,
    });
  });
});

describe('tags are read', () => {
  const origin = (text: string) => ({ ...HELD, [OWNERSHIP_TAG.origin]: text });

  test.each<[string, Tags, object]>([
    ['that are not there', {}, { origin: undefined, previous: undefined }],
    ['of an origin without a time', origin('ADOPTED r'), { origin: { outcome: 'ADOPTED', requestId: 'r', at: 0 } }],
    ['of an origin without a request', origin('ADOPTED'), { origin: undefined }],
    ['of an origin without an outcome', origin(' r'), { origin: undefined }],
    [
      'of an adoption that an overlapping delivery had restored',
      { ...origin('ADOPTED r'), [OWNERSHIP_TAG.restoredBy]: 'r' },
      { origin: { outcome: 'RESTORED', requestId: 'r', at: 0 } },
    ],
    ['of an owner before alone', { [OWNERSHIP_TAG.previousOwner]: 'bank' }, { previous: { ...NOBODY, owner: 'bank' } }],
    ['of a return without anybody before', origin('RETURNED'), { owner: 'shop', logicalId: 'Db', origin: undefined }],
  ])('%s', (_, tags, expected) => {
    expect(readOwnership(tags)).toMatchObject(expected);
  });
});

describe('a return', () => {
  const taken: Tags = { ...HELD, ...TAKEN_FROM_BANK, [OWNERSHIP_TAG.origin]: 'ADOPTED request-1' };

  test('makes the holder before the holder, in one step', () => {
    expect(returnTo(BANK)).toEqual({ [OWNERSHIP_TAG.owner]: 'bank', [OWNERSHIP_TAG.origin]: 'RETURNED' });
    expect(readOwnership({ ...taken, ...returnTo(BANK) })).toEqual(BANK);
  });

  test('to nobody leaves no holder', () => {
    expect(returnTo(NOBODY)).toEqual({ [OWNERSHIP_TAG.origin]: 'RETURNED' });
    const { owner, ...holder } = readOwnership({ ...taken, ...TAKEN_FROM_NOBODY, ...returnTo(NOBODY) });
    expect(holder).toEqual({ stackId: undefined, logicalId: undefined });
  });

  test.each([
    ['the holder before', BANK],
    ['an owner without a holder', { ...NOBODY, owner: 'bank' }],
    ['nobody', NOBODY],
  ])('to %s leaves the tags as they were', (_, { owner, stackId, logicalId }) => {
    const { set, remove } = tagsBefore({ owner, stackId, logicalId });
    expect(set).toEqual({
      ...(owner && { [OWNERSHIP_TAG.owner]: owner }),
      ...(stackId && { [OWNERSHIP_TAG.stackId]: stackId }),
      ...(logicalId && { [OWNERSHIP_TAG.logicalId]: logicalId }),
    });
    expect([...Object.keys(set), ...remove].sort()).toEqual(Object.values(OWNERSHIP_TAG).sort());
    expect(ownerTag({ owner })).toEqual(owner ? { [OWNERSHIP_TAG.owner]: owner } : {});
  });
});

test('another owner changes no other tag of ours, and names none of others', () => {
  expect(ownedBy('depot', { ...HELD, team: 'a', 'aws:x': 'y' })).toEqual({ ...HELD, [OWNERSHIP_TAG.owner]: 'depot' });
});

test.each<[string, Tags, object | undefined]>([
  [
    'another resource',
    { [OWNERSHIP_TAG.owner]: 'bank', [OWNERSHIP_TAG.stackId]: BANK.stackId },
    { ...BANK, logicalId: '' },
  ],
  ['nobody', {}, NOBODY],
  ['this request, which had it from the bank', { ...claim('shop', REQUESTER, 'ADOPTED', AT, BANK) }, BANK],
  ['this request, which had made it', { ...claim('shop', REQUESTER, 'CREATED', AT) }, undefined],
])('the holder before is read from the tags of %s', (_, tags, expected) => {
  expect(holderBefore(REQUESTER, readOwnership(tags))).toEqual(expected);
});
