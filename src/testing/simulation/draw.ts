import { shown } from '../shown.js';

/**
 * What a command draws: data of its case, so that it shrinks and replays. What is drawn is shown in the timeline.
 *
 * @example
 * ```ts
 * { name: 'login', run: (draw, { cache }) => cache.put(draw.of(['ada', 'bob']), { logins: draw.int(1, 9) }) }
 * ```
 */
export interface Draw {
  /** A whole number from `least` to `most`, both included. Shrinks to `least`. */
  int(least: number, most: number): number;
  /**
   * One of them. Shrinks to the first.
   * @throws RangeError when there are none.
   */
  of<T>(items: readonly T[]): T;
}

/** Draws from one number, and remembers what it drew. */
export class SaltDraw implements Draw {
  readonly drawn: string[] = [];
  #left: number;

  constructor(salt: number) {
    this.#left = salt;
  }

  int(least: number, most: number): number {
    const value = least + this.#next(most - least + 1);
    this.drawn.push(String(value));
    return value;
  }

  of<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('draw.of was given nothing to draw from.');
    const item = items[this.#next(items.length)] as T;
    this.drawn.push(shown(item));
    return item;
  }

  /** Its lowest digit, in base `among`. */
  #next(among: number): number {
    const digit = this.#left % among;
    this.#left = Math.floor(this.#left / among);
    return digit;
  }
}
