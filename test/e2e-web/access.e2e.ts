import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';

const screens = ['#/', '#/sessions/window-one', '#/activity', '#/logs/daemon', '#/settings', '#/rotation'] as const;

test('UI-35: at 340 × 420 nothing scrolls sideways and every button can be hit', async ({ scene, dashboard }) => {
  await scene.startDaemon();
  const window = await scene.openWindow({
    EXAI_SESSION_ID: 'window-one',
    EXAI_SERVER_NAME: 'A-rather-long-name-of-a-server-that-does-not-end',
  });
  void window.callTool('sleep', { ms: 20_000 }, { id: 'sleep' }).catch(() => undefined);
  await dashboard.open('#/', { width: 340, height: 420 });
  const { page } = dashboard;
  for (const hash of screens) {
    await dashboard.go(hash);
    await page.waitForTimeout(400);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, hash).toBeLessThanOrEqual(340);
    for (const button of await page.getByRole('button').all()) {
      if (!(await button.isVisible())) continue;
      const box = await button.boundingBox();
      const what = `${hash} ${await button.evaluate((element) => element.outerHTML.slice(0, 120))}`;
      expect(box?.height ?? 0, what).toBeGreaterThanOrEqual(24);
      expect(box?.width ?? 0, what).toBeGreaterThanOrEqual(24);
    }
  }
  window.cancel('sleep');
});

test('UI-36: everything is reached by the keyboard alone, and the focus is always visible', async ({
  scene,
  dashboard,
}) => {
  await scene.startDaemon();
  await scene.openWindow({ EXAI_SESSION_ID: 'window-one' });
  const second = await scene.openWindow({ EXAI_SESSION_ID: 'window-two' });
  const call = second.callTool('chat', { prompt: 'x', ms: 20_000 });
  await dashboard.open();
  const { page } = dashboard;
  await expect(page.getByTestId('call-row')).toHaveCount(1);
  const isOutlined = () =>
    page.evaluate(() => {
      const active = document.activeElement;
      if (active === null || active === document.body) return 'nothing has the focus';
      // A row shows the focus of its link around the whole row.
      for (let element: Element | null = active; element !== null; element = element.parentElement) {
        for (const part of [undefined, '::after']) {
          const { outlineStyle, outlineWidth } = getComputedStyle(element, part);
          if (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) return 'visible';
        }
        if (element.hasAttribute('data-id')) break;
      }
      return active.outerHTML.slice(0, 200);
    });
  const focusOn = async (testId: string): Promise<void> => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      expect(await isOutlined()).toBe('visible');
      const isThere = await page.evaluate((wanted) => {
        const active = document.activeElement;
        const isTarget = active?.hasAttribute('data-row-target') === true;
        return (isTarget ? active.closest('[data-id]') : active)?.getAttribute('data-testid') === wanted;
      }, testId);
      if (isThere) return;
    }
    throw new Error(`the keyboard does not reach ${testId}`);
  };
  // From the list into a session and back to the same row.
  await focusOn('session-row');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('session-detail')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('[data-testid=session-row][data-id="window-two"] [data-row-target]')).toBeFocused();
  // A call is cancelled.
  await focusOn('call-cancel');
  await page.keyboard.press('Enter');
  expect((await call).error?.data?.['code']).toBe('CANCELLED');
  // Screens by number, help by question mark, the menu by keys.
  await page.keyboard.press('?');
  await expect(page.getByTestId('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('dialog')).toHaveCount(0);
  for (const [key, id] of [
    ['2', 'activity'],
    ['1', 'overview'],
  ] as const) {
    await page.keyboard.press(key);
    await expect(page.getByTestId(id)).toBeVisible();
    await expect(page.locator('h1')).toBeFocused();
  }
});

