import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Peer } from '../listen/frame-socket.ts';
import { bearerOf } from '../listen/guards.ts';
import { respond } from '../listen/respond.ts';
import type { EventBus } from '../observe/event-bus.ts';
import { httpHealth } from '../observe/http-health.ts';
import type { StatusSource } from '../observe/status.ts';
import type { AdminApi } from './admin-routes.ts';
import type { StaticFiles } from './static-files.ts';
import { welcomePage } from './welcome-page.ts';

/** `not-needed`: authentication is off, so nothing was decided. */
export type BearerVerdict = 'valid' | 'wrong' | 'insufficient' | 'not-needed';

export interface HttpRoutesOptions {
  readonly status: StatusSource;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly metricsPublic: boolean;
  readonly admin: Pick<AdminApi, 'serve'>;
  readonly files: Pick<StaticFiles, 'serve'>;
  /** MCP over Streamable HTTP. */
  readonly mcp: { serve(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void> };
  readonly bus: EventBus;
  /** Any valid client credential: adds details to /health, opens /metrics beyond loopback. */
  checkBearer(bearer: string): Promise<BearerVerdict>;
  isAdminSecret(bearer: string): boolean;
  /** Told of a wrong bearer; how long its answer has to wait, in milliseconds (guard 8). */
  onWrongBearer(address: string): number;
}

/**
 * Every plain HTTP route of WIRE §1.2. The guards have let the request through. The dashboard's own port has the page, the
 * admin API and health, and nothing that is for clients or for monitoring.
 */
export class HttpRoutes {
  readonly #options: HttpRoutesOptions;

  constructor(options: HttpRoutesOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path.startsWith('/api/')) {
      await this.#options.admin.serve(request, response, path, peer.address);
      return;
    }
    if (path === '/mcp' && peer.listener !== 'dashboard') {
      await this.#options.mcp.serve(request, response, peer);
      return;
    }
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      this.#notFound(response);
      return;
    }
    switch (path) {
      case '/health':
      case '/healthz':
      case '/health/live':
      case '/health/ready':
        await this.#serveHealth(request, response, path, peer);
        return;
      case '/metrics':
        if (peer.listener === 'dashboard') this.#notFound(response);
        else await this.#serveMetrics(request, response, peer);
        return;
      case '/':
        if (await this.#options.files.serve(request, response, path)) return;
        response.writeHead(200, {
          'Content-Type': 'text/html; charset=utf-8',
          'Cache-Control': 'no-store',
          'X-Content-Type-Options': 'nosniff',
          'Content-Security-Policy':
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        });
        response.end(welcomePage(this.#options.status.status()));
        return;
      default:
        if (await this.#options.files.serve(request, response, path)) return;
        this.#notFound(response);
    }
  }

  async #serveHealth(
    request: IncomingMessage,
    response: ServerResponse,
    path: '/health' | '/healthz' | '/health/live' | '/health/ready',
    peer: Peer,
  ): Promise<void> {
    const kind = path === '/health/live' ? 'live' : path === '/health/ready' ? 'ready' : 'health';
    const detailed = await this.#hasValidBearer(request, peer);
    const health = httpHealth(kind, this.#options.status.status(), { detailed });
    respond(response, health.statusCode, health.body);
  }

  async #serveMetrics(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void> {
    if (!peer.isExempt && !this.#options.metricsPublic && !(await this.#hasValidBearer(request, peer))) {
      respond(response, 401, { code: 'UNAUTHORIZED' }, { 'WWW-Authenticate': 'Bearer realm="exai"' });
      return;
    }
    const text = await this.#options.metrics.text();
    response.writeHead(200, { 'Content-Type': this.#options.metrics.contentType, 'Cache-Control': 'no-store' });
    response.end(text);
  }

  async #hasValidBearer(request: IncomingMessage, peer: Peer): Promise<boolean> {
    const bearer = bearerOf(request);
    if (bearer === null) return false;
    const verdict = await this.#options.checkBearer(bearer);
    // The admin secret opens nothing here, and is no guess either.
    if (verdict === 'wrong' && !this.#options.isAdminSecret(bearer)) await this.#slowDown(peer);
    return verdict === 'valid';
  }

  /** Guard 8: who guesses credentials waits for the answers; only those, and only after some. */
  async #slowDown(peer: Peer): Promise<void> {
    const delayMs = this.#options.onWrongBearer(peer.address);
    if (delayMs > 0) await setTimeout(delayMs, undefined, { ref: false });
  }

  #notFound(response: ServerResponse): void {
    this.#options.bus.emit({ type: 'probe.seen', kind: 'not-found' });
    respond(response, 404, { code: 'NOT_FOUND' });
  }
}
