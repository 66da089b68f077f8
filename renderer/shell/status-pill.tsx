import './status-pill.css';
import { useEffect, useRef } from 'react';
import { useModel, useServices, useWords } from '../state/services.ts';
import type { StatusId } from '../state/status.ts';
import { useStatus } from '../state/use-status.ts';
import type { Words } from '../strings/words.ts';
import { type MarkKind, Status } from '../ui/status-mark.tsx';
import { Uptime } from '../ui/time.tsx';

const marks: Readonly<Record<StatusId, MarkKind>> = {
  connecting: 'progress',
  running: 'live',
  starting: 'progress',
  paused: 'half',
  draining: 'half',
  stopping: 'progress',
  stopped: 'off',
  failed: 'failed',
  attention: 'attention',
  reconnecting: 'half',
  'not-answering': 'failed',
  'signed-out': 'off',
};

/** What is true now, and since when. */
export function StatusPill({ hasVersion }: { readonly hasVersion: boolean }) {
  const words = useWords();
  const status = useStatus();
  const inflight = useModel(({ totals }) => totals.inflight) ?? 0;
  const startedAt = useModel(({ daemon }) => daemon.startedAt);
  const version = useModel(({ daemon }) => daemon.version);
  const isUp = status === 'running' || status === 'attention' || status === 'paused';
  return (
    <div className="status-pill" data-testid="status-pill" data-state={status}>
      <Status kind={marks[status]} word={wordOf(status, inflight, words)} />
      {isUp && startedAt !== undefined ? (
        <span className="status-pill__meta">
          <span aria-hidden="true">{words.text.common.separator}</span>
          <Uptime at={startedAt} />
        </span>
      ) : null}
      {isUp && hasVersion ? (
        <span className="status-pill__meta">
          <span aria-hidden="true">{words.text.common.separator}</span>
          <bdi dir="ltr">{version}</bdi>
        </span>
      ) : null}
      <StatusSpeaker word={wordOf(status, inflight, words)} status={status} />
    </div>
  );
}

const spokenEveryMs = 5_000;

/** Says a changed state, at most once in 5 s; the one that is true when the time is up, not each in between. */
function StatusSpeaker({ status, word }: { readonly status: StatusId; readonly word: string }) {
  const { notices, words } = useServices();
  const spoken = useRef<{ status: StatusId; at: number }>({ status, at: 0 });
  useEffect(() => {
    if (spoken.current.status === status || status === 'connecting') return undefined;
    const wait = Math.max(0, spoken.current.at + spokenEveryMs - Date.now());
    const timer = setTimeout(() => {
      spoken.current = { status, at: Date.now() };
      notices.getState().speak(words.fill(words.text.status.announce, { state: word }));
    }, wait);
    return () => clearTimeout(timer);
  }, [status, word, notices, words]);
  return null;
}

export function wordOf(status: StatusId, callsLeft: number, { text, plural }: Words): string {
  switch (status) {
    case 'connecting':
      return text.status.connecting;
    case 'running':
      return text.status.running;
    case 'starting':
      return text.status.starting;
    case 'paused':
      return text.status.paused;
    case 'draining':
      return plural(text.status.draining, callsLeft);
    case 'stopping':
      return text.status.stopping;
    case 'stopped':
      return text.status.stopped;
    case 'failed':
      return text.status.failed;
    case 'attention':
      return text.status.attention;
    case 'reconnecting':
      return text.status.reconnecting;
    case 'not-answering':
      return text.status.notAnswering;
    case 'signed-out':
      return text.status.expired;
  }
}
