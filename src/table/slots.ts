import { BurstTrie } from './burst-trie.js';
import { Chains } from './chains.js';
import { Kind, layout, Page } from './page.js';

const {
  dirtyBit,
  flagsBits,
  flagsShift,
  kindBits,
  mainBit,
  pageBits,
  pageMask,
  pageSize,
  readsBits,
  readsShift,
  termShift,
} = layout;

/** What is no entry, by order of making. */
export const Line = { negatives: 0, invalidated: 1, marks: 2 } as const;

/** After the last free slot. */
const nobody = -1;

/** Where keys live: a slot for each, found by key, on pages that never move. */
export class Slots<V> {
  readonly pages: Page<V>[] = [];
  readonly lines = new Chains(3);
  readonly #trie = new BurstTrie();
  #end = 0;
  /** The first free slot; each keeps the next one's number where a record keeps a time. */
  #free = nobody;
  #walks = 0;
  #births = 0;

  /** One more than the highest slot ever used. */
  get end(): number {
    return this.#end;
  }

  /** The slot of whatever record the key has, or -1. */
  find(key: string): number {
    return this.#trie.get(key);
  }

  page(slot: number): Page<V> {
    return this.pages[slot >>> pageBits]!;
  }

  key(slot: number): string {
    return this.pages[slot >>> pageBits]!.keys[slot & pageMask]!;
  }

  seq(slot: number): number {
    const { seqLow, seqHigh } = this.pages[slot >>> pageBits]!;
    return seqHigh[slot & pageMask]! * 2 ** 32 + seqLow[slot & pageMask]!;
  }

  confirmedAt(slot: number): number {
    return this.pages[slot >>> pageBits]!.times[(slot & pageMask) * 2]!;
  }

  expiresAt(slot: number): number {
    return this.pages[slot >>> pageBits]!.times[(slot & pageMask) * 2 + 1]!;
  }

  setSeq(slot: number, seq: number): void {
    const { seqLow, seqHigh } = this.pages[slot >>> pageBits]!;
    seqLow[slot & pageMask] = seq;
    seqHigh[slot & pageMask] = seq / 2 ** 32;
  }

  setConfirmedAt(slot: number, time: number): void {
    this.pages[slot >>> pageBits]!.times[(slot & pageMask) * 2] = time;
  }

  setExpiresAt(slot: number, time: number): void {
    this.pages[slot >>> pageBits]!.times[(slot & pageMask) * 2 + 1] = time;
  }

  kind(slot: number): number {
    return this.#meta(slot) & kindBits;
  }

  /** Says what the slot holds from now on. Of what it held, only the dirty bit stays. */
  setKind(slot: number, kind: Kind): void {
    const meta = this.pages[slot >>> pageBits]!.meta;
    meta[slot & pageMask] = (meta[slot & pageMask]! & dirtyBit) | kind;
  }

  flags(slot: number): number {
    return (this.#meta(slot) & flagsBits) >>> flagsShift;
  }

  setFlags(slot: number, flags: number): void {
    const meta = this.pages[slot >>> pageBits]!.meta;
    meta[slot & pageMask] = (meta[slot & pageMask]! & ~flagsBits) | ((flags << flagsShift) & flagsBits);
  }

  term(slot: number): number {
    return this.#meta(slot) >>> termShift;
  }

  setTerm(slot: number, term: number): void {
    const meta = this.pages[slot >>> pageBits]!.meta;
    meta[slot & pageMask] = (meta[slot & pageMask]! & ((1 << termShift) - 1)) | (term << termShift);
  }

  /** The record was read: it counts up to three. */
  visit(slot: number): void {
    const { meta } = this.pages[slot >>> pageBits]!;
    const word = meta[slot & pageMask]!;
    if ((word & readsBits) !== readsBits) meta[slot & pageMask] = word + (1 << readsShift);
  }

  /** How often the record was read, as far as that is counted. */
  reads(slot: number): number {
    return (this.#meta(slot) & readsBits) >>> readsShift;
  }

  isMain(slot: number): boolean {
    return (this.#meta(slot) & mainBit) !== 0;
  }

  setMain(slot: number): void {
    this.pages[slot >>> pageBits]!.meta[slot & pageMask]! |= mainBit;
  }

  /** A slot for a key that has none. Its kind is still to be said. */
  add(key: string): number {
    let slot = this.#free;
    if (slot >= 0) this.#free = this.confirmedAt(slot);
    else {
      slot = this.#end;
      this.#end += 1;
      if ((slot & pageMask) === 0) this.pages.push(new Page<V>());
    }
    const page = this.page(slot);
    page.keys[slot & pageMask] = key;
    if (this.#walks > 0) {
      page.born ??= new Float64Array(pageSize);
      this.#births += 1;
      page.born[slot & pageMask] = this.#births;
    }
    this.#trie.add(key, slot);
    return slot;
  }

  /** Gives a slot back. */
  free(slot: number): void {
    const page = this.page(slot);
    this.#trie.delete(page.keys[slot & pageMask]!);
    page.keys[slot & pageMask] = '';
    this.setKind(slot, Kind.free);
    this.setConfirmedAt(slot, this.#free);
    this.#free = slot;
  }

  /**
   * The slots that were given to their keys before the walk began: a key that leaves and comes back into another slot meanwhile is not met
   * twice. A walk that nobody ends costs eight bytes for each slot given out from then on, no more.
   */
  *walk(): Generator<number, void, void> {
    this.#walks += 1;
    try {
      const { births, end } = { births: this.#births, end: this.#end };
      for (let slot = 0; slot < end; slot += 1) {
        const { born } = this.page(slot);
        if (born === undefined || born[slot & pageMask]! <= births) yield slot;
      }
    } finally {
      this.#walks -= 1;
    }
  }

  #meta(slot: number): number {
    return this.pages[slot >>> pageBits]!.meta[slot & pageMask]!;
  }
}
