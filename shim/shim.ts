import { readDiscovery } from '../platform/discovery.ts';
import { createLogger, type Logger, logLevelOf } from '../platform/json-logger.ts';
import type { LoadedSettings } from '../platform/load-settings.ts';
import { readPrivateFile } from '../platform/private-file.ts';
import { localSocketPath } from '../platform/state-dir.ts';
import { limits } from '../protocol/limits.ts';
import { systemClock } from './clock.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import { DaemonConnection } from './daemon-connection.ts';
import { type DialOptions, dial } from './dial.ts';
import { ExitProcedure } from './exit-procedure.ts';
import { FileWatch } from './file-watch.ts';
import { buildHello } from './hello-frame.ts';
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

export interface ShimOptions {
  readonly loaded: LoadedSettings<'shim'>;
  readonly stdout: ClaimedStdout;
  /** Folder of the shim's own file: the daemon's lies beside it. */
  readonly shimFolder: string;
}

/**
 * One editor window for as long as it lives: wires the editor's pipes, the relay and the connection. Ends the process
 * through {@link ExitProcedure} and in no other way.
 */
export function runShim({ loaded, stdout, shimFolder }: ShimOptions): void {
  const { settings, layout } = loaded;
  const clock = systemClock;
  const identity = identityOf(loaded);
  const log = new LogSink({ clock, open: () => openShimLog(loaded) });
  const name = { current: identity.sessionId };
  const logger = loggerOf(loaded, identity, log, () => name.current);
  stdout.onPrinted((stream, text) => logger.info('text was kept out of the editor’s pipe', { stream, text }));

  const writer = new StdoutWriter({
    stream: stdout.lines,
    fullAtBytes: stdoutFullBytes,
    onFull: () => connection.setReadingPaused(true),
  });
  const relay = new Relay({
    clock,
    logger,
    names: { serverId: identity.instance.serverId, serverName: identity.instance.serverName },
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
  const connection: DaemonConnection = connectionOf(loaded, identity, {
    relay,
    logger,
    shimFolder,
    onDrain: () => reader.check(),
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
    onDrained: (done) => stdout.stream.once('drain', done),
    closeLog: async (reason) => {
      logger.info('shim stopped', { reason, upSecs: Math.round(process.uptime()) });
      await log.close();
    },
    exit: (code) => process.exit(code),
  });

  stdout.stream.on('error', (error) => exit.stdoutBroken(`stdout is broken: ${error.message}`));
  stdout.stream.on('drain', () => {
    connection.setReadingPaused(false);
    reader.check();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => exit.exit(signal));
  surviveBugs(logger, connection, exit);
  watchParent({
    intervalMs: settings.parentPollMs,
    isWindows: process.platform === 'win32',
    ppid: () => process.ppid,
    onGone: () => exit.exit('the parent process is gone'),
  });

  connection.start();
  reader.start();
}

function identityOf({ settings }: LoadedSettings<'shim'>): ShimIdentity {
  return shimIdentity({
    settings,
    env: process.env,
    shimId: uuidOf(randomBytes(uuidBytes)),
    pid: process.pid,
    ppid: process.ppid,
    cwd: currentFolder(),
  });
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
  loaded: LoadedSettings<'shim'>,
  identity: ShimIdentity,
  log: LogSink,
  sessionName: () => string | undefined,
): Logger {
  const { settings, warnings, origins } = loaded;
  const { id, serverId, serverName } = identity.instance;
  const logger = createLogger({
    level: logLevelOf(settings.logLevel),
    base: {
      get sessionId() {
        return sessionName();
      },
      ...(id === undefined ? {} : { instanceId: id }),
      shimId: identity.shimId,
      ...(settings.shimLabel === undefined ? {} : { label: settings.shimLabel }),
    },
    secrets: [settings.token, settings.jwt].filter((secret) => secret !== undefined),
    write: (line) => log.write(line),
  });
  const { version, pid, ppid, cwd, editor } = identity.client;
  // Names only: values of the environment may be secrets (CLIENTS S11).
  const variables = Object.values(origins).flatMap(({ layer, name }) => (layer === 'environment' ? [name] : []));
  const address = `${settings.host}:${settings.port}`;
  const endpoint = isAddressGiven(loaded) ? address : settings.endpoint;
  logger.info('shim started', { serverId, serverName, endpoint, pid, ppid, version, cwd, editor, variables });
  for (const warning of warnings) logger.warn(warning);
  return logger;
}

function isAddressGiven({ origins }: LoadedSettings<'shim'>): boolean {
  return origins.host.layer === 'environment' || origins.port.layer === 'environment';
}

interface ConnectionContext {
  readonly relay: Relay;
  readonly logger: Logger;
  readonly shimFolder: string;
  readonly onDrain: () => void;
}

function connectionOf(
  loaded: LoadedSettings<'shim'>,
  identity: ShimIdentity,
  context: ConnectionContext,
): DaemonConnection {
  const { settings, layout } = loaded;
  const { logger, relay, shimFolder, onDrain } = context;
  const dialOptions: DialOptions = {
    question: {
      settings,
      isAddressGiven: isAddressGiven(loaded),
      defaultLocalPath: () => localSocketPath(layout.stateDir),
    },
    readDiscovery: () => readDiscovery(layout.discoveryFile),
    link: {
      maxFrameBytes: settings.maxFrameBytes,
      connectTimeoutMs: settings.connectTimeoutMs,
      closeTimeoutMs: settings.closeTimeoutMs,
      now: () => systemClock.now(),
    },
  };
  const watch = new FileWatch({
    clock: systemClock,
    paths: [layout.discoveryFile, settings.tokenFile, settings.jwtFile, layout.sharedTokenFile].filter(
      (path) => path !== undefined,
    ),
    onChange: (path) =>
      path === layout.discoveryFile ? connection.onDaemonChanged() : connection.onCredentialsChanged(),
  });
  const connection: DaemonConnection = new DaemonConnection({
    relay,
    clock: systemClock,
    random: Math.random,
    logger,
    handshakeTimeoutMs: settings.handshakeTimeoutMs,
    defaults: settings,
    isAutostartOn: settings.autostart,
    dial: (abort) => dial(dialOptions, abort),
    readCredentials: (isProven, wasRefused) =>
      noted(
        logger,
        readCredentials({
          settings,
          sharedTokenFile: layout.sharedTokenFile,
          isProven,
          wasRefused,
          readFile: (path) => readPrivateFile(path, { parent: 'shared' }),
        }),
      ),
    buildHello: (credentials, resume, clientName) => buildHello(identity, credentials, resume, clientName),
    startDaemon: async (launch, isStillAbsent) => {
      const { startDaemon } = await import('./autostart.ts');
      const isElectron = process.versions['electron'] !== undefined;
      const { env, execPath } = process;
      return startDaemon(
        {
          layout,
          env,
          shimFolder,
          execPath,
          isElectron,
          logger,
          onEnded: (message) => connection.onStartedDaemonEnded(message),
        },
        launch,
        isStillAbsent,
      );
    },
    watch,
    onDrain,
  });
  return connection;
}

/** From now on the log masks what was read; a problem with a file is said once per attempt. */
function noted(logger: Logger, credentials: Credentials): Credentials {
  for (const secret of [credentials.token, credentials.jwt]) if (secret !== undefined) logger.addSecret(secret);
  if (credentials.problem !== undefined) logger.warn('a credential file is not used', { reason: credentials.problem });
  return credentials;
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
