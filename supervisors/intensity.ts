import type { Milliseconds } from '../src/runtime/duration.js';
import { Fifo } from '../src/runtime/fifo.js';

/** How often a supervisor may restart its children before it gives up. */
export interface Intensity {
  readonly maxRestarts: number;
  readonly within: Milliseconds;
}

/**
 * The restarts that still count: those at most `within` old, the present one included. It knows no clock, and counting costs
 * the same however many restarts the window holds.
 */
export class RestartWindow {
  readonly #intensity: Intensity;
  readonly #times = new Fifo<Milliseconds>();

  constructor(intensity: Intensity) {
    this.#intensity = intensity;
  }

  /** Counts a restart at `now`, before it is carried out. Whether it may be. `now` never goes back. */
  count(now: Milliseconds): boolean {
    const { maxRestarts, within } = this.#intensity;
    this.#times.push(now);
    while (now - within > (this.#times.oldest as Milliseconds)) this.#times.shift();
    return this.#times.length <= maxRestarts;
  }
}
