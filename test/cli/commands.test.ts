import * as fs from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { type Emulator, startMinistack } from '../support/emulator';
import { Secrets } from '../support/secrets';
import { type Result, Shell } from './shell';
import { Users } from './users';

let emulator: Emulator;
let secrets: Secrets;
let users: Users;
/** Nobody may do anything, unless a test gives them the documented policy. */
let shell: Shell;

beforeAll(async () => {
  emulator = await startMinistack();
  secrets = new Secrets(emulator.endpoint);
  users = new Users(emulator.endpoint);
  shell = new Shell(emulator);
});
afterAll(() => emulator?.stop());

const VALUE = 'hunter2-hunter2';
const HOLDER = {
  'recoverable-secret:owner': 'team',
  'recoverable-secret:stack-id': 'arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/1234',
  'recoverable-secret:logical-id': 'ApiKey3D7AF6B5',
};
const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);

async function scheduled(name: string, days: number, tags: Record<string, string> = {}): Promise<void> {
  await secrets.create(name, VALUE, tags);
  await secrets.schedule(name, days);
}

const ERASED = '\r\u001b[K';
const lines = ({ stdout }: Result) => stdout.trimEnd().split(/\r?\n/);

describe('list', () => {
  let reader: Shell;
  beforeAll(async () => {
    reader = shell.as(await users.withPolicyOf('list'));
    await scheduled('list/later', 30, HOLDER);
    await scheduled('list/sooner', 7);
    await secrets.create('list/live', VALUE, { ...HOLDER, 'recoverable-secret:owner': 'else' });
  });

  test('shows what is scheduled, whoever made it, the soonest first', async () => {
    const result = await reader.run(['list', '--prefix', 'list/']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(lines(result).map((line) => line.split(/ {2,}/))).toEqual([
      ['SECRET', 'UNTIL', 'LEFT', 'LAST USED', 'OWNER, HELD BY'],
      ['list/sooner', inDays(7), '7 days', '-', '-'],
      ['list/later', inDays(30), '30 days', '-', 'team Shop ApiKey3D7AF6B5'],
    ]);
  });

  test('has an object for each in JSON', async () => {
    const { code, stdout } = await reader.run(['list', '--owner', 'team', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      {
        name: 'list/later',
        arn: await secrets.arn('list/later'),
        owner: 'team',
        stackId: HOLDER['recoverable-secret:stack-id'],
        logicalId: 'ApiKey3D7AF6B5',
        scheduled: true,
        deletionDate: expect.stringMatching(`^${inDays(30)}T`),
        deletionDateCalculated: false,
        daysLeft: 30,
        lastAccessedDate: null,
        purgeProtected: false,
      },
    ]);
    expect(await reader.run(['list', '--owner', 'nobody', '--json'])).toMatchObject({ code: 0, stdout: '[]\n' });
    expect(await reader.run(['list', '--owner', 'nobody'])).toMatchObject({
      code: 0,
      stdout: 'no such secret is scheduled for deletion in us-east-1\n',
    });
  });

  test('shows live secrets as well when asked, with the day of their last use', async () => {
    await secrets.value('list/live');
    const { stdout } = await reader.run(['list', '--all', '--prefix', 'list/live']);
    expect(stdout).toContain(`list/live  live   -     ${inDays(0)}  else Shop ApiKey3D7AF6B5`);
    const json = await reader.run(['list', '--all', '--prefix', 'list/live', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { scheduled: false, deletionDate: null, daysLeft: null, lastAccessedDate: inDays(0) },
    ]);
  });

  test('follows pages', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `pages/${i}`);
    await Promise.all(names.map((name) => scheduled(name, 7)));
    const { stdout } = await reader.run(['list', '--prefix', 'pages/', '--json']);
    expect(
      JSON.parse(stdout)
        .map(({ name }: { name: string }) => name)
        .sort(),
    ).toEqual(names.sort());
  });

  test('fits 80 columns in a terminal, and cuts nothing off', async () => {
    const name = `list/${'long-'.repeat(20)}name`;
    await scheduled(name, 9, HOLDER);
    const colored = await reader.inTerminal(['list', '--prefix', 'list/'], 80);
    const plain = await reader.inTerminal(['list', '--prefix', 'list/'], 80, '', { NO_COLOR: '1' });
    expect(colored.stdout).toContain('\u001b[2m');
    // Besides the progress, which is erased.
    const shown = plain.stdout.split(ERASED).at(-1) ?? '';
    expect(shown).not.toContain('\u001b');
    const rows = shown.trimEnd().split('\r\n');
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(80);
    const column = rows.map((row) => row.slice(0, rows[0].indexOf('UNTIL')).trim()).join('');
    expect(column).toContain(name);
    // In a pipe it is one line.
    expect(lines(await reader.run(['list', '--prefix', name]))).toHaveLength(2);
  });
});

