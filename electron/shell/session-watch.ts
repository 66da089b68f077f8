import { type BrowserWindow, powerMonitor } from 'electron';

export interface SessionWatchOptions {
  readonly window: BrowserWindow;
  /** Windows: the session may be about to end; somebody may still call that off. */
  readonly onQuery: () => void;
  /** Log-out, shutdown, or a signal: the app has about two seconds. */
  readonly onEnd: () => void;
  /** The machine slept. */
  readonly onResume: () => void;
}

/**
 * How each system says that it wants us gone, or that it was away (PLATFORM §4). To be called when the app is ready: by
 * then Electron's own signal handlers are in place, which would quit with a question, and ours follow them.
 */
export function watchSession({ window, onQuery, onEnd, onResume }: SessionWatchOptions): void {
  // Windows sends these to windows and nothing else; neither may be prevented.
  window.on('query-session-end', onQuery);
  window.on('session-end', onEnd);
  // macOS and Linux; prevented means delayed. Its event is missing in the types.
  powerMonitor.on('shutdown', (...[event]: unknown[]) => {
    if (isPreventable(event)) event.preventDefault();
    onEnd();
  });
  powerMonitor.on('resume', onResume);
  // The end of a Linux session, and Ctrl+C where the app was started from a terminal.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onEnd);
}

function isPreventable(event: unknown): event is { preventDefault(): void } {
  return typeof event === 'object' && event !== null && 'preventDefault' in event;
}
