import type { Fate, StackQueries } from '../../src/handler/cloudformation/stacks';
import type { Deployment } from '../../src/handler/model/deployment';
import { Attempt } from '../../src/handler/run/attempt';
import {
  assertFree,
  assertKeyAlive,
  assertLetGo,
  assertNamed,
  assertReleasedByNativeStack,
  assertReplicable,
  assertTagsFit,
  holderNow,
} from '../../src/handler/run/guards';
import { MAX_OTHER_TAGS, OWNERSHIP_TAG } from '../../src/private/contract';
import { FakeEnvironment, type Parts } from './environment';
import { ARN, BANK, existing, heldBy, requester, SHOP, serviceError, without } from './existing-secret';
import { NAME, type Properties, properties, request, stackId } from './requests';

type Answers = { readonly [Question in keyof StackQueries]?: (...asked: never[]) => unknown };

/** An Update of the shop's resource; what its stack was not meant to be asked fails. */
function attempt(given: Properties = {}, stacks: Answers = {}, parts: Parts = {}) {
  const fake = new FakeEnvironment({ stacks, ...parts });
  const about = { StackId: SHOP.stackId, LogicalResourceId: SHOP.logicalId, PhysicalResourceId: ARN };
  const asked = request('Update', { ...about, ResourceProperties: properties(given) });
  return { fake, attempt: new Attempt(asked, fake.env) };
}

const failing = (error: string) => async () => {
  throw serviceError(error);
};
const FORWARD = { isRollingBack: async () => false };
const ROLLBACK = { isRollingBack: async () => true };

test('a secret needs a name', () => {
  expect(() => assertNamed(attempt({ Name: '' }).attempt)).toThrow('secretName is empty');
  expect(() => assertNamed(attempt().attempt)).not.toThrow();
});

describe('the key of a secret', () => {
  const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1111-2222';
  const ALIAS = 'arn:aws:kms:eu-west-1:123456789012:alias/db';

  test.each<[boolean, string | undefined, string | undefined]>([
    [true, KEY, 'Enabled'],
    // Not to be seen, as in another account.
    [true, KEY, undefined],
    [true, undefined, 'Disabled'],
    [true, ALIAS, 'Enabled'],
    // The key that it stood for when the secret was encrypted may be there still.
    [true, ALIAS, 'NotFound'],
    [true, 'alias/db', 'NotFound'],
    [false, 'alias/db', 'Disabled'],
    ...['Disabled', 'PendingDeletion', 'PendingReplicaDeletion', 'Unavailable', 'NotFound'].map(
      (state): [boolean, string, string] => [false, KEY, state],
    ),
  ])('is alive: %p, for %s in state %s', async (alive, KmsKeyId, state) => {
    const keyState = async (key: string) => (key === KmsKeyId ? state : 'of another key');
    const check = assertKeyAlive(attempt({}, {}, { keyState }).attempt, existing({}, { KmsKeyId }));
    if (alive) await expect(check).resolves.toBeUndefined();
    else await expect(check).rejects.toThrow(`its KMS key ${KmsKeyId} is ${state}; nothing was changed`);
  });
});