describe('restore', () => {
  test('brings secrets back with their values, and says what each of the others is', async () => {
    const restorer = shell.as(await users.withPolicyOf('restore NAME...'));
    await scheduled('restore/one', 8, HOLDER);
    await scheduled('restore/two', 9);
    const arn = await secrets.arn('restore/two');
    const elsewhere = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:restore/three-abcdef';

    const first = await restorer.run(['restore', 'restore/one', arn, 'restore/none', elsewhere, 'no/such name']);
    expect(first.code).toBe(1);
    expect(first.stdout).toBe(
      `restore/one: restored with its value; it was scheduled for deletion until ${inDays(8)} (8 days left); the ` +
        `next deployment of its owner 'team' adopts it\n` +
        `restore/two: restored with its value; it was scheduled for deletion until ${inDays(9)} (9 days left)\n`,
    );
    expect(first.stderr).toBe(
      'restore/none: not found in us-east-1; if it is in another region or account, use --region or --profile\n' +
        `${elsewhere}: in eu-west-1, and this command looks in us-east-1: use --region eu-west-1\n` +
        'no/such name: neither the name of a secret nor its ARN\n',
    );
    expect(await secrets.value('restore/one')).toBe(VALUE);
    expect(await secrets.value('restore/two')).toBe(VALUE);

    expect(await restorer.run(['restore', 'restore/one', 'restore/one'])).toEqual({
      code: 0,
      stdout: 'restore/one: live already, nothing to do\n',
      stderr: '',
    });
  });
});

describe('extend', () => {
  test('gives a new window, and says that the secret can be read in between', async () => {
    const extender = shell.as(await users.withPolicyOf('extend NAME'));
    await scheduled('extend/one', 7, HOLDER);
    const before = await secrets.fingerprint('extend/one');

    const first = await extender.run(['extend', 'extend/one']);
    expect(first).toEqual({
      code: 0,
      stdout: `extend/one: scheduled for deletion until ${inDays(30)} (30 days left)\n`,
      stderr: 'extend/one: restoring and scheduling again; in between it is live and can be read\n',
    });
    expect(await secrets.daysLeft('extend/one')).toBe(30);
    const after = await secrets.fingerprint('extend/one');
    expect({ ...after, DeletedDate: undefined }).toEqual({ ...before, DeletedDate: undefined });

    const shorter = await extender.run(['extend', 'extend/one', '--days', '12']);
    expect(shorter.code).toBe(2);
    expect(shorter.stderr).toContain('--days 12 would shorten that; nothing was changed');
    expect(await secrets.daysLeft('extend/one')).toBe(30);
  });

  test('leaves a live secret alone', async () => {
    await secrets.create('extend/live', VALUE);
    const { code, stderr } = await shell.run(['extend', 'extend/live']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'extend/live: not scheduled for deletion, so there is no window to extend\n',
    });
    expect(await secrets.daysLeft('extend/live')).toBeUndefined();
    expect((await shell.run(['extend', 'extend/none'])).code).toBe(1);
  });

  test('says what state the secret is in when it cannot be scheduled again', async () => {
    // May restore, and not delete.
    const restorer = shell.as(await users.withPolicyOf('restore NAME...'));
    await scheduled('extend/stuck', 7);
    const { code, stderr } = await restorer.run(['extend', 'extend/stuck', '--days', '14']);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'extend/stuck: restored, but NOT scheduled again: no permission for secretsmanager:DeleteSecret',
    );
    const [, advice] = /it is live, can be read, and stays; to schedule it:\n {2}aws (.*)\n/.exec(stderr) ?? [];
    expect(advice).toBe(
      'secretsmanager delete-secret --region us-east-1 --secret-id extend/stuck --recovery-window-in-days 14',
    );
    expect(await secrets.daysLeft('extend/stuck')).toBeUndefined();
  });
});

