/** The number of terms that have a number of their own; beyond it, entries carry theirs themselves. */
const most = 0xffff;

/** Stands for "carried by the entry itself". */
export const ownTerm = most;

/**
 * How long entries hold: pairs of `ttl` and `staleFor`, each kept once however many entries share it.
 */
export class Terms {
  readonly ttls: number[] = [];
  readonly staleFors: number[] = [];
  readonly #users: number[] = [];
  readonly #free: number[] = [];
  readonly #ids = new Map<number, Map<number, number>>();
  #last = -1;

  /** The pair's number, with one more user; `ownTerm` when there are too many different ones. */
  use(ttl: number, staleFor: number): number {
    const last = this.#last;
    const id =
      last >= 0 && this.ttls[last] === ttl && this.staleFors[last] === staleFor
        ? last
        : this.#find(ttl, staleFor);
    if (id !== ownTerm) {
      this.#users[id]! += 1;
      this.#last = id;
    }
    return id;
  }

  release(id: number): void {
    if (id === ownTerm) return;
    this.#users[id]! -= 1;
    if (this.#users[id]! > 0) return;
    const ttl = this.ttls[id]!;
    const group = this.#ids.get(ttl);
    group?.delete(this.staleFors[id]!);
    if (group?.size === 0) this.#ids.delete(ttl);
    this.#free.push(id);
    if (this.#last === id) this.#last = -1;
  }

  #find(ttl: number, staleFor: number): number {
    let group = this.#ids.get(ttl);
    const known = group?.get(staleFor);
    if (known !== undefined) return known;
    const id = this.#free.pop() ?? this.ttls.length;
    if (id >= most) return ownTerm;
    if (group === undefined) {
      group = new Map();
      this.#ids.set(ttl, group);
    }
    group.set(staleFor, id);
    this.ttls[id] = ttl;
    this.staleFors[id] = staleFor;
    this.#users[id] = 0;
    return id;
  }
}
