import type { HostCommand } from '../../protocol/host-bridge.ts';
import { en } from '../../protocol/strings/en.ts';
import type { TrayFacts } from './tray-model.ts';
import { row, type TrayRow } from './tray-row.ts';
import { fill } from './words.ts';

/** Start, stop and what belongs to the daemon itself; the other daemons of this app where there are any. */
export function daemonMenu({ supervisor, snapshot, profiles }: TrayFacts): TrayRow {
  const { menu } = en.tray;
  const { state, problem } = supervisor;
  const isUp = state === 'ready' || state === 'starting';
  const isDown = state === 'stopped' || state === 'failed' || state === 'backing-off';
  const isPaused = snapshot?.daemon.isPaused ?? false;
  const next = problem?.code === 'PORT_IN_USE' ? Number(problem.params['next']) : 0;
  return {
    id: 'daemon',
    label: menu.daemon,
    isEnabled: true,
    submenu: [
      command('daemon:start', menu.start, isDown, { type: 'start' }),
      ...(next > 0
        ? [command('daemon:use-port', fill(menu.usePort, { port: next }), true, { type: 'use-next-port' })]
        : []),
      command('daemon:restart', menu.restart, state === 'ready', { type: 'restart' }),
      command('daemon:stop', menu.stop, isUp || state === 'backing-off', { type: 'stop' }),
      {
        ...command('daemon:pause', menu.pause, state === 'ready' && snapshot !== null, {
          type: isPaused ? 'resume' : 'pause',
        }),
        isChecked: isPaused,
      },
      row('daemon:logs', menu.logs, true, { type: 'reveal-logs' }),
      row('daemon:diagnostics', menu.diagnostics, true, { type: 'copy-diagnostics' }),
      ...(profiles.length < 2
        ? []
        : profiles.map(({ profileId, name, isCurrent }) => ({
            ...command(`profile:${profileId}`, name, !isCurrent, { type: 'switch-profile', profileId }),
            isChecked: isCurrent,
          }))),
    ],
  };
}

function command(id: string, label: string, isEnabled: boolean, what: HostCommand): TrayRow {
  return row(id, label, isEnabled, { type: 'command', command: what });
}
