import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineCutter, type OversizedLine } from './stdio-lines.ts';

function cut(chunks: readonly Uint8Array[], maxLineBytes = 1024): { lines: string[]; oversized: OversizedLine[] } {
  const lines: string[] = [];
  const oversized: OversizedLine[] = [];
  const cutter = new LineCutter(maxLineBytes, {
    onLine: (line) => lines.push(line.toString('utf8')),
    onOversized: (line) => oversized.push(line),
  });
  for (const chunk of chunks) cutter.push(Buffer.from(chunk));
  return { lines, oversized };
}

/** Cuts bytes at the given places, whatever they hit. */
function splitAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  const starts = [0, ...ends];
  return starts.map((start, index) => bytes.subarray(start, ends[index] ?? bytes.length));
}

describe('LineCutter', () => {
  it('SHIM-S1: whatever the chunk boundaries, the lines come out whole and in order', () => {
    const line = fc.string({
      unit: fc.constantFrom('a', '"', '\\', '\r', '\u2028', '\u2029', 'ü', '😀', '{', ' ', '\uFEFF'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 30 }), (texts, places) => {
        // A BOM counts at the start of the stream only; a CR only in front of the line end.
        const wanted = texts.map((text, index) =>
          (index === 0 ? text.replace(/^\uFEFF/, '') : text).replace(/\r$/, ''),
        );
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''), 'utf8');
        expect(cut(splitAt(bytes, places)).lines).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  it('SHIM-S1: a CR before the line end and a BOM at the start are dropped, every other one is kept', () => {
    expect(cut([Buffer.from('\uFEFFa\r\n\uFEFFb\r\r\nc\rd\n')]).lines).toEqual(['a', '\uFEFFb\r', 'c\rd']);
  });

  it('SHIM-S1: a line that lies inside one chunk is not copied', () => {
    const chunk = Buffer.from('first\nsecond\n');
    const seen: Buffer[] = [];
    new LineCutter(100, { onLine: (line) => seen.push(line), onOversized: () => undefined }).push(chunk);
    expect(seen.map((line) => line.buffer === chunk.buffer)).toEqual([true, true]);
    expect(seen.map((line) => line.byteOffset - chunk.byteOffset)).toEqual([0, 6]);
  });

  it('SHIM-S1: the limit counts neither CR nor BOM, and one byte more is too long', () => {
    const exact = 'x'.repeat(20);
    expect(cut([Buffer.from(`\uFEFF${exact}\r\n${exact}y\n${exact}\n`)], 20)).toEqual({
      lines: [exact, exact],
      oversized: [{ bytes: 21, outline: { id: undefined, hasMethod: false, isResponse: false } }],
    });
  });

  it('SHIM-S1: a line above the limit is skipped to its end wherever the chunks are cut; its id is read', () => {
    const line = JSON.stringify({
      method: 'tools/call',
      params: { text: 'x'.repeat(300), id: 1 },
      jsonrpc: '2.0',
      id: 'é-7',
    });
    const bytes = Buffer.from(`${line}\n{"next":1}\n`);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (places) => {
        const { lines, oversized } = cut(splitAt(bytes, places), 100);
        expect(lines).toEqual(['{"next":1}']);
        expect(oversized).toEqual([
          { bytes: Buffer.byteLength(line), outline: { id: 'é-7', hasMethod: true, isResponse: false } },
        ]);
      }),
    );
  });

  it('SHIM-S1: nothing of a line above the limit is kept', () => {
    const cutter = new LineCutter(64 * 1024, { onLine: () => undefined, onOversized: () => undefined });
    const chunk = Buffer.alloc(64 * 1024, 0x61);
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 2_000; count++) cutter.push(chunk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });
});
