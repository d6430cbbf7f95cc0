interface Timer {
  readonly at: number;
  readonly ring: () => void;
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Time that passes only when everybody waits for it: years of waiting cost nothing, and every order is repeatable. */
export class VirtualClock {
  now = Date.UTC(2026, 0, 1);
  private readonly timers: Timer[] = [];

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  after(ms: number, ring: () => void): void {
    const at = this.now + Math.max(0, ms);
    let index = this.timers.length;
    while (index > 0 && this.timers[index - 1].at > at) index--;
    this.timers.splice(index, 0, { at, ring });
  }

  /** Lets time pass until the work has ended. */
  async run<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    work.then(end, end);
    for (;;) {
      // Everything that can go on without time passing goes on first.
      await new Promise((resolve) => setImmediate(resolve));
      if (ended) return work;
      const timer = this.timers.shift();
      if (!timer) throw new Error('everybody waits, and nothing will ever happen again');
      this.now = Math.max(this.now, timer.at);
      timer.ring();
    }
  }

  pass(ms: number): Promise<void> {
    return this.run(this.sleep(ms));
  }
}
