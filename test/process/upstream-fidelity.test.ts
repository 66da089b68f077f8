import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { type RawClient, textOf } from '../support/raw-client.ts';
import { rawEntry, textFrom, writeServers } from '../support/upstream-scene.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

async function openWindows(
  count: number,
  servers: Record<string, unknown> = { raw: rawEntry('raw') },
): Promise<RawClient[]> {
  writeServers(scene, servers);
  await scene.startDaemon();
  return Promise.all(Array.from({ length: count }, () => scene.openWindow()));
}

/** A window whose client can be asked. */
async function openAskable(capabilities: Record<string, unknown>): Promise<RawClient> {
  const window = scene.startShim();
  await window.request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities,
    clientInfo: { name: 'askable', version: '1' },
  });
  window.notify('notifications/initialized');
  await window.request('tools/list');
  return window;
}

function first(windows: readonly RawClient[]): RawClient {
  const [window] = windows;
  if (window === undefined) throw new Error('no window');
  return window;
}

describe('payloads', () => {
  it('UP-bytes: a result and a description keep every byte that no schema knows', async () => {
    const window = first(await openWindows(1));
    await window.callTool('odd', {}, { id: 'odd-1' });
    const line = window.lines.find((one) => one.includes('"odd-1"'));
    expect(line).toContain(
      '"result":{"content":[{"type":"x-odd","n":12345678901234567890,"e":1.50e2}],"structuredContent":{"a":1.0,"u":"\\u00e9\\/"},"_meta":{"k":-0.0},"x-more":[ 1 , 2 ]}',
    );
    const list = window.lines.find((one) => one.includes('"icons"'));
    expect(list).toContain('"x-unknown":{"big":12345678901234567890,"exp":1e400,"esc":"\\u2028\\/"}');
    expect(list).toContain('"annotations":{"readOnlyHint":true,"x-hint":[1.0]}');
  });

  it('UP-bytes: arguments keep every byte; only name and token are exchanged', async () => {
    const window = first(await openWindows(1, { one: rawEntry('one'), two: rawEntry('two') }));
    const answer = window.answer('raw-1');
    window.sendLine(
      '{"jsonrpc":"2.0","id":"raw-1","method":"tools/call","params":{"x":1.0,"name":"one_raw_line","arguments":{"n":12345678901234567890,"s":"\\u00e9"},"_meta":{"progressToken":"tök","k":-0.0}}}',
    );
    const got = textOf(await answer);
    expect(got).toContain(
      '"x":1.0,"name":"raw_line","arguments":{"n":12345678901234567890,"s":"\\u00e9"},"_meta":{"progressToken":',
    );
    expect(got).toContain(',"k":-0.0}');
    expect(got).not.toContain('tök');
  });

  it('UP-errors: code, message and data of a server are passed on', async () => {
    const window = first(await openWindows(1));
    const { error } = await window.callTool('error', {}, { id: 'e-1' });
    expect(error).toEqual({ code: -32042, message: 'odd error', data: { n: 1 } });
    expect(window.lines.find((one) => one.includes('"e-1"'))).toContain('"data":{"n":1.0}');
  });
});

describe('requests of several windows', () => {
  it('UP-ids PF-X2: equal ids and tokens never meet; a cancellation reaches its own request', async () => {
    const [one, two] = await openWindows(2);
    if (one === undefined || two === undefined) throw new Error('no windows');
    const options = { id: 7, meta: { progressToken: 7 } };
    const kept = two.callTool('nap', { ms: 300, steps: 3, tag: 'two' }, options);
    void one.callTool('nap', { ms: 300, steps: 30, tag: 'one' }, options).catch(() => undefined);
    await one.notification('notifications/progress');
    one.cancel(7);
    expect(textOf(await kept)).toBe('two');
    const messages = (window: RawClient): unknown[] =>
      window.notifications
        .filter(({ method }) => method === 'notifications/progress')
        .map(({ params }) => params?.['message']);
    expect(messages(two)).toEqual(['step 1 of two', 'step 2 of two', 'step 3 of two']);
    expect(new Set(messages(one))).toEqual(new Set(['step 1 of one']));
    const cancelled: unknown = JSON.parse(await textFrom(two, 'cancelled'));
    expect(cancelled).toHaveLength(1);
    expect(one.lines.some((line) => line.includes('"id":7'))).toBe(false);
  });

  it('UP-asks WIRE-M8: a question goes to the window of the call, its answer back to the server', async () => {
    writeServers(scene, { raw: rawEntry('raw') });
    await scene.startDaemon();
    const other = await openAskable({ elicitation: {} });
    const window = await openAskable({ elicitation: {} });
    const call = window.callTool('ask', { method: 'elicitation/create', params: { message: 'Really?', 'x-odd': 1 } });
    const asked = await window.message('the question', ({ method }) => method === 'elicitation/create');
    expect(asked).toMatchObject({ id: 'exai-1', params: { message: 'Really?', 'x-odd': 1 } });
    window.sendLine(JSON.stringify({ jsonrpc: '2.0', id: asked.id, result: { action: 'accept', content: { a: 1 } } }));
    expect(textOf(await call)).toBe('{"action":"accept","content":{"a":1}}');
    expect(other.lines.some((line) => line.includes('elicitation/create'))).toBe(false);
  });

  it('UP-asks: what no single window has caused is refused, and so is what its client cannot do', async () => {
    writeServers(scene, { raw: rawEntry('raw') });
    await scene.startDaemon();
    const one = await openAskable({ roots: {} });
    const two = await openAskable({});
    expect(textOf(await two.callTool('ask', { method: 'roots/list' }))).toContain('does not support roots');
    const hanging = two.callTool('hang', {}, { id: 'h' }).catch(() => undefined);
    await eventually('the hanging call', async () =>
      (await textFrom(one, 'seen')).split('tools/call').length > 3 ? true : undefined,
    );
    expect(textOf(await one.callTool('ask', { method: 'roots/list' }))).toContain('no single window');
    two.cancel('h');
    await eventually('the end of the hanging call', async () => {
      const call = one.callTool('ask', { method: 'roots/list' }, { id: `r${Math.random()}` });
      const refused = call.then((answer) => (textOf(answer).includes('no single window') ? 'refused' : 'asked'));
      const asked = one
        .message('roots', ({ method }) => method === 'roots/list', 500)
        .then(
          (message) => {
            one.sendLine(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { roots: [] } }));
            return 'asked';
          },
          () => 'refused',
        );
      return (await Promise.race([refused, asked])) === 'asked' ? true : undefined;
    });
    void hanging;
  });

  it('UP-log-level: a message goes to its own window, at the level it wants', async () => {
    const [one, two] = await openWindows(2);
    if (one === undefined || two === undefined) throw new Error('no windows');
    await one.request('logging/setLevel', { level: 'warning' });
    await textFrom(one, 'log', { level: 'info', data: 'too low' });
    await textFrom(one, 'log', { level: 'error', data: 'for one' });
    await textFrom(two, 'log', { level: 'info', data: 'for two' });
    const logged = (window: RawClient): unknown[] =>
      window.notifications
        .filter(({ method }) => method === 'notifications/message')
        .map(({ params }) => params?.['data']);
    expect(logged(one)).toEqual(['for one']);
    expect(logged(two)).toEqual(['for two']);
  });
});

