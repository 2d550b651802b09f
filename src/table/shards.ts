import { ShardKey } from './shard-key.js';

const shardCount = 256;

/** Up to so many keys one map will do: it grows in no time, and a read need not choose. */
const fewKeys = 4096;

/** Stands in for a shard that holds nothing yet. */
const none: ReadonlyMap<string, number> = new Map();

/**
 * Key to slot. Many small maps instead of one: a map that grows copies all it holds, and one of a million keys does so
 * for 60 ms.
 */
export class Shards {
  /** All there is, while there are few keys. */
  #whole: Map<string, number> | undefined = new Map();
  #maps: ReadonlyMap<string, number>[] = [];
  #by = new ShardKey([]);

  /** The key's slot, or -1. */
  get(key: string): number {
    const map = this.#whole === undefined ? this.#maps[this.#by.shardOf(key)]! : this.#whole;
    const slot = map.get(key);
    return slot === undefined ? -1 : slot;
  }

  set(key: string, slot: number): void {
    if (this.#whole !== undefined) {
      this.#whole.set(key, slot);
      if (this.#whole.size > fewKeys) this.#spread(this.#whole);
    } else this.#put(key, slot);
  }

  delete(key: string): void {
    if (this.#whole !== undefined) {
      this.#whole.delete(key);
      return;
    }
    const map = this.#maps[this.#by.shardOf(key)]!;
    if (map !== none) (map as Map<string, number>).delete(key);
  }

  #put(key: string, slot: number): void {
    const at = this.#by.shardOf(key);
    const map = this.#maps[at]!;
    if (map === none) this.#maps[at] = new Map([[key, slot]]);
    else (map as Map<string, number>).set(key, slot);
  }

  #spread(whole: ReadonlyMap<string, number>): void {
    this.#whole = undefined;
    this.#by = new ShardKey([...whole.keys()]);
    this.#maps = new Array(shardCount).fill(none);
    for (const [key, slot] of whole) this.#put(key, slot);
  }
}
