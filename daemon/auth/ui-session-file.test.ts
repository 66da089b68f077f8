import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Digest } from './digest.ts';
import { UiSessionFile } from './ui-session-file.ts';
import { UiSessions, uiSessionIdleMs } from './ui-sessions.ts';

let dir: string;
let file: string;
let warnings: { msg: string; [field: string]: unknown }[];
let clock: { ms: number };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-ui-sessions-'));
  file = join(dir, 'ui-sessions.json');
  warnings = [];
  clock = { ms: 1_800_000_000_000 };
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
});

/** A run of the daemon; its monotonic clock begins anew. */
function run(): UiSessions {
  const begin = clock.ms;
  const warn = (msg: string, fields: object = {}): void => void warnings.push({ msg, ...fields });
  return new UiSessions({
    now: () => clock.ms - begin,
    wallNow: () => clock.ms,
    store: new UiSessionFile(file, { warn }),
  });
}

function stored(): { sessions: { lastUsedAt: number; expiresAt: number; [field: string]: unknown }[] } {
  return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof stored>;
}

describe('browser sessions in their file', () => {
  it('LIVE-ui-session-restart: cookie and keys are good in the next run, and are not in the file', () => {
    const before = run();
    const one = before.signIn([]);
    const second = before.signIn([one.cookie]);
    const out = before.signIn([]);
    before.signOut(out.session);
    const text = readFileSync(file, 'utf8');
    for (const { cookie, requestKey } of [one, second, out]) {
      expect(text).not.toContain(cookie);
      expect(text).not.toContain(requestKey);
    }
    expect(JSON.parse(text)).toEqual({
      schema: 1,
      sessions: [
        {
          label: one.session.label,
          cookie: Digest.of(one.cookie).hex,
          keys: [one.requestKey, second.requestKey].map((key) => Digest.of(key).hex),
          lastUsedAt: 1_800_000_000,
          expiresAt: 1_800_000_900,
        },
      ],
    });
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    const after = run();
    const found = after.find(one.cookie);
    expect(found?.label).toBe(one.session.label);
    expect([one, second, out].map(({ requestKey }) => found?.hasKey(requestKey))).toEqual([true, true, false]);
    expect(after.find(out.cookie)).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('LIVE-ui-session-expiry: the time between two runs counts', () => {
    const { cookie } = run().signIn([]);
    clock.ms += uiSessionIdleMs - 1;
    const after = run();
    expect(after.find(cookie)).toBeDefined();
    clock.ms += 1;
    expect(after.find(cookie)).toBeUndefined();
    expect(run().find(cookie)).toBeUndefined();
    // A clock that was set back.
    clock.ms -= 3 * uiSessionIdleMs;
    expect(run().find(cookie)).toBeUndefined();
  });

  it('LIVE-ui-session-restart: use is stored at most once a minute, and while a stream is open each minute', () => {
    vi.useFakeTimers();
    const advance = (ms: number): void => {
      clock.ms += ms;
      vi.advanceTimersByTime(ms);
    };
    const { session } = run().signIn([]);
    const usedAt = (): number => (stored().sessions[0]?.lastUsedAt ?? 0) - 1_800_000_000;
    advance(10_000);
    session.use()();
    session.use()();
    advance(20_000);
    expect(usedAt()).toBe(0);
    advance(30_000);
    expect(usedAt()).toBe(10);
    advance(600_000);
    expect(vi.getTimerCount()).toBe(0);
    const release = session.use();
    advance(0);
    expect(usedAt()).toBe(660);
    advance(3_600_000);
    expect(usedAt()).toBe(4_260);
    release();
    advance(60_000);
    expect([usedAt(), vi.getTimerCount()]).toEqual([4_260, 0]);
  });

  it.each([
    ['no JSON', '{"schema":1,"sess'],
    ['something else', '{"schema":2}'],
    [
      'no digests',
      '{"schema":1,"sessions":[{"label":"00000000","cookie":"x","keys":[],"lastUsedAt":1,"expiresAt":2}]}',
    ],
  ])('LIVE-ui-session-restart: a file with %s is no session, which the log says', (_what, text) => {
    writeFileSync(file, text, { mode: 0o600 });
    const sessions = run();
    expect(warnings).toEqual([
      { msg: expect.stringContaining('not used'), reason: expect.stringContaining('ui-sessions.json is damaged') },
    ]);
    const { cookie } = sessions.signIn([]);
    expect(run().find(cookie)).toBeDefined();
    expect(warnings).toHaveLength(1);
  });

  it('LIVE-ui-session-restart: a file that others can read is no session, which the log says', () => {
    if (process.platform === 'win32') return;
    const { cookie } = run().signIn([]);
    chmodSync(file, 0o644);
    expect(run().find(cookie)).toBeUndefined();
    expect(warnings).toMatchObject([{ reason: expect.stringContaining('chmod 600') }]);
  });

  it('LIVE-ui-session-restart: who cannot be stored is in for this run, and who signed out then stays out', () => {
    if (process.platform === 'win32') return;
    const sessions = run();
    const { cookie, session } = sessions.signIn([]);
    chmodSync(dir, 0o755);
    const other = sessions.signIn([]);
    expect(sessions.find(other.cookie)).toBe(other.session);
    sessions.signOut(session);
    expect(warnings.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('could not be stored'),
      expect.stringContaining('could not be stored'),
    ]);
    expect(existsSync(file)).toBe(false);
    chmodSync(dir, 0o700);
    expect(run().find(cookie)).toBeUndefined();
  });

  it('a directory in its place ends nothing', () => {
    mkdirSync(file);
    const sessions = run();
    const { cookie, session } = sessions.signIn([]);
    expect(sessions.find(cookie)).toBe(session);
  });
});
