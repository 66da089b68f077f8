import { killTree } from './kill-tree.ts';
import { treeMemory } from './tree-memory.ts';
import type { Upstreams } from './upstreams.ts';

/**
 * Ends sandboxed servers that use more memory than they may. Measured, not set as a limit of the system: runtimes with a
 * garbage collector reserve far more than they ever use, and could not even start under one.
 */
export function endOversized(
  upstreams: Upstreams,
  onEnded: (upstreamId: string, usedBytes: number, limitBytes: number) => void,
): void {
  for (const { config, instances } of upstreams.all) {
    const limit = config.kind === 'stdio' ? (config.sandbox?.memoryBytes ?? null) : null;
    if (limit === null) continue;
    for (const { pid } of instances) {
      const used = pid === null ? undefined : treeMemory(pid);
      if (pid === null || used === undefined || used <= limit) continue;
      onEnded(config.id, used, limit);
      killTree(pid, 'SIGKILL'); // its calls fail as after any other fall
    }
  }
}
