import * as v from 'valibot';
import type { Milliseconds } from '../../runtime/duration.js';
import type { Cursor } from '../source.js';

/**
 * How much later than its time stamp says a change may appear and is still found: the longest transaction, and how far
 * the writers' clocks may be apart.
 */
const overlap: Milliseconds = 5_000;

/** Where a reader of changes stands. */
export interface ChangeCursor {
  /** Of which file, table and column it speaks: for any other it says nothing. */
  readonly of: string;
  /** Whatever is committed from now on is stamped with this or later. Undefined: anything may come. */
  readonly floor: Milliseconds | undefined;
  /** The newest stamp that was seen, and by our wall clock when it was first seen. */
  readonly newest: Milliseconds | undefined;
  readonly seenAt: Milliseconds;
}

/** Where a reader stands that begins now, or has read all there was up to `newest` by `now`. */
export function standing(
  before: Pick<ChangeCursor, 'newest' | 'seenAt'> | undefined,
  {
    of,
    newest,
    now,
  }: { readonly of: string; readonly newest: Milliseconds | undefined; readonly now: Milliseconds },
): ChangeCursor {
  const seenAt = before !== undefined && before.newest === newest ? before.seenAt : now;
  if (newest === undefined) return { of, floor: undefined, newest, seenAt };
  // The writers' clock showed `newest` when that was first seen and has gone on since, so late changes come with later
  // stamps. A stamp from the future says nothing about that clock; ours stands in. Past `newest` itself the floor never
  // goes: a jump of our clock must not hide anything.
  const writersClock = Math.min(newest, seenAt) + now - seenAt;
  return { of, floor: Math.min(writersClock - overlap, newest + 1), newest, seenAt };
}

/** Where a reader stands that has read up to the stamp `at` and was then interrupted. */
export function interrupted(
  before: ChangeCursor,
  {
    at,
    newest,
    now,
  }: { readonly at: Milliseconds; readonly newest: Milliseconds; readonly now: Milliseconds },
): ChangeCursor {
  const floor = Math.min(at, newest, now) - overlap;
  return { ...before, floor: Math.max(floor, before.floor ?? floor) };
}

const schema = v.strictObject({
  of: v.string(),
  floor: v.optional(v.number()),
  newest: v.optional(v.number()),
  seenAt: v.number(),
});

export const encodeCursor = (cursor: ChangeCursor): Cursor => JSON.stringify(cursor);

/** Undefined for what is no cursor of this kind, or one of another file. */
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
