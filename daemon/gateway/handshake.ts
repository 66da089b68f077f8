import { readEnvelope } from '../../protocol/envelope.ts';
import { type Failure, jsonRpcError } from '../../protocol/errors.ts';
import type { TransportKind } from '../../protocol/events.ts';
import { type Hello, type HelloError, type HelloRefusal, helloSchema } from '../../protocol/hello.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { type CloseReason, closeCodes } from '../../protocol/limits.ts';
import { protocolVersion } from '../../protocol/version.ts';

/** What the first frame of a WebSocket or link turned out to be (WIRE §1.3). */
export type FirstFrame =
  | { readonly type: 'hello'; readonly hello: Hello; readonly transport: TransportKind }
  | { readonly type: 'direct-mcp'; readonly id: RequestId | null }
  | {
      readonly type: 'refused';
      readonly error: 'invalid_hello' | 'missing_hello' | 'upgrade_required';
      readonly hint: string;
    };

export function readFirstFrame(bytes: Buffer): FirstFrame {
  const read = readEnvelope(bytes);
  if (read.type !== 'object') {
    return { type: 'refused', error: 'invalid_hello', hint: 'The first frame must be a JSON object.' };
  }
  const { envelope } = read;
  if (envelope.op === undefined && envelope.isJsonRpc) {
    return { type: 'direct-mcp', id: envelope.id ?? null };
  }
  if (envelope.op !== 'hello') {
    const parsed = parseJson(bytes);
    return parsed === undefined
      ? { type: 'refused', error: 'invalid_hello', hint: 'The first frame is not JSON.' }
      : { type: 'refused', error: 'missing_hello', hint: 'Send {"op":"hello"} first.' };
  }
  const parsed = helloSchema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue === undefined || issue.path.length === 0 ? 'hello' : issue.path.join('.');
    return { type: 'refused', error: 'invalid_hello', hint: `The field ${field} has the wrong form.` };
  }
  const hello = parsed.data;
  const [major] = (hello.protocol ?? protocolVersion).split('.');
  if (major !== protocolVersion.split('.')[0]) {
    return { type: 'refused', error: 'upgrade_required', hint: `This daemon speaks protocol ${protocolVersion}.` };
  }
  return { type: 'hello', hello, transport: hello.mode === 'mcp' && hello.shimId !== undefined ? 'shim' : 'ops' };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined; // the caller answers
  }
}

const closeOfError: Record<HelloError, CloseReason> = {
  invalid_hello: closeCodes.invalidHello,
  missing_hello: closeCodes.missingHello,
  unauthorized: closeCodes.unauthorized,
  jwt_required: closeCodes.jwtRequired,
  session_limit: closeCodes.sessionLimit,
  upgrade_required: closeCodes.upgradeRequired,
};

const codeOfError = {
  invalid_hello: 'INVALID_REQUEST',
  missing_hello: 'INVALID_REQUEST',
  unauthorized: 'UNAUTHORIZED',
  jwt_required: 'UNAUTHORIZED',
  session_limit: 'SESSION_LIMIT',
  upgrade_required: 'UPGRADE_REQUIRED',
} as const satisfies Record<HelloError, string>;

/** The refusing ack and the close that follows it (WIRE §§2, 3.2). */
export function helloRefusal(error: HelloError, hint: string): { ack: HelloRefusal; close: CloseReason } {
  return { ack: { op: 'hello_ack', ok: false, error, code: codeOfError[error], hint }, close: closeOfError[error] };
}

/** The answer to a direct MCP client that is not let in. */
export function directMcpRefusal(id: RequestId | null, failure: Failure): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: jsonRpcError(failure) });
}
