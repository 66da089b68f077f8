import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createLogger } from '../../platform/json-logger.ts';
import { SecretValues } from '../../platform/redaction.ts';
import { type AdminRoute, adminRoutes } from '../../protocol/admin-api.ts';
import { AdminSecret } from '../auth/admin-secret.ts';
import { Listeners } from '../listen/server.ts';
import { sampleStatus } from '../observe/sample-data.ts';
import { RecordedBus } from '../testing/recorded-bus.ts';
import type { AdminExchange, AdminHandlers } from './admin-handler.ts';
import { createAdminApi } from './create-admin-api.ts';
import { HttpRoutes } from './http-routes.ts';
import { StaticFiles } from './static-files.ts';

/** One call of a handler that is not given. */
export interface SeenCall {
  readonly route: AdminRoute;
  readonly input: unknown;
  readonly exchange: AdminExchange;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  /** Undefined when the text is not JSON. */
  readonly json: Record<string, unknown> | undefined;
}

export interface TestServerOptions {
  readonly secretFile: string;
  /** Only for what is derived from it; nothing is written there. */
  readonly stateDir?: string;
  readonly handlers?: Partial<AdminHandlers>;
  readonly rendererDir?: string;
  readonly trustProxy?: boolean;
  /** Also opens the dashboard's own listener. */
  readonly dashboard?: boolean;
}

/**
 * The real listeners, guards and routes around handlers that only note that they were called, for tests. The clock of
 * tickets and browser sessions stands still until it is moved.
 */
export class TestServer {
  readonly secret: AdminSecret;
  readonly calls: SeenCall[] = [];
  readonly logLines: string[] = [];
  readonly stopping = new AbortController();
  readonly listeners: Listeners;
  /** What the next handler throws, until it is taken away. */
  failing: unknown;
  nowMs = 1_000;

  private constructor(options: TestServerOptions) {
    this.secret = AdminSecret.create(options.secretFile);
    const bus = new RecordedBus();
    const logger = createLogger({
      level: 'debug',
      secrets: SecretValues.of([this.secret.value]),
      write: (line) => this.logLines.push(line),
    });
    const routes = new HttpRoutes({
      status: { status: () => sampleStatus() },
      metrics: { contentType: 'text/plain', text: () => Promise.resolve('exai_up 1\n') },
      metricsPublic: false,
      bus,
      checkBearer: (bearer) => Promise.resolve(bearer === 'a-valid-client-token' ? 'valid' : 'wrong'),
      mcp: { serve: () => Promise.reject(new Error('no request of this test is for MCP')) },
      isAdminSecret: (candidate) => this.secret.matches(candidate),
      onWrongBearer: () => 0,
      files: new StaticFiles(options.rendererDir),
      admin: createAdminApi({
        handlers: { ...this.#notingHandlers(), ...options.handlers },
        adminSecret: this.secret,
        stateDir: options.stateDir ?? '/state',
        trustProxy: options.trustProxy ?? false,
        stopping: this.stopping.signal,
        logger,
        dashboardUrl: () => `http://127.0.0.1:${this.port}/`,
        now: () => this.nowMs,
      }),
    });
    this.listeners = new Listeners({
      host: '127.0.0.1',
      allowedHosts: ['listed.example'],
      allowedOrigins: ['https://listed.example'],
      trustProxy: options.trustProxy ?? false,
      maxConnections: 1000,
      maxConnectionsPerAddress: 1000,
      maxUnauthenticated: 64,
      helloMaxBytes: 100,
      maxFrameBytes: 1000,
      helloTimeoutMs: 15_000,
      closeTimeoutMs: 50,
      bus,
      proofHeaders: () => ({}),
      checkBearer: () => Promise.resolve({ isValid: false, isCounted: false, delayMs: 0 }),
      onHttp: (request, response, peer) => void routes.serve(request, response, peer),
      onSocket: (socket) => socket.terminate(),
    });
  }

  static async start(options: TestServerOptions): Promise<TestServer> {
    const server = new TestServer(options);
    await server.listeners.listenTcp(0);
    if (options.dashboard === true) await server.listeners.listenDashboard('127.0.0.1', 0);
    return server;
  }

  get port(): number {
    return this.listeners.port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Headers of the exai command. */
  get asAdmin(): Record<string, string> {
    return { authorization: `Bearer ${this.secret.value}`, 'x-exai-request': '1' };
  }

  stop(): void {
    this.stopping.abort();
    this.listeners.closeAll();
  }

  /** Sends exactly this; `path` is not touched. */
  ask(
    method: string,
    path: string,
    headers: Record<string, string | string[]> = this.asAdmin,
    body?: string | Uint8Array,
    port = this.port,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false });
      request.once('error', reject);
      request.once('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', reject);
        response.once('end', () => {
          const bytes = Buffer.concat(parts);
          const text = bytes.toString('utf8');
          const { statusCode = 0, headers: answered } = response;
          resolve({ status: statusCode, headers: answered, text, bytes, json: parse(text) });
        });
      });
      request.end(body);
    });
  }

  /** A body of JSON with its content type. */
  send(method: string, path: string, body: unknown, headers: Record<string, string> = this.asAdmin): Promise<Answer> {
    return this.ask(method, path, { ...headers, 'content-type': 'application/json' }, JSON.stringify(body));
  }

  async ticket(): Promise<string> {
    const { json } = await this.ask('POST', '/api/ui/tickets');
    return String(json?.['ticket']);
  }

  signIn(ticket: string, headers: Record<string, string> = {}): Promise<Answer> {
    const page = { origin: this.origin, 'sec-fetch-site': 'same-origin' };
    return this.send('POST', '/api/ui/session', { ticket }, { ...page, ...headers });
  }

  /** Signs a browser in; the headers of its requests. */
  async browser(): Promise<Record<string, string>> {
    const { headers, json } = await this.signIn(await this.ticket());
    return {
      cookie: headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '',
      'x-exai-request': String(json?.['requestKey']),
      origin: this.origin,
      'sec-fetch-site': 'same-origin',
    };
  }

  #notingHandlers(): AdminHandlers {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table are its routes
    const routes = Object.keys(adminRoutes) as AdminRoute[];
    const handlers = routes.map((route) => [
      route,
      (input: unknown, exchange: AdminExchange) => {
        this.calls.push({ route, input, exchange });
        if (this.failing !== undefined) throw this.failing;
        if (adminRoutes[route].answers === 'ndjson') exchange.response.writeHead(200).write('{}\n');
        if (adminRoutes[route].answers === 'file') exchange.response.end('file');
        return { route };
      },
    ]);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one for every route of the table
    return Object.fromEntries(handlers) as AdminHandlers;
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- tests look at what they expect
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
