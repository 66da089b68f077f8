import type { HostInput, HostOutput, HostState } from '../../protocol/host-bridge.ts';
import type { HostVerb } from '../../protocol/host-verbs.ts';

/** What the surroundings of this page can do. Features ask this and never which host it is. */
export interface HostCapabilities {
  /** It can start, stop and restart the daemon. */
  readonly canOwnDaemon: boolean;
  /** It can let a person choose a folder. */
  readonly canPickFolder: boolean;
  /** It can show a file in the file manager. */
  readonly canReveal: boolean;
  /** Nothing may be changed from here. */
  readonly isReadOnly: boolean;
}

/** Whether the text is on the clipboard, and whether it will be taken off again. */
export type CopyOutcome =
  | { readonly state: 'copied'; readonly isCleared: boolean }
  /** The system refused. */
  | { readonly state: 'failed' };

/** What a verb of the tray app has come to. */
export type HostReply<Verb extends HostVerb> =
  | { readonly ok: true; readonly value: HostOutput<Verb> }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** The tray app around this page: it owns the daemon. */
export interface TrayHost {
  /** Undefined until it has told. */
  readonly state: () => HostState | undefined;
  /** Called after each change; returns the function that ends it. */
  readonly subscribe: (listener: () => void) => () => void;
  ask<Verb extends HostVerb>(verb: Verb, input: HostInput<Verb>): Promise<HostReply<Verb>>;
}

/** Port to the program that shows this page: a browser, or the window of the tray app. */
export interface Host {
  readonly capabilities: HostCapabilities;
  /** Absent in a browser. */
  readonly tray?: TrayHost;
  /**
   * Puts text on the clipboard. With `clearAfterMs` it is taken off again when it is still there by then; `isCleared` false
   * says that this host cannot do that. `text` may still be on its way: browsers allow copying only in the click itself.
   */
  copyText(text: string | Promise<string>, options?: { readonly clearAfterMs: number }): Promise<CopyOutcome>;
  openExternal(url: string): void;
  /** Saves what `url` answers as a file. */
  download(url: string, fileName: string): void;
}
