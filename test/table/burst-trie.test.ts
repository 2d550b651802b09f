import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BurstTrie } from '../../src/table/burst-trie.js';

/** How many keys a map may hold before it must make way for several. */
const roomy = 1 << 13;
/** With so many writings it is looked through twice, with what they bring; not counted the one that made it full. */
const looked = (2 * roomy) / 128 + 1;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Which maps were written to, how often, and how large the largest ever was. */
function watchMaps(): {
  readonly largest: () => number;
  readonly count: () => number;
  readonly written: Set<object>;
} {
  let largest = 0;
  let count = 0;
  const written = new Set<object>();
  const set = Map.prototype.set;
  vi.spyOn(Map.prototype, 'set').mockImplementation(function (this: Map<unknown, unknown>, key, value) {
    set.call(this, key, value);
    count += 1;
    largest = Math.max(largest, this.size);
    written.add(this);
    return this;
  });
  return { largest: () => largest, count: () => count, written };
}

const hex = (nth: number): string => (Math.imul(nth, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');

const address = (nth: number): string => `user${nth}@example.com`;

const families: Readonly<Record<string, (nth: number) => string>> = {
  'numbers that count up': (nth) => String(nth),
  'numbers behind a name': (nth) => `user:${nth}`,
  'padded numbers': (nth) => String(nth).padStart(12, '0'),
  'numbers between names': (nth) => `user:${nth}:profile`,
  'little amidst much that is the same': (nth) =>
    `application:v1:tenant-42:session:${String(nth).padStart(9, '0')}:data`,
  addresses: address,
  'digests, each with the same end': (nth) => `${hex(nth)}${hex(nth + 1)}-4000-8000-${'0'.repeat(60)}`,
  'times that go on': (nth) => new Date(1_700_000_000_000 + nth * 977).toISOString(),
  'little in the midst of what is long': (nth) =>
    `https://assets.example.com/${'folder/'.repeat(40)}${nth}${'/folder'.repeat(40)}.webp?width=640`,
  'kinds that come in turns': (nth) => `${'abcdefghijklmnopqrstuvwxyz'[nth % 2 === 0 ? 0 : nth % 26]}:${nth}`,
  'a wide alphabet': (nth) => String.fromCharCode(0x4e00 + (nth % 5000), 0x4e00 + Math.floor(nth / 5000)),
};

/** Keys that differ where nobody looks: all characters have the same lowest bits. */
const lone = (nth: number): string =>
  Array.from({ length: 4 }, (_, at) => String.fromCharCode(0x80 * (1 + ((nth >> (5 * at)) & 31)))).join('');

describe('a burst trie', () => {
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
  ])('finds %.12j again', (key) => {
    const trie = new BurstTrie();
    expect(trie.get(key)).toBe(-1);
    trie.add(key, 0);
    expect(trie.get(key)).toBe(0);
    trie.delete(key);
    expect(trie.get(key)).toBe(-1);
    trie.add(key, 7);
    expect(trie.get(key)).toBe(7);
  });

  it('finds a key however its string came about', () => {
    const trie = new BurstTrie();
    const long = `${'prefix:'.repeat(3)}abcdefghijklmnop`;
    trie.add(long, 3);
    const joined = ['prefix:prefix:', 'prefix:abcdefgh'].join('') + 'ijklmnop'.slice(0, 8);
    expect(trie.get(joined)).toBe(3);
    expect(trie.get(`__${long}__`.slice(2, -2))).toBe(3);
  });

  it.each(Object.entries(families))('keeps its maps small, and every key, for %s', (_, keyOf) => {
    const maps = watchMaps();
    const trie = new BurstTrie();
    const count = 4 * roomy;
    for (let nth = 0; nth < count; nth += 1) trie.add(keyOf(nth), nth);
    expect(maps.largest()).toBe(roomy + 1 + looked);
    expect(trie.size).toBe(count);
    for (let nth = 0; nth < count; nth += 1) if (trie.get(keyOf(nth)) !== nth) expect.fail(keyOf(nth));
    expect(trie.get('nobody')).toBe(-1);
    expect(trie.get('')).toBe(-1);
    for (let nth = 0; nth < count; nth += 1) trie.delete(keyOf(nth));
    expect(trie.size).toBe(0);
    for (let nth = 0; nth < count; nth += 1) if (trie.get(keyOf(nth)) !== -1) expect.fail(keyOf(nth));
  });

  it.each(Object.entries(families))('moves few keys at once, for %s', (_, keyOf) => {
    const trie = new BurstTrie();
    const maps = watchMaps();
    let most = 0;
    for (let nth = 0; nth < 4 * roomy; nth += 1) {
      const before = maps.count();
      trie.add(keyOf(nth), nth);
      most = Math.max(most, maps.count() - before);
    }
    expect(most).toBe(129);
    for (let nth = 0; nth < 4 * roomy - 1; nth += 1) {
      const before = maps.count();
      trie.delete(keyOf(nth));
      most = Math.max(most, maps.count() - before);
    }
    expect(most).toBeLessThanOrEqual(roomy / 8);
  });

  it('looks no further than for a character that tells well enough', () => {
    const trie = new BurstTrie();
    for (let nth = 0; nth < roomy; nth += 1) trie.add(`${hex(nth)}${hex(nth + 1)}`, nth);
    const read = vi.spyOn(String.prototype, 'charCodeAt');
    const made = vi.spyOn(Map.prototype, 'entries');
    let most = 0;
    for (let nth = roomy; made.mock.calls.length === 0; nth += 1) {
      const before = read.mock.calls.length;
      trie.add(hex(nth), nth);
      most = Math.max(most, read.mock.calls.length - before);
    }
    // Each key once, to deal them out, and those of a sample; some at a time.
    expect(read.mock.calls.length).toBeGreaterThan(roomy);
    expect(read.mock.calls.length).toBeLessThan(roomy + 1000);
    expect(most).toBeLessThan(500);
  });

  it('finds every key, and no other, while they move', () => {
    const keyOf = address;
    for (const added of [
      1,
      2,
      16,
      looked,
      looked + 1,
      looked + 2,
      looked + 30,
      looked + 64,
      looked + 65,
      looked + 100,
    ]) {
      const trie = new BurstTrie();
      const count = roomy + added;
      for (let nth = 0; nth < count; nth += 1) trie.add(keyOf(nth), nth);
      for (let nth = 0; nth < count; nth += 1) if (trie.get(keyOf(nth)) !== nth) expect.fail(keyOf(nth));
      expect(trie.get(keyOf(count))).toBe(-1);
      // From both ends: those that have moved, and those that have not.
      for (let nth = 0; nth < 100; nth += 1) {
        for (const each of [nth, count - 1 - nth]) {
          trie.delete(keyOf(each));
          if (trie.get(keyOf(each)) !== -1) expect.fail(keyOf(each));
          trie.add(keyOf(each), -2 - each);
          if (trie.get(keyOf(each)) !== -2 - each) expect.fail(keyOf(each));
          trie.delete(keyOf(each));
        }
      }
      expect(trie.size).toBe(count - 200);
      for (let nth = 100; nth < count - 100; nth += 1)
        if (trie.get(keyOf(nth)) !== nth) expect.fail(keyOf(nth));
      for (let nth = 100; nth < count - 100; nth += 1) trie.delete(keyOf(nth));
      expect(trie.size).toBe(0);
    }
  });

  it('asks one map for a key that is not there, but for a while', () => {
    const trie = new BurstTrie();
    for (let nth = 0; nth < roomy + looked + 30; nth += 1) trie.add(`user:${nth}`, nth);
    const asked = vi.spyOn(Map.prototype, 'get');
    trie.get('nobody');
    expect(asked).toHaveBeenCalledTimes(2);
    for (let nth = roomy + looked + 30; nth < roomy + looked + 100; nth += 1) trie.add(`user:${nth}`, nth);
    asked.mockClear();
    trie.get('nobody');
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('fills a map before it lets it burst', () => {
    const kinds = {
      lone: (nth: number) => `0000${lone(nth)}`,
      first: (nth: number) => `000${hex(nth)[2]}${lone(nth)}`,
      last: (nth: number) => `0${hex(nth)[1]}00${lone(nth)}`,
    };
    const trie = new BurstTrie();
    const model = new Map<string, number>();
    const take = (key: string): void => {
      if (model.has(key)) return;
      model.set(key, model.size);
      trie.add(key, model.size - 1);
    };
    const isWhole = (): void => {
      expect(trie.size).toBe(model.size);
      for (const [key, number] of model) if (trie.get(key) !== number) expect.fail(key);
    };
    const made = vi.spyOn(Map.prototype, 'entries');
    for (let nth = 0; nth < 5000; nth += 1) take(kinds.lone(nth));
    // No character tells enough of them apart before there are twice as many of the others.
    for (let nth = 10_000; made.mock.calls.length < 1; nth += 1) {
      take(kinds.first(nth));
      take(kinds.last(nth));
    }
    expect(trie.size).toBeGreaterThan(2 * roomy);
    const moves = Math.ceil(trie.size / 128);
    let writings = 0;
    for (let nth = 50_000; made.mock.calls.length < 2; nth += 1, writings += 1) take(kinds.lone(nth));
    // Then the fullest of the maps is looked through twice, in which are the first of them and half of the others.
    const looks = (5000 + trie.size) / 128;
    expect(writings).toBeGreaterThan(moves + looks);
    isWhole();
    const maps = watchMaps();
    let most = 0;
    for (const key of [...model.keys()].reverse()) {
      const before = maps.count();
      trie.delete(key);
      model.delete(key);
      most = Math.max(most, maps.count() - before);
      if (trie.get(key) !== -1) expect.fail(key);
      if (trie.size % 1000 === 0) isWhole();
    }
    // However it came about, each branch knows how many keys it has: it is one map again when those are few.
    expect(most).toBeLessThanOrEqual(roomy / 8);
    expect(most).toBeGreaterThan(roomy / 10);
  });

  it('bursts again by another character when the keys that come are of another kind', () => {
    const maps = watchMaps();
    const trie = new BurstTrie();
    const first = (nth: number) => `${String(nth).padStart(5, '0')}:one-kind`;
    const second = (nth: number) => `another-kind-${String(nth).padStart(5, '0')}`;
    for (let nth = 0; nth < 2 * roomy; nth += 1) trie.add(first(nth), nth);
    for (let nth = 0; nth < 2 * roomy; nth += 1) trie.add(second(nth), 2 * roomy + nth);
    // Those of the first kind go, and a third comes in their place.
    for (let nth = 0; nth < 2 * roomy; nth += 1) trie.delete(first(nth));
    for (let nth = 0; nth < 4 * roomy; nth += 1) trie.add(`:${nth}:`, nth);
    expect(maps.largest()).toBe(roomy + 1 + looked);
    for (let nth = 0; nth < 4 * roomy; nth += 1) if (trie.get(`:${nth}:`) !== nth) expect.fail(`:${nth}:`);
    for (let nth = 0; nth < 2 * roomy; nth += 1)
      if (trie.get(second(nth)) !== 2 * roomy + nth || trie.get(first(nth)) !== -1) expect.fail(second(nth));
  });

  it('is one map again once few keys are left, and has lost none', () => {
    const trie = new BurstTrie();
    const few = roomy / 16;
    for (let nth = 0; nth < 2 * roomy; nth += 1) trie.add(`user:${nth}`, nth);
    for (let nth = few; nth < 2 * roomy; nth += 1) trie.delete(`user:${nth}`);
    expect(trie.size).toBe(few);
    for (let nth = 0; nth < few; nth += 1) if (trie.get(`user:${nth}`) !== nth) expect.fail(`user:${nth}`);
    const { written } = watchMaps();
    for (let nth = few; nth < 2 * few; nth += 1) trie.add(`user:${nth}`, nth);
    expect(written.size).toBe(1);
    for (let nth = 0; nth < 2 * few; nth += 1)
      if (trie.get(`user:${nth}`) !== nth) expect.fail(`user:${nth}`);
  });

  it('lets a map grow where no character tells enough keys apart', () => {
    const trie = new BurstTrie();
    const alike = (nth: number) => lone(nth);
    for (let nth = 0; nth < 3 * roomy; nth += 1) trie.add(alike(nth), nth);
    for (let nth = 0; nth < 3 * roomy; nth += 1) if (trie.get(alike(nth)) !== nth) expect.fail(alike(nth));
    expect(trie.size).toBe(3 * roomy);
  });

  it('has small maps again when other keys have come in the place of those', () => {
    const trie = new BurstTrie();
    const others = (nth: number) => `user:${nth}`;
    const untold = (nth: number) => lone(nth);
    for (let nth = 0; nth <= roomy + looked; nth += 1) trie.add(untold(nth), nth);
    for (let nth = 0; nth <= roomy + looked; nth += 1) trie.delete(untold(nth));
    const maps = watchMaps();
    for (let nth = 0; nth < 2 * roomy; nth += 1) trie.add(others(nth), nth);
    expect(maps.largest()).toBe(roomy + 1 + looked);
  });

  it('looks anew when other keys have come in the place of those that it had looked at', () => {
    const trie = new BurstTrie();
    const first = (nth: number) => `${String(nth).padStart(5, '0')}:one-kind`;
    const second = (nth: number) => `another-kind-${String(nth).padStart(5, '0')}`;
    // So far that a character is chosen by which the next ones are all the same.
    for (let nth = 0; nth <= roomy + looked / 2 + 5; nth += 1) trie.add(first(nth), nth);
    for (let nth = 0; nth <= roomy + looked / 2 + 5; nth += 1) trie.delete(first(nth));
    const maps = watchMaps();
    for (let nth = 0; nth < 2 * roomy; nth += 1) trie.add(second(nth), nth);
    expect(maps.largest()).toBe(roomy + 1 + looked);
  });

  it('is done with looking through a map that has grown less full, and keeps nothing of that', () => {
    const trie = new BurstTrie();
    const looks = vi.spyOn(Map.prototype, 'keys');
    for (let nth = 0; nth <= roomy; nth += 1) trie.add(address(nth), nth);
    for (let nth = 6000; nth <= roomy; nth += 1) trie.delete(address(nth));
    expect(looks).toHaveBeenCalledTimes(2);
    // Neither the iterators, which would keep every table that the map has had.
    for (const { value } of looks.mock.results)
      expect(value.next()).toEqual({ done: true, value: undefined });
    for (let nth = 0; nth < 6000; nth += 1) if (trie.get(address(nth)) !== nth) expect.fail(address(nth));
  });

  it('lets a map burst below a branch while keys are deleted from it', () => {
    const trie = new BurstTrie();
    const bursts = vi.spyOn(Map.prototype, 'entries');
    for (let nth = 0; nth < roomy + 300; nth += 1) trie.add(hex(nth), nth);
    expect(bursts).toHaveBeenCalledTimes(1);
    const looks = vi.spyOn(Map.prototype, 'keys');
    // All of them in one map, since they end alike.
    let count = 0;
    for (; looks.mock.calls.length === 0; count += 1) trie.add(address(count), count);
    for (; bursts.mock.calls.length < 2; count -= 1) trie.delete(address(count - 1));
    expect(trie.size).toBe(roomy + 300 + count);
    for (let nth = 0; nth < roomy + 300; nth += 1) if (trie.get(hex(nth)) !== nth) expect.fail(hex(nth));
    for (let nth = 0; nth < count; nth += 1) if (trie.get(address(nth)) !== nth) expect.fail(address(nth));
  });

  it('need not branch by what told those apart that have gone', () => {
    const trie = new BurstTrie();
    const first = (nth: number) => `${String(nth).padStart(5, '0')}:one-kind`;
    const second = (nth: number) => `another-kind-${String(nth).padStart(5, '0')}`;
    for (let nth = 0; nth < roomy + 300; nth += 1) trie.add(first(nth), nth);
    for (let nth = 0; nth < 5000; nth += 1) trie.add(second(nth), nth);
    for (let nth = 0; nth < roomy + 300; nth += 1) trie.delete(first(nth));
    const read = vi.spyOn(String.prototype, 'charCodeAt');
    expect(trie.get(second(0))).toBe(0);
    expect(read).toHaveBeenCalledTimes(1);
    for (let nth = 5000; nth < roomy + 300; nth += 1) trie.add(second(nth), nth);
    read.mockClear();
    expect(trie.get(second(0))).toBe(0);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('does not try it again and again with keys that come and go', () => {
    const trie = new BurstTrie();
    const alike = (nth: number) => lone(nth);
    for (let nth = 0; nth < roomy; nth += 1) trie.add(alike(nth), nth);
    const looked = vi.spyOn(Map.prototype, 'keys');
    for (let nth = roomy; nth < roomy + 1000; nth += 1) {
      trie.add(alike(nth), nth);
      trie.delete(alike(nth));
    }
    expect(looked.mock.calls.length).toBeLessThan(5);
    expect(looked).toHaveBeenCalled();
  });

  it('is a map, however large it was and whatever it was asked for', () => {
    const bulk = fc.record({
      family: fc.constantFrom(...Object.values(families)),
      from: fc.integer({ min: 0, max: 3 }),
      of: fc.constantFrom(10, roomy / 8, roomy + 10, roomy + looked + 40),
    });
    const steps = fc.array(fc.record({ what: fc.constantFrom('add', 'delete'), bulk }), { maxLength: 8 });
    fc.assert(
      fc.property(steps, (given) => {
        const trie = new BurstTrie();
        const model = new Map<string, number>();
        for (const { what, bulk } of given) {
          for (let nth = bulk.from * 5000; nth < bulk.from * 5000 + bulk.of; nth += 1) {
            const key = bulk.family(nth);
            if (what === 'add' && !model.has(key)) {
              model.set(key, nth);
              trie.add(key, nth);
            } else if (what === 'delete' && model.delete(key)) trie.delete(key);
          }
          expect(trie.size).toBe(model.size);
          for (const [key, number] of model) if (trie.get(key) !== number) expect.fail(key);
        }
      }),
      { numRuns: 30 },
    );
  });
});
