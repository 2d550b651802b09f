import * as v from 'valibot';
import type { Milliseconds } from '../runtime/duration.js';
import type { Cursor } from './source.js';

/**
 * How much later than its time stamp says a change may appear and is still found: the longest transaction of which nothing
 * more is known, and how far the writers' clocks may be apart.
 */
const overlap: Milliseconds = 5_000;

/** A time since the epoch in the unit in which a column keeps it. */
export type Ticks = number;

/** Where a reader of changes stands. */
export interface ChangeCursor {
  /** Of which file, table and column it speaks: for any other it says nothing. */
  readonly of: string;
  /** Whatever is committed from now on is stamped with this or later. Undefined: anything may come. */
  readonly floor: Ticks | undefined;
  /** The newest stamp that was seen, and by our wall clock when it was first seen. */
  readonly newest: Ticks | undefined;
  readonly seenAt: Ticks;
}

/** What a reader saw when it looked. */
export interface Sight {
  readonly of: string;
  readonly newest: Ticks | undefined;
  /** Our wall clock. */
  readonly now: Ticks;
  /** When the oldest transaction began that has yet to end; left out: nobody tells. */
  readonly running?: Ticks | undefined;
  /** How many of them make a millisecond. Default 1. */
  readonly unit?: number;
}

/** Where a reader stands that begins now, or has read all there was up to `newest` by `now`. */
export function standing(
  before: Pick<ChangeCursor, 'newest' | 'seenAt'> | undefined,
  { of, newest, now, running = Number.POSITIVE_INFINITY, unit = 1 }: Sight,
): ChangeCursor {
  const seenAt = before !== undefined && before.newest === newest ? before.seenAt : now;
  if (newest === undefined) return { of, floor: undefined, newest, seenAt };
  // The writers' clock showed `newest` when that was first seen and has gone on since, so late changes come with later
  // stamps. A stamp from the future says nothing about that clock; ours stands in. Past `newest` itself the floor never
  // goes: a jump of our clock must not hide anything.
  const writersClock = Math.min(newest, seenAt) + now - seenAt;
  return { of, floor: Math.min(writersClock - overlap * unit, newest + 1, running), newest, seenAt };
}

/** Where a reader stands that has read up to the stamp `at` and was then interrupted. */
export function interrupted(
  before: ChangeCursor,
  {
    at,
    newest,
    now,
    running = Number.POSITIVE_INFINITY,
    unit = 1,
  }: Omit<Sight, 'of'> & { readonly at: Ticks },
): ChangeCursor {
  const floor = Math.min(Math.min(at, newest ?? at, now) - overlap * unit, running);
  return { ...before, floor: Math.max(floor, before.floor ?? floor) };
}

const schema = v.strictObject({
  of: v.string(),
  floor: v.optional(v.number()),
  newest: v.optional(v.number()),
  seenAt: v.number(),
});

export const encodeCursor = (cursor: ChangeCursor): Cursor => JSON.stringify(cursor);

/** Undefined for what is no cursor of this kind, or one of another feed. */
export function decodeCursor(cursor: Cursor, of: string): ChangeCursor | undefined {
  let json: unknown;
  try {
    json = JSON.parse(cursor);
  } catch {
    return undefined;
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success || parsed.output.of !== of) return undefined;
  const { floor, newest, seenAt } = parsed.output;
  return { of, floor, newest, seenAt };
}
