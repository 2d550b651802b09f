import type { ThrottlePolicy } from '../../actors/throttle/options.js';

/** What the book must say, in the plainest words, with all the memory in the world: every client's keys, each with its time. */
export class Ledger {
  readonly #policy: ThrottlePolicy;
  readonly #clients = new Map<number, Map<number, number>>();

  constructor(policy: ThrottlePolicy) {
    this.#policy = policy;
  }

  /** The keys of a client that count now, each with the time from which it may be answered. */
  keysOf(client: number, now: number): Map<number, number> {
    const keys = this.#clients.get(client) ?? new Map<number, number>();
    this.#clients.set(client, keys);
    for (const [key, from] of keys) if (now - from >= this.#policy.resetAfter) keys.delete(key);
    return keys;
  }

  /** `undefined`: refused. Otherwise how long the answer waits. */
  absent(client: number, key: number, now: number): number | undefined {
    const { allowance, delay, maxDelay, refuseAfter } = this.#policy;
    const keys = this.keysOf(client, now);
    const from = keys.get(key);
    if (from !== undefined) {
      if (from <= now) keys.set(key, now);
      return Math.max(0, from - now);
    }
    if (keys.size >= refuseAfter) return undefined;
    let wait = 0;
    for (let n = allowance; n <= keys.size; n++) wait = wait === 0 ? delay : Math.min(maxDelay, wait * 2);
    keys.set(key, now + Math.min(wait, maxDelay));
    return Math.min(wait, maxDelay);
  }

  /** The clients that have at least so many keys. */
  guilty(least: number, now: number): number[] {
    return [...this.#clients.keys()].filter((client) => this.keysOf(client, now).size >= least);
  }
}
