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

/** Port to the program that shows this page: a browser, or the window of the tray app. */
export interface Host {
  readonly capabilities: HostCapabilities;
  /**
   * Puts text on the clipboard. With `clearAfterMs` it is taken off again when it is still there by then; `isCleared` false
   * says that this host cannot do that. `text` may still be on its way: browsers allow copying only in the click itself.
   */
  copyText(text: string | Promise<string>, options?: { readonly clearAfterMs: number }): Promise<CopyOutcome>;
  openExternal(url: string): void;
  /** Saves what `url` answers as a file. */
  download(url: string, fileName: string): void;
}
