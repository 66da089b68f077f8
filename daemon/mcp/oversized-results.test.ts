import { array, assert, constantFrom, integer, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textResult } from '../testing/tools.ts';
import { OversizedResults } from './oversized-results.ts';

const kib = 1024;
const limitBytes = 64 * kib;

function readAll(results: OversizedResults, uri: string, limit: number): { text: string; parts: string[] } {
  const parts: string[] = [];
  for (let next: unknown = uri; typeof next === 'string'; ) {
    const [content] = results.read(next, limit)?.contents ?? [];
    if (content === undefined) throw new Error(`no ${next}`);
    parts.push(JSON.stringify({ contents: [content] }));
    next = (content._meta['exai-tray/part'] as { next?: string }).next;
  }
  const texts = parts.map((part) => (JSON.parse(part) as { contents: [{ text: string }] }).contents[0].text);
  return { text: texts.join(''), parts };
}

describe('OversizedResults', () => {
  it('SHIM-S15: the beginning, a sentence with the full size, and a link to the rest', () => {
    const results = new OversizedResults();
    const text = 'é'.repeat(100_000);
    const replaced = results.replace(
      'c_1',
      { ...textResult(text), isError: true, structuredContent: { a: 1 }, _meta: { own: 1 } },
      200_100,
      9 * kib * kib,
    );
    const [beginning, sentence, link] = replaced.content;
    expect(beginning).toEqual({ type: 'text', text: 'é'.repeat(32 * kib) });
    expect(sentence?.['text']).toMatch(/^The result is 200100 bytes long, .*9437184/);
    expect(link).toEqual({
      type: 'resource_link',
      uri: 'exai://results/c_1/1',
      name: 'result c_1',
      mimeType: 'text/plain',
    });
    expect(replaced).toMatchObject({
      isError: true,
      _meta: { own: 1, 'exai-tray/truncated': { actual_size: 200_100, limit: 9_437_184 } },
    });
    expect(replaced).not.toHaveProperty('structuredContent');
    expect(readAll(results, 'exai://results/c_1/1', 9 * kib * kib).text).toBe(text);
  });

  it('SHIM-S15: whatever the text, every part and the beginning stay below the limit, and together they are the text', () => {
    const unit = constantFrom('a', '\u0000', '"', '\\', 'é', '\u2028', '😀', '\ud800');
    assert(
      property(
        array(string({ unit, minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 5 }),
        integer({ min: 1, max: 9000 }),
        (pieces, times) => {
          const results = new OversizedResults();
          const text = pieces.join('').repeat(times).slice(0, 300_000);
          const replaced = results.replace('c_1', textResult(text), 1, limitBytes);
          expect(Buffer.byteLength(JSON.stringify(replaced))).toBeLessThan(limitBytes - 1000);
          const { text: whole, parts } = readAll(results, 'exai://results/c_1/1', limitBytes);
          expect(whole === text).toBe(true);
          for (const part of parts) expect(Buffer.byteLength(part)).toBeLessThan(limitBytes - 1000);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('SHIM-S15: no character is cut in two', () => {
    const results = new OversizedResults();
    const text = `x${'😀'.repeat(30_000)}`;
    const replaced = results.replace('c_1', textResult(text), 1, limitBytes);
    expect(String(replaced.content[0]?.['text']).isWellFormed()).toBe(true);
    for (let part = 1; part <= 6; part += 1) {
      const [content] = results.read(`exai://results/c_1/${part}`, limitBytes)?.contents ?? [];
      expect(content?.text.isWellFormed()).toBe(true);
    }
  });

  it('SHIM-S15: content that is no text is kept as its JSON', () => {
    const results = new OversizedResults();
    const image = { type: 'image', data: 'A'.repeat(100), mimeType: 'image/png' };
    results.replace('c_1', { content: [{ type: 'text', text: 'see' }, image] }, 1, limitBytes);
    expect(readAll(results, 'exai://results/c_1/1', limitBytes).text).toBe(`see\n\n${JSON.stringify(image)}`);
  });

  it.each([
    '',
    'exai://results/c_1/0',
    'exai://results/c_1/2',
    'exai://results/c_2/1',
    'exai://results/c_1',
    'exai://results/c_1/1x',
    'file:///etc/passwd',
  ])('SHIM-S15: %j is no part', (uri) => {
    const results = new OversizedResults();
    results.replace('c_1', textResult('x'), 1, limitBytes);
    expect(results.read(uri, limitBytes)).toBeUndefined();
  });

  it('SHIM-S15: sixteen are kept, within a bound of bytes, the oldest go first', () => {
    const results = new OversizedResults(1000);
    const isKept = (id: string): boolean => results.read(`exai://results/${id}/1`, limitBytes) !== undefined;
    for (let count = 1; count <= 17; count += 1) results.replace(`c_${count}`, textResult('x'), 1, limitBytes);
    expect([isKept('c_1'), isKept('c_2'), isKept('c_17')]).toEqual([false, true, true]);
    results.replace('c_18', textResult('x'.repeat(990)), 1, limitBytes);
    expect([isKept('c_7'), isKept('c_8'), isKept('c_18')]).toEqual([false, true, true]);
  });
});
