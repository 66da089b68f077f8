import { describe, expect, it } from 'vitest';
import { addressOf, createAdminClient } from './admin-client.ts';

function clientThatGets(response: Response | Error, requests: [string, RequestInit][] = []) {
  return createAdminClient({
    requestKey: () => 'key',
    fetch: async (url, init) => {
      requests.push([url instanceof Request ? url.url : url.toString(), init ?? {}]);
      if (response instanceof Error) throw response;
      return response;
    },
  });
}

describe('addressOf', () => {
  it('encodes what stands in the path and leaves out what is not given', () => {
    expect(addressOf('session', { params: { sessionId: 'vscode-instance-1#2/..' } })).toBe(
      '/api/sessions/vscode-instance-1%232%2F..',
    );
    expect(addressOf('history', { query: { session: 'a b', limit: 20, q: undefined } })).toBe(
      '/api/history?session=a+b&limit=20',
    );
  });
});

describe('createAdminClient', () => {
  it('shows the key of the sign-in and sends JSON', async () => {
    const requests: [string, RequestInit][] = [];
    const body = { authPolicy: 'token', generation: 8, tokenFile: '/t', sessions: [] };
    const answer = await clientThatGets(Response.json(body), requests).json('rotateToken', {
      body: { reconnect: true },
    });
    expect(answer).toEqual({ state: 'ok', value: body });
    expect(requests).toMatchObject([
      [
        '/api/token/rotate',
        {
          method: 'POST',
          body: '{"reconnect":true}',
          headers: { 'x-exai-request': 'key', 'content-type': 'application/json' },
        },
      ],
    ]);
  });

  it('hands on why the daemon refused', async () => {
    const response = Response.json(
      { code: 'NOT_FOUND', message: 'No such call.', hint: 'It has ended.' },
      { status: 404 },
    );
    expect(await clientThatGets(response).run('cancelCall', { params: { callId: 'x' } })).toEqual({
      state: 'failed',
      failure: { code: 'NOT_FOUND', status: 404, message: 'No such call. It has ended.' },
    });
  });

  it.each([
    [new TypeError('refused'), { code: 'UNREACHABLE', status: 0 }],
    [new Response('<html>', { status: 502 }), { code: 'HTTP_502', status: 502 }],
    [Response.json({ token: 1 }), { code: 'UNREADABLE', status: 200 }],
    [new Response('no json'), { code: 'UNREADABLE', status: 200 }],
  ])('never throws', async (response, failure) => {
    expect(await clientThatGets(response).json('revealToken', {})).toMatchObject({ state: 'failed', failure });
  });
});
