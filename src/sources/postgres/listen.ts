import { randomUUID } from 'node:crypto';
import { LoadTimeoutError, SourceConfigurationError } from '../../errors.js';
import type { Milliseconds } from '../../runtime/duration.js';
import { after, sleep } from '../../runtime/time.js';
import type { SourceListener } from '../source.js';
import type { Connections } from './connections.js';
import type { PgClient, PgResult } from './driver.js';
import { explain } from './failure.js';
import { quoted, type TablePlan, tableName, toldTable } from './table-plan.js';
import { channelOf, functionBody, installedSql, keysOf, triggerCount } from './trigger.js';

/** How often the connection is asked whether it is still one, and how long it may take to say so. */
const heartbeat: Milliseconds = 5_000;
const patience: Milliseconds = 5_000;

interface Notification {
  readonly channel: string;
  readonly payload?: string;
}

/**
 * Listens to what the table's trigger tells, by a connection of its own, until the signal fires. Rejects when the connection is lost, be
 * it that nobody says so: it is asked every few seconds.
 */
export async function listen(
  plan: TablePlan,
  connections: Connections,
  listener: SourceListener,
): Promise<void> {
  const { signal } = listener;
  if (signal.aborted) return;
  try {
    const held = await connections.hold(signal);
    try {
      await attend(held.client, plan, listener);
    } finally {
      await held.end();
    }
  } catch (error) {
    if (signal.aborted) return;
    throw explain(error, `The database of table ${toldTable(plan)}`).error;
  }
}

async function attend(client: PgClient, plan: TablePlan, listener: SourceListener): Promise<void> {
  const { signal } = listener;
  const ending = new AbortController();
  const lost = new Promise<never>((_, reject) => {
    client.on('error', reject);
    client.on('end', () => reject(new Error('Connection terminated unexpectedly')));
  });
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true, signal: ending.signal });
  });
  lost.catch(() => {});
  aborted.catch(() => {});
  const bounded = <T>(work: Promise<T>): Promise<T> => within(Promise.race([work, lost, aborted]));
  const query = (text: string, values: unknown[] = []): Promise<PgResult> =>
    bounded(client.query({ text, values, rowMode: 'array' }));
  try {
    const channel =
      plan.notify === 'trigger' ? await triggerChannel(query, plan) : (plan.notify?.channel ?? '');
    const own = `holdfast:${randomUUID()}`;
    const heard = new Promise<void>((resolve) => {
      client.on('notification', ({ channel: on, payload }: Notification) => {
        if (on === own) resolve();
        else if (on === channel) tell(payload, listener);
      });
    });
    await query(`LISTEN ${quoted(own)}`);
    await query(`LISTEN ${quoted(channel)}`);
    // A pooler that lends connections by the transaction takes LISTEN, and nothing ever comes.
    await query('SELECT pg_notify($1, $2)', [own, '']);
    await bounded(heard).catch((error: unknown) => {
      throw error instanceof LoadTimeoutError ? unheard(plan) : error;
    });
    listener.onOpen();
    for (;;) {
      await Promise.race([sleep(heartbeat, AbortSignal.any([signal, ending.signal])), lost]);
      await query('SELECT 1');
    }
  } finally {
    ending.abort();
  }
}

function tell(payload: string | undefined, listener: SourceListener): void {
  const keys = keysOf(payload);
  if (keys === undefined) listener.onGap();
  else if (keys.length > 0) listener.onChange(keys);
}

async function triggerChannel(
  query: (text: string, values: unknown[]) => Promise<PgResult>,
  plan: TablePlan,
): Promise<string> {
  const [found] = (await query(installedSql, [tableName(plan), plan.key, functionBody])).rows;
  const [oid, installed] = found ?? [];
  if (typeof oid === 'string' && installed === triggerCount) return channelOf(oid);
  const table = plan.schema === undefined ? plan.table : `${plan.schema}.${plan.table}`;
  throw new SourceConfigurationError(
    `Table ${toldTable(plan)} has not the trigger that option "notify" needs. Install it: npx holdfast postgres install-trigger --table ${table} --key ${plan.key}.`,
  );
}

const unheard = (plan: TablePlan): SourceConfigurationError =>
  new SourceConfigurationError(
    `What is notified does not arrive from the database of table ${toldTable(plan)}. A pooler in transaction mode cannot listen: connect past it, or leave option "notify" out.`,
  );

/** Rejects when it takes too long: also a connection that is dead without knowing. */
function within<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = after(patience, () =>
      reject(
        new LoadTimeoutError(`The server did not answer the listening connection within ${patience} ms.`),
      ),
    );
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
