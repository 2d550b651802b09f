import { type CacheOptions, defineCache, memorySnapshotStore, OptionsError } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { cachePolicy } from '../../actors/cache/options.js';

const source = async () => 'x';
const define = (options: object) => () =>
  defineCache({ name: 'test', source, ...options } as CacheOptions<string>);

const duration = /must be a duration.*whole milliseconds.*'5s'/;

describe('what bad input gets: an error at once that names the option, what was given, and what would do', () => {
  it.each<[object, string, RegExp, string]>([
    [{ ttl: 50.5 }, 'ttl', duration, '50.5'],
    [{ ttl: '5 minuets' }, 'ttl', duration, "'5 minuets'"],
    [{ ttl: Number.NaN }, 'ttl', duration, 'NaN'],
    [{ ttl: -1 }, 'ttl', duration, '-1'],
    [{ ttl: Number.POSITIVE_INFINITY }, 'ttl', duration, 'Infinity'],
    [{ ttl: null }, 'ttl', duration, 'null'],
    [{ ttl: '' }, 'ttl', duration, "''"],
    [{ ttl: {} }, 'ttl', duration, 'an object (Object)'],
    [{ ttl: () => 5 }, 'ttl', duration, 'a function'],
    [{ ttl: [5] }, 'ttl', duration, 'an array'],
    [{ staleFor: 'forever' }, 'staleFor', /'until-expiry' or a duration/, "'forever'"],
    [{ negativeTtl: '1 s' }, 'negativeTtl', duration, "'1 s'"],
    [{ maxEntries: 0 }, 'maxEntries', /a whole number, 1 or more/, '0'],
    [{ maxEntries: 1.5 }, 'maxEntries', /a whole number, 1 or more/, '1.5'],
    [{ maxEntries: Number.POSITIVE_INFINITY }, 'maxEntries', /a whole number, 1 or more/, 'Infinity'],
    [{ maxNegative: -1 }, 'maxNegative', /a whole number, 0 or more/, '-1'],
    [{ authoritative: 'yes' }, 'authoritative', /true or false/, "'yes'"],
    [{ secretKeys: 1 }, 'secretKeys', /true or false/, '1'],
    [{ key: /x/ }, 'key', /a function of a key/, 'an object (RegExp)'],
    [{ unavailable: true }, 'unavailable', /a function of an error/, 'true'],
    [{ name: '' }, 'name', /a name/, "''"],
    [{ source: {} }, 'source', /a source.*`load`/, 'an object (Object)'],
    [{ load: 7 }, 'load', /an object of options/, '7'],
    [{ load: { timeout: 0 } }, 'load.timeout', /a duration longer than 0/, '0'],
    [{ load: { softTimeout: 'soon' } }, 'load.softTimeout', duration, "'soon'"],
    [{ load: { retries: -1 } }, 'load.retries', /a whole number, 0 or more/, '-1'],
    [{ load: { concurrency: 0 } }, 'load.concurrency', /a whole number, 1 or more/, '0'],
    [{ warm: { every: 0 } }, 'warm.every', /a duration longer than 0/, '0'],
    [{ warm: { batch: 0 } }, 'warm.batch', /a whole number, 1 or more/, '0'],
    [{ warm: { backoff: 5 } }, 'warm.backoff', /an object of options/, '5'],
    [{ warm: { backoff: { factor: 0.5 } } }, 'warm.backoff.factor', /a number, 1 or more/, '0.5'],
    [{ warm: { backoff: { jitter: 1 } } }, 'warm.backoff.jitter', /true or false/, '1'],
    [{ sweep: { every: '0s' } }, 'sweep.every', /a duration longer than 0/, "'0s'"],
    [{ snapshot: {} }, 'snapshot', /either \{ file \} or \{ store \}/, 'an object (Object)'],
    [{ snapshot: { file: 'x', store: memorySnapshotStore() } }, 'snapshot', /either/, 'an object (Object)'],
    [
      { snapshot: { store: memorySnapshotStore(), secret: 's' } },
      'snapshot',
      /without a secret/,
      'an object (Object)',
    ],
    [{ snapshot: 'sessions.snapshot' }, 'snapshot', /an object of options/, "'sessions.snapshot'"],
    [{ snapshot: { file: '' } }, 'snapshot.file', /the path of a file/, "''"],
    [{ snapshot: { store: {} } }, 'snapshot.store', /a snapshot store/, 'an object (Object)'],
    [{ snapshot: { file: 'x', every: 0 } }, 'snapshot.every', /a duration longer than 0/, '0'],
    [{ logger: console.log }, 'logger', /a logger with debug, info, warn and error/, 'a function'],
    [{ throttle: true }, 'throttle', /an object of options/, 'true'],
    [{ throttle: { allowance: -1 } }, 'throttle.allowance', /a whole number, 0 or more/, '-1'],
    [{ throttle: { resetAfter: 0 } }, 'throttle.resetAfter', /a duration longer than 0/, '0'],
    [{ throttle: { delay: '1 s' } }, 'throttle.delay', /a duration/, "'1 s'"],
    [{ throttle: { refuseAfter: 10_001 } }, 'throttle.refuseAfter', /a whole number, 1 to 10000/, '10001'],
    [{ throttle: { maxClients: 0 } }, 'throttle.maxClients', /a whole number, 1 or more/, '0'],
  ])('%j', (options, name, wanted, given) => {
    expect(define(options)).toThrow(OptionsError);
    expect(define(options)).toThrow(new RegExp(`^Option "${name.replaceAll('.', '\\.')}" must be `));
    expect(define(options)).toThrow(wanted);
    expect(define(options)).toThrow(`Given: ${given}.`);
  });

  it.each<[object, string, string]>([
    [{ exipres: 1 }, 'exipres', 'name, source, unavailable, ttl, staleFor'],
    [{ expire: Number.NaN }, 'expire', 'name, source'],
    [{ load: { timeuot: 1 } }, 'load.timeuot', 'timeout, softTimeout, retries, concurrency'],
    [{ warm: { backoff: { mim: 1 } } }, 'warm.backoff.mim', 'min, max, factor, jitter'],
    [{ snapshot: { flie: 'x' } }, 'snapshot.flie', 'file, secret, store, every, restoreTimeout'],
    [{ sweep: { evry: '5s' } }, 'sweep.evry', 'every'],
  ])('unknown: %j', (options, name, known) => {
    expect(define(options)).toThrow(OptionsError);
    expect(define(options)).toThrow(`Option "${name}" is not known. Known are: ${known}`);
  });

  it('missing ones are named too, and no options at all are told', () => {
    const bare = (options?: unknown) => () => defineCache(options as CacheOptions<string>);
    expect(bare({ source })).toThrow('Option "name" is missing.');
    expect(bare({ name: 'x' })).toThrow('Option "source" is missing.');
    // The misspelling of what is then missing comes first.
    expect(bare({ nmae: 'x', source })).toThrow('Option "nmae" is not known.');
    for (const nothing of [undefined, null, 7, 'x'])
      expect(bare(nothing)).toThrow(/^Options must be an object/);
  });

  it('a backoff that ends before it begins', () => {
    expect(define({ warm: { backoff: { min: '2s', max: '1s' } } })).toThrow(
      /"warm\.backoff\.max" \(1000 ms\).*"warm\.backoff\.min" \(2000 ms\)/,
    );
  });

  it.each([7, '', new Uint8Array()])('a secret is never told, a wrong one neither: %j', (secret) => {
    expect(define({ snapshot: { file: 'x', secret } })).toThrow(
      /"snapshot\.secret" must be a secret.*not shown/,
    );
  });
});

