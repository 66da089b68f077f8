import { join } from 'node:path';
import type { AdminClient } from '../../platform/admin-client.ts';
import { editorConfig } from '../../platform/editor-config.ts';
import type { EditorStart } from '../../platform/launcher-path.ts';
import { loadSettings } from '../../platform/load-settings.ts';
import { writeRedirectPage } from '../../platform/redirect-page.ts';
import { type Environment, type StateLayout, stateLayout } from '../../platform/state-dir.ts';
import { FailureError } from '../../protocol/errors.ts';
import type { HostCommand } from '../../protocol/host-bridge.ts';
import type { ClipboardKeeper } from './clipboard-keeper.ts';
import type { CrashLog } from './crash-log.ts';
import type { DaemonFleet } from './daemon-fleet.ts';
import type { DaemonProfiles } from './daemon-profiles.ts';
import type { DesktopPorts } from './desktop-ports.ts';
import type { OneQuestion } from './one-question.ts';
import { stopQuestion } from './quit-policy.ts';
import { findRow, type MenuAction, type TrayRow } from './tray-row.ts';

export interface AppCommandsOptions {
  readonly desktop: DesktopPorts;
  readonly questions: OneQuestion;
  readonly fleet: DaemonFleet;
  readonly profiles: DaemonProfiles;
  readonly clipboard: ClipboardKeeper;
  readonly installation: {
    /** Undefined while editors can be given no path that stays. */
    readonly editor: EditorStart | undefined;
    readonly about: { readonly homepage: string | null };
    readonly crashLog: CrashLog;
  };
  readonly env: Environment;
  readonly menu: () => readonly TrayRow[];
  readonly diagnostics: () => string;
  readonly quit: (choice: 'keep' | 'stop' | undefined) => Promise<void>;
  readonly onUpdate: () => void;
  readonly onCheckVault: () => Promise<void>;
  readonly onChange: () => void;
}

/** Does what a person asks for, from the tray and from the window alike. Failures are {@link FailureError}. */
export class AppCommands {
  readonly #options: AppCommandsOptions;

  constructor(options: AppCommandsOptions) {
    this.#options = options;
  }

