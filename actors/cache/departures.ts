import type { OwnBus } from '../../src/bus/bus.js';
import type { CacheEvents } from '../../src/bus/cache-events.js';
import type { EvictionCause, RemovalCause } from '../../src/table/index.js';

type Reason = CacheEvents['left']['because'];

const reasons: Readonly<Record<EvictionCause | RemovalCause, Reason>> = {
  expired: 'expired',
  aged: 'expired',
  capacity: 'evicted',
  invalidated: 'invalidated',
  revoked: 'revoked',
  replaced: 'replaced',
};

/** Keys of one event. */
const page = 1000;

/** Tells who left memory and why, once for all that left in one stretch of synchronous work: who stores a million tells a few times. */
export class Departures {
  readonly #bus: OwnBus<CacheEvents>;
  readonly #left = new Map<Reason, string[]>();
  #pushedOut = 0;
  #telling = false;

  constructor(bus: OwnBus<CacheEvents>) {
    this.#bus = bus;
  }

  /** An entry left. */
  note(key: string, because: EvictionCause | RemovalCause): void {
    if (because === 'capacity') {
      this.#pushedOut += 1;
      this.#tellSoon();
    }
    if (!this.#bus.asks('left')) return;
    const reason = reasons[because];
    const keys = this.#left.get(reason);
    if (keys === undefined) this.#left.set(reason, [key]);
    else keys.push(key);
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#telling) return;
    this.#telling = true;
    void Promise.resolve().then(() => this.#tell());
  }

  #tell(): void {
    this.#telling = false;
    const count = this.#pushedOut;
    const left = [...this.#left];
    this.#pushedOut = 0;
    this.#left.clear();
    if (count > 0) this.#bus.publish('evicted', { count, because: 'capacity' });
    for (const [because, keys] of left) {
      for (let from = 0; from < keys.length; from += page)
        this.#bus.publish('left', { keys: keys.slice(from, from + page), because });
    }
  }
}
