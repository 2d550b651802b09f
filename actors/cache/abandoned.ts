import type { Milliseconds } from '../../src/runtime/duration.js';

/** Questions that were given up on and have not settled yet. It knows no clock: `now` is ms of ages. */
export class Abandoned {
  /** Each with the time by which it should have settled. */
  readonly #unsettled = new Map<object, Milliseconds>();
  /** Those that a success has excused: the source is there, whatever became of them. */
  readonly #excused = new Set<object>();

  get size(): number {
    return this.#unsettled.size + this.#excused.size;
  }

  /** Given up on. `due`: the end of its own time; whoever gave it up may have done so long before. */
  add(question: object, due: Milliseconds): void {
    this.#unsettled.set(question, due);
  }

  settled(question: object): void {
    this.#unsettled.delete(question);
    this.#excused.delete(question);
  }

  /** Whether so many hang, past their own time, that another would only be one more. */
  saturates(most: number, now: Milliseconds): boolean {
    if (this.#unsettled.size < most) return false;
    let overdue = 0;
    for (const due of this.#unsettled.values()) {
      if (due <= now) overdue++;
      if (overdue >= most) return true;
    }
    return false;
  }

  /** A success: what hangs now says nothing about the source any more. */
  excuse(): void {
    if (this.#unsettled.size === 0) return;
    for (const question of this.#unsettled.keys()) this.#excused.add(question);
    this.#unsettled.clear();
  }
}
