import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { busPath, TrayHostWatch } from '../../electron/core/tray-host.ts';
import { Arrivals } from '../support/deadline.ts';
import { FakeSessionBus } from '../support/session-bus.ts';
import { findTool } from '../support/tools.ts';

describe('TRAY-no-host: whether the desktop shows tray icons', () => {
  it.each([
    [{ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/user/7/bus,guid=1' }, '/run/user/7/bus'],
    [{ DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=/tmp/dbus-x' }, '\0/tmp/dbus-x'],
    [{ DBUS_SESSION_BUS_ADDRESS: 'tcp:host=h;unix:guid=1,path=/a%20b' }, '/a b'],
    [{ DBUS_SESSION_BUS_ADDRESS: 'disabled:' }, undefined],
    [{}, '/run/user/7/bus'],
  ])('finds the bus of %j', (env, path) => {
    expect(busPath(env, 7)).toBe(path);
  });

  it('follows the panel as it comes and goes, and only reads', async () => {
    const bus = await new FakeSessionBus(true).start();
    const told = new Arrivals<boolean>();
    const watch = new TrayHostWatch({ path: bus.path, uid: 7, onChange: (hasHost) => told.push(hasHost) });
    expect(await told.next('the host')).toBe(true);
    bus.setHost(false);
    expect(await told.next('no host')).toBe(false);
    bus.setHost(true);
    expect(await told.next('the host again')).toBe(true);
    expect(new Set(bus.calls)).toEqual(new Set(['Hello', 'AddMatch', 'NameHasOwner', 'Get']));
    await bus.stop();
    expect(await told.next('a bus that has gone')).toBe(false);
    watch.stop();
  });

  const dbus = findTool('dbusDaemon');
  it.skipIf('skip' in dbus)('speaks to a real bus, on which no panel is', async () => {
    const program = 'path' in dbus ? dbus.path : '';
    const folder = mkdtempSync(join(tmpdir(), 'exai-dbus-'));
    const path = join(folder, 'bus');
    const daemon = spawn(program, ['--session', '--nofork', '--print-address=1', `--address=unix:path=${path}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(daemon.stdout, 'data');
    const told = new Arrivals<boolean>();
    const uid = process.getuid?.() ?? 0;
    const watch = new TrayHostWatch({ path, uid, onChange: (hasHost) => told.push(hasHost) });
    expect(await told.next('no host')).toBe(false);
    expect(watch.isListening).toBe(true); // it answered: a bus that is not understood is left
    watch.stop();
    daemon.kill();
    await once(daemon, 'exit');
    rmSync(folder, { recursive: true });
  });

  it('takes a bus that cannot be reached for none', async () => {
    const told = new Arrivals<boolean>();
    const watch = new TrayHostWatch({ path: '/nowhere/bus', uid: 7, onChange: (hasHost) => told.push(hasHost) });
    expect(await told.next('no host')).toBe(false);
    watch.stop();
  });
});
