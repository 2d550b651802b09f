import type { LifeSignal } from '../../src/runtime/life.js';
import type { Lease } from '../../src/table/index.js';
import type { CacheCore } from './core.js';
import { FeedError } from './feed-error.js';
import type { Stretch } from './stretch.js';

/** A batch that the source hands over: how many loads' time it may take, because it is so many rows. */
export const patience = 10;

/** Why a reading's signal fires when nothing else has fired it. One for all: with each of its own there would come a stack. */
const read = new DOMException('The reading is over.', 'AbortError');

export type FeedEnd =
  | { readonly type: 'end' }
  | { readonly type: 'failed'; readonly error: unknown; readonly unavailable: boolean }
  | { readonly type: 'aborted' };

/**
 * Reads what the source gives in batches, to its end. Each batch is taken under a lease from before it was asked for, within
 * a bounded time; the first may be tried again after a blip. Whatever the source throws or hands over is an outcome.
 */
export async function readFeed<V, Batch>(
  core: CacheCore<V>,
  feed: {
    /** The signal lives as long as the reading: it fires at its end, however that comes. */
    readonly open: (signal: AbortSignal) => AsyncIterable<unknown>;
    /** Says what the batch is; whatever it throws is the source's doing. */
    readonly check: (given: unknown) => Batch;
    /** Says false when the actor died while it took the batch. */
    readonly take: (batch: Batch, lease: Lease) => Promise<boolean>;
    readonly life: LifeSignal;
    readonly stretch: Stretch;
  },
): Promise<FeedEnd> {
  const { life, stretch } = feed;
  const ending = new AbortController();
  const end = (): void => ending.abort(life.reason);
  life.addEventListener('abort', end, { once: true });
  let iterator: AsyncIterator<unknown> | undefined;
  try {
    for (let first = true; ; first = false) {
      const { table } = core;
      const lease = table.lease();
      try {
        const answer = await core.link.ask<IteratorResult<unknown>>(
          () => {
            if (first || iterator === undefined) iterator = feed.open(ending.signal)[Symbol.asyncIterator]();
            return iterator.next();
          },
          {
            signal: life,
            timeout: patience * core.policy.load.timeout,
            retries: first ? core.policy.load.retries : 0,
          },
        );
        if (answer.type === 'aborted' || life.aborted) return { type: 'aborted' };
        if (answer.type === 'failed') return answer;
        const batch = checked(answer.value, feed.check);
        if (batch === undefined) return { type: 'end' };
        if (!(await feed.take(batch, lease))) return { type: 'aborted' };
      } finally {
        table.release(lease);
      }
      if (stretch.spent && !(await stretch.yield())) return { type: 'aborted' };
    }
  } catch (error) {
    if (error instanceof FeedError) return { type: 'failed', error: error.cause, unavailable: false };
    throw error;
  } finally {
    life.removeEventListener('abort', end);
    ending.abort(read);
    void close(iterator);
  }
}

/** The batch of one step; undefined after the last. The user's objects are looked at here and nowhere else. */
function checked<Batch>(step: IteratorResult<unknown>, check: (given: unknown) => Batch): Batch | undefined {
  try {
    return step.done ? undefined : check(step.value);
  } catch (error) {
    if (error instanceof FeedError) throw error;
    throw new FeedError('The source handed over something that is no batch.', error);
  }
}

async function close(iterator: AsyncIterator<unknown> | undefined): Promise<void> {
  try {
    await iterator?.return?.();
  } catch {
    // The reading is over, and how it ended is known.
  }
}