describe('a native resource', () => {
  const native = { 'aws:cloudformation:stack-id': BANK.stackId, 'aws:cloudformation:logical-id': 'Native' };
  const check = (tags: Record<string, string>, hasLetGo?: Answers['hasLetGo']) =>
    assertReleasedByNativeStack(attempt({}, { hasLetGo }).attempt, existing(tags));

  test('must have let go of its secret', async () => {
    await expect(check(native, async () => true)).resolves.toBeUndefined();
    const refused = `is still resource Native of stack ${BANK.stackId}`;
    await expect(check(native, async () => false)).rejects.toThrow(refused);
    const about = jest.fn(async () => true);
    await check(native, about);
    expect(about).toHaveBeenCalledWith(BANK.stackId, 'Native');
  });

  test('is not taken for gone where CloudFormation does not answer', async () => {
    await expect(check(native, failing('AccessDenied'))).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test.each<[string, Record<string, string>]>([
    ['a secret that nobody deployed', {}],
    ['a secret that half remembers', without(native, 'aws:cloudformation:logical-id')],
    ['a secret that half remembers otherwise', without(native, 'aws:cloudformation:stack-id')],
    // Those tags stay for good.
    ['a secret that was taken over before', { ...native, ...heldBy(BANK) }],
  ])('is not asked about %s', async (_, tags) => {
    await expect(check(tags)).resolves.toBeUndefined();
  });
});

describe('the holder of a live secret', () => {
  const OTHER = requester('shop', 'Other');
  const LIFE = { ...SHOP, stackId: stackId('shop', 2) };
  const named = (owner: string, of = BANK) => ({ ...heldBy(of), [OWNERSHIP_TAG.owner]: owner });
  const seen = (
    has: boolean,
    fate: Fate = 'unknown',
    outermost = 'unknown',
    outcome: Deployment['outcome'] = 'completed',
  ): Answers => ({
    has: async () => has,
    fate: async () => fate,
    deployment: async () => ({ outcome, idle: false }),
    outermostName: async () => outermost,
  });
  const ADOPT = { ExistingSecretPolicy: 'ADOPT' };
  const denied = failing('AccessDenied');
  const [SHARED, ROOT] = [{ Owner: 'shared' }, { Owner: 'root' }];
  const [NESTED, ROOT_2] = ['root-Nested-1X', 'root-2'].map((stack) => named('root', requester(stack, 'Db')));

  test.each<[string, string, Record<string, string>, Properties, Answers]>([
    ['gone', 'nobody', {}, {}, {}],
    ['gone', 'no resource', without(heldBy(BANK), OWNERSHIP_TAG.logicalId), {}, {}],
    ['gone', 'no stack', without(heldBy(BANK), OWNERSHIP_TAG.stackId), {}, {}],
    ['gone', 'the resource itself, by an earlier request', heldBy({ ...SHOP, requestId: 'x' }), {}, {}],
    ['in this stack', 'a resource that stays', heldBy(OTHER), {}, seen(true, 'kept')],
    ['in this stack', 'a resource that stays, asked by name', heldBy(OTHER), ADOPT, seen(true, 'kept')],
    ['gone', 'a resource that has left', heldBy(OTHER), {}, seen(false)],
    ['gone', 'a resource that leaves', heldBy(OTHER), {}, seen(true, 'removed')],
    ['gone', 'a resource that is retained', heldBy(OTHER), {}, seen(true, 'retained')],
    ['gone', 'a resource that may be replaced', heldBy(OTHER), {}, seen(true, 'unknown')],
    ['in this stack', 'a resource of this deployment', heldBy(OTHER), {}, seen(true, 'unknown', 'shop', 'under way')],
    ['in this stack', 'one that may be of it', heldBy(OTHER), {}, seen(true, 'unknown', 'shop', 'unknown')],
    ['in another stack', 'a resource that is there', heldBy(LIFE), {}, seen(true)],
    ['gone', 'a resource that is not there any more', heldBy(LIFE), {}, seen(false)],
    ['gone', 'a resource that it is taken from by name', heldBy(BANK), ADOPT, {}],
    // What may not be seen is assumed to be there.
    ['in another stack', 'a resource that is not seen', heldBy(LIFE), {}, { has: denied }],
    ['with the same owner', 'one of a shared owner', named('shared'), SHARED, seen(true)],
    ['in another stack', 'one whose owner is its stack', named('bank'), { Owner: 'bank' }, seen(true)],
    ['in another stack', 'one whose owner is this stack', named('shop'), {}, seen(true)],
    // A nested stack: its owner is the outermost one, which is no choice.
    ['in another stack', 'one whose owner is the stack around it', NESTED, ROOT, seen(true, 'unknown', 'root')],
    ['with the same owner', 'one of an owner like its stack', ROOT_2, ROOT, seen(true, 'unknown', 'root-2')],
    [
      'in another stack',
      'one whose outermost stack is not seen',
      ROOT_2,
      ROOT,
      { ...seen(true), outermostName: denied },
    ],
  ])('is %s: %s', async (expected, _, tags, given, stacks) => {
    const { attempt: asked } = attempt(given, stacks);
    expect(await holderNow(asked, existing(tags))).toBe(expected);
    const free = assertFree(asked, existing(tags));
    if (expected === 'gone' || expected === 'with the same owner') await expect(free).resolves.toBeUndefined();
    else await expect(free).rejects.toThrow('nothing was changed');
  });

  test('is asked about this very secret', async () => {
    const has = jest.fn(async () => false);
    await holderNow(attempt({}, { has }).attempt, existing(heldBy(BANK)));
    expect(has).toHaveBeenCalledWith({ stackId: BANK.stackId, logicalId: 'Vault', physicalId: ARN });
  });

  test('is not guessed where CloudFormation does not answer', async () => {
    for (const of of [OTHER, LIFE]) {
      const { attempt: asked } = attempt({}, { has: failing('Throttling') });
      await expect(holderNow(asked, existing(heldBy(of)))).rejects.toMatchObject({ name: 'Throttling' });
    }
  });
});

describe('a scheduled secret', () => {
  const OTHER = { ...SHOP, logicalId: 'Other' };
  const held = async () => true;

  test.each<[boolean, string, Record<string, string>, Properties, Answers]>([
    [false, 'a resource of another stack has', heldBy(BANK), {}, { has: held, ...FORWARD }],
    [true, 'a resource of another stack had', heldBy(BANK), {}, { has: async () => false }],
    [true, 'a resource has that it may be taken from', heldBy(BANK), { ExistingSecretPolicy: 'ADOPT' }, {}],
    [false, 'a stack has whose name is the owner', heldBy(BANK), { Owner: 'bank' }, { has: held, ...FORWARD }],
    [
      false,
      'a stack of another explicit owner has',
      { ...heldBy(BANK), [OWNERSHIP_TAG.owner]: 'y' },
      { Owner: 'x' },
      { has: held, ...FORWARD },
    ],
    [true, 'a stack of one shared owner has', { ...heldBy(BANK), [OWNERSHIP_TAG.owner]: 'x' }, { Owner: 'x' }, {}],
    [true, 'this stack had', heldBy(OTHER), { Owner: 'another' }, {}],
    [true, 'this stack had in an earlier life', heldBy({ ...SHOP, stackId: stackId('shop', 7) }), {}, {}],
    [true, 'nobody has', {}, {}, {}],
    [true, 'no resource has', without(heldBy(BANK), OWNERSHIP_TAG.logicalId), {}, {}],
    [true, 'a stack had that cannot be seen', heldBy(BANK), {}, { has: failing('AccessDenied') }],
    // A rollback that fails leaves the stack stuck.
    [true, 'a rollback leads back to', heldBy(BANK), {}, { has: held, ...ROLLBACK }],
  ])('is free: %p, which %s', async (free, _, tags, given, stacks) => {
    const check = assertLetGo(attempt(given, stacks).attempt, existing(tags));
    if (free) await expect(check).resolves.toBeUndefined();
    else await expect(check).rejects.toThrow('nothing was changed');
  });

  test('is not taken where CloudFormation does not answer', async () => {
    const { attempt: asked } = attempt({}, { has: failing('Throttling') });
    await expect(assertLetGo(asked, existing(heldBy(BANK)))).rejects.toMatchObject({ name: 'Throttling' });
  });
});

describe('tags', () => {
  const many = Object.fromEntries(Array.from({ length: MAX_OTHER_TAGS + 1 }, (_, index) => [`t${index}`, 'x']));

  test('must leave room for those of the library', async () => {
    const { attempt: asked } = attempt({}, FORWARD);
    await expect(assertTagsFit(asked, {}, { setTags: { a: 'b' }, removeTags: [] })).resolves.toBeUndefined();
    const tooMany = assertTagsFit(asked, {}, { setTags: many, removeTags: [] });
    await expect(tooMany).rejects.toThrow(`secret '${NAME}' would have ${MAX_OTHER_TAGS + 1} tags`);
  });

  test('do not stop a rollback, which the log then tells', async () => {
    const { attempt: asked, fake } = attempt({}, ROLLBACK);
    await expect(assertTagsFit(asked, {}, { setTags: many, removeTags: [] })).resolves.toBeUndefined();
    expect(fake.logged).toEqual([expect.objectContaining({ why: expect.stringContaining('would have') })]);
  });
});

describe('the region of a replica', () => {
  /** Secrets Manager in each region, where it answers with an error, or with a secret whose primary is there. */
  const regions = (answers: Record<string, string>): Parts => ({
    secretsIn: (region: string) => ({
      send: async () => {
        if (!PRIMARIES.includes(answers[region])) throw serviceError(answers[region]);
        return { ARN: ARN.replace(HOME, region), Name: NAME, PrimaryRegion: answers[region] };
      },
    }),
  });
  const [, , , HOME] = ARN.split(':');
  const PRIMARIES = [HOME, 'near', 'elsewhere'];
  const check = (answers: Record<string, string>, direction: Answers = FORWARD) => {
    const { attempt: asked, fake } = attempt({}, direction, regions(answers));
    return { fake, checked: assertReplicable(asked, Object.keys(answers)) };
  };

  test.each(['near', 'elsewhere'])(
    'is refused where it has a secret of this name whose primary is %s',
    async (primary) => {
      await expect(check({ near: primary }).checked).rejects.toThrow('exists already in near by itself');
    },
  );

  test('answers, whether it has the replica already or not', async () => {
    await expect(check({ near: HOME, far: 'ResourceNotFoundException' }).checked).resolves.toBeUndefined();
    await expect(check({}).checked).resolves.toBeUndefined();
  });

  test.each(['UnrecognizedClientException', 'AccessDeniedException', 'TimeoutError'])(
    'is refused by its name when it answers %s',
    async (error) => {
      const refused = `in far could not be managed, because Secrets Manager there answers ${error}`;
      const { checked, fake } = check({ near: HOME, far: error });
      await expect(checked).rejects.toThrow(refused);
      // Only a permission can still arrive.
      expect(fake.waited).toBeLessThan(error === 'AccessDeniedException' ? 61 : 1);
    },
  );

  test('does not stop a rollback', async () => {
    const { checked, fake } = check({ near: 'AccessDeniedException', far: 'TimeoutError' }, ROLLBACK);
    await expect(checked).resolves.toBeUndefined();
    expect(fake.logged).toHaveLength(2);
  });
});
