import { Gauge, Histogram, type Registry } from 'prom-client';
import type { DaemonEvent, SessionInfo, TransportKind } from '../../protocol/events.ts';
import { BoundedLabels } from './bounded-labels.ts';
import { TallyCounter } from './tally-counter.ts';

const durationBuckets = [1, 10, 60, 300, 900, 3600, 14_400, 43_200, 86_400, 604_800];

/** The transports as the public MCP dashboard names them. */
const transportNames: Readonly<Record<TransportKind, string>> = {
  shim: 'stdio',
  ops: 'websocket',
  ws: 'websocket',
  http: 'streamable-http',
};

export interface SessionMetricsOptions {
  readonly clients: BoundedLabels;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Metrics of windows: sessions, connections, handshakes, resumes (WIRE §8.4). */
export class SessionMetrics {
  readonly #clients: BoundedLabels;
  readonly #now: () => number;
  /** Name of the client by session. */
  readonly #live = new Map<string, string>();
  readonly #detached = new Set<string>();
  readonly #open: Record<TransportKind, number> = { shim: 0, ops: 0, ws: 0, http: 0 };
  readonly #reasons = new BoundedLabels(50);
  readonly #versions = new BoundedLabels(20);
  readonly #resumes: TallyCounter;
  readonly #lost: TallyCounter;
  readonly #handshakeFailures: TallyCounter;
  readonly #sessions: TallyCounter;
  readonly #duration: Histogram;
  readonly #disconnects: TallyCounter;
  readonly #handshakes: TallyCounter;
  readonly #connections: TallyCounter;
  readonly #reconnections: TallyCounter;
  readonly #protocolVersions: TallyCounter;
  readonly #openConnections: Gauge<'kind'>;
  readonly #openTransports: Gauge<'transport'>;
  readonly #activeByClient: Gauge<'client_id'>;

  constructor(registry: Registry, { clients, now }: SessionMetricsOptions) {
    this.#clients = clients;
    this.#now = now;
    const registers = [registry];
    const counter = (name: string, help: string, labelNames?: readonly string[]): TallyCounter =>
      new TallyCounter(registry, name, help, labelNames);
    this.#resumes = counter('exai_resumes_total', 'Sessions continued on a new connection.', ['result']);
    this.#lost = counter('exai_resume_lost_total', 'Requests that had to be sent again after a resume.');
    this.#handshakeFailures = counter('exai_handshake_failures_total', 'Handshakes that were refused.', ['reason']);
    this.#sessions = counter('mcp_sessions_total', 'Sessions started.', ['client_id', 'transport']);
    this.#duration = new Histogram({
      name: 'mcp_session_duration_seconds',
      help: 'Age of sessions at their end.',
      buckets: durationBuckets,
      registers,
    });
    this.#disconnects = counter('mcp_session_disconnects_total', 'Sessions that lost their connection.', [
      'client_id',
      'reason',
    ]);
    this.#handshakes = counter('mcp_handshake_total', 'Handshakes.', ['status', 'transport']);
    this.#connections = counter('mcp_connection_total', 'Connections of sessions, resumed ones included.', [
      'transport',
      'client_id',
    ]);
    this.#reconnections = counter('mcp_reconnection_total', 'Sessions continued on a new connection.', [
      'client_id',
      'reason',
    ]);
    this.#protocolVersions = counter('mcp_protocol_version_count', 'Sessions by MCP revision.', [
      'version',
      'client_id',
    ]);
    const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> =>
      new Gauge({ name, help, labelNames, registers });
    this.#openConnections = gauge('exai_connections', 'Open connections.', ['kind']);
    this.#openTransports = gauge('mcp_transport_type_active', 'Open connections by the transport of the client.', [
      'transport',
    ]);
    this.#activeByClient = gauge('mcp_active_sessions_by_client', 'Sessions, connected or in grace.', ['client_id']);
  }

  observe(event: DaemonEvent): void {
    switch (event.type) {
      case 'session.connected':
        this.#live.set(event.session.key, event.session.clientName);
        this.#sessions.add(this.#client(event.session), transportNames[event.session.transport]);
        this.#countConnection(event.session);
        break;
      case 'session.identified':
        if (this.#live.has(event.session.key)) this.#live.set(event.session.key, event.session.clientName);
        this.#protocolVersions.add(this.#versions.of(event.protocolVersion), this.#client(event.session));
        break;
      case 'session.detached':
        this.#detached.add(event.session.key);
        this.#countDisconnect(event.session, event.reason);
        break;
      case 'session.resumed':
        this.#live.set(event.session.key, event.session.clientName);
        this.#detached.delete(event.session.key);
        this.#resumes.add(event.result);
        this.#lost.addMany(event.lost);
        this.#reconnections.add(this.#client(event.session), event.result);
        this.#countConnection(event.session);
        break;
      case 'session.ended':
        this.#ended(event.session, event.reason);
        break;
      case 'handshake.finished':
        this.#handshake(event.transport, event.result);
        break;
      case 'connection.opened':
        this.#open[event.transport] += 1;
        break;
      case 'connection.closed':
        this.#open[event.transport] -= 1;
        break;
      default:
        break; // not about sessions
    }
  }

  /** Brings the gauges up to date for a scrape. */
  update(): void {
    const open = this.#open;
    for (const [kind, count] of Object.entries(open)) this.#openConnections.set({ kind }, count);
    this.#openTransports.set({ transport: transportNames.shim }, open.shim);
    this.#openTransports.set({ transport: transportNames.ws }, open.ops + open.ws);
    this.#openTransports.set({ transport: transportNames.http }, open.http);
    this.#activeByClient.reset();
    for (const name of this.#live.values()) this.#activeByClient.inc({ client_id: this.#clients.of(name) });
  }

  /** The end of a detached session is no second disconnect. */
  #ended(session: SessionInfo, reason: string): void {
    this.#live.delete(session.key);
    if (!this.#detached.delete(session.key)) this.#countDisconnect(session, reason);
    this.#duration.observe(Math.max(0, this.#now() / 1000 - session.connectedAt));
  }

  #handshake(transport: TransportKind, result: string): void {
    const isOk = result === 'ok';
    this.#handshakes.add(isOk ? 'success' : 'error', transportNames[transport]);
    if (!isOk) this.#handshakeFailures.add(this.#reasons.of(result));
  }

  #countConnection(session: SessionInfo): void {
    this.#connections.add(transportNames[session.transport], this.#client(session));
  }

  #countDisconnect(session: SessionInfo, reason: string): void {
    this.#disconnects.add(this.#client(session), this.#reasons.of(reason));
  }

  #client(session: SessionInfo): string {
    return this.#clients.of(session.clientName);
  }
}
