/** A map with more keys than this bursts. */
const roomy = 1 << 13;

/** So many keys of a map that is full are looked at, or move on, with each writing that comes by: all of them at once would take ms. */
const atOnce = 128;

/** A branch with fewer than this is one map again. */
const sparse = roomy >> 3;

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

/** A character that leaves no more together than so many letters, each as frequent as the others, is as good as any. */
const lettersEnough = branches / 2;

/** By so much less must a character leave together to be preferred to one nearer to the end. */
const clearly = 0.8;

/** A map of keys; or, once there were too many, maps told apart by one of the keys' characters. */
type Place = Map<string, number> | Branch;

class Branch {
  readonly at: number;
  readonly byLetter: Place[];
  /** How many keys, here and below. */
  size: number;
  /** The map that burst, until all its keys are below. */
  #burst: Map<string, number> | undefined;
  readonly #left: Iterator<[key: string, number: number]>;

  /** `at`: where the character stands, counted from a key's beginning, or, below zero, from its end. */
  constructor(at: number, byLetter: Place[], burst: Map<string, number>) {
    this.at = at;
    this.byLetter = byLetter;
    this.size = burst.size;
    this.#burst = burst;
    this.#left = burst.entries();
  }

  get(key: string): number | undefined {
    const number = this.below(key).get(key);
    return number === undefined && this.#burst !== undefined ? this.#burst.get(key) : number;
  }

  /** Where the key is, once it has moved. */
  below(key: string): Place {
    return this.byLetter[letterOf(key, this.at)]!;
  }

  /** Whether keys are still to move: as long as some are, there are but maps below. */
  get moving(): boolean {
    return this.#burst !== undefined;
  }

  /** Moves some keys on. */
  move(): void {
    for (let count = 0; count < atOnce; count += 1) {
      const next = this.#left.next();
      if (next.done === true) {
        this.#burst = undefined;
        return;
      }
      const [key, number] = next.value;
      (this.below(key) as Map<string, number>).set(key, number);
    }
  }

  /** Takes out a key, as far as it is not below. */
  delete(key: string): void {
    this.#burst?.delete(key);
  }
}

/**
 * Key to number. Many small maps instead of one: a map that grows copies all it holds, and one of a million keys does so for 0.2 s. A
 * burst trie (Heinz, Zobel, Williams 2002), but for which character a branch looks at: the one that tells its keys apart best, wherever in
 * them it stands, so that neither what all begin or end with, nor a number that counts up, crowds them into one map; and thousands of keys do not
 * move at once: with the writings that come by, a map that is full is looked through, then emptied into a new branch. A way through
 * it reads one character a branch: none up to 8,192 keys, one at a hundred thousand, two at a million.
 */
export class BurstTrie {
  #root: Place = new Map();
  /**
   * Maps that were full, and how far they have been looked through. Every writing to one of them goes on with it: an iterator that stands
   * still keeps all that its map has been since.
   */
  readonly #looks = new Map<Map<string, number>, ReturnType<typeof looking>>();
  /** Maps that could not burst, and how large they are to be before that is tried again. */
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
    let moving = false;
    while (place instanceof Branch) {
      if (place.moving) place.move();
      moving = place.moving;
      place.size += 1;
      const next: Place = place.below(key);
      if (next.size + 1 < place.size) {
        top = next;
        aboveTop = place;
      }
      place = next;
    }
    place.set(key, number);
    if (place.size > roomy && !moving) this.#begin(place);
    if (this.#looks.size > 0) this.#look(place, aboveTop, top);
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
        if (place.moving) {
          place.move();
          place.delete(key);
        }
        above = place;
        place = place.below(key);
      }
    }
    place.delete(key);
    // Others may come in the place of those that could not be told apart.
    if (place.size === sparse) this.#stubborn.delete(place);
    if (this.#looks.size > 0) this.#look(place, above, place);
  }

  /** A map is full. */
  #begin(map: Map<string, number>): void {
    if (map.size > (this.#stubborn.get(map) ?? 0) && !this.#looks.has(map))
      this.#looks.set(map, looking(map));
  }

  /** Goes on looking through a map, if it was full; in the end it bursts, in the place of `top`, though a few have gone meanwhile. */
  #look(map: Map<string, number>, aboveTop: Branch | undefined, top: Place): void {
    const look = this.#looks.get(map)?.next();
    if (look?.done !== true) return;
    this.#looks.delete(map);
    if (look.value === undefined) this.#stubborn.set(map, 2 * map.size);
    else this.#replace(aboveTop, top, look.value);
  }

  #replace(above: Branch | undefined, before: Place, after: Place): void {
    if (above === undefined) this.#root = after;
    else
      above.byLetter.forEach((place, letter) => {
        if (place === before) above.byLetter[letter] = after;
      });
  }
}

/** A key's character at a place, as far as characters are told apart; 0 where the key is too short for it. */
function letterOf(key: string, at: number): number {
  const index = at < 0 ? key.length + at : at;
  return index >= 0 && index < key.length ? key.charCodeAt(index) & (letters - 1) : 0;
}

/**
 * Looks through a map, some keys at a time. In the end: a branch that is to hold the map's keys in maps by one of their characters;
 * undefined where none tells enough of them apart.
 */
function* looking(map: Map<string, number>): Generator<undefined, Branch | undefined, void> {
  const share = (samples / map.size) * 2 ** 32;
  const sample: string[] = [];
  let nth = 0;
  for (const key of map.keys()) {
    // At uneven distances: keys may come in turns.
    if (Math.imul(nth, 0x9e3779b1) >>> 0 < share) sample.push(key);
    nth += 1;
    if (nth % atOnce === 0) yield;
  }
  const at = tellingAt(sample);
  const counts = new Array<number>(letters).fill(0);
  for (const key of map.keys()) {
    counts[letterOf(key, at)]! += 1;
    nth += 1;
    if (nth % atOnce === 0) yield;
  }
  const { byLetter, largest } = shared(counts);
  return largest > map.size * crowd ? undefined : new Branch(at, byLetter, map);
}

/** Where the character stands by which the keys are well told apart, or else best. The nearest to the end: numbers count up there. */
function tellingAt(keys: readonly string[]): number {
  let best = { at: -1, together: Number.POSITIVE_INFINITY };
  for (const at of placesIn(Math.max(...keys.map((key) => key.length)))) {
    const counts = new Array<number>(letters).fill(0);
    for (const key of keys) counts[letterOf(key, at)]! += 1;
    const together = counts.reduce((sum, count) => sum + count * count, 0);
    if (together < best.together * clearly) best = { at, together };
    if (together * lettersEnough <= keys.length ** 2) break;
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

/** All that is left of a branch, in one map: where so many have gone, all others have moved. */
function gathered(branch: Branch): Map<string, number> {
  const map = new Map<string, number>();
  const places: Place[] = [branch];
  for (const place of places) {
    if (place instanceof Branch) places.push(...new Set(place.byLetter));
    else for (const [key, number] of place) map.set(key, number);
  }
  return map;
}
