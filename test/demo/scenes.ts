import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonProcess, TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import type { Page } from './page.ts';
import type { CallEnd, EditorWindow } from './window.ts';

/** What the scenes play with. */
export interface Stage {
  readonly page: Page;
  readonly home: TestHome;
  readonly countFile: string;
  readonly blue: EditorWindow;
  readonly green: EditorWindow;
  /** Blue's line to the daemon. Green uses the local socket. */
  readonly line: TcpProxy;
  /** How long the first daemon took to start. */
  readonly readyMs: number;
  readonly startDaemon: () => Promise<DaemonProcess>;
  /** Changes when the daemon is restarted. */
  readonly current: { daemon: DaemonProcess };
}

/** In this order; each builds on the one before. */
export const scenes: readonly ((stage: Stage) => Promise<void>)[] = [
  connectWindows,
  callAtOnce,
  showSessions,
  rotateToken,
  dropTheLine,
  killTheDaemon,
  showWhatWasSeen,
];

async function connectWindows({ page, current: { daemon }, blue, green, readyMs }: Stage): Promise<void> {
  page.section('Two windows, one daemon');
  page.text(`${page.window('blue')}  ── stdio ── shim ── TCP ───────────┐`);
  page.text(`${page.window('green')} ── stdio ── shim ── local socket ──┴── daemon`);
  const [blueTools, greenTools] = await Promise.all([blue.open(), green.open()]);
  page.table([
    [page.dim('daemon'), `pid ${daemon.pid}`, daemon.address, page.dim(`ready after ${ms(readyMs)}`)],
    [
      page.window('blue'),
      blue.serverName,
      'over TCP',
      page.dim(`tools listed ${ms(blue.connectedMs)} after its start`),
    ],
    [
      page.window('green'),
      green.serverName,
      'over the local socket',
      page.dim(`tools listed ${ms(green.connectedMs)} after its start`),
    ],
  ]);
  page.holds(
    blue.serverName === 'exai-blue' && green.serverName === 'exai-green',
    'each window has a server of its own name',
  );
  page.holds(
    blueTools.includes('version') && blueTools.join() === greenTools.join(),
    `both see the same ${blueTools.length} tools`,
  );
}

async function callAtOnce({ page, blue, green, home }: Stage): Promise<void> {
  page.section('Both call at the same time');
  const slowMs = 400;
  const startedAt = performance.now();
  const slow = Promise.all(
    [blue, blue, blue, blue, green, green, green, green].map((window) => window.call('sleep', { ms: slowMs })),
  );
  const quick: number[] = [];
  for (let count = 0; count < 50; count += 1) quick.push((await green.call('echo', { text: 'quick' })).ms);
  const quickMs = performance.now() - startedAt;
  const ends = await slow;
  const totalMs = performance.now() - startedAt;
  page.text(
    `four calls of ${slowMs} ms each from ${page.window('blue')}, four from ${page.window('green')}: all done after ${ms(totalMs)}`,
  );
  page.text(`meanwhile 50 quick calls from ${page.window('green')}: median ${ms(median(quick))}`);
  page.holds(
    ends.every(isAnswer) && totalMs >= slowMs && totalMs < slowMs * 4,
    `8 × ${slowMs} ms took ${ms(totalMs)}, not ${ms(8 * slowMs)}: nobody waits for anybody`,
  );
  page.holds(quickMs < slowMs, 'quick calls pass the slow ones of the same window');
  const [blueLog, greenLog] = await Promise.all([logOf(home, 'blue'), logOf(home, 'green')]);
  const isClean = !blueLog.includes('window-green') && !greenLog.includes('window-blue');
  page.holds(isClean, 'ws_shim_blue.log knows nothing of green, ws_shim_green.log nothing of blue');
}

async function showSessions({ page, home }: Stage): Promise<void> {
  page.section('The session table');
  const { stdout, code } = await home.runCli(['sessions']);
  page.quote('exai sessions', stdout);
  page.holds(
    code === 0 && stdout.includes('window-blue') && stdout.includes('window-green'),
    'two windows, two sessions',
  );
}

async function rotateToken({ page, home, blue, green, line }: Stage): Promise<void> {
  page.section('A new token while both work');
  const before = storedToken(home);
  const running = [blue.call('sleep', { ms: 500 }), green.call('sleep', { ms: 500 })];
  const rotated = await home.runCli(['token', 'rotate']);
  page.quote('exai token rotate', rotated.stdout.replaceAll(home.path, '~'));
  const ends = await Promise.all(running);
  page.holds(rotated.code === 0 && storedToken(home) !== before, 'the token is another one');
  page.holds(!`${rotated.stdout}${rotated.stderr}`.includes(storedToken(home)), 'and is never printed');
  page.holds(ends.every(isAnswer), 'both windows were in mid-call and got their answers');
  const connections = line.connections;
  line.drop();
  const next = await blue.call('echo', { text: 'on the new token' });
  const sessions = await sessionsOf(home);
  const generation = (name: string) => sessions.find(({ sessionId }) => sessionId === name)?.tokenGeneration;
  page.holds(
    isAnswer(next) && line.connections > connections && generation('window-blue') === 2,
    'blue reconnects, with the new one by itself',
  );
  page.holds(
    generation('window-green') === 1,
    'green was not disturbed: it works on, and takes the new one when it next connects',
  );
}

