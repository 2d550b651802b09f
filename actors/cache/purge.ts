import { OptionsError } from '../../src/errors.js';
import { ageNow } from '../../src/runtime/time.js';
import type { CacheCore } from './core.js';
import { Stretch, unending } from './stretch.js';
import type { Writer } from './writer.js';

/** Keys buried at once. */
const page = 256;

/** The user's orders that concern many entries at once; carried out in slices, so that the event loop stays free. */
export class Purge<V> {
  readonly #core: CacheCore<V>;
  readonly #writer: Writer<V>;

  constructor(core: CacheCore<V>, writer: Writer<V>) {
    this.#core = core;
    this.#writer = writer;
  }

  async invalidateTag(tag: string): Promise<number> {
    if (typeof tag !== 'string') throw new OptionsError(`A tag must be a string. Given: ${typeof tag}.`);
    const { table, ledger } = this.#core;
    const mark = table.markTag(tag, ageNow());
    if (ledger?.restored === false) ledger.tags.set(tag, mark.at);
    const stretch = new Stretch(unending);
    let count = 0;
    // A table that takes this one's place takes nothing of the tag over.
    while (this.#core.table === table) {
      const keys = table.taggedBefore(tag, mark, page);
      if (keys.length === 0) break;
      this.#writer.buryStored(keys, 'invalidated', 'invalidate');
      count += keys.length;
      if (stretch.spent) await stretch.yield();
    }
    return count;
  }

  async prune(size: number): Promise<number> {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new OptionsError(
        `prune takes the number of entries to keep: a whole number, 0 or more. Given: ${size}.`,
      );
    const { table } = this.#core;
    const stretch = new Stretch(unending);
    let count = 0;
    for (const eviction of table.shed(size)) {
      if (eviction !== undefined) count += 1;
      if (stretch.spent) await stretch.yield();
      if (this.#core.table !== table) break;
    }
    return count;
  }
}
