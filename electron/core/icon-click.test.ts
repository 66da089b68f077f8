import { describe, expect, it } from 'vitest';
import { IconClick } from './icon-click.ts';

describe('TRAY-click: a click on the icon', () => {
  it('toggles the window on Windows, and takes a double click for one', () => {
    let now = 0;
    const click = new IconClick({ platform: 'win32', now: () => now });
    expect(click.answer(false)).toBe('show');
    now += 100;
    expect(click.answer(true)).toBe('nothing');
    now += 100; // a third click begins anew
    expect(click.answer(true)).toBe('hide');
    now += 1_000;
    expect(click.answer(false)).toBe('show');
  });

  it.each(['linux', 'darwin'] as const)('only shows it on %s', (platform) => {
    const click = new IconClick({ platform, now: () => 0 });
    expect([click.answer(false), click.answer(true), click.answer(true)]).toEqual(['show', 'show', 'show']);
  });
});
