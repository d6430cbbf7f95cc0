import * as http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Answer, answerBody, sendAnswer } from '../../src/handler/cloudformation/response';
import { request, stackId } from './requests';

const REQUEST = request('Create', { StackId: stackId('shop'), LogicalResourceId: 'Db' });
const FAILED: Answer = { status: 'FAILED', physicalId: 'recoverable-secret:unknown', reason: 'it is raining' };
const SIGNATURE = 'X-Amz-Signature=9d377b1fa2c0f54e';

describe('a body', () => {
  test('has the fields that CloudFormation documents, and no others', () => {
    const answer: Answer = { status: 'SUCCESS', physicalId: 'arn:x', data: { Outcome: 'CREATED' } };
    expect(JSON.parse(answerBody(REQUEST, answer))).toEqual({
      Status: 'SUCCESS',
      Reason: expect.stringMatching(/./),
      PhysicalResourceId: 'arn:x',
      StackId: REQUEST.StackId,
      RequestId: REQUEST.RequestId,
      LogicalResourceId: 'Db',
      Data: { Outcome: 'CREATED' },
    });
  });

  test('has a reason of one line', () => {
    const { Reason } = JSON.parse(answerBody(REQUEST, { ...FAILED, reason: ' it\n is\r\n\training ' }));
    expect(Reason).toBe('it is raining');
  });

  test('with a reason that just fits is not cut', () => {
    const room = 4096 - Buffer.byteLength(answerBody(REQUEST, { ...FAILED, reason: '' }));
    const fits = answerBody(REQUEST, { ...FAILED, reason: 'x'.repeat(room) });
    expect(Buffer.byteLength(fits)).toBe(4096);
    expect(JSON.parse(fits).Reason).toBe('x'.repeat(room));
    const cut = answerBody(REQUEST, { ...FAILED, reason: 'x'.repeat(room + 1) });
    expect(Buffer.byteLength(cut)).toBe(4096);
    expect(JSON.parse(cut).Reason).toBe(`${'x'.repeat(room - 3)}...`);
  });

  test.each([
    ['of two bytes', 'é'],
    ['of three bytes', '€'],
    ['of four bytes', '🗝'],
    ['that JSON escapes', '"'],
    ['that JSON escapes at length', '\u0001'],
    ['of a mixture', 'aé€🗝"\\'],
  ])('is cut between characters %s', (_, character) => {
    for (const prefix of ['', 'a', 'ab', 'abc']) {
      const body = answerBody(REQUEST, { ...FAILED, reason: prefix + character.repeat(5000) });
      const bytes = Buffer.byteLength(body);
      expect(bytes).toBeLessThanOrEqual(4096);
      expect(bytes).toBeGreaterThan(4096 - 8);
      const { Reason, ...rest } = JSON.parse(body);
      expect(Reason).toMatch(/\.\.\.$/);
      // No half of a surrogate pair, and nothing that is not from the reason.
      expect(Reason.slice(0, -3).isWellFormed?.() ?? !/[\ud800-\udbff]$/.test(Reason.slice(0, -3))).toBe(true);
      expect((prefix + character.repeat(5000)).startsWith(Reason.slice(0, -3))).toBe(true);
      expect(rest).toMatchObject({ PhysicalResourceId: FAILED.physicalId, RequestId: REQUEST.RequestId });
    }
  });
});

