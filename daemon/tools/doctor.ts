import type { SessionInfo } from '../../protocol/events.ts';
import { limits } from '../../protocol/limits.ts';
import type { DaemonStatus } from '../observe/status.ts';

export interface DoctorCheck {
  readonly check: string;
  readonly ok: boolean;
  /** One sentence; when not ok, with what to do. */
  readonly detail: string;
}

const slowLoopMs = 200;

/** What a person would look at first when something is wrong. Pure. */
export function doctorChecks(status: DaemonStatus, sessions: readonly SessionInfo[]): readonly DoctorCheck[] {
  return [
    authentication(status),
    token(status, sessions),
    capacity(status),
    leases(status),
    metricsLog(status),
    disk(status),
    eventLoop(status),
  ];
}

function authentication({ authPolicy }: DaemonStatus): DoctorCheck {
  return authPolicy === 'open'
    ? { check: 'authentication', ok: false, detail: 'Authentication is off; `exai token rotate` turns it on.' }
    : { check: 'authentication', ok: true, detail: `Clients need: ${authPolicy}.` };
}

function token({ tokenGeneration }: DaemonStatus, sessions: readonly SessionInfo[]): DoctorCheck {
  const old = sessions.filter((session) => session.auth === 'shared' && session.tokenGeneration !== tokenGeneration);
  return {
    check: 'token',
    ok: true,
    detail:
      old.length === 0
        ? 'No window lives on an older token.'
        : `${old.length} windows connected with an older token; they take the new one when they reconnect.`,
  };
}

function capacity({ global, queued }: DaemonStatus): DoctorCheck {
  const isFull = global.inflight >= global.capacity;
  const figures = `${global.inflight} of ${global.capacity} slots are in use, ${queued} calls wait`;
  return {
    check: 'capacity',
    ok: !isFull,
    detail: isFull
      ? `${figures}: new calls are refused until one ends, or raise EXAI_WS_GLOBAL_MAX_INFLIGHT.`
      : `${figures}.`,
  };
}

function leases({ abandonedCalls, leaseDoubleReleases }: DaemonStatus): DoctorCheck {
  return {
    check: 'leases',
    ok: leaseDoubleReleases === 0 && abandonedCalls === 0,
    detail: `${abandonedCalls} cancelled calls still run without a slot; ${leaseDoubleReleases} slots were given back twice.`,
  };
}

function metricsLog({ metricsLogProblem }: DaemonStatus): DoctorCheck {
  return metricsLogProblem === null
    ? { check: 'metrics log', ok: true, detail: 'It is written.' }
    : { check: 'metrics log', ok: false, detail: `${metricsLogProblem} Free some space in the log directory.` };
}

function disk({ diskUsedRatio }: DaemonStatus): DoctorCheck {
  if (diskUsedRatio === null) return { check: 'disk', ok: true, detail: 'Its use is not known.' };
  const percent = Math.floor(diskUsedRatio * 100);
  const ok = diskUsedRatio <= limits.diskDegradedRatio;
  return {
    check: 'disk',
    ok,
    detail: `The disk of logs and state is ${percent} % full.${ok ? '' : ' Free some space.'}`,
  };
}

function eventLoop({ eventLoopLagMs }: DaemonStatus): DoctorCheck {
  return {
    check: 'event loop',
    ok: eventLoopLagMs < slowLoopMs,
    detail: `The longest delay of the last seconds was ${Math.round(eventLoopLagMs)} ms.`,
  };
}
