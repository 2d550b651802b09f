import type { LifeSignal } from '../../src/runtime/life.js';
import { slice, yieldToLoop } from '../../src/runtime/time.js';

/**
 * An actor's own work in short stretches, so that the event loop stays free: look at `spent`, then `yield`. Waiting for a
 * promise begins no new stretch: one that is settled already gives nobody else a turn.
 */
export class Stretch {
  readonly #life: LifeSignal;
  readonly #budget = slice();

  constructor(life: LifeSignal) {
    this.#life = life;
  }

  /** This stretch has lasted long enough. */
  get spent(): boolean {
    return this.#budget.spent();
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
