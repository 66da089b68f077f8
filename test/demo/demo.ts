import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../../protocol/errors.ts';
import { bundlePrograms } from '../support/bundle.ts';
import { type DaemonProcess, TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { Page } from './page.ts';
import { type CallEnd, EditorWindow } from './window.ts';

/** What the scenes play with. */
interface Stage {
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

/** `npm run demo`: asserts all that it prints. */
async function main(): Promise<number> {
  const startedAt = performance.now();
  const page = new Page({ hasColor: hasColor(), write: (text) => process.stdout.write(text) });
  page.title('EXAI Tray', 'One daemon, two editor windows, two identities that never mix.');
  const bundles = await bundlePrograms({ testDaemon: { input: 'test/support/test-daemon.ts' } });
  const home = new TestHome();
  const countFile = join(home.path, 'runs.txt');
  const { testDaemon = '' } = bundles.files;
  const startDaemon = () => home.startDaemon({ program: testDaemon, env: { EXAI_TEST_COUNT_FILE: countFile } });
  const open: { close(): Promise<void> }[] = [];
  const interrupted = (): void => {
    bundles.remove();
    void home
      .cleanUp()
      .catch(() => undefined) // windows that were cut off in mid-call are no news here
      .finally(() => process.exit(exitCodes.interrupted));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  try {
    const stage = await setTheStage({ page, home, countFile, open, startDaemon });
    for (const scene of [
      connectWindows,
      callAtOnce,
      showSessions,
      rotateToken,
      dropTheLine,
      killTheDaemon,
      showWhatWasSeen,
    ]) {
      await scene(stage);
      if (page.broken.length > 0) break; // what follows builds on it
    }
  } catch (error) {
    page.holds(false, error instanceof Error ? error.message : String(error));
  } finally {
    for (const one of open.toReversed()) await one.close();
    bundles.remove();
    await home.cleanUp();
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (page.broken.length > 0) {
    page.end(`${page.bold('The demo has failed:')} ${page.broken.join('; ')} ${page.dim(`${seconds} s`)}`);
    return 1;
  }
  page.end(
    `${page.bold(`All ${page.statements} statements hold.`)} ${page.dim(`${seconds} s; nothing is left behind.`)}`,
  );
  return 0;
}

interface Props {
  readonly page: Page;
  readonly home: TestHome;
  readonly countFile: string;
  readonly startDaemon: () => Promise<DaemonProcess>;
  /** Gets what has to be closed at the end. */
  readonly open: { close(): Promise<void> }[];
}

/** A daemon with a token, a line to it that can be cut, and two windows that have not been opened. */
async function setTheStage({ page, home, countFile, startDaemon, open }: Props): Promise<Stage> {
  const startedAt = performance.now();
  const daemon = await startDaemon();
  const readyMs = performance.now() - startedAt;
  const rotated = await home.runCli(['token', 'rotate']);
  if (rotated.code !== 0) throw new Error(`exai token rotate: ${rotated.stderr}`);
  const current = { daemon };
  const line = await TcpProxy.open(() => current.daemon.port);
  open.push(line);
  const blueLine = { EXAI_WS_HOST: '127.0.0.1', EXAI_WS_PORT: String(line.port) };
  const blue = new EditorWindow({ name: 'blue', env: { ...windowEnv(home, 'blue'), ...blueLine } });
  const green = new EditorWindow({ name: 'green', env: windowEnv(home, 'green') });
  open.push(blue, green);
  return { page, home, countFile, blue, green, line, readyMs, startDaemon, current };
}

function windowEnv(home: TestHome, name: 'blue' | 'green'): Record<string, string> {
  const tokenFile = join(home.layout.credentialsDir, 'shared.token');
  return { ...home.env, EXAI_WS_TOKEN_FILE: tokenFile, EXAI_WS_AUTOSTART: 'false', ...identity(name) };
}

function identity(name: 'blue' | 'green'): Record<string, string> {
  const capital = name === 'blue' ? 'Blue' : 'Green';
  return {
    EXAI_SESSION_ID: `window-${name}`,
    MCP_SERVER_ID: `exai-${name}`,
    EXAI_SERVER_NAME: `EXAI-${capital}`,
    EXAI_LOG_PREFIX: name,
  };
}

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

function hasColor(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return process.stdout.isTTY && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

process.exitCode = await main();
