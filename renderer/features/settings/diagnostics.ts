import type { SettingView } from '../../../protocol/settings.ts';
import type { Model } from '../../state/model.ts';

/**
 * What helps to understand a problem: states, versions, figures and the settings that differ from their defaults. The
 * fields are named one by one, so that what is added to a view later stays out: no argument, no folder, no message.
 */
export function diagnosticsOf(model: Model | undefined, settings: readonly SettingView[], at: Date): string {
  return JSON.stringify(
    {
      at: at.toISOString(),
      daemon:
        model === undefined
          ? null
          : {
              version: model.daemon.version,
              state: model.daemon.state,
              isPaused: model.daemon.isPaused,
              pid: model.daemon.pid,
              runId: model.daemon.runId,
              startedAt: model.daemon.startedAt,
              authPolicy: model.daemon.authPolicy,
              store: model.daemon.store,
              rssBytes: model.daemon.rssBytes,
            },
      totals: model?.totals ?? null,
      caps: model?.caps ?? null,
      token: model === undefined ? null : { generation: model.token.generation, rotatedAt: model.token.rotatedAt },
      problems: (model?.problems ?? []).map(({ code, severity, since, scope }) => ({ code, severity, since, scope })),
      sessions: [...(model?.sessions.values() ?? [])].map((session) => ({
        sessionId: session.sessionId,
        clientName: session.clientName,
        clientVersion: session.clientVersion,
        transport: session.transport,
        connectionStatus: session.connectionStatus,
        credential: session.credential,
        hasOldToken: session.hasOldToken,
        inflight: session.inflight,
        queued: session.queued,
        callsToday: session.callsToday,
        errorsToday: session.errorsToday,
        lastError: session.lastError,
      })),
      settings: settings
        .filter(({ source }) => source !== 'default')
        .map(({ name, value, pendingValue, place }) => ({ name, value, pendingValue, place })),
    },
    undefined,
    2,
  );
}
