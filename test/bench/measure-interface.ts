import { chromium } from 'playwright-core';
import { AdminClient } from '../../platform/admin-client.ts';
import type { TestHome } from '../support/daemon-process.ts';
import { Flood, floodEnv } from '../support/flood.ts';
import { heapBytes, watchPage } from '../support/page-load.ts';
import { findTool } from '../support/tools.ts';
import type { Bench, Measurement } from './bench.ts';
import { cpuMs } from './process-figures.ts';
import type { Row } from './report.ts';
import { median } from './statistics.ts';

const sessions = 500;
/** Half of them begin and half of them end: 5,000 events a second. */
const load = { perSecond: 2_500, callMs: 400 } as const;
const settleMs = 5_000;
const watchMs = 20_000;
const mib = 1024 * 1024;

/** The interface under the load of UI.md §8, in Debian's Chromium on the real daemon. */
export const interfaceLoad: Measurement = {
  ids: ['UI'],
  run: async (bench: Bench): Promise<readonly Row[]> => {
    const found = findTool('chromium');
    if ('skip' in found) return [];
    const { home, daemon } = await bench.testDaemon(floodEnv);
    const browser = await chromium.launch({ executablePath: found.path, args: ['--no-sandbox'] });
    let flood: Flood | undefined;
    try {
      const firstData: number[] = [];
      for (let round = 0; round < bench.rounds; round += 1) {
        bench.say(`UI first data ${round + 1} of ${bench.rounds}`);
        const page = await browser.newPage({ viewport: { width: 380, height: 560 } });
        await page.goto(await ticketUrl(home));
        await page.waitForFunction(() => performance.getEntriesByName('exai:first-data').length > 0);
        firstData.push(
          await page.evaluate(() => performance.getEntriesByName('exai:first-data')[0]?.startTime ?? Number.NaN),
        );
        await page.close();
      }

      bench.say(`UI ${sessions} sessions`);
      flood = await Flood.open(daemon.port, sessions);
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      await page.goto(await ticketUrl(home));
      await page.getByTestId('session-row').first().waitFor();
      const cdp = await page.context().newCDPSession(page);
      await flood.run({ ...load, forMs: settleMs });
      const heapBefore = await heapBytes(cdp);
      const cpuBefore = cpuMs(daemon.pid);
      const running = flood.run({ ...load, forMs: watchMs + 1_000 });
      const seen = await watchPage(page, cdp, watchMs);
      const daemonShare = ((cpuMs(daemon.pid) - cpuBefore) / watchMs) * 100;
      await running;
      const heap = await heapBytes(cdp);
      return [
        {
          id: 'UI',
          what: 'from the beginning of the navigation to the first real data on the page',
          unit: 'ms',
          values: { exai: median(firstData) },
          target: { atMost: 400, text: '≤ 400 ms' },
        },
        {
          id: 'UI',
          what: `renders with ${sessions} sessions and 5,000 events a second`,
          unit: '/s',
          values: { exai: seen.rendersPerSecond },
          target: { atMost: 11, text: '≤ 10 /s and the clock' },
        },
        {
          id: 'UI',
          what: 'longest task of the page under it',
          unit: 'ms',
          values: { exai: seen.longestTaskMs },
          target: { atMost: 50, text: '≤ 50 ms' },
        },
        {
          id: 'UI',
          what: 'scripts of the page, share of a core',
          unit: '%',
          values: { exai: seen.scripting * 100 },
          target: { atMost: 25, text: '≤ 25 %' },
        },
        {
          id: 'UI',
          what: 'objects that live on in the page',
          unit: 'MB',
          values: { exai: heap / mib },
          target: { atMost: 120, text: '≤ 120 MB' },
        },
        {
          id: '',
          what: `growth of them over ${watchMs / 1000} s`,
          unit: 'MB',
          values: { exai: (heap - heapBefore) / mib },
        },
        {
          id: 'UI',
          what: 'elements in the page',
          unit: 'nodes',
          values: { exai: seen.nodes },
          target: { atMost: 3_000, text: '≤ 3,000' },
        },
        { id: '', what: 'the daemon meanwhile, share of a core', unit: '%', values: { exai: daemonShare } },
      ];
    } finally {
      flood?.close();
      await browser.close();
      await home.cleanUp();
    }
  },
};

async function ticketUrl(home: TestHome): Promise<string> {
  const client = AdminClient.open(home.layout);
  try {
    const { url } = await client.call('makeTicket');
    if (url === null) throw new Error('the daemon has no address that a browser could open');
    return url;
  } finally {
    client.close();
  }
}
