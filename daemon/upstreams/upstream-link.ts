/** Why a link has ended, for the people and calls that it takes with it. */
export interface LinkEnd {
  /** One sentence. */
  readonly message: string;
  /** Of a process. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines that the server wrote to stderr, at most 20. */
  readonly stderrTail: readonly string[];
}

export interface LinkHandlers {
  /** One JSON-RPC message. `causedBy`: our request on whose stream it came, where the transport tells. */
  onMessage(bytes: Buffer, causedBy?: number): void;
  /** The answer of our request `id` was longer than a message may be; null: of one that cannot be told. */
  onOversized(bytes: number, id: number | null): void;
  /** One request could not be carried; the link goes on. */
  onRequestFailed(id: number, message: string): void;
  /** Once, also after `close`. */
  onEnded(end: LinkEnd): void;
}

/** How messages get to one server: the pipes of a child process, or HTTP. Handlers are called until `onEnded`. */
export interface UpstreamLink {
  /** Pid of the server's process; null for a server of somebody else. */
  readonly pid: number | null;
  /** The last lines of stderr. */
  readonly stderrTail: readonly string[];
  /**
   * `requestId` when the message is a request of ours. The message is given in parts, none of which is cut inside a
   * token and which nobody changes afterwards.
   */
  send(message: readonly Buffer[], requestId?: number): void;
  /** Nobody waits for this answer any more. */
  abandon?(requestId: number): void;
  /** The server has answered `initialize` with this revision. */
  initialized?(protocolVersion: string): void;
  /** Ends the link in order, then by force. Resolves when the server is gone. Safe to call again. */
  close(): Promise<void>;
}

/** Opens a link. Throws a `FailureError` when there is nothing to open. */
export type OpenLink = (handlers: LinkHandlers) => UpstreamLink;
