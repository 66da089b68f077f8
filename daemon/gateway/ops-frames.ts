import { type ErrorCode, errorData, errorTable, type Failure } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { CallReply, CallTiming } from '../calls/dispatcher.ts';
import { type ContentBlock, resultErrorCode } from '../tools/tool.ts';

/** The ids of a request exactly as given; an answer repeats them (WIRE §4.1). */
export interface Echo {
  readonly request_id?: RequestId;
  readonly id?: RequestId;
}

export type OpsRequest =
  | { readonly type: 'list_tools'; readonly echo: Echo }
  | { readonly type: 'call_tool'; readonly echo: Echo; readonly name: string; readonly args: Record<string, unknown> }
  | { readonly type: 'cancel'; readonly echo: Echo; readonly target: RequestId }
  | { readonly type: 'ping'; readonly echo: Echo }
  | { readonly type: 'health'; readonly echo: Echo }
  | { readonly type: 'rotate_token'; readonly echo: Echo; readonly old: unknown; readonly new: unknown }
  /** `op` is the answer's; `message` the predecessor's short text. */
  | {
      readonly type: 'problem';
      readonly echo: Echo;
      readonly op: string;
      readonly message: string;
      readonly failure: Failure;
    };

const answerOf: Readonly<Record<string, string>> = {
  list_tools: 'list_tools_res',
  call_tool: 'call_tool_res',
  cancel: 'cancelled',
  ping: 'pong',
  health: 'health_res',
  rotate_token: 'rotate_token_res',
};

/** Name of the answer's op; `error` for what is no request. */
export function answerOpOf(op: string): string {
  return Object.hasOwn(answerOf, op) ? (answerOf[op] ?? 'error') : 'error';
}

/** Reads one frame of ops mode (WIRE §4.2). Every malformed frame becomes a `problem` that says which field and why. */
export function readOpsRequest(bytes: Buffer): OpsRequest {
  let frame: unknown;
  try {
    frame = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    const parse_error = error instanceof Error ? error.message : 'not JSON';
    return problem({}, 'error', 'invalid_json', 'The frame is not JSON.', { parse_error });
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) {
    return problem({}, 'error', 'invalid_request', 'A frame must be a JSON object.', {
      field: 'frame',
      reason: 'not an object',
    });
  }
  const get = (name: string): unknown => (Object.hasOwn(frame, name) ? Reflect.get(frame, name) : undefined);
  const op = get('op');
  const name = op === 'tool_call' ? 'call_tool' : op;
  const answer = typeof name === 'string' ? answerOpOf(name) : 'error';
  const echo: { request_id?: RequestId; id?: RequestId } = {};
  for (const field of ['request_id', 'id'] as const) {
    const value = get(field);
    if (value === undefined || value === null) continue;
    if (!isRequestId(value)) {
      return problem(
        echo,
        answer,
        'invalid_request',
        `${field} must be a number or a string of 1–${limits.requestIdMaxChars} characters.`,
        { field, reason: 'wrong type or length' },
      );
    }
    echo[field] = value;
  }
  switch (name) {
    case 'list_tools':
    case 'ping':
    case 'health':
      return { type: name, echo };
    case 'call_tool':
      return readCall(echo, get);
    case 'cancel': {
      const target = get('target') ?? echo.request_id ?? echo.id;
      return isRequestId(target)
        ? { type: 'cancel', echo, target }
        : problem(echo, answer, 'invalid_request', 'cancel needs a target.', {
            field: 'target',
            reason: 'missing or of the wrong type',
          });
    }
    case 'rotate_token':
      return { type: 'rotate_token', echo, old: get('old'), new: get('new') };
    default: {
      const reason = typeof op === 'string' ? 'unknown op' : 'missing or not a string';
      return problem(echo, 'error', 'unknown_op', 'There is no such op.', { field: 'op', reason });
    }
  }
}

function readCall(echo: Echo, get: (name: string) => unknown): OpsRequest {
  const tool = get('tool');
  const nested: unknown = typeof tool === 'object' && tool !== null ? Reflect.get(tool, 'name') : undefined;
  const name = get('name') ?? nested;
  if (typeof name !== 'string' || name === '') {
    return problem(echo, 'call_tool_res', 'invalid_request', 'call_tool needs the name of a tool.', {
      field: 'name',
      reason: 'missing or not a string',
    });
  }
  const given = get('arguments') ?? {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return problem(echo, 'call_tool_res', 'invalid_request', 'arguments must be an object.', {
      field: 'arguments',
      reason: 'not an object',
    });
  }
  return { type: 'call_tool', echo, name, args: { ...given } };
}

function isRequestId(value: unknown): value is RequestId {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && value.length >= 1 && value.length <= limits.requestIdMaxChars;
}

function problem(
  echo: Echo,
  op: string,
  message: string,
  sentence: string,
  details: Record<string, unknown>,
): OpsRequest {
  return { type: 'problem', echo, op, message, failure: { code: 'INVALID_REQUEST', message: sentence, details } };
}

/** The id fields of an answer: those given, or `request_id: null` when there was none. */
export function echoed(echo: Echo): Record<string, unknown> {
  return echo.request_id === undefined && echo.id === undefined ? { request_id: null } : { ...echo };
}

/** A client that sends no `request_id` takes the very next frame as its answer: it gets no ack, progress or stream. */
export function isSilent(echo: Echo): boolean {
  return echo.request_id === undefined;
}

/** Clients that send only an `id` look for `result` in the answer of a call. */
function isProfileD(echo: Echo): boolean {
  return echo.request_id === undefined && echo.id !== undefined;
}

