import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import {
  type AdminRequest,
  type AdminResponse,
  adminErrorSchema,
  adminRoutes,
  csrfHeader,
  type EmptyRoute,
  type JsonRoute,
} from '../protocol/admin-api.ts';
import { type AdminPathParts, adminPath } from '../protocol/admin-path.ts';
import { type ErrorCode, errorTable, type Failure, FailureError } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { isProofValid, type RunningDaemon, readDiscovery } from './discovery.ts';
import { readPrivateFile } from './private-file.ts';
import type { StateLayout } from './state-dir.ts';

/** Nothing is asked for where a row takes nothing. */
type RequestOf<Route extends JsonRoute | EmptyRoute> = keyof AdminRequest<Route> extends never
  ? []
  : [request: AdminRequest<Route>];

type Parts = AdminPathParts & { readonly body?: unknown };

interface Answer {
  readonly statusCode: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/**
 * Speaks `/api` as the user who runs the daemon. The admin secret is shown only to a process that has proved to be that
 * daemon (WIRE §10): on TCP another program could have taken the port. Failures are {@link FailureError}.
 */
export class AdminClient {
  readonly #discovery: RunningDaemon;
  readonly #secret: string;
  readonly #agent: Agent;
  readonly #target: { readonly socketPath: string } | { readonly host: string; readonly port: number };
  #isProved = false;

  private constructor(discovery: RunningDaemon, secret: string) {
    this.#discovery = discovery;
    this.#secret = secret;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.#target =
      typeof discovery.localSocket === 'string'
        ? { socketPath: discovery.localSocket }
        : { host: discovery.tcp?.host ?? '127.0.0.1', port: discovery.tcp?.port ?? limits.defaultPort };
  }

  static open(layout: StateLayout): AdminClient {
    const read = readDiscovery(layout.discoveryFile);
    if (read.type === 'exposed' || read.type === 'unreadable')
      throw new FailureError({ code: 'FORBIDDEN', message: read.message });
    if (read.type !== 'ok' || read.file.state !== 'running') throw new FailureError(notRunning);
    const discovery = read.file;
    const secret = readPrivateFile(layout.adminSecretFile);
    switch (secret.type) {
      case 'ok':
        return new AdminClient(discovery, secret.text.trim());
      case 'missing':
        throw new FailureError(notRunning);
      case 'exposed':
      case 'unreadable':
        throw new FailureError({ code: 'FORBIDDEN', message: secret.message });
    }
  }

  async call<Route extends JsonRoute>(route: Route, ...request: RequestOf<Route>): Promise<AdminResponse<Route>> {
    const body = parseJson(await this.#ask(route, request[0]));
    const parsed = adminRoutes[route].response.safeParse(body);
    if (!parsed.success) {
      throw new FailureError({
        code: 'UPGRADE_REQUIRED',
        message: 'The daemon answers in another version of the admin API.',
        hint: 'Restart it with this version.',
      });
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema of this very route has just parsed it
    return parsed.data as AdminResponse<Route>;
  }

  /** A row that answers nothing. */
  async send<Route extends EmptyRoute>(route: Route, ...request: RequestOf<Route>): Promise<void> {
    await this.#ask(route, request[0]);
  }

  /**
   * Hands a request on as it is and its answer back as it comes, an endless one included; the secret is added here. The
   * status is not judged. Who stops reading destroys the answer.
   * @throws FailureError when nobody answers, or somebody who is not the daemon
   */
  async pass(request: PassedRequest): Promise<IncomingMessage> {
    await this.#prove();
    const type = request.body === undefined ? {} : { 'content-type': 'application/json' };
    const headers = { authorization: `Bearer ${this.#secret}`, [csrfHeader]: '1', ...type };
    // A socket of its own: an endless answer would keep everybody else waiting.
    return await this.#open({ ...request, headers, agent: false });
  }

  /** Whether the daemon answers within `timeoutMs`, and is still the one that was opened. Never rejects. */
  async isAnswering(timeoutMs: number): Promise<boolean> {
    this.#isProved = false;
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, timeoutMs, false).unref());
    const proved = this.#prove().then(
      () => true,
      () => false, // the reason is in every later call
    );
    return await Promise.race([proved, late]);
  }

  get daemon(): RunningDaemon {
    return this.#discovery;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Text of an answer that is no failure. */
  async #ask(route: JsonRoute | EmptyRoute, parts: Parts = {}): Promise<string> {
    await this.#prove();
    const { method, path } = adminRoutes[route];
    const headers = { authorization: `Bearer ${this.#secret}`, [csrfHeader]: '1' };
    const answer = await this.#send(method, adminPath(path, parts), headers, parts.body);
    if (answer.statusCode === 200 || answer.statusCode === 204) return answer.text;
    throw new FailureError(failureOf(parseJson(answer.text), answer.statusCode));
  }

  async #prove(): Promise<void> {
    if (this.#isProved) return;
    const { runKey, daemonRunId } = this.#discovery;
    const nonce = randomBytes(limits.nonceBytes).toString('base64url');
    const { headers } = await this.#send('GET', '/health/live', { 'x-exai-nonce': nonce });
    const proof = headers['x-exai-proof'];
    if (typeof proof !== 'string' || !isProofValid(runKey, nonce, daemonRunId, proof)) {
      throw new FailureError({
        code: 'DAEMON_UNAVAILABLE',
        message: 'Another program answers at the address of the daemon.',
        hint: 'Stop that program, or start the daemon on another port (EXAI_WS_PORT).',
      });
    }
    this.#isProved = true;
  }

  async #send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const type = text === undefined ? {} : { 'content-type': 'application/json' };
    const response = await this.#open({
      method,
      path,
      headers: { ...headers, ...type },
      body: text,
      agent: this.#agent,
    });
    const parts: Buffer[] = [];
    try {
      for await (const part of response) if (part instanceof Buffer) parts.push(part);
    } catch (error) {
      throw new FailureError(notRunning, { cause: error });
    }
    return {
      statusCode: response.statusCode ?? 0,
      headers: response.headers,
      text: Buffer.concat(parts).toString('utf8'),
    };
  }

  #open({ body, headers, ...request }: OpenedRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest({
        ...this.#target,
        ...request,
        headers: { host: 'localhost', ...headers },
        timeout: limits.connectTimeoutMs,
      });
      sent.once('timeout', () => sent.destroy(new Error('no answer')));
      sent.once('error', (error) => reject(new FailureError(notRunning, { cause: error })));
      sent.once('response', (response) => {
        sent.setTimeout(0); // an answer may be endless; its reader knows how long silence may last
        resolve(response);
      });
      sent.end(body);
    });
  }
}

/** A request for {@link AdminClient.pass}. */
export interface PassedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string | undefined;
}

interface OpenedRequest extends PassedRequest {
  readonly headers: Record<string, string>;
  readonly agent: Agent | false;
}

const notRunning: Failure = {
  code: 'DAEMON_UNAVAILABLE',
  message: 'The daemon does not run.',
  hint: 'Start it with: exai start',
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // the schema check says it
  }
}

function failureOf(body: unknown, statusCode: number): Failure {
  const parsed = adminErrorSchema.safeParse(body);
  const message = (parsed.success ? parsed.data.message : undefined) ?? `The daemon answered ${statusCode}.`;
  const hint = parsed.success ? parsed.data.hint : undefined;
  const code = parsed.success && isErrorCode(parsed.data.code) ? parsed.data.code : 'INTERNAL_ERROR';
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}
