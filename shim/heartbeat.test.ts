import { describe, expect, it } from 'vitest';
import { Heartbeat } from './heartbeat.ts';
import { ManualClock } from './manual-clock.ts';

class Peer {
  readonly clock = new ManualClock();
  pings = 0;
  isLost = false;
  isReadingPaused = false;
  isAnswering = true;
  lastReadAt = this.clock.now();
  readonly heartbeat: Heartbeat;

  constructor(intervalMs = 25_000, timeoutMs = 10_000) {
    this.heartbeat = new Heartbeat({
      clock: this.clock,
      intervalMs,
      timeoutMs,
      lastReadAt: () => this.lastReadAt,
      isReadingPaused: () => this.isReadingPaused,
      sendPing: () => {
        this.pings += 1;
        if (this.isAnswering) this.lastReadAt = this.clock.now();
      },
      onLost: () => {
        this.isLost = true;
      },
    });
    this.heartbeat.start();
  }
}

describe('Heartbeat', () => {
  it('PF-R8: ten idle minutes cost a ping per interval and no connection', () => {
    const peer = new Peer();
    peer.clock.advance(600_000);
    expect(peer.isLost).toBe(false);
    expect(peer.pings).toBeGreaterThanOrEqual(17);
    expect(peer.pings).toBeLessThanOrEqual(24);
  });

  it('PF-R8: ten busy minutes cost no ping: any byte counts as life', () => {
    const peer = new Peer();
    for (let second = 0; second < 600; second++) {
      peer.clock.advance(1_000);
      peer.lastReadAt = peer.clock.now();
    }
    expect(peer.pings).toBe(0);
  });

  it('PF-R8: a daemon that says nothing is lost one time-out after its ping', () => {
    const peer = new Peer();
    peer.isAnswering = false;
    peer.clock.advance(34_999);
    expect([peer.pings, peer.isLost]).toEqual([1, false]);
    peer.clock.advance(1);
    expect(peer.isLost).toBe(true);
    expect(peer.clock.timers).toBe(0);
  });

  it('WIRE-M10 BAD-suspend: after a sleep of 10 min there is a fresh ping and the full time-out before anybody is judged', () => {
    const waiting = new Peer();
    waiting.clock.sleep(600_000);
    expect([waiting.pings, waiting.isLost]).toEqual([1, false]);

    const pinged = new Peer();
    pinged.isAnswering = false;
    pinged.clock.advance(26_000); // one ping is out
    pinged.clock.sleep(600_000);
    expect([pinged.pings, pinged.isLost]).toEqual([2, false]);
    pinged.clock.advance(9_999);
    expect(pinged.isLost).toBe(false);
    pinged.clock.advance(1);
    expect(pinged.isLost).toBe(true);
  });

  it('SHIM-S10: while nothing is read it pings more often than the daemon judges, and judges nobody', () => {
    const peer = new Peer();
    peer.isAnswering = false;
    peer.clock.advance(24_000);
    peer.isReadingPaused = true;
    peer.heartbeat.onReadingPaused();
    const pingedAt = [0];
    for (let second = 1; second <= 600; second++) {
      const before = peer.pings;
      peer.clock.advance(1_000);
      if (peer.pings > before) pingedAt.push(second);
    }
    expect(peer.isLost).toBe(false);
    // A daemon pings after 25 s without a byte and waits 10 s: any 10 s must hold a ping of ours, the first ones too.
    expect(Math.max(...pingedAt.slice(1).map((at, index) => at - (pingedAt[index] ?? 0)))).toBeLessThan(10);
    peer.isReadingPaused = false;
    peer.lastReadAt = peer.clock.now();
    const before = peer.pings;
    peer.clock.advance(24_000);
    expect([peer.pings, peer.isLost]).toEqual([before, false]);
    peer.clock.advance(40_000);
    expect(peer.isLost).toBe(true);
  });

  it('SHIM-S10: reading that stops and goes on a thousand times a second is no flood of pings', () => {
    const peer = new Peer();
    for (let times = 0; times < 10_000; times++) {
      peer.isReadingPaused = true;
      peer.heartbeat.onReadingPaused();
      peer.clock.advance(1);
      peer.isReadingPaused = false;
      peer.lastReadAt = peer.clock.now();
    }
    expect(peer.pings).toBeLessThanOrEqual(2);
  });

  it('SHIM-S10: a ping that is out when reading stops is not judged by the silence that follows', () => {
    const peer = new Peer();
    peer.isAnswering = false;
    peer.clock.advance(26_000);
    peer.isReadingPaused = true;
    peer.heartbeat.onReadingPaused();
    peer.clock.advance(100_000);
    expect(peer.isLost).toBe(false);
    peer.heartbeat.stop();
    expect(peer.clock.timers).toBe(0);
  });

  it('PF-R8: an interval of 0 switches it off, and stop ends it', () => {
    const off = new Peer(0);
    expect(off.clock.timers).toBe(0);
    const stopped = new Peer();
    stopped.heartbeat.stop();
    stopped.clock.advance(100_000);
    expect(stopped.pings).toBe(0);
  });
});
