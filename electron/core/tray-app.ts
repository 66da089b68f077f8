import type { EditorStart } from '../../platform/launcher-path.ts';
import { FailureError } from '../../protocol/errors.ts';
import type { HostNotice, HostPreferences } from '../../protocol/host-bridge.ts';
import type { AboutView, LauncherView, LoginItemState } from '../../protocol/host-desktop.ts';
import { en } from '../../protocol/strings/en.ts';
import { proxyApi } from './api-proxy.ts';
import { AppCommands } from './app-commands.ts';
import { type AppFacts, hostStateOf, trayFactsOf } from './app-facts.ts';
import { AppPicture } from './app-picture.ts';
import type { HostHandlers } from './bridge-handlers.ts';
import { callsInFlight } from './calls-in-flight.ts';
import { ClipboardKeeper } from './clipboard-keeper.ts';
import type { Clock } from './clock.ts';
import type { CrashLog } from './crash-log.ts';
import { DaemonFleet } from './daemon-fleet.ts';
import { DaemonProfiles } from './daemon-profiles.ts';
import type { DaemonStarter } from './daemon-starter.ts';
import type { DesktopPorts } from './desktop-ports.ts';
import { diagnosticsText } from './diagnostics.ts';
import { orNothing } from './end-daemon.ts';
import { IconClick } from './icon-click.ts';
import { Notifier } from './notifier.ts';
import { OneQuestion } from './one-question.ts';
import { connectedSessions, quitPlan, quitQuestion } from './quit-policy.ts';
import type { Settings } from './settings.ts';
import { UpdateFlow } from './update-flow.ts';
import { type SecretCipher, Vault } from './vault.ts';

export interface TrayAppOptions {
  readonly desktop: DesktopPorts;
  readonly settings: Settings;
  readonly starter: DaemonStarter;
  readonly clock: Clock;
  readonly random: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly platform: NodeJS.Platform;
  /** What this installation is, read at the start. */
  readonly installation: {
    readonly editor: EditorStart | undefined;
    readonly launcher: LauncherView;
    readonly about: Omit<AboutView, 'stateDir' | 'crashes'>;
    readonly crashLog: CrashLog;
  };
  readonly vault: { readonly file: string; readonly cipher: SecretCipher };
}

/** At log-out nobody waits for us: calls get so long, a daemon that stays is killed, and the app is gone at last. */
const sessionEnd = { waitMs: 1_000, killAfterMs: 1_500, exitMs: 2_000 } as const;

/** Why the app is leaving. While it is `none`, ✕ hides the window. */
export type QuitReason = 'none' | 'user' | 'update' | 'session-end';

/**
 * The whole app without Electron: owns the daemons, knows what tray and window show, and does what is clicked. The shell
 * draws it and hands events on.
 */
export class TrayApp {
  readonly #options: TrayAppOptions;
  readonly #profiles: DaemonProfiles;
  readonly #fleet: DaemonFleet;
  readonly #picture: AppPicture;
  readonly #clipboard: ClipboardKeeper;
  readonly #commands: AppCommands;
  readonly #notifier: Notifier;
  readonly #updates: UpdateFlow;
  /** Secrets of providers and upstream servers; docs/adr/0013 says how one reaches the daemon. */
  readonly vault: Vault;
  readonly #iconClick: IconClick;
  readonly #questions: OneQuestion;
  #hasTrayHost = true;
  #hasStarted = false;
  #loginItem: LoginItemState = 'unavailable';
  #quitReason: QuitReason = 'none';