describe('purge', () => {
  let purger: Shell;
  beforeAll(async () => {
    purger = shell.as(await users.withPolicyOf('purge NAME...'));
  });

  test('needs --yes where nobody can be asked, and deletes only what is scheduled', async () => {
    await scheduled('purge/one', 7);
    await secrets.create('purge/live', VALUE);
    const names = ['purge/one', 'purge/live', 'purge/none'];

    const asked = await purger.run(['purge', ...names]);
    expect(asked.code).toBe(1);
    expect(asked.stdout).toContain(`purge/one  ${inDays(7)}`);
    expect(asked.stderr).toContain('nothing was deleted: nobody can be asked here, so purge needs --yes');
    expect(await secrets.daysLeft('purge/one')).toBe(7);

    const { code, stdout, stderr } = await purger.run(['purge', '--yes', ...names]);
    expect(code).toBe(2);
    expect(lines({ code, stdout, stderr }).at(-1)).toBe('purge/one: deleted for good');
    expect(stdout).toContain('purge/none: not found in us-east-1, nothing to delete\n');
    expect(stderr).toBe(
      'purge/live: not scheduled for deletion, so it is left alone; destroy its stack first, or schedule it\n',
    );
    expect(await secrets.describe('purge/one')).toBeUndefined();
    expect(await secrets.value('purge/live')).toBe(VALUE);

    expect((await purger.run(['purge', '--yes', 'purge/one'])).code).toBe(0);
  });

  test('takes everything of an owner that is scheduled, and nothing else', async () => {
    const owner = { 'recoverable-secret:owner': 'pr-17' };
    await scheduled('pr-17/one', 7, owner);
    await scheduled('pr-17/two', 30, owner);
    await secrets.create('pr-17/live', VALUE, owner);
    await scheduled('pr-18/one', 7, { 'recoverable-secret:owner': 'pr-18' });

    const { code, stdout } = await purger.run(['purge', '--owner', 'pr-17', '--yes']);
    expect(code).toBe(0);
    expect(stdout).toContain('pr-17/one: deleted for good\npr-17/two: deleted for good\n');
    expect(await secrets.describe('pr-17/one')).toBeUndefined();
    expect(await secrets.describe('pr-17/two')).toBeUndefined();
    expect(await secrets.daysLeft('pr-17/live')).toBeUndefined();
    expect(await secrets.daysLeft('pr-18/one')).toBe(7);
    expect(await purger.run(['purge', '--owner', 'pr-17', '--yes'])).toEqual({
      code: 0,
      stdout: "no secret of owner 'pr-17' is scheduled for deletion in us-east-1\n",
      stderr: '',
    });
  });

  test.each([
    ['n', 'no', 1, 'nothing was deleted', 7],
    ['', 'Enter', 1, 'nothing was deleted', 7],
    ['\u0003', 'Ctrl-C', 1, 'nothing was deleted', 7],
    ['y', 'yes', 0, 'deleted for good', undefined],
  ])('asks on a terminal: %j', async (key, answer, code, said, daysLeft) => {
    const name = `purge/${answer}`;
    await scheduled(name, 7);
    const result = await purger.inTerminal(['purge', name], 80, `${key}\r`);
    expect(result.code).toBe(code);
    expect(result.stdout).toContain('Delete this secret for good?');
    expect(result.stdout).toContain(said);
    expect(daysLeft ? await secrets.daysLeft(name) : await secrets.describe(name)).toBe(daysLeft);
  });

  test('refuses what purgeProtection protects, and says how it is done', async () => {
    await scheduled('purge/by-prop', 7, { 'recoverable-secret:purge-protection': 'on' });
    const { code, stderr } = await purger.run(['purge', '--yes', 'purge/by-prop']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^purge\/by-prop: protected by purgeProtection; .*restores it.*delete-resource-policy/);
    expect(await secrets.daysLeft('purge/by-prop')).toBe(7);
    const { stdout } = await shell
      .as(await users.withPolicyOf('list'))
      .run(['list', '--prefix', 'purge/by-prop', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ purgeProtected: true }]);
  });

  test('refuses what a policy protects', async () => {
    await scheduled('purge/protected', 7);
    const allow = { Effect: 'Allow', Action: 'secretsmanager:*', Resource: '*' };
    const deny = { Effect: 'Deny', Action: 'secretsmanager:DeleteSecret', Resource: '*' };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [allow, deny] });
    const { code, stderr } = await shell.as(await users.with(policy)).run(['purge', '--yes', 'purge/protected']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^purge\/protected: protected, a policy denies secretsmanager:DeleteSecret in us-east-1/);
    expect(await secrets.daysLeft('purge/protected')).toBe(7);
  });
});

