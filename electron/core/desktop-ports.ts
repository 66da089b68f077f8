import type { HostState } from '../../protocol/host-bridge.ts';
import type { LoginItemState, UpdateView } from '../../protocol/host-desktop.ts';
import type { TrayModel } from './tray-model.ts';

/** A question with closed answers. The first choice has the focus. */
export interface Question<Choice extends string> {
  readonly title: string;
  readonly body: string;
  readonly choices: readonly { readonly id: Choice; readonly label: string }[];
  /** What Esc means. */
  readonly cancel: Choice;
  readonly checkbox?: string;
}

export interface Reply<Choice extends string> {
  readonly choice: Choice;
  readonly isChecked: boolean;
}

export interface NotificationText {
  readonly title: string;
  readonly body: string;
}

/** What the app needs of a desktop, as Electron gives it. Every decision is made before it gets here. */
export interface DesktopPorts {
  readonly window: {
    /** `hash` empty: where it was. `inactive`: typing in another program goes on. */
    show(options: { readonly hash: string; readonly inactive: boolean }): void;
    hide(): void;
    minimise(): void;
    isVisible(): boolean;
    /** Sends the state to the page. */
    push(state: HostState): void;
    setOnTop(isOnTop: boolean): void;
  };
  /** Draws icon, tooltip and menu; `picture` is its name. */
  drawTray(model: TrayModel, picture: string): void;
  readonly clipboard: { write(text: string): Promise<void>; read(): Promise<string> };
  ask<Choice extends string>(question: Question<Choice>): Promise<Reply<Choice>>;
  pickFolder(): Promise<string | undefined>;
  notify(text: NotificationText, onClick: () => void): void;
  openFolder(path: string): void;
  revealFile(path: string): void;
  /** A page of ours in the user's browser. */
  openPage(path: string): void;
  /** A page of the web in the user's browser; only what the link policy allows comes here. */
  openLink(url: string): void;
  readonly loginItem: { read(): LoginItemState; write(isOn: boolean): void };
  readonly updates: {
    /** It can look and install by itself. Otherwise a check opens a page. */
    readonly isAutomatic: boolean;
    check(): void;
    install(): void;
    onChange(listener: (view: UpdateView) => void): void;
  };
  setTheme(theme: 'system' | 'light' | 'dark'): void;
  readonly isMotionReduced: boolean;
  /** Ends the app; nothing is asked any more. */
  exit(): void;
}
