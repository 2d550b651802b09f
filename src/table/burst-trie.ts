/** A map with more keys than this bursts. So many it takes in, and a burst moves, in a few ms. */
const roomy = 1 << 13;

/** A branch with fewer than this is one map again. */
const sparse = roomy >> 2;

/** Into so many a map bursts: fewer and fuller maps leave less of themselves empty. */
const branches = 16;

/** Characters are told apart by so many of their lowest bits: all of ASCII. */
const letterBits = 7;
const letters = 1 << letterBits;

/** So many of a map's keys say by which of their characters it bursts. */
const samples = 256;

/** So far from either end of a key that character is looked for at every place, and at so many places between. */
const reach = 64;

/** With more than this share of the keys still together afterwards, bursting is no use. */
const crowd = 0.75;

/** By so much less must a character leave together to be preferred to one nearer to the end. */
const clearly = 0.8;

/** A map of keys; or, once there were too many, maps told apart by one of the keys' characters. */
type Place = Map<string, number> | Branch;

class Branch {
  constructor(
    /** Where the character stands: counted from a key's beginning, or, below zero, from its end. */
    readonly at: number,
    readonly byLetter: Place[],
    /** How many keys, here and below. */
    public size: number,
  ) {}

  get(key: string): number | undefined {
    return this.byLetter[letterOf(key, this.at)]!.get(key);
  }
}

/**
 * Key to number. Many small maps instead of one: a map that grows copies all it holds, and one of a million keys does so for 0.2 s. A
 * burst trie (Heinz, Zobel, Williams 2002), but for which character a branch looks at: the one that tells its keys apart best, wherever in
 * them it stands, so that neither what all begin or end with, nor a number that counts up, crowds them into one map. A way through
 * it reads one character a branch: none up to 8,192 keys, one at a hundred thousand, two at a million.
 */
export class BurstTrie {
  #root: Place = new Map();
  /** Maps that could not burst, and how large they were then. */
  readonly #stubborn = new WeakMap<Map<string, number>, number>();

  get size(): number {
    return this.#root.size;
  }

  /** The key's number, or -1. */
  get(key: string): number {
    const number = this.#root.get(key);
    return number === undefined ? -1 : number;
  }

  /** Takes in a key that is not there. */
  add(key: string, number: number): void {
    let place = this.#root;
    // The highest place that holds no other keys than the map at the end: where those left that made it branch, it need not.
    let top = place;
    let aboveTop: Branch | undefined;
    while (place instanceof Branch) {
      place.size += 1;
      const next: Place = place.byLetter[letterOf(key, place.at)]!;
      if (next.size + 1 < place.size) {
        top = next;
        aboveTop = place;
      }
      place = next;
    }
    place.set(key, number);
    if (isFull(place.size) && (this.#stubborn.get(place) ?? 0) < place.size)
      this.#burst(place, aboveTop, top);
  }

  /** Takes out a key that is there. */
  delete(key: string): void {
    let place = this.#root;
    let above: Branch | undefined;
    while (place instanceof Branch) {
      place.size -= 1;
      if (place.size < sparse) {
        const map = gathered(place);
        this.#replace(above, place, map);
        place = map;
      } else {
        above = place;
        place = place.byLetter[letterOf(key, place.at)]!;
      }
    }
    place.delete(key);
    // Others may come in the place of those that could not be told apart.
    if (place.size === sparse) this.#stubborn.delete(place);
  }

  #burst(map: Map<string, number>, aboveTop: Branch | undefined, top: Place): void {
    const parts = burst(map);
    if (parts === map) this.#stubborn.set(map, map.size);
    this.#replace(aboveTop, top, parts);
  }

  #replace(above: Branch | undefined, before: Place, after: Place): void {
    if (above === undefined) this.#root = after;
    else
      above.byLetter.forEach((place, letter) => {
        if (place === before) above.byLetter[letter] = after;
      });
  }
}

