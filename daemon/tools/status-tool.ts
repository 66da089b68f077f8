import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { SessionInfo } from '../../protocol/events.ts';
import { activityLogName } from '../observe/activity-log.ts';
import { uptimeHuman } from '../observe/health-file.ts';
import { tailLines } from '../observe/log-tail.ts';
import { healthReasons, healthStatus, type StatusSource, statusWarnings } from '../observe/status.ts';
import { doctorChecks } from './doctor.ts';
import { noProvidersNote } from './known-providers.ts';
import { logRecord } from './log-records.ts';
import { defineTool, jsonResult, readOnly, type Tool } from './tool.ts';

export interface StatusToolSources {
  readonly status: StatusSource;
  readonly registry: SessionLister;
  readonly logDir: string;
  /** Writes log lines that still wait, so that the tail is up to date. */
  flushLogs(): void;
  toolNames(): readonly string[];
}

export interface SessionLister {
  /** Windows, connected or in grace. */
  list(): readonly SessionInfo[];
}

const input = z.object({
  tail_lines: z.int().min(0).max(1000).default(30).describe('How many of the last calls to show.'),
  include_tools: z.boolean().default(false).describe('Also list the names of all tools.'),
  doctor: z.boolean().default(false).describe('Also run the checks that find common problems.'),
  probe: z.boolean().default(false).describe('Also measure how fast the daemon and its providers react.'),
});

const capacity = z.object({ capacity: z.number(), inflight: z.number() });

const output = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy', 'draining']),
  reasons: z.array(z.string()),
  warnings: z.array(z.string()),
  version: z.string(),
  daemon_run_id: z.string(),
  started_at: z.number(),
  uptime_human: z.string(),
  auth: z.string(),
  token_generation: z.number(),
  session_id: z.string().describe('The window that asked.'),
  sessions: z.array(z.looseObject({})),
  session_capacity: z.number(),
  global: capacity,
  providers: z.record(z.string(), capacity),
  queued: z.number(),
  models: z.string(),
  recent_calls: z.array(z.looseObject({})),
  tools: z.array(z.string()).optional(),
  doctor: z.array(z.object({ check: z.string(), ok: z.boolean(), detail: z.string() })).optional(),
  probe: z.object({ event_loop_turn_ms: z.number(), providers: z.array(z.string()) }).optional(),
});

export function statusTool(sources: StatusToolSources): Tool {
  return defineTool({
    name: 'status',
    title: 'Status',
    description: 'Shows how the daemon is: health, windows, running calls and limits, and the last calls.',
    input,
    output,
    annotations: readOnly,
    isExempt: true,
    run: async (args, { sessionId }) => {
      sources.flushLogs();
      const lines = await tailLines(join(sources.logDir, activityLogName), args.tail_lines);
      const probe = args.probe ? { probe: await probeDaemon() } : {};
      const status = sources.status.status();
      const sessions = sources.registry.list();
      return jsonResult({
        status: healthStatus(status),
        reasons: healthReasons(status),
        warnings: statusWarnings(status),
        version: status.version,
        daemon_run_id: status.daemonRunId,
        started_at: status.startedAt,
        uptime_human: uptimeHuman(status.uptimeSeconds),
        auth: status.authPolicy,
        token_generation: status.tokenGeneration,
        session_id: sessionId,
        sessions: sessions.map(sessionRow),
        session_capacity: status.sessionCapacity,
        global: status.global,
        providers: status.providers,
        queued: status.queued,
        models: noProvidersNote,
        recent_calls: lines.map(logRecord),
        ...(args.include_tools ? { tools: sources.toolNames() } : {}),
        ...(args.doctor ? { doctor: doctorChecks(status, sessions) } : {}),
        ...probe,
      });
    },
  });
}

function sessionRow(session: SessionInfo): Record<string, unknown> {
  return {
    session_id: session.sessionId,
    state: session.state,
    server_name: session.serverName,
    client: session.clientName,
    client_version: session.clientVersion,
    editor: session.editor,
    transport: session.transport,
    connected_at: session.connectedAt,
    last_active_at: session.lastActiveAt,
    inflight: session.inflight,
    calls_total: session.callsTotal,
    resumes: session.resumes,
  };
}

/** No provider can be asked yet; what can be measured is this process. */
async function probeDaemon(): Promise<{ event_loop_turn_ms: number; providers: string[] }> {
  const before = performance.now();
  await nextTurn();
  return { event_loop_turn_ms: Math.round((performance.now() - before) * 1000) / 1000, providers: [] };
}
