import { describe, expect, it } from 'vitest';
import type { HostState } from '../../protocol/host-bridge.ts';
import { AppPicture } from './app-picture.ts';
import { ClipboardKeeper } from './clipboard-keeper.ts';
import { defaultSettings } from './settings.ts';
import { snapshot, supervisor, trayFacts } from './testing/facts.ts';
import { ManualClock } from './testing/manual-clock.ts';
import type { TrayFacts } from './tray-model.ts';

function drawn() {
  const clock = new ManualClock();
  const pictures: { at: number; picture: string; status: string }[] = [];
  const pushed: HostState[] = [];
  const start = clock.now();
  let facts: TrayFacts = trayFacts({ supervisor: supervisor('stopped'), snapshot: null });
  const picture = new AppPicture({
    clock,
    desktop: {
      isMotionReduced: false,
      drawTray: (model, name) =>
        pictures.push({ at: clock.now() - start, picture: name, status: model.menu[0]?.label ?? '' }),
      window: { push: (state) => pushed.push(state) },
    },
    facts: () => facts,
    state: () => ({
      version: '1.0.0',
      platform: 'linux',
      supervisor: facts.supervisor,
      profiles: [],
      hasTrayHost: true,
      loginItem: 'off',
      update: { state: 'idle' },
      preferences: defaultSettings.preferences,
      launcher: { state: 'checkout' },
      vault: { state: 'checking' },
      about: {
        electron: '',
        chromium: '',
        node: '',
        licence: 'MIT',
        homepage: null,
        stateDir: '/state',
        crashes: 0,
      },
      notices: [],
    }),
  });
  return {
    clock,
    picture,
    pictures,
    pushed,
    change: (part: Partial<TrayFacts>) => {
      facts = trayFacts(part);
      picture.changed();
    },
  };
}

function inflight(count: number): Partial<TrayFacts> {
  const totals = { sessions: 1, inflight: count, queued: 0, refusedLastMinute: 0, callsToday: 0, errorsToday: 0 };
  return { snapshot: snapshot({ totals }) };
}

describe('TRAY-calm: how often tray and window are drawn', () => {
  it('not at all while nothing changes', async () => {
    const { clock, picture, pictures, pushed } = drawn();
    for (let second = 0; second < 60; second += 1) {
      picture.changed();
      await clock.advance(1_000);
    }
    expect([pictures.length, pushed.length]).toEqual([1, 1]);
  });

  it('at most two pictures and one menu a second under a storm of changes, and the last word is drawn', async () => {
    const { clock, pictures, change } = drawn();
    for (let tick = 0; tick < 100; tick += 1) {
      change(inflight(1 + (tick % 7)));
      await clock.advance(100);
    }
    change(inflight(0));
    await clock.advance(5_000);
    const gaps = pictures.slice(1).map(({ at }, index) => at - (pictures[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500);
    const menus = pictures.filter(({ status }, index) => index === 0 || status !== pictures[index - 1]?.status);
    const menuGaps = menus.slice(1).map(({ at }, index) => at - (menus[index]?.at ?? 0));
    expect(Math.min(...menuGaps)).toBeGreaterThanOrEqual(1_000);
    expect(pictures.at(-1)).toMatchObject({ picture: 'idle', status: 'Running: 1 session, 0 calls' });
  });

  it('TRAY-icon: a short call shows for a second and does not flicker', async () => {
    const { clock, pictures, change } = drawn();
    change(inflight(1));
    await clock.advance(100);
    change(inflight(0));
    await clock.advance(3_000);
    const names = pictures.map(({ picture }) => picture);
    expect(names.filter((name, index) => name !== names[index - 1])).toEqual(['working', 'idle']);
  });

  it('swaps the halves of starting for ten seconds and then rests', async () => {
    const { clock, pictures, change } = drawn();
    change({ supervisor: supervisor('starting'), snapshot: null });
    await clock.advance(60_000);
    expect(pictures.slice(0, 3).map(({ picture }) => picture)).toEqual(['starting', 'starting-b', 'starting']);
    expect(pictures.length).toBeLessThanOrEqual(18);
    expect(pictures.at(-1)?.picture).toBe('starting');
  });
});

describe('TRAY-icon: another glyph', () => {
  it('is drawn at once, though it says the same', async () => {
    const { clock, picture, pictures, change } = drawn();
    change({});
    await clock.advance(5_000);
    const before = pictures.length;
    picture.changed();
    await clock.advance(5_000);
    expect(pictures).toHaveLength(before);
    picture.redraw();
    await clock.advance(5_000);
    expect(pictures).toHaveLength(before + 1);
  });
});

describe('TRAY-clipboard: what must not stay', () => {
  function board() {
    const clock = new ManualClock();
    const content = { text: '' };
    const keeper = new ClipboardKeeper(
      {
        write: (text) => {
          content.text = text;
          return Promise.resolve();
        },
        read: () => Promise.resolve(content.text),
      },
      clock,
    );
    return { clock, content, keeper };
  }

  it('is taken off after its time, and at quit', async () => {
    const { clock, content, keeper } = board();
    await keeper.copy('secret', 60_000);
    await clock.advance(59_000);
    expect(content.text).toBe('secret');
    await clock.advance(2_000);
    expect(content.text).toBe('');
    await keeper.copy('secret', 60_000);
    await keeper.clear();
    expect(content.text).toBe('');
  });

  it('is left alone when somebody has copied something else, and a plain copy stays', async () => {
    const { clock, content, keeper } = board();
    await keeper.copy('secret', 60_000);
    content.text = 'of somebody else';
    await clock.advance(61_000);
    expect(content.text).toBe('of somebody else');
    await keeper.copy('secret', 60_000);
    await keeper.copy('config');
    await clock.advance(61_000);
    expect(content.text).toBe('config');
  });
});
