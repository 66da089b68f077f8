import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, constant, integer, oneof, property, record } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Digest } from './digest.ts';
import { SharedToken, type SharedTokenOptions } from './shared-token.ts';
import { type SwapStep, swapSteps } from './token-files.ts';

const first = 'first-token-0000000001';
const second = 'second-token-000000002';
const third = 'third-token-0000000003';
const hasModes = process.platform !== 'win32';

let dir: string;
let file: string;
let tokenFile: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-shared-'));
  file = join(dir, 'credentials', 'shared.json');
  tokenFile = join(dir, 'credentials', 'shared.token');
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

type Options = Partial<Omit<SharedTokenOptions, 'file'>>;

function tryOpen(envToken?: string, options: Options = {}) {
  return SharedToken.open({ file, envToken, ...options });
}

function open(envToken?: string, options: Options = {}): SharedToken {
  const opened = tryOpen(envToken, options);
  if (opened.type === 'invalid') throw new Error(opened.message);
  return opened.sharedToken;
}

function refusal(envToken?: string): string {
  const opened = tryOpen(envToken);
  return opened.type === 'invalid' ? opened.message : 'accepted';
}

function stored(): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function published(): string | undefined {
  return existsSync(tokenFile) ? readFileSync(tokenFile, 'utf8') : undefined;
}

function names(): string[] {
  return existsSync(join(dir, 'credentials')) ? readdirSync(join(dir, 'credentials')).toSorted() : [];
}

/** Those of `candidates` that open a connection. */
function valid(sharedToken: SharedToken, candidates = [first, second, third]): string[] {
  return candidates.filter((candidate) => sharedToken.matches(candidate) !== 'no');
}

describe('start', () => {
  it('TOKEN-crash-safe: without a token nothing is written and nothing matches', () => {
    const sharedToken = open();
    expect(sharedToken.current).toBeUndefined();
    expect(sharedToken.generation).toBe(0);
    expect(sharedToken.matches('')).toBe('no');
    expect(valid(sharedToken)).toEqual([]);
    expect(names()).toEqual([]);
  });

  it('WIRE-O12: a token of the environment is published for the shims, the record waits for a rotation', () => {
    const sharedToken = open(first);
    expect(sharedToken.current).toEqual({ generation: 1, token: first });
    expect(sharedToken.tokenFile).toBe(tokenFile);
    expect(published()).toBe(`${first}\n`);
    expect(names()).toEqual(['shared.token']);
  });

  it('WIRE-O12: what is published already is not touched', () => {
    open(first);
    const before = statSync(tokenFile).mtimeMs;
    open(first);
    expect(statSync(tokenFile).mtimeMs).toBe(before);
  });

  it('TOKEN-crash-safe: a published token that nobody stands for any more is removed', () => {
    open(first);
    expect(open().current).toBeUndefined();
    expect(published()).toBeUndefined();
  });

  it('PF-A6: a token with # and quotes is published and matched to the character', () => {
    const token = '"a#b" #c\'\\$HOME%'.replaceAll(' ', '~').padEnd(20, '#');
    const sharedToken = open(token);
    expect(published()).toBe(`${token}\n`);
    expect(sharedToken.matches(token)).toBe('current');
    expect(sharedToken.matches(token.split('#', 1)[0] ?? '')).toBe('no');
  });

  it('PF-A1 WIRE-H16: a weak token never becomes the token', () => {
    for (const weak of ['short', 'abcdEFGH1234567', '<optional-token>', ' '.repeat(16)]) {
      expect(refusal(weak)).toContain('EXAI_WS_TOKEN');
      expect(refusal(weak)).not.toContain(weak);
    }
    expect(names()).toEqual([]);
  });

  it('PF-A1: a damaged record refuses to start and is left as it is', () => {
    open(first).rotate(second);
    writeFileSync(file, '{"generation":3,"token":"', { mode: 0o600 });
    expect(refusal()).toBe(
      `${file} is damaged; restore it from a backup, or remove it and set EXAI_WS_TOKEN to a new token`,
    );
    expect(refusal(first)).toContain('damaged');
    expect(readFileSync(file, 'utf8')).toBe('{"generation":3,"token":"');
  });

  it.skipIf(!hasModes)(
    'BAD-world-readable MAIN-private-state: a file that others can read refuses to start, with the fix',
    () => {
      open(first).rotate(second);
      for (const path of [file, tokenFile]) {
        chmodSync(path, 0o644);
        expect(refusal()).toBe(`other users can access ${path}; run: chmod 600 ${path}`);
        chmodSync(path, 0o600);
      }
      expect(open().current?.token).toBe(second);
    },
  );

  it.skipIf(!hasModes)('MAIN-private-state: both files are 0600 in a 0700 directory', () => {
    open(first).rotate(second);
    const modes = [file, tokenFile, join(dir, 'credentials')].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o700]);
  });
});

