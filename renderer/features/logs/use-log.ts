import { useEffect, useState } from 'react';
import { type LogFollow, type LogLine, logFollowSchema } from '../../../protocol/logs.ts';
import type { ApiFailure } from '../../api/admin-client.ts';
import { readLines } from '../../api/lines.ts';
import { useClient } from '../../state/services.ts';
import { emptyBuffer, type LogBuffer, linesKept, takeMessages } from './log-buffer.ts';

export interface LogState {
  /** Undefined until the first lines have come. */
  readonly buffer: LogBuffer | undefined;
  readonly failure: ApiFailure | undefined;
  /** The stream has ended; it is opened again by itself. */
  readonly isBrokenOff: boolean;
}

const nothing: LogState = { buffer: undefined, failure: undefined, isBrokenOff: false };
/** What comes within it is drawn at once. */
const frameMs = 100;
const pauseMs = 2_000;

/** The tail of a log and what is added to it, at a level and above. Opened again when it breaks off. */
export function useLog(
  source: string,
  level: NonNullable<LogLine['level']>,
): LogState & { readonly retry: () => void } {
  const client = useClient();
  const [state, setState] = useState(nothing);
  const [attempt, setAttempt] = useState(0);
  const [opened, setOpened] = useState(`${source} ${level}`);
  if (opened !== `${source} ${level}`) {
    setOpened(`${source} ${level}`);
    setState(nothing);
  }

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let waiting: LogFollow[] = [];
    let isFirst = true;
    let frame: ReturnType<typeof setTimeout> | undefined;
    let pause: ReturnType<typeof setTimeout> | undefined;

    function flush(): void {
      frame = undefined;
      const messages = waiting;
      const isAnew = isFirst; // A new stream begins with its tail: what was there is in it.
      waiting = [];
      isFirst = false;
      setState(({ buffer }) => ({
        buffer: takeMessages(
          isAnew ? { ...emptyBuffer, taken: buffer?.taken ?? 0 } : (buffer ?? emptyBuffer),
          messages,
        ),
        failure: undefined,
        isBrokenOff: false,
      }));
    }

    async function follow(): Promise<void> {
      const request = { params: { source }, query: { lines: linesKept, level } };
      const answer = await client.stream('logFollow', request, signal);
      if (signal.aborted) return;
      if (answer.state === 'failed') {
        setState((before) => ({ ...before, failure: answer.failure }));
        return;
      }
      try {
        for await (const text of readLines(answer.value)) {
          waiting.push(logFollowSchema.parse(JSON.parse(text)));
          frame ??= setTimeout(flush, isFirst ? 0 : frameMs);
        }
      } catch {
        // Broken off, aborted, or not a log: looked at below.
      }
      if (signal.aborted) return;
      setState((before) => ({ ...before, isBrokenOff: true }));
      pause = setTimeout(() => setAttempt((before) => before + 1), pauseMs);
    }

    void follow();
    return () => {
      controller.abort();
      clearTimeout(frame);
      clearTimeout(pause);
    };
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- `attempt` is not read, it says when to try again
  }, [client, source, level, attempt]);

  return { ...state, retry: () => setAttempt((before) => before + 1) };
}
