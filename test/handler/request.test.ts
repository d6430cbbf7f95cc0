import { declaredSecret, requesterOf } from '../../src/handler/cloudformation/request';
import { request, stackId, tagList } from './requests';

const DEFAULTS = {
  name: '',
  description: '',
  replicas: [],
  tags: {},
  value: { kind: 'none' },
  owner: '',
  recoveryWindowInDays: 30,
  forceDeleteWithoutRecovery: false,
  restorePolicy: 'IF_OWNED',
  existingSecretPolicy: 'ADOPT_IF_OWNED',
  restoredValue: 'KEEP',
};

describe('properties', () => {
  test('that are all there are all read', () => {
    const all = {
      Name: 'prod/db',
      Description: 'orders',
      KmsKeyId: 'alias/db',
      Type: 'SomeType',
      ReplicaRegions: [{ Region: 'us-east-1', KmsKeyId: 'alias/far' }, { Region: 'eu-central-1' }],
      Tags: tagList({ team: 'a', stage: 'b' }),
      SecretString: 'x',
      Owner: 'shop',
      RecoveryWindowInDays: '14',
      ForceDeleteWithoutRecovery: 'true',
      RestorePolicy: 'ALWAYS',
      ExistingSecretPolicy: 'FAIL',
      RestoredValue: 'REGENERATE',
    };
    expect(declaredSecret(all)).toEqual({
      name: 'prod/db',
      description: 'orders',
      kmsKeyId: 'alias/db',
      type: 'SomeType',
      replicas: [{ region: 'us-east-1', kmsKeyId: 'alias/far' }, { region: 'eu-central-1' }],
      tags: { team: 'a', stage: 'b' },
      value: { kind: 'declared', text: 'x' },
      owner: 'shop',
      recoveryWindowInDays: 14,
      forceDeleteWithoutRecovery: true,
      restorePolicy: 'ALWAYS',
      existingSecretPolicy: 'FAIL',
      restoredValue: 'REGENERATE',
    });
  });

  test.each<[string, Record<string, unknown>, object]>([
    ['are not there', {}, {}],
    ['are empty', { KmsKeyId: '', Type: '', ReplicaRegions: [], Tags: [] }, {}],
    ['are null', { KmsKeyId: null, ReplicaRegions: null, Tags: null, RecoveryWindowInDays: null }, {}],
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
    expect(declaredSecret(given)).toEqual({ ...DEFAULTS, ...expected });
  });

  test('of a generator are read as they are meant', () => {
    const options = {
      PasswordLength: '20',
      ExcludeCharacters: '"@',
      ExcludeLowercase: 'true',
      ExcludeNumbers: 'false',
      ExcludePunctuation: true,
      ExcludeUppercase: false,
      IncludeSpace: 'true',
      RequireEachIncludedType: 'false',
      SecretStringTemplate: '{}',
      GenerateStringKey: 'password',
    };
    expect(declaredSecret({ GenerateSecretString: options }).value).toEqual({
      kind: 'generated',
      options: {
        passwordLength: 20,
        excludeCharacters: '"@',
        excludeLowercase: true,
        excludeNumbers: false,
        excludePunctuation: true,
        excludeUppercase: false,
        includeSpace: true,
        requireEachIncludedType: false,
        template: '{}',
        key: 'password',
      },
    });
    expect(declaredSecret({ GenerateSecretString: {} }).value).toEqual({ kind: 'generated', options: {} });
  });
});

test('a request says who asks', () => {
  const asked = request('Update', { StackId: stackId('shop'), LogicalResourceId: 'Db' });
  expect(requesterOf(asked)).toEqual({
    type: 'Update',
    requestId: asked.RequestId,
    stackId: stackId('shop'),
    logicalId: 'Db',
  });
});
