import type { MaskText } from '../../platform/redaction.ts';
import type { SavingsView, UpstreamView } from '../../protocol/snapshot.ts';
import type { HostedUpstream } from './hosted-upstream.ts';
import { treeMemory } from './tree-memory.ts';
import type { UpstreamEntry } from './upstream-entry.ts';
import type { Upstreams } from './upstreams.ts';

const shownStderrLines = 5;
const states = ['ready', 'starting', 'restarting', 'failed', 'stopped'] as const;

/** What surfaces show of the hosted servers, and what sharing them saves, as measured. */
export class UpstreamViews {
  readonly #upstreams: Upstreams;
  readonly #maskText: MaskText;
  readonly #memory = new Map<number, number>();
  #savings: SavingsView | null = null;

  constructor(upstreams: Upstreams, maskText: MaskText) {
    this.#upstreams = upstreams;
    this.#maskText = maskText;
  }

  views(): readonly UpstreamView[] {
    return this.#upstreams.all.map((entry) => this.#view(entry));
  }

  savings(): SavingsView | null {
    return this.#savings;
  }

  /** Reads the memory of the running servers. True when a figure has changed. */
  measure(now: number): boolean {
    const before = JSON.stringify([...this.#memory]);
    this.#memory.clear();
    let processes = 0;
    let memoryBytes = 0;
    let sharedUpstreams = 0;
    for (const entry of this.#upstreams.all) {
      for (const instance of entry.instances) {
        const memory = instance.pid === null ? undefined : treeMemory(instance.pid);
        if (instance.pid === null || memory === undefined) continue;
        this.#memory.set(instance.pid, memory);
        // Without sharing every window that uses it would run a copy of its own.
        const spared = Math.max(0, entry.usersOf(instance).size - 1);
        processes += spared;
        memoryBytes += spared * memory;
        if (spared > 0) sharedUpstreams += 1;
      }
    }
    this.#savings = processes === 0 ? null : { processes, memoryBytes, sharedUpstreams, measuredAt: now / 1000 };
    return JSON.stringify([...this.#memory]) !== before;
  }

  #view(entry: UpstreamEntry): UpstreamView {
    const { config, instances } = entry;
    const shown = instances.toSorted((left, right) => states.indexOf(left.state) - states.indexOf(right.state))[0];
    const memory = instances.flatMap(({ pid }) => this.#memory.get(pid ?? 0) ?? []);
    const users = new Set(instances.flatMap((instance) => [...entry.usersOf(instance)]));
    return {
      upstreamId: config.id,
      name: config.id,
      kind: config.kind,
      state: shown?.state ?? 'stopped',
      tools: (shown?.lists ?? entry.lastLists)?.tools.length ?? 0,
      inflight: instances.reduce((sum, { inflight }) => sum + inflight, 0),
      mode: config.mode,
      pid: shown?.pid ?? null,
      ...(memory.length === 0 ? {} : { memoryBytes: memory.reduce((sum, bytes) => sum + bytes, 0) }),
      usedBy: [...users],
      failure: shown?.failure === null || shown === undefined ? null : this.#maskText(shown.failure),
      stderrTail: this.#tail(shown),
      isStale: entry.lastLists !== null && (shown?.state === 'failed' || shown?.state === 'restarting'),
      restarts: shown?.restarts ?? 0,
    };
  }

  #tail(instance: HostedUpstream | undefined): string[] {
    return (instance?.stderrTail ?? []).slice(-shownStderrLines).map((line) => this.#maskText(line));
  }
}
