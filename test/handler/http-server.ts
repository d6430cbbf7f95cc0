import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

interface Received {
  readonly method?: string;
  readonly url?: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A status, or how a connection ends. */
export type Mishap = number | 'reset' | 'half' | 'silence';

/** A server that remembers every request, and answers as it is told after the mishaps that a test prepares. */
export class HttpServer {
  received: Received[] = [];
  mishaps: Mishap[] = [];

  private readonly server = http.createServer(async (incoming, response) => {
    const { method, url, headers } = incoming;
    const request = { method, url, headers, body: await bodyOf(incoming) };
    this.received.push(request);
    const mishap = this.mishaps.shift();
    if (mishap === 'silence') return;
    if (mishap === 'half') response.writeHead(500).write('<Err', () => incoming.socket.resetAndDestroy());
    else if (mishap === 'reset') incoming.socket.resetAndDestroy();
    else {
      const [status, text] = mishap === undefined ? this.answer(request) : [mishap, '<Error>a page</Error>'];
      // In two pieces, as a network may deliver it.
      response.writeHead(status).write(text.slice(0, 10));
      setImmediate(() => response.end(text.slice(10)));
    }
  });

  constructor(private readonly answer: (request: Received) => readonly [status: number, text: string]) {}

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  reset(): void {
    [this.received, this.mishaps] = [[], []];
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

async function bodyOf(incoming: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The SDK talks to this address, whatever the service. */
export function useEndpoint(endpoint: string): void {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
}