describe('whatever is asked', () => {
  test.each([
    [[], 'Usage:'],
    [['lsit'], "error: unknown command 'lsit'"],
    [['list', '--owner'], "error: option '--owner <owner>' argument missing"],
    [['list', 'name'], 'error: too many arguments'],
    [['restore'], "error: missing required argument 'name'"],
    [['restore', ''], ': neither the name of a secret nor its ARN'],
    [['restore', 'arn:aws:iam::000000000000:role/role'], 'neither the name of a secret nor its ARN'],
    [['extend', 'one', 'two'], 'error: too many arguments'],
    [['extend', 'name', '--days', '6'], '--days must be a whole number from 7 to 30, got: 6'],
    [['extend', 'name', '--days', '7.5'], '--days must be a whole number from 7 to 30, got: 7.5'],
    [['purge'], 'purge needs either names or --owner, got neither'],
    [['purge', 'name', '--owner', 'team'], 'purge needs either names or --owner, got both'],
  ])('bad input says what is wrong: %j', async (args, message) => {
    const { code, stdout, stderr } = await shell.run(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
  });

  test.each([
    [['list'], 'no permission for secretsmanager:ListSecrets'],
    [['restore', 'denied'], 'denied: no permission for secretsmanager:DescribeSecret'],
    [['extend', 'denied'], 'denied: no permission for secretsmanager:DescribeSecret'],
    [['purge', 'denied'], 'denied: no permission for secretsmanager:DescribeSecret'],
    [['purge', '--owner', 'denied'], 'no permission for secretsmanager:ListSecrets'],
  ])('a missing permission is named: %j', async (args, message) => {
    const { code, stderr } = await shell.as(await users.with()).run(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^${message} in us-east-1, as arn:aws:iam::000000000000:user/user\\d+\\n$`));
  });

  test('the region is the one of the AWS CLI', async () => {
    const config = path.join(emulator.directory, 'config');
    fs.writeFileSync(config, '[profile there]\nregion = eu-west-1\n[profile nowhere]\n');
    const said = async (args: string[], env: NodeJS.ProcessEnv) => {
      const { stdout, stderr } = await shell.run(['list', '--owner', 'none', ...args], {
        AWS_REGION: undefined,
        AWS_CONFIG_FILE: config,
        ...env,
      });
      return stdout + stderr;
    };
    expect(await said([], { AWS_DEFAULT_REGION: 'us-east-2' })).toContain('us-east-2');
    expect(await said([], { AWS_REGION: 'us-west-1', AWS_DEFAULT_REGION: 'us-east-2' })).toContain('us-west-1');
    expect(await said(['--region', 'us-west-2'], { AWS_REGION: 'us-west-1' })).toContain('us-west-2');
    expect(await said([], { AWS_PROFILE: 'there' })).toContain('eu-west-1');
    expect(await said(['--profile', 'there'], {})).toContain("eu-west-1 with profile 'there'");
    expect(await said(['--profile', 'nowhere'], {})).toBe(
      "no region: pass --region, set AWS_REGION, or give profile 'nowhere' a region\n",
    );
  });

  test('throttling is waited out', async () => {
    let requests = 0;
    // The first two are too many; whatever else comes goes on to the emulator.
    const throttling = http.createServer((request, response) => {
      requests += 1;
      if (requests > 2) {
        const { method, url, headers } = request;
        const { hostname, port } = new URL(emulator.endpoint);
        const onwards = http.request({ hostname, port, method, path: url, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        });
        request.pipe(onwards);
        return;
      }
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' }));
    });
    await new Promise<void>((resolve) => throttling.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = throttling.address() as AddressInfo;
      await scheduled('throttled', 7);
      const AWS_ENDPOINT_URL = `http://127.0.0.1:${port}`;
      const { code, stdout } = await shell.run(['restore', 'throttled'], { AWS_ENDPOINT_URL });
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('throttled: restored') });
      expect(requests).toBe(4);
    } finally {
      await new Promise((resolve) => throttling.close(resolve));
    }
  });

  test('no output has ever had a value', () => {
    expect(shell.transcript.length).toBeGreaterThan(20);
    expect(shell.transcript.filter((output) => output.includes(VALUE))).toEqual([]);
  });
});
