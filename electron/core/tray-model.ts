import type { HostCommand, HostProblem } from '../../protocol/host-bridge.ts';
import type { LoginItemState, UpdateView } from '../../protocol/host-desktop.ts';
import type { ProblemView, Snapshot } from '../../protocol/snapshot.ts';
import { en } from '../../protocol/strings/en.ts';
import { daemonMenu } from './tray-daemon-menu.ts';
import { type MenuAction, row, type TrayRow } from './tray-row.ts';
import { sessionsMenu } from './tray-sessions-menu.ts';
import { type TrayState, type TrayStateFacts, trayState } from './tray-state.ts';
import { fill, plural } from './words.ts';

export interface TrayFacts extends TrayStateFacts {
  readonly loginItem: LoginItemState;
  readonly update: UpdateView;
  readonly profiles: readonly { readonly profileId: string; readonly name: string; readonly isCurrent: boolean }[];
  /** Quitting asks first. */
  readonly asksAtQuit: boolean;
}

export interface TrayModel {
  readonly state: TrayState;
  readonly tooltip: string;
  readonly menu: readonly TrayRow[];
}

const maxTooltipChars = 120;
const configRows = 4;

/** Icon, tooltip and menu as data (UI §2). Pure: the same facts give the same model, whoever draws it. */
export function trayModel(facts: TrayFacts): TrayModel {
  const state = trayState(facts);
  return { state, tooltip: tooltipOf(facts, state), menu: menuOf(facts) };
}

function tooltipOf({ supervisor, snapshot }: TrayFacts, state: TrayState): string {
  const { tooltip } = en.tray;
  const problem = firstProblem(supervisor.problem, snapshot);
  const isTrouble = (state === 'error' || state === 'attention') && problem !== undefined;
  const text = isTrouble
    ? problem
    : supervisor.state === 'ready'
      ? figures(snapshot)
      : statusLine(supervisor, snapshot);
  return clipped(fill(tooltip.prefix, { text }));
}

function figures(snapshot: Snapshot | null): string {
  const { tooltip, status } = en.tray;
  if (snapshot === null) return status.connecting;
  const { sessions, inflight, queued } = snapshot.totals;
  const parts = [
    sessions === 0 ? tooltip.nothing : plural(tooltip.sessions, sessions),
    ...(inflight === 0 ? [] : [fill(tooltip.running, { count: inflight })]),
    ...(queued === 0 ? [] : [fill(tooltip.waiting, { count: queued })]),
  ];
  return parts.join(en.common.separator);
}

function clipped(text: string): string {
  return text.length <= maxTooltipChars ? text : `${text.slice(0, maxTooltipChars - 1)}${en.common.ellipsis}`;
}

/** The first line of the menu: what is true now. */
function statusLine(supervisor: TrayFacts['supervisor'], snapshot: Snapshot | null): string {
  const { status } = en.tray;
  switch (supervisor.state) {
    case 'stopped':
      return status.stopped;
    case 'starting':
      return status.starting;
    case 'stopping':
      return status.stopping;
    case 'backing-off':
      return status.backingOff;
    case 'failed':
      return status.failed;
    case 'ready':
      break;
  }
  if (snapshot === null) return status.connecting;
  const { daemon, totals } = snapshot;
  const sessions = plural(status.sessions, totals.sessions);
  const calls = plural(status.calls, totals.inflight);
  if (daemon.state === 'draining') return fill(status.draining, { calls });
  if (daemon.isPaused) return fill(status.paused, { sessions, calls });
  return fill(daemon.authPolicy === 'open' ? status.runningOpen : status.running, { sessions, calls });
}

/** Title of the worst problem: the daemon's owner knows better than the daemon whether it runs. */
function firstProblem(ofHost: HostProblem | null, snapshot: Snapshot | null): string | undefined {
  if (ofHost !== null) return problemTitle(ofHost);
  const [ofDaemon] = snapshot?.problems ?? [];
  return ofDaemon === undefined || snapshot === null ? undefined : daemonProblemTitle(ofDaemon, snapshot);
}

function problemTitle({ code, params }: HostProblem): string {
  return fill(en.tray.problems[code].title, params);
}

function daemonProblemTitle({ code, scope }: ProblemView, { sessions, caps }: Snapshot): string {
  const names = {
    session: sessions.find(({ key }) => key === scope.id)?.name,
    provider: caps.providers.find(({ id }) => id === scope.id)?.label,
  };
  const name =
    scope.kind === 'provider' || scope.kind === 'session'
      ? (names[scope.kind] ?? scope.id)
      : en.errors.scopes[scope.kind];
  return fill(en.errors.problems[code].short, { scope: name });
}

function menuOf(facts: TrayFacts): readonly TrayRow[] {
  const { supervisor, snapshot, loginItem, asksAtQuit } = facts;
  const { menu } = en.tray;
  const isReady = supervisor.state === 'ready' && snapshot !== null;
  const problem = firstProblem(supervisor.problem, snapshot);
  const withToken = snapshot?.daemon.authPolicy === 'token' || snapshot?.daemon.authPolicy === 'both';
  const isRotating = snapshot?.token.rotation?.state === 'waiting';
  const rotate: HostCommand = { type: 'rotate-token' };
  return [
    { id: 'status', label: statusLine(supervisor, snapshot), isEnabled: false },
    ...(problem === undefined
      ? []
      : [row('problem', fill(menu.problem, { title: problem }), true, { type: 'show', hash: '#/' })]),
    { ...row('open', menu.open, true, { type: 'show', hash: '' }), isDefault: true },
    row('dashboard', menu.dashboard, isReady, { type: 'dashboard' }),
    row('add', menu.add, isReady, { type: 'show', hash: '#/' }),
    sessionsMenu(isReady ? snapshot.sessions : []),
    {
      id: 'copy-config',
      label: menu.copyConfig,
      isEnabled: isReady,
      submenu: Array.from({ length: configRows }, (_, index) =>
        row(`copy-config:${index + 1}`, fill(menu.copyConfigRow, { number: index + 1 }), isReady, {
          type: 'copy-config',
          window: index + 1,
        }),
      ),
    },
    row('rotate', menu.rotate, isReady && withToken && !isRotating, { type: 'command', command: rotate }),
    daemonMenu(facts),
    {
      ...row('login', menu.login, loginItem !== 'unavailable', {
        type: 'command',
        command: { type: 'set-login-item', isOn: loginItem === 'off' },
      }),
      isChecked: loginItem === 'on' || loginItem === 'needs-approval',
    },
    updateRow(facts.update),
    row('quit', asksAtQuit ? menu.quitAsking : menu.quit, true, { type: 'command', command: { type: 'quit' } }),
  ];
}

function updateRow(update: UpdateView): TrayRow {
  const { menu } = en.tray;
  const action: MenuAction = { type: 'command', command: { type: 'update' } };
  switch (update.state) {
    case 'ready':
      return row('update', fill(menu.updateReady, { version: update.version }), true, action);
    case 'downloading':
      return row('update', fill(menu.updateLoading, { version: update.version }), false, action);
    case 'checking':
      return row('update', menu.updateCheck, false, action);
    case 'waiting':
      return row('update', plural(menu.updateWaiting, update.calls), true, action);
    case 'idle':
    case 'none':
    case 'failed':
    case 'by-hand':
      return row('update', menu.updateCheck, true, action);
  }
}
