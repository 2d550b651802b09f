import type { LifeSignal } from '../../src/runtime/life.js';
import { slice, yieldToLoop } from '../../src/runtime/time.js';

/** To look at the clock costs a tenth of what a small step does. */
const lookAfter = 16;

/**
 * An actor's own work in short stretches, so that the event loop stays free: look at `spent`, or count a `step`, then `yield`. Waiting for a
 * promise begins no new stretch: one that is settled already gives nobody else a turn.
 */
export class Stretch {
  readonly #life: LifeSignal;
  readonly #budget = slice();
  #sinceLook = 0;

  constructor(life: LifeSignal) {
    this.#life = life;
  }

  /** This stretch has lasted long enough. */
  get spent(): boolean {
    return this.#budget.spent();
  }

  /** One step of a few microseconds has been made: says whether this stretch has lasted long enough, as of the latest look at the clock. */
  step(): boolean {
    this.#sinceLook += 1;
    if (this.#sinceLook < lookAfter) return false;
    this.#sinceLook = 0;
    return this.spent;
  }

  /** The actor has died: nothing more may be done in its name. */
  get over(): boolean {
    return this.#life.aborted;
  }

  /** Lets others run. Says whether to go on. */
  async yield(): Promise<boolean> {
    await yieldToLoop();
    this.#budget.renew();
    return !this.#life.aborted;
  }
}

/** For work that is nobody's but the caller's. */
export const unending: AbortSignal = new AbortController().signal;