describe('defaults', () => {
  it('are those of the manual', () => {
    expect(cachePolicy({ name: 'test', source })).toEqual({
      name: 'test',
      ttl: 600_000,
      staleFor: 3_600_000,
      jitter: 0,
      sliding: false,
      negativeTtl: 30_000,
      maxEntries: undefined,
      maxNegative: 100_000,
      authoritative: false,
      touchEvery: 60_000,
      secretKeys: false,
      load: { timeout: 2_000, softTimeout: 500, retries: 1, concurrency: 64, batch: 500 },
      read: { accept: 'stale', whileStale: 'load', softTimeout: 500, refreshAhead: 0 },
      warm: { every: 300_000, batch: 1_000 },
      backoff: { min: 250, max: 30_000, factor: 2, jitter: true },
      sweep: { every: 20_000 },
      snapshot: { every: 5_000, restoreTimeout: 5_000, maxOutbox: 10_000 },
    });
  });

  it('ttl follows warm.every; undefined is as good as left out', () => {
    const { ttl, staleFor } = cachePolicy({
      name: 'test',
      source,
      warm: { every: '1h' },
      staleFor: 'until-expiry',
      ...({ ttl: undefined, load: undefined } as object),
    });
    expect([ttl, staleFor]).toEqual([7_200_000, Number.POSITIVE_INFINITY]);
  });

  it('a duration may be longer than a timer holds', () => {
    expect(cachePolicy({ name: 'test', source, ttl: '60d', warm: { every: '30d' } })).toMatchObject({
      ttl: 60 * 86_400_000,
      warm: { every: 30 * 86_400_000 },
    });
  });
});
