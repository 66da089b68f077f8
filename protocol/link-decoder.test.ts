import { array, assert, nat, property, tuple, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkDecoder } from './link-decoder.ts';

interface Frame {
  readonly type: number;
  readonly payload: readonly number[];
}

function encode(frames: readonly Frame[]): Uint8Array {
  const bytes: number[] = [];
  for (const { type, payload } of frames) {
    const { length } = payload;
    bytes.push((length >>> 24) & 0xff, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff, type, ...payload);
  }
  return Uint8Array.from(bytes);
}

function collect(maxFrameBytes: number): { decoder: LinkDecoder; frames: Frame[] } {
  const frames: Frame[] = [];
  const decoder = new LinkDecoder(maxFrameBytes, (type, payload) => frames.push({ type, payload: [...payload] }));
  return { decoder, frames };
}

const frame = tuple(nat(255), uint8Array({ maxLength: 300 })).map(
  ([type, payload]): Frame => ({ type, payload: [...payload] }),
);

describe('LinkDecoder', () => {
  it('PF-P5 BAD-mid-frame: frames come out whole and in order whatever the chunks', () => {
    assert(
      property(array(frame, { maxLength: 12 }), array(nat(40), { minLength: 1, maxLength: 20 }), (sent, sizes) => {
        const { decoder, frames } = collect(300);
        const stream = encode(sent);
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const end = at + 1 + (sizes[turn % sizes.length] ?? 0);
          expect(decoder.push(stream.subarray(at, end))).toEqual({ type: 'ok' });
          at = end;
        }
        expect(frames).toEqual(sent);
        expect(decoder.isMidFrame).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('BAD-mid-frame: a beginning is no frame', () => {
    const { decoder, frames } = collect(300);
    const stream = encode([{ type: 2, payload: [1, 2, 3] }]);
    for (let end = 1; end < stream.length; end += 1) {
      decoder.push(stream.subarray(end - 1, end));
      expect(decoder.isMidFrame).toBe(true);
    }
    expect(frames).toEqual([]);
  });

  it('WIRE-H6 BAD-oversized: a frame above the limit is refused from its head, nothing is handed on', () => {
    const { decoder, frames } = collect(4);
    expect(decoder.push(encode([{ type: 1, payload: [1, 2, 3, 4] }]))).toEqual({ type: 'ok' });
    expect(decoder.push(Uint8Array.from([0xff, 0xff, 0xff, 0xff]))).toEqual({ type: 'ok' });
    expect(decoder.push(Uint8Array.from([2]))).toEqual({ type: 'too-big', bytes: 4_294_967_295 });
    expect(decoder.push(encode([{ type: 1, payload: [5] }]))).toEqual({ type: 'ok' });
    expect(frames).toEqual([{ type: 1, payload: [1, 2, 3, 4] }]);
  });

  it('WIRE-H6: a limit raised by the first frame holds for the next in the same chunk', () => {
    const seen: number[] = [];
    const decoder = new LinkDecoder(2, (type) => {
      seen.push(type);
      decoder.maxFrameBytes = 10;
    });
    const result = decoder.push(
      encode([
        { type: 1, payload: [1, 2] },
        { type: 2, payload: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
      ]),
    );
    expect(result).toEqual({ type: 'ok' });
    expect(seen).toEqual([1, 2]);
  });

  it('WIRE-H6: a decoder that is stopped by a frame hands on no further one', () => {
    const seen: number[] = [];
    const decoder = new LinkDecoder(10, (type) => {
      seen.push(type);
      decoder.stop();
    });
    decoder.push(
      encode([
        { type: 5, payload: [] },
        { type: 1, payload: [1] },
      ]),
    );
    decoder.push(encode([{ type: 1, payload: [1] }]));
    expect(seen).toEqual([5]);
  });

  it('PF-P5: an empty payload at the end of a chunk is a frame at once', () => {
    const { decoder, frames } = collect(0);
    decoder.push(encode([{ type: 3, payload: [] }]));
    expect(frames).toEqual([{ type: 3, payload: [] }]);
  });
});
