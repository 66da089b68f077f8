import type { UpdateView } from '../../protocol/host-desktop.ts';
import type { Clock } from './clock.ts';
import type { DesktopPorts } from './desktop-ports.ts';

export interface UpdateFlowOptions {
  readonly clock: Clock;
  readonly updates: DesktopPorts['updates'];
  /** Calls that run or wait in all daemons of this app, asked of them now. Undefined: one of them does not say. */
  readonly callsInFlight: () => Promise<number | undefined>;
  /** Lets go of everything, so that the program can be replaced. False: the app is ending anyway, for another reason. */
  readonly leave: () => Promise<boolean>;
  /** The updater could not begin after all: takes everything up again. */
  readonly stay: () => void;
  readonly onChange: () => void;
  /** Told once per version. */
  readonly onReady: (version: string) => void;
}

const firstCheckMs = 60_000;
const checkEveryMs = 24 * 60 * 60_000;
const askAgainMs = 1_000;

/**
 * Finds updates and installs them when a person says so and no call runs or waits (PLATFORM §10). A call that comes in
 * while it waits is waited for too. When the session of the desktop ends nothing is installed: the system may end us in the
 * middle of it.
 */
export class UpdateFlow {
  readonly #options: UpdateFlowOptions;
  #view: UpdateView = { state: 'idle' };
  #told = '';
  #stopped = false;
  /** Everything was let go; the updater has the word. */
  #isInstalling = false;

  constructor(options: UpdateFlowOptions) {
    this.#options = options;
    options.updates.onChange((view) => this.#onView(view));
  }

  get view(): UpdateView {
    return this.#view;
  }

  /** Looks by itself, once a day. A package that cannot update itself is never asked: it would open a browser. */
  start(): void {
    if (!this.#options.updates.isAutomatic) return;
    const look = (): void => {
      if (this.#stopped) return;
      if (this.#view.state === 'idle' || this.#view.state === 'none' || this.#view.state === 'failed') {
        this.#options.updates.check();
      }
      this.#options.clock.schedule(look, checkEveryMs);
    };
    this.#options.clock.schedule(look, firstCheckMs);
  }

  /** The row of the menu was clicked: look for one, install it, or do not wait for it any more. */
  click(): void {
    switch (this.#view.state) {
      case 'ready':
        void this.#install(this.#view.version);
        break;
      case 'waiting':
        this.#show({ state: 'ready', version: this.#view.version });
        break;
      case 'checking':
      case 'downloading':
        break;
      case 'idle':
      case 'none':
      case 'failed':
      case 'by-hand':
        this.#options.updates.check();
        break;
    }
  }

  /** The app ends, or the session of the desktop does: nothing is installed any more. */
  stop(): void {
    this.#stopped = true;
  }

  async #install(version: string): Promise<void> {
    const { clock, callsInFlight, leave, updates } = this.#options;
    this.#show({ state: 'waiting', version, calls: 0 });
    for (;;) {
      const calls = await callsInFlight();
      if (this.#stopped || this.#view.state !== 'waiting') return;
      if (calls === 0) break;
      this.#show({ state: 'waiting', version, calls: calls ?? 0 });
      await new Promise<void>((resolve) => clock.schedule(resolve, askAgainMs));
      if (this.#stopped || this.#view.state !== 'waiting') return;
    }
    if (!(await leave())) return;
    this.#isInstalling = true;
    try {
      updates.install();
    } catch (error) {
      this.#onView({ state: 'failed', reason: error instanceof Error ? error.message : String(error) });
    }
  }

  #onView(view: UpdateView): void {
    if (this.#view.state === 'waiting' && view.state === 'ready') return;
    if (this.#isInstalling && view.state === 'failed') {
      this.#isInstalling = false;
      this.#options.stay();
    }
    this.#show(view);
    if (view.state !== 'ready' || view.version === this.#told) return;
    this.#told = view.version;
    this.#options.onReady(view.version);
  }

  #show(view: UpdateView): void {
    this.#view = view;
    this.#options.onChange();
  }
}

/** How a package gets its updates. */
export type UpdateWay = 'automatic' | 'by-hand';

/**
 * Automatic where the package replaces itself and what it fetches is checked: by Squirrel on macOS, by its signer on
 * Windows, and by the hash in the feed for an AppImage. The updater in use installs deb and rpm without looking at their
 * signature (`--nogpgcheck`), so those are a link.
 * @param hasFeed `app-update.yml` is in the package: builds that are not signed have none
 */
export function updateWay(facts: {
  readonly platform: NodeJS.Platform;
  readonly isPackaged: boolean;
  readonly hasFeed: boolean;
  readonly isAppImage: boolean;
}): UpdateWay {
  const { platform, isPackaged, hasFeed, isAppImage } = facts;
  if (!isPackaged || !hasFeed) return 'by-hand';
  return platform === 'linux' && !isAppImage ? 'by-hand' : 'automatic';
}
