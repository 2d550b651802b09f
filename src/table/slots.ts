import { Chains } from './chains.js';
import { expiryLists } from './expiry-index.js';
import { dirtyBit, Kind, kindBits, Page, pageBits, pageMask } from './page.js';
import type { Tombstone } from './record.js';
import { Shards } from './shards.js';

/** The lists beside the expiry index in the first chains, and in the second. */
const freeList = expiryLists;
export const Line = { negatives: expiryLists, invalidated: expiryLists + 1, marks: expiryLists + 2 } as const;

/** Where keys live: a slot for each, found by key, on pages that never move. */
export class Slots<V> {
  readonly pages: Page<V>[] = [];
  /** Lists by monotonic time, and the slots that are free. */
  readonly byAge = new Chains(expiryLists + 1);
  /** Lists by wall-clock time; and, for what is no entry, by order of making. */
  readonly byWall = new Chains(expiryLists + 3);
  readonly #shards = new Shards();
  #end = 0;

  /** One more than the highest slot ever used. */
  get end(): number {
    return this.#end;
  }

  /** The slot of whatever record the key has, or -1. */
  find(key: string): number {
    return this.#shards.get(key);
  }

  page(slot: number): Page<V> {
    return this.pages[slot >>> pageBits]!;
  }

  kind(slot: number): number {
    return this.pages[slot >>> pageBits]!.state[slot & pageMask]! & kindBits;
  }

  setKind(slot: number, kind: Kind): void {
    const state = this.pages[slot >>> pageBits]!.state;
    state[slot & pageMask] = (state[slot & pageMask]! & dirtyBit) | kind;
  }

  seq(slot: number): number {
    return this.pages[slot >>> pageBits]!.seq[slot & pageMask]!;
  }

  key(slot: number): string {
    return this.pages[slot >>> pageBits]!.keys[slot & pageMask]!;
  }

  /** Once seen expired, an entry's `expiresAt` lies before all time. */
  isLatched(slot: number): boolean {
    return this.page(slot).expiresAt[slot & pageMask] === Number.NEGATIVE_INFINITY;
  }

  /** The tombstone in a slot, if it holds one. */
  tombstone(slot: number): Tombstone | undefined {
    const page = this.page(slot);
    const at = slot & pageMask;
    const kind = page.state[at]! & kindBits;
    if (kind !== Kind.invalidated && kind !== Kind.revoked) return undefined;
    return {
      key: page.keys[at]!,
      kind: kind === Kind.revoked ? 'revoked' : 'invalidated',
      seq: page.seq[at]!,
      at: page.confirmedAt[at]!,
    };
  }

  /** A slot for a key that has none. Its kind is still to be set. */
  add(key: string): number {
    let slot = this.byAge.head(freeList);
    if (slot >= 0) this.byAge.remove(slot);
    else {
      slot = this.#end;
      this.#end += 1;
      if ((slot & pageMask) === 0 && slot >>> pageBits === this.pages.length) this.pages.push(new Page<V>());
    }
    this.page(slot).keys[slot & pageMask] = key;
    this.#shards.set(key, slot);
    return slot;
  }

  /** Gives a slot back. */
  free(slot: number): void {
    const page = this.page(slot);
    const at = slot & pageMask;
    this.#shards.delete(page.keys[at]!);
    page.keys[at] = '';
    this.setKind(slot, Kind.free);
    this.byAge.push(freeList, slot);
  }

  /** The next slot from `from` on that holds an entry, looking at `most` slots; the slot after them otherwise. */
  nextEntry(from: number, most: number): number {
    const end = Math.min(this.#end, from + most);
    for (let slot = from; slot < end; slot += 1) if (this.kind(slot) === Kind.entry) return slot;
    return end;
  }
}