  async run(command: HostCommand): Promise<void> {
    const { desktop, fleet, profiles } = this.#options;
    const { profileId } = profiles.current;
    switch (command.type) {
      case 'start':
        fleet.start(profileId);
        break;
      case 'stop':
        switch (command.calls ?? (await this.#askAboutCalls())) {
          case 'end':
            await fleet.stop(profileId);
            break;
          case 'wait':
            await fleet.stopAfterCalls(profileId);
            break;
          case 'cancel':
        }
        break;
      case 'restart':
        switch (command.calls ?? (await this.#askAboutCalls())) {
          case 'end':
            await fleet.current.restart();
            break;
          case 'wait':
            await fleet.current.endAfterCalls('start');
            break;
          case 'cancel':
        }
        break;
      case 'use-next-port':
        fleet.useOfferedPort();
        break;
      case 'pause':
        await this.client().send('pause');
        break;
      case 'resume':
        await this.client().send('unpause');
        break;
      case 'rotate-token':
        await this.client().call('rotateToken', { body: { reconnect: true } });
        desktop.window.show({ hash: '#/rotation', inactive: true });
        break;
      case 'quit':
        await this.#options.quit(command.choice);
        break;
      case 'set-login-item':
        desktop.loginItem.write(command.isOn);
        break;
      case 'update':
        this.#options.onUpdate();
        break;
      case 'check-vault':
        await this.#options.onCheckVault();
        break;
      case 'open-homepage': {
        const { homepage } = this.#options.installation.about;
        if (homepage !== null) desktop.openLink(homepage);
        break;
      }
      case 'menu':
        await this.click(command.id);
        break;
      case 'add-profile':
        fleet.start(profiles.add(command.name, command.port).profileId);
        break;
      case 'switch-profile':
        if (!profiles.switchTo(command.profileId)) {
          throw new FailureError({ code: 'NOT_FOUND', message: 'There is no such daemon.' });
        }
        break;
      case 'start-profile':
        fleet.start(command.profileId);
        break;
      case 'stop-profile':
        await fleet.stop(command.profileId);
        break;
    }
    this.#options.onChange();
  }

  /** A row of the menu was clicked. A row that is gone or disabled by now does nothing. */
  async click(id: string): Promise<void> {
    const action = findRow(this.#options.menu(), id)?.action;
    if (action !== undefined) await this.#act(action);
  }

  /** A one-time ticket for the user's browser. */
  async openDashboard(): Promise<void> {
    const { url } = await this.client().call('makeTicket');
    if (url === null) {
      throw new FailureError({ code: 'NOT_FOUND', message: 'The daemon has no address for a browser.' });
    }
    const page = join(this.#layout().runDir, 'dashboard.html');
    writeRedirectPage(page, url);
    this.#options.desktop.openPage(page);
  }

  reveal(what: 'logs' | 'state' | 'settings' | 'crash-log'): void {
    const { desktop, env } = this.#options;
    const { stateDir, settingsFile } = this.#layout();
    switch (what) {
      case 'logs':
        desktop.openFolder(logDirOf(stateDir, env));
        break;
      case 'state':
        desktop.openFolder(stateDir);
        break;
      case 'settings':
        desktop.revealFile(settingsFile);
        break;
      case 'crash-log':
        desktop.revealFile(this.#options.installation.crashLog.path);
        break;
    }
  }

  /** @throws FailureError DAEMON_UNAVAILABLE */
  client(): AdminClient {
    const { client } = this.#options.fleet.current;
    if (client !== undefined) return client;
    throw new FailureError({ code: 'DAEMON_UNAVAILABLE', message: 'The daemon does not run.' });
  }

  async #act(action: MenuAction): Promise<void> {
    const { desktop, clipboard, diagnostics, env } = this.#options;
    switch (action.type) {
      case 'command':
        await this.run(action.command);
        break;
      case 'show':
        desktop.window.show({ hash: action.hash, inactive: false });
        break;
      case 'dashboard':
        await this.openDashboard();
        break;
      case 'copy':
        await clipboard.copy(action.text);
        break;
      case 'copy-config':
        await clipboard.copy(this.#config(action.window));
        break;
      case 'copy-diagnostics':
        await clipboard.copy(diagnostics());
        break;
      case 'disconnect':
        await this.client().send('disconnectSession', { params: { sessionId: action.sessionKey } });
        break;
      case 'open-log': {
        const { sources } = await this.client().call('logs');
        const found = sources.find(({ id }) => id === action.source);
        if (found !== undefined) desktop.revealFile(join(logDirOf(this.#layout().stateDir, env), found.file));
        break;
      }
      case 'reveal-logs':
        this.reveal('logs');
        break;
    }
  }

  /** The entry for one editor window, ready to paste. */
  #config(window: number): string {
    const { profiles, env } = this.#options;
    const { editor } = this.#options.installation;
    const { stateDir } = profiles.current;
    if (editor === undefined) {
      throw new FailureError({
        code: 'NOT_FOUND',
        message: 'There is no launcher for editors: see Settings, This app.',
      });
    }
    const config = editorConfig('servers', window, {
      start: editor,
      tokenFile: this.#layout().tokenFile,
      stateDir: stateDir ?? env['EXAI_STATE_DIR'],
    });
    return `${JSON.stringify(config, null, 2)}\n`;
  }

  /** What becomes of running calls at a stop; asked only when there are some. */
  async #askAboutCalls(): Promise<'wait' | 'end' | 'cancel'> {
    const { questions, fleet } = this.#options;
    const question = stopQuestion(fleet.current.snapshot);
    if (question === undefined) return 'end';
    const { choice } = await questions.ask(question);
    return choice === 'now' ? 'end' : choice;
  }

  #layout(): StateLayout {
    const { profiles } = this.#options;
    return stateLayout(profiles.stateDirOf(profiles.current));
  }
}

/** As the settings of that state directory say. */
function logDirOf(stateDir: string, env: Environment): string {
  const loaded = loadSettings('daemon', { env: { ...env, EXAI_STATE_DIR: stateDir } });
  return loaded.type === 'invalid' ? stateLayout(stateDir).defaultLogDir : loaded.logDir;
}
