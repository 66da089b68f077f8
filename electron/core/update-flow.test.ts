import { describe, expect, it } from 'vitest';
import type { UpdateView } from '../../protocol/host-desktop.ts';
import { callsInFlight } from './calls-in-flight.ts';
import type { DesktopPorts } from './desktop-ports.ts';
import { snapshot } from './testing/facts.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { UpdateFlow, updateWay } from './update-flow.ts';

/** An updater that has found 1.5.0 when a test says so, and the daemon's calls. */
class Scene implements Pick<DesktopPorts, 'updates'> {
  readonly clock = new ManualClock();
  readonly did: string[] = [];
  readonly ready: string[] = [];
  calls: number | undefined = 0;
  mayLeave = true;
  onInstall: () => void = () => undefined;
  tell: (view: UpdateView) => void = () => undefined;
  readonly updates: DesktopPorts['updates'];
  readonly flow: UpdateFlow;

  constructor(isAutomatic = true) {
    this.updates = {
      isAutomatic,
      check: () => void this.did.push('check'),
      install: () => {
        this.did.push('install');
        this.onInstall();
      },
      onChange: (listener) => {
        this.tell = listener;
      },
    };
    this.flow = new UpdateFlow({
      clock: this.clock,
      updates: this.updates,
      callsInFlight: async () => this.calls,
      leave: async () => {
        if (this.mayLeave) this.did.push('leave');
        return this.mayLeave;
      },
      stay: () => void this.did.push('stay'),
      onChange: () => undefined,
      onReady: (version) => void this.ready.push(version),
    });
  }

  async found(): Promise<void> {
    this.tell({ state: 'ready', version: '1.5.0' });
    await this.clock.advance(0);
  }
}

describe('UpdateFlow', () => {
  it('DESK-update-calls: with calls in flight it waits for the last, and installs after it', async () => {
    const scene = new Scene();
    await scene.found();
    scene.calls = 2;
    scene.flow.click();
    await scene.clock.advance(60_000);
    expect(scene.flow.view).toEqual({ state: 'waiting', version: '1.5.0', calls: 2 });
    scene.calls = undefined; // a daemon that does not say may have calls
    await scene.clock.advance(60_000);
    expect(scene.did).toEqual([]);
    scene.calls = 0;
    await scene.clock.advance(1_000);
    expect(scene.did).toEqual(['leave', 'install']);
  });

  it.each([
    ['by its event', (scene: Scene) => scene.tell({ state: 'failed', reason: 'no file' })],
    [
      'by throwing',
      () => {
        throw new Error('no file');
      },
    ],
  ])('DESK-update-way: where the updater cannot begin, which it says %s, the app stays', async (_how, fail) => {
    const scene = new Scene();
    await scene.found();
    scene.onInstall = () => fail(scene);
    scene.flow.click();
    await scene.clock.advance(0);
    expect(scene.did).toEqual(['leave', 'install', 'stay']);
    expect(scene.flow.view).toEqual({ state: 'failed', reason: 'no file' });
    scene.tell({ state: 'failed', reason: 'the next check' });
    expect(scene.did).toHaveLength(3);
  });

  it('DESK-update-calls: a second click calls the waiting off', async () => {
    const scene = new Scene();
    await scene.found();
    scene.calls = 1;
    scene.flow.click();
    await scene.clock.advance(0);
    scene.flow.click();
    scene.calls = 0;
    await scene.clock.advance(60_000);
    expect(scene.flow.view).toEqual({ state: 'ready', version: '1.5.0' });
    expect(scene.did).toEqual([]);
  });

  it('DESK-update-log-off: nothing is installed once the session of the desktop ends', async () => {
    const scene = new Scene();
    await scene.found();
    scene.calls = 1;
    scene.flow.click();
    await scene.clock.advance(0);
    scene.flow.stop();
    scene.calls = 0;
    await scene.clock.advance(60_000);
    expect(scene.did).toEqual([]);

    const ending = new Scene();
    ending.mayLeave = false; // it is leaving already, for another reason
    await ending.found();
    ending.flow.click();
    await ending.clock.advance(60_000);
    expect(ending.did).toEqual([]);
  });

  it('DESK-update-way: it looks by itself once a day, and never where looking opens a browser', async () => {
    const scene = new Scene();
    scene.flow.start();
    await scene.clock.advance(3 * 24 * 3_600_000);
    expect(scene.did).toEqual(['check', 'check', 'check']);
    const byHand = new Scene(false);
    byHand.flow.start();
    await byHand.clock.advance(3 * 24 * 3_600_000);
    expect(byHand.did).toEqual([]);
    byHand.flow.click();
    expect(byHand.did).toEqual(['check']);
  });

  it('DESK-notify: each version is told once', async () => {
    const scene = new Scene();
    await scene.found();
    await scene.found();
    expect(scene.ready).toEqual(['1.5.0']);
  });

  it.each([
    ['win32', true, false, 'automatic'],
    ['darwin', true, false, 'automatic'],
    ['linux', true, true, 'automatic'],
    ['linux', true, false, 'by-hand'], // deb, rpm: the updater would install them unverified
    ['darwin', false, false, 'by-hand'], // not signed: no feed
  ] as const)(
    'DESK-update-way: on %s, with a feed %s and as AppImage %s, it is %s',
    (platform, hasFeed, isAppImage, way) => {
      expect(updateWay({ platform, isPackaged: true, hasFeed, isAppImage })).toBe(way);
      expect(updateWay({ platform, isPackaged: false, hasFeed, isAppImage })).toBe('by-hand');
    },
  );

  it('DESK-update-calls: the daemons are asked, running and waiting calls alike', async () => {
    const totals = { ...snapshot().totals, inflight: 2, queued: 3 };
    const busy = { call: async () => snapshot({ totals }) as never };
    const silent = { call: async () => Promise.reject(new Error('gone')) };
    expect(await callsInFlight([busy, undefined, busy])).toBe(10);
    expect(await callsInFlight([undefined])).toBe(0);
    expect(await callsInFlight([busy, silent])).toBeUndefined();
  });
});
