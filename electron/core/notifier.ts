import type { HostPreferences } from '../../protocol/host-bridge.ts';
import type { ProblemView, Snapshot } from '../../protocol/snapshot.ts';
import { en } from '../../protocol/strings/en.ts';
import type { DesktopPorts, NotificationText } from './desktop-ports.ts';
import { fill } from './words.ts';

/** All that the system is ever told. Never a connect: windows come and go all day (UI §6.8). */
export type Notice =
  | { readonly type: 'crashed' }
  | { readonly type: 'update'; readonly version: string }
  | { readonly type: 'prompt'; readonly name: string };

export interface NotifierOptions {
  readonly desktop: Pick<DesktopPorts, 'notify'>;
  readonly preferences: () => HostPreferences;
  readonly show: () => void;
}

/** Notices that a person has not switched off, and of each prompt one. A click shows the window: nothing is done only here. */
export class Notifier {
  readonly #options: NotifierOptions;
  #prompts: ReadonlySet<string> = new Set();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  tell(notice: Notice): void {
    const { desktop, preferences, show } = this.#options;
    if (isWanted(notice, preferences())) desktop.notify(textOf(notice), show);
  }

  /** Looks for prompts that were not there before; one that is answered and asked again is a new one. */
  look(snapshots: readonly (Snapshot | null)[]): void {
    const prompts = snapshots.flatMap((snapshot) => (snapshot?.problems ?? []).filter(isPrompt));
    const before = this.#prompts;
    this.#prompts = new Set(prompts.map(idOf));
    for (const prompt of prompts) {
      if (!before.has(idOf(prompt)))
        this.tell({ type: 'prompt', name: String(prompt.params['name'] ?? prompt.scope.id) });
    }
  }
}

function isPrompt({ code }: ProblemView): boolean {
  return code === 'PROMPT_PENDING';
}

function idOf({ problemId, since }: ProblemView): string {
  return `${problemId} ${since}`;
}

function isWanted(notice: Notice, preferences: HostPreferences): boolean {
  switch (notice.type) {
    case 'crashed':
      return preferences.notifyCrashes;
    case 'update':
      return preferences.notifyUpdates;
    case 'prompt':
      return preferences.notifyPrompts;
  }
}

function textOf(notice: Notice): NotificationText {
  const { crashed, update, prompt } = en.tray.notifications;
  switch (notice.type) {
    case 'crashed':
      return crashed;
    case 'update':
      return { title: fill(update.title, { version: notice.version }), body: update.body };
    case 'prompt':
      return { title: fill(prompt.title, { name: notice.name }), body: prompt.body };
  }
}
