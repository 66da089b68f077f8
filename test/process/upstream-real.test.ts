import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RawClient as DirectClient, type RawClient, textOf } from '../support/raw-client.ts';
import { textFrom, writeServers } from '../support/upstream-scene.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

function program(name: string): string {
  return createRequire(import.meta.url).resolve(`@modelcontextprotocol/server-${name}/dist/index.js`);
}

/** What a client reads from a server, ids aside. */
async function read(client: RawClient): Promise<Record<string, unknown>> {
  const ask = async (method: string, params?: Record<string, unknown>): Promise<unknown> => {
    const { result, error } = await client.request(method, params);
    return result ?? error;
  };
  return {
    prompts: await ask('prompts/list'),
    resources: await ask('resources/list'),
    templates: await ask('resources/templates/list'),
    prompt: await ask('prompts/get', { name: 'simple-prompt' }),
    completion: await ask('completion/complete', {
      ref: { type: 'ref/prompt', name: 'completable-prompt' },
      argument: { name: 'department', value: 'E' },
    }),
    text: await ask('resources/read', { uri: 'demo://resource/static/document/architecture.md' }),
    sum: await ask('tools/call', { name: 'get-sum', arguments: { a: 2, b: 3 } }),
    image: await ask('tools/call', { name: 'get-tiny-image', arguments: {} }),
    structured: await ask('tools/call', { name: 'get-structured-content', arguments: { location: 'Chicago' } }),
    wrong: await ask('tools/call', { name: 'get-sum', arguments: { a: 'x' } }),
  };
}

describe('servers from npm', () => {
  it('UP-real: server-everything answers through the daemon as it does directly', async () => {
    const args = [program('everything')];
    writeServers(scene, { everything: { command: process.execPath, args } });
    await scene.startDaemon();
    const direct = new DirectClient({ command: process.execPath, args, env: scene.home.env });
    scene.onEnd(() => direct.stop());
    await direct.initialize();
    const window = await scene.openWindow();
    expect(await read(window)).toEqual(await read(direct));
  });

  it('UP-real: its long call reports progress under the token of the client', async () => {
    writeServers(scene, { everything: { command: process.execPath, args: [program('everything')] } });
    await scene.startDaemon();
    const window = await scene.openWindow();
    const call = window.callTool(
      'trigger-long-running-operation',
      { duration: 1, steps: 3 },
      { meta: { progressToken: 'mine' } },
    );
    expect(textOf(await call)).toContain('Long running operation completed');
    const progress = window.notifications.filter(({ method }) => method === 'notifications/progress');
    expect(progress.map(({ params }) => params?.['progress'])).toEqual([1, 2, 3]);
    expect(progress[0]?.params?.['progressToken']).toBe('mine');
  });

  it('UP-real: server-filesystem and server-memory side by side', async () => {
    const folder = join(scene.home.path, 'files');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.txt'), 'hello');
    writeServers(scene, {
      files: { command: process.execPath, args: [program('filesystem'), folder] },
      memory: {
        command: process.execPath,
        args: [program('memory')],
        env: { MEMORY_FILE_PATH: join(scene.home.path, 'memory.jsonl') },
      },
    });
    await scene.startDaemon();
    const window = await scene.openWindow();
    expect(await textFrom(window, 'read_text_file', { path: join(folder, 'a.txt') })).toBe('hello');
    const entities = [{ name: 'Ana', entityType: 'person', observations: ['likes tests'] }];
    await textFrom(window, 'create_entities', { entities });
    expect(await textFrom(await scene.openWindow(), 'read_graph')).toContain('likes tests');
  });
});