/** Whether a map that has just come to this size is to burst. One that cannot is left alone until it has doubled. */
const isFull = (size: number): boolean => size > roomy && ((size - 1) & (size - 2)) === 0;

/** A key's character at a place, as far as characters are told apart; 0 where the key is too short for it. */
function letterOf(key: string, at: number): number {
  const index = at < 0 ? key.length + at : at;
  return index >= 0 && index < key.length ? key.charCodeAt(index) & (letters - 1) : 0;
}

/** The map's keys in maps by one of their characters; the map itself where none tells enough of them apart. */
function burst(map: Map<string, number>): Place {
  const at = tellingAt(map);
  const counts = new Array<number>(letters).fill(0);
  for (const key of map.keys()) counts[letterOf(key, at)]! += 1;
  const { byLetter, largest } = shared(counts);
  if (largest > map.size * crowd) return map;
  for (const [key, number] of map) byLetter[letterOf(key, at)]!.set(key, number);
  return new Branch(at, byLetter, map.size);
}

/** Where the character stands by which a map's keys are best told apart. Among equals the nearest to the end: numbers count up there. */
function tellingAt(map: ReadonlyMap<string, number>): number {
  const keys = sampleOf(map);
  let best = { at: -1, together: Number.POSITIVE_INFINITY };
  for (const at of placesIn(Math.max(...keys.map((key) => key.length)))) {
    const counts = new Array<number>(letters).fill(0);
    for (const key of keys) counts[letterOf(key, at)]! += 1;
    const together = counts.reduce((sum, count) => sum + count * count, 0);
    if (together < best.together * clearly) best = { at, together };
  }
  return best.at;
}

/** Where to look in keys of up to that length: from the end, from the beginning, and where they are longer than that, between. */
function* placesIn(length: number): Generator<number, void, void> {
  for (let step = 0; step < Math.min(reach, length); step += 1) yield -1 - step;
  for (let step = 0; step < Math.min(reach, length - reach); step += 1) yield step;
  const between = Math.max(0, length - 2 * reach);
  const stride = Math.max(1, between / reach);
  for (let step = 0; step < between; step += stride) yield reach + Math.floor(step);
}

/** Some of the keys, at uneven distances: keys may come in turns. */
function sampleOf(map: ReadonlyMap<string, number>): readonly string[] {
  const share = (samples / map.size) * 2 ** 32;
  const keys: string[] = [];
  let nth = 0;
  for (const key of map.keys()) {
    if (Math.imul(nth, 0x9e3779b1) >>> 0 < share) keys.push(key);
    nth += 1;
  }
  return keys;
}

/** A map for each letter, some the same, so that they get about as many keys each; and how many the largest is to get. */
function shared(counts: readonly number[]): { byLetter: Map<string, number>[]; largest: number } {
  const seen = counts.flatMap((count, letter) => (count > 0 ? [letter] : []));
  const shares = Array.from({ length: Math.min(branches, seen.length) }, () => ({
    map: new Map<string, number>(),
    keys: 0,
  }));
  // A letter that no key has yet may be the next that all have: those are dealt out over the maps there are.
  const byLetter = counts.map((_, letter) => shares[letter % shares.length]!.map);
  for (const letter of seen.sort((a, b) => counts[b]! - counts[a]!)) {
    const least = shares.reduce((least, other) => (other.keys < least.keys ? other : least));
    least.keys += counts[letter]!;
    byLetter[letter] = least.map;
  }
  return { byLetter, largest: Math.max(...shares.map(({ keys }) => keys)) };
}

/** All that is left of a branch, in one map. */
function gathered(branch: Branch): Map<string, number> {
  const map = new Map<string, number>();
  const places: Place[] = [branch];
  for (const place of places) {
    if (place instanceof Branch) places.push(...new Set(place.byLetter));
    else for (const [key, number] of place) map.set(key, number);
  }
  return map;
}
