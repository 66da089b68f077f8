import { describe, expect, it } from 'vitest';
import { codeOf, textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

describe('what is passed on', () => {
  // U+2028 and U+2029 end a line for some, and must not here; unknown keys and types are nobody's business.
  const odd = String.raw`{"jsonrpc":"2.0", "id":"odd-1","method":"tools/call","x-unknown":{"b":1.50,"a":[null,1e2]},"params":{"name":"answer","_meta":{"vendor/key":"v","n":1},"later":true,"arguments":{"result":{"content":[{"type":"text","text":"line ${'\u2028'} \u2028 paragraph ${'\u2029'} raw","annotations":{"audience":["user"]}},{"type":"hologram","depth":3,"_meta":{"k":"\ud83d\ude00"}}],"structuredContent":{"z":1,"a":{"y":[1,2.5,"ü"]}},"_meta":{"vendor/answer":{"deep":[true]}},"unknownKey":"kept"}}}}`;

  it('WIRE-M1: the shim hop is byte-identical in both directions', async () => {
    await scene.startDaemon();
    const { proxy, env } = await scene.openLinkProxy();
    const window = await scene.openWindow(env);
    window.sendLine(odd);
    await window.answer('odd-1');
    const asked = proxy.frames.find(({ from, json }) => from === 'shim' && json?.['id'] === 'odd-1');
    expect(asked?.bytes.toString('utf8')).toBe(odd);
    const answered = proxy.frames.find(({ from, json }) => from === 'daemon' && json?.['id'] === 'odd-1');
    expect(window.lines).toContain(answered?.bytes.toString('utf8'));
    const fromDaemon = proxy.frames.filter(({ from, kind }) => from === 'daemon' && kind === 'message');
    expect(window.lines).toEqual(fromDaemon.map(({ bytes }) => bytes.toString('utf8')));
  });

  it.each(['local', 'tcp'])('WIRE-M1: through the daemon it is deep-equal (%s)', async (endpoint) => {
    await scene.startDaemon();
    const window = await scene.openWindow({ EXAI_WS_ENDPOINT: endpoint });
    const answer = window.answer('odd-1');
    window.sendBytes(`${odd}\r\n`);
    const { result } = await answer;
    const sent = JSON.parse(odd) as { params: { arguments: { result: unknown } } };
    expect(result).toEqual(sent.params.arguments.result);
  });

  it('WIRE-M7: two windows use the same id; who cancels ends its own call only', async () => {
    await scene.startDaemon();
    const [first, second] = await Promise.all([
      scene.openWindow({ EXAI_SESSION_ID: 'first' }),
      scene.openWindow({ EXAI_SESSION_ID: 'second' }),
    ]);
    for (const window of [first, second]) window.sendLine(sleepCall(7));
    await inflightAre({ first: 1, second: 1 });
    first.cancel(7);
    await inflightAre({ first: 0, second: 1 });
    expect(textOf(await second.callTool('echo', { text: 'still here' }))).toBe('still here');
    await inflightAre({ first: 0, second: 1 });
    second.cancel(7);
    await inflightAre({ first: 0, second: 0 });
    for (const window of [first, second]) {
      expect(await window.request('ping')).toMatchObject({ result: {} });
      expect(window.lines.filter((line) => line.includes('"id":7'))).toEqual([]);
    }
  });

  it('WIRE-M7: an id in use is refused without touching the call that uses it', async () => {
    await scene.startDaemon();
    const window = await scene.openWindow();
    for (const [text, ms] of [
      ['first', 300],
      ['second', 0],
    ]) {
      const params = { name: 'echo', arguments: { text, ms } };
      window.sendLine(JSON.stringify({ jsonrpc: '2.0', id: 1_000, method: 'tools/call', params }));
    }
    const refusal = await window.message('the refusal', ({ id, error }) => id === 1_000 && error !== undefined);
    expect(codeOf(refusal)).toBe('INVALID_REQUEST');
    const answer = await window.message('the answer', ({ id, result }) => id === 1_000 && result !== undefined);
    expect(textOf(answer)).toBe('first');
    await window.request('ping');
    expect(window.lines.filter((line) => line.includes('"id":1000'))).toHaveLength(2);
  });

  function sleepCall(id: number): string {
    const params = { name: 'sleep', arguments: { ms: 60_000 } };
    return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params });
  }

  function inflightAre(expected: Readonly<Record<string, number>>) {
    return scene.sessionsWhen(`calls in flight: ${JSON.stringify(expected)}`, (sessions) =>
      Object.entries(expected).every(([name, count]) =>
        sessions.some(({ sessionId, inflight }) => sessionId === name && inflight === count),
      ),
    );
  }
});
