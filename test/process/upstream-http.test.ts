import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { textFrom, writeServers } from '../support/upstream-scene.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();
const program = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** server-everything as somebody else's server; ends with the test. */
async function startRemote(transport: 'streamableHttp' | 'sse'): Promise<number> {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [program, transport], {
    env: { ...scene.home.env, PORT: String(port) },
    stdio: 'ignore',
  });
  scene.onEnd(async () => {
    child.kill('SIGKILL');
    await new Promise((resolve) => {
      child.once('close', resolve);
    });
  });
  await eventually('the remote server', async () => {
    try {
      await (await fetch(`http://127.0.0.1:${port}/nothing`)).body?.cancel();
      return true;
    } catch {
      return undefined; // not yet
    }
  });
  return port;
}

describe('remote servers', () => {
  it.each([
    ['streamableHttp', 'http', 'mcp'],
    ['sse', 'sse', 'sse'],
  ] as const)('UP-http: %s answers, reports progress and is used by two windows', async (transport, type, path) => {
    const port = await startRemote(transport);
    writeServers(scene, { remote: { type, url: `http://127.0.0.1:${port}/${path}` } });
    await scene.startDaemon();
    const [one, two] = [await scene.openWindow(), await scene.openWindow()];
    expect(await textFrom(one, 'get-sum', { a: 2, b: 3 })).toContain('5');
    expect(await textFrom(two, 'get-sum', { a: 4, b: 5 })).toContain('9');
    const long = { duration: 1, steps: 2 };
    await one.callTool('trigger-long-running-operation', long, { meta: { progressToken: 't' } });
    const progress = one.notifications.filter(({ method }) => method === 'notifications/progress');
    expect(progress.map(({ params }) => params?.['progressToken'])).toEqual(['t', 't']);
  });

  it('UP-http: one that is not there is told, and its place in the list stays empty', async () => {
    writeServers(scene, { remote: { url: `http://127.0.0.1:${await freePort()}/mcp` } });
    await scene.startDaemon();
    const window = await scene.openWindow();
    const { result } = await window.request('tools/list');
    expect(JSON.stringify(result)).toContain('"version"');
  });
});
