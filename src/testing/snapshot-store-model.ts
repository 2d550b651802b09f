import type {
  OutboxEntry,
  OutboxOrder,
  SnapshotAppend,
  SnapshotEntry,
  SnapshotTombstone,
} from '../snapshot/store.js';

type Stored = (SnapshotEntry | SnapshotTombstone) & { readonly writing: number };

const forgets = (record: SnapshotEntry | SnapshotTombstone): number =>
  'kind' in record ? (record.kind === 'revoked' ? 2 : 1) : 0;

/** What a snapshot store must hold, in the fewest words: the oracle of its random tests. */
export class SnapshotStoreModel {
  readonly #records = new Map<string, Stored>();
  #orders: readonly OutboxEntry[] = [];
  #writing = 0;
  #asOf: number | undefined;
  seq = 0;
  complete = false;
  writtenAt: number | undefined;
  cursor: string | undefined;

  get writes(): 'full' | 'increments' {
    return this.#asOf === undefined ? 'increments' : 'full';
  }

  append(page: SnapshotAppend, unserializable: ReadonlySet<string> = new Set()): void {
    if (page.full === 'begin' || page.full === 'both') {
      this.#writing += 1;
      this.#asOf = page.asOf ?? -1;
      this.complete = false;
    }
    for (const entry of page.entries) {
      if (unserializable.has(entry.key)) {
        this.#saw(entry.seq);
        const held = this.#records.get(entry.key);
        if (held && (held.seq < entry.seq || (held.seq === entry.seq && !('kind' in held)))) {
          this.#records.delete(entry.key);
        }
      } else this.#put(entry);
    }
    this.journal(page.tombstones);
    for (const { key, seq } of page.gone) {
      this.#drop(key, seq, (held) => !('kind' in held) || held.seq < seq);
    }
    for (const { key, seq } of page.lifted) this.#drop(key, seq, (held) => 'kind' in held);
    this.writtenAt = page.writtenAt;
    this.cursor = page.cursor ?? this.cursor;
    if (page.full === 'end' || page.full === 'both') {
      for (const [key, record] of this.#records) {
        const old = record.writing < this.#writing;
        if (old && (!('kind' in record) || record.seq <= (this.#asOf ?? -1))) this.#records.delete(key);
      }
      this.#asOf = undefined;
      this.complete = true;
    }
  }

  journal(tombstones: readonly SnapshotTombstone[]): void {
    for (const tombstone of tombstones) this.#put(tombstone);
  }

  /** As the store numbered them: each higher than any before it. */
  enqueue(orders: readonly OutboxOrder[], ids: readonly number[]): void {
    this.#orders = [...this.#orders, ...orders.map((order, nth) => ({ ...order, id: ids[nth] as number }))];
  }

  acknowledge(ids: readonly number[]): void {
    this.#orders = this.#orders.filter(({ id }) => !ids.includes(id));
  }

  get orders(): readonly OutboxEntry[] {
    return this.#orders;
  }

  /** The store was closed and opened. */
  reopen(): void {
    this.#asOf = undefined;
  }

  /** Everything held, in the order of the keys. */
  contents(): readonly (SnapshotEntry | SnapshotTombstone)[] {
    return sorted([...this.#records.values()].map(({ writing: _, ...record }) => record));
  }

  #put(record: SnapshotEntry | SnapshotTombstone): void {
    this.#saw(record.seq);
    const held = this.#records.get(record.key);
    const wins =
      held === undefined ||
      record.seq > held.seq ||
      (record.seq === held.seq && forgets(record) >= forgets(held));
    if (wins) this.#records.set(record.key, { ...record, writing: this.#writing });
  }

  #drop(key: string, seq: number, means: (held: Stored) => boolean): void {
    this.#saw(seq);
    const held = this.#records.get(key);
    if (held !== undefined && held.seq <= seq && means(held)) this.#records.delete(key);
  }

  #saw(seq: number): void {
    this.seq = Math.max(this.seq, seq);
  }
}

/** In the order of the keys, by UTF-16 units. */
export function sorted<Item extends { readonly key: string }>(records: readonly Item[]): readonly Item[] {
  return records.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
