import { join } from 'node:path';
import { type StoppedDaemon, writeDiscovery } from '../platform/discovery.ts';
import { acquireLock } from '../platform/exclusive-lock.ts';
import { createLogger, type Logger, logLevelOf } from '../platform/json-logger.ts';
import { loadSettings } from '../platform/load-settings.ts';
import { ensurePrivateDir } from '../platform/private-file.ts';
import { portOwner, processStartedAt } from '../platform/process-info.ts';
import { SecretValues } from '../platform/redaction.ts';
import { RotatingFile } from '../platform/rotating-file.ts';
import { localSocketPath } from '../platform/state-dir.ts';
import { exitCodes } from '../protocol/errors.ts';
import { protocolVersion, version } from '../protocol/version.ts';
import { openAuthentication } from './auth/open-authentication.ts';
import { createDaemon, type Daemon } from './create-daemon.ts';
import type { DaemonOptions } from './daemon-options.ts';
import type { ListenFailure } from './listen/open-server.ts';
import { daemonLogName } from './observe/log-sources.ts';
import { OwnerWatch, readOwner } from './owner-watch.ts';
import { newDaemonRunId } from './run-id.ts';
import { StopRequest } from './stop-request.ts';

export interface RunDaemonOptions {
  readonly createTools: DaemonOptions['createTools'];
  readonly modelCatalogue?: DaemonOptions['modelCatalogue'];
  readonly historyWorker: DaemonOptions['historyWorker'];
  /** Folder of the built interface, which the daemon serves at `/`. */
  readonly rendererDir?: string;
  /** Program and arguments that start this daemon again, for the shims' autostart. */
  readonly launch: readonly string[];
}

/**
 * The whole life of a daemon process: settings, lock, listeners, `ready`, signals, drain. Resolves with the exit code
 * (WIRE §6.1). Everything that can go wrong before `ready` is one line on stderr.
 */
export async function runDaemon(options: RunDaemonOptions): Promise<number> {
  // Who reads our output may go before us (a pipe to head or tee): that must not end the daemon.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const loaded = loadSettings('daemon', { env: process.env });
  if (loaded.type === 'invalid') return refuse(loaded.message, exitCodes.configuration);
  const { layout, logDir } = loaded;
  const unusable = makeDirectories([layout.stateDir, layout.runDir, layout.credentialsDir, logDir]);
  if (unusable !== undefined) return refuse(unusable, exitCodes.configuration);
  let lock: ReturnType<typeof acquireLock>;
  try {
    lock = acquireLock(layout.lockFile);
  } catch (error) {
    return refuse(cannotUse(layout.runDir, error), exitCodes.configuration);
  }
  if (lock.type === 'taken') {
    return refuse(`exai: another daemon runs in ${layout.stateDir} (pid ${lock.pid})`, exitCodes.daemonAlreadyRuns);
  }
  try {
    const authentication = openAuthentication(loaded);
    if (authentication.type === 'invalid') return refuse(authentication.message, exitCodes.configuration);
    const { config, authenticator, adminSecret } = authentication;
    const secrets = SecretValues.of(authentication.secrets);
    const log = new RotatingFile({
      path: join(logDir, daemonLogName),
      maxBytes: config.logMaxBytes,
      files: config.logFiles,
    });
    const stderr = new LogEcho();
    const logger = createLogger({
      level: logLevelOf(config.logLevel),
      secrets,
      write: (line) => {
        log.append(line);
        stderr.write(line);
      },
    });
    authenticator.onNewSecret((secret) => secrets.add(secret));
    const localSocket = config.listen.includes('local')
      ? localSocketPath(layout.stateDir, config.localPathOverride)
      : null;
    const daemonRunId = newDaemonRunId();
    const stop = new StopRequest();
    const daemon = createDaemon({
      config,
      layout,
      logDir,
      logger,
      secrets,
      authenticator,
      adminSecret,
      daemonRunId,
      localSocket,
      settings: {
        running: loaded,
        reload: (settingsText) =>
          loadSettings('daemon', { env: process.env, ...(settingsText === undefined ? {} : { settingsText }) }),
      },
      rendererDir: options.rendererDir,
      createTools: options.createTools,
      modelCatalogue: options.modelCatalogue,
      historyWorker: options.historyWorker,
      stop,
    });
    daemon.prepare();
    const failure = await listen(daemon, config, localSocket);
    if (failure !== undefined) {
      log.close();
      return refuse(failure.message, failure.exitCode);
    }
    for (const warning of [...loaded.warnings, ...authentication.warnings]) logger.warn(warning);
    return await serve(daemon, { options, config, layout, localSocket, daemonRunId, logger, stop, log, stderr });
  } finally {
    lock.release();
  }
}