describe('rotation', () => {
  it('WIRE-O12: the new token is valid at once, stored and published; the old one is not', () => {
    const sharedToken = open(first);
    expect(sharedToken.rotate(second)).toEqual({ type: 'ok', generation: 2 });
    expect(sharedToken.current).toEqual({ generation: 2, token: second });
    expect(valid(sharedToken)).toEqual([second]);
    expect(stored()).toEqual({ generation: 2, token: second, retired: [Digest.of(first).hex] });
    expect(published()).toBe(`${second}\n`);
    expect(names()).toEqual(['shared.json', 'shared.token']);
  });

  it('WIRE-O12: where there was no token it sets the first one', () => {
    const sharedToken = open();
    expect(sharedToken.rotate(first)).toEqual({ type: 'ok', generation: 1 });
    expect(valid(sharedToken)).toEqual([first]);
    expect(stored()).toEqual({ generation: 1, token: first, retired: [] });
    expect(valid(open())).toEqual([first]);
  });

  it('WIRE-O13 PF-A5: outlives a restart with the old token in the environment, which is then reported', () => {
    open(first).rotate(second);
    const reopened = open(first);
    expect(valid(reopened)).toEqual([second]);
    expect(reopened.generation).toBe(2);
    expect(reopened.staleEnv).toBe(true);
    expect(reopened.isChangedByEnv).toBe(false);
    expect(open().staleEnv).toBe(false);
    expect(open(second).staleEnv).toBe(false);
  });

  it('WIRE-O13: a new value in the environment is a deliberate change, stored like a rotation', () => {
    open(first).rotate(second);
    const reopened = open(third);
    expect(reopened.isChangedByEnv).toBe(true);
    expect(valid(reopened)).toEqual([third]);
    expect(stored()).toMatchObject({ generation: 3, token: third });
    expect(published()).toBe(`${third}\n`);
    expect(valid(open(second))).toEqual([third]);
  });

  it('WIRE-O12: a weak token, the valid one and an earlier one are refused and change nothing', () => {
    const sharedToken = open(first);
    sharedToken.rotate(second);
    const before = stored();
    for (const next of ['8-chars!', '<optional-token>', second, first]) {
      expect(sharedToken.rotate(next)).toEqual({ type: 'weak' });
    }
    expect(stored()).toEqual(before);
    expect(valid(sharedToken)).toEqual([second]);
  });

  it.each(swapSteps.filter((step) => step !== 'flush'))(
    'WIRE-O12: when step %s fails everything stays as it was',
    (step) => {
      const sharedToken = open(first);
      sharedToken.rotate(second);
      const before = stored();
      const obstacle = {
        'stage-token': `${tokenFile}.next`,
        'stage-record': `${file}.next`,
        'publish-token': tokenFile,
        'commit-record': file,
      }[step];
      rmSync(obstacle, { force: true });
      mkdirSync(obstacle);

      const rotation = sharedToken.rotate(third);
      expect(rotation.type).toBe('failed');
      const message = rotation.type === 'failed' ? rotation.error.message : '';
      expect(message).toContain(step);
      expect(message).not.toContain(third);
      expect(valid(sharedToken)).toEqual([second]);
      expect(sharedToken.generation).toBe(2);
      expect(names().filter((name) => name.endsWith('.next') && !obstacle.endsWith(name))).toEqual([]);
      if (obstacle !== file) expect(stored()).toEqual(before);
      if (obstacle !== tokenFile) expect(published()).toBe(`${second}\n`);

      rmSync(obstacle, { recursive: true });
      if (obstacle === file) writeFileSync(file, JSON.stringify(before), { mode: 0o600 });
      expect(valid(open())).toEqual([second]);
      expect(names()).toEqual(['shared.json', 'shared.token']);
    },
  );
});

