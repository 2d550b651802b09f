import {
  type CacheTerms,
  type Happening,
  History,
  InvariantError,
  keepsItsPromises,
  violations,
  type World,
  world,
} from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import type { Lookup } from '../../actors/cache/lookup.js';

const terms: CacheTerms = { ttl: 10_000, staleFor: 20_000, negativeTtl: 5_000, concurrency: 2 };

/** A history told step by step: `ms` moves time, everything else happens. */
type Telling = number | ((next: number) => Happening<string>);

async function told(steps: readonly Telling[], changed: Partial<CacheTerms> = {}): Promise<string[]> {
  return world({}, async (w: World) => {
    const history = new History<string>();
    for (const step of steps) {
      if (typeof step === 'number') await w.advance(step);
      else history.add(step(history.next));
    }
    return violations(history.all, { ...terms, ...changed }).map(({ guarantee }) => guarantee);
  });
}

const row = (value: string) => (): Happening<string> => ({ type: 'row', key: 'a', state: 'present', value });
const asked =
  (call: number, key = 'a') =>
  (): Happening<string> => ({ type: 'asked', call, method: 'load', key });
const answered =
  (call: number, began: number, value: string | undefined, expiresAt?: number) => (): Happening<string> => ({
    type: 'answered',
    call,
    method: 'load',
    began,
    asOf: began,
    last: true,
    rows: [
      value === undefined
        ? { key: 'a', state: 'absent' }
        : { key: 'a', state: 'present', value, ...(expiresAt !== undefined && { expiresAt }) },
    ],
  });
const put = (value: string) => (): Happening<string> => ({ type: 'put', key: 'a', value });
const gone = (by: 'invalidate' | 'revoke' | 'clear') => (): Happening<string> => ({
  type: 'gone',
  keys: by === 'clear' ? 'all' : ['a'],
  by,
});
const killed = (): Happening<string> => ({ type: 'killed' });
const booted = (): Happening<string> => ({ type: 'booted' });
const says =
  (lookup: Lookup<string>, began?: number) =>
  (next: number): Happening<string> => ({
    type: 'told',
    key: 'a',
    by: began === undefined ? 'lookup' : 'read',
    began: began ?? next,
    lookup,
  });
const fresh = (value: string, age = 0, expiresAt?: number) =>
  says({ status: 'fresh', value, age, ...(expiresAt !== undefined && { expiresAt }) });
const stale = (value: string, age: number) => says({ status: 'stale', value, age, because: 'ttl' });
const absent = (because: 'source' | 'removed' | 'pass') => says({ status: 'absent', age: 0, because });

