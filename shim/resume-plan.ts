import { type RequestId, requestIdKey } from '../protocol/ids.ts';

/** A request that was sent and is not answered. */
export interface OpenRequest {
  readonly id: RequestId;
  readonly method: string;
}

/** What the daemon said about open requests, in `hello_ack` or `query_res`. */
export interface DaemonVerdict {
  /** Never seen: certain not to have run. */
  readonly lost: readonly RequestId[];
  /** Nobody can tell any more. */
  readonly unknown: readonly RequestId[];
}

export interface ResumePlan<Open extends OpenRequest> {
  /** To be sent again, in the original order and before anything that is queued. */
  readonly resend: readonly Open[];
  /** To be answered with `DAEMON_RESTARTED`: repeating them could run them twice. */
  readonly mayHaveRun: readonly Open[];
}

/**
 * The shim's half of the table of WIRE §5.2: every open request is kept waiting, sent again or answered; none is sent
 * again that might have run. Ids that are not open (answered or cancelled meanwhile) are passed over.
 * @param open in the order in which they were first sent
 */
export function planResume<Open extends OpenRequest>(open: Iterable<Open>, verdict: DaemonVerdict): ResumePlan<Open> {
  const lost = new Set(verdict.lost.map(requestIdKey));
  const unknown = new Set(verdict.unknown.map(requestIdKey));
  const resend: Open[] = [];
  const mayHaveRun: Open[] = [];
  for (const request of open) {
    const key = requestIdKey(request.id);
    if (unknown.has(key) && request.method === 'tools/call') mayHaveRun.push(request);
    else if (lost.has(key) || unknown.has(key)) resend.push(request);
  }
  return { resend, mayHaveRun };
}