describe('grace', () => {
  it('WIRE-O12: without one the old token is invalid at once', () => {
    const sharedToken = open(first, { now: () => 0 });
    sharedToken.rotate(second);
    expect(sharedToken.matches(first)).toBe('no');
    expect(sharedToken.previousGeneration).toBeUndefined();
  });

  it('WIRE-O12: with one it opens connections for that long, as a token of its generation', () => {
    let now = 1_000;
    const sharedToken = open(first, { graceMs: 60_000, now: () => now });
    sharedToken.rotate(second);
    expect(sharedToken.matches(second)).toBe('current');
    expect(sharedToken.matches(first)).toBe('grace');
    expect(sharedToken.previousGeneration).toBe(1);
    now += 59_999;
    expect(sharedToken.matches(first)).toBe('grace');
    now += 1;
    expect(sharedToken.matches(first)).toBe('no');
    expect(sharedToken.previousGeneration).toBeUndefined();
  });

  it('WIRE-O12: only the last token has it, and neither a restart nor a clear', () => {
    const options = { graceMs: 60_000, now: () => 0 };
    const sharedToken = open(first, options);
    sharedToken.rotate(second);
    sharedToken.rotate(third);
    expect(valid(sharedToken)).toEqual([second, third]);
    expect(valid(open(first, options))).toEqual([third]);
    sharedToken.clear();
    expect(valid(sharedToken)).toEqual([]);
  });
});

describe('clear', () => {
  it('WIRE-O13: no token is valid any more, also after a restart with the old one in the environment', () => {
    const sharedToken = open(first);
    expect(sharedToken.clear()).toEqual({ type: 'ok' });
    expect(sharedToken.current).toBeUndefined();
    expect(valid(sharedToken)).toEqual([]);
    expect(names()).toEqual(['shared.json']);
    const reopened = open(first);
    expect(valid(reopened)).toEqual([]);
    expect(reopened.staleEnv).toBe(true);
  });

  it('WIRE-O12: a rotation after it counts on and brings no earlier token back', () => {
    const sharedToken = open(first);
    sharedToken.clear();
    expect(sharedToken.rotate(first)).toEqual({ type: 'weak' });
    expect(sharedToken.rotate(second)).toEqual({ type: 'ok', generation: 2 });
    expect(valid(sharedToken)).toEqual([second]);
  });
});

class Crash extends Error {}

/** Dies after that step, as by `kill -9`: nothing behind it runs. */
function dieAfter(step: SwapStep | undefined): Options {
  return {
    afterStep: (done) => {
      if (done === step) throw new Crash(done);
    },
  };
}

function isCommitted(step: SwapStep): boolean {
  return swapSteps.indexOf(step) >= swapSteps.indexOf('commit-record');
}

/** What must hold after every start, whatever has happened before. */
function expectOneState(sharedToken: SharedToken): void {
  const { current } = sharedToken;
  expect(published()).toBe(current === undefined ? undefined : `${current.token}\n`);
  expect(names().filter((name) => name !== 'shared.json' && name !== 'shared.token')).toEqual([]);
  const onDisk = stored();
  if (onDisk !== undefined)
    expect(onDisk).toMatchObject({ generation: sharedToken.generation, token: current?.token ?? null });
}

