import type { Milliseconds } from '../src/runtime/duration.js';

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
  #times: Milliseconds[] = [];
  #oldest = 0;

  constructor(intensity: Intensity) {
    this.#intensity = intensity;
  }

  /** Counts a restart at `now`, before it is carried out. Whether it may be. `now` never goes back. */
  count(now: Milliseconds): boolean {
    const { maxRestarts, within } = this.#intensity;
    this.#times.push(now);
    while ((this.#times[this.#oldest] as Milliseconds) < now - within) this.#oldest++;
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#oldest);
      this.#oldest = 0;
    }
    return this.#times.length - this.#oldest <= maxRestarts;
  }
}
