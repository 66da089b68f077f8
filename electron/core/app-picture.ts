import type { HostState } from '../../protocol/host-bridge.ts';
import type { Clock } from './clock.ts';
import type { DesktopPorts } from './desktop-ports.ts';
import { type TrayFacts, type TrayModel, trayModel } from './tray-model.ts';
import { plainRows } from './tray-row.ts';
import { isWorking, nextPictureInMs, type TrayState, trayPicture, workingHoldMs } from './tray-state.ts';

export interface AppPictureOptions {
  readonly clock: Clock;
  readonly desktop: Pick<DesktopPorts, 'drawTray' | 'isMotionReduced'> & {
    readonly window: Pick<DesktopPorts['window'], 'push'>;
  };
  /** What is true now. */
  readonly facts: () => Omit<TrayFacts, 'now' | 'workedAt'>;
  readonly state: () => Omit<HostState, 'menu'>;
}

/** At most two pictures a second, and one menu: an open menu that is replaced vanishes on some systems. */
const drawEveryMs = 500;
const menuEveryMs = 1_000;
const soonMs = 20;

/** Draws tray and window anew when something has changed, and not more often than a person can follow. */
export class AppPicture {
  readonly #options: AppPictureOptions;
  #drawn:
    | { readonly at: number; readonly menuAt: number; readonly model: TrayModel; readonly picture: string }
    | undefined;
  #pushed = '';
  #workedAt: number | null = null;
  #state: { readonly name: TrayState; readonly since: number } | undefined;
  #planned: { readonly at: number; readonly cancel: () => void } | undefined;
  #isStopped = false;

  constructor(options: AppPictureOptions) {
    this.#options = options;
  }

  /** Anything may be different now. */
  changed(): void {
    const { clock } = this.#options;
    const now = clock.now();
    this.#plan(Math.max(now + soonMs, (this.#drawn?.at ?? 0) + drawEveryMs));
  }

  /** What the picture looks like has changed, not what it says. */
  redraw(): void {
    if (this.#drawn !== undefined) this.#drawn = { ...this.#drawn, picture: '' };
    this.changed();
  }

  /** The rows as they are now, with what they do. */
  model(): TrayModel {
    const now = this.#options.clock.now();
    const facts = this.#options.facts();
    if (isWorking(facts.snapshot)) this.#workedAt = now;
    return trayModel({ ...facts, now, workedAt: this.#workedAt });
  }

  hostState(): HostState {
    return { ...this.#options.state(), menu: plainRows(this.model().menu) };
  }

  stop(): void {
    this.#isStopped = true;
    this.#planned?.cancel();
  }

  /** After a `stop` that came to nothing. */
  resume(): void {
    this.#isStopped = false;
    this.#planned = undefined;
    this.changed();
  }

  #plan(at: number): void {
    if (this.#isStopped || (this.#planned !== undefined && this.#planned.at <= at)) return;
    this.#planned?.cancel();
    const { clock } = this.#options;
    const cancel = clock.schedule(
      () => {
        this.#planned = undefined;
        this.#draw();
      },
      Math.max(0, at - clock.now()),
    );
    this.#planned = { at, cancel };
  }

  #draw(): void {
    const { clock, desktop } = this.#options;
    const now = clock.now();
    const fresh = this.model();
    if (this.#state?.name !== fresh.state) this.#state = { name: fresh.state, since: now };
    const sinceMs = now - this.#state.since;
    const picture = trayPicture(fresh.state, sinceMs, desktop.isMotionReduced);
    const before = this.#drawn;
    const isMenuNew = before === undefined || JSON.stringify(before.model.menu) !== JSON.stringify(fresh.menu);
    const mayReplace = before === undefined || now - before.menuAt >= menuEveryMs;
    const model = isMenuNew && !mayReplace ? { ...fresh, menu: before.model.menu } : fresh;
    if (before === undefined || picture !== before.picture || JSON.stringify(model) !== JSON.stringify(before.model)) {
      desktop.drawTray(model, picture);
    }
    const menuAt = isMenuNew && mayReplace ? now : (before?.menuAt ?? now);
    this.#drawn = { at: now, menuAt, model, picture };
    this.#push();
    if (isMenuNew && !mayReplace) this.#plan(menuAt + menuEveryMs);
    const nextMs = nextPictureInMs(fresh.state, sinceMs, desktop.isMotionReduced);
    if (nextMs !== undefined) this.#plan(now + nextMs);
    if (fresh.state === 'working' && this.#workedAt !== null) this.#plan(this.#workedAt + workingHoldMs);
  }

  #push(): void {
    const state = this.hostState();
    const text = JSON.stringify(state);
    if (text === this.#pushed) return;
    this.#pushed = text;
    this.#options.desktop.window.push(state);
  }
}
