import { describe, expect, it } from 'vitest';
import type { HostPreferences } from '../../protocol/host-bridge.ts';
import type { ProblemView } from '../../protocol/snapshot.ts';
import { Notifier } from './notifier.ts';
import { defaultSettings } from './settings.ts';
import { session, snapshot } from './testing/facts.ts';

function scene(preferences: Partial<HostPreferences> = {}) {
  const titles: string[] = [];
  const notifier = new Notifier({
    desktop: { notify: ({ title }) => void titles.push(title) },
    preferences: () => ({ ...defaultSettings.preferences, ...preferences }),
    show: () => undefined,
  });
  return { titles, notifier };
}

function prompt(since: number): ProblemView {
  const scope = { kind: 'session', id: 's1' } as const;
  return {
    problemId: 'prompt:1',
    code: 'PROMPT_PENDING',
    severity: 'warning',
    scope,
    since,
    params: { name: 'github' },
  };
}

describe('Notifier', () => {
  it('DESK-notify: a prompt is told once, and again when it is asked again', () => {
    const { titles, notifier } = scene();
    for (const since of [1, 1, 2]) notifier.look([null, snapshot({ problems: [prompt(since)] })]);
    notifier.look([snapshot()]);
    expect(titles).toEqual(['github asks something', 'github asks something']);
  });

  it('DESK-notify: each of the three kinds has its switch', () => {
    for (const [off, left] of [
      ['notifyPrompts', 2],
      ['notifyCrashes', 2],
      ['notifyUpdates', 2],
    ] as const) {
      const { titles, notifier } = scene({ [off]: false });
      notifier.tell({ type: 'crashed' });
      notifier.tell({ type: 'update', version: '2' });
      notifier.tell({ type: 'prompt', name: 'x' });
      expect(titles).toHaveLength(left);
    }
  });

  it('DESK-notify: windows that come and go, and other problems, are told to nobody', () => {
    const { titles, notifier } = scene();
    notifier.look([snapshot({ sessions: [session('a')], problems: [{ ...prompt(1), code: 'OVER_CAPACITY' }] })]);
    notifier.look([snapshot()]);
    expect(titles).toEqual([]);
  });
});
