import { Flood, floodEnv } from '../support/flood.ts';
import { heapBytes, watchPage } from '../support/page-load.ts';
import { expect, test } from './fixtures.ts';

test('UI-41: 500 sessions and thousands of changes a second are ten renders a second, and the page does not grow', async ({
  scene,
  dashboard,
  context,
}) => {
  test.setTimeout(120_000);
  const daemon = await scene.startDaemon(floodEnv);
  const flood = await Flood.open(daemon.port, 500);
  scene.onEnd(() => flood.close());
  await dashboard.open('#/sessions', { width: 1280, height: 800 });
  const { page } = dashboard;
  await expect(page.getByTestId('session-row').first()).toBeVisible();
  const cdp = await context.newCDPSession(page);
  const load = { perSecond: 2_500, callMs: 400 } as const;

  /** What lives on once the last call has ended and its row has gone, on a machine of any speed. */
  const atRest = async (): Promise<number> => {
    const inflight = async () => (await dashboard.admin((client) => client.call('snapshot'))).totals.inflight;
    await expect.poll(inflight, { timeout: 30_000 }).toBe(0);
    await page.waitForTimeout(3_000);
    return heapBytes(cdp);
  };
  await flood.run({ ...load, forMs: 5_000 }); // code is compiled, lists have their size
  const before = await atRest();
  const running = flood.run({ ...load, forMs: 22_000 });
  const seen = await watchPage(page, cdp, 20_000);
  expect(await running).toBeGreaterThan(44_000);
  const grown = (await atRest()) - before;

  // Ten frames of the feed and one tick of the clock. Times of tasks are figures of `npm run bench -- --only UI`.
  expect(seen.rendersPerSecond).toBeGreaterThan(1);
  expect(seen.rendersPerSecond).toBeLessThanOrEqual(12);
  expect(seen.nodes).toBeLessThanOrEqual(3_000);
  expect(grown).toBeLessThanOrEqual(1024 * 1024);
});