for (const theme of ['light', 'dark'] as const) {
  for (const size of [
    { width: 380, height: 560 },
    { width: 1280, height: 800 },
  ]) {
    test(`UI-37: axe finds nothing on any screen, ${theme}, ${size.width} wide`, async ({ scene, dashboard }) => {
      test.setTimeout(90_000);
      await scene.startDaemon();
      const window = await scene.openWindow({ EXAI_SESSION_ID: 'window-one' });
      void window.callTool('sleep', { ms: 60_000 }, { id: 'sleep', timeoutMs: 90_000 }).catch(() => undefined);
      await window.callTool('fail', {});
      await dashboard.page.emulateMedia({ colorScheme: theme });
      await dashboard.open('#/', size);
      for (const hash of screens) {
        await dashboard.go(hash);
        await dashboard.page.waitForTimeout(400);
        await expectNoViolation(dashboard.page, hash);
      }
      window.cancel('sleep');
    });
  }
}

for (const [theme, size] of [
  ['light', { width: 1280, height: 800 }],
  ['dark', { width: 380, height: 560 }],
] as const) {
  test(`UI-37: axe finds nothing on what comes seldom or lies above a screen, ${theme}, ${size.width} wide`, async ({
    scene,
    dashboard,
  }) => {
    test.setTimeout(60_000);
    const { page } = dashboard;
    const check = async (what: string, testId: string) => {
      await expect(page.getByTestId(testId).first()).toBeVisible();
      await page.waitForTimeout(200); // fades
      await expectNoViolation(page, what);
    };
    const daemon = await scene.startDaemon();
    await page.emulateMedia({ colorScheme: theme });
    await dashboard.open('#/', size);
    await check('empty overview', 'empty-state');
    await dashboard.go('#/sessions/nobody');
    await check('unknown session', 'error-panel');
    await scene.openWindow({ EXAI_SESSION_ID: 'window-one' });
    await dashboard.go('#/sessions');
    await check('sessions', 'session-row');
    await dashboard.go('#/sessions/window-one');
    await page.getByTestId('session-more').last().click();
    await check('menu of a session', 'menu-session-log');
    await page.keyboard.press('Escape');
    await page.getByTestId('app-menu').click();
    await check('menu of the page', 'menu-keys');
    await page.getByTestId('menu-keys').click();
    await check('keys', 'dialog');
    await page.keyboard.press('Escape');
    await daemon.kill();
    await check('daemon down', 'error-page');
    await scene.startDaemon({ EXAI_WS_PORT: String(daemon.port) });
    await page.context().clearCookies();
    await page.reload();
    await expect(page.getByTestId('error-code')).toHaveText('UI_SESSION_EXPIRED');
    await check('signed out', 'error-page');
  });
}

test('UI-37: axe finds nothing with forced colours and from right to left', async ({ scene, dashboard }) => {
  test.setTimeout(90_000);
  await scene.startDaemon();
  await scene.openWindow({ EXAI_SESSION_ID: 'window-one' });
  const { page } = dashboard;
  await page.addInitScript(() => localStorage.setItem('exai.preferences', JSON.stringify({ locale: 'ar-XB' })));
  await page.emulateMedia({ forcedColors: 'active' });
  await dashboard.open();
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
  for (const hash of screens) {
    await dashboard.go(hash);
    await page.waitForTimeout(400);
    await expectNoViolation(page, hash);
  }
});

test('UI-38: who wants no motion gets none', async ({ scene, dashboard }) => {
  await scene.startDaemon();
  const { page } = dashboard;
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await dashboard.open();
  const window = await scene.openWindow({ EXAI_SESSION_ID: 'comes' });
  await expect(page.getByTestId('session-row')).toHaveCount(1);
  const moving = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .filter((element) => {
          const { transitionDuration, animationDuration, animationName } = getComputedStyle(element);
          const times = `${transitionDuration},${animationName === 'none' ? '0s' : animationDuration}`.split(',');
          return times.some((time) => parseFloat(time) > 0);
        })
        .map((element) => element.outerHTML.slice(0, 120)),
    );
  expect(await moving()).toEqual([]);
  await window.stop();
  expect(await moving()).toEqual([]);
});

async function expectNoViolation(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${what} ${id}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
}