describe('no resurrection', () => {
  it('what was written after the source had removed the row is no ghost, though the removal is told later', async () => {
    const remove = { call: 1, method: 'remove' } as const;
    const whenRead = (reads: number, queued?: true): Promise<string[]> =>
      told([
        row('old'),
        () => ({ type: 'removal', key: 'a' }),
        () => ({ type: 'asked', ...remove, key: 'a' }),
        (next) => ({ type: 'answered', ...remove, began: next, asOf: next, rows: [], last: true }),
        row('new'),
        () => ({ type: 'gone', keys: ['a'], by: 'remove', ...(queued && { queued }) }),
        answered(2, reads, reads > 3 ? 'new' : 'old'),
        fresh(reads > 3 ? 'new' : 'old'),
      ]);
    expect(await whenRead(5)).toEqual([]);
    expect(await whenRead(3)).toContain('no resurrection');
    expect(await whenRead(5, true)).toContain('no resurrection');
  });

  it('a value that a read brought, or a put', async () => {
    expect(await told([asked(1), answered(1, 1, 'old'), fresh('old')])).toEqual([]);
    expect(await told([put('new'), fresh('new')])).toEqual([]);
  });

  it('a value that nobody brought', async () => {
    expect(await told([fresh('ghost')])).toEqual(['no resurrection']);
  });

  it.each(['invalidate', 'revoke', 'clear'] as const)('an old value after %s', async (by) => {
    expect(await told([asked(1), gone(by), answered(1, 1, 'old'), fresh('old')])).toEqual([
      'no resurrection',
    ]);
    expect(await told([asked(1), gone(by), answered(1, 2, 'new'), fresh('new')])).toEqual([]);
  });

  it('who asked before may still get the old value', async () => {
    expect(
      await told([
        asked(1),
        gone('invalidate'),
        answered(1, 1, 'old'),
        says({ status: 'fresh', value: 'old', age: 0 }, 1),
      ]),
    ).toEqual([]);
  });

  it('an old value after a put', async () => {
    expect(await told([asked(1), put('new'), answered(1, 1, 'old'), fresh('old')])).toEqual([
      'no resurrection',
    ]);
  });

  it('an older row after a newer one', async () => {
    const rows = [row('1'), row('2'), asked(1), answered(1, 3, '1'), answered(2, 4, '2')];
    expect(await told([...rows, fresh('1'), fresh('2')])).toEqual([]);
    expect(await told([...rows, fresh('2'), fresh('1')])).toEqual(['no resurrection']);
  });

  it('a kill forgets what was not journaled yet, and nothing else', async () => {
    const before = [asked(1), answered(1, 1, 'old'), gone('invalidate')];
    expect(await told([...before, 99, killed, booted, stale('old', 99)])).toEqual([]);
    expect(await told([...before, 100, killed, booted, stale('old', 100)])).toEqual(['no resurrection']);
  });
});

describe('unknown is not absent', () => {
  it('absent by an answer of the source, for as long as that is believed', async () => {
    const answer = [asked(1), answered(1, 1, undefined)];
    expect(await told([...answer, 5_000, absent('source')])).toEqual([]);
    expect(await told([...answer, 5_001, absent('source')])).toEqual(['unknown is not absent']);
    expect(await told([absent('source')])).toEqual(['unknown is not absent']);
  });

  it('an answer that began before a put says nothing', async () => {
    expect(await told([asked(1), put('new'), answered(1, 1, undefined), absent('source')])).toEqual([
      'unknown is not absent',
    ]);
  });

  it('absent by order', async () => {
    expect(await told([gone('revoke'), absent('removed')])).toEqual([]);
    expect(await told([gone('invalidate'), absent('removed')])).toEqual(['unknown is not absent']);
  });

  it('a removal that was under way when the key was put comes after the put; one that had ended does not', async () => {
    const remove = { call: 1, method: 'remove' } as const;
    const begins = (): Happening<string> => ({ type: 'asked', ...remove, key: 'a' });
    const ends = (next: number): Happening<string> => ({
      type: 'answered',
      ...remove,
      began: next,
      asOf: next,
      rows: [],
      last: true,
    });
    expect(await told([begins, put('v1'), ends, absent('removed')])).toEqual([]);
    expect(await told([begins, ends, put('v1'), absent('removed')])).toEqual(['unknown is not absent']);
    expect(await told([begins, killed, booted, put('v1'), absent('removed')])).toEqual([
      'unknown is not absent',
    ]);
  });

  it('absent by a pass that was read to its end', async () => {
    const scan = (last: boolean) => (): Happening<string> => ({
      type: 'answered',
      call: 1,
      method: 'scan',
      began: 1,
      asOf: 1,
      rows: [],
      last,
    });
    const begun = (): Happening<string> => ({ type: 'asked', call: 1, method: 'scan' });
    expect(await told([begun, scan(true), absent('pass')])).toEqual([]);
    expect(await told([begun, scan(false), absent('pass')])).toEqual(['unknown is not absent']);
    expect(await told([begun, put('new'), scan(true), absent('pass')])).toEqual(['unknown is not absent']);
  });
});

