import { describe, expect, test } from 'vitest';
import { busySnapshot } from '../support/fake-snapshot.ts';
import { foundChromium, usePage, wide } from './use-page.ts';

describe.skipIf('skip' in foundChromium)('activity, logs, settings and charts', () => {
  const open = usePage();

  test('a call unfolds in place, its session becomes the filter, and a chip takes it away', async () => {
    const { page } = await open(busySnapshot(), { hash: '#/activity' });
    const row = page.locator('[data-testid=history-row][data-state=refused]').first();
    await row.click();
    const detail = page.getByTestId('history-detail');
    await detail.getByText('OVER_CAPACITY').waitFor();
    await detail.getByRole('button', { name: 'Only this session' }).click();
    await page.waitForURL(/session=vscode-instance-1/);
    await page.getByTestId('filter-chip').click();
    await page.waitForURL((url) => !url.hash.includes('session'));
    await page.locator('[data-testid=history-list][data-state=ready]').waitFor();
    expect(await page.getByTestId('filter-chip').count()).toBe(0);
  });

  test('arrow keys move through the calls, Enter unfolds one and Esc folds it', async () => {
    const { page } = await open(busySnapshot(), { hash: '#/activity' });
    await page.getByTestId('history-row').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByTestId('history-detail').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('history-detail').waitFor({ state: 'detached' });
    expect(page.url()).toContain('#/activity');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('history-row');
  });

  test('a log stops following when it is scrolled up, and End follows again', async () => {
    const { page } = await open(busySnapshot(), { hash: '#/logs/daemon' });
    const follow = page.getByTestId('log-follow');
    await page.getByTestId('log-gap').waitFor();
    expect(await follow.getAttribute('aria-pressed')).toBe('true');
    await page.getByTestId('log-list').hover();
    await page.mouse.wheel(0, -300);
    await page.locator('[data-testid=log-follow][aria-pressed=false]').waitFor();
    await page.getByTestId('log-line').last().focus();
    await page.keyboard.press('End');
    await page.locator('[data-testid=log-follow][aria-pressed=true]').waitFor();
  });

  test('what is found in a log is marked as text, whatever it holds', async () => {
    const { page } = await open(busySnapshot(), { hash: '#/logs/daemon' });
    await page.getByTestId('log-find').fill('<script>');
    await page.getByTestId('log-found').getByText('of 40').waitFor();
    expect(await page.locator('.log-row mark').first().textContent()).toBe('<script>');
    expect(await page.locator('main script').count()).toBe(0);
  });

  test('a setting is kept with Enter, waits for the next start, and can be taken back', async () => {
    const { page, api } = await open(busySnapshot(), { hash: '#/settings' });
    const row = page.getByTestId('setting-EXAI_WS_CALL_TIMEOUT');
    const field = page.getByTestId('setting-field-EXAI_WS_CALL_TIMEOUT');
    await field.fill('99999');
    await field.press('Enter');
    await row.getByTestId('setting-error').waitFor();
    expect(api.requests.some((line) => line.startsWith('PATCH'))).toBe(false);
    await field.fill('60');
    await field.press('Enter');
    await row.getByTestId('setting-saved').waitFor();
    await row.getByText('Waits for the next start').waitFor();
    await row.getByTestId('setting-undo').click();
    await row.getByText('Waits for the next start').waitFor({ state: 'detached' });
    expect(await field.inputValue()).toBe('120');
    expect(api.requests.filter((line) => line.startsWith('PATCH'))).toHaveLength(2);
  });

  test('a limit of calls is changed in the running daemon, and what is fixed cannot be typed into', async () => {
    const { page, api } = await open(busySnapshot(), { hash: '#/settings' });
    const field = page.getByTestId('setting-field-EXAI_WS_SESSION_MAX_INFLIGHT');
    await field.fill('4');
    await field.press('Enter');
    await page.getByTestId('setting-EXAI_WS_SESSION_MAX_INFLIGHT').getByTestId('setting-saved').waitFor();
    expect(api.requests).toContain('PATCH /api/capacity');
    const fixed = page.getByTestId('setting-EXAI_WS_GLM_MAX_INFLIGHT');
    await fixed.getByText('Set by the environment').waitFor();
    expect(await fixed.locator('input').count()).toBe(0);
  });

  test('the token is switched off only after a question whose harmless answer has the focus', async () => {
    const { page } = await open(busySnapshot(), { hash: '#/settings' });
    await page.getByTestId('token-off').click();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('dialog-cancel');
    await page.getByTestId('dialog-turn-off').click();
    await page.getByTestId('banner-auth-off').waitFor();
    await page.locator('[data-testid=setting-token][data-state=off]').waitFor();
  });

  test('charts share a cursor that keys can move, and keys choose a range', async () => {
    const { page } = await open(busySnapshot(), { hash: '#/?range=24h', size: wide });
    const sliders = page.getByRole('slider');
    await sliders.first().focus();
    await page.keyboard.press('Home');
    const value = await sliders.first().getAttribute('aria-valuetext');
    for (const slider of await sliders.all()) {
      expect((await slider.getAttribute('aria-valuetext'))?.slice(0, 6)).toBe(value?.slice(0, 6));
    }
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForURL(/from=\d+&to=\d+/);
    await page.getByTestId('range-custom').click();
    await page.waitForURL((url) => !url.hash.includes('from='));
  });
});
