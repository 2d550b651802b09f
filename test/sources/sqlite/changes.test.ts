import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { all, context, type Session, sessionsDatabase, sessionsSource } from './sessions-database.js';

type Changes = NonNullable<ReturnType<typeof sessionsSource>['changes']>;

const start = 1_700_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ now: start, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A reader of changes who keeps his cursor, as a cache does. */
function reader(file: string, batch = 100) {
  const source = sessionsSource(file);
  let cursor: string | undefined;
  return async (): Promise<{ changed: string[]; gone: string[] }> => {
    const changed: string[] = [];
    const gone: string[] = [];
    for await (const given of source.changes!(cursor, { ...context, batch })) {
      changed.push(...given.changed.map(({ key }) => key));
      gone.push(...given.gone);
      cursor = given.cursor;
      expect(given.reset).toBeUndefined();
    }
    return { changed, gone };
  };
}

const later = (by: number): void => void vi.setSystemTime(Date.now() + by);

describe('changes', () => {
  it('without a cursor begin now', async () => {
    const { file, write } = sessionsDatabase();
    write({ token: 'old', updated_at: start - 60_000 });
    const read = reader(file);
    expect(await read()).toEqual({ changed: [], gone: [] });
    write({ token: 'new', updated_at: start });
    expect(await read()).toMatchObject({ changed: expect.arrayContaining(['new']) });
  });

  it('of a table that was empty are all that comes', async () => {
    const { file, write } = sessionsDatabase();
    const read = reader(file);
    await read();
    write({ token: 'a', updated_at: 5 }, { token: 'b', updated_at: start });
    expect(await read()).toEqual({ changed: ['a', 'b'], gone: [] });
  });

  it('tell revoked and expired rows as gone', async () => {
    const { file, write } = sessionsDatabase();
    const read = reader(file);
    await read();
    write(
      { token: 'revoked', updated_at: start, revoked_at: start },
      { token: 'expired', updated_at: start, expires_at: start },
      { token: 'valid', updated_at: start, expires_at: start + 1 },
    );
    expect(await read()).toEqual({ changed: ['valid'], gone: ['expired', 'revoked'].sort().reverse() });
  });

  it('find a row that is committed late with an older stamp', async () => {
    const { file, write } = sessionsDatabase();
    const read = reader(file);
    write({ token: 'first', updated_at: start });
    await read();
    later(20_000);
    write({ token: 'newer', updated_at: Date.now() });
    await read();
    write({ token: 'late', updated_at: Date.now() - 5_000 });
    expect((await read()).changed).toContain('late');
  });

  it('find rows of the same millisecond, whichever came first, however small the batch', async () => {
    const { file, write } = sessionsDatabase();
    const read = reader(file, 1);
    await read();
    write({ token: 'm', updated_at: start });
    await read();
    write({ token: 'z', updated_at: start }, { token: 'a', updated_at: start });
    expect((await read()).changed.sort()).toEqual(['a', 'm', 'z']);
  });

  it('repeat what is in the overlap only until it has passed', async () => {
    const { file, write } = sessionsDatabase();
    const read = reader(file);
    await read();
    write({ token: 'a', updated_at: start });
    expect((await read()).changed).toEqual(['a']);
    later(20_000);
    expect((await read()).changed).toEqual(['a']);
    expect((await read()).changed).toEqual([]);
    later(20_000);
    expect((await read()).changed).toEqual([]);
  });

  it('are not blinded by a stamp from the future', async () => {
    const { file, write } = sessionsDatabase();
    const read = reader(file);
    await read();
    write({ token: 'future', updated_at: start + 3_600_000 });
    await read();
    later(20_000);
    write({ token: 'now', updated_at: Date.now() });
    expect((await read()).changed).toContain('now');
  });

  it('go on when our own clock jumps', async () => {
    const { file, write } = sessionsDatabase();
    const read = reader(file);
    write({ token: 'a', updated_at: start });
    await read();
    later(3_600_000);
    await read();
    later(-7_200_000);
    await read();
    write({ token: 'b', updated_at: start + 1 });
    expect((await read()).changed).toContain('b');
  });

  it('are not hidden by a clock of ours that is fast', async () => {
    const { file, write } = sessionsDatabase();
    const read = reader(file);
    write({ token: 'a', updated_at: start });
    await read();
    later(3_600_000);
    await read();
    write({ token: 'b', updated_at: start + 1 });
    expect((await read()).changed).toContain('b');
  });

  it('go back with a table whose newest rows are deleted', async () => {
    const { file, writer, write } = sessionsDatabase();
    const read = reader(file);
    write({ token: 'a', updated_at: start - 60_000 }, { token: 'b', updated_at: start });
    await read();
    writer.exec("DELETE FROM sessions WHERE token = 'b'");
    await read();
    write({ token: 'c', updated_at: start - 59_000 });
    expect((await read()).changed).toContain('c');
  });

  it('that were broken off are taken up without a loss', async () => {
    const { file, write } = sessionsDatabase();
    const source = sessionsSource(file);
    const [{ cursor } = { cursor: '' }] = await all(source.changes!(undefined, { ...context, batch: 2 }));
    for (let at = 0; at < 9; at++) write({ token: `k${at}`, updated_at: start + at * 10_000 });
    later(100_000);
    const seen = new Set<string>();
    let since = cursor;
    for (let broken = 0; broken < 20; broken++) {
      for await (const given of source.changes!(since, { ...context, batch: 2 })) {
        for (const { key } of given.changed) seen.add(key);
        since = given.cursor;
        if (broken < 19) break;
      }
    }
    expect(seen.size).toBe(9);
  });
});