describe('bounded staleness', () => {
  const loaded = [asked(1), answered(1, 1, 'a')];

  it('fresh within ttl, stale within staleFor, nothing after that', async () => {
    expect(await told([...loaded, 10_000, fresh('a', 10_000)])).toEqual([]);
    expect(await told([...loaded, 10_002, fresh('a', 10_002)])).toEqual(['bounded staleness']);
    expect(await told([...loaded, 30_000, stale('a', 30_000)])).toEqual([]);
    expect(await told([...loaded, 30_002, stale('a', 30_002)])).toEqual(['bounded staleness']);
  });

  it('an age that is understated', async () => {
    expect(await told([...loaded, 5_000, fresh('a', 100)])).toEqual(['bounded staleness']);
  });

  it('a value past its own expiry, or with another than its own', async () => {
    const expiresAt = Date.UTC(2024, 0, 1) + 1_000;
    const own = [asked(1), answered(1, 1, 'a', expiresAt)];
    expect(await told([...own, 999, fresh('a', 999, expiresAt)])).toEqual([]);
    expect(await told([...own, 1_000, fresh('a', 1_000, expiresAt)])).toEqual(['bounded staleness']);
    expect(await told([...own, 1_000, fresh('a', 1_000)])).toEqual(['bounded staleness']);
  });

  it('fresh, and never confirmed in this process', async () => {
    expect(await told([...loaded, killed, booted, fresh('a', 0)])).toEqual(['bounded staleness']);
    expect(await told([...loaded, killed, booted, stale('a', 0)])).toEqual([]);
  });

  it('across a restart the wall clock tells the age', async () => {
    expect(await told([...loaded, killed, 20_000, booted, 10_000, stale('a', 30_000)])).toEqual([]);
    expect(await told([...loaded, killed, 20_000, booted, 10_002, stale('a', 30_002)])).toEqual([
      'bounded staleness',
    ]);
  });
});

describe('one load', () => {
  const given = (call: number) => (): Happening<string> => ({ type: 'abandoned', call, method: 'load' });

  it('of a key at a time', async () => {
    expect(await told([asked(1), answered(1, 1, 'a'), asked(2)])).toEqual([]);
    expect(await told([asked(1), asked(2)])).toEqual(['one load']);
    expect(await told([asked(1), given(1), asked(2)])).toEqual([]);
  });

  it('and no more than allowed in all', async () => {
    expect(await told([asked(1, 'a'), asked(2, 'b')])).toEqual([]);
    expect(await told([asked(1, 'a'), asked(2, 'b'), asked(3, 'c')])).toEqual(['one load']);
  });
});

describe('one probe', () => {
  const rejected = (call: number) => (): Happening<string> => ({
    type: 'rejected',
    call,
    method: 'load',
    error: 'away',
  });
  const abandoned = (call: number) => (): Happening<string> => ({ type: 'abandoned', call, method: 'load' });
  const source = (status: 'down' | 'up') => (): Happening<string> => ({ type: 'source', status });
  const down = [asked(1), rejected(1), source('down')];
  const least = { leastBackoff: 100 };

  it('at a time, and one for each step of the backoff', async () => {
    expect(await told([...down, asked(2), rejected(2), 100, asked(3)], least)).toEqual([]);
    expect(await told([...down, asked(2), rejected(2), 99, asked(3)], least)).toEqual(['one probe']);
    expect(await told([...down, asked(2, 'a'), 500, asked(3, 'b')], least)).toEqual(['one probe']);
  });

  it('until the source is back, or the asker is gone', async () => {
    expect(await told([...down, asked(2, 'a'), source('up'), asked(3, 'b')], least)).toEqual([]);
    expect(await told([...down, asked(2), abandoned(2), asked(3)], least)).toEqual([]);
  });

  it('unless a pass was ordered: an order stands until its pass has come to an end, or the process has', async () => {
    const scanned = (call: number) => (): Happening<string> => ({ type: 'asked', call, method: 'scan' });
    const ordered = (): Happening<string> => ({ type: 'ordered' });
    const given = (call: number) => (): Happening<string> => ({ type: 'abandoned', call, method: 'scan' });
    const again = [source('down'), asked(7), rejected(7), asked(8)];
    const hung = [ordered, scanned(1), source('up')];
    expect(await told([...hung, ...again], least)).toEqual([]);
    expect(await told([...hung, given(1), source('up'), ...again], least)).toEqual(['one probe']);
    expect(await told([...hung, killed, ...again], least)).toEqual(['one probe']);
    expect(await told([ordered, source('up'), ...again], least)).toEqual(['one probe']);
  });
});

