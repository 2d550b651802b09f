import type { Milliseconds } from '../../runtime/duration.js';
import type { BusMode } from '../faults.js';
import { asForeign } from '../foreign.js';
import { isUntouched } from '../untouched.js';

/** How late what a bus delays is, ms. */
const delay: Milliseconds = 100;

/** What a runtime tells about itself is what the kit sees by: it is left alone. */
const itself = /^(actor|supervisor|listener|dead-letter)\b/;

/** What buses do with what is published: hand it on, until a failure says otherwise. */
export class BusWeather {
  #mode: BusMode | undefined;
  #until: Milliseconds = 0;
  /** The last one held back, to come after the next. */
  #held: (() => void) | undefined;
  readonly #now: () => Milliseconds;
  readonly #noted: (mode: BusMode, topic: string) => void;

  constructor(now: () => Milliseconds, noted: (mode: BusMode, topic: string) => void) {
    this.#now = now;
    this.#noted = noted;
  }

  become(mode: BusMode, duration: Milliseconds): void {
    this.#mode = mode;
    this.#until = this.#now() + duration;
  }

  /** Not all is handed on as it is published. */
  get isRough(): boolean {
    return this.#mode !== undefined && this.#now() < this.#until;
  }

  clear(): void {
    this.#mode = undefined;
    this.#release();
  }

  heard(topic: string, listener: unknown, hand: () => void): void {
    const mode = this.isRough ? this.#mode : undefined;
    if (mode === undefined || itself.test(topic) || isUntouched(listener)) {
      hand();
      this.#release();
      return;
    }
    this.#noted(mode, topic);
    switch (mode) {
      case 'drop':
        return;
      case 'duplicate':
        hand();
        hand();
        return;
      case 'delay':
        asForeign('bus', () => globalThis.setTimeout(hand, delay));
        return;
      case 'reorder': {
        if (this.#held === undefined) {
          this.#held = hand;
          // Nothing may come after it.
          asForeign('bus', () => globalThis.setTimeout(() => this.#release(), delay));
        } else {
          hand();
          this.#release();
        }
      }
    }
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.();
  }
}
