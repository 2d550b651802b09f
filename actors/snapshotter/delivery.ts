import { StateError } from '../../src/errors.js';
import { buggify } from '../../src/fault-point.js';
import { backoffDelay } from '../../src/runtime/backoff-delay.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import type { LifeSignal } from '../../src/runtime/life.js';
import { ageNow, random, wallNow } from '../../src/runtime/time.js';
import type { OutboxEntry, SnapshotStore } from '../../src/snapshot/store.js';
import type { CacheCore } from '../cache/core.js';
import { patience } from '../cache/feed.js';
import { lostError, mostAttempts, type Order } from '../cache/order.js';
import type { Outbox } from '../cache/outbox.js';
import { mayTell, prolonged } from '../cache/telling.js';

/** Looked after so long in any case: what rings is only a hint. */
const longestRest: Milliseconds = 60_000;

/** So many go from the file at once. */
const mostOver = 1_000;

/** Whether an order may be brought to the source now, or is to go from the file. */
export function deliverable<V>(core: CacheCore<V>, outbox: Outbox): boolean {
  return outbox.over(1).length > 0 || (outbox.next(ageNow()) !== undefined && mayTell(core));
}

/** How long to wait before looking again, where nothing rings. */
export function restOf<V>({ link, policy }: CacheCore<V>, outbox: Outbox): Milliseconds {
  const now = ageNow();
  const turn = outbox.nextDue - now;
  const step = link.down ? Math.max(link.outage.nextAttempt - now, policy.backoff.min) : 0;
  return Math.min(longestRest, Math.max(1, turn, step));
}

/**
 * Brings what waits to the source, oldest first, until nothing more may be asked. An order goes from the file only after the
 * source has confirmed it: one that nobody knows whether it was done is done again. A source that refuses one order is asked for
 * the others.
 */
export async function deliver<V>(
  core: CacheCore<V>,
  outbox: Outbox,
  store: SnapshotStore,
  life: LifeSignal,
): Promise<void> {
  while (!life.aborted) {
    const over = outbox.over(mostOver);
    if (over.length > 0) {
      buggify('snapshotter.delivered');
      await store.acknowledge(over.map(({ id }) => id as number));
      for (const order of over) end(core, outbox, order);
      continue;
    }
    const order = mayTell(core) ? outbox.next(ageNow()) : undefined;
    if (order === undefined) return;
    await attempt(core, outbox, order, store, life);
  }
}

async function attempt<V>(
  core: CacheCore<V>,
  outbox: Outbox,
  order: Order,
  store: SnapshotStore,
  life: LifeSignal,
): Promise<void> {
  order.state = 'trying';
  try {
    const [entry] = await store.waiting({ after: (order.id as number) - 1, most: 1 });
    if (entry?.id !== order.id) return lose(core, outbox, order);
    // While the file was read somebody else may have begun to try whether the source is back.
    if (life.aborted || order.dropped || !mayTell(core)) return;
    const { link, policy } = core;
    const answer = await link.ask(
      ({ signal }) => outbox.asking(order.key, tell(core, entry as OutboxEntry, signal)),
      // Nobody waits for it: a source that is slow may take its time.
      {
        signal: life,
        timeout: patience * policy.load.timeout,
        retries: 0,
        redact: (error) => core.keys.redact(error, (entry as OutboxEntry).key),
      },
    );
    if (answer.type === 'answer') {
      outbox.done(order);
    } else if (answer.type === 'failed' && answer.unavailable) {
      // Timeouts that do not mean an outage yet are no reason to hurry.
      outbox.away(answer.error, (nth) => backoffDelay(policy.backoff, nth, random()));
    } else if (answer.type === 'failed') refuse(core, outbox, order, answer.error);
  } finally {
    if (order.state === 'trying') order.state = 'waiting';
  }
}

async function tell<V>({ link }: CacheCore<V>, entry: OutboxEntry, signal: AbortSignal): Promise<void> {
  const { source } = link;
  if (source[entry.kind] === undefined)
    throw new StateError(`This source cannot ${entry.kind}: it has no \`${entry.kind}\` method.`);
  if (entry.kind === 'remove') await source.remove?.(entry.key, { signal });
  else await source.touch?.(entry.key, { expiresAt: entry.expiresAt, at: entry.at }, { signal });
}

function refuse<V>(core: CacheCore<V>, outbox: Outbox, order: Order, error: unknown): void {
  const { policy } = core;
  const attempt = order.attempts + 1;
  const apart = attempt >= mostAttempts;
  // Set apart it is still tried, as seldom as the whole source is looked through.
  const delay = apart
    ? Math.max(policy.warm.every, policy.backoff.max)
    : backoffDelay(policy.backoff, attempt, random());
  outbox.answered();
  outbox.refused(order, error, ageNow() + delay);
  core.logger.error(
    { cache: policy.name, order: order.kind, attempt, apart, err: error },
    'the source refuses an order that waited for it',
  );
  core.bus.publish('outbox.failed', {
    key: order.key,
    order: order.kind,
    error,
    attempt,
    apart,
    lost: false,
  });
}

/** The order is done, and the file knows: the key is no longer sealed, and reads that began before are still refused. */
function end<V>(core: CacheCore<V>, outbox: Outbox, order: Order): void {
  release(core, outbox, order);
  if (order.state !== 'done') return;
  if (order.kind === 'touch') prolonged(core, order.key);
  outbox.delivered++;
  core.bus.publish('outbox.delivered', {
    key: order.key,
    order: order.kind,
    after: Math.max(0, wallNow() - order.at),
    waiting: outbox.size,
  });
}

function release<V>(core: CacheCore<V>, outbox: Outbox, order: Order): void {
  outbox.finish(order);
  if (order.kind === 'remove') bury(core, order.key);
}

function bury<V>(core: CacheCore<V>, key: string): void {
  core.table.bury(key, 'revoked', core.ledger?.outbox.sealed.get(key) ?? ageNow());
  core.quarantine.release(key);
  core.authority.doubt(key);
  core.loader.abort(key);
}

/** Its file was set aside, and the key was in no other place. */
function lose<V>(core: CacheCore<V>, outbox: Outbox, order: Order): void {
  const error = lostError(undefined);
  release(core, outbox, order);
  outbox.lost++;
  core.logger.error({ cache: core.policy.name, order: order.kind, err: error }, 'an order was lost');
  core.bus.publish('outbox.failed', {
    key: order.key,
    order: order.kind,
    error,
    attempt: order.attempts,
    apart: false,
    lost: true,
  });
}

/** Takes on what the file holds that was just opened, before anything of it is restored. */
export async function takeOutbox<V>(
  core: CacheCore<V>,
  outbox: Outbox,
  store: SnapshotStore,
  life: AbortSignal,
): Promise<void> {
  const entries: OutboxEntry[] = [];
  for (let after = 0; ; ) {
    const some = await store.waiting({ after });
    life.throwIfAborted();
    const last = some.at(-1);
    if (last === undefined) break;
    entries.push(...some);
    after = last.id;
  }
  const { taken, over, lost } = outbox.reconcile(entries, (raw) => core.keys.stored(raw));
  for (const { key, kind } of taken) if (kind === 'remove') bury(core, key);
  for (const order of over) end(core, outbox, order);
  for (const order of lost) lose(core, outbox, order);
  if (outbox.size > 0) outbox.changed.ring();
}
