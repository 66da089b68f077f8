import type { StateLayout } from '../../platform/state-dir.ts';
import type { AdminResponse } from '../../protocol/admin-api.ts';
import { FailureError } from '../../protocol/errors.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { AuthPolicy } from '../config.ts';
import { httpHealth } from '../observe/http-health.ts';
import { healthReasons, healthStatus, type StatusSource } from '../observe/status.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { AdminHandlers } from './admin-handler.ts';
import { uiCookieName } from './browser-request.ts';
import { openApiDocument } from './openapi.ts';

export interface AdminSources {
  readonly status: StatusSource;
  readonly registry: SessionRegistry;
  readonly authenticator: Authenticator;
  readonly layout: StateLayout;
  readonly logDir: string;
  /** `EXAI_AUTH_POLICY` as it stands for the next start. */
  nextPolicyOverride(): AuthPolicy | undefined;
}

type BasicRoute = 'status' | 'health' | 'sessions' | 'token' | 'revealToken' | 'clearToken' | 'openapi';

/** Whether clients need a token, and who uses the current one. */
export function tokenStatus({
  registry,
  authenticator,
  layout,
}: Pick<AdminSources, 'registry' | 'authenticator' | 'layout'>): AdminResponse<'token'> {
  return {
    authPolicy: authenticator.policy,
    generation: authenticator.tokenGeneration,
    tokenFile: layout.tokenFile,
    sessions: registry.list().map(({ sessionId, tokenGeneration, auth }) => ({
      sessionId,
      tokenGeneration,
      // Instances and users have credentials of their own, which a rotation does not touch.
      isCurrent: auth === 'instance' || auth === 'jwt' || tokenGeneration === authenticator.tokenGeneration,
    })),
  };
}

/** The rows of the admin route table that need nothing but what the daemon has anyway. */
export function adminHandlers(sources: AdminSources): Pick<AdminHandlers, BasicRoute> {
  const { registry, authenticator } = sources;
  const token = (): AdminResponse<'token'> => tokenStatus(sources);
  let document: ReturnType<typeof openApiDocument> | undefined;
  return {
    health: () => {
      const status = sources.status.status();
      return { ...httpHealth('health', status, { detailed: true }).body, status: healthStatus(status) };
    },
    openapi: () => {
      document ??= openApiDocument(uiCookieName(sources.layout.stateDir));
      return document;
    },
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
    revealToken: () => {
      const current = authenticator.policy === 'open' ? undefined : authenticator.currentToken;
      if (current !== undefined) return { token: current };
      throw new FailureError({
        code: 'NOT_FOUND',
        message: 'There is no token.',
        hint: 'Make one with: exai token rotate',
      });
    },
    clearToken: async () => {
      await authenticator.clearToken(sources.nextPolicyOverride());
      return token();
    },
  };
}
