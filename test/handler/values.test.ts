import { declaredSecret } from '../../src/handler/cloudformation/request';
import { intoTemplate } from '../../src/handler/secret-value';
import { Cloud } from './cloud';
import { declaring, type Properties, properties, stackId } from './requests';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const generating = (options: Properties) => properties({ GenerateSecretString: options });

describe('a generated value', () => {
  test('hands every option to AWS in its own type', async () => {
    await cloud.resource().create(
      generating({
        PasswordLength: '20',
        ExcludeCharacters: '"@/\\',
        ExcludeLowercase: 'true',
        ExcludeNumbers: 'false',
        ExcludePunctuation: 'true',
        ExcludeUppercase: 'false',
        IncludeSpace: 'true',
        RequireEachIncludedType: 'false',
      }),
    );
    expect(cloud.inputs('GetRandomPassword')).toEqual([
      {
        PasswordLength: 20,
        ExcludeCharacters: '"@/\\',
        ExcludeLowercase: true,
        ExcludeNumbers: false,
        ExcludePunctuation: true,
        ExcludeUppercase: false,
        IncludeSpace: true,
        RequireEachIncludedType: false,
      },
    ]);
  });

  test('leaves to AWS what the template leaves out', async () => {
    await cloud.resource().create(generating({}));
    const given = Object.values(cloud.inputs('GetRandomPassword')[0]).filter((value) => value !== undefined);
    expect(given).toEqual([]);
    expect(await cloud.value()).toHaveLength(32);
  });

  test.each<[string, Properties, RegExp]>([
    ['as long as asked', { PasswordLength: '12' }, /^.{12}$/],
    ['without punctuation', { ExcludePunctuation: 'true', PasswordLength: '80' }, /^[A-Za-z0-9]{80}$/],
    ['of digits', { ExcludePunctuation: true, ExcludeLowercase: 'TRUE', ExcludeUppercase: 'True' }, /^\d{32}$/],
    [
      'without the characters that were excluded',
      { ExcludeCharacters: 'aeiou', PasswordLength: 200 },
      /^[^aeiou]{200}$/,
    ],
  ])('is %s', async (_, options, value) => {
    await cloud.resource().create(generating(options));
    expect(await cloud.value()).toMatch(value);
  });

  test('becomes a member of the template', async () => {
    await cloud
      .resource()
      .create(generating({ SecretStringTemplate: '{"username":"admin"}', GenerateStringKey: 'password' }));
    const value = JSON.parse((await cloud.value()) ?? '');
    expect(value).toEqual({ username: 'admin', password: expect.stringMatching(/^.{32}$/) });
  });

  test.each<[string, Properties]>([
    ['template without a key', { SecretStringTemplate: '{"user":"s3cr3t-template"}' }],
    ['key without a template', { GenerateStringKey: 'password' }],
    ['template that is no JSON', { SecretStringTemplate: '{"user": s3cr3t-template', GenerateStringKey: 'password' }],
    ['template that is an array', { SecretStringTemplate: '["s3cr3t-template"]', GenerateStringKey: 'password' }],
    ['template that is a string', { SecretStringTemplate: '"s3cr3t-template"', GenerateStringKey: 'password' }],
    ['template that is null', { SecretStringTemplate: 'null', GenerateStringKey: 'password' }],
    ['template that is empty', { SecretStringTemplate: '', GenerateStringKey: 'password' }],
  ])('with a %s is refused before anything happens', async (_, options) => {
    const db = cloud.resource();
    const refused = await db.create(generating(options));
    expect(refused.status).toBe('FAILED');
    expect(refused.reason).toMatch(/(secretStringTemplate|generateStringKey).*nothing was changed/);
    expect(refused.reason).not.toContain('s3cr3t');
    expect(cloud.changes).toEqual([]);

    await db.create(properties());
    cloud.calls = [];
    expect((await db.update(generating(options))).status).toBe('FAILED');
    expect(cloud.changes).toEqual([]);
  });

  test('with a bad template does not keep a Delete from succeeding', async () => {
    const db = cloud.resource();
    const { physicalId } = await db.create();
    const answer = await db.delete({ physicalId, properties: generating({ GenerateStringKey: 'password' }) });
    expect(answer.status).toBe('SUCCESS');
    expect(await cloud.state()).toBe('pending');
  });
});

