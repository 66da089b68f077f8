import { describe, expect, it } from 'vitest';
import { heightOf, rowsInView, scrollTopToReveal, topOf } from './unfold-window.ts';

const closed = { count: 10_000, rowHeight: 48, openIndex: -1, openHeight: 0 };
const open = { ...closed, openIndex: 5, openHeight: 200 };

describe('rowsInView', () => {
  it('draws what is in view and ten rows around it', () => {
    expect(rowsInView(closed, { scrollTop: 0, height: 480 })).toEqual({ start: 0, end: 21 });
    expect(rowsInView(closed, { scrollTop: 4_800, height: 480 })).toEqual({ start: 90, end: 121 });
  });

  it('stays below sixty rows in a tall window, at the end as well', () => {
    const { start, end } = rowsInView({ ...closed, rowHeight: 32 }, { scrollTop: 320_000, height: 900 });
    expect(end).toBe(10_000);
    expect(end - start).toBeLessThanOrEqual(60);
  });

  it('counts the unfolded part of a row that was scrolled past', () => {
    const scrollTop = topOf(open, 100);
    expect(scrollTop).toBe(100 * 48 + 200);
    expect(rowsInView(open, { scrollTop, height: 480 }).start).toBe(90);
    expect(rowsInView(open, { scrollTop: 5 * 48 + 100, height: 480 }).start).toBe(0);
    expect(heightOf(open)).toBe(10_000 * 48 + 200);
  });

  it('draws nothing of an empty list', () => {
    expect(rowsInView({ ...closed, count: 0 }, { scrollTop: 0, height: 480 })).toEqual({ start: 0, end: 0 });
  });
});

describe('scrollTopToReveal', () => {
  it('moves as little as possible', () => {
    const view = { scrollTop: 480, height: 480 };
    expect(scrollTopToReveal(closed, view, 12)).toBe(480);
    expect(scrollTopToReveal(closed, view, 9)).toBe(432);
    expect(scrollTopToReveal(closed, view, 20)).toBe(528);
    expect(scrollTopToReveal({ ...open, openIndex: 15 }, view, 15)).toBe(488);
  });
});
