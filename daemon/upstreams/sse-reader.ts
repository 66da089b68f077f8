import { StringDecoder } from 'node:string_decoder';

export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

/** Reads `text/event-stream` as it comes. Comments and events without data are skipped, but for their id. */
export class SseReader {
  readonly #decoder = new StringDecoder('utf8');
  readonly #maxChars: number;
  readonly #onEvent: (event: SseEvent) => void;
  #rest = '';
  #data: string[] = [];
  #dataChars = 0;
  #event = '';
  #id: string | null = null;

  constructor(maxChars: number, onEvent: (event: SseEvent) => void) {
    this.#maxChars = maxChars;
    this.#onEvent = onEvent;
  }

  /** @throws RangeError when one event is longer than it may be */
  push(chunk: Uint8Array): void {
    const text = this.#rest + this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    // A CR at the very end may be the first half of a CR LF.
    const whole = text.endsWith('\r') ? text.slice(0, -1) : text;
    const lines = whole.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + text.slice(whole.length);
    for (const line of lines) this.#line(line);
    if (this.#rest.length + this.#dataChars > this.#maxChars) throw new RangeError('an event is too long');
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') {
      this.#data.push(value);
      this.#dataChars += value.length;
    } else if (field === 'event') this.#event = value;
    else if (field === 'id') this.#id = value;
  }

  #dispatch(): void {
    const data = this.#data.join('\n');
    const event = this.#event === '' ? 'message' : this.#event;
    const hasData = this.#data.length > 0;
    this.#data = [];
    this.#dataChars = 0;
    this.#event = '';
    if (hasData || this.#id !== null) this.#onEvent({ event, data, id: this.#id });
  }
}
