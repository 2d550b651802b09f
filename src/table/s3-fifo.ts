import { Chains } from './chains.js';
import { Ghost, hashOf } from './ghost.js';
import { layout } from './page.js';
import type { Slots } from './slots.js';

const { mainBit, pageMask, readsBits, readsShift } = layout;

const small = 0;
const main = 1;

/** The small queue's share is one in so many. */
const share = 10;

/** Read so often while it was in the small queue, an entry is worth keeping. */
const worth = 2;

/** What one round of making room may cost: so many entries are passed over, the next then goes whether it was read or not. */
export const patience = 1 << 13;

/** How many entries may still be passed over. */
export interface Patience {
  left: number;
}

/**
 * Who makes room, by S3-FIFO (Yang et al., SOSP 2023). What is new waits in a small queue; what was read there goes on into the
 * main one, the rest leaves and only its key's hash is remembered. What comes back soon after goes to the main queue at once. There, who
 * was read goes round once more for each time, up to three. A scan passes through the small queue and harms nobody.
 */
export class S3Fifo<V> {
  readonly #slots: Slots<V>;
  readonly #queues = new Chains(2);
  readonly #ghost = new Ghost();
  #entries = 0;
  #smallEntries = 0;
  #weight = 0;
  #smallWeight = 0;

  constructor(slots: Slots<V>) {
    this.#slots = slots;
  }

  /** The weight of all. */
  get weight(): number {
    return this.#weight;
  }

  /** A new entry is in the slot. */
  add(slot: number, weight: number): void {
    if (this.#ghost.has(hashOf(this.#slots.key(slot)))) this.#slots.setMain(slot);
    this.putBack(slot, weight);
  }

  /** The slot's entry, or one that was removed for a moment, is the last of its queue. */
  putBack(slot: number, weight: number): void {
    this.#entries += 1;
    this.#weight += weight;
    if (this.#slots.isMain(slot)) {
      this.#queues.push(main, slot);
      return;
    }
    this.#smallEntries += 1;
    this.#smallWeight += weight;
    this.#queues.push(small, slot);
  }

  /** The slot's entry weighs more, or less. */
  weigh(slot: number, difference: number): void {
    this.#weight += difference;
    if (!this.#slots.isMain(slot)) this.#smallWeight += difference;
  }

  /** The slot's entry leaves, for whatever reason. */
  remove(slot: number, weight: number): void {
    this.#queues.remove(slot);
    this.#entries -= 1;
    // Sums of fractions drift; nothing weighs nothing.
    this.#weight = this.#entries === 0 ? 0 : this.#weight - weight;
    if (this.#slots.isMain(slot)) return;
    this.#smallEntries -= 1;
    this.#smallWeight = this.#smallEntries === 0 ? 0 : this.#smallWeight - weight;
  }

  /** The slot of the entry that is to go next, or -1 where there is none. */
  victim(patience: Patience, weightOf: (slot: number) => number): number {
    for (;;) {
      const queue = this.#isSmallDue() ? small : main;
      const slot = this.#queues.head(queue);
      if (slot < 0) return -1;
      const { meta } = this.#slots.page(slot);
      const at = slot & pageMask;
      const reads = (meta[at]! & readsBits) >>> readsShift;
      if (patience.left <= 0 || reads < (queue === small ? worth : 1)) {
        if (queue === small)
          this.#ghost.add(hashOf(this.#slots.key(slot)), this.#entries - this.#entries / share);
        return slot;
      }
      patience.left -= 1;
      this.#queues.remove(slot);
      this.#queues.push(main, slot);
      if (queue === main) meta[at]! -= 1 << readsShift;
      else {
        // What it was read for brought it here; from now on it must be read again.
        meta[at] = (meta[at]! & ~readsBits) | mainBit;
        this.#smallEntries -= 1;
        this.#smallWeight -= weightOf(slot);
      }
    }
  }

  #isSmallDue(): boolean {
    if (this.#smallEntries === this.#entries) return true;
    return this.#smallEntries * share >= this.#entries || this.#smallWeight * share > this.#weight;
  }
}
