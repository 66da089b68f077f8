import type { SessionView } from '../../protocol/snapshot.ts';

/** What a person calls a session: its folder, else its name. */
export function titleOf({ workspaceName, name }: SessionView): string {
  return workspaceName ?? name;
}

/** Who it is, for the line below the title: never the title again. */
export function subtitleOf({ workspaceName, name, clientName, sessionId }: SessionView): string {
  return workspaceName === null || name === sessionId ? clientName : name;
}

/** What its two letters stand for: the editor or client, never the folder. */
export function markNameOf({ editor, clientName, name }: SessionView): string {
  return editor ?? (clientName === '' ? name : clientName);
}

/** How a session stands with the token: it uses the current one, or it must get the new one. */
export type TokenStanding = 'current' | 'old' | 'own' | 'none';

export function tokenStandingOf({ credential, hasOldToken }: SessionView): TokenStanding {
  if (credential === 'none') return 'none';
  if (credential === 'jwt' || credential === 'instance') return 'own';
  return hasOldToken ? 'old' : 'current';
}
