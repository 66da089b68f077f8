import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import type { TestHome } from '../support/daemon-process.ts';
import { eventually, withDeadline } from '../support/deadline.ts';
import { killQuietly, processesWith } from '../support/processes.ts';
import type { ControlRow, ControlState } from './electron-double/control.ts';
import type { AppUnderTest } from './scenarios.ts';

const register = fileURLToPath(new URL('./electron-double/register.ts', import.meta.url));
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The unmodified app in a process of its own, on the double: its tray and what it did, and the page of its window. */
export class TrayProcess implements AppUnderTest {
  readonly home: TestHome;
  readonly #child: ChildProcess;
  readonly exited: Promise<number | null>;
  #browser: Browser | undefined;

  constructor(home: TestHome, env: Readonly<Record<string, string>>, args: readonly string[] = []) {
    this.home = home;
    this.#child = spawn(process.execPath, ['--import', register, main, ...args], {
      env: { ...home.env, ...env, DOUBLE_HOME: join(home.path, 'electron') },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    this.exited = once(this.#child, 'exit').then(([code]: (number | null)[]) => code ?? null);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Pulls a lever of the double, or reads what it has recorded. */
  async control(verb: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const file = join(this.home.path, 'electron', `control-${this.pid}.json`);
    const text = await eventually('the control port', () =>
      existsSync(file) ? readFileSync(file, 'utf8') : undefined,
    );
    const { url } = z.object({ url: z.string() }).parse(JSON.parse(text));
    const response = await fetch(`${url}/${verb}?${new URLSearchParams(query).toString()}`);
    if (!response.ok) throw new Error(`${verb}: ${await response.text()}`);
    return await response.json();
  }

  async state(): Promise<ControlState> {
    return (await this.control('state')) as ControlState;
  }

  /** Resolves with the state in which `look` finds something. */
  async until<Found>(
    what: string,
    look: (state: ControlState) => Found | undefined,
    timeoutMs = 20_000,
  ): Promise<Found> {
    let last: ControlState | undefined;
    return await eventually(
      what,
      async () => {
        last = await this.state();
        return look(last);
      },
      timeoutMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${JSON.stringify(last, null, 1)}`);
    });
  }

  /** Name of the picture that the tray shows, such as `idle`. */
  async untilPicture(picture: string): Promise<void> {
    await this.until(
      `the picture ${picture}`,
      ({ trays }) => trays[0]?.image.endsWith(`/${picture}-light.png`) || undefined,
    );
  }

  /** Clicks a row of the tray's menu as soon as it can be clicked. */
  async click(id: string): Promise<void> {
    await this.until(`the row ${id}`, ({ trays }) => findRow(trays[0]?.menu ?? [], id)?.isEnabled || undefined);
    await this.control('menu-click', { id });
  }

  /** Waits until a row of the tray's menu says so; the menu follows the picture a moment later. */
  async untilRow(id: string, label: RegExp): Promise<ControlRow> {
    return await this.until(`the row ${id} with ${String(label)}`, ({ trays }) => {
      const row = findRow(trays[0]?.menu ?? [], id);
      return row !== undefined && label.test(row.label) ? row : undefined;
    });
  }

  /** The page of the window, joined over CDP. */
  async page(): Promise<Page> {
    const cdp = await this.until('the window', ({ windows: [window] }) =>
      window?.url.startsWith('app://exai/') === true ? (window.cdp ?? undefined) : undefined,
    );
    this.#browser ??= await chromium.connectOverCDP(cdp);
    const page = this.#browser.contexts()[0]?.pages()[0];
    if (page === undefined) throw new Error('the window has no page');
    page.setDefaultTimeout(15_000);
    return page;
  }

  async isWindowVisible(): Promise<boolean> {
    return (await this.state()).windows[0]?.isVisible === true;
  }

  async closeWindow(): Promise<void> {
    await this.control('window-close');
  }

  async end(): Promise<void> {
    await this.#browser?.close().catch(() => undefined); // the window has gone
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      killQuietly(this.pid, 'SIGTERM'); // the double ends its browser then
      await withDeadline('the end of the app', this.exited).catch(() => killQuietly(this.pid, 'SIGKILL'));
    }
    // A browser whose app was killed, and the xclip that owns the selection.
    await eventually('the end of the browser and of xclip', () => {
      const left = processesWith(`DOUBLE_HOME=${join(this.home.path, 'electron')}`);
      const ours = left.filter(({ command }) => /chrom|xclip/.test(command));
      for (const { pid } of ours) killQuietly(pid, 'SIGKILL');
      return ours.length === 0 || undefined;
    });
  }
}

function findRow(rows: readonly ControlRow[], id: string): ControlRow | undefined {
  for (const row of rows) {
    const found = row.id === id ? row : findRow(row.submenu, id);
    if (found !== undefined) return found;
  }
  return undefined;
}
