import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { expect, test } from './fixtures.ts';

const token = 'first-token-0123456789';

test('UI-23: one click rotates, asks nothing, and every window proves that it is on the new token', async ({
  scene,
  dashboard,
}) => {
  await scene.startDaemon({ EXAI_WS_TOKEN: token });
  await dashboard.admin((client) => client.call('rotateToken', { body: {} })); // now there is a token file
  const env = { EXAI_WS_TOKEN_FILE: scene.home.layout.tokenFile };
  for (const name of ['one', 'two', 'six']) await scene.openWindow({ ...env, EXAI_SESSION_ID: `window-${name}` });
  await dashboard.open();
  const { page } = dashboard;
  await page.getByTestId('rotate-button').click();
  await expect(page.getByTestId('dialog')).toHaveCount(0);
  await expect(page.getByTestId('rotation')).toBeVisible();
  await expect(page.locator('[data-testid=rotation-row][data-state=new]')).toHaveCount(3, { timeout: 10_000 });
  await expect(page.getByTestId('rotation-row')).toHaveCount(3);
});

test('UI-24: a client that was given its token by hand is told apart; the others are unaffected', async ({
  scene,
  dashboard,
}) => {
  const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: token });
  await dashboard.admin((client) => client.call('rotateToken', { body: {} }));
  const { tokenFile } = scene.home.layout;
  await scene.openWindow({ EXAI_WS_TOKEN_FILE: tokenFile, EXAI_SESSION_ID: 'by-file' });
  await scene.connectOps(daemon, { session_id: 'by-hand', token: readFileSync(tokenFile, 'utf8').trim() });
  await dashboard.open();
  const { page } = dashboard;
  await page.getByTestId('rotate-button').click();
  const byHand = page.locator('[data-testid=rotation-row][data-id="by-hand"]');
  await expect(byHand).toHaveAttribute('data-state', 'needs-update');
  await expect(byHand.getByTestId('rotation-copy-config')).toBeVisible();
  await expect(page.locator('[data-testid=rotation-row][data-id="by-file"]')).toHaveAttribute('data-state', 'new');
});

test('UI-25: a rotation that fails says that the old token is still valid, and it is', async ({ scene, dashboard }) => {
  const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: token });
  await dashboard.open();
  // What is to be written cannot be put in the place of a folder that is not empty.
  const { sharedTokenFile } = scene.home.layout;
  rmSync(sharedTokenFile, { force: true });
  mkdirSync(`${sharedTokenFile}/in-the-way`, { recursive: true });
  const { page } = dashboard;
  await page.getByTestId('rotate-button').click();
  await expect(page.getByTestId('error-panel')).toContainText('TOKEN_ROTATE_FAILED');
  await expect(page.getByTestId('error-panel')).toContainText('still valid');
  const client = await scene.connectOps(daemon, { session_id: 'still-good', token });
  client.send({ op: 'call_tool', request_id: 'r1', name: 'echo', arguments: { text: 'works' } });
  expect(await client.frame({ op: 'call_tool_res', request_id: 'r1' })).toMatchObject({ ok: true, text: 'works' });
  renameSync(sharedTokenFile, `${sharedTokenFile}.gone`);
});

test('UI-26: a copied token leaves the clipboard after a minute, unless something else is there by then', async ({
  scene,
  dashboard,
  context,
}) => {
  await scene.startDaemon({ EXAI_WS_TOKEN: token });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { page } = dashboard;
  await page.clock.install();
  await dashboard.open('#/settings');
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.getByTestId('copy-token').click();
  await expect.poll(clipboard).toBe(token);
  await page.clock.runFor(61_000);
  await expect.poll(clipboard).toBe('');

  await page.getByTestId('copy-token').click();
  await expect.poll(clipboard).toBe(token);
  await page.evaluate(() => navigator.clipboard.writeText('something of mine'));
  await page.clock.runFor(61_000);
  await expect.poll(clipboard).toBe('something of mine');
});

test('UI-27: the token is nowhere in page, storage or address, on any screen', async ({ scene, dashboard }) => {
  const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: token });
  const window = await scene.openWindow({ EXAI_WS_TOKEN: token, EXAI_SESSION_ID: 'holder' });
  await window.callTool('echo', { text: `my token is ${token}`, ms: 10 });
  const call = window.callTool('sleep', { ms: 15_000, token }, { id: 'sleep' });
  void call.catch(() => undefined);
  expect(daemon.stdout).not.toContain(token);
  await dashboard.open();
  const { page } = dashboard;
  for (const hash of ['#/', '#/sessions/holder', '#/activity', '#/logs/daemon', '#/settings', '#/rotation']) {
    await dashboard.go(hash);
    await page.waitForTimeout(300);
    const everything = await page.evaluate(() =>
      [
        document.documentElement.outerHTML,
        JSON.stringify(Object.entries(localStorage)),
        JSON.stringify(Object.entries(sessionStorage)),
        location.href,
        document.cookie,
        ...[...document.querySelectorAll('input,textarea')].map((field) => (field as HTMLInputElement).value),
      ].join('\n'),
    );
    expect(everything).not.toContain(token);
    expect(everything).not.toContain('ticket=');
  }
  window.cancel('sleep');
});
