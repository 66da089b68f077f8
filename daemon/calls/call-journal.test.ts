import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallJournal, PastJournal, sweepJournals } from './call-journal.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'exai-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function create(path = join(directory, 'calls-run1.jsonl')) {
  const failures: Error[] = [];
  const journal = new CallJournal(path, (error) => failures.push(error));
  journal.open();
  return { path, journal, failures };
}

const start = (id: string | number, shimId = 'shim-1') => ({ shimId, id, callId: `c_${id}` });

describe('CallJournal', () => {
  it('WIRE-M3 MAIN-honest-crash: one line before the call, one after it', () => {
    const { path, journal } = create();
    journal.start(start(7));
    expect(readFileSync(path, 'utf8')).toMatch(/^.+\n$/);
    journal.end('c_7');
    journal.close();
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.map((line) => (line === '' ? null : (JSON.parse(line) as unknown)))).toEqual([
      { t: expect.any(Number), e: 'start', shim: 'shim-1', id: 7, call: 'c_7', safe: false },
      { e: 'end', call: 'c_7' },
      null,
    ]);
    journal.close();
    journal.end('c_7'); // after close nothing is written, and nothing fails
    expect(readFileSync(path, 'utf8').split('\n')).toEqual(lines);
  });

  it('WIRE-M3 MAIN-honest-crash: calls that start in one turn are all written before any of them can go on', async () => {
    const { path, journal } = create();
    journal.end('c_6');
    for (const id of [7, 8]) journal.startBeforeNextTask(start(id));
    const wasWritten = Promise.resolve().then(() => readFileSync(path, 'utf8'));
    expect(readFileSync(path, 'utf8')).toBe('');
    expect((await wasWritten).split('\n').map((line) => /c_\d/.exec(line)?.[0])).toEqual([
      'c_6',
      'c_7',
      'c_8',
      undefined,
    ]);
    journal.startBeforeNextTask(start(9));
    journal.start(start(10));
    expect(new PastJournal(path).verdict('shim-1', 9)).toBe('may-have-run');
    journal.close();
  });

  it.skipIf(process.platform === 'win32')('MAIN-private-state: the file is the user’s alone', () => {
    expect(statSync(create().path).mode & 0o777).toBe(0o600);
  });

  it('WIRE-M3 MAIN-honest-crash: what was started may have run, ended or not; the rest was not started', () => {
    const { path, journal } = create();
    for (const id of [7, 'seven', 8]) journal.start(start(id));
    journal.end('c_8');
    const past = new PastJournal(path);
    expect([7, 'seven', 8, '7', 9].map((id) => past.verdict('shim-1', id))).toEqual([
      'may-have-run',
      'may-have-run',
      'may-have-run',
      'not-started',
      'not-started',
    ]);
    expect(past.verdict('shim-2', 7)).toBe('not-started');
    expect(past.verdict('shim-1 n7', '')).toBe('not-started');
    journal.close();
  });

  it('WIRE-M3: an empty journal vouches that nothing was started', () => {
    const { path, journal } = create();
    journal.close();
    expect(new PastJournal(path).verdict('shim-1', 7)).toBe('not-started');
  });

  it('WIRE-M3: without a journal nobody knows', () => {
    expect(new PastJournal(join(directory, 'calls-gone.jsonl')).verdict('shim-1', 7)).toBe('unreadable');
    expect(new PastJournal(directory).verdict('shim-1', 7)).toBe('unreadable');
  });

  it('WIRE-M3 MAIN-honest-crash: a last line torn by the crash had not been dispatched', () => {
    const { path, journal } = create();
    journal.start(start(7));
    const { size } = statSync(path);
    journal.start(start(8));
    journal.close();
    for (let cut = statSync(path).size - 2; cut > size; cut -= 7) {
      truncateSync(path, cut);
      const past = new PastJournal(path);
      expect([past.verdict('shim-1', 7), past.verdict('shim-1', 8)]).toEqual(['may-have-run', 'not-started']);
    }
  });

  it.each([
    'garbage',
    '{"e":"start","shim":"shim-1"}',
    '{"e":"start","shim":5,"id":7}',
    '{"e":"start","shim":"s","id":null}',
    '{"e":"dance"}',
    '7',
    '{"e":"sta',
  ])('WIRE-M3: a damaged line in the middle (%s) makes the whole journal worthless', (line) => {
    const { path, journal } = create();
    journal.start(start(7));
    journal.close();
    writeFileSync(path, `${readFileSync(path, 'utf8')}${line}\n{"e":"end","call":"c_7"}\n`);
    expect(new PastJournal(path).verdict('shim-1', 9)).toBe('unreadable');
  });

  it.runIf(existsSync('/dev/full'))(
    'BAD-full-disk WIRE-M3: a journal that cannot be written is removed, reported once, and harms no call',
    () => {
      const path = join(directory, 'calls-full.jsonl');
      symlinkSync('/dev/full', path);
      const { journal, failures } = create(path);
      for (const id of [1, 2, 3]) journal.start(start(id));
      journal.end('c_1');
      expect(failures).toMatchObject([{ code: 'ENOSPC' }]);
      expect(new PastJournal(path).verdict('shim-1', 1)).toBe('unreadable');
      expect(existsSync('/dev/full')).toBe(true);
    },
  );

  it('BAD-read-only-home: a journal that cannot be created is reported, and harms no call', () => {
    const { journal, failures } = create(join(directory, 'missing', 'calls-x.jsonl'));
    journal.start(start(1));
    journal.close();
    expect(failures).toMatchObject([{ code: 'ENOENT' }]);
  });
});

it('WIRE-M3: of other runs the last two journals stay, and every other file', () => {
  const names = [
    'calls-01A.jsonl',
    'calls-01B.jsonl',
    'calls-01C.jsonl',
    'calls-01D.jsonl',
    'daemon.json',
    'calls-notes.txt',
  ];
  for (const name of names) writeFileSync(join(directory, name), '');
  sweepJournals(join(directory, 'calls-01D.jsonl'));
  expect(names.filter((name) => existsSync(join(directory, name)))).toEqual(names.slice(1));
});