describe.each(swapSteps)('TOKEN-crash-safe WIRE-O12: crash after %s', (step) => {
  it('of a rotation: both files agree and exactly one token is valid', () => {
    open(first).rotate(second);
    expect(() => open(first, dieAfter(step)).rotate(third)).toThrow(Crash);
    const reopened = open(first);
    expect(valid(reopened)).toEqual([isCommitted(step) ? third : second]);
    expectOneState(reopened);
  });

  it('of the first rotation away from the environment', () => {
    expect(() => open(first, dieAfter(step)).rotate(second)).toThrow(Crash);
    const reopened = open(first);
    expect(valid(reopened)).toEqual([isCommitted(step) ? second : first]);
    expectOneState(reopened);
  });

  it('of the first token of all', () => {
    expect(() => open(undefined, dieAfter(step)).rotate(first)).toThrow(Crash);
    const reopened = open();
    expect(valid(reopened)).toEqual(isCommitted(step) ? [first] : []);
    expectOneState(reopened);
  });

  it('of a clear', () => {
    open(first).rotate(second);
    expect(() => open(undefined, dieAfter(step)).clear()).toThrow(Crash);
    const reopened = open();
    expect(valid(reopened)).toEqual(isCommitted(step) ? [] : [second]);
    expectOneState(reopened);
  });

  it('of a start with a new token in the environment: the next start completes it', () => {
    open(first).rotate(second);
    expect(() => open(third, dieAfter(step))).toThrow(Crash);
    const reopened = open(third);
    expect(valid(reopened)).toEqual([third]);
    expect(reopened.generation).toBe(3);
    expectOneState(reopened);
  });
});

describe('what a crash leaves', () => {
  it('TOKEN-crash-safe: temp files of an interrupted write are removed, other files are not', () => {
    open(first).rotate(second);
    const leftovers = ['.shared.json.next.4711-2x9f.tmp', '.shared.token.4711-2x9f.tmp', 'shared.token.next'];
    const others = ['instances.json', 'shared.json.bak', '.instances.json.4711-2x9f.tmp'];
    for (const name of [...leftovers, ...others]) writeFileSync(join(dir, 'credentials', name), third, { mode: 0o600 });
    expect(valid(open())).toEqual([second]);
    expect(names()).toEqual([...others, 'shared.json', 'shared.token'].toSorted());
  });

  it('TOKEN-crash-safe: any sequence of rotations, clears, crashes and restarts keeps one agreeing pair', () => {
    const crash = oneof(constant(undefined), ...swapSteps.map((step) => constant(step)));
    const move = oneof(
      record({ type: constant('rotate' as const), crash }),
      record({ type: constant('clear' as const), crash }),
      record({ type: constant('restart' as const), env: integer({ min: 0, max: 5 }) }),
    );
    assert(
      property(array(move, { maxLength: 10 }), (moves) => {
        rmSync(join(dir, 'credentials'), { recursive: true, force: true });
        const seen = ['environment-token-0', 'environment-token-1', 'environment-token-2'];
        let dieAt: SwapStep | undefined;
        let env: string | undefined;
        const afterStep = (done: SwapStep): void => {
          if (done === dieAt) throw new Crash(done);
        };
        let sharedToken = open(env, { afterStep });
        for (const next of moves) {
          if (next.type === 'restart') {
            env = seen[next.env];
            sharedToken = open(env, { afterStep });
          } else {
            const before = sharedToken.current?.token;
            const after = next.type === 'rotate' ? `rotated-to-token-${seen.length}` : undefined;
            if (after !== undefined) seen.push(after);
            dieAt = next.crash;
            try {
              if (after === undefined) sharedToken.clear();
              else sharedToken.rotate(after);
            } catch (error) {
              if (!(error instanceof Crash) || dieAt === undefined) throw error;
              const expected = isCommitted(dieAt) ? after : before;
              dieAt = undefined;
              sharedToken = open(env, { afterStep });
              expect(sharedToken.current?.token).toBe(expected);
            }
            dieAt = undefined;
          }
          expectOneState(sharedToken);
          const { current } = sharedToken;
          expect(valid(sharedToken, seen)).toEqual(current === undefined ? [] : [current.token]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
