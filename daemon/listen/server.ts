import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { closeCodes } from '../../protocol/limits.ts';
import { linkUpgradeToken } from '../../protocol/link.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { FrameSocket, Peer, UpgradeInfo } from './frame-socket.ts';
import {
  type AllowedNames,
  bearerOf,
  ConnectionCounter,
  clientAddress,
  headerValues,
  isHostAllowed,
  isLoopbackAddress,
  isOriginAllowed,
} from './guards.ts';
import { LinkSocket } from './link-socket.ts';
import { prepareLocalPath, protectLocalSocket } from './local-socket.ts';
import { type ListenFailure, openServer, portOf } from './open-server.ts';
import { endWith, refuseUpgrade, respond } from './respond.ts';
import { WebSocketSocket } from './websocket-socket.ts';

export interface BearerCheck {
  /** Then the first frame has no limit of its own (guard 5). */
  readonly isValid: boolean;
  /** Counted as a failed authentication (guard 8). */
  readonly isCounted: boolean;
  /** How long the upgrade waits; 0 unless it was one failure too many. */
  readonly delayMs: number;
}

export interface ListenerOptions {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly trustProxy: boolean;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxUnauthenticated: number;
  readonly helloMaxBytes: number;
  readonly maxFrameBytes: number;
  readonly helloTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly bus: EventBus;
  /** Headers that prove who we are, for a nonce sent with the upgrade (WIRE §10). */
  proofHeaders(nonce: string): Readonly<Record<string, string>>;
  /** Of an upgrade, before it is answered: what follows tells whether the bearer was right. */
  checkBearer(bearer: string, peer: Peer): Promise<BearerCheck>;
  onHttp(request: IncomingMessage, response: ServerResponse, peer: Peer): void;
  /** A framed connection. `authenticated` must be called once the first frame is decided; closing counts as decided. */
  onSocket(socket: FrameSocket, upgrade: UpgradeInfo, authenticated: () => void): void;
}

const noBearer: BearerCheck = { isValid: false, isCounted: false, delayMs: 0 };

