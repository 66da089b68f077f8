import type { CDPSession, Page } from 'playwright-core';

/** What a page did while somebody looked on. */
export interface PageLoad {
  /** Batches of changes of the document. */
  readonly rendersPerSecond: number;
  readonly longestTaskMs: number;
  /** Share of one core that scripts took, 0–1. */
  readonly scripting: number;
  readonly nodes: number;
}

/**
 * Watches a page for `forMs`. A batch of changes is counted where the document changes: React writes a render in one go,
 * and a microtask behind it tells of it.
 */
export async function watchPage(page: Page, cdp: CDPSession, forMs: number): Promise<PageLoad> {
  await cdp.send('Performance.enable');
  const before = await metrics(cdp);
  const { renders, longestTaskMs } = await page.evaluate(async (ms) => {
    let batches = 0;
    let longest = 0;
    const changes = new MutationObserver(() => {
      batches += 1;
    });
    changes.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    const tasks = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    });
    tasks.observe({ entryTypes: ['longtask'] });
    await new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
    changes.disconnect();
    tasks.disconnect();
    return { renders: batches, longestTaskMs: longest };
  }, forMs);
  const after = await metrics(cdp);
  const seconds = (after['Timestamp'] ?? 0) - (before['Timestamp'] ?? 0);
  return {
    rendersPerSecond: (renders * 1000) / forMs,
    longestTaskMs,
    scripting: ((after['ScriptDuration'] ?? 0) - (before['ScriptDuration'] ?? 0)) / seconds,
    nodes: await page.evaluate(() => document.querySelectorAll('*').length),
  };
}

/** Bytes of JavaScript objects that live on after a collection. */
export async function heapBytes(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return usedSize;
}

async function metrics(cdp: CDPSession): Promise<Readonly<Record<string, number>>> {
  const { metrics: all } = await cdp.send('Performance.getMetrics');
  return Object.fromEntries(all.map(({ name, value }) => [name, value]));
}
