import type { Scene } from '../support/scene.ts';
import { expect, test } from './fixtures.ts';

/** Two windows that start the same entry, as people do. */
const sameEntry = {
  EXAI_SESSION_ID: 'vscode-instance-1',
  EXAI_SERVER_NAME: 'EXAI-WS-VSCode1',
  EXAI_LOG_PREFIX: 'vscode1',
};

function openWindows(scene: Scene, count: number) {
  return Promise.all(
    Array.from({ length: count }, (_, index) => scene.openWindow({ EXAI_SESSION_ID: `vscode-instance-${index + 1}` })),
  );
}

test('UI-1: four sessions and two calls are shown as they are', async ({ scene, dashboard }) => {
  await scene.startDaemon();
  const [first, second] = await openWindows(scene, 4);
  const calls = [first?.callTool('sleep', { ms: 20_000 }), second?.callTool('sleep', { ms: 20_000 })];
  await dashboard.open();
  const { page } = dashboard;
  await expect(page.getByTestId('status-pill')).toContainText('Running');
  await expect(page.getByTestId('status-pill')).toContainText(/\d+ (ms|s|min|h)|\d+:\d\d/);
  await expect(page.getByTestId('session-row')).toHaveCount(4);
  await expect(page.getByTestId('call-row')).toHaveCount(2);
  first?.cancel(3);
  for (const call of calls) void call?.catch(() => undefined);
});

test('UI-2: two windows with the same config are two rows, each with its own detail and its own log', async ({
  scene,
  dashboard,
}) => {
  await scene.startDaemon();
  await scene.openWindow(sameEntry);
  await scene.openWindow(sameEntry);
  await dashboard.open();
  const { page } = dashboard;
  const rows = page.getByTestId('session-row');
  await expect(rows).toHaveCount(2);
  await expect(page.locator('[data-testid=session-row][data-id="vscode-instance-1"]')).toHaveCount(1);
  await expect(page.locator('[data-testid=session-row][data-id="vscode-instance-1#2"]')).toHaveCount(1);

  for (const [own, other] of [
    ['vscode-instance-1', 'vscode-instance-1#2'],
    ['vscode-instance-1#2', 'vscode-instance-1'],
  ] as const) {
    await dashboard.go('#/');
    await page.locator(`[data-testid=session-row][data-id="${own}"] [data-row-target]`).click();
    await expect(page.getByTestId('session-fact-sessionId')).toContainText(own);
    await page.getByTestId('session-more').click();
    await page.getByTestId('menu-session-log').click();
    // The line that only this shim has written: under which id the daemon knows it.
    const lines = page.getByTestId('log-line');
    await expect(lines.filter({ hasText: connectedAs(own) })).toHaveCount(1);
    await expect(lines.filter({ hasText: connectedAs(other) })).toHaveCount(0);
  }
});

/** How a shim logs its id, up to its end: one id is the beginning of the other. */
function connectedAs(sessionId: string): RegExp {
  return new RegExp(`connected.*sessionId\\W+${sessionId}(?![\\w#])`);
}

test('UI-5: without a session the way to the first one is offered, and it appears by itself', async ({
  scene,
  dashboard,
}) => {
  await scene.startDaemon();
  await dashboard.open();
  const { page } = dashboard;
  await expect(page.getByTestId('empty-state').first()).toContainText('No editor is connected');
  let navigations = 0;
  page.on('framenavigated', () => {
    navigations += 1;
  });
  await scene.openWindow({ EXAI_SESSION_ID: 'vscode-instance-1' });
  await expect(page.getByTestId('session-row')).toHaveCount(1);
  expect(navigations).toBe(0);
});

test('UI-6: savings that were not measured are not shown (nothing measures them yet: only this half exists)', async ({
  scene,
  dashboard,
}) => {
  await scene.startDaemon();
  await dashboard.open();
  await expect(dashboard.page.getByTestId('savings')).toHaveCount(0);
});

test('UI-7: a queued call tells its place in line, and the place falls', async ({ scene, dashboard }) => {
  await scene.startDaemon({
    EXAI_WS_QUEUE_MAX: '16',
    EXAI_WS_SESSION_MAX_INFLIGHT: '1',
    EXAI_WS_GLOBAL_MAX_INFLIGHT: '1',
  });
  const window = await scene.openWindow();
  const answers = Array.from({ length: 4 }, (_, index) =>
    window.callTool('sleep', { ms: 20_000 }, { id: `call-${index}`, timeoutMs: 60_000 }),
  );
  for (const answer of answers) void answer.catch(() => undefined);
  await dashboard.open();
  const places = dashboard.page.getByTestId('queue-place');
  await expect(places).toHaveText(['1st in line', '2nd in line', '3rd in line']);
  window.cancel('call-1');
  await expect(places).toHaveText(['1st in line', '2nd in line']);
  for (const id of ['call-0', 'call-2', 'call-3']) window.cancel(id);
});

test('UI-8: cancel ends exactly that call, and its row says so within a second', async ({ scene, dashboard }) => {
  await scene.startDaemon();
  const [first, second] = await openWindows(scene, 2);
  const kept = first?.callTool('sleep', { ms: 4_000 });
  const cancelled = second?.callTool('chat', { prompt: 'stop me', ms: 20_000 });
  await dashboard.open();
  const row = dashboard.page.getByTestId('call-row').filter({ hasText: 'chat' });
  await row.getByTestId('call-cancel').click();
  await expect(row).toHaveAttribute('data-state', /cancel/, { timeout: 1_000 });
  await dashboard.page.getByTestId('status-pill').hover(); // under a resting pointer no row would fold
  expect((await cancelled)?.error?.data?.['code']).toBe('CANCELLED');
  expect((await kept)?.error).toBeUndefined();
  await expect(dashboard.page.getByTestId('call-row')).toHaveCount(0);
});

