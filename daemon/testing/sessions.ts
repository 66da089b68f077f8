import { type Hello, helloSchema } from '../../protocol/hello.ts';
import type { CloseReason } from '../../protocol/limits.ts';
import { Session, type SessionConnection, type SessionOwner } from '../sessions/session.ts';

export const sharedOwner: SessionOwner = {
  principal: 'shared',
  auth: 'shared',
  isAdmin: true,
  instanceId: null,
  userId: null,
  expiresAt: null,
};

export function userOwner(userId: string, expiresAt: number | null = null): SessionOwner {
  return { principal: `user:${userId}`, auth: 'jwt', isAdmin: false, instanceId: null, userId, expiresAt };
}

/** A hello as the handshake reads it. */
export function hello(fields: Readonly<Record<string, unknown>> = {}): Hello {
  return helloSchema.parse({ op: 'hello', ...fields });
}

/** Remembers what was sent and how it was closed. */
export class RecordedConnection implements SessionConnection {
  readonly sent: string[] = [];
  readonly closes: CloseReason[] = [];

  send(_kind: 'control' | 'message', payload: string | Uint8Array): void {
    this.sent.push(typeof payload === 'string' ? payload : Buffer.from(payload).toString('utf8'));
  }

  close(reason: CloseReason): void {
    this.closes.push(reason);
  }
}

/** A connected session outside of any registry. */
export function standaloneSession(name: string, options: { hello?: Hello; owner?: SessionOwner } = {}): Session {
  return new Session({
    key: `key of ${name}`,
    sessionId: name,
    base: name,
    owner: options.owner ?? sharedOwner,
    transport: options.hello?.shimId === undefined ? 'ops' : 'shim',
    hello: options.hello ?? null,
    tokenGeneration: 1,
    now: 1_790_000_000,
  });
}
