import { SourceConfigurationError } from '../../errors.js';
import { wallNow } from '../../runtime/time.js';
import type { Row } from '../source.js';
import type { Connections } from './connections.js';
import { explain } from './failure.js';
import { canBe } from './keys.js';
import { toRow, type ValueReader } from './rows.js';
import type { Session } from './session.js';
import { places, type TableSql, tableSql } from './statements.js';
import { type TablePlan, toldTable } from './table-plan.js';
import { readShape, type TableShape } from './table-shape.js';

/** What is known of the table, for one question. */
export interface Prepared {
  readonly session: Session;
  readonly shape: TableShape;
  readonly sql: TableSql;
}

/** Asks one table: a connection for each question, and what the table is looked up once, or again when it has become another. */
export class TableReader<V> {
  readonly plan: TablePlan;
  readonly connections: Connections;
  readonly #read: ValueReader<V>;
  #known: { readonly shape: TableShape; readonly sql: TableSql } | undefined;

  constructor(plan: TablePlan, connections: Connections, read: ValueReader<V>) {
    this.plan = plan;
    this.connections = connections;
    this.#read = read;
  }

  /** One question, one connection. What it throws is told as what it means; what the signal gave is its reason. */
  async ask<T>(signal: AbortSignal, question: (prepared: Prepared) => Promise<T>): Promise<T> {
    try {
      const session = await this.connections.open(signal);
      try {
        return await question({ session, ...(await this.prepare(session)) });
      } finally {
        session.release();
      }
    } catch (error) {
      throw this.explained(error, signal);
    }
  }

  /** What the table is, looked up where nobody knows. */
  async prepare(session: Session): Promise<{ readonly shape: TableShape; readonly sql: TableSql }> {
    if (this.#known === undefined) {
      const shape = await readShape(session, this.plan);
      this.#known = { shape, sql: tableSql(this.plan, shape) };
    }
    return this.#known;
  }

  /** The next question looks at the table anew. */
  forget(): void {
    this.#known = undefined;
  }

  explained(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    const { error: told, schemaChanged } = explain(error, `The database of table ${toldTable(this.plan)}`);
    if (schemaChanged || told instanceof SourceConfigurationError) this.forget();
    return told;
  }

  /** The living rows of these keys. */
  async living({ session, shape, sql }: Prepared, keys: readonly string[]): Promise<Map<string, Row<V>>> {
    const asked = new Set(keys.filter((key) => canBe(key, shape.key)));
    const found = new Map<string, Row<V>>();
    if (asked.size === 0) return found;
    const { rows } = await session.query(sql.byKeys, [[...asked], wallNow()]);
    for (const selected of rows) {
      const row = this.row(selected, sql);
      // A collation may take other keys for equal.
      if (asked.has(row.key)) found.set(row.key, row);
    }
    return found;
  }

  row(selected: readonly unknown[], sql: TableSql): Row<V> {
    return toRow(selected, sql.valueColumns, this.plan, this.#read);
  }
}

export const isLiving = (selected: readonly unknown[]): boolean => selected[places.living] === true;
