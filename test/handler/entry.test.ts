import { emptyCloud, handler, SIGNATURE } from './cloud';
import { answerUrl, request, stackId } from './requests';

const cloud = emptyCloud();

let logged: string[];
beforeEach(() => {
  logged = [];
  jest.spyOn(console, 'log').mockImplementation((line) => logged.push(line));
});
afterEach(() => jest.restoreAllMocks());

const INVOCATION = { getRemainingTimeInMillis: () => 600_000 };
const sent = (secondsAgo: number) => answerUrl(Date.now() - secondsAgo * 1000, cloud.server.endpoint);

function create(ResponseURL = sent(0)) {
  cloud.stacks.set(stackId('shop'), { status: 'CREATE_IN_PROGRESS', resources: { Db: 'CREATE_IN_PROGRESS' } });
  return request('Create', { StackId: stackId('shop'), LogicalResourceId: 'Db', ResponseURL });
}

const withQuery = (query: string) => `${cloud.server.endpoint}/key?${query}&X-Amz-Signature=${SIGNATURE}`;
const statuses = () => cloud.delivered.map((body) => JSON.parse(body).Status);

test('a request is carried out and answered with exactly one PUT, and each line of the log names both', async () => {
  const asked = create();
  await handler(asked, INVOCATION);
  expect(cloud.server.received).toMatchObject([{ method: 'PUT', headers: { 'content-type': '' } }]);
  const Id = (await cloud.describe())?.ARN;
  const answer = {
    Status: 'SUCCESS',
    PhysicalResourceId: Id,
    RequestId: asked.RequestId,
    Data: { Id, Outcome: 'CREATED' },
  };
  expect(JSON.parse(cloud.delivered[0])).toMatchObject(answer);
  expect(logged.length).toBeGreaterThan(1);
  const about = { request: 'Create', requestId: asked.RequestId, resource: 'Db' };
  for (const line of logged) expect(JSON.parse(line)).toMatchObject(about);
  expect(JSON.parse(logged.at(-1) ?? '')).toMatchObject({ status: 'SUCCESS' });
});

test('the answer is sent again when it does not arrive, and the work is not done again', async () => {
  cloud.server.mishaps = [500, 'reset', 503];
  await handler(create(), INVOCATION);
  expect(cloud.delivered).toHaveLength(4);
  expect(new Set(cloud.delivered).size).toBe(1);
  expect(cloud.inputs('CreateSecret')).toHaveLength(1);
});

test('an answer that never arrives fails the invocation, so that Lambda repeats it, without telling the URL', async () => {
  cloud.server.mishaps = Array(20).fill(500);
  const failure: Error = await handler(create(), INVOCATION).then(
    () => new Error('it succeeded'),
    (error) => error,
  );
  expect(failure.message).toMatch(/could not be delivered/);
  expect([failure.stack, JSON.stringify(failure), ...logged].join()).not.toMatch(/9d377b1fa2c0f54e|127\.0\.0\.1/);
  // Delivered once more, the request finds what it did.
  cloud.server.reset();
  await handler(create(), INVOCATION);
  expect(cloud.delivered).toHaveLength(1);
});

function stopClock(time: number): number {
  jest.spyOn(Date, 'now').mockReturnValue(time);
  return time;
}

test.each([
  ['of version 4', () => sent(7201)],
  ['of version 2, in that very second,', () => withQuery(`Expires=${stopClock(Date.UTC(2027, 0, 1)) / 1000}`)],
])('an expired URL %s ends it before any call to AWS, and without an answer', async (_, url) => {
  await handler(create(url()), INVOCATION);
  expect([...cloud.delivered, ...cloud.calls]).toEqual([]);
  expect(logged.map((line) => JSON.parse(line))).toMatchObject([
    { step: 'ignored', why: 'CloudFormation no longer waits for an answer to this request' },
  ]);
});

test.each([
  ['of version 4', () => sent(60)],
  ['of version 2', () => withQuery(`Expires=${Math.floor(Date.now() / 1000) + 60}`)],
  ['without a time', () => withQuery('x=y')],
])('a URL %s that can still be used is answered', async (_, url) => {
  await handler(create(url()), INVOCATION);
  expect(statuses()).toEqual(['SUCCESS']);
});

test('the time that the function has left is asked of Lambda', async () => {
  const asked = { ...create(), RequestType: 'Delete' as const, PhysicalResourceId: 'recoverable-secret:unknown:x' };
  await handler(asked, { getRemainingTimeInMillis: () => 5_999 });
  expect(statuses()).toEqual(['SUCCESS']);
  // No time to look again.
  expect(cloud.inputs('DescribeSecret')).toHaveLength(1);
});
