import { OptionsError, SourceConfigurationError } from '../../errors.js';
import type { Milliseconds } from '../../runtime/duration.js';
import { Connections } from './connections.js';
import { driverInstalled } from './driver.js';
import { explain } from './failure.js';
import { checkedNames } from './options.js';
import type { Session } from './session.js';
import { tableName, toldTable } from './table-plan.js';
import { functionBody, installedSql, triggerCount, triggerSql } from './trigger.js';

/** On which table, and by which of its columns. */
export interface TriggerPlan {
  readonly table: string;
  readonly key: string;
}

/** The SQL that installs the trigger. @throws OptionsError for what is no name. */
export const triggerScript = (plan: TriggerPlan): string =>
  `${['BEGIN', ...triggerSql(checkedNames(plan)), 'COMMIT'].join(';\n')};\n`;

/**
 * Installs the trigger, in one transaction. What is there already, as this version has it, is left alone.
 *
 * @throws SourceConfigurationError when the table or the column is not there, or the right to do it;
 * SourceUnavailableError when the server cannot be reached; LoadTimeoutError when the table is locked for too long.
 */
export async function installTrigger({
  connection,
  lockTimeout,
  ...given
}: TriggerPlan & {
  readonly connection: string | undefined;
  readonly lockTimeout: Milliseconds;
}): Promise<{ readonly table: string; readonly already: boolean }> {
  const plan = checkedNames(given);
  if (!driverInstalled()) {
    throw new OptionsError('This needs the package pg: npm install pg pg-cursor.');
  }
  const connections = new Connections(connection, undefined);
  const { signal } = new AbortController();
  try {
    const session = await connections.open(signal);
    try {
      await needTable(session, plan);
      const installed = await session.query(installedSql, [tableName(plan), plan.key, functionBody]);
      const already = installed.rows[0]?.[2] === triggerCount;
      if (!already) await install(session, plan, lockTimeout);
      return { table: toldTable(plan), already };
    } finally {
      session.release();
    }
  } catch (error) {
    throw explain(error, `The database of table ${toldTable(plan)}`).error;
  } finally {
    await connections.close();
  }
}

async function install(session: Session, plan: NamedTable, lockTimeout: Milliseconds): Promise<void> {
  await session.query('BEGIN');
  await session.query("SELECT set_config('lock_timeout', $1, true)", [`${Math.ceil(lockTimeout)}ms`]);
  for (const statement of triggerSql(plan)) await session.query(statement);
  await session.query('COMMIT');
}

/** A trigger on a column that is not there would be installed, and break every write. */
async function needTable(session: Session, plan: NamedTable): Promise<void> {
  const { rows } = await session.query(
    `SELECT c.relkind::text, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped)
     FROM pg_class c WHERE c.oid = to_regclass($1)`,
    [tableName(plan), plan.key],
  );
  const [kind, hasKey] = rows[0] ?? [];
  if (kind === undefined) {
    throw new SourceConfigurationError(
      `The database has no table ${toldTable(plan)} that this user can see.`,
    );
  }
  if (kind !== 'r' && kind !== 'p') {
    throw new SourceConfigurationError(
      `${toldTable(plan)} is no table: install the trigger on the table that is written to.`,
    );
  }
  if (hasKey !== true) {
    throw new SourceConfigurationError(`Table ${toldTable(plan)} has no column "${plan.key}".`);
  }
}

type NamedTable = ReturnType<typeof checkedNames>;
