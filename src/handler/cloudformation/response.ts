import * as http from 'node:http';
import * as https from 'node:https';
import type { CloudFormationRequest } from './request';

/** What CloudFormation accepts, the whole body counted (custom resource response objects, CloudFormation guide). */
const MAX_BODY_BYTES = 4096;
const ATTEMPTS = 5;
const ATTEMPT_TIMEOUT_MS = 10_000;

export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly physicalId: string;
  readonly reason?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** The response body; a reason that is too long is cut, never the rest. */
export function answerBody(request: CloudFormationRequest, answer: Answer): string {
  const body = (text: string) =>
    JSON.stringify({
      Status: answer.status,
      Reason: text,
      PhysicalResourceId: answer.physicalId,
      StackId: request.StackId,
      RequestId: request.RequestId,
      LogicalResourceId: request.LogicalResourceId,
      Data: answer.data,
    });
  const reason = oneLine(answer.reason ?? 'done');
  const fits = (text: string) => Buffer.byteLength(body(text)) <= MAX_BODY_BYTES;
  if (fits(reason)) return body(reason);
  const characters = [...reason];
  const cut = (length: number) => `${characters.slice(0, length).join('')}...`;
  let low = 0;
  let high = characters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(cut(middle))) low = middle;
    else high = middle - 1;
  }
  return body(cut(low));
}

/** Puts the answer; throws when CloudFormation cannot be reached, and Lambda then delivers the request again. */
export async function sendAnswer(
  request: CloudFormationRequest,
  answer: Answer,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  const body = answerBody(request, answer);
  for (let attempt = 1; ; attempt++) {
    const status = await put(request.ResponseURL, body).catch(() => 0);
    if (status >= 200 && status < 300) return;
    // The text is ours: an error of the HTTP client could quote the URL, which is a credential.
    if (attempt === ATTEMPTS) throw new Error(`the answer could not be delivered, last HTTP status: ${status}`);
    await sleep(500 * 2 ** attempt);
  }
}

function put(url: string, body: string): Promise<number> {
  const { request } = url.startsWith('http:') ? http : https;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      // The signature of the URL covers an empty content type.
      { method: 'PUT', headers: { 'content-type': '', 'content-length': Buffer.byteLength(body) } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      },
    );
    outgoing.setTimeout(ATTEMPT_TIMEOUT_MS, () => outgoing.destroy());
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