async function serve(
  daemon: Daemon,
  context: Pick<DaemonOptions, 'config' | 'layout' | 'localSocket' | 'daemonRunId' | 'logger' | 'stop'> & {
    options: RunDaemonOptions;
    log: RotatingFile;
    stderr: LogEcho;
  },
): Promise<number> {
  const { options, config, layout, localSocket, daemonRunId, logger, stop, log, stderr } = context;
  const owner = readOwner(config.daemonOwner);
  const hasTcp = config.listen.includes('tcp');
  const facts = {
    schema: 1 as const,
    daemonRunId,
    version,
    protocol: protocolVersion,
    launch: options.launch,
    ...(hasTcp ? { tcp: { host: config.host, port: daemon.port } } : {}),
    ...(localSocket === null ? {} : { localSocket }),
    ...(config.dashboardPort === undefined
      ? {}
      : { dashboard: { host: config.dashboardHost, port: daemon.dashboardPort } }),
  };
  stopAtSignals(stop, config.drainMs, logger);
  reportBugs(logger, stderr);
  daemon.start();
  writeDiscovery(layout.discoveryFile, {
    ...facts,
    state: 'running',
    pid: process.pid,
    processStartedAt: processStartedAt(process.pid) ?? Date.now() / 1000 - process.uptime(),
    runKey: daemon.runKey,
    ...(owner === null ? {} : { owner }),
  });
  const address = hasTcp
    ? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${daemon.port}/`
    : (localSocket ?? '');
  logger.info('daemon started', {
    address,
    localSocket,
    dashboard: daemon.status.status().dashboardUrl,
    daemonRunId,
    pid: process.pid,
    version,
    auth: daemon.status.status().authPolicy,
  });
  process.stdout.write(`ready ${address}\n`);
  if (owner?.kind === 'tray') stderr.isOn = false;
  const watch = new OwnerWatch({
    owner,
    idleExitMs: config.idleExitMs,
    registry: daemon.registry,
    onIdle: () => stop.ask('idle', config.drainMs),
  });
  watch.start();
  const reason = await stop.asked;
  watch.stop();
  logger.info('daemon stopping', { reason, drainMs: stop.drainMs });
  await daemon.stop();
  stop.close();
  const stoppedFile: StoppedDaemon = { ...facts, state: 'stopped' };
  try {
    writeDiscovery(layout.discoveryFile, stoppedFile);
  } catch (error) {
    // A full disk must not turn a clean stop into a crash: who reads the old file finds no such process.
    logger.warn('the discovery file could not be marked as stopped', { error });
  }
  logger.info('daemon stopped', { daemonRunId });
  log.close();
  return exitCodes.ok;
}

/**
 * Log lines on stderr, for whoever has started the daemon. The tray reads there why a daemon did not start or has crashed,
 * from a file that must not grow for months: under it stderr is quiet in between.
 */
class LogEcho {
  isOn = true;

  write(line: string): void {
    if (this.isOn) process.stderr.write(`${line}\n`);
  }
}

/** The last resort: a bug is written to the log, masked like every line, before the process ends (exit 1). */
function reportBugs(logger: Logger, stderr: LogEcho): void {
  const die = (error: unknown): void => {
    stderr.isOn = true;
    logger.error('the daemon crashed; please report this', { error });
    process.exit(exitCodes.crash);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

/** Signals closer together than this are one. */
const sameSignalMs = 100;

/** SIGTERM and SIGINT stop in order; a second signal while draining ends at once. */
function stopAtSignals(stop: StopRequest, drainMs: number, logger: Logger): void {
  let askedAt: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // A terminal and whoever stands between send the same Ctrl+C twice.
      if (askedAt !== undefined && performance.now() - askedAt < sameSignalMs) return;
      if (askedAt !== undefined) {
        logger.warn('stopped at once by a second signal', { signal });
        process.exit(exitCodes.interrupted);
      }
      askedAt = performance.now();
      stop.ask(signal, drainMs);
    });
  }
}

interface ListenRefusal {
  readonly message: string;
  readonly exitCode: number;
}

async function listen(
  daemon: Daemon,
  config: DaemonOptions['config'],
  localSocket: string | null,
): Promise<ListenRefusal | undefined> {
  if (config.listen.includes('tcp')) {
    const failure = await daemon.listenTcp(config.port);
    const refusal = failure && (await tcpRefusal(failure, config.host, config.port, ['EXAI_WS_HOST', 'EXAI_WS_PORT']));
    if (refusal !== undefined) return refusal;
  }
  if (config.dashboardPort !== undefined) {
    const { dashboardHost: host, dashboardPort: port } = config;
    const failure = await daemon.listenDashboard(port);
    const names = ['EXAI_DASHBOARD_HOST', 'EXAI_DASHBOARD_PORT'] as const;
    const refusal = failure && (await tcpRefusal(failure, host, port, names));
    if (refusal !== undefined) return refusal;
  }
  if (localSocket !== null) {
    const failure = await daemon.listenLocal(localSocket);
    if (failure?.type === 'address-in-use') {
      return {
        message: `exai: ${localSocket} is taken by another program; set EXAI_WS_LOCAL_PATH`,
        exitCode: exitCodes.portTaken,
      };
    }
    if (failure !== undefined) return { message: `exai: ${failure.message}`, exitCode: exitCodes.configuration };
  }
  return undefined;
}

/** Why a TCP listener is not open, with the variables that say where it should be. */
async function tcpRefusal(
  failure: ListenFailure,
  host: string,
  port: number,
  [hostName, portName]: readonly [string, string],
): Promise<ListenRefusal> {
  if (failure.type === 'failed') {
    const message = `exai: ${hostName}="${host}", ${portName}="${port}": ${failure.message}`;
    return { message, exitCode: exitCodes.configuration };
  }
  const owner = await portOwner(host, port);
  const who = owner === undefined ? 'another program' : `pid ${owner.pid} (${owner.command})`;
  const message = `exai: ${host}:${port} is taken by ${who}; stop it or set ${portName}`;
  return { message, exitCode: exitCodes.portTaken };
}

function makeDirectories(paths: readonly string[]): string | undefined {
  for (const path of paths) {
    try {
      const made = ensurePrivateDir(path);
      if (made.type === 'exposed') return `exai: ${made.message}`;
    } catch (error) {
      return cannotUse(path, error);
    }
  }
  return undefined;
}

function cannotUse(path: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `exai: ${path} cannot be used: ${why}; set EXAI_STATE_DIR to a directory of your own`;
}

function refuse(message: string, exitCode: number): number {
  process.stderr.write(`${message}\n`);
  return exitCode;
}
