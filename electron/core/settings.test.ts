import { describe, expect, it } from 'vitest';
import { DaemonProfiles } from './daemon-profiles.ts';
import { defaultSettings, readSettings, Settings } from './settings.ts';

function inMemory(raw?: unknown) {
  const written: unknown[] = [];
  let setAside = 0;
  const settings = new Settings(
    {
      read: () => raw,
      write: (now) => written.push(now),
      setAside: () => {
        setAside += 1;
      },
    },
    (error) => {
      throw error;
    },
  );
  return { settings, written, setAside: () => setAside };
}

describe('TRAY-settings: settings of the app', () => {
  it('are the defaults where there is no file, and nothing is set aside', () => {
    const { settings, setAside } = inMemory({});
    expect(settings.now).toEqual(defaultSettings);
    expect(setAside()).toBe(0);
  });

  it('come from an older file by numbered steps', () => {
    const places = { 'a layout': { x: 1, y: 2, width: 380, height: 560 } };
    const read = readSettings({ places });
    expect(read).toEqual({ isIntact: true, settings: { ...defaultSettings, places } });
  });

  it('keep every part that can be understood, and the file is set aside before it is written over', () => {
    const profiles = [{ ...defaultSettings.profiles[0], port: 9_000 }];
    const { settings, setAside } = inMemory({ settingsVersion: 7, profiles, preferences: { quitChoice: 'never' } });
    expect(settings.now).toEqual({ ...defaultSettings, profiles });
    expect(setAside()).toBe(1);
  });

  it('survive a file that is no settings at all', () => {
    for (const raw of [null, 'text', 12, []]) expect(readSettings(raw).settings).toEqual(defaultSettings);
  });

  it('hold for this run when the disk takes no file, and that is said', () => {
    const full = new Error('ENOSPC');
    const fail = (): never => {
      throw full;
    };
    const told: unknown[] = [];
    const settings = new Settings({ read: () => ({}), write: fail, setAside: fail }, (error) => told.push(error));
    settings.change({ seenNotices: ['hidden'] });
    expect(settings.now.seenNotices).toEqual(['hidden']);
    expect(told).toEqual([full]);
  });

  it('are never written over a file that could not be set aside', () => {
    const written: unknown[] = [];
    const told: unknown[] = [];
    const setAside = (): never => {
      throw new Error('EACCES');
    };
    const settings = new Settings({ read: () => null, write: (now) => written.push(now), setAside }, (error) =>
      told.push(error),
    );
    settings.change({ seenNotices: ['hidden'] });
    expect(written).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it('are stored at once', () => {
    const { settings, written } = inMemory({});
    settings.change({ seenNotices: ['hidden'] });
    expect(written).toEqual([{ ...defaultSettings, seenNotices: ['hidden'] }]);
  });
});

describe('TRAY-profiles: daemons of the app', () => {
  const env = { EXAI_STATE_DIR: '/state' };

  it('are added with an id that is a folder on every system, and a state directory of their own', () => {
    const profiles = new DaemonProfiles(inMemory({}).settings, env);
    expect(profiles.stateDirOf(profiles.current)).toBe('/state');
    expect(profiles.add('Größe & Co', 9_000)).toMatchObject({ profileId: 'gro-e-co', port: 9_000, isWanted: true });
    expect(profiles.add('Größe & Co', null)).toMatchObject({ profileId: 'gro-e-co-2' });
    expect(profiles.add('★', null)).toMatchObject({ profileId: 'daemon', stateDir: '/state/profiles/daemon' });
  });

  it('are switched, and stay so', () => {
    const { settings } = inMemory({});
    const profiles = new DaemonProfiles(settings, env);
    const { profileId } = profiles.add('Work', null);
    expect(profiles.switchTo('nobody')).toBe(false);
    expect(profiles.switchTo(profileId)).toBe(true);
    expect(new DaemonProfiles(settings, env).current.profileId).toBe(profileId);
  });
});
