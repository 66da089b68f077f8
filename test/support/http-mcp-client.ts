import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { Arrivals } from './deadline.ts';

export interface HttpTarget {
  /** Of the TCP listener. */
  readonly port?: number;
  /** Of the local socket, instead. */
  readonly socketPath?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One event of a stream, as it came. */
export interface SseEvent {
  readonly id: string | undefined;
  readonly retry: number | undefined;
  readonly data: string;
}

type Headers = Readonly<Record<string, string>>;

export const mcpHeaders: Headers = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

/** An HTTP request to `/mcp`, byte by byte as the test says; headers with an empty value are left out. */
export function send(
  target: HttpTarget,
  method: string,
  headers: Headers,
  body?: string | Uint8Array,
): Promise<{ response: IncomingMessage; status: number; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...(target.socketPath === undefined
          ? { host: '127.0.0.1', port: target.port }
          : { socketPath: target.socketPath }),
        path: '/mcp',
        method,
        headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== '')),
        agent: false,
      },
      (response) => resolve({ response, status: response.statusCode ?? 0, headers: response.headers }),
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** The same with the whole body of the answer. */
export async function ask(
  target: HttpTarget,
  method: string,
  headers: Headers,
  body?: string | Uint8Array,
): Promise<HttpAnswer> {
  const { response, status, headers: answered } = await send(target, method, headers, body);
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status, headers: answered, body: text };
}

/** The events of an open response. */
export class EventReader {
  readonly events = new Arrivals<SseEvent>();
  readonly ended: Promise<void>;
  readonly #response: IncomingMessage;
  #text = '';

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#read(chunk));
    this.ended = new Promise((resolve) => {
      response.once('close', () => resolve());
    });
    response.on('error', () => undefined); // a cut stream is what some tests are about
  }

  /** The next event with data, parsed. */
  async message(): Promise<Record<string, unknown>> {
    for (;;) {
      const event = await this.events.next('an event');
      if (event.data !== '') return parseObject(event.data);
    }
  }

  /** Cuts the connection. */
  cut(): void {
    this.#response.destroy();
  }

  #read(chunk: string): void {
    this.#text += chunk;
    for (let end = this.#text.indexOf('\n\n'); end !== -1; end = this.#text.indexOf('\n\n')) {
      const lines = this.#text.slice(0, end).split('\n');
      this.#text = this.#text.slice(end + 2);
      const field = (name: string): string[] =>
        lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      const retry = field('retry')[0];
      if (lines.every((line) => line.startsWith(':'))) continue;
      this.events.push({
        id: field('id')[0],
        retry: retry === undefined ? undefined : Number(retry),
        data: field('data').join('\n'),
      });
    }
  }
}

/** A session over Streamable HTTP, as a client of revision 2025-11-25 unless told otherwise. */
export class HttpMcpClient {
  readonly sessionId: string;
  readonly initialized: Record<string, unknown>;
  readonly #target: HttpTarget;
  readonly #headers: Headers;
  #nextId = 1;

  private constructor(target: HttpTarget, headers: Headers, sessionId: string, initialized: Record<string, unknown>) {
    this.#target = target;
    this.#headers = headers;
    this.sessionId = sessionId;
    this.initialized = initialized;
  }

  static async connect(
    target: HttpTarget,
    options: { headers?: Headers; protocolVersion?: string; clientName?: string } = {},
  ): Promise<HttpMcpClient> {
    const { headers = {}, protocolVersion = '2025-11-25', clientName = 'http-test' } = options;
    const answer = await ask(
      target,
      'POST',
      { ...mcpHeaders, ...headers },
      JSON.stringify({
        jsonrpc: '2.0',
        id: 0,
        method: 'initialize',
        params: { protocolVersion, capabilities: {}, clientInfo: { name: clientName, version: '1' } },
      }),
    );
    const sessionId = answer.headers['mcp-session-id'];
    if (answer.status !== 200 || typeof sessionId !== 'string')
      throw new Error(`initialize was answered ${answer.status}: ${answer.body}`);
    const all = { ...headers, 'mcp-session-id': sessionId, 'mcp-protocol-version': protocolVersion };
    const client = new HttpMcpClient(target, all, sessionId, parseObject(answer.body));
    await client.post({ method: 'notifications/initialized' });
    return client;
  }

  /** A message as it is; `more` headers win. */
  post(message: Readonly<Record<string, unknown>>, more: Headers = {}): Promise<HttpAnswer> {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    return ask(this.#target, 'POST', { ...mcpHeaders, ...this.#headers, ...more }, body);
  }

  /** A request whose answer comes as JSON or as the last event of a stream. */
  async request(method: string, params: unknown = {}): Promise<Record<string, unknown>> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = await this.post({ id, method, params });
    if (answer.headers['content-type'] === 'application/json') return parseObject(answer.body);
    const data = /.*^data: (\{.*\})$/ms.exec(answer.body)?.[1];
    return parseObject(data ?? answer.body);
  }

  call(name: string, args: unknown = {}): Promise<Record<string, unknown>> {
    return this.request('tools/call', { name, arguments: args });
  }

  /** A request whose stream is read as it comes. */
  async stream(message: Readonly<Record<string, unknown>>): Promise<EventReader> {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const { response, status, headers } = await send(this.#target, 'POST', { ...mcpHeaders, ...this.#headers }, body);
    if (status !== 200 || headers['content-type'] !== 'text/event-stream')
      throw new Error(`no stream: ${status} ${headers['content-type'] ?? ''}`);
    return new EventReader(response);
  }

  /** `GET`: the session's own stream, or the rest of one. */
  async listen(lastEventId?: string): Promise<EventReader> {
    const { response, status } = await this.openListening(lastEventId);
    if (status !== 200) throw new Error(`GET was answered ${status}`);
    return new EventReader(response);
  }

  openListening(lastEventId = ''): ReturnType<typeof send> {
    const headers = { ...this.#headers, accept: 'text/event-stream', 'last-event-id': lastEventId };
    return send(this.#target, 'GET', headers);
  }

  delete(): Promise<HttpAnswer> {
    return ask(this.#target, 'DELETE', this.#headers);
  }
}

export function parseObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error(`no object: ${text.slice(0, 200)}`);
  return { ...value };
}
