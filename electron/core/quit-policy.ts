import type { HostPreferences } from '../../protocol/host-bridge.ts';
import type { SessionView, Snapshot } from '../../protocol/snapshot.ts';
import { en } from '../../protocol/strings/en.ts';
import type { Question } from './desktop-ports.ts';
import { fill, plural } from './words.ts';

/** What a clean quit does with the daemons. `ask` puts the question first. */
export type QuitPlan = { readonly type: 'keep' } | { readonly type: 'stop' } | { readonly type: 'ask' };

/**
 * Nobody is asked when nobody would notice: without a connected window the daemons are stopped.
 * @param choice what the person has clicked, where the click already said it
 */
export function quitPlan(facts: {
  readonly connected: number;
  readonly choice: 'keep' | 'stop' | undefined;
  readonly preference: HostPreferences['quitChoice'];
}): QuitPlan {
  const { connected, choice, preference } = facts;
  if (choice !== undefined) return { type: choice };
  if (connected === 0) return { type: 'stop' };
  return { type: preference };
}

/** Sessions that would notice the end of the daemon: one that is away comes back to it. */
export function connectedSessions(snapshot: Snapshot | null): readonly SessionView[] {
  return (snapshot?.sessions ?? []).filter(({ connectionStatus }) => connectionStatus !== 'ended');
}

const namesShown = 6;

/** The question before a quit. The harmless answer comes first. */
export function quitQuestion(sessions: readonly SessionView[]): Question<'cancel' | 'keep' | 'stop'> {
  const { quit } = en.tray;
  const names = sessions.slice(0, namesShown).map(({ name }) => name);
  const more = sessions.length - names.length;
  if (more > 0) names.push(fill(quit.more, { count: more }));
  return {
    title: quit.title,
    body: plural(quit.body, sessions.length, { names: names.join(', ') }),
    choices: [
      { id: 'cancel', label: quit.cancel },
      { id: 'keep', label: quit.keep },
      { id: 'stop', label: quit.stop },
    ],
    cancel: 'cancel',
    checkbox: quit.remember,
  };
}

/** The question before a stop or restart that would end running calls; undefined when there are none. */
export function stopQuestion(snapshot: Snapshot | null): Question<'wait' | 'now' | 'cancel'> | undefined {
  const calls = snapshot?.calls ?? [];
  if (snapshot === null || calls.length === 0) return undefined;
  const nameOf = (key: string): string => snapshot.sessions.find((row) => row.key === key)?.name ?? key;
  const { stop, quit } = en.tray;
  const names = calls
    .slice(0, namesShown)
    .map(({ tool, sessionKey }) => fill(stop.call, { tool, session: nameOf(sessionKey) }));
  const more = calls.length - names.length;
  if (more > 0) names.push(fill(quit.more, { count: more }));
  return {
    title: plural(stop.title, calls.length),
    body: fill(stop.body, { calls: names.join(', ') }),
    choices: [
      { id: 'wait', label: stop.wait },
      { id: 'now', label: stop.now },
      { id: 'cancel', label: quit.cancel },
    ],
    cancel: 'cancel',
  };
}
