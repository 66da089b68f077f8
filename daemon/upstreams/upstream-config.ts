/** A server as configured, every reference resolved. */
export type UpstreamConfig = StdioUpstreamConfig | HttpUpstreamConfig;

interface CommonConfig {
  /** Its key in the file. */
  readonly id: string;
  /** `shared`: one for all windows. `per-session`, `per-workspace`: one for each. */
  readonly mode: 'shared' | 'per-session' | 'per-workspace';
  /** Started with the daemon instead of on first use. Only for `shared`. */
  readonly isEager: boolean;
  /** Time without a request after which it is stopped; null: it runs while windows that have used it are there. */
  readonly idleMs: number | null;
  /** Configured, but off. */
  readonly isDisabled: boolean;
  /** How long the server may take from its start to the answer of `initialize`. */
  readonly startTimeoutMs: number;
  /** Whose cap its calls count against, or null. */
  readonly provider: string | null;
  /** Tools that nobody sees, by their own names. */
  readonly hiddenTools: readonly string[];
}

export interface StdioUpstreamConfig extends CommonConfig {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Added to what every server gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
  readonly sandbox: SandboxConfig | null;
}

export interface HttpUpstreamConfig extends CommonConfig {
  readonly kind: 'http';
  /** `sse`: the older transport with an endpoint event. */
  readonly transport: 'streamable' | 'sse';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Limits of one process tree; null: none. */
export interface SandboxConfig {
  readonly memoryBytes: number | null;
  readonly cpuSeconds: number | null;
  readonly openFiles: number | null;
  /** Whether it may use the network. */
  readonly network: boolean;
}

/** Equal texts: nothing that matters to a running server has changed. */
export function configFingerprint(config: UpstreamConfig): string {
  return JSON.stringify(config);
}
