import { describe, expect, test } from 'vitest';
import { busySnapshot, emptySnapshot, fakeCall, fakeSession } from '../support/fake-snapshot.ts';
import { focusedRow, foundChromium, usePage, wide } from './use-page.ts';

describe.skipIf('skip' in foundChromium)('overview', () => {
  const open = usePage();

  test('names every session, also two of the same config, and every call', async () => {
    const { page } = await open(busySnapshot());
    expect(await page.getByTestId('status-pill').innerText()).toMatch(/^Running[^]*2 h 14 m/);
    expect(await page.getByTestId('session-row').count()).toBe(4);
    expect(await page.getByTestId('call-row').count()).toBe(3);
    await page.locator('[data-id="vscode-instance-1#2"] a').click();
    await page.getByTestId('session-detail').waitFor();
    expect(page.url()).toMatch(/#\/sessions\/vscode-instance-1%232$/);
    expect(await page.getByTestId('session-detail').getAttribute('data-id')).toBe('vscode-instance-1#2');
  });

  test('has no ticket in its address and no token anywhere', async () => {
    const { page } = await open(busySnapshot(), { hash: '#/rotation' });
    await page.getByTestId('copy-token').click();
    await page.getByTestId('copy-token').and(page.locator('[data-state=copied]')).waitFor();
    expect(await page.evaluate(async () => await navigator.clipboard.readText())).toMatch(/^secret-token/);
    const everything = await page.evaluate(
      () =>
        `${document.documentElement.outerHTML}${Object.entries(localStorage).join()}${Object.entries(sessionStorage).join()}${location.href}`,
    );
    expect(everything).not.toMatch(/secret-token|fake-ticket/);
  });

  test('offers the way in while nobody is connected, and gives way to the first session', async () => {
    const { page, feed } = await open(emptySnapshot());
    await page.getByTestId('empty-state').getByTestId('instance-add').waitFor();
    expect(await page.getByTestId('savings').count()).toBe(0);
    feed.change({ sessions: { put: [fakeSession({ sessionId: 'vscode-instance-1' })], removed: [] } });
    await page.locator('[data-testid=session-row][data-id=vscode-instance-1]').waitFor();
    expect(await page.getByTestId('empty-state').count()).toBe(0);
  });

  test('shows a place in line and what is full', async () => {
    const { page, feed } = await open(busySnapshot());
    expect(await page.getByTestId('queue-place').innerText()).toBe('3rd in line');
    const waiting = feed.snapshot.calls.filter(({ queuePosition }) => queuePosition !== null);
    feed.change({ calls: { put: waiting.map((call) => ({ ...call, queuePosition: 2 })), removed: [] } });
    await page.getByText('2nd in line').waitFor();
    const kimi = page.getByTestId('gauge-kimi');
    expect(await kimi.getAttribute('aria-valuenow')).toBe('6');
    expect(await kimi.getAttribute('aria-valuetext')).toBe('6 of 6 in flight, 3 waiting');
    feed.change({ problems: [] });
    await page.getByTestId('problem-strip').waitFor({ state: 'detached' });
  });

  test('cancels exactly the call whose ✕ or row got it', async () => {
    const { page, api } = await open(busySnapshot());
    await page.locator('[data-id=call-2]').getByTestId('call-cancel').click();
    await page.locator('[data-id=call-2][data-state=cancelling]').waitFor();
    await page.locator('[data-id=call-1] a').focus();
    await page.keyboard.press('Delete');
    await page.locator('[data-id=call-1][data-state=cancelling]').waitFor();
    // The row says so at once; the request is on its way.
    await expect
      .poll(() => api.requests.filter((request) => request.startsWith('POST /api/calls')))
      .toEqual(['POST /api/calls/call-2/cancel', 'POST /api/calls/call-1/cancel']);
  });

  test('never draws a call of 100 ms', async () => {
    const { page, feed } = await open(emptySnapshot());
    await page.evaluate(() => {
      const seen = (node: Node) => node instanceof Element && node.matches('[data-testid=call-row]');
      new MutationObserver((changes) => {
        if (changes.some(({ addedNodes }) => [...addedNodes].some(seen))) document.body.dataset['seen'] = 'yes';
      }).observe(document.body, { childList: true, subtree: true });
    });
    feed.change({ calls: { put: [fakeCall({ callId: 'short', sessionId: 'a' }, 0)], removed: [] } });
    await page.waitForTimeout(100);
    feed.change({ calls: { put: [], removed: ['short'] } });
    feed.change({ calls: { put: [fakeCall({ callId: 'long', sessionId: 'a' }, 9)], removed: [] } });
    await page.locator('[data-id=long]').waitFor();
    expect(await page.locator('[data-id=short]').count()).toBe(0);
    feed.change({ calls: { put: [], removed: ['long'] } });
    await page.locator('[data-id=long][data-state=done]').waitFor();
    await page.locator('[data-id=long]').waitFor({ state: 'detached' });
  });

  test('moves nothing under the pointer', async () => {
    const { page, feed } = await open(busySnapshot());
    const row = page.locator('[data-id="vscode-instance-1#2"]');
    await row.hover();
    const before = await row.boundingBox();
    for (let count = 0; count < 20; count += 1) {
      const connectedAt = count % 2 === 0 ? 1 : Date.now() / 1000;
      const removed = count < 3 ? [] : [`guest-${count - 3}`];
      feed.change({ sessions: { put: [fakeSession({ sessionId: `guest-${count}`, connectedAt })], removed } });
      await page.waitForTimeout(30);
    }
    feed.change({ sessions: { put: [], removed: ['vscode-instance-1'] } });
    await page.locator('[data-id=vscode-instance-1][data-state=ended]').waitFor();
    await page.waitForTimeout(3_400);
    expect(await row.boundingBox()).toEqual(before);
    await page.getByTestId('status-pill').hover();
    await page.locator('[data-id=vscode-instance-1]').waitFor({ state: 'detached' });
  });

  test('is walked by keyboard: rows, into a row, open, back to the row', async () => {
    const { page } = await open(busySnapshot());
    await page.locator('[data-testid=session-row] a').first().focus();
    await page.keyboard.press('End');
    expect(await focusedRow(page)).toBe('auggie-1');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.locator('[data-testid=session-detail] h1:focus').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[data-id=vscode-instance-1] a:focus').waitFor();
    await page.keyboard.press('Tab');
    await page.locator('[data-id=vscode-instance-1] [data-testid=copy-session-id]:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('[data-testid=copy-session-id][data-state=copied]').waitFor();
    expect(await page.evaluate(async () => await navigator.clipboard.readText())).toBe('vscode-instance-1');
  });

  test('keeps 500 sessions in few nodes, and the focus with a row that is scrolled away', async () => {
    const sessions = Array.from({ length: 500 }, (_, index) =>
      fakeSession({ sessionId: `window-${index}`, connectedAt: 1_000_000 + index }),
    );
    const { page } = await open({ ...emptySnapshot(), sessions }, { size: wide });
    await page.locator('[data-testid=session-row] a').first().focus();
    await page.keyboard.press('End');
    await page.locator('[data-id=window-499] a:focus').waitFor();
    await page.evaluate(() => document.querySelector('main')?.scrollTo(0, 0));
    await page.locator('[data-id=window-0]').waitFor();
    expect(await focusedRow(page)).toBe('window-499');
    expect(await page.getByTestId('session-row').count()).toBeLessThanOrEqual(60);
  });

  test('counts ages by itself', async () => {
    const { page, api } = await open(busySnapshot());
    const asked = api.requests.length;
    const age = page.locator('[data-id=call-1]').getByTestId('call-age');
    expect(await age.innerText()).toMatch(/0:1[2-3]/);
    await page.getByText('0:16').waitFor();
    expect(api.requests.length).toBe(asked);
  });
});
