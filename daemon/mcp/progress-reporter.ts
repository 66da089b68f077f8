import type { RequestId } from '../../protocol/ids.ts';
import type { ToolProgress } from '../tools/tool.ts';

/** Progress under the caller's token: real values, and between them a heartbeat that grows without overtaking (WIRE §5.1). */
export class ProgressReporter {
  readonly #token: RequestId;
  readonly #send: (method: string, params: Record<string, unknown>) => void;
  /** The tool's own last value. */
  #last = 0;
  #sent = 0;
  #beats = 0;
  #hasReportedSinceBeat = false;

  constructor(token: RequestId, send: (method: string, params: Record<string, unknown>) => void) {
    this.#token = token;
    this.#send = send;
  }

  report(progress: ToolProgress): void {
    this.#hasReportedSinceBeat = true;
    if (progress.progress === undefined) {
      this.beat(progress.message, true);
      return;
    }
    this.#last = progress.progress;
    this.#sent = progress.progress;
    this.#beats = 0;
    this.#send('notifications/progress', { progressToken: this.#token, ...progress });
  }

  beat(message?: string, isForced = false): void {
    if (this.#hasReportedSinceBeat && !isForced) {
      this.#hasReportedSinceBeat = false;
      return;
    }
    this.#beats += 1;
    const value = this.#last + this.#beats * 1e-6;
    if (value <= this.#sent) return; // a float this large cannot express the step
    this.#sent = value;
    this.#send('notifications/progress', {
      progressToken: this.#token,
      progress: value,
      ...(message === undefined ? {} : { message }),
    });
  }
}
