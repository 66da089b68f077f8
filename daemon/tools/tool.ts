import { z } from 'zod';
import { type ErrorCode, errorData, errorTable, type Failure, FailureError } from '../../protocol/errors.ts';
import { memberOf } from '../../protocol/json-slices.ts';
import type { CallingWindow } from '../upstreams/calling-window.ts';

/** MCP content: `{type:'text',text}` and every other kind, known to us or not. */
export interface ContentBlock {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** JSON Schema of an object, as MCP wants it. */
export interface JsonSchemaObject {
  readonly type: 'object';
  readonly [keyword: string]: unknown;
}

export interface ToolProgress {
  readonly progress?: number;
  readonly total?: number;
  readonly message?: string;
}

/** A call as a server gets it: the client's bytes, and the window that is asked what the server wants to know. */
export interface RelayedCall {
  readonly params: Buffer;
  readonly window: CallingWindow;
}

/** What one call gets beside its arguments. */
export interface ToolContext {
  /** Aborts on cancel, end of session and deadline; the slot is taken back soon after, whatever the tool does. */
  readonly signal: AbortSignal;
  readonly sessionId: string;
  readonly sessionKey: string;
  readonly workspace?: string | null | undefined;
  /** Of a call that came over MCP. */
  readonly relay?: RelayedCall | undefined;
  reportProgress(progress: ToolProgress): void;
  streamChunk(text: string): void;
}

/** Result of `tools/call`. A tool's own failure is a result with `isError`. */
export interface ToolResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: boolean;
  readonly _meta?: Readonly<Record<string, unknown>>;
}

/** The result of a server, kept as the bytes it sent; read only by those who have to look into it. */
export class RelayedResult implements ToolResult {
  readonly raw: Buffer;
  #parsed: ToolResult | undefined;

  constructor(raw: Buffer) {
    this.raw = raw;
  }

  get isError(): boolean {
    const found = memberOf(this.raw, 0, 'isError');
    return found !== undefined && this.raw.toString('latin1', found.start, found.end) === 'true';
  }

  get content(): readonly ContentBlock[] {
    const { content } = this.parsed();
    return Array.isArray(content) ? content : [];
  }

  get structuredContent(): Readonly<Record<string, unknown>> {
    return this.parsed().structuredContent ?? {};
  }

  get _meta(): Readonly<Record<string, unknown>> {
    return this.parsed()._meta ?? {};
  }

  /** The whole result; empty when the server has sent what is no result. */
  parsed(): ToolResult {
    this.#parsed ??= parseResult(this.raw);
    return this.#parsed;
  }

  toJSON(): ToolResult {
    return this.parsed();
  }
}

function parseResult(raw: Buffer): ToolResult {
  try {
    const value: unknown = JSON.parse(raw.toString('utf8'));
    return typeof value === 'object' && value !== null ? { content: [], ...value } : { content: [] };
  } catch {
    return { content: [] };
  }
}

/** The call has no result: its answer is an error, ours or, as `relayed`, the JSON of one that a server gave. */
export class CallFailedError extends FailureError {
  readonly relayed: Buffer | undefined;

  constructor(failure: Failure, relayed?: Buffer) {
    super(failure);
    this.name = 'CallFailedError';
    this.relayed = relayed;
  }
}

export interface ToolAnnotations {
  readonly readOnlyHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly openWorldHint?: boolean;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchemaObject;
  readonly outputSchema?: JsonSchemaObject;
  readonly annotations: ToolAnnotations;
  /** Takes no slot, so that a full daemon can be examined (WIRE §7.1). */
  readonly isExempt?: boolean;
  /** Id of the server that has it; absent for our own. */
  readonly upstream?: string;
  /** Upper-case name of the provider whose cap its calls count against. */
  readonly provider?: string;
  /** `args` is what the client sent, unchecked. May throw; the caller makes that an `isError` result. */
  call(args: unknown, context: ToolContext): ToolResult | Promise<ToolResult>;
}

export interface ToolDefinition<Input extends z.ZodObject> extends Omit<Tool, 'inputSchema' | 'outputSchema' | 'call'> {
  /** Unknown keys are ignored: older clients send `model` to every tool. */
  readonly input: Input;
  /** Of `structuredContent`; every result without `isError` must fit. */
  readonly output?: z.ZodObject;
  readonly run: (args: z.output<Input>, context: ToolContext) => ToolResult | Promise<ToolResult>;
}

/** For tools that only look. */
export const readOnly: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** A tool whose arguments are checked against the schema that it shows. */
export function defineTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): Tool {
  const { input, output, run, ...rest } = definition;
  return {
    ...rest,
    inputSchema: jsonSchemaOf(input),
    ...(output === undefined ? {} : { outputSchema: jsonSchemaOf(output) }),
    call: (args, context) => {
      const parsed = input.safeParse(args ?? {});
      return parsed.success
        ? run(parsed.data, context)
        : failureResult(invalidArguments(definition.name, parsed.error));
    },
  };
}

/** A failed result that says what went wrong to a person and, in `_meta`, to a program (WIRE §6.1). */
export function failureResult(failure: Failure): ToolResult {
  const text = failure.hint === undefined ? failure.message : `${failure.message} ${failure.hint}`;
  return { content: [{ type: 'text', text }], isError: true, _meta: { [errorMetaKey]: errorData(failure) } };
}

/** The code of a failed result: ours when it carries one, else `EXEC_ERROR`; null for a success. */
export function resultErrorCode(result: ToolResult): ErrorCode | null {
  if (result.isError !== true) return null;
  const data = result._meta?.[errorMetaKey];
  const code: unknown = typeof data === 'object' && data !== null && 'code' in data ? data.code : undefined;
  return isErrorCode(code) ? code : 'EXEC_ERROR';
}

/** JSON for people in the text, for programs in `structuredContent`. */
export function jsonResult(value: Readonly<Record<string, unknown>>): ToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value, null, 2) }], structuredContent: value };
}

const errorMetaKey = 'exai-tray/error';
const maxIssues = 5;

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorTable, code);
}

function invalidArguments(toolName: string, error: z.ZodError): Failure {
  const issues = error.issues
    .slice(0, maxIssues)
    .map(({ path, message }) => ({ field: path.join('.') || 'arguments', reason: message }));
  const listed = issues.map(({ field, reason }) => `${field}: ${reason}`).join('; ');
  return {
    code: 'VALIDATION_ERROR',
    message: `The arguments do not fit ${toolName}: ${listed}.`,
    hint: 'Correct them as its input schema says and call again.',
    details: { issues },
  };
}

function jsonSchemaOf(schema: z.ZodObject): JsonSchemaObject {
  // `input`: defaults make a field optional, and no key is forbidden, in results either.
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return { ...rest, type: 'object' };
}