describe('a reading that was broken off', () => {
  it('still finds what was committed late behind where it stopped', async () => {
    const { file, write } = sessionsDatabase();
    const source = sessionsSource(file);
    const [{ cursor } = { cursor: '' }] = await all(source.changes!(undefined, { ...context, batch: 2 }));
    for (let at = 0; at < 4; at++) write({ token: `k${at}`, updated_at: start + at });
    later(3);
    let since = cursor;
    for await (const given of source.changes!(since, { ...context, batch: 2 })) {
      since = given.cursor;
      break;
    }
    write({ token: 'late', updated_at: start });
    later(20_000);
    write({ token: 'new', updated_at: Date.now() });
    const rest = await all(source.changes!(since, { ...context, batch: 2 }));
    expect(rest.flatMap(({ changed }) => changed.map(({ key }) => key))).toContain('late');
  });
});

describe('any sequence of writes whose stamps are late by no more than the overlap', () => {
  type Step =
    | {
        readonly do: 'write';
        readonly key: number;
        readonly late: number;
        readonly as: 'valid' | 'revoked' | 'expired';
      }
    | { readonly do: 'wait'; readonly by: number }
    | { readonly do: 'break off' }
    | { readonly do: 'read'; readonly pages: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('write' as const),
        key: fc.nat(12),
        late: fc.oneof(fc.constantFrom(0, 1, 4_999, 5_000), fc.nat(5_000)),
        as: fc.constantFrom('valid', 'valid', 'revoked', 'expired'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('wait' as const), by: fc.oneof(fc.nat(3), fc.nat(30_000)) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('break off' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('read' as const), pages: fc.integer({ min: 1, max: 5 }) }),
    },
  );

  it('is followed: after the next complete reading nothing is missed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom(0, -3_600_000, 3_600_000, -1_500),
        fc.integer({ min: 1, max: 4 }),
        async (steps, skew, batch) => {
          vi.setSystemTime(start);
          const { file, writer, write } = sessionsDatabase();
          writer.pragma('journal_mode = memory');
          writer.pragma('synchronous = off');
          const source = sessionsSource(file);
          /** What the reader holds, by what he was told. */
          const held = new Map<string, string>();
          const truth = new Map<string, string>();
          let cursor: string | undefined;
          let writes = 0;
          /** Reads on to the next page, or begins. Whether that was the end. */
          let reading: ReturnType<ReturnType<Changes>[typeof Symbol.asyncIterator]> | undefined;
          const page = async (): Promise<boolean> => {
            reading ??= source.changes!(cursor, { ...context, batch })[Symbol.asyncIterator]();
            const { done, value } = await reading.next();
            if (done === true) {
              reading = undefined;
              return true;
            }
            for (const key of value.gone) held.delete(key);
            for (const row of value.changed) held.set(row.key, String(row.value));
            cursor = value.cursor;
            return false;
          };
          const finish = async (): Promise<void> => {
            while (!(await page()));
          };
          await finish();
          for (const each of steps) {
            if (each.do === 'wait') later(each.by);
            else if (each.do === 'break off') reading = undefined;
            else if (each.do === 'read') {
              for (let pages = 0; pages < each.pages; pages++) if (await page()) break;
            } else {
              const token = `k${each.key}`;
              writes += 1;
              const session: Session = {
                token,
                user_id: `v${writes}`,
                updated_at: Date.now() + skew - each.late,
                revoked_at: each.as === 'revoked' ? 1 : null,
                expires_at: each.as === 'expired' ? 1 : null,
              };
              write(session);
              if (each.as === 'valid') truth.set(token, `v${writes}`);
              else truth.delete(token);
            }
          }
          await finish();
          await finish();
          expect(held).toEqual(truth);
          await source.close();
          writer.close();
        },
      ),
      { numRuns: 100 },
    );
  });
});
