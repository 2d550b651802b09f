import { Kind, kindBits, pageBits, pageMask, visitedBit } from './page.js';
import type { Slots } from './slots.js';

/** So many entries get their second chance for one victim; the next then goes without. */
const patience = 1 << 15;

/** Who makes room: a hand goes round the slots and takes the first entry that was not read since it last came by. */
export class SecondChance {
  #hand = 0;

  /** The slot to evict, or -1 when there is no entry. */
  victim<V>(slots: Slots<V>): number {
    const end = slots.end;
    let chances = patience;
    for (let looked = 0; looked < end * 2; looked += 1) {
      if (this.#hand >= end) this.#hand = 0;
      const slot = this.#hand;
      this.#hand += 1;
      const { meta } = slots.pages[slot >>> pageBits]!;
      const at = slot & pageMask;
      if ((meta[at]! & kindBits) !== Kind.entry) continue;
      if ((meta[at]! & visitedBit) === 0 || chances === 0) return slot;
      meta[at]! &= ~visitedBit;
      chances -= 1;
    }
    return -1;
  }
}
