import { Tally } from './tally.js';
import { Waiters } from './waiters.js';

/** What may still take effect on a key's row in the source, and who waits until nothing does any more. */
export class Clearance {
  /** Questions that the source has not settled, whether or not anybody still waits. */
  readonly #unsettled = new Tally<string>();
  /** Saves under way. */
  readonly #saving = new Tally<string>();
  readonly #waiters = new Waiters<string>();
  readonly #isHeld: (key: string) => boolean;

  /** `isHeld`: whether something waits for the source that must come before what is done to the key now. */
  constructor(isHeld: (key: string) => boolean) {
    this.#isHeld = isHeld;
  }

  /** A question of the key has begun; it may have an effect until it has settled, be it given up or not. */
  asking<T>(key: string, work: Promise<T>): Promise<T> {
    this.#unsettled.add(key);
    const settled = (): void => {
      this.#unsettled.remove(key);
      this.look(key);
    };
    work.then(settled, settled);
    return work;
  }

  /** Runs a save of the key; `ended` is called before anybody hears of its end. */
  async saving<T>(key: string, save: () => Promise<T>, ended: () => void): Promise<T> {
    this.#saving.add(key);
    try {
      return await save();
    } finally {
      this.#saving.remove(key);
      ended();
    }
  }

  isSaving(key: string): boolean {
    return this.#saving.has(key);
  }

  isClear(key: string): boolean {
    return !this.#unsettled.has(key) && !this.#isHeld(key);
  }

  wait(key: string): Promise<void> {
    return this.#waiters.wait(key);
  }

  /** Whoever waits for the key goes on, if nothing stands in the way any more. */
  look(key: string): void {
    if (this.isClear(key)) this.#waiters.resolve(key);
  }

  /** Who waits for the key, or for any, waits in vain. */
  giveUp(error: unknown, key?: string): void {
    for (const one of key === undefined ? this.#waiters.subjects : [key]) this.#waiters.reject(one, error);
  }
}
