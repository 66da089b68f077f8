/** The daemon's time, told by this computer's clock and corrected by what the daemon says. */
export interface ServerClock {
  /** Epoch seconds. */
  readonly now: () => number;
  readonly correct: (takenAt: number) => void;
  /** Called about once a second while anybody listens and the page can be seen. All ages share this one timer. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Starts or stops the timer with the page. */
  readonly setHidden: (isHidden: boolean) => void;
}

export interface ClockTimers {
  readonly now: () => number;
  readonly setInterval: (callback: () => void, ms: number) => number;
  readonly clearInterval: (timer: number) => void;
}

export function createServerClock(timers: ClockTimers): ServerClock {
  const listeners = new Set<() => void>();
  let offset: number | undefined;
  let timer: number | undefined;
  let isHidden = false;

  function update(): void {
    const isWanted = listeners.size > 0 && !isHidden;
    if (isWanted && timer === undefined) {
      timer = timers.setInterval(() => {
        for (const listener of listeners) listener();
      }, 1_000);
    } else if (!isWanted && timer !== undefined) {
      timers.clearInterval(timer);
      timer = undefined;
    }
  }

  return {
    now: () => timers.now() / 1000 + (offset ?? 0),
    correct(takenAt) {
      // What is delivered late looks older than it is: the largest offset is nearest to the truth, unless a clock was set.
      const seen = takenAt - timers.now() / 1000;
      if (offset === undefined || seen > offset || offset - seen > 2) offset = seen;
    },
    subscribe(listener) {
      listeners.add(listener);
      update();
      return () => {
        listeners.delete(listener);
        update();
      };
    },
    setHidden(value) {
      isHidden = value;
      update();
      if (!value) for (const listener of listeners) listener();
    },
  };
}