  constructor(options: TrayAppOptions) {
    this.#options = options;
    const { desktop, settings, starter, clock, random, env, version } = options;
    this.#profiles = new DaemonProfiles(settings, env);
    this.#iconClick = new IconClick({ platform: options.platform, now: () => clock.now() });
    this.#questions = new OneQuestion(desktop);
    this.#clipboard = new ClipboardKeeper(desktop.clipboard, clock);
    this.#notifier = new Notifier({
      desktop,
      preferences: () => settings.now.preferences,
      show: () => this.show(),
    });
    const onChange = (): void => {
      this.#notifier.look(this.#fleet.all.map(({ snapshot }) => snapshot));
      this.#picture.changed();
    };
    this.vault = new Vault({ ...options.vault, onChange });
    this.#fleet = new DaemonFleet({
      profiles: this.#profiles,
      starter,
      clock,
      random,
      env,
      version,
      onChange,
      onRepeatedCrash: () => this.#notifier.tell({ type: 'crashed' }),
    });
    this.#picture = new AppPicture({
      clock,
      desktop,
      facts: () => trayFactsOf(this.#facts()),
      state: () => hostStateOf(this.#facts()),
    });
    this.#updates = new UpdateFlow({
      clock,
      updates: desktop.updates,
      callsInFlight: () => callsInFlight(this.#fleet.all.map(({ client }) => client)),
      leave: () => this.#leaveForUpdate(),
      stay: () => this.#stay(),
      onChange,
      onReady: (found) => this.#notifier.tell({ type: 'update', version: found }),
    });
    this.#commands = new AppCommands({
      desktop,
      questions: this.#questions,
      fleet: this.#fleet,
      profiles: this.#profiles,
      clipboard: this.#clipboard,
      installation: options.installation,
      env,
      menu: () => this.#picture.model().menu,
      diagnostics: () => diagnosticsText(this.#picture.hostState(), this.#fleet.current.snapshot),
      quit: (choice) => this.quit(choice),
      onUpdate: () => this.#updates.click(),
      onCheckVault: () => this.vault.check(),
      onChange: () => {
        this.#loginItem = desktop.loginItem.read();
        onChange();
      },
    });
  }

  /** The verbs of the page. */
  readonly handlers: HostHandlers = {
    getState: () => this.#picture.hostState(),
    command: async (command) => {
      await this.#commands.run(command);
      return {};
    },
    copyText: async ({ text, clearAfterMs }) => {
      await this.#clipboard.copy(text, clearAfterMs);
      return { isCopied: true };
    },
    pickFolder: async () => ({ path: (await this.#options.desktop.pickFolder()) ?? null }),
    reveal: ({ what }) => {
      this.#commands.reveal(what);
      return {};
    },
    openDashboard: async () => {
      await this.#commands.openDashboard();
      return {};
    },
    setPreference: (part) => {
      this.#setPreferences(part);
      return {};
    },
    dismissNotice: ({ notice }) => {
      this.#dismiss(notice);
      return {};
    },
  };

  /** @param isHidden started at login: nothing is shown where a tray icon is */
  start({ isHidden }: { readonly isHidden: boolean }): void {
    const { desktop, settings } = this.#options;
    this.#loginItem = desktop.loginItem.read();
    const { theme, isOnTop } = settings.now.preferences;
    desktop.setTheme(theme);
    desktop.window.setOnTop(isOnTop);
    this.#picture.changed();
    this.#fleet.startWanted();
    this.#updates.start();
    void this.vault.check();
    this.#hasStarted = true;
    if (!isHidden) this.show();
    else if (!this.#hasTrayHost) desktop.window.minimise();
  }

  /** A second start, a click on the icon, the Dock. */
  show(): void {
    this.#options.desktop.window.show({ hash: '', inactive: false });
  }

  /** Unless `none` it is on its way out: nothing may hold it up any more. */
  get quitReason(): QuitReason {
    return this.#quitReason;
  }

  /** The primary button on the icon. */
  clickIcon(): void {
    const { window } = this.#options.desktop;
    const answer = this.#iconClick.answer(window.isVisible());
    if (answer === 'show') this.show();
    else if (answer === 'hide') this.#putAway('hide');
  }

  /** What was copied for a moment does not outlive the sight of the window. */
  #putAway(how: 'hide' | 'minimise'): void {
    this.#options.desktop.window[how]();
    void this.#clipboard.clear();
  }

  click(rowId: string): void {
    // A row of the tray has no place for an error: the window shows what is wrong with the daemon.
    void this.#commands.click(rowId).catch((error: unknown) => {
      this.show();
      if (!(error instanceof FailureError)) throw error; // a bug: for the crash log
    });
  }

  /** A desktop that has lost its tray, or never had one, shows the window among those of other programs. */
  setTrayHost(hasTrayHost: boolean): void {
    const { window } = this.#options.desktop;
    if (!hasTrayHost && this.#hasStarted && !window.isVisible()) window.minimise();
    this.#hasTrayHost = hasTrayHost;
    this.#picture.changed();
  }

  /** `/api/…` of the page, answered by the daemon that is shown. */
  answerApi(request: Request): Promise<Response> {
    return proxyApi(request, this.#fleet.current.client);
  }

  /** ✕ of the window. True: it may really close. Otherwise it is put away, and said so once. */
  closeWindow(): boolean {
    if (this.#quitReason !== 'none') return true;
    const { desktop, settings } = this.#options;
    if (!this.#hasTrayHost) {
      this.#putAway('minimise');
      return false;
    }
    this.#putAway('hide');
    if (!settings.now.seenNotices.includes('hidden')) {
      this.#dismiss('hidden');
      desktop.notify(en.tray.notifications.hidden, () => this.show());
    }
    return false;
  }

  /** Ends the app, after a question where windows are connected. Does nothing when the person changes their mind. */
  async quit(choice?: 'keep' | 'stop'): Promise<void> {
    if (this.#quitReason !== 'none') return;
    const { desktop, settings } = this.#options;
    const sessions = this.#fleet.all.flatMap(({ snapshot }) => connectedSessions(snapshot));
    const plan = quitPlan({ connected: sessions.length, choice, preference: settings.now.preferences.quitChoice });
    let what: 'keep' | 'stop';
    if (plan.type === 'ask') {
      const reply = await this.#questions.ask(quitQuestion(sessions));
      // The session may have ended over the question.
      if (reply.choice === 'cancel' || this.#quitReason !== 'none') return;
      what = reply.choice;
      if (reply.isChecked) this.#setPreferences({ quitChoice: what });
    } else what = plan.type;
    this.#updates.stop();
    await this.#leave('user', what);
    desktop.exit();
  }

  /**
   * Log-out, shutdown: nobody is asked, the daemon goes too, for its desktop is going, and the app is gone within two seconds.
   * A quit that is under way is cut short.
   */
  async endSession(): Promise<void> {
    if (this.#quitReason === 'session-end') return;
    this.#updates.stop();
    const { clock, desktop } = this.#options;
    await orNothing(this.#leave('session-end', 'stop', sessionEnd), clock, sessionEnd.exitMs);
    desktop.exit();
  }

  /** The session may be about to end, and somebody may still call that off: only what does no harm is done. */
  async prepareSessionEnd(): Promise<void> {
    await this.#clipboard.clear();
  }

  /** The machine slept: everything is read anew. */
  wakeUp(): void {
    this.#fleet.reread();
    this.#picture.changed();
  }

  async #leave(reason: QuitReason, ...[what, how]: Parameters<DaemonFleet['leave']>): Promise<void> {
    this.#quitReason = reason;
    await Promise.all([this.#clipboard.clear(), this.#fleet.leave(what, how)]);
    this.#picture.stop();
  }

  /** The new version adopts the daemon and restarts it: editors stay connected meanwhile. */
  async #leaveForUpdate(): Promise<boolean> {
    if (this.#quitReason !== 'none') return false;
    await this.#leave('update', 'keep');
    return true;
  }

  /** The update could not begin: the daemons are adopted again, and ✕ hides the window as before. */
  #stay(): void {
    if (this.#quitReason !== 'update') return;
    this.#quitReason = 'none';
    this.#fleet.startWanted();
    this.#picture.resume();
  }

  #setPreferences(part: { readonly [Name in keyof HostPreferences]?: HostPreferences[Name] | undefined }): void {
    const { desktop, settings } = this.#options;
    const given = Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));
    settings.change({ preferences: { ...settings.now.preferences, ...given } });
    if (part.theme !== undefined) desktop.setTheme(part.theme);
    if (part.isOnTop !== undefined) desktop.window.setOnTop(part.isOnTop);
    if (part.trayGlyph === undefined) this.#picture.changed();
    else this.#picture.redraw();
  }

  #dismiss(notice: HostNotice): void {
    const { settings } = this.#options;
    settings.change({ seenNotices: [...new Set([...settings.now.seenNotices, notice])] });
    this.#picture.changed();
  }

  #facts(): AppFacts {
    const { settings, version, platform, installation } = this.#options;
    const stateDir = this.#profiles.stateDirOf(this.#profiles.current);
    return {
      settings: settings.now,
      version,
      platform,
      fleet: this.#fleet,
      hasTrayHost: this.#hasTrayHost,
      loginItem: this.#loginItem,
      update: this.#updates.view,
      launcher: installation.launcher,
      vault: this.vault.view,
      about: { ...installation.about, stateDir, crashes: installation.crashLog.count() },
    };
  }
}
