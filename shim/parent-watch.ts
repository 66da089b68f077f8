export interface ParentWatchOptions {
  /** 0 = never look. */
  readonly intervalMs: number;
  readonly isWindows: boolean;
  /** Pid of the parent now. */
  readonly ppid: () => number;
  readonly isAlive?: (pid: number) => boolean;
  readonly onGone: () => void;
}

/**
 * The net below the end of stdin (CLIENTS S10, PITFALLS R5): tells when the process that started this one is gone.
 * POSIX hands orphans to another parent; Windows leaves the old pid in place. Returns how to stop.
 */
export function watchParent(options: ParentWatchOptions): () => void {
  const { intervalMs, isWindows, ppid, onGone, isAlive = hasProcess } = options;
  if (intervalMs <= 0) return () => undefined;
  const first = ppid();
  const timer = setInterval(() => {
    const isGone = isWindows ? !isAlive(first) : ppid() !== first;
    if (!isGone) return;
    clearInterval(timer);
    onGone();
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
