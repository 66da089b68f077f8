import { createLogger, type Logger, logLevelOf } from '../platform/json-logger.ts';
import type { LoadedSettings } from '../platform/load-settings.ts';
import { readPrivateFile } from '../platform/private-file.ts';
import { limits } from '../protocol/limits.ts';
import { systemClock } from './clock.ts';
import { connectionOf, isAddressGiven } from './create-connection.ts';
import type { DaemonConnection } from './daemon-connection.ts';
import { ExitProcedure } from './exit-procedure.ts';
import { type ShimIdentity, shimIdentity } from './identity.ts';
import { parseKnownFacts } from './known-facts.ts';
import { LogSink } from './log-sink.ts';
import { watchParent } from './parent-watch.ts';
import { randomBytes, uuidOf } from './random-bytes.ts';
import { Relay } from './relay.ts';
import { openShimLog } from './shim-log.ts';
import { StdinReader } from './stdin-reader.ts';
import { LineCutter } from './stdio-lines.ts';
import type { ClaimedStdout } from './stdout-guard.ts';
import { StdoutWriter } from './stdout-writer.ts';

/** Bytes waiting for the editor from which on nothing more is read from the daemon. */
const stdoutFullBytes = 256 * 1024;
/** Bytes waiting for the editor from which on nothing more is read from it either: it asks and does not listen. */
const stdoutFloodedBytes = limits.shimQueueBytes;
/** Bytes waiting for the daemon from which on nothing more is read from the editor. */
const linkFullBytes = 1024 * 1024;
const uuidBytes = 16;
const nothing = Buffer.alloc(0);

export interface ShimOptions {
  readonly loaded: LoadedSettings<'shim'>;
  readonly stdout: ClaimedStdout;
  /** Folder of the shim's own file: the daemon's lies beside it. */
  readonly shimFolder: string;
}

/**
 * One editor window for as long as it lives: wires the editor's pipes, the relay and the connection. Ends the process
 * through {@link ExitProcedure} and in no other way.
 *
 * The order is for speed: first what sets the connection going, and what else is needed while the daemon answers.
 */
export function runShim({ loaded, stdout, shimFolder }: ShimOptions): void {
  const { settings, layout } = loaded;
  const clock = systemClock;
  const shimId = uuidOf(randomBytes(uuidBytes));
  const log = new LogSink({
    clock,
    open: () => openShimLog(loaded),
    onOpened: (file) => {
      logFile = file;
      connection.reportLog(file);
    },
  });
  let logFile: string | undefined;
  const name = { current: settings.sessionId };
  const logger = loggerOf(loaded, shimId, log, () => name.current);
  const identity = once(() => identityOf(loaded, shimId));

  const writer = new StdoutWriter({
    stream: stdout.lines,
    fullAtBytes: stdoutFullBytes,
    onFull: () => connection.setReadingPaused(true),
  });
  const relay = new Relay({
    clock,
    logger,
    names: { serverId: settings.serverId, serverName: settings.serverName },
    facts: () => {
      const file = readPrivateFile(layout.knownFactsFile);
      return parseKnownFacts(file.type === 'ok' ? file.text : undefined);
    },
    bounds: {
      maxFrameBytes: settings.maxFrameBytes,
      queueMax: settings.shimQueueMax,
      queueMs: settings.shimQueueMs,
      reconnectMs: settings.reconnectMs,
      rpcTimeoutMs: settings.rpcTimeoutMs,
      ackGraceMs: settings.ackGraceMs,
    },
    toEditor: (message, onWritten) => writer.writeLine(message, onWritten),
    onConfirmed: () => log.confirm(),
    onNamed: (sessionId) => {
      name.current = sessionId;
    },
    onDeadLink: (reason) => connection.cut(reason),
  });
  const cutter = new LineCutter(settings.maxFrameBytes, {
    onLine: (line) => relay.receiveLine(line),
    onOversized: (line) => relay.receiveOversized(line),
  });
  const reader = new StdinReader({
    stream: process.stdin,
    clock,
    isFull: () => connection.bufferedBytes > linkFullBytes || writer.pendingBytes > stdoutFloodedBytes,
    onChunk: (chunk) => cutter.push(chunk),
    onEnd: (reason) => exit.exit(reason),
  });
  const exit: ExitProcedure = new ExitProcedure({
    clock,
    stop: () => {
      reader.stop();
      connection.stop();
      writer.flush();
    },
    pendingBytes: () => writer.pendingBytes,
    onDrained: (done) => void stdout.lines.write(nothing, done), // called back behind everything before it
    closeLog: async (reason) => {
      logger.info('shim stopped', { reason, upSecs: Math.round(process.uptime()) });
      await log.close();
    },
    exit: (code) => process.exit(code),
  });
  const finishSetUp = once(() => {
    logStart(loaded, identity(), logger);
    stdout.onPrinted((stream, text) => logger.info('text was kept out of the editor’s pipe', { stream, text }));
    surviveBugs(logger, connection, exit);
    watchParent({
      intervalMs: settings.parentPollMs,
      isWindows: process.platform === 'win32',
      ppid: () => process.ppid,
      onGone: () => exit.exit('the parent process is gone'),
    });
  });
  const connection: DaemonConnection = connectionOf({
    loaded,
    identity: () => withLog(identity(), logFile),
    relay,
    logger,
    shimFolder,
    onWaiting: finishSetUp,
    onDrain: () => reader.check(),
  });

  connection.start();
  reader.start();
  stdout.stream.on('error', (error) => exit.stdoutBroken(`stdout is broken: ${error.message}`));
  stdout.stream.on('drain', () => {
    connection.setReadingPaused(false);
    reader.check();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => exit.exit(signal));
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function identityOf({ settings }: LoadedSettings<'shim'>, shimId: string): ShimIdentity {
  return shimIdentity({
    settings,
    env: process.env,
    shimId,
    pid: process.pid,
    ppid: process.ppid,
    cwd: currentFolder(),
  });
}

function withLog(identity: ShimIdentity, log: string | undefined): ShimIdentity {
  return log === undefined ? identity : { ...identity, client: { ...identity.client, log } };
}

function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined; // it was removed
  }
}

