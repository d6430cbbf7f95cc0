import * as http from 'node:http';
import https from 'node:https';
import { type Answer, answerBody, sendAnswer } from '../../src/handler/cloudformation/response';
import { HttpServer } from './http-server';
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
  const server = new HttpServer(() => [200, '']);
  let slept: number[];
  beforeAll(() => server.start());
  afterAll(() => server.stop());
  beforeEach(() => {
    server.reset();
    slept = [];
  });

  const url = () => `${server.endpoint}/key?a=b%20c&${SIGNATURE}`;
  const send = (to = url()) =>
    sendAnswer({ ...REQUEST, ResponseURL: to }, FAILED, async (ms) => {
      slept.push(ms);
    });

  test('is one PUT of the body to the URL as it was given, with the empty content type that the signature covers', async () => {
    await send();
    expect(server.received).toHaveLength(1);
    const { headers, ...put } = server.received[0];
    expect(put).toEqual({ method: 'PUT', url: `/key?a=b%20c&${SIGNATURE}`, body: answerBody(REQUEST, FAILED) });
    expect(headers).toMatchObject({ 'content-type': '', 'content-length': `${Buffer.byteLength(put.body)}` });
    expect(headers).not.toHaveProperty('transfer-encoding');
    expect(slept).toEqual([]);
  });

  test.each([
    ['a server error', [500]],
    ['a redirection', [300]],
    ['several server errors', [500, 503, 500, 502]],
    ['a connection that is reset', ['reset' as const]],
    ['an answer that breaks off', ['half' as const]],
    ['one after the other', ['reset' as const, 503, 'reset' as const]],
  ])('is tried again after %s', async (_, before) => {
    server.mishaps = [...before];
    await send();
    expect(server.received).toHaveLength(before.length + 1);
    expect(new Set(server.received.map(({ body }) => body)).size).toBe(1);
    // Each pause is longer than the one before.
    expect(slept).toHaveLength(before.length);
    expect([...slept].sort((a, b) => a - b)).toEqual(slept);
    expect(new Set(slept).size).toBe(slept.length);
  });

  test('is tried again when nothing has come for ten seconds', async () => {
    server.mishaps = ['silence'];
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
    expect(server.received).toHaveLength(2);
    expect(slept).toEqual([1_000]);
  });

  test.each([
    ['the server fails', () => url(), 500, '500'],
    ['the URL is refused', () => url(), 403, '403'],
    ['nobody listens', () => `http://127.0.0.1:1/key?${SIGNATURE}`, 200, '0'],
  ])('gives up when %s, without a word about the URL', async (_, to, status, told) => {
    server.mishaps = Array(9).fill(status);
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
    // What CloudFormation and the function can wait for.
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
    expect(server.received).toHaveLength(1);
  });
});
