import { edit, mutantsOf } from './mutant.js';

const loader = 'actors/cache/loader.ts';
const intake = 'actors/cache/intake.ts';
const core = 'actors/cache/core.ts';

export const loading = mutantsOf('cache')(
  [
    'a load for each caller',
    '10,000 callers for one missing key',
    edit(loader, 'if (existing !== undefined) {', 'if (existing !== undefined && asker !== undefined) {'),
  ],
  [
    'a load that was given up keeps its place',
    '20,000 callers for 20,000 distinct keys',
    edit(
      loader,
      '    this.#batches.delete(batch);\n',
      "    if (answer.type !== 'aborted') this.#batches.delete(batch);\n",
    ),
  ],
  [
    'a load may take for ever',
    'a load that never answers',
    edit(
      'actors/cache/asking.ts',
      'home.deadlines.add(this, how.timeout)',
      'home.deadlines.add(this, how.timeout * 10_000)',
    ),
  ],
  [
    'a load waits for itself',
    '`fetch` of a key inside its own load',
    edit(
      loader,
      'if (flight.batch?.hangsOn(asker)) {',
      'if (flight.batch?.hangsOn(asker) && key === undefined) {',
    ),
  ],
  [
    'a late load is stored after an invalidation',
    '`remove`, `revoke`, `put`, `invalidate`, `clear` while the load runs',
    edit(
      'src/table/table.ts',
      '      const seq = this.history.count();\n      const held = this.#onRemove',
      '      const { seq } = this.history;\n      const held = this.#onRemove',
    ),
    edit(
      'actors/cache/changes.ts',
      '      core.quarantine.release(key);\n      core.loader.abort(key);',
      '      core.quarantine.release(key);',
    ),
  ],
  [
    'a load that failed is tried again for each caller',
    '100 callers of one key, the load fails after 50 ms',
    edit(
      'actors/cache/finder.ts',
      'if (!landing.unavailable) throw landing.error;',
      'if (!landing.unavailable && lapses < 2) return undefined;\n        if (!landing.unavailable) throw landing.error;',
    ),
  ],
  [
    'a load that failed is an absence',
    'the load fails',
    edit(
      loader,
      '      return answer;\n    }\n    if (link',
      "      return { type: 'none', stored: true };\n    }\n    if (link",
    ),
  ],
  [
    'an outage is remembered as an absence',
    'the load fails',
    edit(
      loader,
      '      counters.loadErrors++;',
      "      counters.loadErrors++;\n      if (answer.unavailable) intake.none(flight.key, lease, 'source');",
    ),
  ],
  [
    'any number of loads at once',
    '5,000 distinct missing keys at once',
    edit(
      loader,
      "else if (permission === 'probe' || !this.#isFull) this.#begin([flight]);",
      "else if (permission === 'probe' || this.#batches.size < 1_000) this.#begin([flight]);",
    ),
  ],
  [
    'an outage is forgotten at once',
    'the source fails',
    edit(
      'actors/cache/outage.ts',
      "if (outage.status !== 'down') return 'free';\n",
      "if (outage.status !== 'down' || age > 0) return 'free';\n",
    ),
  ],
  [
    'an absence is believed too long',
    '"no such row"',
    edit(intake, 'until: at + policy.negativeTtl, because', 'until: at + 3 * policy.negativeTtl, because'),
  ],
  [
    'absences without a bound',
    'guessing 1,000,000 random tokens',
    edit(
      'src/table/table.ts',
      'if (records.negatives >= this.#maxNegative) ',
      'if (records.negatives >= 1_000 * this.#maxNegative) ',
    ),
  ],
  [
    'an eviction leaves the proof of absence',
    'guessing 1,000,000 random tokens',
    edit(
      core,
      '        this.authority.void();\n        this.passes.evicted = true;',
      '        this.passes.evicted = false;',
    ),
  ],
  [
    'callers of a crashed cache actor wait for ever',
    'the cache actor crashes with loads in flight',
    edit(
      'actors/cache/flight.ts',
      "    this.land({ type: 'aborted' });\n    this.batch?.dropped();",
      '    this.batch?.dropped();',
    ),
  ],
  [
    "a crash leaves the dead actor's leases",
    'the cache actor crashes with loads in flight',
    edit(
      core,
      '    this.table.voidLeases(leaseHolder);\n    this.loader.abortAll();',
      '    this.loader.abortAll();',
    ),
    edit(loader, '    for (const flight of flights) flight.abort();', '    void flights;'),
  ],
  [
    'an empty value is no value',
    "undefined, null, false, 0, '' as values",
    edit(
      'actors/cache/rows.ts',
      "if (value === undefined) return bad(key, 'The row has no value.'",
      "if (!value) return bad(key, 'The row has no value.'",
    ),
  ],
  [
    'stale is served past its own expiry',
    'the source fails',
    edit(
      'actors/cache/judge.ts',
      "  if (now.wall >= entry.expiresAt) return 'expired';\n",
      "  if (now.wall >= entry.expiresAt && !now.sourceDown) return 'expired';\n",
    ),
  ],
  [
    'ages by the wall clock',
    'wall clock set back or forward an hour',
    edit(
      'src/runtime/time.ts',
      'export const ageNow = (): Milliseconds => globalThis.performance.now() + slept;',
      'export const ageNow = (): Milliseconds => globalThis.Date.now() + slept;',
    ),
  ],
);
