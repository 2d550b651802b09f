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
  #whole = new Map<string, number>();
  #maps: ReadonlyMap<string, number>[] = [];
  /** Which of the maps a key is in, once there are many. */
  #by: ShardKey | undefined;

  /** The key's slot, or -1. */
  get(key: string): number {
    const map = this.#by === undefined ? this.#whole : this.#maps[this.#by.shardOf(key)]!;
    const slot = map.get(key);
    return slot === undefined ? -1 : slot;
  }

  set(key: string, slot: number): void {
    if (this.#by === undefined) {
      this.#whole.set(key, slot);
      if (this.#whole.size > fewKeys) this.#spread();
    } else this.#put(this.#by, key, slot);
  }

  delete(key: string): void {
    if (this.#by === undefined) {
      this.#whole.delete(key);
      return;
    }
    const map = this.#maps[this.#by.shardOf(key)]!;
    if (map !== none) (map as Map<string, number>).delete(key);
  }

  #put(by: ShardKey, key: string, slot: number): void {
    const at = by.shardOf(key);
    const map = this.#maps[at]!;
    if (map === none) this.#maps[at] = new Map([[key, slot]]);
    else (map as Map<string, number>).set(key, slot);
  }

  #spread(): void {
    const whole = this.#whole;
    const by = new ShardKey([...whole.keys()]);
    this.#whole = new Map();
    this.#maps = new Array(shardCount).fill(none);
    for (const [key, slot] of whole) this.#put(by, key, slot);
    this.#by = by;
  }
}