/** All listeners with one HTTP server each, the guards of WIRE §2 in their order, and the two upgrades. */
export class Listeners {
  readonly #options: ListenerOptions;
  readonly #counter: ConnectionCounter;
  readonly #webSockets: WebSocketServer;
  readonly #servers: Server[] = [];
  /** Sockets that have left HTTP, framed or about to be. */
  readonly #upgraded = new Set<Duplex>();
  #port = 0;
  /** Of the dashboard's own listener. */
  #dashboard = { host: '', port: 0 };
  #isDraining = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#counter = new ConnectionCounter({
      maxConnections: options.maxConnections,
      maxPerAddress: options.maxConnectionsPerAddress,
      maxUnauthenticated: options.maxUnauthenticated,
    });
    // The published types do not know `closeTimeout` yet.
    const webSocketOptions: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false, // doubles the latency of small calls (PERFORMANCE)
      maxPayload: options.helloMaxBytes,
      closeTimeout: options.closeTimeoutMs,
      handleProtocols: (offered) => (offered.has('mcp') ? 'mcp' : false),
    };
    this.#webSockets = new WebSocketServer(webSocketOptions);
    this.#webSockets.on('headers', (headers, request) => {
      for (const [name, value] of Object.entries(this.#proof(request))) headers.push(`${name}: ${value}`);
    });
    this.#webSockets.on('wsClientError', (_error, socket) => {
      options.bus.emit({ type: 'probe.seen', kind: 'malformed' });
      refuseUpgrade(socket, 400, 'Bad Request', 'Sec-WebSocket-Version: 13\r\n');
    });
  }

  get openConnections(): number {
    return this.#counter.open;
  }

  /** Port after listening; 0 when TCP is not open. */
  get port(): number {
    return this.#port;
  }

  /** Port of the dashboard's own listener; 0 when it is not open. */
  get dashboardPort(): number {
    return this.#dashboard.port;
  }

  async listenTcp(port: number): Promise<ListenFailure | undefined> {
    const server = this.#createServer('tcp');
    const failure = await openServer(server, { host: this.#options.host, port, exclusive: true });
    if (failure !== undefined) return failure;
    this.#port = portOf(server);
    this.#servers.push(server);
    return undefined;
  }

  /** A TCP listener for browsers alone: the same guards for its own name and port, and no upgrade. */
  async listenDashboard(host: string, port: number): Promise<ListenFailure | undefined> {
    const server = this.#createServer('dashboard');
    const failure = await openServer(server, { host, port, exclusive: true });
    if (failure !== undefined) return failure;
    this.#dashboard = { host, port: portOf(server) };
    this.#servers.push(server);
    return undefined;
  }

  async listenLocal(path: string): Promise<ListenFailure | undefined> {
    const state = await prepareLocalPath(path);
    if (state.type === 'in-use') return { type: 'address-in-use' };
    if (state.type === 'unsafe') return { type: 'failed', message: state.message };
    const server = this.#createServer('local');
    const failure = await openServer(server, { path });
    if (failure !== undefined) return failure;
    protectLocalSocket(path);
    this.#servers.push(server);
    return undefined;
  }

  /** Takes no new framed connections from now on; open ones live on, and so does HTTP: `/health` says that we drain. */
  stopAccepting(): void {
    this.#isDraining = true;
  }

  /** Stops listening and cuts what is still open; what was written before still leaves. */
  closeAll(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    for (const socket of this.#upgraded) {
      if (socket instanceof Socket) socket.destroySoon();
      else socket.destroy();
    }
    this.#webSockets.close();
  }

  #createServer(listener: Peer['listener']): Server {
    const server = createServer({
      headersTimeout: this.#options.helloTimeoutMs,
      requestTimeout: 60_000,
      connectionsCheckingInterval: Math.min(this.#options.helloTimeoutMs, 5000),
      maxHeaderSize: 16 * 1024,
    });
    server.on('request', (request, response) => this.#onRequest(request, response, listener));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (listener === 'dashboard') {
        socket.on('error', () => socket.destroy());
        refuseUpgrade(socket, 404, 'Not Found');
      } else void this.#onUpgrade(request, socket, head, listener);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      this.#options.bus.emit({
        type: 'probe.seen',
        kind: error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'timeout' : 'malformed',
      });
      if (socket.writable && error.code !== 'ECONNRESET')
        endWith(socket, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      else socket.destroy();
    });
    server.on('connection', (socket) => {
      socket.once('close', () => {
        if (socket.bytesRead === 0) this.#options.bus.emit({ type: 'probe.seen', kind: 'silent' });
      });
    });
    return server;
  }

  #peer(request: IncomingMessage, listener: Peer['listener']): Peer {
    if (listener === 'local') return { address: 'local', listener, isExempt: true };
    const forwarded = headerValues(request, 'x-forwarded-for');
    const address = clientAddress(request.socket.remoteAddress ?? '', forwarded, this.#options.trustProxy);
    return { address, listener, isExempt: isLoopbackAddress(address) };
  }

  /** Guards 3 and 4. Undefined when the request may pass. */
  #nameRefusal(request: IncomingMessage, listener: Peer['listener']): 'host' | 'origin' | undefined {
    const allowed: AllowedNames = {
      ...(listener === 'dashboard' ? this.#dashboard : { host: this.#options.host, port: this.#port }),
      allowedHosts: this.#options.allowedHosts,
      allowedOrigins: this.#options.allowedOrigins,
    };
    if (listener !== 'local' && !isHostAllowed(headerValues(request, 'host'), allowed)) return 'host';
    if (!isOriginAllowed(headerValues(request, 'origin'), allowed)) return 'origin';
    return undefined;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, listener: Peer['listener']): void {
    const peer = this.#peer(request, listener);
    const release = this.#counter.openConnection(peer.address, peer.isExempt);
    if (release === undefined) {
      this.#refused('connections');
      respond(response, 503, { code: 'OVER_CAPACITY' }, { 'Retry-After': '1' });
      return;
    }
    response.once('close', release);
    for (const [name, value] of Object.entries(this.#proof(request))) response.setHeader(name, value);
    const refusal = this.#nameRefusal(request, listener);
    if (refusal !== undefined) {
      this.#refused(refusal);
      respond(response, 403, { code: 'FORBIDDEN' });
      return;
    }
    this.#options.onHttp(request, response, peer);
  }

  async #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, listener: 'tcp' | 'local'): Promise<void> {
    socket.on('error', () => socket.destroy()); // until a framed socket takes over
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    if (this.#isDraining) {
      refuseUpgrade(socket, 503, 'Service Unavailable', 'Retry-After: 1\r\n');
      return;
    }
    const peer = this.#peer(request, listener);
    const release = this.#counter.openConnection(peer.address, peer.isExempt);
    const isLink = request.headers.upgrade === linkUpgradeToken;
    if (release === undefined) {
      this.#refused('connections');
      if (isLink) refuseUpgrade(socket, 503, 'Service Unavailable', 'Retry-After: 1\r\n');
      else
        this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          webSocket.on('error', () => undefined); // what a refused client sends wrong is nobody's business
          webSocket.close(1008, closeCodes.connectionLimit.reason);
        });
      return;
    }
    socket.once('close', release);
    const authenticated = this.#counter.openUnauthenticated(listener);
    if (authenticated === undefined) {
      this.#refused('unauthenticated');
      refuseUpgrade(socket, 503, 'Service Unavailable', 'Retry-After: 1\r\n');
      return;
    }
    socket.once('close', authenticated);
    const refusal = this.#nameRefusal(request, listener);
    if (refusal !== undefined) {
      this.#refused(refusal);
      refuseUpgrade(socket, 403, 'Forbidden');
      return;
    }
    const bearer = bearerOf(request);
    const check = bearer === null ? noBearer : await this.#options.checkBearer(bearer, peer);
    if (check.delayMs > 0) await delay(check.delayMs);
    if (socket.destroyed) return;
    const upgrade = { peer, bearer, isBearerCounted: check.isCounted };
    if (isLink) {
      if (!(socket instanceof Socket)) {
        refuseUpgrade(socket, 400, 'Bad Request');
        return;
      }
      this.#acceptLink(request, socket, head, { ...upgrade, framing: 'link' }, authenticated, check.isValid);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      const framed = new WebSocketSocket(webSocket, socket);
      if (check.isValid) framed.setMaxFrameBytes(this.#options.maxFrameBytes);
      this.#options.onSocket(framed, { ...upgrade, framing: 'websocket' }, authenticated);
    });
  }

  #acceptLink(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    upgrade: UpgradeInfo,
    authenticated: () => void,
    isBearerValid: boolean,
  ): void {
    const lines = Object.entries(this.#proof(request)).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${linkUpgradeToken}\r\n${lines.join('')}\r\n`,
    );
    const framed = new LinkSocket(socket, {
      maxFrameBytes: isBearerValid ? this.#options.maxFrameBytes : this.#options.helloMaxBytes,
      closeTimeoutMs: this.#options.closeTimeoutMs,
    });
    this.#options.onSocket(framed, upgrade, authenticated);
    framed.start(head);
  }

  #proof(request: IncomingMessage): Readonly<Record<string, string>> {
    const nonce = request.headers['x-exai-nonce'];
    return typeof nonce === 'string' && /^[A-Za-z0-9_-]{16,128}$/.test(nonce) ? this.#options.proofHeaders(nonce) : {};
  }

  #refused(guard: string): void {
    this.#options.bus.emit({ type: 'guard.refused', guard });
  }
}
