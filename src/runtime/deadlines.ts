import { Chain, type Link } from './chain.js';
import type { Milliseconds } from './duration.js';
import { after, monotonicNow, soon, type Timer } from './time.js';

/** Something that is given up when its time is over. */
export interface Expiring {
  /** Its time is over. Must not throw. */
  expire(): void;
}

/** The place of something among those that wait. */
export type Deadline = Link<Due>;

interface Due {
  readonly what: Expiring;
  /** Monotonic, whole ms. */
  readonly at: Milliseconds;
}

/**
 * Deadlines that are almost never reached: a timer for each would cost more than all else that waiting for a reply does. Those that
 * wait equally long share one, which is set for the first of them and goes with the turn of the loop in which the last is cancelled.
 */
export class Deadlines {
  readonly #lines = new Map<Milliseconds, Line>();
  #tidying = false;

  add(what: Expiring, wait: Milliseconds): Deadline {
    let line = this.#lines.get(wait);
    if (line === undefined) {
      line = new Line(wait, () => this.#lines.delete(wait));
      this.#lines.set(wait, line);
    }
    return line.add(what);
  }

  /** Nothing, when it has been reached. */
  cancel(deadline: Deadline): void {
    if (!deadline.leave() || this.#tidying) return;
    // Often somebody waits again at once, and the timer serves him as well.
    this.#tidying = true;
    soon(this.#tidied);
  }

  /** The same; where nobody else needs its timer, that goes at once: for whoever is in the midst of ending. */
  drop(deadline: Deadline): void {
    if (deadline.leave()) this.tidy();
  }

  /** Takes away the timers that nobody needs. */
  tidy(): void {
    for (const line of this.#lines.values()) if (line.isEmpty) line.close();
  }

  readonly #tidied = (): void => {
    this.#tidying = false;
    this.tidy();
  };
}

/** Who waits equally long, in the order of their deadlines. */
class Line {
  readonly #wait: Milliseconds;
  readonly #waiting = new Chain<Due>();
  readonly #closed: () => void;
  #timer: Timer | undefined;

  constructor(wait: Milliseconds, closed: () => void) {
    this.#wait = wait;
    this.#closed = closed;
  }

  get isEmpty(): boolean {
    return this.#waiting.isEmpty;
  }

  add(what: Expiring): Deadline {
    const at = Math.ceil(monotonicNow()) + this.#wait;
    if (this.#timer === undefined) this.#set(at, this.#wait);
    return this.#waiting.add({ what, at });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#closed();
  }

  #set(at: Milliseconds, left: Milliseconds): void {
    this.#timer = after(left, () => this.#reach(at));
  }

  /** The timer has fired, perhaps a little before its time by this clock, which is a finer one. */
  #reach(at: Milliseconds): void {
    const reached = Math.max(at, monotonicNow());
    for (
      let next = this.#waiting.oldest;
      next !== undefined && next.at <= reached;
      next = this.#waiting.oldest
    ) {
      this.#waiting.shift();
      next.what.expire();
    }
    const { oldest } = this.#waiting;
    if (oldest === undefined) this.close();
    else this.#set(oldest.at, Math.max(0, Math.ceil(oldest.at - monotonicNow())));
  }
}
