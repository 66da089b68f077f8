import { join } from 'node:path';
import { z } from 'zod';
import { healthBody } from '../observe/health-file.ts';
import { tailLines } from '../observe/log-tail.ts';
import { metricsLogName } from '../observe/metrics-log.ts';
import { healthReasons, type StatusSource } from '../observe/status.ts';
import { logRecord } from './log-records.ts';
import { defineTool, jsonResult, readOnly, type Tool } from './tool.ts';

export interface HealthToolSources {
  readonly status: StatusSource;
  readonly logDir: string;
  /** Writes log lines that still wait, so that the tail is up to date. */
  flushLogs(): void;
}

const input = z.object({
  tail_lines: z.int().min(0).max(1000).default(50).describe('How many of the last lines of the metrics log to show.'),
});

const output = z.object({
  health: z.looseObject({}).describe('The snapshot of ws_daemon.health.json, taken now.'),
  reasons: z.array(z.string()).describe('Why the status is not healthy.'),
  metrics_tail: z.array(z.looseObject({})).describe('One entry per finished call, newest last.'),
});

export function healthTool(sources: HealthToolSources): Tool {
  return defineTool({
    name: 'health',
    title: 'Health',
    description: 'Shows the health snapshot of the daemon and the last lines of its metrics log.',
    input,
    output,
    annotations: readOnly,
    isExempt: true,
    run: async ({ tail_lines }) => {
      sources.flushLogs();
      const lines = await tailLines(join(sources.logDir, metricsLogName), tail_lines);
      const status = sources.status.status();
      return jsonResult({
        health: healthBody(status),
        reasons: healthReasons(status),
        metrics_tail: lines.map(logRecord),
      });
    },
  });
}
