import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { gather, TableCopy, type Written } from './table-copy.js';
import { type ModelLease, TableModel } from './table-model.js';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const often = <T>(arbitrary: fc.Arbitrary<T>) => ({ arbitrary, weight: 8 });
const step = fc.oneof(
  often(
    fc.record({
      do: fc.constant('put'),
      key,
      expiresIn: fc.option(fc.constantFrom(-1, 500), { nil: undefined, freq: 2 }),
    }),
  ),
  often(fc.record({ do: fc.constant('deny'), key })),
  often(fc.record({ do: fc.constant('bury'), key, revoked: fc.boolean(), journal: fc.boolean() })),
  often(fc.record({ do: fc.constant('evict'), key })),
  often(fc.record({ do: fc.constant('latch'), key })),
  often(fc.record({ do: fc.constant('lift'), key })),
  often(fc.record({ do: fc.constant('due'), span: fc.constantFrom(0, 100, 1000) })),
  { arbitrary: fc.record({ do: fc.constant('drain'), most: fc.integer({ min: 1, max: 4 }) }), weight: 16 },
  {
    arbitrary: fc.record({ do: fc.constant('settle'), kept: fc.boolean(), known: fc.boolean() }),
    weight: 16,
  },
  // Seldom: a full writing mends whatever went wrong before it.
  fc.constant({ do: 'all' } as const),
  fc.constant({ do: 'clear' } as const),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A table and what keeps a copy of it, with at most one page under way. */
class Pair {
  readonly model: TableModel;
  readonly copy: TableCopy;
  #now = 0;
  #value = 0;
  #underWay: { readonly page: Written; readonly asOf: Map<string, unknown> } | undefined;

  constructor(options: { readonly maxEntries: number | undefined; readonly backwards: boolean }) {
    this.model = new TableModel({ maxNegative: 2, track: true, maxEntries: options.maxEntries });
    this.copy = new TableCopy(options.backwards);
  }

  take(s: Step): void {
    const { model } = this;
    switch (s.do) {
      case 'put':
        this.#value += 1;
        model.put(s.key, this.#value, {
          confirmedAt: this.#now,
          ttl: 1000,
          staleFor: 1000,
          expiresAt: s.expiresIn === undefined ? undefined : this.#now + s.expiresIn,
        });
        break;
      case 'deny': {
        const lease: ModelLease = model.lease('read');
        model.deny(s.key, { at: this.#now, until: this.#now + 500, because: 'source' }, lease);
        model.release(lease);
        break;
      }
      case 'bury':
        model.bury([s.key], s.revoked ? 'revoked' : 'invalidated', this.#now);
        if (s.journal) {
          this.copy.bury(model.table.tombstoneOf(s.key)!);
          this.#underWay?.asOf.delete(s.key);
        }
        break;
      case 'evict':
        model.evict(s.key);
        break;
      case 'latch':
        model.latch(s.key);
        break;
      case 'lift':
        model.lift(s.key);
        break;
      case 'due':
        this.#now += s.span;
        model.due(this.#now, this.#now);
        break;
      case 'drain':
        this.#drain(s.most);
        break;
      case 'settle':
        this.#settle(s.kept, s.known);
        break;
      case 'all':
        model.table.markAllDirty();
        break;
      case 'clear':
        model.clear();
        break;
    }
    this.#nothingCameBack();
  }

  end(): void {
    this.#settle(true, true);
    for (let pages = 0; ; pages += 1) {
      assert.ok(pages < 1000, 'draining does not end');
      this.#drain(3);
      const more = this.#underWay?.page.more;
      this.#settle(true, true);
      if (!more) break;
    }
    assert.equal(this.model.table.pending, 0);
    const buried = [...this.model.tombstones.values()].map(({ key, seq }) => `${key} ${seq}`);
    const copied = [...this.copy.tombstones.values()].map(({ key, seq }) => `${key} ${seq}`);
    assert.deepEqual(copied.sort(), buried.sort());
  }

  #drain(most: number): void {
    if (this.#underWay !== undefined) return;
    const { model } = this;
    const changes = model.table.drain(most);
    const size =
      changes.slots.length + changes.gone.length + changes.tombstones.length + changes.lifted.length;
    assert.ok(size <= most, `${size} changes instead of ${most}`);
    const asOf = new Map<string, unknown>();
    for (const [key, held] of model.entries) if (!held.latched) asOf.set(key, held.value);
    this.#underWay = { page: gather(changes, model.table), asOf };
  }

  #settle(kept: boolean, known: boolean): void {
    if (this.#underWay === undefined) return;
    const { page, asOf } = this.#underWay;
    this.#underWay = undefined;
    if (kept) this.copy.append(page);
    if (!kept) this.model.table.redo(page.changes);
    else if (!known) this.model.table.redo();
    else if (!page.more)
      assert.deepEqual(new Map([...this.copy.restored()].sort()), new Map([...asOf].sort()));
  }

  /** Whatever the copy was told to be removed, it does not give back. */
  #nothingCameBack(): void {
    for (const key of this.copy.restored().keys()) {
      assert.ok(this.copy.entries.get(key)!.seq > (this.copy.removals.get(key) ?? 0), `${key} came back`);
    }
  }
}

describe('a copy kept by the drained pages', () => {
  it('is the table whenever nothing waits, and never brings back what it was told to remove', () => {
    fc.assert(
      fc.property(
        fc.record({
          maxEntries: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
          backwards: fc.boolean(),
        }),
        fc.array(step, { maxLength: 80, size: 'max' }),
        (options, steps) => {
          const pair = new Pair(options);
          for (const s of steps) pair.take(s);
          pair.end();
        },
      ),
      { numRuns: 400 },
    );
  }, 60_000);
});
