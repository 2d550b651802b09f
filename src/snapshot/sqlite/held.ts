/**
 * Of keys that have a record, up to which `seq` the record stands for them: entries in blocks that are not newer are not in force. Most
 * keys of a block have none, and are told by four of their bytes.
 */
export class Held {
  readonly #seqs = new Map<string, number>();
  readonly #outdated = new Set<string>();
  readonly #filter = new Uint8Array(1 << 16);

  get isEmpty(): boolean {
    return this.#seqs.size === 0;
  }

  set(key: Buffer, seq: number): void {
    this.#seqs.set(nameOf(key), seq);
    this.#filter[trait(key)] = 1;
  }

  /** Whether an entry of a block is overtaken by what is held. */
  hides(key: Buffer, seq: number): boolean {
    return this.#filter[trait(key)] === 1 && (this.#seqs.get(nameOf(key)) ?? -1) >= seq;
  }

  /** There is such an entry in a block: a record that is older came late. */
  meet(key: Buffer, seq: number): void {
    if (this.#filter[trait(key)] !== 1) return;
    const name = nameOf(key);
    const held = this.#seqs.get(name);
    if (held !== undefined && held < seq) this.#outdated.add(name);
  }

  /** Whether a block has a newer entry than the record of this key. */
  isOutdated(key: Buffer): boolean {
    return this.#outdated.size > 0 && this.#outdated.has(nameOf(key));
  }

  clear(): void {
    this.#seqs.clear();
    this.#outdated.clear();
    this.#filter.fill(0);
  }
}

const nameOf = (key: Buffer): string => key.toString('latin1');

/** The last bytes differ where keys have a beginning in common. */
function trait(key: Buffer): number {
  let sum = key.length;
  for (let at = Math.max(0, key.length - 4); at < key.length; at += 1)
    sum = Math.imul(sum, 31) + (key[at] as number);
  return (Math.imul(sum, 0x9e3779b1) >>> 16) & 0xffff;
}
