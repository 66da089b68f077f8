import { limits } from '../../protocol/limits.ts';
import type { ToolResult } from '../tools/tool.ts';

const uriPattern = /^exai:\/\/results\/([^/]+)\/(\d+)$/;
const maxKept = 16;

/**
 * Results too long for a client's line (CLIENTS S15): the client gets the beginning and a link, and reads the rest in
 * parts. Kept per session, the last 16 results within a byte bound, oldest out first.
 */
export class OversizedResults {
  readonly #maxBytes: number;
  readonly #texts = new Map<string, string>();
  #bytes = 0;

  constructor(maxBytes: number = limits.resumeMaxBytes) {
    this.#maxBytes = maxBytes;
  }

  /** The result that takes the place of one of `actualBytes`, whose limit is `limitBytes`. */
  replace(callId: string, result: ToolResult, actualBytes: number, limitBytes: number): ToolResult {
    const text = textOf(result);
    this.#keep(callId, text);
    const beginning = cutAtCharacter(text, Math.min(limits.oversizedResultTextBytes, safeChars(limitBytes)));
    return {
      content: [
        { type: 'text', text: beginning },
        {
          type: 'text',
          text: `The result is ${actualBytes} bytes long, more than this client takes in one answer (${limitBytes}). Above is its beginning; the whole text can be read in parts from the linked resource.`,
        },
        { type: 'resource_link', uri: partUri(callId, 1), name: `result ${callId}`, mimeType: 'text/plain' },
      ],
      ...(result.isError === true ? { isError: true } : {}),
      _meta: { ...result._meta, 'exai-tray/truncated': { actual_size: actualBytes, limit: limitBytes } },
    };
  }

  /** One part of a kept text as the result of `resources/read`, or undefined for an unknown or dropped one. */
  read(
    uri: string,
    limitBytes: number,
  ): { contents: { uri: string; mimeType: string; text: string; _meta: Record<string, unknown> }[] } | undefined {
    const match = uriPattern.exec(uri);
    const callId = match?.[1] ?? '';
    const part = Number(match?.[2] ?? '0');
    const text = this.#texts.get(callId);
    if (text === undefined || part < 1) return undefined;
    const partChars = safeChars(limitBytes);
    const parts = Math.max(1, Math.ceil(text.length / partChars));
    if (part > parts) return undefined;
    const slice = text.slice(boundary(text, (part - 1) * partChars), boundary(text, part * partChars));
    const next = part < parts ? { next: partUri(callId, part + 1) } : {};
    return {
      contents: [{ uri, mimeType: 'text/plain', text: slice, _meta: { 'exai-tray/part': { part, parts, ...next } } }],
    };
  }

  #keep(callId: string, text: string): void {
    this.#texts.set(callId, text);
    this.#bytes += text.length;
    for (const [id, kept] of this.#texts) {
      if (this.#texts.size <= maxKept && this.#bytes <= this.#maxBytes) break;
      this.#texts.delete(id);
      this.#bytes -= kept.length;
    }
  }
}

/** Characters that fit into one answer: each takes at most six bytes inside a JSON string (\uXXXX). */
function safeChars(limitBytes: number): number {
  return Math.max(2, Math.floor((limitBytes - 4096) / 6));
}

/** `at`, or one less where it would cut a pair of surrogates in two. */
function boundary(text: string, at: number): number {
  const isInsidePair = (text.codePointAt(at - 1) ?? 0) > 0xffff;
  return isInsidePair ? at - 1 : at;
}

function partUri(callId: string, part: number): string {
  return `exai://results/${callId}/${part}`;
}

/** Text blocks joined; anything else as its JSON, so that nothing is cut in the middle of base64. */
function textOf(result: ToolResult): string {
  return result.content
    .map((block) => (typeof block['text'] === 'string' ? block['text'] : JSON.stringify(block)))
    .join('\n\n');
}

function cutAtCharacter(text: string, bytes: number): string {
  const whole = Buffer.from(text, 'utf8');
  if (whole.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return whole.subarray(0, end).toString('utf8');
}
