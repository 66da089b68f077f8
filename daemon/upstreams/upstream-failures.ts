import type { Failure } from '../../protocol/errors.ts';
import type { LinkEnd } from './upstream-link.ts';

// What a window is told when a server of its list cannot do what it was asked (WIRE §6.1).

/** `wasSent`: the request had reached the server, which may have acted on it. */
export function serverGone(name: string, end: LinkEnd, wasSent: boolean): Failure {
  const tail = end.stderrTail.slice(-3).join('\n');
  return {
    code: 'UPSTREAM_UNAVAILABLE',
    message: `The server ${name} has gone: ${end.message}${tail === '' ? '' : `\n${tail}`}`,
    hint: wasSent ? 'It may have acted on this request. Check before you repeat it.' : 'Retry; it is started again.',
    mayHaveRun: wasSent,
    retryable: !wasSent,
    details: { upstream: name, exitCode: end.exitCode, signal: end.signal, stderr: end.stderrTail },
  };
}

export function cannotStart(name: string, reason: string, stderrTail: readonly string[] = []): Failure {
  const tail = stderrTail.slice(-3).join('\n');
  return {
    code: 'UPSTREAM_UNAVAILABLE',
    message: `The server ${name} cannot be started: ${reason}${tail === '' ? '' : `\n${tail}`}`,
    hint: 'Look at its log in EXAI Tray.',
    retryable: false,
    details: { upstream: name, stderr: stderrTail },
  };
}

export function isStopped(name: string): Failure {
  return {
    code: 'UPSTREAM_UNAVAILABLE',
    message: `The server ${name} was stopped.`,
    hint: 'Start it in EXAI Tray.',
    retryable: false,
    details: { upstream: name },
  };
}

export function answerTooLarge(name: string, bytes: number): Failure {
  return {
    code: 'PAYLOAD_TOO_LARGE',
    message: `The server ${name} answered with ${bytes} bytes, which is more than a message may have.`,
    hint: 'Ask for less, or raise EXAI_WS_MAX_BYTES.',
    mayHaveRun: true,
    details: { actual_size: bytes },
  };
}

export function brokenRequest(name: string, message: string): Failure {
  return {
    code: 'UPSTREAM_UNAVAILABLE',
    message: `The server ${name} could not be reached: ${message}`,
    hint: 'Check its address and whether it runs.',
    mayHaveRun: true,
    retryable: false,
    details: { upstream: name },
  };
}

/** A request of a server that belongs to no window, or to one of several. */
export function unattributed(method: string): Failure {
  return {
    code: 'INVALID_REQUEST',
    message: `Nobody can be asked for ${method.slice(0, 64)}: it belongs to the call of no single window.`,
    hint: 'Ask while one call runs, or run this server per session.',
  };
}
