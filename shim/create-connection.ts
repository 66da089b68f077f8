import { readDiscovery } from '../platform/discovery.ts';
import type { Logger } from '../platform/json-logger.ts';
import type { LoadedSettings } from '../platform/load-settings.ts';
import { type PrivateFileResult, readPrivateFile } from '../platform/private-file.ts';
import { localSocketPath } from '../platform/state-dir.ts';
import { systemClock } from './clock.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import { DaemonConnection } from './daemon-connection.ts';
import { type DialOptions, dial } from './dial.ts';
import { FileWatch } from './file-watch.ts';
import { buildHello } from './hello-frame.ts';
import type { ShimIdentity } from './identity.ts';
import type { Relay } from './relay.ts';

export interface ConnectionContext {
  readonly loaded: LoadedSettings<'shim'>;
  readonly identity: () => ShimIdentity;
  readonly relay: Relay;
  readonly logger: Logger;
  /** Folder of the shim's own file. */
  readonly shimFolder: string;
  /** Something is on its way to the daemon: time for what has to be done anyway. Called at least once. */
  readonly onWaiting: () => void;
  /** The daemon has taken what was sent, or will not any more. */
  readonly onDrain: () => void;
}

/** The connection of a real process: files, sockets, clock. */
export function connectionOf(context: ConnectionContext): DaemonConnection {
  const { loaded, identity, relay, logger, shimFolder, onWaiting, onDrain } = context;
  const { settings, layout } = loaded;
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
    onWaiting,
  };
  const credentialFiles = [settings.tokenFile, settings.jwtFile, layout.tokenFile];
  const watch = new FileWatch({
    clock: systemClock,
    paths: [layout.discoveryFile, ...credentialFiles.filter((path) => path !== undefined)],
    onChange: (path) =>
      path === layout.discoveryFile ? connection.onDaemonChanged() : connection.onCredentialsChanged(),
  });
  const onEnded = (message: string): void => connection.onStartedDaemonEnded(message);
  const connection: DaemonConnection = new DaemonConnection({
    relay,
    clock: systemClock,
    random: Math.random,
    logger,
    handshakeTimeoutMs: settings.handshakeTimeoutMs,
    defaults: settings,
    isAutostartOn: settings.autostart,
    dial: async () => {
      const result = await dial(dialOptions);
      onWaiting(); // also when there was nobody to wait for
      return result;
    },
    readCredentials: (isProven, wasRefused) => {
      const { tokenFile: sharedTokenFile } = layout;
      return noted(
        logger,
        readCredentials({ settings, sharedTokenFile, isProven, wasRefused, readFile: readTokenFile }),
      );
    },
    buildHello: (credentials, resume, clientName) => buildHello(identity(), credentials, resume, clientName),
    startDaemon: async (launch, isStillAbsent) => {
      const { startDaemon } = await import('./autostart.ts');
      const { env, execPath, versions } = process;
      const isElectron = versions['electron'] !== undefined;
      return startDaemon({ layout, env, shimFolder, execPath, isElectron, logger, onEnded }, launch, isStillAbsent);
    },
    watch,
    onDrain,
  });
  return connection;
}

/** The address is set for this window, not only in a file that the daemon shares. */
export function isAddressGiven({ origins }: LoadedSettings<'shim'>): boolean {
  return origins.host.layer === 'environment' || origins.port.layer === 'environment';
}

/** People keep token files where they like; others may look into that folder, but not change it. */
function readTokenFile(path: string): PrivateFileResult {
  return readPrivateFile(path, { parent: 'shared' });
}

/** From now on the log masks what was read; a problem with a file is said once per attempt. */
function noted(logger: Logger, credentials: Credentials): Credentials {
  for (const secret of [credentials.token, credentials.jwt]) if (secret !== undefined) logger.addSecret(secret);
  if (credentials.problem !== undefined) logger.warn('a credential file is not used', { reason: credentials.problem });
  return credentials;
}
