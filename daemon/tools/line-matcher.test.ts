import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { createLineMatcher, FilterTooSlowError, type LineMatcher } from './line-matcher.ts';

const never = new AbortController().signal;

async function matching(filter: string, lines: string[]): Promise<readonly boolean[]> {
  const matcher = matcherOf(filter);
  try {
    return await matcher.match(lines);
  } finally {
    await matcher.close();
  }
}

function matcherOf(filter: string, budgetMs = 10_000, signal = never): LineMatcher {
  const created = createLineMatcher(filter, { budgetMs, signal });
  if (created.type === 'invalid') throw new Error(created.reason);
  return created.matcher;
}

describe('createLineMatcher', () => {
  it('MAIN-builtin-tools: a plain word is found where it stands, in its case', async () => {
    expect(await matching('Fehler', ['ein Fehler', 'ein fehler', ''])).toEqual([true, false, false]);
  });

  it('MAIN-builtin-tools: a regular expression, also with flags as Python writes them', async () => {
    expect(await matching('chat|version$', ['chat!', 'a version', 'version 1'])).toEqual([true, true, false]);
    expect(await matching('(?i)ERR.*7', ['an err no 7', 'an err no 8'])).toEqual([true, false]);
    expect(await matching('^a.c$', ['abc', 'abc'])).toEqual([true, true]);
  });

  it('MAIN-builtin-tools: a broken expression is refused with a reason', () => {
    expect(createLineMatcher('(', { budgetMs: 10, signal: never })).toMatchObject({
      type: 'invalid',
      reason: expect.stringContaining('Unterminated group') as unknown,
    });
  });

  it('PF-P8: an expression that would backtrack for ever is ended, and the loop never stood still', async () => {
    const matcher = matcherOf('^(a+)+$', 200);
    let longestMs = 0;
    let last = performance.now();
    const watch = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
    }, 5);
    const startedAt = performance.now();
    await expect(matcher.match([`${'a'.repeat(60)}!`])).rejects.toBeInstanceOf(FilterTooSlowError);
    clearInterval(watch);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(longestMs).toBeLessThan(150);
    await matcher.close();
    await matcher.close();
  });

  it('MAIN-builtin-tools: one expression answers question after question', async () => {
    const matcher = matcherOf('^(a+)+$');
    expect(await matcher.match(['aaa'])).toEqual([true]);
    expect(await matcher.match(['aab', 'a'])).toEqual([false, true]);
    await matcher.close();
  });

  it('WIRE-O11: a cancelled call ends its filter with the reason of the cancel', async () => {
    const controller = new AbortController();
    const matcher = matcherOf('^(a+)+$', 60_000, controller.signal);
    const answer = matcher.match([`${'a'.repeat(60)}!`]);
    controller.abort(new Error('cancelled by the client'));
    await expect(answer).rejects.toThrow('cancelled by the client');
    await expect(matcher.match(['a'])).rejects.toThrow('cancelled by the client');
    await matcher.close();
  });
});
