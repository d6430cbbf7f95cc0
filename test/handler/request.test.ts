import { declaredSecret, requesterOf, stackName, validityOf } from '../../src/handler/cloudformation/request';
import { answerUrl, request, stackId, tagList } from './requests';

const DEFAULTS = {
  name: '',
  description: '',
  replicas: [],
  tags: {},
  value: { kind: 'none' },
  owner: 'shop',
  recoveryWindowInDays: 30,
  forceDeleteWithoutRecovery: false,
  restorePolicy: 'IF_OWNED',
  existingSecretPolicy: 'ADOPT_IF_OWNED',
  restoredValue: 'KEEP',
  updatedValue: 'REGENERATE',
  purgeProtection: 'NONE',
};

const REGIONS = [{ Region: 'us-east-1', KmsKeyId: 'k' }, { Region: 'eu-central-1' }];

const read = (properties: Record<string, unknown>) => declaredSecret(properties, stackId('shop'));

describe('properties', () => {
  test.each<[string, unknown, object]>([
    ['Name', 'prod/db', { name: 'prod/db' }],
    ['Description', 'orders', { description: 'orders' }],
    ['KmsKeyId', 'alias/db', { kmsKeyId: 'alias/db' }],
    ['Type', 'SomeType', { type: 'SomeType' }],
    ['ReplicaRegions', REGIONS, { replicas: [{ region: 'us-east-1', kmsKeyId: 'k' }, { region: 'eu-central-1' }] }],
    ['Tags', tagList({ team: 'a', stage: 'b' }), { tags: { team: 'a', stage: 'b' } }],
    ['SecretString', 'x', { value: { kind: 'declared', text: 'x' } }],
    ['SecretString', '', { value: { kind: 'declared', text: '' } }],
    ['GenerateSecretString', {}, { value: { kind: 'generated', options: {} } }],
    ['Owner', 'depot', { owner: 'depot' }],
    ['RecoveryWindowInDays', '14', { recoveryWindowInDays: 14 }],
    ['ForceDeleteWithoutRecovery', 'true', { forceDeleteWithoutRecovery: true }],
    ['RestorePolicy', 'ALWAYS', { restorePolicy: 'ALWAYS' }],
    ['ExistingSecretPolicy', 'FAIL', { existingSecretPolicy: 'FAIL' }],
    ['RestoredValue', 'REGENERATE', { restoredValue: 'REGENERATE' }],
    ['UpdatedValue', 'KEEP', { updatedValue: 'KEEP' }],
    ['PurgeProtection', 'ALWAYS', { purgeProtection: 'ALWAYS' }],
  ])('%s is read beside defaults: %j', (property, given, expected) => {
    expect(read({ [property]: given })).toEqual({ ...DEFAULTS, ...expected });
  });

  test.each<[string, Record<string, unknown>, object]>([
    ['are not there', {}, {}],
    ['are empty', { KmsKeyId: '', Type: '', ReplicaRegions: [], Tags: [] }, {}],
    ['are null', { KmsKeyId: null, ReplicaRegions: null, Tags: null, RecoveryWindowInDays: null }, {}],
    ['are null as a value', { SecretString: null, GenerateSecretString: null }, {}],
    [
      'are a value and a generator',
      { SecretString: 'x', GenerateSecretString: {} },
      { value: { kind: 'declared', text: 'x' } },
    ],
    ['are no lists', { ReplicaRegions: { Region: 'x' }, Tags: 'x' }, {}],
    ['are lists of something else', { ReplicaRegions: ['x', null, undefined], Tags: [1] }, {}],
    [
      'are lists of something empty',
      { ReplicaRegions: [{ KmsKeyId: '' }], Tags: [{}] },
      { replicas: [{ region: '' }], tags: { '': '' } },
    ],
    ['are flags in another spelling', { ForceDeleteWithoutRecovery: 'TRUE' }, { forceDeleteWithoutRecovery: true }],
    ['are real flags', { ForceDeleteWithoutRecovery: true }, { forceDeleteWithoutRecovery: true }],
    ['are no flags', { ForceDeleteWithoutRecovery: 'yes' }, {}],
  ])('that %s have defaults', (_, given, expected) => {
    expect(read(given)).toEqual({ ...DEFAULTS, ...expected });
  });

  test.each<[string, unknown, object]>([
    ['PasswordLength', '20', { passwordLength: 20 }],
    ['ExcludeCharacters', '"@', { excludeCharacters: '"@' }],
    ['ExcludeLowercase', 'true', { excludeLowercase: true }],
    ['ExcludeNumbers', 'false', { excludeNumbers: false }],
    ['ExcludePunctuation', true, { excludePunctuation: true }],
    ['ExcludeUppercase', false, { excludeUppercase: false }],
    ['IncludeSpace', 'true', { includeSpace: true }],
    ['RequireEachIncludedType', 'false', { requireEachIncludedType: false }],
    ['SecretStringTemplate', '{}', { template: '{}' }],
    ['GenerateStringKey', 'password', { key: 'password' }],
  ])('%s of a generator is read: %j', (option, given, options) => {
    expect(read({ GenerateSecretString: { [option]: given } }).value).toEqual({ kind: 'generated', options });
  });
});

test('an owner that is not written is the name of the stack, in each of its lives', () => {
  for (const life of [1, 2]) expect(declaredSecret({}, stackId('shop', life)).owner).toBe('shop');
  expect(declaredSecret({ Owner: '' }, stackId('shop')).owner).toBe('');
  expect(stackName('no ARN')).toBe('');
});

test('a request says who asks, and when it was sent', () => {
  const sentAt = Date.UTC(2027, 0, 31, 23, 59, 58);
  const about = { StackId: stackId('shop'), LogicalResourceId: 'Db' };
  const asked = request('Update', { ...about, ResponseURL: answerUrl(sentAt) });
  const requester = { type: 'Update', requestId: asked.RequestId, stackId: stackId('shop'), logicalId: 'Db' };
  expect(requesterOf(asked)).toEqual({ ...requester, sentAt });
  expect(requesterOf({ ...asked, ResponseURL: answerUrl() })).toEqual({ ...requester, sentAt: undefined });
});

describe('a presigned URL', () => {
  const sent = Date.UTC(2027, 0, 31, 23, 59, 58);

  test.each([
    ['of version 4', 'X-Amz-Date=20270131T235958Z&X-Amz-Expires=7200', { sent, expires: sent + 7_200_000 }],
    ['of version 2', 'AWSAccessKeyId=x&Expires=1801440000&Signature=y', { expires: 1_801_440_000_000 }],
    ['without a time', 'Signature=y', {}],
    ['without anything', '', {}],
    ['with a time that is none', 'X-Amz-Date=yesterday&X-Amz-Expires=soon', {}],
    ['with a date only', 'X-Amz-Date=20270131T235958Z', {}],
    ['with digits before the time', 'X-Amz-Date=120270131T235958Z&X-Amz-Expires=7200', {}],
    ['with something after the time', 'X-Amz-Date=20270131T235958Z1&X-Amz-Expires=7200', {}],
  ])('%s tells until when it can be used', (_, query, expected) => {
    expect(validityOf(`https://bucket.s3.amazonaws.com/key?${query}`)).toEqual(expected);
  });
});
