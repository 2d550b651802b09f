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

  constructor(any: boolean) {
    this.any = any;
  }

  /** The entry in a slot was read while it was fresh; `now` in ms of ages. */
  read<V>(table: Table<V>, slot: number, now: Milliseconds): void {
    if ((table.flagsOf(slot) & Flag.sliding) === 0) return;
    if (now - table.confirmedAt(slot) < table.ttlOf(slot) * grain) return;
    const entry = entryAt(table, slot);
    table.retime(slot, { ...entry, ...restarted(entry, now) });
  }
}
