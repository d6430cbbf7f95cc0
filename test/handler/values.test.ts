import { intoTemplate } from '../../src/handler/secret-value';
import { DONE, emptyCloud, FAILED, REFUSED } from './cloud';
import { declaring, type Properties, properties } from './requests';

const cloud = emptyCloud();

const generating = (options: Properties) => properties({ GenerateSecretString: options });

describe('a generated value', () => {
  test('is made by AWS with every option in its own type, when the permission has come', async () => {
    cloud.fail('secretsmanager:GetRandomPassword', 'AccessDeniedException', { times: 1 });
    const flags = {
      ExcludeLowercase: true,
      ExcludeNumbers: false,
      ExcludePunctuation: true,
      ExcludeUppercase: false,
      IncludeSpace: true,
      RequireEachIncludedType: false,
    };
    const asDelivered = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, `${flag}`]));
    await cloud.resource().create(generating({ ...asDelivered, PasswordLength: '20', ExcludeCharacters: '"@/\\' }));
    const asked = { ...flags, PasswordLength: 20, ExcludeCharacters: '"@/\\' };
    expect(cloud.inputs('GetRandomPassword').at(-1)).toEqual(asked);
  });

  test.each<[string, Properties, RegExp]>([
    ['as AWS makes it where the template says nothing', {}, /^.{32}$/],
    ['without punctuation', { ExcludePunctuation: 'true', PasswordLength: '80' }, /^[A-Za-z0-9]{80}$/],
    ['of digits', { ExcludePunctuation: true, ExcludeLowercase: 'TRUE', ExcludeUppercase: 'True' }, /^\d{32}$/],
    ['without excluded characters', { ExcludeCharacters: 'aeiou', PasswordLength: 200 }, /^[^aeiou]{200}$/],
    [
      'a member of the template',
      { SecretStringTemplate: '{"username":"admin"}', GenerateStringKey: 'password' },
      /^{"username":"admin","password":".{32,}"}$/,
    ],
  ])('is %s', async (_, options, value) => {
    await cloud.resource().create(generating(options));
    expect(await cloud.value()).toMatch(value);
  });

  test.each<[string, Properties]>([
    ['template without a key', { SecretStringTemplate: '{"user":"s3cr3t-template"}' }],
    ['key without a template', { GenerateStringKey: 'password' }],
    ['template that is no JSON', { SecretStringTemplate: '{"user": s3cr3t-template', GenerateStringKey: 'password' }],
    ['template that is an array', { SecretStringTemplate: '["s3cr3t-template"]', GenerateStringKey: 'password' }],
    ['template that is a string', { SecretStringTemplate: '"s3cr3t-template"', GenerateStringKey: 'password' }],
    ['template that is null', { SecretStringTemplate: 'null', GenerateStringKey: 'password' }],
    ['template that is empty', { SecretStringTemplate: '', GenerateStringKey: 'password' }],
  ])('with a %s is refused before anything happens, and keeps no Delete from succeeding', async (_, options) => {
    const refused = await cloud.resource().create(generating(options));
    expect(refused).toMatchObject(REFUSED);
    expect(refused.reason).not.toContain('s3cr3t');
    const db = await cloud.deployed();
    expect(await db.update(generating(options))).toMatchObject(FAILED);
    expect(cloud.changes).toEqual([]);
    expect(await db.delete({ properties: generating(options) })).toMatchObject(DONE);
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

test('a value with every kind of character arrives as it is', async () => {
  const value = '{"a":"\\u00e9 \\" ´ 🗝"}\n\t\\';
  await cloud.resource().create(declaring(value));
  expect(await cloud.value()).toBe(value);
});
