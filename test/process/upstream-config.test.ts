import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { rawEntry, textFrom, toolNames, writeServers } from '../support/upstream-scene.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

describe('mcp.json', () => {
  it('UP-hot-reload: an added server is announced and a removed one ends; nobody else notices', async () => {
    writeServers(scene, { one: rawEntry('one') });
    await scene.startDaemon();
    const window = await scene.openWindow();
    const pid = await textFrom(window, 'pid');
    writeServers(scene, { one: rawEntry('one'), two: rawEntry('two') });
    await window.notification('notifications/tools/list_changed');
    await eventually('the tools of two', async () =>
      (await toolNames(window)).includes('only_two') ? true : undefined,
    );
    expect(await textFrom(window, 'one_pid')).toBe(pid);
    writeServers(scene, { one: rawEntry('one') });
    await eventually('the end of two', async () => ((await toolNames(window)).includes('only_two') ? undefined : true));
    expect(await textFrom(window, 'pid')).toBe(pid);
  });

  it('UP-config-forms UP-config-wrong UP-command-missing: one wrong entry takes no other with it', async () => {
    writeServers(
      scene,
      {
        good: rawEntry('good', { env: { FROM: '${env:HOME}' } }),
        wrong: { command: 5 },
        asking: { command: 'x', args: ['${input:key}'] },
        gone: { command: 'no-such-program-anywhere' },
      },
      'servers',
    );
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow();
    expect(await textFrom(window, 'env')).toContain(`"FROM":"${scene.home.path}"`);
    expect(daemon.stderr).toContain('servers.wrong.command');
    expect(daemon.stderr).toContain('servers.asking.args[0]');
    expect(daemon.stderr).toContain('command not found: no-such-program-anywhere, searched ');
  });

  it('UP-config-secrets: a secret reaches its server and no log, and no command line', async () => {
    const dir = join(scene.home.layout.credentialsDir, 'upstreams');
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, 'gh'), 'very-secret-value-123\n', { mode: 0o600 });
    writeServers(scene, {
      good: rawEntry('good', { env: { GH: '${secret:gh}' } }),
      bad: { command: process.execPath, args: ['${secret:gh}'] },
    });
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow();
    expect(await textFrom(window, 'env')).toContain('"GH":"very-secret-value-123"');
    const env: Record<string, string> = JSON.parse(await textFrom(window, 'env'));
    expect(Object.keys(env).filter((name) => name.startsWith('EXAI_'))).toEqual(['EXAI_UPSTREAM_MARK']);
    expect(daemon.stderr).toContain('mcpServers.bad.args[0]');
    expect(daemon.stderr).not.toContain('very-secret');
  });

  it('UP-names-stable: names are the same whichever server has started, after a restart too', async () => {
    const servers = { one: rawEntry('one'), two: rawEntry('two') };
    writeServers(scene, servers);
    const daemon = await scene.startDaemon();
    const names = await toolNames(await scene.openWindow());
    await daemon.stop();
    writeServers(scene, Object.fromEntries(Object.entries(servers).toReversed()));
    await scene.startDaemon();
    expect(await toolNames(await scene.openWindow())).toEqual(names);
  });

  it('UP-own-log: what a server writes to stderr lies in a file of its own', async () => {
    writeServers(scene, { one: rawEntry('one') });
    await scene.startDaemon();
    await textFrom(await scene.openWindow(), 'pid');
    const log = await eventually('the log', () => {
      try {
        return readFileSync(join(scene.home.logDir, 'upstream_one.log'), 'utf8');
      } catch {
        return undefined; // not there yet
      }
    });
    expect(log).toContain('server one runs');
  });
});
