import { decideAcquisition, type HolderNow, refusalOfTakeOver } from '../../../src/handler/decide/acquire';
import type { ExistingSecret } from '../../../src/handler/model/secret';
import { BANK, declared, existing, heldBy, REPLICA, requester, SCHEDULED, SHOP } from '../existing-secret';
import type { Properties } from '../requests';

const [OLD_SHOP, OTHER] = [requester('shop', 'Old'), requester('other', 'Db')];
const LENIENT = { RestorePolicy: 'ALWAYS', ExistingSecretPolicy: 'ADOPT' };
const STRICT = { RestorePolicy: 'NEVER', ExistingSecretPolicy: 'FAIL' };

const decide = (found: ExistingSecret | undefined, given: Properties = {}, direction?: 'rollback') =>
  decideAcquisition(found, declared(given), SHOP, direction ?? 'forward');

describe('every combination of state, owner and policies', () => {
  const owners = { ours: heldBy(OLD_SHOP), foreign: heldBy(BANK), nobody: {} };
  const cases = (['scheduled', 'live'] as const).flatMap((state) =>
    (['ours', 'foreign', 'nobody'] as const).flatMap((owner) =>
      (['IF_OWNED', 'ALWAYS', 'NEVER', 'always'] as const).flatMap((restore) =>
        (['ADOPT_IF_OWNED', 'ADOPT', 'FAIL', 'adopt'] as const).map((adopt) => ({ state, owner, restore, adopt })),
      ),
    ),
  );

  test.each(cases)('$state, $owner, $restore, $adopt', ({ state, owner, restore, adopt }) => {
    const found = existing(owners[owner], state === 'scheduled' ? SCHEDULED : {});
    const policy = state === 'scheduled' ? restore : adopt;
    // A policy that nobody knows takes nothing.
    const taken = policy === 'ALWAYS' || policy === 'ADOPT' || (/IF_OWNED/.test(policy) && owner === 'ours');
    expect(decide(found, { RestorePolicy: restore, ExistingSecretPolicy: adopt })).toMatchObject(
      taken ? { action: state === 'scheduled' ? 'restore' : 'adopt', secret: found } : { action: 'refuse' },
    );
  });

  test('means nothing where there is no secret', () => {
    expect(decide(undefined, STRICT)).toEqual({ action: 'create' });
  });

  test('means nothing for what this very request got hold of', () => {
    const own = heldBy(SHOP, 'RESTORED');
    expect(decide(existing(own), STRICT).action).toBe('resume');
  });
});

describe('a rollback', () => {
  test('returns to what its resource holds, and leaves what is in other hands', () => {
    const held = existing(heldBy({ ...SHOP, requestId: 'an earlier one' }));
    expect(decide(held, STRICT, 'rollback').action).toBe('resume');
    expect(decide(held, STRICT).action).toBe('refuse');
    for (const of of [OLD_SHOP, OTHER, BANK]) {
      expect(decide(existing(heldBy(of)), LENIENT, 'rollback')).toMatchObject({
        action: 'leave',
        why: expect.stringContaining('in other hands'),
      });
    }
    const givenToDepot = { ...held, ownership: { ...held.ownership, owner: 'depot' } };
    expect(decide(givenToDepot, LENIENT, 'rollback').action).toBe('leave');
  });

  test('restores what was scheduled meanwhile, where the policy allows it', () => {
    expect(decide(existing(heldBy(OLD_SHOP), SCHEDULED), {}, 'rollback').action).toBe('restore');
    expect(decide(existing(heldBy(BANK), SCHEDULED), {}, 'rollback').action).toBe('refuse');
  });
});

test.each([
  ['a replica', REPLICA, 'us-east-1'],
  ['a secret that another service manages', { OwningService: 'rds' }, 'rds'],
  ['a secret that is replicated with another account', { CrossAccountReplicas: ['210987654321'] }, '210987654321'],
])('%s is never taken, in no direction, and whoever owns it', (_, more, named) => {
  for (const state of [{}, SCHEDULED]) {
    const found = existing(heldBy(OLD_SHOP), { ...more, ...state });
    for (const direction of [undefined, 'rollback'] as const) {
      expect(decide(found, LENIENT, direction)).toEqual({ action: 'refuse', reason: expect.stringContaining(named) });
    }
  }
});

describe('taking a live secret over', () => {
  test.each<[HolderNow, string, boolean]>([
    ['gone', 'ADOPT_IF_OWNED', false],
    ['gone', 'ADOPT', false],
    // Two constructs of one stack with one name: one secret would serve both.
    ['in this stack', 'ADOPT_IF_OWNED', true],
    ['in this stack', 'ADOPT', true],
    ['in another stack', 'ADOPT_IF_OWNED', true],
    ['in another stack', 'ADOPT', false],
    ['with the same owner', 'ADOPT_IF_OWNED', false],
    ['with the same owner', 'ADOPT', false],
  ])('whose holder is %s, with %s: refused is %p', (holder, policy, isRefused) => {
    const refused = refusalOfTakeOver(existing(heldBy(OTHER)), declared({ ExistingSecretPolicy: policy }), holder);
    expect(refused?.action).toBe(isRefused ? 'refuse' : undefined);
  });
});
