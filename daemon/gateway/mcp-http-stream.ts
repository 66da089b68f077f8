import type { ServerResponse } from 'node:http';
import type { RequestId } from '../../protocol/ids.ts';
import { type EventStore, eventId } from './event-store.ts';
import { encodeEvent, encodePriming, SseStream } from './sse-stream.ts';

export interface StreamOptions {
  /** Its number in the ids of its events. */
  readonly stream: number;
  readonly store: EventStore;
  /** Whether the client knows an event without data. */
  isPrimed(): boolean;
  /** The client's connection to this stream has gone. */
  onGone(): void;
}

/**
 * The events of one stream of a session, whichever connection they leave on. They are numbered and stored, so that a
 * client that comes back with the id of the last one gets the rest.
 */
export class EventStream {
  readonly #options: StreamOptions;
  #connections: SseStream[] = [];
  #number = 0;
  /** Number of the last event that was written to a connection. */
  #written = 0;
  #isEnded = false;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get openConnections(): number {
    return this.#connections.length;
  }

  /**
   * Takes a response for the events from now on, after those behind `after`. The newest connection gets them; each
   * event leaves on one only.
   */
  connect(response: ServerResponse, headers: Readonly<Record<string, string>>, after = this.#written): void {
    const connection = new SseStream(response, headers, () => {
      this.#connections = this.#connections.filter((other) => other !== connection);
      this.#options.onGone();
    });
    const { stream, store } = this.#options;
    if (this.#options.isPrimed()) {
      const number = Math.min(after, this.#number);
      connection.write(encodePriming(eventId({ stream, number })));
    }
    for (const event of store.after({ stream, number: after })) connection.write(event);
    this.#written = this.#number;
    if (this.#isEnded) {
      connection.end();
      return;
    }
    this.#connections.push(connection);
  }

  /** @param answerTo the request that this message answers, or null */
  send(message: string | Uint8Array, answerTo: RequestId | null): void {
    this.#number += 1;
    const { stream, store } = this.#options;
    const event = encodeEvent(eventId({ stream, number: this.#number }), message);
    store.add({ stream, number: this.#number }, event, answerTo);
    const connection = this.#connections.at(-1);
    if (connection === undefined) return;
    this.#written = this.#number;
    connection.write(event);
  }

  /** Closes the oldest connections beyond `max`. */
  keepAtMost(max: number): void {
    for (const connection of this.#connections.slice(0, -max)) connection.end();
  }

  /** No further event will come. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.store.streamEnded(this.#options.stream);
    for (const connection of this.#connections) connection.end();
  }
}
