import type { Changes, Table, Tombstone } from '../../src/table/index.js';

/** A page with what its slots held when it was drained: it may be written much later. */
export interface Written extends Omit<Changes, 'slots'> {
  readonly changes: Changes;
  readonly entries: readonly (Copied & { readonly key: string })[];
}

export function gather(changes: Changes, table: Table<unknown>): Written {
  const entries = changes.slots.map((slot) => ({
    key: table.keyAt(slot),
    value: table.valueAt(slot),
    seq: table.seqOf(slot),
  }));
  return { ...changes, changes, entries };
}

interface Copied {
  readonly value: unknown;
  readonly seq: number;
}

/**
 * A plain copy of a table, kept by the pages that the table drains: of two records of a key the higher `seq` holds. It
 * applies a page from its front or from its back: no order within a page may matter but that what is lifted was there.
 */
export class TableCopy {
  readonly entries = new Map<string, Copied>();
  readonly tombstones = new Map<string, Tombstone>();
  /** The last removal of each key that was ever told. */
  readonly removals = new Map<string, number>();
  #asOf = 0;
  #unwritten: { readonly entries: Set<string>; readonly tombstones: Set<string> } | undefined;

  constructor(readonly backwards: boolean) {}

  append(page: Written): void {
    if (page.full === 'begin' || page.full === 'both') {
      this.#asOf = page.asOf!;
      this.#unwritten = {
        entries: new Set(this.entries.keys()),
        tombstones: new Set(this.tombstones.keys()),
      };
    }
    const steps = [
      () => {
        for (const { key, seq } of page.gone) {
          const held = this.entries.get(key);
          if (held !== undefined && held.seq <= seq) this.entries.delete(key);
        }
      },
      () => {
        for (const tombstone of page.tombstones) this.bury(tombstone);
      },
      () => {
        for (const entry of page.entries) this.#store(entry.key, entry);
      },
      () => {
        for (const { key, seq } of page.lifted) {
          const tombstone = this.tombstones.get(key);
          if (tombstone !== undefined && tombstone.seq <= seq) this.tombstones.delete(key);
        }
      },
    ];
    for (const step of this.backwards ? steps.reverse() : steps) step();
    if (page.full === 'end' || page.full === 'both') {
      for (const key of this.#unwritten?.entries ?? []) this.entries.delete(key);
      for (const key of this.#unwritten?.tombstones ?? []) {
        if ((this.tombstones.get(key)?.seq ?? 0) <= this.#asOf) this.tombstones.delete(key);
      }
      this.#unwritten = undefined;
    }
  }

  /** What a boot would find. */
  restored(): Map<string, unknown> {
    const found = new Map<string, unknown>();
    for (const [key, { value, seq }] of this.entries) {
      if ((this.tombstones.get(key)?.seq ?? -1) < seq) found.set(key, value);
    }
    return found;
  }

  #store(key: string, entry: Copied): void {
    this.#unwritten?.entries.delete(key);
    if ((this.entries.get(key)?.seq ?? -1) <= entry.seq) this.entries.set(key, entry);
  }

  /** Also what a journal does, ahead of all pages. */
  bury(tombstone: Tombstone): void {
    const { key, seq } = tombstone;
    this.#unwritten?.tombstones.delete(key);
    this.removals.set(key, Math.max(seq, this.removals.get(key) ?? 0));
    if ((this.tombstones.get(key)?.seq ?? -1) <= seq) this.tombstones.set(key, tombstone);
  }
}
