import { describe, expect, it } from 'vitest';
import { parseKnownFacts } from './known-facts.ts';
import { RelayHarness } from './relay-harness.ts';

const tools = [{ name: 'version', inputSchema: { type: 'object' } }];
const facts = parseKnownFacts(
  JSON.stringify({
    schema: 1,
    daemonVersion: '3.2.1',
    protocolVersions: ['2025-11-25', '2025-06-18'],
    title: 'EXAI',
    tools,
  }),
);
const listChanged = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };

describe('answers in the daemon’s place', () => {
  it('SHIM-S5: initialize waits a second for the daemon, then it is answered from what is known', () => {
    const harness = new RelayHarness();
    harness.initialize();
    harness.clock.advance(999);
    expect(harness.takeEditor()).toEqual([]);
    harness.clock.advance(1);
    expect(harness.takeEditor()).toEqual([
      {
        jsonrpc: '2.0',
        id: 0,
        result: {
          protocolVersion: '2025-06-18',
          capabilities: {
            tools: { listChanged: true },
            prompts: { listChanged: true },
            resources: { subscribe: true, listChanged: true },
            completions: {},
            logging: {},
          },
          serverInfo: { name: 'exai-3', title: 'EXAI', version: expect.any(String) },
          instructions: 'EXAI tools for the window EXAI-WS-VSCode3.',
        },
      },
    ]);
  });

  it('SHIM-S5: initialize is no frame that waits for the daemon: no bound of those refuses it', () => {
    const harness = new RelayHarness({ queueMax: 0, queueMs: 500 });
    harness.initialize();
    harness.call(1);
    expect(harness.takeEditor()).toMatchObject([{ id: 1, error: { data: { code: 'DAEMON_UNAVAILABLE' } } }]);
    harness.clock.advance(1_000);
    expect(harness.takeEditor()).toMatchObject([{ id: 0, result: { protocolVersion: '2025-06-18' } }]);
  });

  it('SHIM-S5: the late daemon is handed the session in its hello, and asked nothing twice', () => {
    const harness = new RelayHarness();
    harness.facts = facts;
    harness.relay.daemonUnavailable('nobody', true);
    harness.initialize('codex-mcp-client');
    expect(harness.takeEditor()).toMatchObject([{ id: 0, result: { serverInfo: { version: '3.2.1' } } }]);
    harness.send({ method: 'notifications/initialized' });
    harness.send({ id: 1, method: 'tools/list' });
    expect(harness.takeEditor()).toEqual([{ jsonrpc: '2.0', id: 1, result: { tools } }]);
    harness.call(2);
    expect(harness.relay.resume()).toEqual({
      daemonRunId: '',
      pending: [],
      protocolVersion: '2025-06-18',
      initialize: {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'codex-mcp-client', version: '1' },
      },
      subscriptions: [],
      logLevel: null,
    });
    harness.linkUp();
    expect(harness.takeDaemon().map(({ id, method }) => id ?? method)).toEqual(['notifications/initialized', 2]);
    expect(harness.takeEditor()).toEqual([]); // a daemon that was handed the session announces its lists itself
  });

  it('SHIM-S5: a daemon that answers in time is the one that answers', () => {
    const harness = new RelayHarness();
    harness.facts = facts;
    harness.linkUp();
    harness.initialize();
    harness.push({ id: 0, result: { protocolVersion: '2025-06-18', serverInfo: { name: 'from the daemon' } } });
    harness.clock.advance(5_000);
    expect(harness.takeEditor()).toMatchObject([{ id: 0, result: { serverInfo: { name: 'from the daemon' } } }]);
  });

  it('SHIM-S5: an answer of the daemon that comes too late goes nowhere', () => {
    const harness = new RelayHarness();
    harness.linkUp();
    harness.initialize();
    harness.clock.advance(1_000);
    harness.push({ id: 0, result: { protocolVersion: '2025-06-18' } });
    expect(harness.takeEditor()).toHaveLength(1);
    expect(harness.relay.resume()?.pending).toEqual([]);
  });

  it('SHIM-S5: answered during the handshake, initialize is sent after it, before everything else, and announced', () => {
    const harness = new RelayHarness();
    harness.facts = facts;
    const resume = harness.relay.resume(); // the hello is on its way
    harness.initialize();
    harness.clock.advance(1_000);
    harness.send({ id: 1, method: 'tools/list' });
    harness.send({ method: 'notifications/initialized' });
    harness.takeEditor();
    harness.relay.linkUp(
      {
        maxFrameBytes: 1_000_000,
        maxPending: 256,
        sendMessage: (bytes) => harness.daemonFrames.push(Buffer.from(bytes).toString()),
        sendControl: () => undefined,
      },
      {
        type: 'accepted',
        sessionId: 'w',
        daemonRunId: 'r',
        heartbeat: { intervalMs: 0, timeoutMs: 1 },
        isResumed: false,
        lost: [],
        unknown: [],
        maxFrameBytes: 1_000_000,
        maxPending: 256,
        warnings: [],
      },
      resume,
      [],
    );
    expect(harness.takeDaemon().map(({ method }) => method)).toEqual(['initialize', 'notifications/initialized']);
    expect(harness.takeEditor()).toEqual([listChanged]);
    harness.push({ id: 0, result: { protocolVersion: '2025-06-18' } });
    expect(harness.takeEditor()).toEqual([]);
  });

  it('SHIM-S5: a connection lost with initialize on its way sends it again when it never arrived', () => {
    const harness = new RelayHarness();
    harness.linkUp();
    harness.initialize();
    harness.clock.advance(1_000);
    harness.takeDaemon();
    harness.relay.linkDown();
    expect(harness.relay.resume()).toMatchObject({ pending: [0], initialize: { protocolVersion: '2025-06-18' } });
    harness.linkUp({ lost: [0] });
    expect(harness.takeDaemon().map(({ method }) => method)).toEqual(['initialize']);
    harness.push({ id: 0, result: {} });
    expect(harness.takeEditor()).toHaveLength(1);
  });

  it('SHIM-S5: without a tool list of an earlier daemon there is nothing to show, so the list waits', () => {
    const harness = new RelayHarness();
    harness.relay.daemonUnavailable('nobody', true);
    harness.initialize();
    expect(harness.takeEditor()).toEqual([]);
    harness.clock.advance(1_000);
    expect(harness.takeEditor()).toHaveLength(1);
    harness.send({ id: 1, method: 'tools/list' });
    expect(harness.takeEditor()).toEqual([]);
    harness.linkUp();
    expect(harness.takeDaemon().map(({ id }) => id)).toEqual([1]);
  });

  it('SHIM-S5: pages of a list, and every list of a window that knew its daemon, are left to the daemon', () => {
    const harness = new RelayHarness();
    harness.facts = facts;
    harness.relay.daemonUnavailable('nobody', true);
    harness.initialize();
    harness.send({ id: 1, method: 'tools/list', params: { cursor: 'x' } });
    expect(harness.takeEditor()).toHaveLength(1);
    harness.linkUp();
    harness.relay.linkDown();
    harness.send({ id: 2, method: 'tools/list' });
    expect(harness.takeEditor()).toEqual([]);
  });

  it('SHIM-S5: an unknown revision is answered with the newest', () => {
    const harness = new RelayHarness();
    harness.facts = facts;
    harness.send({ id: 'i', method: 'initialize', params: { protocolVersion: '1999-01-01' } });
    harness.clock.advance(1_000);
    expect(harness.takeEditor()).toMatchObject([{ id: 'i', result: { protocolVersion: '2025-11-25' } }]);
  });

  it('WIRE-M3: a new daemon is told what the window has set: revision, subscriptions, log level', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.send({ id: 1, method: 'resources/subscribe', params: { uri: 'file:///a' } });
    harness.send({ id: 2, method: 'resources/subscribe', params: { uri: 'file:///b' } });
    harness.send({ id: 3, method: 'resources/unsubscribe', params: { uri: 'file:///a' } });
    harness.send({ id: 4, method: 'logging/setLevel', params: { level: 'warning' } });
    harness.send({ id: 5, method: 'logging/setLevel', params: { level: 'x'.repeat(100) } });
    expect(harness.relay.resume()).toMatchObject({
      protocolVersion: '2025-11-25',
      initialize: { clientInfo: { name: 'test' } },
      subscriptions: ['file:///b'],
      logLevel: 'warning',
    });
  });
});

describe('known facts', () => {
  it.each([
    ['{'],
    ['[]'],
    ['{"schema":2,"tools":[]}'],
    ['{"schema":1,"tools":7,"protocolVersions":[],"title":3}'],
    [''],
  ])('SHIM-S5: %s is as good as none', (text) => {
    expect(parseKnownFacts(text)).toEqual(parseKnownFacts(undefined));
  });
});
