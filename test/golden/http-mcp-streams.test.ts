import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AdminClient } from '../../platform/admin-client.ts';
import { eventually, withDeadline } from '../support/deadline.ts';
import { ask, HttpMcpClient, mcpHeaders, parseObject, send } from '../support/http-mcp-client.ts';
import { useDaemon } from './use-daemon.ts';

const sleep = (id: number, ms: number, more: Record<string, unknown> = {}) => ({
  id,
  method: 'tools/call',
  params: { name: 'sleep', arguments: { ms, ...more }, _meta: { progressToken: `p${id}` } },
});

describe('streams of /mcp', () => {
  const shared = useDaemon({ testTools: true });
  const connect = (protocolVersion?: string) =>
    HttpMcpClient.connect({ port: shared.daemon.port }, protocolVersion === undefined ? {} : { protocolVersion });

  it('HTTP-answers HTTP-streams: progress leaves on the stream of its request, which ends with the answer', async () => {
    const client = await connect();
    const own = await client.listen();
    const stream = await client.stream(sleep(7, 300, { progress: 2 }));
    expect(await stream.events.next('the first event')).toMatchObject({
      id: expect.any(String),
      retry: 1000,
      data: '',
    });
    expect(await stream.message()).toMatchObject({
      method: 'notifications/progress',
      params: { progressToken: 'p7', progress: 1, total: 2 },
    });
    expect(await stream.message()).toMatchObject({ params: { progress: 2 } });
    expect(await stream.message()).toMatchObject({ id: 7, result: { content: [{ text: 'slept 300 ms' }] } });
    await stream.ended;
    const ids = stream.events.all.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(own.events.all.filter(({ data }) => data !== '')).toEqual([]);
    own.cut();
  });

  it('HTTP-answers: a client of an older revision gets no event without data', async () => {
    const client = await connect('2025-06-18');
    const stream = await client.stream(sleep(1, 200, { progress: 1 }));
    await stream.ended;
    expect(stream.events.all.every(({ data }) => data !== '')).toBe(true);
  });

  it('HTTP-resume HTTP-no-cancel: a cut stream cancels nothing, and Last-Event-ID brings the rest exactly once', async () => {
    const client = await connect();
    const stream = await client.stream(sleep(3, 600, { progress: 3 }));
    await stream.message();
    const seen = stream.events.all.at(-1)?.id;
    stream.cut();
    const rest = await client.listen(seen);
    const messages = [await rest.message(), await rest.message(), await rest.message()];
    expect(messages).toMatchObject([
      { params: { progress: 2 } },
      { params: { progress: 3 } },
      { id: 3, result: { content: [{ text: 'slept 600 ms' }] } },
    ]);
    await rest.ended;
    expect(rest.events.all.filter(({ data }) => data !== '')).toHaveLength(3);
  });

  it('HTTP-resume: what came while nobody listened is there, and after all of it there is nothing to come back to', async () => {
    const client = await connect();
    const stream = await client.stream(sleep(4, 200));
    const first = await stream.events.next('the id to come back with');
    stream.cut();
    const again = await eventually('the answer', async () => {
      const reader = await client.listen(first.id);
      const message = await reader.message().catch(() => undefined);
      return message === undefined ? undefined : { message, last: reader.events.all.at(-1)?.id };
    });
    expect(again.message).toMatchObject({ id: 4, result: {} });
    const over = await client.openListening(again.last);
    expect(over.status).toBe(204);
    over.response.resume();
  });

  it('HTTP-resume HTTP-session: an id of another session or of none brings nothing', async () => {
    const [mine, other] = [await connect(), await connect()];
    const stream = await mine.stream(sleep(5, 400));
    const first = await stream.events.next('an id');
    const stolen = await other.openListening(first.id);
    expect(stolen.status).toBe(204);
    stolen.response.resume();
    const wrong = await mine.openListening('not-ours');
    expect(wrong.status).toBe(400);
    wrong.response.resume();
    expect(await stream.message()).toMatchObject({ id: 5 });
  });

  it('HTTP-no-cancel BAD-duplicate-id: of two clients with one id, cancelling ends one call and its stream', async () => {
    const [one, two] = [await connect(), await connect()];
    const [first, second] = [await one.stream(sleep(1, 60_000)), await two.stream(sleep(1, 700))];
    const cancelled = await one.post({ method: 'notifications/cancelled', params: { requestId: 1, reason: 'enough' } });
    expect(cancelled.status).toBe(202);
    await withDeadline('the end of the cancelled stream', first.ended);
    expect(first.events.all.filter(({ data }) => data.includes('"id"'))).toEqual([]);
    expect(await second.message()).toMatchObject({ id: 1, result: { content: [{ text: 'slept 700 ms' }] } });
    expect(await one.request('ping')).toMatchObject({ result: {} });
  });

  it('HTTP-streams PF-P1: requests of one session run at the same time', async () => {
    const client = await connect();
    const slow = await client.stream(sleep(20, 1_500));
    const answered = await Promise.all([client.request('ping'), client.request('tools/list'), client.call('echo')]);
    expect(answered.every((answer) => 'result' in answer)).toBe(true);
    expect(slow.events.all.some(({ data }) => data.includes('"id":20'))).toBe(false);
    expect(await slow.message()).toMatchObject({ id: 20 });
  });

  it('HTTP-slow BAD-never-reads: a client that reads nothing holds up nobody', async () => {
    const lazy = await connect();
    const unread = await Promise.all(
      Array.from({ length: 4 }, (_, id) =>
        send(
          { port: shared.daemon.port },
          'POST',
          { ...mcpHeaders, 'mcp-session-id': lazy.sessionId },
          JSON.stringify({
            jsonrpc: '2.0',
            id,
            method: 'tools/call',
            params: { name: 'flood', arguments: { bytes: 4_000_000 } },
          }),
        ),
      ),
    );
    const other = await connect();
    expect(await other.call('echo', { text: 'quick' })).toMatchObject({ result: { content: [{ text: 'quick' }] } });
    for (const { response } of unread) response.destroy();
    expect(await lazy.request('ping')).toMatchObject({ result: {} });
  });

  it('HTTP-visible: an admin ends a session, and its client is told to begin again', async () => {
    const client = await HttpMcpClient.connect(
      { port: shared.daemon.port },
      { headers: { 'x-exai-session': 'to-be-ended' } },
    );
    const own = await client.listen();
    const admin = AdminClient.open(shared.home.layout);
    await admin.send('disconnectSession', { params: { sessionId: 'to-be-ended' } });
    admin.close();
    await withDeadline('the end of its stream', own.ended);
    expect((await client.post({ id: 1, method: 'ping' })).status).toBe(404);
  });
});

