import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proxyApi } from '../../electron/core/api-proxy.ts';
import { AdminClient } from '../../platform/admin-client.ts';
import { feedMessageSchema } from '../../protocol/feed.ts';
import { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';

let home: TestHome;
let client: AdminClient;

beforeEach(async () => {
  home = new TestHome();
  await home.startDaemon();
  client = AdminClient.open(home.layout);
});
afterEach(async () => {
  client.close();
  await home.cleanUp();
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return proxyApi(new Request(`app://exai${path}`, init), client);
}

describe('TRAY-api: the page reaches the daemon through the app', () => {
  it('with the rights of its owner, and without the secret', async () => {
    const answer = await ask('/api/status');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject({ status: 'healthy' });
    const paused = await ask('/api/daemon/pause', { method: 'POST' });
    expect([paused.status, await paused.text()]).toEqual([204, '']);
    const renamed = await ask('/api/sessions/nobody', { method: 'PATCH', body: JSON.stringify({ name: 'x' }) });
    expect(renamed.status).toBe(404);
  });

  it('as an endless stream that ends when the page goes', async () => {
    const answer = await ask('/api/events');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = await reader?.read();
    expect(feedMessageSchema.parse(JSON.parse(first?.value?.split('\n')[0] ?? '')).type).toBe('snapshot');
    await reader?.cancel();
    // Nothing of it stays open: the daemon can drain at once.
    await eventually('an answer after it', async () => ((await ask('/api/health')).ok ? true : undefined));
  });

  it.each([
    ['POST', '/api/ui/tickets', 'tickets are for browsers'],
    ['POST', '/api/ui/session', 'so is signing in'],
    ['POST', '/api/status', 'no such method'],
    ['GET', '/health', 'not of the admin API'],
    ['GET', '/api/../health', 'nor by a detour'],
    ['GET', '/api/sessions/a/b/c', 'no such route'],
  ])('never %s %s: %s', async (method, path) => {
    expect((await ask(path, { method })).status).toBe(404);
  });

  it('refuses a body that the daemon would not read', async () => {
    const answer = await ask('/api/token/rotate', { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) });
    expect(answer.status).toBe(413);
  });

  it('says that the daemon does not run', async () => {
    const answer = await proxyApi(new Request('app://exai/api/status'), undefined);
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'DAEMON_UNAVAILABLE' }]);
  });
});
