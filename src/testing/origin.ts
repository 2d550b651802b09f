import type { Milliseconds } from '../runtime/duration.js';
import type { Seen } from './history.js';

/** Where a cache may have had what it tells of a key: an answer of the source, or a `put`. */
export interface Origin<V> {
  readonly by: 'answer' | 'put';
  readonly seen: Seen<V>;
  /** The order at which the question began; of a put, its own. */
  readonly began: number;
  /** It is not what the database held when it was asked. */
  readonly lied: boolean;
  /** The order at which it came in. */
  readonly order: number;
  readonly at: Milliseconds;
  readonly wall: Milliseconds;
}
