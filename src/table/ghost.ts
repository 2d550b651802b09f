/** How many places are looked at for one hash. */
const reach = 8;
const fewest = 64;

/**
 * Remembers the keys that left lately by their hashes alone, in two generations: the older is forgotten as a whole when the younger
 * is full. It may forget one before its time, or take a key for another; either costs a hit now and then, and nothing else.
 */
export class Ghost {
  #young = new Uint32Array(2 * fewest);
  #old = new Uint32Array(0);
  #added = 0;

  /** Whether a key of this hash left lately. */
  has(hash: number): boolean {
    return isIn(this.#young, hash) || isIn(this.#old, hash);
  }

  /** A key left. At most the last `most` of them are remembered, at least half as many. */
  add(hash: number, most: number): void {
    if (this.#added >= Math.max(1, most / 2)) this.#turn(Math.max(fewest, most / 2));
    const mask = this.#young.length - 1;
    for (let step = 0; step < reach; step += 1) {
      const place = (hash + step) & mask;
      const there = this.#young[place]!;
      if (there === hash) return;
      if (there !== 0) continue;
      this.#young[place] = hash;
      this.#added += 1;
      return;
    }
    this.#young[hash & mask] = hash;
    this.#added += 1;
  }

  #turn(size: number): void {
    const spent = this.#old;
    this.#old = this.#young;
    const length = 2 ** Math.ceil(Math.log2(2 * size));
    this.#young = spent.length === length ? spent.fill(0) : new Uint32Array(length);
    this.#added = 0;
  }
}

function isIn(hashes: Uint32Array, hash: number): boolean {
  const mask = hashes.length - 1;
  if (mask < 0) return false;
  for (let step = 0; step < reach; step += 1) {
    const there = hashes[(hash + step) & mask]!;
    if (there === hash) return true;
    if (there === 0) return false;
  }
  return false;
}

/** Of longer keys, only the ends are looked at. */
const longest = 64;

/** A key's hash, never 0. It spreads; nothing rests on it that an attacker could want. */
export function hashOf(key: string): number {
  const { length } = key;
  let hash = length;
  const head = length <= longest ? length : longest / 2;
  for (let at = 0; at < head; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  for (let at = Math.max(head, length - longest / 2); at < length; at += 1)
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0 || 1;
}
