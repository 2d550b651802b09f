import { wallNow } from '../../runtime/time.js';
import { encodeCursor, standing } from '../change-cursor.js';
import type { Row, Source } from '../source.js';
import { look } from './changes.js';
import type { TableReader } from './reader.js';

/**
 * All living rows, as they were at one moment: read through a cursor in a transaction that only reads. The connection is given back when
 * the reader has read all, stops, or gives up by its signal, wherever the reading stands then.
 */
export function scanOf<V>(reader: TableReader<V>): NonNullable<Source<V>['scan']> {
  return async function* ({ signal, batch }) {
    let whole = false;
    let empty = true;
    const session = await reader.connections.open(signal).catch((error: unknown) => {
      throw reader.explained(error, signal);
    });
    try {
      reader.forget();
      const prepared = { session, ...(await reader.prepare(session)) };
      const { sql } = prepared;
      const sight = await look(prepared);
      const told = { snapshot: true, ...(sight && { cursor: encodeCursor(standing(undefined, sight)) }) };
      await session.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      for await (const selected of session.batches(sql.all, [wallNow()], batch)) {
        const rows: Row<V>[] = selected.map((row) => reader.row(row, sql));
        empty = false;
        yield { rows, ...told };
      }
      // Also of an empty table it is told from where its changes are to be read.
      if (empty) yield { rows: [], ...told };
      await session.query('COMMIT');
      whole = true;
    } catch (error) {
      throw reader.explained(error, signal);
    } finally {
      // In the middle of a transaction it is of no use to anybody else.
      session.release({ reusable: whole });
    }
  };
}
