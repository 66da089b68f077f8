import type { AdminResponse } from '../protocol/admin-api.ts';
import type { DaemonCommandResult } from './daemon-process.ts';
import { duration, textTable } from './text-table.ts';

const authTexts = {
  open: 'off: every program on this machine may connect (exai token rotate turns it on)',
  token: 'token',
  jwt: 'user tokens (JWT)',
  both: 'token and user token (JWT)',
} as const;

export function daemonCommandView({ state, pid, address }: DaemonCommandResult): string {
  switch (state) {
    case 'started':
      return `The daemon runs: ${address}, pid ${pid}. exai dashboard shows it.`;
    case 'already-running':
      return `The daemon runs already: ${address}, pid ${pid}.`;
    case 'stopped':
      return `The daemon has ended (pid ${pid}).`;
    case 'not-running':
      return 'The daemon does not run.';
  }
}

export function statusView(status: AdminResponse<'status'>, now: number): string {
  const { sessions, global } = status;
  const providers = Object.entries(status.providers).map(
    ([name, { inflight, capacity }]) => `${name} ${inflight}/${capacity}`,
  );
  const rows: [string, string][] = [
    [
      'daemon',
      `${status.status}, version ${status.version}, pid ${status.pid}, up ${duration(now - status.startedAt)}`,
    ],
    ['address', `http://${status.host}:${status.port}/`],
    ['local socket', status.localSocket ?? 'not open'],
    [
      'authentication',
      status.authPolicy === 'open'
        ? authTexts.open
        : `${authTexts[status.authPolicy]}, generation ${status.tokenGeneration}`,
    ],
    ['windows', `${sessions.connected} connected, ${sessions.detached} away, at most ${sessions.capacity}`],
    [
      'calls',
      `${global.inflight} of ${global.capacity} running, ${status.queued} waiting${providers.length === 0 ? '' : ` (${providers.join(', ')})`}`,
    ],
    ['logs', status.logDir],
    ...status.reasons.map((reason): [string, string] => ['note', reason]),
  ];
  return rows.map(([name, value]) => `${name.padEnd(14)}  ${value}`).join('\n');
}

export function sessionsView({ sessions }: AdminResponse<'sessions'>, now: number): string {
  if (sessions.length === 0) return 'No window is connected.';
  return textTable(
    ['WINDOW', 'SERVER', 'CLIENT', 'STATE', 'VIA', 'RUNNING', 'CALLS', 'SINCE', 'PID'],
    sessions.map((session) => [
      session.sessionId,
      session.serverId ?? '–',
      session.clientName,
      session.state === 'detached' ? 'away' : session.state,
      session.transport,
      String(session.inflight),
      String(session.callsTotal),
      duration(now - session.connectedAt),
      session.pid === null ? '–' : String(session.pid),
    ]),
  );
}

export function tokenView(token: AdminResponse<'token'>): string {
  if (token.authPolicy === 'open') {
    return 'Authentication is off. `exai token rotate` makes a token and turns it on.';
  }
  const lines = [`generation ${token.generation}`, `token file ${token.tokenFile}`];
  const older = token.sessions.filter(({ isCurrent }) => !isCurrent);
  for (const { sessionId, isCurrent } of token.sessions) {
    lines.push(
      `  ${sessionId}: ${isCurrent ? 'connected on this token' : 'connected on an older one, takes the new one at its next connect'}`,
    );
  }
  if (token.sessions.length > 0 && older.length === 0) lines.push('Every window uses the current token.');
  return lines.join('\n');
}
