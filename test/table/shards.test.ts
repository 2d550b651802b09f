import { describe, expect, it } from 'vitest';
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
