import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../electron/core/clock.ts';
import { DaemonFleet } from '../../electron/core/daemon-fleet.ts';
import { DaemonProfiles } from '../../electron/core/daemon-profiles.ts';
import { ProcessStarter } from '../../electron/core/daemon-starter.ts';
import { Settings } from '../../electron/core/settings.ts';
import { readDiscovery } from '../../platform/discovery.ts';
import { stateLayout } from '../../platform/state-dir.ts';
import { programs, TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';

let home: TestHome;
let fleet: DaemonFleet;
let profiles: DaemonProfiles;

beforeEach(() => {
  home = new TestHome();
  const stored: unknown[] = [];
  profiles = new DaemonProfiles(
    new Settings(
      { read: () => stored.at(-1), write: (now) => stored.push(now), setAside: () => undefined },
      (error) => {
        throw error;
      },
    ),
    home.env,
  );
  fleet = new DaemonFleet({
    profiles,
    clock: systemClock,
    random: Math.random,
    version: '0.1.0',
    env: home.env,
    onChange: () => undefined,
    onRepeatedCrash: () => undefined,
    starter: new ProcessStarter({
      clock: systemClock,
      program: process.execPath,
      isElectron: false,
      script: programs.daemon,
      env: home.env,
      ownerPid: process.pid,
    }),
  });
});
afterEach(async () => {
  await fleet.leave('stop');
  await home.cleanUp();
});

async function ready(profileId: string): Promise<void> {
  await eventually(`the daemon ${profileId}`, () =>
    fleet.views().some((view) => view.profileId === profileId && view.state === 'ready') ? true : undefined,
  );
}

describe('TRAY-profiles: several daemons of one app', () => {
  it('run side by side, each with its own port, token and state directory', async () => {
    fleet.startWanted();
    await ready('default');
    const { profileId } = profiles.add('Work', null);
    fleet.start(profileId);
    await ready(profileId);
    const [first, second] = fleet.views();
    expect(fleet.views().map(({ name, isCurrent }) => [name, isCurrent])).toEqual([
      ['Default', true],
      ['Work', false],
    ]);
    const ports = [first, second].map((view) => {
      const read = readDiscovery(stateLayout(view?.stateDir ?? '').discoveryFile);
      return read.type === 'ok' ? read.file.tcp?.port : undefined;
    });
    expect(new Set(ports).size).toBe(2);
    const { client } = fleet.current;
    profiles.switchTo(profileId);
    expect(fleet.current.client).not.toBe(client);
    expect((await fleet.current.client?.call('token'))?.tokenFile).toContain(`/profiles/${profileId}/`);

    await fleet.stop(profileId);
    expect(fleet.views().map(({ state }) => state)).toEqual(['ready', 'stopped']);
    expect(profiles.find(profileId)?.isWanted).toBe(false); // nor at the next start of the app
  });

  it('live on when the app leaves without them', async () => {
    fleet.startWanted();
    await ready('default');
    await fleet.leave('keep');
    expect(home.daemonPids()).toHaveLength(1);
  });
});
