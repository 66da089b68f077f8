import { describe, expect, it } from 'vitest';
import type { LogFollow, LogLine } from '../../../protocol/logs.ts';
import {
  emptyBuffer,
  findInEntries,
  linesKept,
  splitAtMatches,
  takeMessages,
  textOfEntries,
  textOfLine,
} from './log-buffer.ts';

function line(msg: string, fields = ''): LogLine {
  return { t: '2026-11-26T14:02:11.000Z', level: 'info', msg, fields };
}

function lines(count: number, name = 'line'): LogFollow {
  return { type: 'lines', lines: Array.from({ length: count }, (_, index) => line(`${name} ${index}`)) };
}

describe('takeMessages', () => {
  it('keeps lines and gaps in order, with keys that never come twice', () => {
    const buffer = takeMessages(takeMessages(emptyBuffer, [lines(2)]), [{ type: 'gap', lines: 37 }, lines(1, 'after')]);
    expect(buffer.entries.map((entry) => (entry.type === 'line' ? entry.line.msg : entry.lines))).toEqual([
      'line 0',
      'line 1',
      37,
      'after 0',
    ]);
    expect(new Set(buffer.entries.map(({ key }) => key)).size).toBe(4);
  });

  it('keeps the last two thousand and counts what it dropped', () => {
    let buffer = takeMessages(emptyBuffer, [lines(linesKept)]);
    expect(buffer.dropped).toBe(0);
    buffer = takeMessages(buffer, [lines(5, 'new')]);
    expect(buffer.entries).toHaveLength(linesKept);
    expect(buffer.dropped).toBe(5);
    expect(buffer.entries[0]).toMatchObject({ line: { msg: 'line 5' } });
    expect(buffer.entries.at(-1)).toMatchObject({ key: String(linesKept + 4) });
  });

  it('is the same object when nothing has come', () => {
    const buffer = takeMessages(emptyBuffer, [lines(1)]);
    expect(takeMessages(buffer, [{ type: 'heartbeat' }])).toBe(buffer);
  });
});

describe('finding', () => {
  const { entries } = takeMessages(emptyBuffer, [
    { type: 'lines', lines: [line('hello accepted'), line('call', '{"tool":"Chat"}')] },
    { type: 'gap', lines: 3 },
  ]);

  it('looks in everything a line says, in any case', () => {
    expect(findInEntries(entries, 'CHAT')).toEqual([1]);
    expect(findInEntries(entries, 'info')).toEqual([0, 1]);
    expect(findInEntries(entries, '')).toEqual([]);
  });

  it('cuts a text at its matches and puts it together again', () => {
    expect(splitAtMatches('aXbxA', 'x')).toEqual(['a', 'X', 'b', 'x', 'A']);
    expect(splitAtMatches('<b>&</b>', '<b>')).toEqual(['', '<b>', '&</b>']);
    expect(splitAtMatches('İx', 'x')).toEqual(['İx']);
    expect(splitAtMatches('abc', '').join('')).toBe('abc');
  });

  it('copies lines as they were written', () => {
    expect(textOfLine({ t: null, level: null, msg: 'not ours', fields: '' })).toBe('not ours');
    expect(textOfEntries(entries, (count) => `(${count})`)).toBe(
      '2026-11-26T14:02:11.000Z INFO hello accepted\n2026-11-26T14:02:11.000Z INFO call {"tool":"Chat"}\n(3)',
    );
  });
});
