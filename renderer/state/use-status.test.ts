import { describe, expect, it } from 'vitest';
import { ownedStatusOf } from './use-status.ts';

describe('TRAY-follows: what the first line says in the window of the tray app', () => {
  it.each([
    ['ready', 'draining', 'draining'],
    ['ready', 'reconnecting', 'reconnecting'],
    ['stopped', 'not-answering', 'stopped'],
    ['starting', 'not-answering', 'starting'],
    ['backing-off', 'reconnecting', 'starting'],
    ['stopping', 'running', 'stopping'],
    ['failed', 'connecting', 'failed'],
  ] as const)('a daemon that is %s, whose feed says %s: %s', (supervisor, heard, status) => {
    expect(ownedStatusOf(supervisor, heard)).toBe(status);
  });
});