describe('sending', () => {
  interface Received {
    readonly method?: string;
    readonly url?: string;
    readonly headers: http.IncomingHttpHeaders;
    readonly rawHeaders: string[];
    readonly body: string;
  }
  let server: http.Server;
  let received: Received[];
  let statuses: (number | 'reset' | 'half' | 'silence')[];
  let slept: number[];

  beforeEach(async () => {
    received = [];
    statuses = [];
    slept = [];
    server = http.createServer(async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const { method, url, headers, rawHeaders } = incoming;
      received.push({ method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString() });
      const status = statuses.shift() ?? 200;
      if (status === 'silence') return;
      if (status === 'half') response.writeHead(500).write('<Err', () => incoming.socket.resetAndDestroy());
      else if (status === 'reset') incoming.socket.resetAndDestroy();
      else response.writeHead(status).end('<Error>a page</Error>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/key?a=b%20c&${SIGNATURE}`;
  const send = (to = url()) =>
    sendAnswer({ ...REQUEST, ResponseURL: to }, FAILED, async (ms) => {
      slept.push(ms);
    });

  test('is one PUT of the body to the URL as it was given', async () => {
    await send();
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ method: 'PUT', url: `/key?a=b%20c&${SIGNATURE}` });
    expect(received[0].body).toBe(answerBody(REQUEST, FAILED));
    expect(slept).toEqual([]);
  });

  test('has an empty content type, which the signature covers, and a length instead of chunks', async () => {
    await send();
    const { headers } = received[0];
    expect(headers['content-type']).toBe('');
    expect(headers['content-length']).toBe(String(Buffer.byteLength(received[0].body)));
    expect(headers['transfer-encoding']).toBeUndefined();
  });

  test.each([
    ['a server error', [500]],
    ['a redirection', [300]],
    ['several server errors', [500, 503, 500, 502]],
    ['a connection that is reset', ['reset' as const]],
    ['an answer that breaks off', ['half' as const]],
    ['one after the other', ['reset' as const, 503, 'reset' as const]],
  ])('is tried again after %s', async (_, before) => {
    statuses = [...before];
    await send();
    expect(received).toHaveLength(before.length + 1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    // Each pause is longer than the one before.
    expect(slept).toHaveLength(before.length);
    expect([...slept].sort((a, b) => a - b)).toEqual(slept);
    expect(new Set(slept).size).toBe(slept.length);
  });

  test('is tried again when nothing has come for ten seconds', async () => {
    statuses = ['silence'];
    const limits: number[] = [];
    const timeout = jest.spyOn(http.ClientRequest.prototype, 'setTimeout').mockImplementation(function (
      this: http.ClientRequest,
      limit,
      then = () => {},
    ) {
      limits.push(limit);
      if (limits.length === 1) setTimeout(then, 50);
      return this;
    });
    await send();
    timeout.mockRestore();
    expect(limits).toEqual([10_000, 10_000]);
    expect(received).toHaveLength(2);
    expect(slept).toEqual([1_000]);
  });

  test.each([
    ['the server fails', () => url(), 500, '500'],
    ['the URL is refused', () => url(), 403, '403'],
    ['nobody listens', () => `http://127.0.0.1:1/key?${SIGNATURE}`, 200, '0'],
  ])('gives up when %s, without a word about the URL', async (_, to, status, told) => {
    statuses = Array(9).fill(status);
    const failure = await send(to()).then(
      () => undefined,
      (error) => error,
    );
    expect(failure).toBeInstanceOf(Error);
    expect(failure.message).toContain(told);
    expect(`${failure.stack} ${JSON.stringify(failure)} ${Object.values(failure)}`).not.toMatch(
      /9d377b1fa2c0f54e|127\.0\.0\.1|http:/,
    );
    expect(failure.cause).toBeUndefined();
    expect(slept).toHaveLength(4);
  });

  test('does not outlast what CloudFormation and the function can wait for', async () => {
    statuses = Array(9).fill(500);
    await send().catch(() => undefined);
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(30_000);
  });

  test('uses TLS for an https URL', async () => {
    const over = jest
      .spyOn(https, 'request')
      .mockImplementation(((_: string, options: object, answered: never) =>
        http.request(url(), options, answered)) as never);
    await send(`https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/key?${SIGNATURE}`);
    expect(over).toHaveBeenCalledTimes(1);
    expect(over.mock.calls[0][0]).toMatch(/^https:\/\/cloudformation-custom-resource-response.*9d377b1fa2c0f54e$/);
    over.mockRestore();
    expect(received).toHaveLength(1);
  });
});
