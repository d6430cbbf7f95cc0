import {
  changesOf,
  leavingRegions,
  leavingTag,
  tooManyTags,
  valueToRestore,
  valueToUpdate,
} from '../../src/handler/model/changes';
import { MAX_OTHER_TAGS, MAX_TAGS, OWNERSHIP_TAG } from '../../src/private/contract';
import { declared, existing, heldBy, SHOP } from './existing-secret';
import { declaring, type Properties, tagList } from './requests';

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1111-2222';
const [NEAR, FAR] = ['eu-central-1', 'us-east-1'];
const NOTHING = {
  setTags: {},
  removeTags: [],
  metadata: {},
  removeReplicas: [],
  leavingReplicas: [],
  forgetTags: [],
  addReplicas: [],
  awaitReplicas: [],
};

const changes = (more: object, of: Properties, ownership = {}, before?: Properties) =>
  changesOf(existing({}, more), declared(of), ownership, before && declared(before));

const replica = (Region: string, Status = 'InSync', KmsKeyId?: string) => ({ Region, Status, KmsKeyId });
const replicas = (...ReplicationStatus: object[]) => ({ ReplicationStatus });
const regions = (...names: string[]) => ({ ReplicaRegions: names.map((Region) => ({ Region })) });
const leaving = (text: string) => ({ Tags: tagList({ [OWNERSHIP_TAG.leavingReplicas]: text }) });

describe('what is as it is declared', () => {
  test.each<[string, object, Properties]>([
    ['bare', {}, {}],
    ['with a description', { Description: 'x' }, { Description: 'x' }],
    ['with tags', { Tags: tagList({ team: 'a', byHand: '1' }) }, { Tags: tagList({ team: 'a' }) }],
    ['with replicas', replicas(replica(NEAR), replica(FAR)), regions(FAR, NEAR)],
  ])('stays: %s', (_, more, of) => {
    expect(changes(more, of)).toEqual(NOTHING);
  });
});

describe('tags', () => {
  test('are set where they differ, and removed where they were declared before', () => {
    const had = { team: 'a', cost: '1', gone: 'x', byHand: 'y', 'aws:x': 'z' };
    const before = { Tags: tagList({ team: 'a', gone: 'x', never: 'n', 'aws:x': 'z' }) };
    expect(changes({ Tags: tagList(had) }, { Tags: tagList({ team: 'b', cost: '1' }) }, {}, before)).toEqual({
      ...NOTHING,
      setTags: { team: 'b' },
      removeTags: ['gone'],
    });
  });

  test('of ours count more than declared ones, and stale ones go, except what another delivery may need', () => {
    const had = Object.fromEntries(Object.values(OWNERSHIP_TAG).map((key) => [key, 'old']));
    const declared = { Tags: tagList({ [OWNERSHIP_TAG.owner]: 'declared' }) };
    const { setTags, removeTags } = changes({ Tags: tagList(had) }, declared, { [OWNERSHIP_TAG.owner]: 'shop' });
    // All that is to be there, also what is there already.
    expect(setTags).toEqual({ [OWNERSHIP_TAG.owner]: 'shop', [OWNERSHIP_TAG.leavingReplicas]: 'old' });
    const { owner, restoredBy, leavingReplicas, ...stale } = OWNERSHIP_TAG;
    expect([...removeTags].sort()).toEqual(Object.values(stale).sort());
    const held = { [OWNERSHIP_TAG.owner]: 'shop' };
    expect(changes({ Tags: tagList(held) }, declared, held)).toEqual(NOTHING);
  });
});

