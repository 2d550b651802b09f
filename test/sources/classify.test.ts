import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { LoadTimeoutError, SourceConfigurationError, SourceUnavailableError } from '../../src/errors.js';
import { isUnavailable } from '../../src/sources/index.js';

const coded = (code: unknown, more: object = {}): Error => Object.assign(new Error('driver'), { code }, more);

describe('what is known to mean "away"', () => {
  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'EPIPE',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ECONNABORTED',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_SOCKET',
    '08000',
    '08006',
    '57P01',
    '57P02',
    '57P03',
    '53300',
    'PROTOCOL_CONNECTION_LOST',
    'ER_CON_COUNT_ERROR',
    'SQLITE_BUSY',
    'SQLITE_BUSY_SNAPSHOT',
    'SQLITE_LOCKED_SHAREDCACHE',
    'SQLITE_CANTOPEN',
    'SQLITE_CANTOPEN_ISDIR',
    'SQLITE_IOERR_READ',
    'SQLITE_NOTADB',
    'SQLITE_CORRUPT',
    'SQLITE_PROTOCOL',
    'SQLITE_READONLY_DBMOVED',
    'P1001',
  ])('%s', (code) => expect(isUnavailable(coded(code))).toBe(true));

  it.each([
    '42703',
    '42P01',
    '23505',
    '40001',
    '57014',
    '0800',
    '080066',
    'ENOENT',
    'EACCES',
    'SQLITE_ERROR',
    'SQLITE_CONSTRAINT_UNIQUE',
    'SQLITE_READONLY',
    'SQLITE_BUSYBODY',
    'ERR_INVALID_ARG_TYPE',
    'UND_ERR_INVALID_ARG',
    8006,
    undefined,
    null,
    Symbol('ECONNREFUSED'),
  ])('%s does not', (code) => expect(isUnavailable(coded(code))).toBe(false));

  it('a refused connection of Node itself, on a port and on a socket file', async () => {
    for (const to of [{ port: 1 }, { path: '/nowhere/at/all.sock' }]) {
      const error = await new Promise((resolve) => connect(to).once('error', resolve));
      expect(isUnavailable(error)).toBe(true);
    }
  });

  it('a fetch that finds nobody', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const error = await fetch(`http://127.0.0.1:${port}/`).catch((thrown: unknown) => thrown);
    expect(isUnavailable(error)).toBe(true);
  });

  it('better-sqlite3: a closed connection and a missing folder, which it tells by a TypeError', () => {
    const closed = new Database(':memory:');
    closed.close();
    for (const use of [() => closed.prepare('select 1'), () => new Database('/nowhere/at/all.db')]) {
      try {
        use();
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        expect(isUnavailable(error)).toBe(true);
      }
    }
  });

  it('our own, from another copy of the package too', () => {
    expect(isUnavailable(new SourceUnavailableError())).toBe(true);
    expect(isUnavailable(new LoadTimeoutError())).toBe(true);
    expect(
      isUnavailable(
        Object.assign(new Error(), { [Symbol.for('holdfast.error')]: ['HOLDFAST_SOURCE_UNAVAILABLE'] }),
      ),
    ).toBe(true);
  });

  it("a timeout of the user's own", async () => {
    const signal = AbortSignal.timeout(0);
    await vi.waitFor(() => expect(signal.aborted).toBe(true));
    expect(isUnavailable(signal.reason)).toBe(true);
  });
});

describe('wrapped errors', () => {
  it('are looked into by cause and by errors', () => {
    const away = coded('ECONNREFUSED');
    expect(isUnavailable(new Error('a', { cause: new Error('b', { cause: away }) }))).toBe(true);
    expect(isUnavailable(new AggregateError([new Error('x'), new Error('y', { cause: away })]))).toBe(true);
    expect(isUnavailable({ cause: away })).toBe(true);
  });

  it('in a circle, or without end, end', () => {
    const error = new Error('round');
    error.cause = new AggregateError([error, error]);
    expect(isUnavailable(error)).toBe(false);
    const endless: object = new Proxy({}, { get: (_, name) => (name === 'cause' ? endlessly() : undefined) });
    const endlessly = (): object => new Proxy(endless, {});
    expect(isUnavailable(endless)).toBe(false);
    expect(isUnavailable({ errors: new Array(1_000_000).fill(endless) })).toBe(false);
  });

  it('a wrong configuration is not excused by the driver error that it was seen by', () => {
    expect(isUnavailable(new SourceConfigurationError('no column', { cause: coded('SQLITE_BUSY') }))).toBe(
      false,
    );
  });
});

describe('classifiers', () => {
  it('of the source and of the user each add a yes', () => {
    const mine = (error: unknown): boolean => error === 'gone fishing';
    expect(isUnavailable('gone fishing')).toBe(false);
    expect(isUnavailable('gone fishing', { classify: mine })).toBe(true);
    expect(isUnavailable('gone fishing', { source: { unavailable: mine } })).toBe(true);
    expect(
      isUnavailable(coded('EPIPE'), { classify: () => false, source: { unavailable: () => false } }),
    ).toBe(true);
  });

  it('are called on their source', () => {
    class Mine {
      readonly word = 'away';
      unavailable(error: unknown): boolean {
        return error === this.word;
      }
    }
    expect(isUnavailable('away', { source: new Mine() })).toBe(true);
  });

  it('that throw or answer by a promise are reported, and count as no', () => {
    const onClassifierError = vi.fn();
    const thrown = new Error('bug');
    const classify = (): never => {
      throw thrown;
    };
    expect(isUnavailable('x', { classify, onClassifierError })).toBe(false);
    expect(isUnavailable(coded('EPIPE'), { classify, onClassifierError })).toBe(true);
    expect(isUnavailable('x', { classify: (() => 'maybe') as unknown as () => boolean })).toBe(false);
    const later = (() => Promise.reject(new Error('later'))) as unknown as () => boolean;
    expect(isUnavailable('x', { classify: later, onClassifierError })).toBe(false);
    expect(onClassifierError.mock.calls).toEqual([[thrown], [thrown], [expect.any(TypeError)]]);
  });
});

describe('anything that can be thrown', () => {
  const hostile: readonly unknown[] = [
    undefined,
    null,
    'ECONNREFUSED',
    Symbol('s'),
    () => {},
    Object.freeze(new Error('frozen')),
    Object.create(null),
    new Proxy(
      {},
      {
        get() {
          throw new Error('no look');
        },
        getPrototypeOf() {
          throw new Error('no look');
        },
      },
    ),
    (() => {
      const { proxy, revoke } = Proxy.revocable([], {});
      revoke();
      return proxy;
    })(),
    Object.defineProperty(new Error('getter'), 'code', {
      get() {
        throw new Error('no code');
      },
    }),
  ];

  const check = (value: unknown): void => {
    expect(isUnavailable(value)).toBe(false);
    expect(isUnavailable({ cause: value })).toBe(false);
    expect(isUnavailable({ cause: value, errors: value })).toBe(false);
    expect(isUnavailable({ errors: [value, coded('ECONNRESET')] })).toBe(true);
  };

  it('gets an answer, alone and beside one that is known', () => {
    for (const value of hostile) check(value);
    fc.assert(fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true }), check));
  });
});
