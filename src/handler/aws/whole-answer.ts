import { Readable } from 'node:stream';
import type { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';

/** The part of the SDK's middleware that sees responses before they are read. */
interface ResponseMiddleware {
  addRelativeTo(
    middleware: (next: Handler) => Handler,
    where: { readonly name: string; readonly relation: 'after'; readonly toMiddleware: string },
  ): void;
}

type Handler = (request: object) => Promise<{ readonly response: Response }>;

interface Response {
  readonly statusCode: number;
  body?: AsyncIterable<Uint8Array> | Uint8Array;
}

/**
 * Lets everything be seen that the service answers to a command: the SDK drops the fields that its types do not know.
 *
 * @returns the fields of the last answer; none before there is one
 */
export function wholeAnswerOf(command: DescribeSecretCommand): () => object {
  let answer: object = {};
  const watch = (next: Handler) => async (request: object) => {
    const result = await next(request);
    const body = await bytesOf(result.response);
    // The reader that comes next takes bytes as well as a stream.
    result.response.body = body;
    if (result.response.statusCode === 200) answer = JSON.parse(body.toString());
    return result;
  };
  const stack = command.middlewareStack as unknown as ResponseMiddleware;
  stack.addRelativeTo(watch, { name: 'wholeAnswer', relation: 'after', toMiddleware: 'deserializerMiddleware' });
  return () => answer;
}

async function bytesOf({ body = Readable.from([]) }: Response): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
