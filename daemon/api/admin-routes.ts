import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type AdminRoute, type AdminRow, adminRoutes } from '../../protocol/admin-api.ts';
import { errorTable, type Failure, FailureError } from '../../protocol/errors.ts';
import type { FailureThrottle } from '../auth/failure-throttle.ts';
import { respond } from '../listen/respond.ts';
import { type AdminGate, isUnsafe, NoCredentialError } from './admin-gate.ts';
import type { AdminCaller, AdminExchange, AdminHandlers, GoneReason } from './admin-handler.ts';
import { RouteMatcher } from './match-route.ts';
import { readInput } from './read-input.ts';

/** A change that somebody has made through the admin API. */
export interface AdminChange {
  readonly route: AdminRoute;
  /** `secret`, `ticket` (a sign-in), or the label of a browser's session. */
  readonly by: string;
  /** Path parameters: what was changed. */
  readonly target: Readonly<Record<string, unknown>>;
  /** Names of what the body sets. Never a value, which may be a secret. */
  readonly fields: readonly string[];
}

export interface AdminApiOptions {
  readonly handlers: AdminHandlers;
  readonly gate: AdminGate;
  /** Counts wrong credentials. Its own, so that nobody delays the editors. */
  readonly throttle: FailureThrottle;
  /** Aborts when the daemon is about to cut its connections. */
  readonly stopping: AbortSignal;
  onFailure(route: AdminRoute, error: unknown): void;
  onChange(change: AdminChange): void;
  /** A wrong credential; at most one call per address in ten seconds. */
  onRefused(address: string): void;
}

/** No page, ours or another's, may show or embed an answer of this API. */
const alwaysSent = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** Serves `/api/*` from the route table. The requests have passed the Host and Origin guards. */
export class AdminApi {
  readonly #options: AdminApiOptions;
  readonly #matcher = new RouteMatcher();

  constructor(options: AdminApiOptions) {
    this.#options = options;
  }

  /**
   * @param path without the query, as it was sent
   * @param address of the client, behind a trusted proxy the one it names
   */
  async serve(request: IncomingMessage, response: ServerResponse, path: string, address: string): Promise<void> {
    for (const [name, value] of Object.entries(alwaysSent)) response.setHeader(name, value);
    const match = this.#matcher.match(request.method, path);
    if (match.type === 'none') {
      request.resume();
      fail(response, { code: 'NOT_FOUND', message: 'There is no such route.' });
      return;
    }
    if (match.type === 'method') {
      request.resume();
      const allowed = match.allowed.join(', ');
      respond(response, 405, { code: 'INVALID_REQUEST', message: `Use ${allowed}.` }, { Allow: allowed });
      return;
    }
    const { route, params } = match;
    try {
      const row: AdminRow = adminRoutes[route];
      const caller = this.#options.gate.admit(row.access, request);
      await this.#run(route, row, params, { request, response, caller });
    } catch (error) {
      request.resume();
      await this.#fail(route, response, address, error);
    }
  }

  async #run(
    route: AdminRoute,
    row: AdminRow,
    params: Readonly<Record<string, string>>,
    { request, response, caller }: Omit<AdminExchange, 'gone'>,
  ): Promise<void> {
    if (caller.type === 'browser') response.once('close', caller.session.use());
    const gone = this.#goneSignal(response, caller);
    const input = await readInput(row, request, params);
    if (request.method === 'HEAD' && row.answers === 'ndjson') {
      startStream(response).end();
      return;
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schemas of this very route have parsed the input
    const handler = this.#options.handlers[route] as (input: unknown, exchange: AdminExchange) => unknown;
    const answer = await handler(input, { request, response, gone, caller });
    if (isUnsafe(request)) {
      this.#options.onChange({ route, by: nameOf(caller), target: params, fields: fieldsOf(input['body']) });
    }
    if (row.answers === 'json') respond(response, 200, answer);
    if (row.answers === 'empty') response.writeHead(204, { 'Cache-Control': 'no-store' }).end();
  }

  /** A listener per source, and none left when the answer has gone out: streams may last for days. */
  #goneSignal(response: ServerResponse, caller: AdminCaller): AbortSignal {
    const controller = new AbortController();
    const abort = (reason: GoneReason): void => controller.abort(reason);
    const sources: (readonly [AbortSignal, () => void])[] = [
      [this.#options.stopping, () => abort('daemon-stopping')],
      ...(caller.type === 'browser' ? [[caller.session.ended, () => abort('signed-out')] as const] : []),
    ];
    for (const [signal, listener] of sources) {
      if (signal.aborted) listener();
      else signal.addEventListener('abort', listener, { once: true });
    }
    response.once('close', () => {
      for (const [signal, listener] of sources) signal.removeEventListener('abort', listener);
      abort('client-gone');
    });
    return controller.signal;
  }

  async #fail(route: AdminRoute, response: ServerResponse, address: string, error: unknown): Promise<void> {
    if (response.headersSent) {
      // A stream or file that broke: there is no way left to say so but to cut it.
      if (!response.destroyed) this.#options.onFailure(route, error);
      response.destroy();
      return;
    }
    if (!(error instanceof FailureError)) {
      this.#options.onFailure(route, error);
      fail(response, { code: 'INTERNAL_ERROR', message: 'The daemon could not do this; its log says why.' });
      return;
    }
    // A page that is signed out, or a bookmark, guesses nothing.
    const isGuess = error.failure.code === 'UNAUTHORIZED' && !(error instanceof NoCredentialError);
    if (isGuess) await this.#slowDown(address);
    fail(response, error.failure);
  }

  /** Guard 8, for the credentials of this API. */
  async #slowDown(address: string): Promise<void> {
    const { delayMs, shouldLog } = this.#options.throttle.failed(address);
    if (shouldLog) this.#options.onRefused(address);
    if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
  }
}

/** Head of a stream of JSON lines. */
export function startStream(response: ServerResponse): ServerResponse {
  return response.writeHead(200, {
    'Content-Type': 'application/x-ndjson; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    // A proxy that collects lines would make them late.
    'X-Accel-Buffering': 'no',
  });
}

/** Settings are named one level further down. */
function fieldsOf(body: unknown): readonly string[] {
  if (typeof body !== 'object' || body === null) return [];
  const named: unknown = 'values' in body ? body.values : body;
  return typeof named === 'object' && named !== null ? Object.keys(named) : [];
}

function nameOf(caller: AdminCaller): string {
  if (caller.type === 'nobody') return 'ticket'; // the one public row takes a ticket for a credential
  return caller.type === 'browser' ? `browser ${caller.session.label}` : caller.type;
}

function fail(response: ServerResponse, failure: Failure): void {
  const { code, message, hint } = failure;
  const headers: Record<string, string> = code === 'UNAUTHORIZED' ? { 'WWW-Authenticate': 'Bearer realm="exai"' } : {};
  respond(response, errorTable[code].http, { code, message, ...(hint === undefined ? {} : { hint }) }, headers);
}
