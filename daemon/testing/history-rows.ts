import type { HistoryRow } from '../../protocol/history.ts';
import { UuidSource } from '../store/uuid-v7.ts';

/** Makes rows of one run for tests; each is a call of its own. */
export function rowMaker(daemonRunId = '0199aa-run'): (changes?: Partial<HistoryRow>) => HistoryRow {
  const ids = new UuidSource();
  let next = 1;
  return (changes = {}) => ({
    id: ids.next(),
    callId: `c_${next++}`,
    startedAt: 1_790_000_000 + next,
    sessionId: 'vscode-instance-1',
    instanceId: 'inst_abc123',
    tool: 'version',
    upstream: null,
    provider: null,
    model: null,
    queuedMs: 0,
    durationMs: 12.5,
    outcome: 'ok',
    errorCode: null,
    requestBytes: 120,
    responseBytes: 340,
    argumentsPreview: null,
    daemonRunId,
    ...changes,
  });
}