describe('gone after the pass', () => {
  const scanned = (call: number): Happening<string> => ({ type: 'asked', call, method: 'scan' });
  const page = (call: number, keys: readonly string[], last = false, garbled = false): Happening<string> => ({
    type: 'answered',
    call,
    method: 'scan',
    began: 0,
    asOf: 0,
    last,
    rows: keys.map((key) => ({ key, state: 'present', value: 'old' })),
    ...(garbled && { garbled: true }),
  });
  const passed: Happening<string> = { type: 'passed' };
  const loaded = [asked(1), answered(1, 1, 'old')];
  const of = (...happenings: readonly Happening<string>[]) => happenings.map((happening) => () => happening);

  it('what a complete pass did not see', async () => {
    expect(
      await told([...loaded, ...of(scanned(2), page(2, ['b']), page(2, [], true), passed), fresh('old')]),
    ).toEqual(['gone after the pass']);
    expect(
      await told([...loaded, ...of(scanned(2), page(2, ['a']), page(2, [], true), passed), fresh('old')]),
    ).toEqual([]);
  });

  it('not what was put since the first try of a pass that was tried again', async () => {
    const put: Happening<string> = { type: 'put', key: 'a', value: 'old' };
    const failed: Happening<string> = { type: 'rejected', call: 2, method: 'scan', error: 'away' };
    const again = [scanned(3), page(3, [], true), passed];
    expect(await told([...of(scanned(2), failed, put, ...again), fresh('old')])).toEqual([]);
    expect(await told([...of(scanned(2), put, failed, ...again), fresh('old')])).toEqual([]);
    expect(await told([...of(put, scanned(2), failed, ...again), fresh('old')])).toEqual([
      'gone after the pass',
    ]);
  });

  it('not before it is complete, nor after a boot, nor where some of it could not be read', async () => {
    expect(await told([...loaded, ...of(scanned(2), page(2, [], true)), fresh('old')])).toEqual([]);
    expect(await told([...loaded, ...of(scanned(2), page(2, []), passed), fresh('old')])).toEqual([]);
    const garbled = of(scanned(2), page(2, [], false, true), page(2, [], true), passed);
    expect(await told([...loaded, ...garbled, fresh('old')])).toEqual([]);
    const rebooted = [...of(scanned(2), page(2, [], true), passed), killed, booted];
    expect(await told([...loaded, ...rebooted, stale('old', 0)])).toEqual([]);
  });

  it('what somebody brought while it ran, or after it, is not its business', async () => {
    expect(
      await told([
        ...of(scanned(2), page(2, [])),
        put('new'),
        ...of(page(2, [], true), passed),
        fresh('new'),
      ]),
    ).toEqual([]);
    expect(await told([...of(scanned(2), page(2, [], true), passed), ...loaded, fresh('old')])).toEqual([]);
    expect(
      await told([put('new'), ...of(scanned(2), page(2, []), page(2, [], true), passed), fresh('new')]),
    ).toEqual(['gone after the pass']);
  });
});

it('a broken promise is told with what happened to its key', () =>
  world({}, async () => {
    const history = new History<string>();
    for (const step of [asked(1), gone('revoke'), answered(1, 1, 'old'), fresh('old')]) {
      history.add(step(history.next));
    }
    const check = () => keepsItsPromises(history.all, terms);
    expect(check).toThrow(InvariantError);
    expect(check).toThrow(
      /no resurrection: "a" is fresh old after revoke \(#1\)\n#0 0 ms asked .*\n#1 0 ms gone/,
    );
  }));