async function dropTheLine({ page, blue, green, line, countFile }: Stage): Promise<void> {
  page.section('The line breaks in mid-call');
  const before = runs(countFile);
  const call = blue.call('count', { ms: 700 });
  await eventually('the call to run', () => (runs(countFile) > before ? true : undefined));
  line.drop();
  const beside = await green.call('echo', { text: 'still here' });
  const end = await call;
  page.text(`${page.window('blue')} calls a tool that must not run twice; its socket is reset while the call runs`);
  page.holds(isAnswer(end), `blue got its answer ${ms(end.ms)} after it had asked`);
  page.holds(runs(countFile) - before === 1, 'the tool ran once');
  page.holds(isAnswer(beside), `green noticed nothing (${ms(beside.ms)})`);
}

async function killTheDaemon(stage: Stage): Promise<void> {
  const { page, blue, green, countFile } = stage;
  page.section('The daemon is killed in mid-call');
  const before = runs(countFile);
  const safe = blue.call('count_safe', { ms: 400 });
  const unsafe = green.call('count', { ms: 400 });
  await eventually('both calls to run', () => (runs(countFile) - before >= 2 ? true : undefined));
  const { pid } = stage.current.daemon;
  await stage.current.daemon.kill('SIGKILL');
  const queued = green.call('echo', { text: 'sent while there was no daemon' });
  const restartedAt = performance.now();
  stage.current.daemon = await stage.startDaemon();
  const readyAt = performance.now();
  const [safeEnd, unsafeEnd, queuedEnd] = await Promise.all([safe, unsafe, queued]);
  page.text(
    `kill -9 ${pid}; a new daemon, pid ${stage.current.daemon.pid}, is ready ${ms(readyAt - restartedAt)} later`,
  );
  page.holds(isAnswer(safeEnd), 'blue’s call may be repeated: it ran again, and blue got its answer');
  page.holds(
    unsafeEnd.type === 'refused' && unsafeEnd.code === 'DAEMON_RESTARTED' && unsafeEnd.mayHaveRun,
    `green’s may not: ${endText(unsafeEnd)}`,
  );
  page.holds(isAnswer(queuedEnd), 'what green asked while there was no daemon is answered');
  const again = await Promise.all([blue.call('version'), green.call('version')]);
  page.holds(again.every(isAnswer), 'both windows work on; no editor had to restart anything');
}

function showWhatWasSeen({ page, blue, green }: Stage): Promise<void> {
  page.section('What each window saw');
  const rows = [blue, green].map((window) => {
    const { sent, answers, refusals, open, pipeClosed } = window.seen;
    return [
      page.window(window.name),
      `${sent} calls`,
      `${answers} answers`,
      `${refusals} honest ${refusals === 1 ? 'error' : 'errors'}`,
      `${open} lost`,
      `pipe closed ${pipeClosed} times`,
    ];
  });
  page.table(rows);
  const [one, other] = [blue.seen, green.seen];
  page.holds(one.open === 0 && other.open === 0, 'every call has exactly one end');
  page.holds(one.refusals === 0 && other.refusals === 1, 'one error in all, the one that nobody could have avoided');
  page.holds(one.pipeClosed === 0 && other.pipeClosed === 0, 'no editor lost its server');
  return Promise.resolve();
}

function isAnswer(end: CallEnd): boolean {
  return end.type === 'answer';
}

function endText(end: CallEnd): string {
  switch (end.type) {
    case 'answer':
      return 'an answer';
    case 'refused':
      return `${end.code}, mayHaveRun: ${String(end.mayHaveRun)}`;
    case 'lost':
      return `no end at all (${end.message})`;
  }
}

/** The log of a window's shim, once it names its own session. It is written beside the work, not before it. */
function logOf(home: TestHome, name: 'blue' | 'green'): Promise<string> {
  return eventually(`the log of ${name}`, () => {
    const path = join(home.logDir, `ws_shim_${name}.log`);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    return text.includes(`window-${name}`) ? text : undefined;
  });
}

/** How often the counting tools have begun to run. */
function runs(countFile: string): number {
  try {
    return readFileSync(countFile, 'utf8').split('\n').length - 1;
  } catch {
    return 0; // none has run yet
  }
}

function storedToken(home: TestHome): string {
  const parsed: unknown = JSON.parse(readFileSync(home.layout.sharedTokenFile, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('token' in parsed)) throw new Error('no token is stored');
  return String(parsed.token);
}

async function sessionsOf(home: TestHome): Promise<readonly { sessionId: string; tokenGeneration: number }[]> {
  const { stdout } = await home.runCli(['sessions', '--json']);
  const parsed = JSON.parse(stdout) as { sessions: { sessionId: string; tokenGeneration: number }[] };
  return parsed.sessions;
}

function median(sample: readonly number[]): number {
  return sample.toSorted((a, b) => a - b)[Math.floor(sample.length / 2)] ?? Number.NaN;
}

function ms(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}