describe('a password in a template', () => {
  const PASSWORD = 'a"b\\c$1$&é';

  test.each([
    ['an empty object', '{}'],
    ['an empty object with space', ' { \n } '],
    ['one member', '{"user":"admin"}'],
    ['space around everything', '\n{ "user" : "admin" }\n'],
    ['nested objects and lists', '{"db":{"hosts":["a","b"],"port":5432,"tls":true,"ca":null}}'],
    ['numbers in strings', '{"version":"1.50","id":"12345678901234567890"}'],
    ['braces, quotes and escapes in strings', '{"a":"}{\\"","b":"\\\\","c":"\\u00e9\\n","d":"-1e5"}'],
    ['the key itself', '{"user":"admin","password":"old","port":1}'],
    ['the key in a nested object', '{"inner":{"password":"kept"}}'],
    ['names of the language', '{"__proto__":{"x":1},"constructor":"c","toString":"t"}'],
  ])('leaves everything else as it is: %s', (_, template) => {
    const result = intoTemplate(template, 'password', PASSWORD);
    expect(JSON.parse(result)).toEqual({ ...JSON.parse(template), password: PASSWORD });
  });

  test.each(['__proto__', 'constructor', 'a"b', 'ключ', ''])('can have any key: %p', (key) => {
    const parsed = JSON.parse(intoTemplate('{"user":"admin"}', key, PASSWORD));
    expect(Object.entries(parsed)).toEqual(expect.arrayContaining([[key, PASSWORD]]));
    expect(parsed.user).toBe('admin');
  });

  test.each(['12345678901234567890', '0.1000', '-1.50E+400', '1e5', '-0', '9007199254740993'])(
    'does not change a digit of the number %s',
    (number) => {
      for (const template of [
        `{"id":${number}}`,
        `{"id":${number},"password":"old"}`,
        `{"deep":[{"id": ${number} }],"password":${number}}`,
        `{"other":1.50,"id":${number},"more":[${number},${number}]}`,
      ]) {
        const result = intoTemplate(template, 'password', PASSWORD);
        expect(result.replace(/\s/g, '')).toContain(`"id":${number}`);
        expect(JSON.parse(result).password).toBe(PASSWORD);
        expect(result.match(/"password"/g)).toHaveLength(1);
        expect(result).not.toContain(':"-');
        expect(JSON.stringify(JSON.parse(result).more)).toBe(JSON.stringify(JSON.parse(template).more));
      }
    },
  );
});

describe('what CloudFormation delivers', () => {
  test.each([
    ['a declared value that is empty', { SecretString: '' }, { kind: 'declared', text: '' }],
    [
      'a declared value beside a generator',
      { SecretString: 'x', GenerateSecretString: {} },
      { kind: 'declared', text: 'x' },
    ],
    ['neither', {}, { kind: 'none' }],
    ['null', { SecretString: null, GenerateSecretString: null }, { kind: 'none' }],
  ])('is read as a source of the value: %s', (_, given, value) => {
    expect(declaredSecret({ Name: 'x', ...given }, '').value).toEqual(value);
  });

  test('is read with defaults for what the construct did not write', () => {
    expect(declaredSecret({ Name: 'x' }, stackId('shop'))).toMatchObject({
      recoveryWindowInDays: 30,
      forceDeleteWithoutRecovery: false,
      restorePolicy: 'IF_OWNED',
      existingSecretPolicy: 'ADOPT_IF_OWNED',
      restoredValue: 'KEEP',
      updatedValue: 'REGENERATE',
      owner: 'shop',
      replicas: [],
      tags: {},
    });
  });
});

test('a value with every kind of character arrives as it is', async () => {
  const value = '{"a":"\\u00e9 \\" ´ 🗝"}\n\t\\';
  await cloud.resource().create(declaring(value));
  expect(await cloud.value()).toBe(value);
});