describe('POST /mcp with tokens', () => {
  const token = 'golden-token-0123456789';
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token, EXAI_WS_ALLOWED_ORIGINS: 'https://inspector.test' } });
  const target = () => ({ port: shared.daemon.port });
  const bearer = { authorization: `Bearer ${token}` };

  it('HTTP-auth PF-A2: no or a wrong bearer is 401 with a challenge, whatever is asked', async () => {
    for (const authorization of ['', 'Bearer golden-token-012345678x', `Basic ${token}`]) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        const answer = await ask(
          target(),
          method,
          { ...mcpHeaders, authorization },
          method === 'POST' ? '[not even json' : undefined,
        );
        expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="exai"' } });
        expect(parseObject(answer.body)).toMatchObject({ error: { code: 401, data: { code: 'UNAUTHORIZED' } } });
      }
    }
    for (const path of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-authorization-server']) {
      expect((await fetch(new URL(path, shared.daemon.address))).status).toBe(404);
    }
  });

  it('HTTP-auth: the right bearer opens a session, and only with it the session answers', async () => {
    const client = await HttpMcpClient.connect(target(), { headers: bearer });
    expect(await client.request('ping')).toMatchObject({ result: {} });
    expect((await client.post({ id: 1, method: 'ping' }, { authorization: '' })).status).toBe(401);
  });

  it('HTTP-guards: a listed origin may ask and read, with an exact echo', async () => {
    const origin = 'https://inspector.test';
    const preflight = await ask(target(), 'OPTIONS', {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type, mcp-session-id',
    });
    expect(preflight).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-headers': expect.stringContaining('Mcp-Session-Id'),
      },
    });
    const answer = await ask(target(), 'POST', { ...mcpHeaders, ...bearer, origin }, '{}');
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    expect((await ask(target(), 'OPTIONS', { origin: 'https://other.test' })).status).toBe(403);
  });

  it('TOKEN-sessions-live HTTP-auth: after a rotation the session goes on with the new token', async () => {
    const client = await HttpMcpClient.connect(target(), { headers: bearer });
    const rotated = await shared.home.runCli(['token', 'rotate']);
    expect(rotated.code).toBe(0);
    expect((await client.post({ id: 1, method: 'ping' })).status).toBe(401);
    const next = readFileSync(shared.home.layout.tokenFile, 'utf8').trim();
    const answer = await client.post({ id: 1, method: 'ping' }, { authorization: `Bearer ${next}` });
    expect(answer.status).toBe(200);
  });
});
