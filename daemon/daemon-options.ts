import type { Logger } from '../platform/json-logger.ts';
import type { SecretValues } from '../platform/redaction.ts';
import type { StateLayout } from '../platform/state-dir.ts';
import type { AdminSecret } from './auth/admin-secret.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { ModelCatalogue } from './calls/provider-of-call.ts';
import type { DaemonConfig } from './config.ts';
import type { SettingsStoreOptions } from './settings/settings-store.ts';
import type { StopRequest } from './stop-request.ts';
import type { BuiltinSources } from './tools/builtin.ts';
import type { Tool } from './tools/tool.ts';

export interface DaemonOptions {
  readonly config: DaemonConfig;
  readonly layout: StateLayout;
  readonly logDir: string;
  readonly logger: Logger;
  /** Values that no log may show; grows when a token is rotated. */
  readonly secrets: SecretValues;
  readonly authenticator: Authenticator;
  readonly adminSecret: AdminSecret;
  readonly daemonRunId: string;
  readonly localSocket: string | null;
  /** Program of the thread that keeps the history, a bundle or a source. */
  readonly historyWorker: string;
  /** What this daemon was started with, and how to load it again. */
  readonly settings: Pick<SettingsStoreOptions, 'running' | 'reload'>;
  /** When this daemon is to end; the admin API asks for it too. */
  readonly stop: StopRequest;
  /** Folder of the built interface. Absent: `/` says that the daemon runs, and no more. */
  readonly rendererDir?: string | undefined;
  /** The tools on offer, made for what they may look at. */
  createTools(
    sources: BuiltinSources,
    context: { readonly config: DaemonConfig; readonly logger: Logger },
  ): readonly Tool[];
  /** Whose models are whose. Absent: this daemon serves no models. */
  readonly modelCatalogue?: ModelCatalogue | undefined;
}
