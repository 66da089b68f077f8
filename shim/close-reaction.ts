import type { Failure } from '../protocol/errors.ts';
import type { HelloError } from '../protocol/hello.ts';
import { closeCodes, limits } from '../protocol/limits.ts';
import { assertNever } from './assert-never.ts';

/** What a new connect attempt waits for while requests are answered with a failure. */
export interface RetryRule {
  /** The token or JWT file has changed. */
  readonly onCredentials: boolean;
  /** `run/daemon.json` has changed. */
  readonly onDaemon: boolean;
  /** Or simply so much time; undefined = never on time alone. */
  readonly afterMs: number | undefined;
}

export type Reaction =
  | { readonly type: 'reconnect'; readonly pace: 'normal' | 'slow' }
  /** A frame was too big for the daemon: its request gets `PAYLOAD_TOO_LARGE`, then reconnect. */
  | { readonly type: 'too-big' }
  /** Every request is answered with `failure` until a retry succeeds. */
  | { readonly type: 'report'; readonly failure: Failure; readonly retry: RetryRule };

const credentialRetry: RetryRule = { onCredentials: true, onDaemon: true, afterMs: limits.unauthorizedRetryMs };
const daemonRetry: RetryRule = { onCredentials: false, onDaemon: true, afterMs: limits.unauthorizedRetryMs };
const onlyNewDaemon: RetryRule = { onCredentials: false, onDaemon: true, afterMs: undefined };

/** The shim's reaction to a `hello_ack` with `ok:false` (WIRE §§2, 3.6). `problem`: what is wrong with our own credential. */
export function reactToRefusal(error: HelloError, hint: string, problem: string | undefined): Reaction {
  switch (error) {
    case 'unauthorized':
    case 'jwt_required':
      return { type: 'report', failure: unauthorized(error, problem ?? hint), retry: credentialRetry };
    case 'session_limit':
      return {
        type: 'report',
        failure: sessionLimit(hint),
        retry: { onCredentials: false, onDaemon: true, afterMs: limits.reconnectMaxMs },
      };
    case 'upgrade_required':
      return { type: 'report', failure: upgradeRequired(hint), retry: daemonRetry };
    case 'invalid_hello':
    case 'missing_hello':
      return { type: 'report', failure: handshakeFailed(hint), retry: onlyNewDaemon };
    default:
      return assertNever(error);
  }
}

export interface CloseFacts {
  readonly code: number;
  readonly reason: string;
  /** The connection had been acknowledged. */
  readonly wasConnected: boolean;
  /** Protocol errors (1002, 1007) in a row, this one included. */
  readonly protocolErrors: number;
  /** What is wrong with our own credential. */
  readonly problem: string | undefined;
}

/** The shim's reaction to a close code (table of WIRE §2). A refusing `hello_ack` has been dealt with before. */
export function reactToClose({ code, reason, wasConnected, protocolErrors, problem }: CloseFacts): Reaction {
  switch (code) {
    case 1002:
    case 1007:
      return protocolErrors <= 1
        ? { type: 'reconnect', pace: 'normal' }
        : { type: 'report', failure: handshakeFailed(`The connection was closed with ${code}.`), retry: daemonRetry };
    case closeCodes.connectionLimit.code:
    case closeCodes.helloTimeout.code:
    case closeCodes.superseded.code:
      return { type: 'reconnect', pace: 'slow' };
    case closeCodes.tooBig.code:
      return wasConnected
        ? { type: 'too-big' }
        : { type: 'report', failure: handshakeFailed('Its hello is too long.'), retry: onlyNewDaemon };
    case closeCodes.sessionLimit.code:
      return reactToRefusal('session_limit', '', undefined);
    case closeCodes.invalidHello.code:
      return reactToRefusal('invalid_hello', reason, undefined);
    case closeCodes.missingHello.code:
      return reactToRefusal('missing_hello', reason, undefined);
    case closeCodes.unauthorized.code:
      // The JWT of an open session has run out: the files may hold a new one.
      if (wasConnected) return { type: 'reconnect', pace: 'normal' };
      return reactToRefusal(reason === closeCodes.jwtRequired.reason ? 'jwt_required' : 'unauthorized', '', problem);
    case closeCodes.upgradeRequired.code:
      return reactToRefusal('upgrade_required', '', undefined);
    case closeCodes.revoked.code:
      return { type: 'report', failure: revoked, retry: { onCredentials: true, onDaemon: false, afterMs: undefined } };
    default:
      return { type: 'reconnect', pace: 'normal' };
  }
}

function unauthorized(error: 'unauthorized' | 'jwt_required', hint: string): Failure {
  return {
    code: 'UNAUTHORIZED',
    message:
      error === 'jwt_required'
        ? 'The daemon needs a user token.'
        : 'The daemon does not accept the token of this window.',
    hint: hint === '' ? 'Check EXAI_WS_TOKEN_FILE. The window reconnects by itself when the file changes.' : hint,
  };
}

function sessionLimit(hint: string): Failure {
  return {
    code: 'SESSION_LIMIT',
    message: 'The daemon has no room for another window.',
    hint: hint === '' ? 'Close a window that you do not need, then retry.' : hint,
    retryAfterMs: limits.reconnectMaxMs,
  };
}

/** Also for a daemon that is older than the handshake this shim speaks. */
export function upgradeRequired(hint: string): Failure {
  return {
    code: 'UPGRADE_REQUIRED',
    message: 'The daemon and this window speak different versions.',
    hint: hint === '' ? 'Update both to the same version, then restart the daemon.' : hint,
  };
}

function handshakeFailed(hint: string): Failure {
  return {
    code: 'INTERNAL_ERROR',
    message: 'The daemon refused the handshake of this window.',
    hint: `${hint} Update both to the same version, then restart the daemon.`.trimStart(),
    mayHaveRun: false,
  };
}

const revoked: Failure = {
  code: 'UNAUTHORIZED',
  message: 'An administrator ended this window or its token.',
  hint: 'Get a new token. The window reconnects by itself when its token file changes.',
};
