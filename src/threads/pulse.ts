import type { Milliseconds } from '../runtime/duration.js';

/** How a thread is listened to. */
export interface Heartbeat {
  /** How often one looks whether its event loop has turned. */
  readonly every: Milliseconds;
  /** So many looks in a row at which it had not, and it is dead. */
  readonly misses: number;
}

export const defaultHeartbeat: Heartbeat = { every: 1000, misses: 3 };

/**
 * Whether a thread's silence means anything. Who looks late was held up itself (a blocked event loop, a machine that slept), and
 * may not have given the thread its time: such a look proves nothing.
 */
export class Pulse {
  readonly #heartbeat: Heartbeat;
  #beats: number;
  #lookedAt: Milliseconds;
  #missed = 0;

  constructor(heartbeat: Heartbeat, beats: number, now: Milliseconds) {
    this.#heartbeat = heartbeat;
    this.#beats = beats;
    this.#lookedAt = now;
  }

  /** A look at how often the heart has beaten so far. Answers whether it has been silent for too long. */
  look(beats: number, now: Milliseconds): boolean {
    const { every, misses } = this.#heartbeat;
    const late = now - this.#lookedAt >= 2 * every;
    this.#lookedAt = now;
    if (beats !== this.#beats) this.#missed = 0;
    else if (!late) this.#missed++;
    this.#beats = beats;
    return this.#missed >= misses;
  }
}
