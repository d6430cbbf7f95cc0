import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Cloud, handler, NO_ARN, SIGNATURE } from './cloud';
import { properties, request, stackId } from './requests';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud.stop());

interface Put {
  readonly method?: string;
  readonly contentType?: string;
  readonly body: string;
}
let server: http.Server;
let puts: Put[];
/** What the server does with the next PUTs; afterwards it accepts them. */
let mishaps: (number | 'reset')[];
let logged: string[];

beforeEach(async () => {
  await cloud.reset();
  [puts, mishaps, logged] = [[], [], []];
  jest.spyOn(console, 'log').mockImplementation((line) => logged.push(line));
  server = http.createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method, headers } = incoming;
    puts.push({ method, contentType: headers['content-type'], body: Buffer.concat(chunks).toString() });
    const mishap = mishaps.shift() ?? 200;
    if (mishap === 'reset') incoming.socket.resetAndDestroy();
    else response.writeHead(mishap).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const INVOCATION = { getRemainingTimeInMillis: () => 600_000 };
const signed = (secondsAgo: number) =>
  `X-Amz-Date=${new Date(Date.now() - secondsAgo * 1000).toISOString().replace(/[-:]|\.\d+/g, '')}&X-Amz-Expires=7200`;

function stopClock(time: number): number {
  jest.spyOn(Date, 'now').mockReturnValue(time);
  return time;
}

function create(query = signed(0), wanted = properties()) {
  const { port } = server.address() as AddressInfo;
  cloud.stacks.set(stackId('shop'), { status: 'CREATE_IN_PROGRESS', resources: { Db: 'CREATE_IN_PROGRESS' } });
  return request('Create', {
    StackId: stackId('shop'),
    LogicalResourceId: 'Db',
    ResponseURL: `http://127.0.0.1:${port}/key?${query}&X-Amz-Signature=${SIGNATURE}`,
    ResourceProperties: wanted,
  });
}

test('a request is carried out and answered with exactly one PUT', async () => {
  const asked = create();
  await handler(asked, INVOCATION);
  expect(puts).toHaveLength(1);
  expect(puts[0]).toMatchObject({ method: 'PUT', contentType: '' });
  expect(JSON.parse(puts[0].body)).toEqual({
    Status: 'SUCCESS',
    Reason: expect.any(String),
    PhysicalResourceId: (await cloud.describe())?.ARN,
    StackId: asked.StackId,
    RequestId: asked.RequestId,
    LogicalResourceId: 'Db',
    Data: { Id: (await cloud.describe())?.ARN, Outcome: 'CREATED' },
  });
});

test('a refusal is an answer as well', async () => {
  await cloud.create();
  await handler(create(), INVOCATION);
  expect(puts).toHaveLength(1);
  expect(JSON.parse(puts[0].body)).toMatchObject({
    Status: 'FAILED',
    PhysicalResourceId: NO_ARN,
    Reason: expect.stringContaining('ExistingSecretPolicy.ADOPT'),
  });
});

test('the answer is sent again when it does not arrive, and the work is not done again', async () => {
  mishaps = [500, 'reset', 503];
  await handler(create(), INVOCATION);
  expect(puts).toHaveLength(4);
  expect(new Set(puts.map(({ body }) => body)).size).toBe(1);
  expect(cloud.inputs('CreateSecret')).toHaveLength(1);
});

test('an answer that never arrives fails the invocation, so that Lambda repeats it, without telling the URL', async () => {
  mishaps = Array(20).fill(500);
  const failure: Error = await handler(create(), INVOCATION).then(
    () => new Error('it succeeded'),
    (error) => error,
  );
  expect(failure.message).toMatch(/could not be delivered/);
  expect([failure.stack, JSON.stringify(failure), ...logged].join()).not.toMatch(/9d377b1fa2c0f54e|127\.0\.0\.1/);

  // Delivered once more, the request finds what it did.
  mishaps = [];
  puts = [];
  await handler(create(), INVOCATION);
  expect(puts).toHaveLength(1);
});

test('the same request delivered twice gets the same answer', async () => {
  const asked = create();
  await handler(asked, INVOCATION);
  await handler(asked, INVOCATION);
  expect(puts).toHaveLength(2);
  expect(puts[1].body).toBe(puts[0].body);
});

test.each([
  ['of version 4', () => signed(7201)],
  ['of version 2, in that very second,', () => `Expires=${stopClock(Date.UTC(2027, 0, 1)) / 1000}`],
])('an expired URL %s ends it before any call to AWS, and without an answer', async (_, query) => {
  await handler(create(query()), INVOCATION);
  expect(puts).toEqual([]);
  expect(cloud.calls).toEqual([]);
  expect(logged.map((line) => JSON.parse(line))).toMatchObject([
    { step: 'ignored', why: 'CloudFormation no longer waits for an answer to this request' },
  ]);
});

test('the time that the function has left is asked of Lambda', async () => {
  const asked = { ...create(), RequestType: 'Delete' as const, PhysicalResourceId: 'recoverable-secret:unknown:x' };
  await handler(asked, { getRemainingTimeInMillis: () => 5_999 });
  expect(JSON.parse(puts[0].body).Status).toBe('SUCCESS');
  // No time to look again.
  expect(cloud.inputs('DescribeSecret')).toHaveLength(1);
});

test.each([
  ['of version 4', () => signed(60)],
  ['of version 2', () => `Expires=${Math.floor(Date.now() / 1000) + 60}`],
  ['without a time', () => 'x=y'],
])('a URL %s that can still be used is answered', async (_, query) => {
  await handler(create(query()), INVOCATION);
  expect(puts.map(({ body }) => JSON.parse(body).Status)).toEqual(['SUCCESS']);
});

test('each line of the log is JSON that names the request and the resource', async () => {
  const asked = create();
  await handler(asked, INVOCATION);
  const about = { request: 'Create', requestId: asked.RequestId, resource: 'Db' };
  expect(logged.length).toBeGreaterThan(1);
  for (const line of logged) expect(JSON.parse(line)).toMatchObject(about);
  expect(JSON.parse(logged.at(-1) ?? '')).toMatchObject({ status: 'SUCCESS' });
});
