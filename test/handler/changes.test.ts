import { existingSecret } from '../../src/handler/aws/secrets';
import { declaredSecret } from '../../src/handler/cloudformation/request';
import { changesOf, leavingRegions, leavingTag, valueToRestore } from '../../src/handler/model/changes';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { declaring, NAME, type Properties, properties, tagList } from './requests';

const ARN = `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${NAME}-AbCdEf`;
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

const existing = (more: object = {}) => existingSecret({ ARN, Name: NAME, ...more });
const changes = (more: object, of: Properties, ownership = {}, before?: Properties) =>
  changesOf(existing(more), declaredSecret(properties(of)), ownership, before && declaredSecret(properties(before)));

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
  const versions = { VersionIdsToStages: { v: ['AWSCURRENT'] } };
  const regenerate = { RestoredValue: 'REGENERATE' } as const;
  test.each<[string, object, Properties, string | undefined]>([
    ['that is declared is written', versions, declaring('x'), 'declared'],
    ['that is generated is kept', versions, properties(), undefined],
    ['that is generated is made anew on demand', versions, properties(regenerate), 'generated'],
    ['that is generated fills an empty secret', {}, properties(), 'generated'],
    ['of nobody is never written', {}, properties({ ...regenerate, GenerateSecretString: undefined }), undefined],
  ])('%s', (_, more, of, kind) => {
    expect(valueToRestore(existing(more), declaredSecret(of))?.kind).toBe(kind);
  });
});
