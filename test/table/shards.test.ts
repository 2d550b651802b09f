import { describe, expect, it } from 'vitest';
import { ShardKey } from '../../src/table/shard-key.js';
import { Shards } from '../../src/table/shards.js';

describe('shards', () => {
  it.each([
    '',
    'a',
    '__proto__',
    'constructor',
    '\ud800',
    '\udc00\ud800',
    'x'.repeat(1 << 20),
    'é',
    '日本語日本語日本語',
  ])('find %.12j again', (key) => {
    const shards = new Shards();
    expect(shards.get(key)).toBe(-1);
    shards.delete(key);
    shards.set(key, 0);
    expect(shards.get(key)).toBe(0);
    shards.set(key, 7);
    expect(shards.get(key)).toBe(7);
    shards.delete(key);
    expect(shards.get(key)).toBe(-1);
  });

  it('find a key however its string came about', () => {
    const shards = new Shards();
    const long = `${'prefix:'.repeat(3)}abcdefghijklmnop`;
    shards.set(long, 3);
    const joined = ['prefix:prefix:', 'prefix:abcdefgh'].join('') + 'ijklmnop'.slice(0, 8);
    expect(shards.get(joined)).toBe(3);
    expect(shards.get(`__${long}__`.slice(2, -2))).toBe(3);
  });

  it('keep keys apart that differ in one character, wherever', () => {
    const shards = new Shards();
    const base = 'abcdefghijklmnopqrstuvwxyz0123456789';
    const keys = Array.from(base, (_, at) => `${base.slice(0, at)}#${base.slice(at + 1)}`);
    keys.forEach((key, slot) => {
      shards.set(key, slot);
    });
    expect(keys.map((key) => shards.get(key))).toEqual(keys.map((_, slot) => slot));
  });
});

describe('a shard key', () => {
  const many = 200_000;
  const padded = (n: number): string => String(n).padStart(9, '0');
  const scattered = (n: number): string => ((Math.imul(n, 0x9e3779b1) >>> 0) + 2 ** 32).toString(36);

  it.each<[string, (n: number) => string]>([
    ['numbers', String],
    ['numbers with a prefix', (n) => `user:${n}`],
    ['numbers of one length', (n) => `session-${padded(n)}`],
    ['numbers with a suffix', (n) => `user:${n}:profile`],
    ['a number amidst much that is the same', (n) => `application:v1:tenant-42:session:${padded(n)}:data`],
    ['addresses', (n) => `${scattered(n)}@example.com`],
    ['addresses that are numbered', (n) => `person.${n}@mail.example.com`],
    ['tokens', scattered],
    ['what varies at the beginning only', (n) => `${scattered(n)}${'x'.repeat(40)}`],
  ])('spreads a great many by what the first few are like: %s', (_, make) => {
    const key = new ShardKey(Array.from({ length: 4097 }, (_, n) => make(n)));
    const counts = new Array<number>(256).fill(0);
    for (let n = 0; n < many; n += 1) counts[key.shardOf(make(n))]! += 1;
    // As many as one map takes before growing takes long: at a million five times as many.
    expect(Math.max(...counts)).toBeLessThan(4 * (many / 256));
  });

  it('takes keys of any length', () => {
    const key = new ShardKey(['', 'a', 'bc'.repeat(1000)]);
    for (const each of ['', 'x', 'bc', 'y'.repeat(100_000), '\ud800']) {
      expect(key.shardOf(each)).toBeGreaterThanOrEqual(0);
      expect(key.shardOf(each)).toBeLessThan(256);
    }
  });
});
