import { type CapacityRefusal, type Failure, FailureError } from '../../protocol/errors.ts';
import type { CallOutcome } from '../../protocol/events.ts';
import type { CallAbortReason } from './deadline.ts';

// Why a call did not get its result, in the words a person reads (WIRE §6.1).

export const cancelledFailure: Failure = { code: 'CANCELLED', message: 'The call was cancelled.' };

export const drainingFailure: Failure = {
  code: 'DAEMON_UNAVAILABLE',
  message: 'The daemon is stopping and takes no new calls.',
  hint: 'Retry in a few seconds.',
};

export const pausedFailure: Failure = {
  code: 'DAEMON_UNAVAILABLE',
  message: 'The daemon is paused and takes no new calls.',
  hint: 'Somebody paused it in EXAI Tray; retry when it has been resumed there.',
};

export function toolNotFound(name: string): Failure {
  return {
    code: 'TOOL_NOT_FOUND',
    message: `There is no tool ${JSON.stringify(name.slice(0, 128))}.`,
    hint: 'Ask for the list of tools and use a name from it.',
  };
}

export function argumentsTooLarge(actualBytes: number, limitBytes: number): Failure {
  return {
    code: 'PAYLOAD_TOO_LARGE',
    message: `The arguments of this call are ${actualBytes} bytes; the limit is ${limitBytes}.`,
    hint: 'Send less, or raise TOOL_CALL_MAX_SIZE.',
    details: { actual_size: actualBytes, limit: limitBytes },
  };
}

/** `reason` is `wait` for a call that waited in vain. */
export function overCapacity(
  refusal: CapacityRefusal,
  { provider, retryAfterMs, reason }: { provider: string | null; retryAfterMs: number; reason?: string | undefined },
): Failure {
  const who = {
    session: 'This window',
    global: 'The daemon',
    provider: provider ?? 'The provider',
    queue: 'The queue',
  }[refusal.scope];
  const message =
    refusal.scope === 'queue'
      ? reason === 'wait'
        ? 'No slot became free in time.'
        : `The queue is at its limit of ${refusal.limit}.`
      : `${who} already runs ${refusal.inflight} calls, its limit is ${refusal.limit}.`;
  return {
    code: 'OVER_CAPACITY',
    message,
    hint: 'Retry in a moment.',
    retryAfterMs,
    capacity: refusal,
    ...(reason === undefined ? {} : { details: { reason } }),
  };
}

export function abortFailure(reason: CallAbortReason, callId: string, deadlineMs: number): Failure {
  switch (reason) {
    case 'timeout':
      return {
        code: 'TIMEOUT',
        message: `The call did not finish within ${deadlineMs / 1000} s.`,
        hint: 'It may have had an effect. Ask for less, or raise EXAI_WS_CALL_TIMEOUT.',
        callId,
      };
    case 'cancelled':
    case 'session-ended':
    case 'shutdown':
      return { ...cancelledFailure, callId };
  }
}

/** What a tool threw, as a failure of its own. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  return { code: 'EXEC_ERROR', message: error instanceof Error ? error.message : String(error) };
}

export function outcomeOf(failure: Failure): CallOutcome {
  switch (failure.code) {
    case 'CANCELLED':
      return 'cancelled';
    case 'TIMEOUT':
      return 'timeout';
    case 'OVER_CAPACITY':
    case 'RATE_LIMITED':
      return 'refused';
    default:
      return 'error';
  }
}
