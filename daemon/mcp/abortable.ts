import { FailureError } from '../../protocol/errors.ts';

/** The outcome of `work`, unless the signal aborts first: then CANCELLED, and the work goes on for others. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void =>
      reject(new FailureError({ code: 'CANCELLED', message: 'The request was cancelled.', mayHaveRun: false }));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
