import { describe, expect, test } from 'vitest';
import { busySnapshot } from '../support/fake-snapshot.ts';
import { startUiScene } from '../support/ui-scene.ts';
import { foundChromium, small, smallest, usePage, violationsOf, wide } from './use-page.ts';

const addresses = [
  '#/',
  '#/sessions',
  '#/sessions/vscode-instance-1',
  '#/sessions/nobody',
  '#/activity',
  '#/activity?session=nobody',
  '#/logs/daemon',
  '#/settings',
  '#/settings/advanced',
  '#/rotation',
  '#/nowhere',
];

describe.skipIf('skip' in foundChromium)('screens', () => {
  const open = usePage();

  test.each([
    ['light', { size: small, browser: { colorScheme: 'light' } }],
    ['dark, wide', { size: wide, browser: { colorScheme: 'dark' } }],
    ['forced colours', { size: small, browser: { forcedColors: 'active' } }],
    ['en-XA, smallest', { size: smallest, locale: 'en-XA' }],
    ['ar-XB', { size: small, locale: 'ar-XB' }],
  ] as const)('have no violation and fit: %s', async (_, options) => {
    const { page } = await open(busySnapshot(), options);
    for (const address of addresses) {
      await page.evaluate((value) => {
        location.hash = value;
      }, address);
      await page.locator('main h1').waitFor({ state: 'attached' });
      // Its buttons wake up with the first lines: looked at in between, they are neither asleep nor awake.
      if (address.startsWith('#/logs')) await page.getByTestId('log-line').first().waitFor();
      expect([address, await violationsOf(page)]).toEqual([address, []]);
      const sideways = await page.evaluate(() =>
        [...document.querySelectorAll('html, main, aside')].some((part) => part.scrollWidth > part.clientWidth),
      );
      expect([address, sideways]).toEqual([address, false]);
    }
  });

  test('the token is rotated by one click, and each session is told apart', async () => {
    const { page, feed } = await open(busySnapshot());
    await page.getByTestId('rotate-button').click();
    await page.locator('[data-testid=rotation-state][data-state=waiting]').waitFor();
    expect(await page.getByTestId('dialog').count()).toBe(0);
    expect(await page.locator('[data-testid=rotation-row][data-state=on-reconnect]').count()).toBe(3);
    await page.locator('[data-state=needs-update]').getByTestId('rotation-copy-config').waitFor();
    const { token } = feed.snapshot;
    const { rotation } = token;
    if (rotation === null) throw new Error('no rotation');
    const rows = rotation.rows.map((row) =>
      row.state === 'needs-update' ? row : { ...row, state: 'new' as const, switchedAt: rotation.startedAt + 0.4 },
    );
    feed.change({ token: { ...token, rotation: { ...rotation, state: 'done', rows } } });
    await page.locator('[data-testid=rotation-count]', { hasText: '3 of 4 on the new token' }).waitFor();
    await page.locator('[data-testid=live-region]', { hasText: '3 of 4' }).waitFor({ state: 'attached' });
  });

  test('a feed that is cut leaves no trace, a daemon that is gone a page that leaves by itself', async () => {
    const { page, feed, api } = await open(busySnapshot());
    feed.cut();
    await page.getByTestId('banner-stale').waitFor();
    await page.getByTestId('banner-stale').waitFor({ state: 'detached' });
    expect(await page.getByTestId('session-row').count()).toBe(4);
    await api.close();
    await page.getByTestId('error-code').waitFor({ timeout: 2_000 });
    await page.locator('[data-testid=error-action]:focus').waitFor();
    const again = await startUiScene(busySnapshot(), {}, api.port);
    try {
      await page.getByTestId('session-row').first().waitFor();
      expect(await page.getByTestId('error-page').count()).toBe(0);
    } finally {
      await again.api.close();
    }
  });

  test('a session opens beside the list where there is room, and stays when it has ended', async () => {
    const { page, feed } = await open(busySnapshot(), { size: wide });
    await page.locator('[data-id=auggie-1] a').click();
    await page.locator('[data-testid=session-pane] h1:focus').waitFor({ state: 'attached' });
    await page.getByTestId('session-list').waitFor();
    feed.change({ sessions: { put: [], removed: ['auggie-1'] } });
    await page.getByTestId('session-ended').waitFor();
    expect(await page.getByTestId('session-ended').innerText()).toMatch(/^This session ended at \d\d:\d\d\./);
    await page.keyboard.press('Escape');
    await page.getByTestId('session-pane').waitFor({ state: 'detached' });
  });

  test('nothing moves for who wants no motion', async () => {
    const { page } = await open(busySnapshot(), { browser: { reducedMotion: 'reduce' } });
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .map((element) => getComputedStyle(element))
        .filter(({ transitionDuration, animationDuration }) => `${transitionDuration}${animationDuration}` !== '0s0s'),
    );
    expect(moving).toEqual([]);
  });
});
