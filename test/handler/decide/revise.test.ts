import { decideRevision } from '../../../src/handler/decide/revise';
import type { Tags } from '../../../src/handler/model/ownership';
import { OWNERSHIP_TAG } from '../../../src/private/contract';
import { BANK, declared, existing, heldBy, requester, SCHEDULED, SHOP, without } from '../existing-secret';
import type { Properties } from '../requests';

const { owner, stackId, logicalId, origin } = OWNERSHIP_TAG;
const HELD = heldBy({ ...SHOP, requestId: 'an earlier one' });
const DEPOT = { ...HELD, [owner]: 'depot' };

const decide = (tags: Tags | undefined, given: Properties = {}, more = {}, before: Properties = {}) =>
  decideRevision(tags && existing(tags, more), declared(given), declared(before), SHOP);

test.each<[string, string, Tags | undefined, Properties, Properties]>([
  ['reconciles what it holds', 'reconcile', HELD, {}, {}],
  ['gives a new owner', 'reconcile', HELD, { Owner: 'depot' }, {}],
  ['finds the new owner', 'reconcile', DEPOT, { Owner: 'depot' }, {}],
  ['goes back to an owner', 'reconcile', DEPOT, {}, { Owner: 'depot' }],
  ['does not mind who holds it how', 'reconcile', without(HELD, origin), {}, {}],
  ['leaves nothing', 'refuse', undefined, {}, {}],
  ['leaves another owner', 'refuse', heldBy(BANK), { Owner: 'depot' }, {}],
  ['leaves the owner of nobody', 'refuse', { ...HELD, [owner]: '' }, {}, {}],
  ['leaves an earlier life of the stack', 'refuse', heldBy(requester('shop-2', 'Db')), {}, {}],
  ['leaves another resource', 'refuse', heldBy(requester('shop', 'Other')), {}, {}],
])('an update %s', (_, action, tags, given, before) => {
  expect(decide(tags, given, {}, before).action).toBe(action);
});

test('an update restores what it holds', () => {
  expect(decide(HELD, {}, SCHEDULED)).toMatchObject({ action: 'restore', secret: { tags: HELD } });
});

test('an update refuses what is replicated with other accounts', () => {
  expect(decide(HELD, {}, { CrossAccountPrimary: '210987654321' }).action).toBe('refuse');
});

describe('of what has lost tags', () => {
  const [ADOPT, ALWAYS] = [{ ExistingSecretPolicy: 'ADOPT' }, { RestorePolicy: 'ALWAYS' }];

  test.each<[string, Tags]>([
    ['the owner', without(HELD, owner)],
    ['the stack', without(HELD, stackId)],
    ['the resource', without(HELD, logicalId)],
    ['stack and resource', without(HELD, stackId, logicalId)],
    ['owner and resource', without(HELD, owner, logicalId)],
  ])('an update heals %s by what is left', (_, tags) => {
    expect(decide(tags).action).toBe('reconcile');
    expect(decide(tags, {}, SCHEDULED).action).toBe('restore');
  });

  test.each<[string, Tags]>([
    ['all of them', {}],
    ['all but the resource', { [logicalId]: 'Db' }],
  ])('an update heals %s only where IAM lets it, by the policy that the message names', (_, tags) => {
    for (const [more, optIn, otherOptIn] of [
      [{}, ADOPT, ALWAYS],
      [SCHEDULED, ALWAYS, ADOPT],
    ]) {
      const [[name, value]] = Object.entries(optIn);
      const reason = expect.stringContaining(`${name}.${value}`);
      expect(decide(tags, {}, more)).toEqual({ action: 'refuse', reason });
      expect(decide(tags, otherOptIn, more).action).toBe('refuse');
      expect(decide(tags, optIn, more).action).toBe(more === SCHEDULED ? 'restore' : 'reconcile');
    }
  });

  test.each<[string, Tags]>([
    ['another owner', { [owner]: 'bank' }],
    ['another stack', { [stackId]: BANK.stackId }],
    ['another resource', { [logicalId]: 'Vault' }],
    ['another resource of the same owner', { [owner]: 'shop', [logicalId]: 'Vault' }],
  ])('an update does not take what the rest says of %s', (_, tags) => {
    for (const more of [{}, SCHEDULED]) expect(decide(tags, { ...ADOPT, ...ALWAYS }, more).action).toBe('refuse');
  });
});
