import { describe, expect, it } from 'vitest';
import { SecretValues } from '../../platform/redaction.ts';
import type { DaemonEvent } from '../../protocol/events.ts';
import { PrometheusMetrics } from './prometheus.ts';
import { sampleCall, sampleSession, sampleStatus } from './sample-data.ts';
import type { DaemonStatus } from './status.ts';

interface Scrape {
  readonly text: string;
  /** Value of one series as it is written, such as `a{b="c"}`; undefined when there is none. */
  readonly value: (series: string) => number | undefined;
  /** `name type` of each family. */
  readonly families: readonly string[];
  /** `name{label,…}` of each series, without values and duplicates. */
  readonly shapes: readonly string[];
}

interface Watched {
  readonly tell: (...events: DaemonEvent[]) => void;
  readonly scrape: () => Promise<Scrape>;
  readonly status: Partial<DaemonStatus>;
}

function daemon(changes: Partial<DaemonStatus> = {}): Watched {
  const status: Partial<DaemonStatus> = { ...changes };
  let cpuMicros = 0;
  const metrics = new PrometheusMetrics({
    source: { status: () => sampleStatus(status) },
    secrets: SecretValues.of(['exi_0123456789abcdef']),
    now: () => 1_790_000_100_000,
    cpuTime: () => {
      cpuMicros += 300_000;
      return { user: cpuMicros, system: 0 };
    },
  });
  return {
    status,
    tell: (...events) => {
      for (const event of events) metrics.observe(event);
    },
    scrape: async () => parse(await metrics.text()),
  };
}

/** A series without the values of its labels. */
function shapeOf(line: string): string {
  return line.slice(0, line.lastIndexOf(' ')).replaceAll(/="(?:[^"\\]|\\.)*"/g, '');
}

