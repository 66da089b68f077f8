import type { StateLayout } from '../../platform/state-dir.ts';
import type { AdminResponse } from '../../protocol/admin-api.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { healthReasons, healthStatus, type StatusSource } from '../observe/status.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { AdminHandlers } from './admin-routes.ts';

export interface AdminSources {
  readonly status: StatusSource;
  readonly registry: SessionRegistry;
  readonly authenticator: Authenticator;
  readonly layout: StateLayout;
  readonly logDir: string;
}

/** What each row of the admin route table does. */
export function adminHandlers(sources: AdminSources): AdminHandlers {
  const { registry, authenticator, layout } = sources;
  const token = (): AdminResponse<'token'> => ({
    authPolicy: authenticator.policy,
    generation: authenticator.tokenGeneration,
    tokenFile: layout.tokenFile,
    sessions: registry.list().map(({ sessionId, tokenGeneration, auth }) => ({
      sessionId,
      tokenGeneration,
      // Instances and users have credentials of their own, which a rotation does not touch.
      isCurrent: auth === 'instance' || auth === 'jwt' || tokenGeneration === authenticator.tokenGeneration,
    })),
  });
  return {
    status: () => {
      const status = sources.status.status();
      return {
        status: healthStatus(status),
        reasons: [...healthReasons(status)],
        version: status.version,
        pid: status.pid,
        daemonRunId: status.daemonRunId,
        startedAt: status.startedAt,
        host: status.host,
        port: status.port,
        localSocket: status.localSocket,
        authPolicy: status.authPolicy,
        tokenGeneration: status.tokenGeneration,
        sessions: {
          connected: status.sessionsConnected,
          detached: status.sessionsDetached,
          capacity: status.sessionCapacity,
        },
        global: status.global,
        providers: { ...status.providers },
        queued: status.queued,
        logDir: sources.logDir,
      };
    },
    sessions: () => ({ sessions: registry.list() }),
    token,
    rotateToken: async () => {
      await authenticator.rotateAsAdmin();
      return token();
    },
    clearToken: async () => {
      await authenticator.clearToken();
      return token();
    },
  };
}
