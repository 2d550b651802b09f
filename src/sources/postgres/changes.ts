import { wallNow } from '../../runtime/time.js';
import {
  type ChangeCursor,
  decodeCursor,
  encodeCursor,
  interrupted,
  type Sight,
  standing,
  type Ticks,
} from '../change-cursor.js';
import type { Cursor, Row, Source } from '../source.js';
import { isLiving, type Prepared, type TableReader } from './reader.js';
import { places } from './statements.js';
import { latest, unitOf } from './times.js';

/** Before every stamp there can be. */
const ever: Ticks = -latest;

/** What is to be seen now. It is looked at before what it is about is read. Undefined without `updatedAt`. */
export async function look({ session, shape, sql }: Prepared): Promise<Sight | undefined> {
  if (sql.head === undefined || shape.updatedAt === undefined) return undefined;
  const unit = unitOf(shape.updatedAt);
  const now = wallNow() * unit;
  const [newest, running] = (await session.query(sql.head)).rows[0] ?? [];
  return {
    of: shape.identity,
    newest: typeof newest === 'number' ? newest : undefined,
    now,
    unit,
    running: typeof running === 'number' ? Math.floor(running) : undefined,
  };
}

/** One page of a feed. `next` is undefined on the last. */
interface ChangesPage<V> {
  readonly gone: readonly string[];
  readonly changed: readonly Row<V>[];
  readonly cursor: Cursor;
  readonly next: Position | undefined;
}

type Position = readonly [stamp: Ticks, key: string | undefined];

/**
 * The feed of changes by time stamp. Repeats what is stamped within the overlap, and since the oldest transaction that runs began: what
 * it has stamped is seen when it commits, however late that is.
 */
export function changesOf<V>(reader: TableReader<V>): NonNullable<Source<V>['changes']> {
  return async function* (since, { signal, batch }) {
    const { sight, identity } = await reader.ask(signal, async (prepared) => {
      // Not from memory: it may have been swapped for another of its name.
      reader.forget();
      const known = await reader.prepare(prepared.session);
      return { sight: await look({ ...prepared, ...known }), identity: known.shape.identity };
    });
    if (sight === undefined) return;
    const fresh = encodeCursor(standing(undefined, sight));
    const known = since === undefined ? undefined : decodeCursor(since, identity);
    if (known === undefined) {
      yield { gone: [], changed: [], cursor: fresh, ...(since !== undefined && { reset: true }) };
      return;
    }
    const reached = encodeCursor(standing(known, sight));
    const { newest } = sight;
    if (newest === undefined) {
      yield { gone: [], changed: [], cursor: reached };
      return;
    }
    let from: Position | undefined = [known.floor ?? ever, undefined];
    while (from !== undefined) {
      const at: Position = from;
      const { next, ...page }: ChangesPage<V> = await reader.ask(signal, (prepared) =>
        pageOf(reader, prepared, { at, newest, batch, known, reached, sight }),
      );
      yield page;
      from = next;
    }
  };
}

async function pageOf<V>(
  reader: TableReader<V>,
  { session, sql }: Prepared,
  page: {
    readonly at: Position;
    readonly newest: Ticks;
    readonly batch: number;
    readonly known: ChangeCursor;
    readonly reached: Cursor;
    readonly sight: Sight;
  },
): Promise<ChangesPage<V>> {
  const { at, newest, batch, known, reached, sight } = page;
  const [stamp, key] = at;
  const given = [wallNow(), stamp, newest, batch];
  const { rows } =
    key === undefined
      ? await session.query(sql.changes?.first ?? '', given)
      : await session.query(sql.changes?.next ?? '', [...given, key]);
  const last = rows.at(-1);
  const next: Position | undefined =
    last === undefined || rows.length < batch
      ? undefined
      : [Number(last[places.stamp]), String(last[places.key])];
  return {
    gone: rows.filter((row) => !isLiving(row)).map((row) => String(row[places.key])),
    changed: rows.filter(isLiving).map((row) => reader.row(row, sql)),
    cursor: next === undefined ? reached : encodeCursor(interrupted(known, { ...sight, at: next[0] })),
    next,
  };
}
