import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';
import { type ByteStream, StdinReader } from './stdin-reader.ts';

const chunkBytes = 64 * 1024;

/** A pipe that holds so many chunks and whose writer has gone. */
class DeadPipe extends EventEmitter implements ByteStream {
  chunks: number;
  #isFlowing = true;

  constructor(chunks: number) {
    super();
    this.chunks = chunks;
  }

  pause(): void {
    this.#isFlowing = false;
  }

  resume(): void {
    this.#isFlowing = true;
    this.flow();
  }

  flow(): void {
    while (this.#isFlowing && this.chunks > 0) {
      this.chunks -= 1;
      this.emit('data', Buffer.alloc(chunkBytes));
    }
    if (this.#isFlowing && this.chunks === 0) {
      this.chunks = -1;
      this.emit('end');
      this.emit('close');
    }
  }
}

function read(pipe: DeadPipe, isFull: () => boolean) {
  const clock = new ManualClock();
  const ends: string[] = [];
  let bytes = 0;
  const reader = new StdinReader({
    stream: pipe,
    clock,
    isFull,
    onChunk: (chunk) => {
      bytes += chunk.length;
    },
    onEnd: (reason) => ends.push(reason),
  });
  reader.start();
  return { clock, reader, ends, bytes: () => bytes };
}

describe('StdinReader', () => {
  it('SHIM-S7: the end of stdin is told once', () => {
    const pipe = new DeadPipe(3);
    const { ends, bytes } = read(pipe, () => false);
    pipe.flow();
    expect(bytes()).toBe(3 * chunkBytes);
    expect(ends).toEqual(['stdin was closed']);
  });

  it('SHIM-S8: a broken stdin is an end like any other', () => {
    const pipe = new DeadPipe(1);
    const { ends } = read(pipe, () => false);
    pipe.emit('error', new Error('EIO'));
    pipe.emit('close');
    expect(ends).toEqual(['stdin is broken: EIO']);
  });

  it('SHIM-S7: behind what a pipe holds, the end is seen within 0.2 s although nobody takes what was read', () => {
    const pipe = new DeadPipe(4);
    const { clock, ends } = read(pipe, () => true);
    pipe.flow();
    expect(pipe.chunks).toBe(3);
    clock.advance(150);
    expect(ends).toEqual(['stdin was closed']);
  });

  it('BAD-never-reads: from an editor that goes on writing no more than a megabyte is read ahead', () => {
    const pipe = new DeadPipe(1_000);
    let isFull = true;
    const { clock, bytes, reader, ends } = read(pipe, () => isFull);
    pipe.flow();
    clock.advance(60_000);
    expect(bytes()).toBeLessThanOrEqual(18 * chunkBytes);
    expect(clock.timers).toBe(0);
    isFull = false;
    reader.check();
    expect(bytes()).toBe(1_000 * chunkBytes);
    expect(ends).toHaveLength(1);
  });

  it('SHIM-S7: after stop nothing is taken any more', () => {
    const pipe = new DeadPipe(5);
    const { reader, bytes, ends } = read(pipe, () => false);
    reader.stop();
    pipe.resume();
    expect(bytes()).toBe(0);
    expect(ends).toEqual([]);
  });
});
