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

  /** The key's slot, or -1. */
  get(key: string): number {
    const map = this.#whole === undefined ? this.#maps[shardOf(key)]! : this.#whole;
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
    const map = this.#maps[shardOf(key)]!;
    if (map !== none) (map as Map<string, number>).delete(key);
  }

  #put(key: string, slot: number): void {
    const at = shardOf(key);
    const map = this.#maps[at]!;
    if (map === none) this.#maps[at] = new Map([[key, slot]]);
    else (map as Map<string, number>).set(key, slot);
  }

  #spread(whole: ReadonlyMap<string, number>): void {
    this.#whole = undefined;
    this.#maps = new Array(shardCount).fill(none);
    for (const [key, slot] of whole) this.#put(key, slot);
  }
}

/**
 * A few characters from all over the key: prefixes and suffixes that all keys share must not put them into one shard.
 * Not a hash to rely on (the map behind it has its own), only one that spreads.
 */
function shardOf(key: string): number {
  const length = key.length;
  let hash = length;
  if (length < 8) {
    for (let at = 0; at < length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  } else {
    const middle = length >> 1;
    hash = (Math.imul(hash, 31) + key.charCodeAt(length - 1)) | 0;
    hash = (Math.imul(hash, 31) + key.charCodeAt(length - 2)) | 0;
    hash = (Math.imul(hash, 31) + key.charCodeAt(middle)) | 0;
    hash = (Math.imul(hash, 31) + key.charCodeAt(middle - 1)) | 0;
    hash = (Math.imul(hash, 31) + key.charCodeAt(middle - 2)) | 0;
    hash = (Math.imul(hash, 31) + key.charCodeAt(length >> 2)) | 0;
    hash = (Math.imul(hash, 31) + key.charCodeAt((length * 3) >> 2)) | 0;
  }
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> 24;
}