test('UI-9: a call of 100 ms never gets a row, but it is counted', async ({ scene, dashboard }) => {
  await scene.startDaemon();
  const window = await scene.openWindow({ EXAI_SESSION_ID: 'quick' });
  await dashboard.open('#/sessions/quick');
  const { page } = dashboard;
  const count = page.getByTestId('session-fact-callsToday');
  await expect(count).toContainText('0');
  await page.evaluate(() => {
    Reflect.set(globalThis, 'rowsSeen', 0);
    new MutationObserver(() => {
      if (document.querySelector('[data-testid=call-row]') !== null) Reflect.set(globalThis, 'rowsSeen', 1);
    }).observe(document.body, { subtree: true, childList: true });
  });
  await window.callTool('echo', { text: 'hi', ms: 100 });
  await expect(count).toContainText('1');
  expect(await page.evaluate(() => Reflect.get(globalThis, 'rowsSeen') as number)).toBe(0);
});

test('UI-10: a full provider says so, in figures and in words', async ({ scene, dashboard }) => {
  await scene.startDaemon({ EXAI_WS_QUEUE_MAX: '32', EXAI_WS_SESSION_MAX_INFLIGHT: '24' });
  const windows = await openWindows(scene, 3);
  const answers = windows.flatMap((window) =>
    Array.from({ length: 3 }, () => window.callTool('kimi_echo', { text: 'x', ms: 15_000 }, { timeoutMs: 60_000 })),
  );
  for (const answer of answers) void answer.catch(() => undefined);
  await dashboard.open();
  const gauge = dashboard.page.getByTestId('gauge-kimi');
  await expect(gauge).toHaveAttribute('aria-valuenow', '6');
  await expect(gauge).toHaveAttribute('aria-valuemax', '6');
  await expect(gauge).toHaveAttribute('aria-valuetext', /3 waiting/);
});

test('UI-11: a refusal of the last minute is a problem, and it goes away by itself', async ({ scene, dashboard }) => {
  test.setTimeout(100_000);
  await scene.startDaemon({ EXAI_WS_SESSION_MAX_INFLIGHT: '1' });
  const window = await scene.openWindow();
  const running = window.callTool('sleep', { ms: 1_000 });
  const refused = await window.callTool('sleep', { ms: 1_000 });
  expect(refused.error?.data?.['code']).toBe('OVER_CAPACITY');
  await dashboard.open();
  const strip = dashboard.page.getByTestId('problem-strip');
  await expect(strip).toHaveAttribute('data-state', 'OVER_CAPACITY');
  await expect(strip).toHaveCount(0, { timeout: 70_000 });
  await running;
});

test('UI-12: under a resting pointer no row changes its place while others join and leave', async ({
  scene,
  dashboard,
}) => {
  test.setTimeout(60_000);
  const daemon = await scene.startDaemon({ EXAI_SESSION_GRACE_SECS: '0' });
  const clients = [];
  for (let index = 0; index < 3; index += 1)
    clients.push(await scene.connectOps(daemon, { session_id: `first-${index}` }));
  await dashboard.open();
  const { page } = dashboard;
  const resting = page.locator('[data-testid=session-row][data-id="first-2"]');
  await resting.hover();
  const before = await resting.boundingBox();
  clients[0]?.terminate();
  for (let index = 0; index < 20; index += 1) {
    const client = await scene.connectOps(daemon, { session_id: `guest-${index}` });
    if (index % 2 === 0) client.terminate();
    expect((await resting.boundingBox())?.y).toBe(before?.y);
  }
  await page.waitForTimeout(4_000); // longer than an ended row stays
  expect((await resting.boundingBox())?.y).toBe(before?.y);
  await page.mouse.move(0, 0);
  await page.getByTestId('status-pill').hover();
  await expect(page.locator('[data-testid=session-row][data-id="first-0"]')).toHaveCount(0);
});

test('UI-39: ages grow by themselves, without asking the daemon', async ({ scene, dashboard }) => {
  await scene.startDaemon();
  const window = await scene.openWindow();
  const call = window.callTool('sleep', { ms: 20_000 }, { id: 'long' });
  void call.catch(() => undefined);
  await dashboard.open();
  const { page } = dashboard;
  const age = page.getByTestId('call-age').first();
  await age.waitFor();
  await page.waitForFunction(() => performance.getEntriesByName('exai:all-pages').length > 0);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  const before = seconds(await age.textContent());
  await page.waitForTimeout(5_000);
  const grown = seconds(await age.textContent()) - before;
  expect(grown).toBeGreaterThanOrEqual(4);
  expect(grown).toBeLessThanOrEqual(6);
  expect(requests).toEqual([]);
  window.cancel('long');
});

/** `0:12`, `12 s` as seconds. */
function seconds(text: string | null): number {
  const [, minutes, rest] = /(?:(\d+):)?(\d+)/.exec(text ?? '') ?? [];
  return Number(minutes ?? 0) * 60 + Number(rest ?? Number.NaN);
}