/** The ops error object (WIRE §6.1). */
export function opsError(failure: Failure, original?: RequestId): Record<string, unknown> {
  const { hint, retryAfterMs, callId, details, code, retryable, mayHaveRun, ...capacity } = errorData(failure);
  const extra = {
    ...details,
    ...capacity,
    ...(mayHaveRun ? { mayHaveRun } : {}),
    ...(hint === undefined ? {} : { hint }),
  };
  return {
    code,
    message: failure.message,
    ...(retryAfterMs === undefined ? {} : { retry_after: retryAfterMs / 1000 }),
    retryable,
    ...(original === undefined ? {} : { original_request_id: original }),
    ...(callId === undefined ? {} : { call_id: callId }),
    ...(Object.keys(extra).length === 0 ? {} : { details: extra }),
  };
}

/** An `error` frame, or the failed answer of a recognised op: both the short text and the object (WIRE §4.1). */
export function problemFrame(request: Extract<OpsRequest, { type: 'problem' }>): Record<string, unknown> {
  return {
    op: request.op,
    ...echoed(request.echo),
    ...(request.op === 'error' ? {} : { ok: false }),
    ...(request.op === 'list_tools_res' ? { tools: [] } : {}),
    message: request.message,
    error: opsError(request.failure),
    ...(request.op === 'call_tool_res' && isProfileD(request.echo)
      ? { result: [{ type: 'text', text: request.failure.message }] }
      : {}),
  };
}

export interface OpsOptions {
  readonly compatText: boolean;
  readonly ensureNonEmptyOutput: boolean;
  /** The client sent `protocol`: it gets MCP content verbatim beside the text blocks. */
  readonly isModern: boolean;
  readonly sessionId: string;
}

/** The part of `call_tool_res` that is stored and served again: everything but ids and flags. */
export interface OpsPayload {
  readonly ok: boolean;
  readonly body: Record<string, unknown>;
}

/** Statuses that a tool may put into its JSON output and that are lifted to an error code (WIRE §4.3). */
const liftedStatuses: Readonly<Record<string, ErrorCode>> = {
  code_too_large: 'CODE_TOO_LARGE',
  error: 'ERROR',
  execution_error: 'EXECUTION_ERROR',
  resend_prompt: 'RESEND_PROMPT',
};

export function opsPayload(toolName: string, reply: CallReply, options: OpsOptions): OpsPayload {
  if (reply.type === 'failure') return { ok: false, body: { error: opsError(reply.failure) } };
  const { result, timing } = reply;
  const texts = result.content.map(blockText);
  if (texts.length === 0) texts.push(options.ensureNonEmptyOutput ? emptyOutput(toolName, options.sessionId) : '');
  const outputs = texts.map((text, index) => ({
    type: 'text',
    text,
    ...(index === 0 ? { metadata: { latency_metrics: latencyMetrics(timing) } } : {}),
  }));
  const code = liftedStatus(result.content) ?? resultErrorCode(result) ?? undefined;
  const text = texts.filter((part) => part !== '').join('\n\n');
  return {
    ok: code === undefined,
    body: {
      outputs,
      ...(options.compatText ? { text } : {}),
      ...(result.structuredContent === undefined ? {} : { structured: result.structuredContent }),
      ...(options.isModern && result.content.some((block) => block.type !== 'text') ? { content: result.content } : {}),
      ...(code === undefined
        ? {}
        : {
            error: opsError({
              code,
              message: firstLine(text),
              callId: reply.callId,
              retryable: errorTable[code].retryable,
            }),
          }),
    },
  };
}

function liftedStatus(content: readonly ContentBlock[]): ErrorCode | undefined {
  for (const block of content) {
    const text = blockText(block);
    if (!text.startsWith('{') || !text.includes('"status"')) continue;
    try {
      const value: unknown = JSON.parse(text);
      const status: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'status') : undefined;
      const code =
        typeof status === 'string' && Object.hasOwn(liftedStatuses, status) ? liftedStatuses[status] : undefined;
      if (code !== undefined) return code;
    } catch {
      // text that merely begins like JSON is text
    }
  }
  return undefined;
}

function blockText(block: ContentBlock): string {
  return typeof block['text'] === 'string' ? block['text'] : JSON.stringify(block);
}

function firstLine(text: string): string {
  return text.slice(0, 500).split('\n', 1)[0] ?? '';
}

function latencyMetrics(timing: CallTiming): Record<string, unknown> {
  const hasProvider = timing.provider !== null;
  return {
    latency_ms: round(timing.totalMs),
    global_sem_wait_ms: hasProvider ? 0 : round(timing.queuedMs),
    provider_sem_wait_ms: hasProvider ? round(timing.queuedMs) : 0,
    processing_ms: round(timing.processingMs),
    provider_name: timing.provider ?? '',
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function emptyOutput(tool: string, session: string): string {
  return JSON.stringify({
    status: 'no_payload_from_tool',
    diagnostic_stub: true,
    tool,
    session,
    ts: Date.now() / 1000,
  });
}

/** The frame of a call's one answer. Profile D clients (only `id`) also get `result`. */
export function callAnswer(echo: Echo, payload: OpsPayload, flags: Readonly<Record<string, true>> = {}): string {
  const profileD = isProfileD(echo) ? { result: profileDResult(payload) } : {};
  return JSON.stringify({
    op: 'call_tool_res',
    ...echoed(echo),
    ok: payload.ok,
    ...payload.body,
    ...flags,
    ...profileD,
  });
}

function profileDResult(payload: OpsPayload): unknown {
  const { outputs, error } = payload.body;
  if (outputs !== undefined) return outputs;
  const message: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : '';
  return [{ type: 'text', text: message }];
}
