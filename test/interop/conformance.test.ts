import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DaemonProcess, programs, runToEnd, TestHome } from '../support/daemon-process.ts';
import { Inspector } from './inspector.ts';

const suite = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);
const fixture = fileURLToPath(new URL('./fixture-server.ts', import.meta.url));
const expectedFailures = fileURLToPath(new URL('./expected-failures.yml', import.meta.url));

describe('a server behind the daemon', () => {
  const home = new TestHome();
  let daemon: DaemonProcess;
  beforeAll(async () => {
    mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
    const servers = { mcpServers: { fixture: { command: process.execPath, args: [fixture] } } };
    writeFileSync(join(home.stateDir, 'mcp.json'), JSON.stringify(servers), { mode: 0o600 });
    daemon = await home.startDaemon();
  });
  afterAll(() => home.cleanUp());

  it('INTEROP-conformance: every server scenario passes, but for the listed ones, which fail', async () => {
    const url = new URL('/mcp', daemon.address).href;
    const options = ['--suite', 'all', '--expected-failures', expectedFailures, '-o', join(home.path, 'results')];
    const finished = await runToEnd(process.execPath, [suite, 'server', '--url', url, ...options], home.env, 120_000);
    expect(finished.stdout).toMatch(/Total: [1-9]\d* passed/);
    expect(finished).toMatchObject({ code: 0 });
  }, 150_000);

  it('INTEROP-conformance: a listed scenario that passes is an error', async () => {
    const stale = join(home.path, 'stale.yml');
    writeFileSync(stale, 'server:\n  - ping\n');
    const url = new URL('/mcp', daemon.address).href;
    const options = ['--scenario', 'ping', '--expected-failures', stale];
    const finished = await runToEnd(process.execPath, [suite, 'server', '--url', url, ...options], home.env, 60_000);
    expect(finished.stdout).toContain('Stale baseline');
    expect(finished.code).toBe(1);
  });

  it.each([
    ['tools/call', '--tool-name', 'test_multiple_content_types'],
    ['resources/read', '--uri', 'test://static-binary'],
    ['prompts/get', '--prompt-name', 'test_prompt_with_arguments', '--prompt-args', 'arg1=a', 'arg2=b'],
    ['resources/list'],
    ['resources/templates/list'],
    ['prompts/list'],
  ])('INTEROP-inspector: %s is answered directly, over HTTP and through the shim with the same', async (...call) => {
    const inspector = new Inspector({ ...home.env, EXAI_WS_AUTOSTART: 'false' });
    const directly = await inspector.stdio([process.execPath, fixture], call);
    expect(JSON.stringify(directly).length).toBeGreaterThan(50);
    expect(await inspector.http(new URL('/mcp', daemon.address), call)).toEqual(directly);
    expect(await inspector.stdio([process.execPath, programs.shim], call)).toEqual(directly);
  });
});