function parse(text: string): Scrape {
  const lines = text.split('\n');
  const series = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const values = new Map(
    series.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
  return {
    text,
    value: (name) => values.get(name),
    families: lines.flatMap((line) => (line.startsWith('# TYPE ') ? [line.slice(7)] : [])).toSorted(),
    shapes: [...new Set(series.map(shapeOf))].toSorted(),
  };
}

/** At least one of every event that is counted. */
const everything: DaemonEvent[] = [
  { type: 'handshake.finished', transport: 'shim', result: 'ok' },
  { type: 'handshake.finished', transport: 'ops', result: 'unauthorized' },
  { type: 'connection.opened', transport: 'shim' },
  { type: 'session.connected', session: sampleSession() },
  { type: 'session.identified', session: sampleSession(), protocolVersion: '2025-11-25' },
  { type: 'message.received', kind: 'request', clientName: 'Visual Studio Code', bytes: 300 },
  { type: 'message.sent', kind: 'response', bytes: 900, answerTo: 'request', latencyMs: 3 },
  { type: 'message.sent', kind: 'notification', bytes: 90 },
  { type: 'resource.read', scheme: 'exai', clientName: 'Visual Studio Code', errorCode: null },
  { type: 'resource.read', scheme: 'file', clientName: 'Visual Studio Code', errorCode: 'NOT_FOUND' },
  { type: 'error.answered', jsonrpcCode: 429, code: 'OVER_CAPACITY' },
  { type: 'call.queued', call: sampleCall(), position: 1 },
  { type: 'call.started', call: sampleCall() },
  { type: 'call.finished', call: sampleCall({ queuedMs: 40, provider: 'GLM' }) },
  {
    type: 'call.finished',
    call: sampleCall({ outcome: 'refused', errorCode: 'OVER_CAPACITY', refusedScope: 'session' }),
  },
  { type: 'call.finished', call: sampleCall({ outcome: 'tool_error', errorCode: 'VALIDATION_ERROR' }) },
  {
    type: 'call.finished',
    call: sampleCall({ outcome: 'error', errorCode: 'TOOL_NOT_FOUND', tool: 'nonsense', isKnownTool: false }),
  },
  { type: 'call.started', call: sampleCall({ callId: 'c_9' }) },
  { type: 'call.joined', sessionId: 'vscode-instance-1' },
  { type: 'result.replayed', sessionId: 'vscode-instance-1' },
  { type: 'session.detached', session: sampleSession(), reason: 'closed 1006' },
  { type: 'session.resumed', session: sampleSession(), result: 'resumed', lost: 3 },
  { type: 'guard.refused', guard: 'host' },
  { type: 'probe.seen', kind: 'silent' },
  { type: 'frame.ignored', kind: 'control' },
  { type: 'session.connected', session: sampleSession({ key: 'k2', clientName: 'Zed' }) },
  {
    type: 'session.ended',
    session: sampleSession({ key: 'k2', clientName: 'Zed', connectedAt: 1_790_000_070 }),
    reason: 'bye',
  },
];

describe('PrometheusMetrics', () => {
  it('WIRE-8.4: exactly these families, with these types', async () => {
    const { families } = await daemon().scrape();
    expect(families).toEqual([
      'exai_auth_enabled gauge',
      'exai_build_info gauge',
      'exai_calls_abandoned gauge',
      'exai_calls_joined_total counter',
      'exai_calls_total counter',
      'exai_capacity gauge',
      'exai_connections gauge',
      'exai_event_loop_lag_seconds gauge',
      'exai_frames_ignored_total counter',
      'exai_guard_refusals_total counter',
      'exai_handshake_failures_total counter',
      'exai_inflight gauge',
      'exai_lease_double_release_total counter',
      'exai_probe_total counter',
      'exai_queue_depth gauge',
      'exai_queue_wait_seconds histogram',
      'exai_refusals_total counter',
      'exai_results_replayed_total counter',
      'exai_resume_bytes gauge',
      'exai_resume_lost_total counter',
      'exai_resumes_total counter',
      'exai_sessions gauge',
      'exai_token_generation gauge',
      'exai_uptime_seconds gauge',
      'mcp_active_connections gauge',
      'mcp_active_sessions gauge',
      'mcp_active_sessions_by_client gauge',
      'mcp_connection_total counter',
      'mcp_cpu_usage_percent gauge',
      'mcp_handshake_total counter',
      'mcp_jsonrpc_errors_total counter',
      'mcp_memory_usage_mb gauge',
      'mcp_message_latency_seconds histogram',
      'mcp_message_size_bytes histogram',
      'mcp_messages_received_total counter',
      'mcp_messages_sent_total counter',
      'mcp_protocol_version_count counter',
      'mcp_rate_limit_active gauge',
      'mcp_rate_limit_total counter',
      'mcp_reconnection_total counter',
      'mcp_request_duration_seconds histogram',
      'mcp_requests_total counter',
      'mcp_resource_accessed_total counter',
      'mcp_resource_errors_total counter',
      'mcp_session_disconnects_total counter',
      'mcp_session_duration_seconds histogram',
      'mcp_sessions_total counter',
      'mcp_tool_calls_total counter',
      'mcp_tool_duration_seconds histogram',
      'mcp_tool_errors_total counter',
      'mcp_tool_hallucination_total counter',
      'mcp_tool_inflight gauge',
      'mcp_tool_inflight_total gauge',
      'mcp_tool_invalid_params_total counter',
      'mcp_tool_result_size_bytes histogram',
      'mcp_transport_type_active gauge',
    ]);
  });

  it('WIRE-8.4: every series with the labels of the table', async () => {
    const { tell, scrape } = daemon();
    tell(...everything);
    const { shapes } = await scrape();
    expect(
      shapes.filter((shape) => !/_(?:bucket|sum|count)(?:\{|$)/.test(shape) || shape.startsWith('mcp_protocol')),
    ).toEqual([
      'exai_auth_enabled',
      'exai_build_info{version}',
      'exai_calls_abandoned',
      'exai_calls_joined_total',
      'exai_calls_total{outcome,provider}',
      'exai_capacity{scope,name}',
      'exai_connections{kind}',
      'exai_event_loop_lag_seconds',
      'exai_frames_ignored_total{kind}',
      'exai_guard_refusals_total{guard}',
      'exai_handshake_failures_total{reason}',
      'exai_inflight{scope,name}',
      'exai_lease_double_release_total',
      'exai_probe_total{kind}',
      'exai_queue_depth',
      'exai_refusals_total{scope}',
      'exai_results_replayed_total',
      'exai_resume_bytes',
      'exai_resume_lost_total',
      'exai_resumes_total{result}',
      'exai_sessions{state}',
      'exai_token_generation',
      'exai_uptime_seconds',
      'mcp_active_connections',
      'mcp_active_sessions',
      'mcp_active_sessions_by_client{client_id}',
      'mcp_connection_total{transport,client_id}',
      'mcp_cpu_usage_percent',
      'mcp_handshake_total{status,transport}',
      'mcp_jsonrpc_errors_total{error_code,error_message}',
      'mcp_memory_usage_mb',
      'mcp_messages_received_total{msg_type,client_id}',
      'mcp_messages_sent_total{msg_type}',
      'mcp_protocol_version_count{version,client_id}',
      'mcp_rate_limit_active',
      'mcp_rate_limit_total{client_id,tool_name}',
      'mcp_reconnection_total{client_id,reason}',
      'mcp_requests_total{method,endpoint,status}',
      'mcp_resource_accessed_total{resource,client_id}',
      'mcp_resource_errors_total{resource,error_type}',
      'mcp_session_disconnects_total{client_id,reason}',
      'mcp_sessions_total{client_id,transport}',
      'mcp_tool_calls_total{tool_name,status,client_id}',
      'mcp_tool_errors_total{tool_name,error_type}',
      'mcp_tool_hallucination_total{attempted_tool,client_id}',
      'mcp_tool_inflight_total',
      'mcp_tool_inflight{tool_name}',
      'mcp_tool_invalid_params_total{tool_name}',
      'mcp_transport_type_active{transport}',
    ]);
    expect(shapes.filter((shape) => shape.includes('_count') && !shape.startsWith('mcp_protocol'))).toEqual([
      'exai_queue_wait_seconds_count{provider}',
      'mcp_message_latency_seconds_count{msg_type}',
      'mcp_message_size_bytes_count{direction}',
      'mcp_request_duration_seconds_count{method,endpoint}',
      'mcp_session_duration_seconds_count',
      'mcp_tool_duration_seconds_count{tool_name}',
      'mcp_tool_result_size_bytes_count{tool_name}',
    ]);
  });

  it('WIRE-8.4: calls are counted by outcome, tool and client, refused ones by scope', async () => {
    const { tell, scrape } = daemon();
    tell(...everything);
    const { value } = await scrape();
    expect(value('exai_calls_total{outcome="ok",provider="GLM"}')).toBe(1);
    expect(value('exai_refusals_total{scope="session"}')).toBe(1);
    expect(value('exai_queue_wait_seconds_sum{provider="GLM"}')).toBe(0.04);
    expect(value('exai_queue_wait_seconds_count{provider="GLM"}')).toBe(1);
    expect(value('mcp_tool_calls_total{tool_name="version",status="success",client_id="Visual Studio Code"}')).toBe(1);
    expect(value('mcp_tool_calls_total{tool_name="version",status="error",client_id="Visual Studio Code"}')).toBe(2);
    expect(value('mcp_tool_errors_total{tool_name="version",error_type="OVER_CAPACITY"}')).toBe(1);
    expect(value('mcp_tool_hallucination_total{attempted_tool="unknown",client_id="Visual Studio Code"}')).toBe(1);
    expect(value('mcp_tool_invalid_params_total{tool_name="version"}')).toBe(1);
    expect(value('mcp_rate_limit_total{client_id="Visual Studio Code",tool_name="version"}')).toBe(1);
    expect(value('mcp_tool_duration_seconds_bucket{le="2.5",tool_name="version"}')).toBe(3);
    expect(value('mcp_tool_duration_seconds_bucket{le="1",tool_name="version"}')).toBe(0);
    expect(value('mcp_tool_result_size_bytes_sum{tool_name="version"}')).toBe(680);
    expect(value('mcp_requests_total{method="tools/call",endpoint="version",status="success"}')).toBe(1);
    expect(value('mcp_tool_inflight{tool_name="version"}')).toBe(1);
    expect(value('mcp_tool_inflight_total')).toBe(1);
  });

  it('PF-G5: gauges fall back to zero and vanish with what they describe; none is invented', async () => {
    const { tell, scrape } = daemon();
    tell({ type: 'call.started', call: sampleCall() });
    await scrape();
    tell({ type: 'call.finished', call: sampleCall() });
    const { value, text } = await scrape();
    expect(value('mcp_tool_inflight{tool_name="version"}')).toBeUndefined();
    expect(value('mcp_tool_inflight_total')).toBe(0);
    expect(text).not.toMatch(/exai_upstream|exai_processes_saved|mcp_token_usage|mcp_resource_\w+\{/);
  });

  it('WIRE-8.4: the time to an answer is counted by what was asked; what nobody asked for has none', async () => {
    const { tell, scrape } = daemon();
    tell(
      { type: 'message.sent', kind: 'response', bytes: 9, answerTo: 'request', latencyMs: 0.4 },
      { type: 'message.sent', kind: 'error', bytes: 9, answerTo: 'request', latencyMs: 40_000 },
      { type: 'message.sent', kind: 'response', bytes: 9, answerTo: 'call_tool', latencyMs: 2 },
      { type: 'message.sent', kind: 'notification', bytes: 9 },
    );
    const { value, text } = await scrape();
    expect(value('mcp_message_latency_seconds_bucket{le="0.0005",msg_type="request"}')).toBe(1);
    expect(value('mcp_message_latency_seconds_bucket{le="30",msg_type="request"}')).toBe(1);
    expect(value('mcp_message_latency_seconds_bucket{le="60",msg_type="request"}')).toBe(2);
    expect(value('mcp_message_latency_seconds_sum{msg_type="request"}')).toBeCloseTo(40.0004);
    expect(value('mcp_message_latency_seconds_count{msg_type="call_tool"}')).toBe(1);
    expect(text.match(/mcp_message_latency_seconds_count/g)).toHaveLength(2);
  });

  it('WIRE-8.4: resources are counted by scheme: read ones by client, others by error', async () => {
    const { tell, scrape } = daemon();
    tell(...everything);
    const { value } = await scrape();
    expect(value('mcp_resource_accessed_total{resource="exai",client_id="Visual Studio Code"}')).toBe(1);
    expect(value('mcp_resource_errors_total{resource="file",error_type="NOT_FOUND"}')).toBe(1);
    expect(value('mcp_resource_accessed_total{resource="file",client_id="Visual Studio Code"}')).toBeUndefined();
  });

  it('WIRE-8.4: rate limits in force are asked for at each scrape', async () => {
    let active = 2;
    const metrics = new PrometheusMetrics({
      source: { status: () => sampleStatus() },
      secrets: SecretValues.of([]),
      activeRateLimits: () => active,
    });
    expect(parse(await metrics.text()).value('mcp_rate_limit_active')).toBe(2);
    active = 0;
    expect(parse(await metrics.text()).value('mcp_rate_limit_active')).toBe(0);
  });

  it('WIRE-8.4: a window that drops, returns and ends is one session and one disconnect', async () => {
    const { tell, scrape } = daemon();
    const session = sampleSession({ transport: 'shim' });
    tell(
      { type: 'session.connected', session },
      { type: 'session.detached', session, reason: 'closed 1006' },
      { type: 'session.resumed', session, result: 'resumed', lost: 2 },
      { type: 'session.detached', session, reason: 'closed 1006' },
      { type: 'session.ended', session, reason: 'grace over' },
    );
    const { value } = await scrape();
    expect(value('mcp_sessions_total{client_id="Visual Studio Code",transport="stdio"}')).toBe(1);
    expect(value('mcp_connection_total{transport="stdio",client_id="Visual Studio Code"}')).toBe(2);
    expect(value('mcp_session_disconnects_total{client_id="Visual Studio Code",reason="closed 1006"}')).toBe(2);
    expect(value('mcp_session_disconnects_total{client_id="Visual Studio Code",reason="grace over"}')).toBeUndefined();
    expect(value('exai_resumes_total{result="resumed"}')).toBe(1);
    expect(value('exai_resume_lost_total')).toBe(2);
    expect(value('mcp_session_duration_seconds_sum')).toBe(100);
    expect(value('mcp_active_sessions_by_client{client_id="Visual Studio Code"}')).toBeUndefined();
  });

  it('WIRE-8.4: open connections by way in, and by the transport the client knows', async () => {
    const { tell, scrape } = daemon();
    for (const transport of ['shim', 'shim', 'ops', 'ws', 'http'] as const)
      tell({ type: 'connection.opened', transport });
    tell({ type: 'connection.closed', transport: 'shim', code: 1006 });
    const { value } = await scrape();
    expect(['shim', 'ops', 'ws', 'http'].map((kind) => value(`exai_connections{kind="${kind}"}`))).toEqual([
      1, 1, 1, 1,
    ]);
    expect(value('mcp_transport_type_active{transport="stdio"}')).toBe(1);
    expect(value('mcp_transport_type_active{transport="websocket"}')).toBe(2);
    expect(value('mcp_transport_type_active{transport="streamable-http"}')).toBe(1);
  });

  it('WIRE-8.4 WIRE-C2: gauges are the status of the moment, in seconds and bytes', async () => {
    const { scrape, status } = daemon({ authPolicy: 'open', eventLoopLagMs: 250, leaseDoubleReleases: 2, queued: 3 });
    const first = await scrape();
    expect(first.value('exai_build_info{version="1.4.0"}')).toBe(1);
    expect(first.value('exai_auth_enabled')).toBe(0);
    expect(first.value('exai_event_loop_lag_seconds')).toBe(0.25);
    expect(first.value('exai_inflight{scope="global",name="global"}')).toBe(1);
    expect(first.value('exai_capacity{scope="provider",name="KIMI"}')).toBe(6);
    expect(first.value('exai_queue_depth')).toBe(3);
    expect(first.value('exai_lease_double_release_total')).toBe(2);
    expect(first.value('exai_sessions{state="detached"}')).toBe(1);
    expect(first.value('mcp_active_connections')).toBe(2);
    expect(first.value('mcp_memory_usage_mb')).toBe(48);
    expect(first.value('mcp_cpu_usage_percent')).toBeCloseTo((0.3 / 60.25) * 100);
    Object.assign(status, { authPolicy: 'token', providers: {}, uptimeSeconds: 61.25 });
    const second = await scrape();
    expect(second.value('exai_auth_enabled')).toBe(1);
    expect(second.value('exai_capacity{scope="provider",name="KIMI"}')).toBeUndefined();
    expect(second.value('exai_lease_double_release_total')).toBe(2);
    expect(second.value('mcp_cpu_usage_percent')).toBeCloseTo(30);
  });

  it('WIRE-8.4: labels stay bounded whatever clients call themselves and ask for', async () => {
    const { tell, scrape } = daemon();
    for (let number = 0; number < 500; number += 1) {
      const clientName = `client-${number}`;
      tell(
        {
          type: 'call.finished',
          call: sampleCall({ clientName, tool: `made-up-${number}`, isKnownTool: false, outcome: 'error' }),
        },
        { type: 'session.identified', session: sampleSession({ clientName }), protocolVersion: `v${number}` },
        { type: 'handshake.finished', transport: 'ws', result: `reason-${number}` },
        { type: 'resource.read', scheme: `scheme-${number}`, clientName, errorCode: 'NOT_FOUND' },
        { type: 'resource.read', scheme: `scheme-${number}`, clientName, errorCode: null },
      );
    }
    tell({ type: 'call.finished', call: sampleCall({ clientName: '' }) });
    tell({ type: 'call.finished', call: sampleCall({ clientName: 'x"\n\\'.repeat(100) }) });
    const { text, value } = await scrape();
    const distinct = (label: string): number => new Set(text.match(new RegExp(`${label}="[^"]*"`, 'g'))).size;
    expect(distinct('client_id')).toBe(52);
    expect(text).not.toContain('client-50"');
    expect(value('mcp_tool_calls_total{tool_name="unknown",status="error",client_id="other"}')).toBe(450);
    expect(value('mcp_tool_calls_total{tool_name="version",status="success",client_id="unknown"}')).toBe(1);
    expect(text).not.toContain('made-up');
    expect(distinct('version')).toBeLessThanOrEqual(22);
    expect(distinct('reason')).toBeLessThanOrEqual(51);
    expect(distinct('resource')).toBe(21);
    expect(value('mcp_resource_errors_total{resource="other",error_type="NOT_FOUND"}')).toBe(480);
    expect(text.length).toBeLessThan(200_000);
  });

  it('WIRE-F6: no secret, session, principal, path or instance is in the text', async () => {
    const { tell, scrape } = daemon();
    tell(...everything);
    tell({ type: 'call.finished', call: sampleCall({ clientName: 'my exi_0123456789abcdef' }) });
    const { text, value } = await scrape();
    expect(value('mcp_tool_calls_total{tool_name="version",status="success",client_id="my ***"}')).toBe(1);
    expect(text).not.toContain('exi_0123');
    expect(text).not.toMatch(/vscode-instance|inst_abc|\/home|0b0f3c1e|daemon\.sock|01J9/);
  });

  it('WIRE-1.2: is served as Prometheus text 0.0.4', () => {
    const metrics = new PrometheusMetrics({ source: { status: () => sampleStatus() }, secrets: SecretValues.of([]) });
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('WIRE-8.4: two daemons in one process share nothing', async () => {
    const one = daemon();
    const two = daemon();
    one.tell({ type: 'call.finished', call: sampleCall() });
    expect((await two.scrape()).value('mcp_tool_duration_seconds_count{tool_name="version"}')).toBeUndefined();
  });
});
