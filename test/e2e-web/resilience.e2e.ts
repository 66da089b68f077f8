import { expect, test } from './fixtures.ts';

test('UI-28: a killed daemon shows its error page, which leaves by itself when a daemon is back, without a new link', async ({
  scene,
  dashboard,
}) => {
  const daemon = await scene.startDaemon();
  const { port } = daemon;
  await scene.openWindow({ EXAI_SESSION_ID: 'stays' });
  await dashboard.open();
  const { page } = dashboard;
  await expect(page.getByTestId('session-row')).toHaveCount(1);
  await daemon.kill(); // SIGKILL
  // 1.5 s on a quiet machine; the bound leaves room for a busy one.
  await expect(page.getByTestId('error-page')).toBeVisible({ timeout: 5_000 });
  await expect(page.getByTestId('error-code')).toHaveText(/^DAEMON_(UNAVAILABLE|EXITED)$/);
  const address = page.url();
  await scene.startDaemon({ EXAI_WS_PORT: String(port) });
  await expect(page.getByTestId('error-page')).toHaveCount(0, { timeout: 15_000 });
  await expect(page.locator('[data-testid=session-row][data-id="stays"]')).toHaveCount(1, { timeout: 15_000 });
  await expect(page.getByTestId('status-pill')).toContainText('Running');
  expect(page.url()).toBe(address);
});

test('UI-30: after a cut feed the lists equal a fresh snapshot, no row twice', async ({ scene, dashboard }) => {
  test.setTimeout(60_000);
  const daemon = await scene.startDaemon();
  const leaving = await scene.openWindow({ EXAI_SESSION_ID: 'first-window' });
  await scene.openWindow({ EXAI_SESSION_ID: 'second-window' });
  await dashboard.open();
  const { page } = dashboard;
  await expect(page.getByTestId('session-row')).toHaveCount(2);
  process.kill(daemon.pid, 'SIGSTOP'); // a daemon that stands still, like one behind a machine that sleeps
  await expect(page.getByTestId('banner-stale')).toBeVisible({ timeout: 20_000 });
  const arriving = scene.openWindow({ EXAI_SESSION_ID: 'third-window' });
  const left = leaving.stop();
  process.kill(daemon.pid, 'SIGCONT');
  await Promise.all([arriving, left]);
  await expect(page.getByTestId('banner-stale')).toHaveCount(0, { timeout: 15_000 });
  const shown = () =>
    page.getByTestId('session-row').evaluateAll((all) => all.map((row) => row.getAttribute('data-id')));
  await expect.poll(shown, { timeout: 15_000 }).toEqual(['second-window', 'third-window']);
  const { sessions } = await dashboard.admin((client) => client.call('snapshot'));
  expect(await shown()).toEqual(sessions.map(({ sessionId }) => sessionId));
});

test('LIVE-ticket-once: a ticket opens the interface once; its address holds no ticket afterwards', async ({
  scene,
  page,
  dashboard,
}) => {
  await scene.startDaemon();
  const { url } = await dashboard.admin((client) => client.call('makeTicket'));
  await page.goto(url ?? '');
  await page.getByTestId('status-pill').waitFor();
  expect(page.url()).not.toContain('ticket');
  await page.reload(); // the browser is known by its cookie now
  await expect(page.getByTestId('status-pill')).toContainText('Running');
  const other = await page.context().browser()?.newContext();
  const thief = await other?.newPage();
  await thief?.goto(url ?? '');
  await expect(thief?.getByTestId('error-code') ?? page.locator('nothing')).toHaveText('UI_SESSION_EXPIRED');
  await other?.close();
});

test('LIVE-text-is-text: HTML in the name of a session, a server or a tool is text', async ({ scene, dashboard }) => {
  await scene.startDaemon();
  const evil = '<img src=x onerror="globalThis.pwned=1">';
  const window = await scene.openWindow({ EXAI_SESSION_ID: 'evil', EXAI_SERVER_NAME: evil });
  await window.callTool(evil, { prompt: evil });
  const call = window.callTool('sleep', { ms: 15_000, note: evil }, { id: 'sleep' });
  void call.catch(() => undefined);
  await dashboard.open();
  const { page } = dashboard;
  await expect(page.getByTestId('session-row')).toContainText('<img');
  for (const hash of ['#/sessions/evil', '#/activity', '#/logs/daemon']) {
    await dashboard.go(hash);
    await page.waitForTimeout(300);
    expect(await page.locator('main img').count()).toBe(0);
  }
  expect(await page.evaluate(() => Reflect.get(globalThis, 'pwned') as unknown)).toBeUndefined();
  window.cancel('sleep');
});
