import {
  Client as ClientOfBothEras,
  StreamableHTTPClientTransport as HttpOfBothEras,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { WebSocketClientTransport } from '@modelcontextprotocol/sdk/client/websocket.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DaemonProcess, programs, TestHome } from '../support/daemon-process.ts';
import { parseObject } from '../support/http-mcp-client.ts';
import { Inspector } from './inspector.ts';

describe('clients that are not ours', () => {
  const home = new TestHome();
  let daemon: DaemonProcess;
  beforeAll(async () => {
    daemon = await home.startDaemon({ testTools: true });
  });
  afterAll(() => home.cleanUp());

  const url = (): URL => new URL('/mcp', daemon.address);
  const ways: readonly (readonly [string, () => Transport])[] = [
    ['StreamableHTTPClientTransport', () => new StreamableHTTPClientTransport(url())],
    ['WebSocketClientTransport', () => new WebSocketClientTransport(new URL(`ws://127.0.0.1:${daemon.port}/`))],
  ];

  it.each(ways)('INTEROP-sdk-clients: %s lists, calls, gets progress, cancels and leaves', async (_name, transport) => {
    const client = new Client({ name: 'sdk', version: '1.0.0' });
    await client.connect(transport());
    expect(client.getServerVersion()).toMatchObject({ name: 'exai' });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo');
    const echoed = await client.callTool({ name: 'echo', arguments: { text: 'héllo 🌍' } });
    expect(echoed.content).toEqual([{ type: 'text', text: 'héllo 🌍' }]);

    const steps: number[] = [];
    const slept = await client.callTool({ name: 'sleep', arguments: { ms: 300, progress: 2 } }, undefined, {
      onprogress: ({ progress }) => steps.push(progress),
    });
    expect(slept.content).toEqual([{ type: 'text', text: 'slept 300 ms' }]);
    expect(steps).toEqual([1, 2]);

    const giveUp = new AbortController();
    const endless = client.callTool({ name: 'sleep', arguments: { ms: 60_000 } }, undefined, { signal: giveUp.signal });
    await client.ping();
    giveUp.abort('enough');
    await expect(endless).rejects.toThrow('enough');
    await client.ping();
    await client.close();
  });

  it('INTEROP-revisions HTTP-era: a client that knows both eras asks first, and then begins with initialize', async () => {
    const asked: string[] = [];
    const transport = new HttpOfBothEras(url(), {
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        if (init?.method === 'POST' && typeof init.body === 'string') {
          const { method } = parseObject(init.body);
          asked.push(`${String(method)} ${answer.status}`);
        }
        return answer;
      },
    });
    const client = new ClientOfBothEras({ name: 'both', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(transport);
    expect(asked.slice(0, 3)).toEqual(['server/discover 400', 'initialize 200', 'notifications/initialized 202']);
    const { content } = await client.callTool({ name: 'echo', arguments: { text: 'legacy after all' } });
    expect(content).toEqual([{ type: 'text', text: 'legacy after all' }]);
    await client.close();
  });

  it('INTEROP-sdk-clients: a client over HTTP ends its session, and its calls with it', async () => {
    const transport = new StreamableHTTPClientTransport(url());
    const client = new Client({ name: 'leaver', version: '1.0.0' });
    await client.connect(transport);
    const running = client.callTool({ name: 'sleep', arguments: { ms: 60_000 } });
    const failed = running.then(
      () => 'answered',
      (error: unknown) => String(error),
    );
    await client.ping();
    await transport.terminateSession();
    expect(await failed).toContain('The session has ended.');
    await expect(client.ping()).rejects.toThrow('The request belongs to no session.');
    await client.close();
  });

  it('INTEROP-sdk-clients: HTTP, WebSocket and shim give the same answers', async () => {
    const throughShim = (): Transport =>
      new StdioClientTransport({
        command: process.execPath,
        args: [programs.shim],
        env: { ...home.env, EXAI_WS_AUTOSTART: 'false', MCP_SERVER_ID: 'exai' },
      });
    const answers: unknown[] = [];
    for (const open of [...ways.map(([, make]) => make), throughShim]) {
      const client = new Client({ name: 'same', version: '1.0.0' });
      await client.connect(open());
      answers.push([
        client.getServerCapabilities(),
        client.getServerVersion(),
        await client.listTools(),
        await client.listPrompts(),
        await client.callTool({ name: 'answer', arguments: { result: odd } }),
        await client.callTool({ name: 'no-such-tool' }).catch((error: unknown) => String(error)),
      ]);
      await client.close();
    }
    const [first, ...others] = answers;
    for (const other of others) expect(other).toEqual(first);
  });

  it('INTEROP-inspector: MCP Inspector shows the same over HTTP as through the shim', async () => {
    const inspector = new Inspector({ ...home.env, EXAI_WS_AUTOSTART: 'false' });
    const calls = [['tools/list'], ['tools/call', '--tool-name', 'echo', '--tool-arg', 'text=seen'], ['prompts/list']];
    for (const call of calls) {
      const overHttp = await inspector.http(url(), call);
      expect(overHttp).toEqual(await inspector.stdio([process.execPath, programs.shim], call));
      expect(JSON.stringify(overHttp).length).toBeGreaterThan(10);
    }
  }, 120_000);
});

/** Content with what no client knows: it must come through as it is. */
const odd = {
  content: [{ type: 'text', text: 'a\u2028b', _meta: { 'x.test/unknown': [1, null, { deep: true }] } }],
  structuredContent: { numbers: [1, 2.5, -0.001], text: '"quoted"' },
  _meta: { 'x.test/kept': 'yes' },
};
