import type { MaskText } from '../../platform/redaction.ts';
import type { CallView } from '../../protocol/snapshot.ts';
import type { InflightCall } from '../calls/inflight-call.ts';
import { argumentsPreview, maskedBeginning } from './arguments-preview.ts';

/** The part of a call's row that does not change; made once per shown call. */
export function previewOf(call: InflightCall, maskText: MaskText): string | null {
  const { requestBytes } = call.info;
  const knownKeys = Object.keys(call.tool.inputSchema['properties'] ?? {});
  return argumentsPreview(call.request.arguments, { requestBytes, knownKeys, maskText });
}

/** One call in flight as surfaces show it. */
export function callView(call: InflightCall, preview: string | null, maskText: MaskText): CallView {
  const { info, startedAt, queuePosition } = call;
  const isWaiting = startedAt === null;
  return {
    callId: info.callId,
    sessionKey: info.sessionKey,
    sessionId: info.sessionId,
    tool: info.tool,
    upstream: info.upstream,
    provider: info.provider,
    state: call.state,
    receivedAt: info.receivedAt,
    startedAt,
    queuedMs: Math.round(call.queuedMs),
    queuePosition: isWaiting && queuePosition > 0 ? queuePosition : null,
    deadlineAt: isWaiting ? null : startedAt + call.deadlineMs / 1000,
    progress: progressOf(call, maskText),
    argumentsPreview: preview,
  };
}

function progressOf({ progress }: InflightCall, maskText: MaskText): CallView['progress'] {
  if (progress === null) return null;
  const { progress: value, total, message } = progress;
  return {
    value: finite(value) ?? 0,
    total: finite(total),
    message: message === undefined ? null : maskedBeginning(message, maskText),
  };
}

/** JSON has no other numbers. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
