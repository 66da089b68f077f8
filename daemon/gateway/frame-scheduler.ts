import { performance } from 'node:perf_hooks';

/** What one client may use of the loop before the others have had their turn. */
export interface TurnBudget {
  /** Frames of one client in one turn. */
  readonly frames: number;
  /**
   * Bytes, in and out, that a client may move at once while others are active. Beyond it the client waits until the
   * loop has had `bytesPerMs` times as long to itself: a megabyte of one window must not stall a call of another.
   */
  readonly burstBytes: number;
  readonly bytesPerMs: number;
}

interface Flow {
  pause(): void;
  resume(): void;
}

/** Monotonic milliseconds and what wakes the scheduler; replaced in tests. */
export interface SchedulerClock {
  now(): number;
  soon(action: () => void): void;
  later(action: () => void, delayMs: number): void;
}

const systemClock: SchedulerClock = {
  now: () => performance.now(),
  soon: (action) => {
    setImmediate(action);
  },
  later: (action, delayMs) => {
    setTimeout(action, delayMs);
  },
};

/** Frames waiting of one client at which its socket is no longer read. */
const pauseAtFrames = 32;
/** A client that has sent nothing for so long leaves the loop to the others. */
const activeForMs = 100;
/** Debt a client can run up while it is alone, in bursts. */
const maxDebtBursts = 16;

/**
 * Serves the frames of all clients fairly on the one loop: round-robin, a budget of frames per client and turn, the
 * loop's I/O between turns, and a budget of bytes over time. A client within its budget is served at once, in the tick
 * its frame came; one that floods waits for its turn and is not read any further (PERFORMANCE P8, P9).
 */
export class FrameScheduler {
  readonly budget: TurnBudget;
  readonly clock: SchedulerClock;
  #waiting: Inbox[] = [];
  #isTurnScheduled = false;
  #turn = 0;
  /** The two clients that were active last, and when. */
  #last: { inbox: Inbox | undefined; at: number } = { inbox: undefined, at: -Infinity };
  #previous: { inbox: Inbox | undefined; at: number } = { inbox: undefined, at: -Infinity };

  constructor(budget: TurnBudget, clock: SchedulerClock = systemClock) {
    this.budget = budget;
    this.clock = clock;
  }

  get turn(): number {
    return this.#turn;
  }

  open(handle: (bytes: Buffer) => void, flow: Flow): Inbox {
    return new Inbox(this, handle, flow);
  }

  /** Notes that a client was active, and tells whether another one has been so lately. */
  touch(inbox: Inbox, now: number): boolean {
    if (this.#last.inbox !== inbox) this.#previous = this.#last;
    this.#last = { inbox, at: now };
    return now - this.#previous.at < activeForMs;
  }

  /** Puts an inbox with frames in line for the next turn. */
  schedule(inbox: Inbox): void {
    this.#waiting.push(inbox);
    this.nextTurn();
  }

  /** Makes sure that another turn begins. */
  nextTurn(): void {
    if (this.#isTurnScheduled) return;
    this.#isTurnScheduled = true;
    this.clock.soon(() => this.#runTurn());
  }

  #runTurn(): void {
    this.#isTurnScheduled = false;
    this.#turn += 1;
    const inboxes = this.#waiting;
    this.#waiting = [];
    for (const inbox of inboxes) inbox.serve();
  }
}

/** The frames of one client that have been read and not yet handled, in order. */
export class Inbox {
  readonly #scheduler: FrameScheduler;
  readonly #handle: (bytes: Buffer) => void;
  readonly #flow: Flow;
  #frames: Buffer[] = [];
  #turn = -1;
  #usedFrames = 0;
  /** Bytes moved and not yet made up for by time. */
  #debtBytes = 0;
  #debtAt = 0;
  #isPaused = false;
  #isClosed = false;

  constructor(scheduler: FrameScheduler, handle: (bytes: Buffer) => void, flow: Flow) {
    this.#scheduler = scheduler;
    this.#handle = handle;
    this.#flow = flow;
  }

  /** A frame from the client: handled at once when the client is within its budget. */
  push(bytes: Buffer): void {
    if (this.#isClosed) return;
    if (this.#frames.length === 0 && this.#hasFrameBudget() && this.#waitMs() === 0) {
      this.#use(bytes);
      return;
    }
    this.#frames.push(bytes);
    if (this.#frames.length === 1) this.#scheduler.schedule(this);
    if (this.#frames.length >= pauseAtFrames && !this.#isPaused) {
      this.#isPaused = true;
      this.#flow.pause();
    }
  }

  /** Bytes sent to the client: they cost the loop as much as bytes received. */
  charge(bytes: number): void {
    this.#debtBytes += bytes;
  }

  /** Handles what the budget allows and gets in line again for the rest. Called by the scheduler only. */
  serve(): void {
    let waitMs = this.#waitMs();
    while (this.#frames.length > 0 && waitMs === 0 && this.#hasFrameBudget()) {
      const bytes = this.#frames.shift();
      if (bytes !== undefined) this.#use(bytes);
      waitMs = this.#waitMs();
    }
    if (this.#isClosed) return;
    if (this.#isPaused && this.#frames.length < pauseAtFrames / 2) {
      this.#isPaused = false;
      this.#flow.resume();
    }
    if (this.#frames.length === 0) return;
    if (waitMs === 0) this.#scheduler.schedule(this);
    else this.#scheduler.clock.later(() => this.#scheduler.schedule(this), waitMs);
  }

  /** The client has gone: what it sent before is still handled, a `bye` among it, and nothing more is taken. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const bytes of this.#frames.splice(0)) this.#handle(bytes);
  }

  #hasFrameBudget(): boolean {
    if (this.#turn !== this.#scheduler.turn) {
      this.#turn = this.#scheduler.turn;
      this.#usedFrames = 0;
    }
    return this.#usedFrames < this.#scheduler.budget.frames;
  }

  /** Milliseconds until this client may move bytes again; 0 when it is within its budget or alone. */
  #waitMs(): number {
    const { burstBytes, bytesPerMs } = this.#scheduler.budget;
    const now = this.#scheduler.clock.now();
    const isCrowded = this.#scheduler.touch(this, now);
    const paid = (now - this.#debtAt) * bytesPerMs;
    this.#debtBytes = Math.min(Math.max(0, this.#debtBytes - paid), burstBytes * maxDebtBursts);
    this.#debtAt = now;
    if (!isCrowded || this.#debtBytes <= burstBytes) return 0;
    return Math.ceil((this.#debtBytes - burstBytes) / bytesPerMs);
  }

  #use(bytes: Buffer): void {
    // The first frame of a turn starts the next one, so that the budget is for one pass of the loop.
    if (this.#usedFrames === 0) this.#scheduler.nextTurn();
    this.#usedFrames += 1;
    this.#debtBytes += bytes.length;
    this.#handle(bytes);
  }
}
