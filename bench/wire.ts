import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

interface Reply {
  readonly status: number;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body: string;
}

/** A request to AWS; `operation` is empty for what belongs to no API, such as the answer to CloudFormation. */
export interface Request {
  readonly operation: string;
  readonly path: string;
  readonly body: string;
}

/** An endpoint that sees every request to AWS. */
export class Wire {
  /** Operations in the order in which they were asked for. */
  readonly operations: string[] = [];

  private constructor(private readonly server: http.Server) {}

  /**
   * @param reply What to reply; undefined to pass the request on
   * @param behind The endpoint behind, if there is one
   */
  static async start(reply: (request: Request) => Reply | undefined, behind?: string): Promise<Wire> {
    const server = http.createServer(async (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const operation = operationOf(incoming, body);
      if (operation) wire.operations.push(operation);
      const replied =
        reply({ operation, path: incoming.url ?? '', body }) ?? (await passOn(behind ?? '', incoming, body));
      outgoing.writeHead(replied.status, replied.headers).end(replied.body);
    });
    const wire = new Wire(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What was asked for since the last time. */
  take(): string[] {
    return this.operations.splice(0);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Secrets Manager names the operation in a header, CloudFormation in the body. */
function operationOf({ headers }: http.IncomingMessage, body: string): string {
  const target = headers['x-amz-target'];
  return typeof target === 'string' ? target.split('.')[1] : (new URLSearchParams(body).get('Action') ?? '');
}

async function passOn(behind: string, { method, url, headers }: http.IncomingMessage, body: string): Promise<Reply> {
  const sent = Object.entries(headers).filter(([name]) => !['host', 'connection', 'content-length'].includes(name));
  const response = await fetch(`${behind}${url}`, { method, body, headers: sent as [string, string][] });
  return {
    status: response.status,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: await response.text(),
  };
}