describe('settings', () => {
  test('have a type, which is changed where one is declared', () => {
    expect(changes({ Type: 'a' }, { Type: 'b' }).metadata).toEqual({ Type: 'b' });
    expect(changes({ Type: 'a' }, { Type: 'a' })).toEqual(NOTHING);
    expect(changes({ Type: 'a' }, {})).toEqual(NOTHING);
  });

  test('go back to what is declared', () => {
    expect(changes({ Description: 'x', KmsKeyId: KEY }, {}).metadata).toEqual({ Description: '', KmsKeyId: '' });
    expect(changes({}, { Description: 'x', KmsKeyId: KEY }).metadata).toEqual({ Description: 'x', KmsKeyId: KEY });
  });

  test.each([
    ['none', undefined, 'the key of AWS', 'alias/aws/secretsmanager', true],
    ['none', undefined, 'the key of AWS by ARN', 'arn:aws:kms:eu-west-1:123456789012:alias/aws/secretsmanager', true],
    ['none', undefined, 'another alias', 'alias/aws/secretsmanager-2', false],
    ['none', undefined, 'an alias that ends like it', 'alias/my/alias/aws/secretsmanager', false],
    ['a key by ARN', KEY, 'by id', '1111-2222', true],
    ['a key by ARN', KEY, 'another id', '1111-2223', false],
    ['a key by ARN', KEY, 'the same id in another region', KEY.replace('eu-west-1', 'us-east-1'), false],
    ['an alias', 'alias/db', 'by ARN', 'arn:aws:kms:eu-west-1:123456789012:alias/db', true],
    ['an alias', 'alias/db', 'a key of that name by ARN', 'arn:aws:kms:eu-west-1:123456789012:key/db', false],
    ['an alias with a path', 'alias/a/key/b', 'by ARN', 'arn:aws:kms:eu-west-1:123456789012:alias/a/key/b', true],
  ])('%s (%s) and %s (%s) are one key: %p', (_a, one, _b, other, same) => {
    for (const [had, wanted] of [
      [one, other],
      [other, one],
    ]) {
      expect(changes({ KmsKeyId: had }, { KmsKeyId: wanted }).metadata).toEqual(same ? {} : { KmsKeyId: wanted ?? '' });
    }
  });
});

describe('replicas', () => {
  test('come and go', () => {
    expect(changes(replicas(replica(NEAR)), regions(FAR))).toEqual({
      ...NOTHING,
      setTags: { [OWNERSHIP_TAG.leavingReplicas]: NEAR },
      removeReplicas: [NEAR],
      leavingReplicas: [NEAR],
      forgetTags: [OWNERSHIP_TAG.leavingReplicas],
      addReplicas: [{ region: FAR }],
      awaitReplicas: [FAR],
    });
  });

  test.each([
    ['failed', replica(FAR, 'Failed')],
    ['has another key', replica(FAR, 'InSync', KEY)],
  ])('are made anew when one %s', (_, one) => {
    expect(changes(replicas(one), regions(FAR))).toMatchObject({
      removeReplicas: [FAR],
      leavingReplicas: [FAR],
      addReplicas: [{ region: FAR }],
      awaitReplicas: [FAR],
    });
  });

  test.each([
    ['stays where an alias may stand for its key', 'alias/far', KEY, undefined, true],
    ['stays where the alias is as before', 'alias/far', KEY, 'alias/far', true],
    ['is made anew where the alias is another one', 'alias/far', KEY, 'alias/near', false],
    ['is made anew where a key takes the place of the alias', KEY, 'alias/far', 'alias/far', false],
    ['stays with an alias by ARN', 'alias/far', 'arn:aws:kms:us-east-1:123456789012:alias/far', undefined, true],
    ['is made anew with another alias', 'alias/far', 'alias/near', undefined, false],
  ])('of which one %s', (_, KmsKeyId, seen, before, stays) => {
    const declaring = (key: string | undefined) => ({ ReplicaRegions: [{ Region: FAR, KmsKeyId: key }] });
    const { removeReplicas } = changes(
      replicas(replica(FAR, 'InSync', seen)),
      declaring(KmsKeyId),
      {},
      before === undefined ? undefined : declaring(before),
    );
    expect(removeReplicas).toEqual(stays ? [] : [FAR]);
  });

  test('that are on their way are waited for', () => {
    expect(changes(replicas(replica(FAR, 'InProgress')), regions(FAR))).toEqual({ ...NOTHING, awaitReplicas: [FAR] });
  });

  test('that an earlier delivery removed are waited for as well, unless they have come back', () => {
    expect(changes({ ...leaving(`${NEAR} ${FAR}`), ...replicas(replica(FAR)) }, regions(FAR))).toEqual({
      ...NOTHING,
      setTags: { [OWNERSHIP_TAG.leavingReplicas]: NEAR },
      leavingReplicas: [NEAR],
      forgetTags: [OWNERSHIP_TAG.leavingReplicas],
    });
    expect(changes({ ...leaving(FAR), ...replicas(replica(FAR)) }, regions(FAR))).toEqual({
      ...NOTHING,
      forgetTags: [OWNERSHIP_TAG.leavingReplicas],
    });
  });

  test('that leave are noted, as many as a tag has room for', () => {
    expect(leavingTag([])).toEqual({});
    expect(leavingRegions({})).toEqual([]);
    expect(leavingRegions(leavingTag([NEAR, FAR]))).toEqual([NEAR, FAR]);
    const many = Array.from({ length: 30 }, () => 'ap-southeast-1');
    expect(Object.values(leavingTag(many))[0].length).toBeLessThanOrEqual(256);
    expect(leavingRegions(leavingTag(many))).toHaveLength(16);
  });
});

