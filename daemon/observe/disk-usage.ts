import { statfs } from 'node:fs/promises';

/** What `statfs` tells that we look at; sizes in blocks. */
export interface FileSystemBlocks {
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
}

export interface DiskUsageOptions {
  /** Directories whose file systems are looked at; the fullest one counts. */
  readonly paths: readonly string[];
  readonly refreshMs?: number;
  readonly statfs?: (path: string) => Promise<FileSystemBlocks>;
}

/** How full the disks of logs and state are, refreshed rarely and never waited for. */
export class DiskUsage {
  readonly #paths: readonly string[];
  readonly #refreshMs: number;
  readonly #statfs: (path: string) => Promise<FileSystemBlocks>;
  #usedRatio: number | null = null;
  #isRefreshing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ paths, refreshMs = 60_000, statfs: read = statfs }: DiskUsageOptions) {
    this.#paths = paths;
    this.#refreshMs = refreshMs;
    this.#statfs = read;
  }

  /** 0–1; null before the first answer and where the system gives none. */
  get usedRatio(): number | null {
    return this.#usedRatio;
  }

  /** Does not keep the process alive. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.refresh(), this.#refreshMs);
    this.#timer.unref();
    void this.refresh();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Never rejects. While a disk does not answer, no second question is asked. */
  async refresh(): Promise<void> {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    const answers = await Promise.allSettled(this.#paths.map((path) => this.#statfs(path)));
    this.#isRefreshing = false;
    const ratios = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [usedRatioOf(answer.value)] : []));
    this.#usedRatio = ratios.length === 0 ? null : Math.max(...ratios);
  }
}

/** As `df` counts: what only the administrator may still use is neither used nor free. */
function usedRatioOf({ blocks, bfree, bavail }: FileSystemBlocks): number {
  const used = blocks - bfree;
  const usable = used + bavail;
  return usable > 0 ? used / usable : 0;
}
