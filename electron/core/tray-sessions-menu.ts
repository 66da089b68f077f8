import type { SessionView } from '../../protocol/snapshot.ts';
import { en } from '../../protocol/strings/en.ts';
import { row, type TrayRow } from './tray-row.ts';

const maxRows = 10;

/** The newest sessions, each with what can be done to it without the window. */
export function sessionsMenu(sessions: readonly SessionView[]): TrayRow {
  const { menu } = en.tray;
  const live = sessions.filter(({ connectionStatus }) => connectionStatus !== 'ended');
  const newest = live.toSorted((a, b) => b.connectedAt - a.connectedAt).slice(0, maxRows);
  return {
    id: 'sessions',
    label: menu.sessions,
    isEnabled: live.length > 0,
    submenu: [
      ...newest.map(sessionRow),
      row('sessions:all', menu.allSessions, true, { type: 'show', hash: '#/sessions' }),
    ],
  };
}

function sessionRow({ key, sessionId, name, workspaceName, logSource }: SessionView): TrayRow {
  const { menu } = en.tray;
  return {
    id: `session:${key}`,
    label: [name, workspaceName, name === sessionId ? null : sessionId]
      .filter((part) => part !== null)
      .join(en.common.separator),
    isEnabled: true,
    submenu: [
      row(`session:${key}:copy-id`, menu.copySessionId, true, { type: 'copy', text: sessionId }),
      row(`session:${key}:log`, menu.openLog, logSource !== null, { type: 'open-log', source: logSource ?? '' }),
      row(`session:${key}:disconnect`, menu.disconnect, true, { type: 'disconnect', sessionKey: key }),
    ],
  };
}
