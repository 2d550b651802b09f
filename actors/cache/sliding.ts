import type { Milliseconds } from '../../src/runtime/duration.js';
import type { Table } from '../../src/table/index.js';
import { entryAt } from './entry.js';
import { Flag } from './judge.js';
import type { Slides } from './options.js';
import { restarted, type Terms } from './terms.js';

/** An age is restarted when this part of the `ttl` has passed: not at every read. */
const grain = 1 / 16;

/** The terms of an entry that slides so: its own end moves, nothing else. */
export function slidingTerms(terms: Terms, slides: Slides): Terms {
  if (typeof slides === 'boolean') return terms;
  const ttl = Math.min(terms.ttl, slides);
  return { ttl, staleFor: slides - ttl };
}

/** Keeps fresh what is read: where any entry slides at all. */
export class Sliding {
  /** There is one that does, or was. */
  any: boolean;
  /** What is said of no entry. */
  readonly #ordinary: boolean;

  constructor(ordinary: boolean) {
    this.any = ordinary;
    this.#ordinary = ordinary;
  }

  /** Whether an entry slides on its way out of the table: nothing where it does as all others do. */
  own(flags: number): boolean | undefined {
    const slides = (flags & Flag.sliding) !== 0;
    return slides === this.#ordinary ? undefined : slides;
  }

  /** The mark of an entry on its way into the table, by what was said of it. */
  flag(own: boolean | undefined): number {
    if (!(own ?? this.#ordinary)) return Flag.none;
    this.any = true;
    return Flag.sliding;
  }

  /** The entry in a slot was read, fresh or restored; `now` in ms of ages. Past its `ttl` it is not made young again. */
  read<V>(table: Table<V>, slot: number, now: Milliseconds): void {
    if ((table.flagsOf(slot) & Flag.sliding) === 0) return;
    const age = now - table.confirmedAt(slot);
    const ttl = table.ttlOf(slot);
    if (age < ttl * grain || age >= ttl) return;
    const entry = entryAt(table, slot);
    table.retime(slot, { ...entry, ...restarted(entry, now) });
  }
}