describe('other requests', () => {
  it('UP-lists: resources, templates, prompts and completion of two servers', async () => {
    const window = first(await openWindows(1, { one: rawEntry('one'), two: rawEntry('two') }));
    expect((await window.request('resources/list')).result).toMatchObject({
      resources: [{ uri: 'raw://one/one' }, { uri: 'raw://two/one' }],
    });
    expect((await window.request('resources/templates/list')).result?.['resourceTemplates']).toHaveLength(2);
    const read = async (uri: string): Promise<unknown> =>
      (await window.request('resources/read', { uri })).result?.['contents'];
    expect(await read('raw://two/one')).toMatchObject([{ text: 'from two', 'x-odd': 1 }]);
    expect(await read('raw://one/42')).toMatchObject([{ text: 'from one' }]);
    expect((await window.request('resources/read', { uri: 'raw://nobody/1' })).error?.data).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect((await window.request('prompts/list')).result).toMatchObject({
      prompts: [{ name: 'one_greet', 'x-odd': 1 }, { name: 'two_greet' }],
    });
    expect((await window.request('prompts/get', { name: 'two_greet' })).result?.['description']).toBe('greet of two');
    const ref = { type: 'ref/prompt', name: 'one_greet' };
    const completion = await window.request('completion/complete', { ref, argument: { name: 'a', value: 'b' } });
    expect(completion.result).toEqual({ completion: { values: ['greet of one'] } });
  });

  it('UP-subscriptions: asked once, heard by all who have, told when the last has gone', async () => {
    const [one, two, three] = await openWindows(3);
    if (one === undefined || two === undefined || three === undefined) throw new Error('no windows');
    const uri = 'raw://raw/one';
    await one.request('resources/subscribe', { uri });
    await two.request('resources/subscribe', { uri });
    await textFrom(three, 'update', { uri });
    for (const window of [one, two]) {
      expect((await window.notification('notifications/resources/updated')).params).toEqual({ uri });
    }
    expect(three.notifications.some(({ method }) => method === 'notifications/resources/updated')).toBe(false);
    await one.request('resources/unsubscribe', { uri });
    expect(await textFrom(three, 'seen')).not.toContain('resources/unsubscribe');
    await two.stop();
    await eventually('the end of the subscription', async () =>
      (await textFrom(three, 'seen')).includes('resources/unsubscribe') ? true : undefined,
    );
    const seen = await textFrom(three, 'seen');
    expect(seen.split('resources/subscribe raw')).toHaveLength(2);
  });

  it('UP-list-changed: five notifications of a server are one of ours, and the list is new', async () => {
    const [one, two] = await openWindows(2);
    if (one === undefined || two === undefined) throw new Error('no windows');
    await two.request('prompts/list');
    await two.request('resources/list');
    await two.request('resources/templates/list');
    const before = two.notifications.length;
    await textFrom(one, 'add_tool', { name: 'brand_new' });
    const isNews = ({ method }: { method?: string }): boolean => method === 'notifications/tools/list_changed';
    await eventually('the news', () => (two.notifications.slice(before).some(isNews) ? true : undefined));
    const { result } = await two.request('tools/list');
    expect(JSON.stringify(result)).toContain('"brand_new"');
    expect(two.notifications.slice(before).filter(isNews)).toHaveLength(1);
    expect(await textFrom(two, 'brand_new')).toBe('brand_new of raw');
  });
});