describe('a value', () => {
  const EMPTY = { VersionIdsToStages: {} };
  const BEGUN = { VersionIdsToStages: { begun: ['AWSPENDING'] } };
  const [anew, keep] = [{ RestoredValue: 'REGENERATE' }, { UpdatedValue: 'KEEP' as const }];
  const longer = { GenerateSecretString: { PasswordLength: '40' } };
  const none = { GenerateSecretString: undefined };

  test.each<[string, object, Properties, string | undefined]>([
    ['that is declared is written', {}, declaring('x'), 'declared'],
    ['that is generated is kept', {}, {}, undefined],
    ['that is generated is made anew on demand', {}, anew, 'generated'],
    ['that is generated fills an empty secret', EMPTY, {}, 'generated'],
    ['that is generated fills one that has nothing but a begun rotation', BEGUN, {}, 'generated'],
    ['of nobody is never written', EMPTY, { ...anew, ...none }, undefined],
    ['is none of the business of an update', {}, keep, undefined],
  ])('%s into what is restored or adopted', (_, more, of, kind) => {
    expect(valueToRestore(existing({}, more), declared(of))?.kind).toBe(kind);
  });

  test.each<[string, object, Properties, Properties, string | undefined]>([
    ['that is declared anew is written', {}, declaring('x'), declaring('y'), 'declared'],
    ['that is declared anew is written, also with KEEP', {}, declaring('x'), declaring('y', keep), 'declared'],
    ['that is declared as before is not written', {}, declaring('x'), declaring('x'), undefined],
    ['whose generator stays is kept', EMPTY, {}, anew, undefined],
    ['whose generator changes is made anew, as CloudFormation does', {}, {}, longer, 'generated'],
    ['whose generator changes is kept where the template says so', {}, {}, { ...longer, ...keep }, undefined],
    ['that there is none of to keep is made', EMPTY, {}, { ...longer, ...keep }, 'generated'],
    ['that is generated instead of declared is made', {}, declaring('x'), {}, 'generated'],
    ['that is not declared any more is kept', {}, declaring('x'), none, undefined],
  ])('%s by an update', (_, more, before, of, kind) => {
    expect(valueToUpdate(existing({}, more), declared(of), declared(before))?.kind).toBe(kind);
  });
});

describe('tags beside ours', () => {
  const many = (count: number, prefix = 't') =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, 'x']));
  const ours = heldBy(SHOP);
  const set = (setTags: object, removeTags: string[] = []) => ({
    setTags: setTags as Record<string, string>,
    removeTags,
  });

  test.each<[string, Record<string, string>, ReturnType<typeof set>, number | undefined]>([
    ['of a new secret fit', {}, set(many(MAX_OTHER_TAGS)), undefined],
    ['of a new secret leave room for all of ours', {}, set(many(MAX_OTHER_TAGS + 1)), MAX_OTHER_TAGS + 1],
    ['that are added to others leave room', many(MAX_OTHER_TAGS), set({ one: 'x' }), MAX_OTHER_TAGS + 1],
    ['that take the place of others fit', many(MAX_OTHER_TAGS), set({ one: 'x' }, ['t0']), undefined],
    ['of AWS do not count', many(40, 'aws:'), set(many(MAX_OTHER_TAGS)), undefined],
    // What is there already may fill the secret up to what AWS takes.
    ['that are there already fit', many(MAX_TAGS - 5), set({ ...ours, t0: 'y' }), undefined],
    ['that are there already do not fit', many(MAX_TAGS - 4), set(ours), MAX_TAGS - 4],
    ['that are there already fit with what goes', many(MAX_TAGS - 4), set(ours, ['t0']), undefined],
  ])('%s', (_, tags, change, expected) => {
    expect(Object.keys(ours)).toHaveLength(5);
    expect(tooManyTags(tags, change)).toBe(expected);
  });
});