/** @param sessionName the name announced, then the one that the daemon gave: no line carries another window's name */
function loggerOf(
  { settings }: LoadedSettings<'shim'>,
  shimId: string,
  log: LogSink,
  sessionName: () => string | undefined,
): Logger {
  const { instanceId, shimLabel, token, jwt } = settings;
  return createLogger({
    level: logLevelOf(settings.logLevel),
    base: {
      get sessionId() {
        return sessionName();
      },
      ...(instanceId === undefined ? {} : { instanceId }),
      shimId,
      ...(shimLabel === undefined ? {} : { label: shimLabel }),
    },
    secrets: [token, jwt].filter((secret) => secret !== undefined),
    write: (line) => log.write(line),
  });
}

/** First line of every log (WIRE §11). */
function logStart(loaded: LoadedSettings<'shim'>, identity: ShimIdentity, logger: Logger): void {
  const { settings, warnings, origins } = loaded;
  const { serverId, serverName } = identity.instance;
  const { version, pid, ppid, cwd, editor } = identity.client;
  const endpoint = isAddressGiven(loaded) ? `${settings.host}:${settings.port}` : settings.endpoint;
  // Names only: values of the environment may be secrets (CLIENTS S11).
  const variables = Object.values(origins).flatMap(({ layer, name }) => (layer === 'environment' ? [name] : []));
  logger.info('shim started', { serverId, serverName, endpoint, pid, ppid, version, cwd, editor, variables });
  for (const warning of warnings) logger.warn(warning);
}

const maxSurvivedBugs = 5;

/** A bug of ours must not close the editor's pipe: the connection is made anew, and resume sorts out what was open. */
function surviveBugs(logger: Logger, connection: DaemonConnection, exit: ExitProcedure): void {
  let bugs = 0;
  const onBug = (error: unknown): void => {
    bugs += 1;
    logger.error('a bug in this shim', { error });
    if (bugs > maxSurvivedBugs) exit.exit('too many bugs', 1);
    else connection.cut('a bug in this shim');
  };
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
  process.removeAllListeners('warning'); // Node prints them to stderr
  process.on('warning', (warning) => logger.info('a warning of Node', { warning }));
}
