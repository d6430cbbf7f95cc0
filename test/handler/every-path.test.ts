import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ExistingSecretPolicy, RecoverableSecret, RestorePolicy } from '../../src';
import { REGION } from './account';
import { type Call, Cloud, SIGNATURE } from './cloud';
import { PATHS, VALUES } from './paths';

const cloud = new Cloud();
const observations = new Map<string, Observation>();

// Each path once, through the real entry: what it logs, what it sends, and what it calls.
beforeAll(async () => {
  await cloud.start();
  for (const path of PATHS) {
    await cloud.reset();
    cloud.throughEntry = true;
    observations.set(path.name, await observed(() => path.run(cloud)));
  }
}, 60_000);
afterAll(() => cloud.stop());

const CONSOLE = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const;

/** Everything that left the function, and all values that were in it. */
interface Observation {
  readonly statuses: string;
  readonly written: readonly string[];
  readonly delivered: readonly string[];
  readonly values: readonly string[];
  readonly calls: readonly Call[];
}

async function observed(run: () => Promise<readonly { readonly status: string }[]>): Promise<Observation> {
  const written: string[] = [];
  const write = (...parts: unknown[]) => {
    written.push(parts.map((part) => (part instanceof Error ? `${part.stack}` : String(part))).join(' '));
    return true;
  };
  const spies = [
    ...CONSOLE.map((method) => jest.spyOn(console, method).mockImplementation(write)),
    ...[process.stdout, process.stderr].map((stream) => jest.spyOn(stream, 'write').mockImplementation(write)),
  ];
  const values: string[] = [...Object.values(VALUES), 'template-vàlue', '12345678901234567890'];
  cloud.intercept('secretsmanager:GetRandomPassword', async (_, next) => {
    const output = (await next()) as { RandomPassword: string };
    values.push(output.RandomPassword);
    return output;
  });
  try {
    const answers = await run();
    const statuses = answers.map(({ status }) => status).join(' ');
    for (const { input } of cloud.calls) if (input.SecretString) values.push(input.SecretString);
    return { statuses, written, delivered: cloud.delivered, values, calls: cloud.calls };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** A text as it may appear: plain, in base64 at any offset, escaped for JSON once or twice, in a URL. */
function disguises(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const ascii = JSON.stringify(value)
    .slice(1, -1)
    .replace(/[^ -~]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${'x'.repeat(offset)}${value}`).toString('base64');
    // What depends on the neighbours goes.
    return encoded.slice(offset === 0 ? 0 : 4, -4);
  });
  return [value, json, JSON.stringify(json).slice(1, -1), ascii, ...base64, encodeURIComponent(value)];
}

const KNOWN_FIELDS = [
  ...['request', 'requestId', 'resource', 'step', 'secret', 'region', 'why', 'error', 'lastUsed', 'status', 'reason'],
];

describe.each(PATHS.map((path) => [path.name, path] as const))('a path: %s', (name, path) => {
  const seen = () => observations.get(name) as Observation;

  test('ends as it is meant to, with one answer for each request', () => {
    expect(seen().statuses).toBe(path.statuses);
    expect(seen().delivered).toHaveLength(path.statuses.split(' ').length);
    for (const body of seen().delivered) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096);
  });

  test('lets neither a value nor the URL of the answer leave the function', () => {
    const { written, delivered, values } = seen();
    const everything = [...written, ...delivered].join('\n');
    const secrets = [...values, SIGNATURE, '/answer?', 'X-Amz-'];
    for (const disguise of new Set(secrets.flatMap(disguises))) expect(everything).not.toContain(disguise);
    // It does write: lines of JSON with fields that are known.
    expect(written.length).toBeGreaterThan(0);
    for (const line of written) expect(KNOWN_FIELDS).toEqual(expect.arrayContaining(Object.keys(JSON.parse(line))));
  });
});

test('a path that leaks would be seen', async () => {
  for (const disguise of disguises(VALUES.declared)) {
    const { written } = await observed(async () => {
      console.log(`before ${disguise} after`);
      return [];
    });
    expect(written.join()).toContain(disguise);
  }
  const base64 = Buffer.from(`{"a":"${VALUES.declared}"}`).toString('base64');
  expect(disguises(VALUES.declared).some((disguise) => base64.includes(disguise))).toBe(true);
});

const calls = () => [...observations.values()].flatMap((each) => each.calls);

/** What AWS checks for a call, beyond the action of its own name. */
function permissionsOf({ action, input }: Call): string[] {
  const operation = action.split(':')[1];
  const encrypts = 'SecretString' in input || 'KmsKeyId' in input || input.AddReplicaRegions?.length > 0;
  return [
    action,
    ...(operation === 'CreateSecret' && input.Tags?.length > 0 ? ['secretsmanager:TagResource'] : []),
    // Secrets Manager uses the key in the name of its caller; UpdateSecret and replication re-encrypt.
    ...(encrypts ? ['kms:GenerateDataKey', 'kms:Decrypt'] : []),
    ...(encrypts && operation !== 'CreateSecret' && operation !== 'PutSecretValue' ? ['kms:Encrypt'] : []),
  ];
}

/** The Lambda service writes what the function prints. */
const LOGGING = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** Every action of the only role, for a secret with all permissions that there are, but perhaps for those of one prop. */
function granted({ purgeProtection }: { readonly purgeProtection: boolean }): string[] {
  const stack = new Stack(new App(), 'Stack');
  new RecoverableSecret(stack, 'Secret', {
    restorePolicy: RestorePolicy.ALWAYS,
    existingSecretPolicy: ExistingSecretPolicy.ADOPT,
    purgeProtection,
  });
  const template = Template.fromStack(stack);
  const [{ Properties: role }, ...more] = Object.values(template.findResources('AWS::IAM::Role'));
  expect(more).toEqual([]);
  expect(role.ManagedPolicyArns).toBeUndefined();
  const attached = Object.values(template.findResources('AWS::IAM::Policy')).map(({ Properties }) => Properties);
  expect(attached).toHaveLength(purgeProtection ? 1 : 0);
  const statements: { Effect: string; Action: string | string[] }[] = [...role.Policies, ...attached].flatMap(
    ({ PolicyDocument: { Statement } }) => Statement,
  );
  expect(statements.filter(({ Effect }) => Effect !== 'Allow')).toEqual([]);
  return [...new Set(statements.flatMap(({ Action }) => Action))].sort();
}

test('the role has every action that some path uses, and no other', () => {
  expect([...new Set([...calls().flatMap(permissionsOf), ...LOGGING])].sort()).toEqual(
    granted({ purgeProtection: true }),
  );
});

test('the role reads no value, lists no secret, and has no wildcard among its actions', () => {
  const suspicious = (purgeProtection: boolean) =>
    granted({ purgeProtection }).filter((action) => /\*|GetSecretValue|BatchGet|ListSecrets|Policy/.test(action));
  expect(suspicious(false)).toEqual([]);
  expect(suspicious(true)).toEqual(
    ['DeleteResourcePolicy', 'GetResourcePolicy', 'PutResourcePolicy'].map((name) => `secretsmanager:${name}`),
  );
});

test('other regions see only calls that look for replicas', () => {
  const elsewhere = calls()
    .filter(({ region }) => region !== REGION)
    .map(({ action }) => action);
  expect(new Set(elsewhere)).toEqual(new Set(['secretsmanager:DescribeSecret']));
});

test('no update of metadata carries a value', () => {
  const updates = calls().filter(({ action }) => action === 'secretsmanager:UpdateSecret');
  expect(updates.length).toBeGreaterThan(0);
  for (const { input } of updates) expect(KEYS_OF_METADATA).toEqual(expect.arrayContaining(Object.keys(input)));
});

const KEYS_OF_METADATA = ['SecretId', 'Description', 'KmsKeyId', 'Type'];
