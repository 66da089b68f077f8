import type { Clock } from './clock.ts';
import type { DesktopPorts } from './desktop-ports.ts';

/** Takes what must not stay on the clipboard off again: after its time, and at quit, when it is still there. */
export class ClipboardKeeper {
  readonly #clipboard: DesktopPorts['clipboard'];
  readonly #clock: Clock;
  #kept: string | undefined;
  #cancel: () => void = () => undefined;

  constructor(clipboard: DesktopPorts['clipboard'], clock: Clock) {
    this.#clipboard = clipboard;
    this.#clock = clock;
  }

  /** @param clearAfterMs absent: it may stay */
  async copy(text: string, clearAfterMs?: number): Promise<void> {
    await this.#clipboard.write(text);
    this.#cancel();
    this.#kept = clearAfterMs === undefined ? undefined : text;
    if (clearAfterMs !== undefined) this.#cancel = this.#clock.schedule(() => void this.clear(), clearAfterMs);
  }

  /** What somebody else has copied meanwhile is left alone. */
  async clear(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    this.#cancel();
    if (kept !== undefined && (await this.#clipboard.read()) === kept) await this.#clipboard.write('');
  }
}
