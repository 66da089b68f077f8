import type { RawClient } from '../support/raw-client.ts';
import { expect, test } from './fixtures.ts';

async function callMany(window: RawClient, count: number, tool = 'echo'): Promise<void> {
  for (let done = 0; done < count; done += 50) {
    const part = Math.min(50, count - done);
    for (let index = 0; index < part; index += 8) {
      await Promise.all(Array.from({ length: Math.min(8, part - index) }, () => window.callTool(tool, { text: 'x' })));
    }
  }
}

test('UI-31: the address is the filter; rows, chips and export agree', async ({ scene, dashboard }) => {
  await scene.startDaemon();
  const first = await scene.openWindow({ EXAI_SESSION_ID: 'vscode-instance-1' });
  const second = await scene.openWindow({ EXAI_SESSION_ID: 'vscode-instance-2' });
  await callMany(first, 5);
  await callMany(second, 7);
  const callsOf = async (session: string): Promise<readonly string[]> => {
    const query = { session };
    const { rows: calls } = await dashboard.admin((client) => client.call('history', { query }));
    return calls.map(({ callId }) => callId).toSorted();
  };
  await expect.poll(async () => (await callsOf('vscode-instance-2')).length).toBe(7);
  await dashboard.open('#/activity?session=vscode-instance-1');
  const { page } = dashboard;
  const rows = page.getByTestId('history-row');
  const shown = async (): Promise<readonly string[]> => {
    const ids = await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-id') ?? ''));
    return ids.toSorted();
  };
  await expect(rows).toHaveCount(5);
  expect(await shown()).toEqual(await callsOf('vscode-instance-1'));
  await expect(rows.getByText('vscode-instance-1', { exact: true })).toHaveCount(5);
  await expect(rows.getByText('vscode-instance-2', { exact: true })).toHaveCount(0);
  await expect(page.getByTestId('filter-chip')).toHaveCount(1);
  await expect(page.getByTestId('filter-chip')).toContainText('vscode-instance-1');
  const { lines } = await dashboard.exportAs('csv');
  expect(lines).toHaveLength(5);
  expect(lines.every((line) => line.includes('vscode-instance-1'))).toBe(true);

  // The other address, the other rows.
  await dashboard.go('#/activity?session=vscode-instance-2');
  await expect(rows).toHaveCount(7);
  expect(await shown()).toEqual(await callsOf('vscode-instance-2'));
});

test('UI-32: new calls wait behind a button while the list is scrolled', async ({ scene, dashboard }) => {
  await scene.startDaemon();
  const window = await scene.openWindow({ EXAI_SESSION_ID: 'busy' });
  await callMany(window, 60);
  await dashboard.open('#/activity');
  const { page } = dashboard;
  await expect(page.getByTestId('history-row').first()).toBeVisible();
  const list = page.getByTestId('history-list');
  await list.evaluate((element) => {
    element.scrollTop = 600;
  });
  const place = () => list.evaluate((element) => element.scrollTop);
  const before = await place();
  await callMany(window, 12);
  await expect(page.getByTestId('new-calls')).toContainText('12 new calls', { timeout: 10_000 });
  expect(await place()).toBe(before);
});

test('UI-33: the export has the columns, the rows of the filter, and no cell that a spreadsheet would run', async ({
  scene,
  dashboard,
}) => {
  await scene.startDaemon();
  const window = await scene.openWindow({ EXAI_SESSION_ID: 'csv' });
  await window.callTool('=cmd|calc', {});
  await callMany(window, 3);
  await dashboard.open('#/activity?session=csv');
  const { page } = dashboard;
  await expect(page.getByTestId('history-row')).toHaveCount(4);
  const { download, header, lines } = await dashboard.exportAs('csv');
  expect(download.suggestedFilename()).toMatch(/^exai-calls_.*csv.*\.csv$/);
  for (const column of ['started_at', 'session_id', 'tool', 'outcome', 'duration_ms']) expect(header).toContain(column);
  expect(lines).toHaveLength(4);
  const cells = lines.flatMap((line) => line.split(',').map((cell) => cell.replace(/^"/, '')));
  expect(cells.filter((cell) => /^[=+@]/.test(cell))).toEqual([]);
  expect(lines.join('\n')).toContain("'=cmd|calc");
});

test('UI-42: ten thousand rows are a short list in the page, and the focus survives the way to the end', async ({
  scene,
  dashboard,
}) => {
  test.setTimeout(120_000);
  await scene.startDaemon({
    EXAI_WS_SESSION_MAX_INFLIGHT: '64',
    EXAI_WS_GLOBAL_MAX_INFLIGHT: '64',
  });
  const window = await scene.openWindow({ EXAI_SESSION_ID: 'many' });
  for (let done = 0; done < 10_000; done += 50) {
    await Promise.all(Array.from({ length: 50 }, () => window.callTool('echo', { text: 'x' })));
  }
  await dashboard.open('#/activity');
  const { page } = dashboard;
  const rows = page.getByTestId('history-row');
  await expect(rows.first()).toBeVisible();
  await rows.first().focus();
  const focused = await rows.first().getAttribute('data-id');
  const list = page.getByTestId('history-list');
  for (let step = 0; step < 200; step += 1) {
    const isEnd = await list.evaluate((element) => {
      element.scrollTop = element.scrollHeight;
      return element.scrollHeight;
    });
    expect(await rows.count()).toBeLessThanOrEqual(60);
    await page.waitForTimeout(50);
    const now = await list.evaluate((element) => element.scrollHeight);
    const shown = await list.getAttribute('data-loaded');
    if (now === isEnd && Number(shown) >= 10_000) break;
  }
  expect(Number(await list.getAttribute('data-loaded'))).toBeGreaterThanOrEqual(10_000);
  expect(await rows.count()).toBeLessThanOrEqual(60);
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-id'))).toBe(focused);
});
