import { join } from 'node:path';
import { exitCodes } from '../../protocol/errors.ts';
import { bundlePrograms } from '../support/bundle.ts';
import { type DaemonProcess, TestHome } from '../support/daemon-process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { Page } from './page.ts';
import { type Stage, scenes } from './scenes.ts';
import { EditorWindow } from './window.ts';

/** `npm run demo`: asserts all that it prints. */
async function main(): Promise<number> {
  const startedAt = performance.now();
  const page = new Page({ hasColor: hasColor(), write: (text) => process.stdout.write(text) });
  page.title('EXAI Tray', 'One daemon, two editor windows, two identities that never mix.');
  let isInterrupted = false;
  const interruption = new Promise<never>((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Interruption(signal)));
  });
  interruption.catch(() => undefined); // seen by whoever waits for a scene
  const bundles = await bundlePrograms({ testDaemon: { input: 'test/support/test-daemon.ts' } });
  const home = new TestHome();
  const countFile = join(home.path, 'runs.txt');
  const { testDaemon = '' } = bundles.files;
  const startDaemon = () => home.startDaemon({ program: testDaemon, env: { EXAI_TEST_COUNT_FILE: countFile } });
  const open: { close(): Promise<void> }[] = [];
  try {
    const stage = await Promise.race([setTheStage({ page, home, countFile, open, startDaemon }), interruption]);
    for (const scene of scenes) {
      await Promise.race([scene(stage), interruption]);
      if (page.broken.length > 0) break; // what follows builds on it
    }
  } catch (error) {
    isInterrupted = error instanceof Interruption;
    page.holds(false, error instanceof Error ? error.message : String(error));
  } finally {
    for (const one of open.toReversed()) await one.close();
    bundles.remove();
    await home.cleanUp().catch((error: unknown) => {
      if (!isInterrupted) throw error; // a command that was cut off is no news
    });
  }
  if (isInterrupted) process.exit(exitCodes.interrupted); // the scene that was cut off must not go on
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

class Interruption extends Error {}

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

function hasColor(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return process.stdout.isTTY && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

process.exitCode = await main();
