/** So many keys say enough of how the others are made. */
const sampled = 256;

/** So many characters choose a shard. */
const chosen = 4;

/** So far from either end of a key a character may be that is looked at. */
const reach = 32;

/**
 * Which of 256 shards a key belongs to, by a few of its characters. Which ones the keys themselves say: most of what keys are made of is the
 * same in all of them (a prefix, a tenant, a suffix), and by such characters all would be in one shard. Not a hash to rely on (the
 * map behind it has its own), only one that spreads.
 */
export class ShardKey {
  // Places of characters: from the beginning of a key, or (negative) from its end.
  readonly #first: number;
  readonly #second: number;
  readonly #third: number;
  readonly #fourth: number;

  /** `keys`: as many as there are until now, from all over them. */
  constructor(keys: readonly string[]) {
    const [first = -1, second = -1, third = -1, fourth = -1] = tellingPlaces(keys);
    this.#first = first;
    this.#second = second;
    this.#third = third;
    this.#fourth = fourth;
  }

  shardOf(key: string): number {
    if (key === '') return 0;
    let hash = mixed(0, key, this.#first);
    hash = mixed(hash, key, this.#second);
    hash = mixed(hash, key, this.#third);
    return bucket(mixed(hash, key, this.#fourth));
  }
}

/** One after the other, the place that spreads the sample best together with those before it. */
function tellingPlaces(keys: readonly string[]): readonly number[] {
  const sample = keys.filter((key) => key !== '');
  const every = Math.ceil(sample.length / sampled);
  const some = sample.filter((_, index) => index % every === 0);
  const counts = new Uint16Array(256);
  let hashes = some.map(() => 0);
  const places: number[] = [];
  while (places.length < chosen) {
    let best = { place: -1, crowd: Number.POSITIVE_INFINITY };
    for (const place of candidates) {
      const crowd = crowding(counts.fill(0), some, hashes, place);
      if (crowd < best.crowd) best = { place, crowd };
    }
    places.push(best.place);
    hashes = some.map((key, index) => mixed(hashes[index]!, key, best.place));
  }
  return places;
}

/** From the end first: where keys are numbered it is the last digits that go on changing. */
const candidates: readonly number[] = Array.from({ length: reach }, (_, n) => [-1 - n, n]).flat();

/** How many pairs would share a shard. `counts` are all 0. */
function crowding(
  counts: Uint16Array,
  keys: readonly string[],
  hashes: readonly number[],
  place: number,
): number {
  let crowd = 0;
  for (let index = 0; index < keys.length; index += 1) {
    const at = bucket(mixed(hashes[index]!, keys[index]!, place));
    crowd += counts[at]!;
    counts[at]! += 1;
  }
  return crowd;
}

function mixed(hash: number, key: string, place: number): number {
  const last = key.length - 1;
  const at = place < 0 ? Math.max(0, last + 1 + place) : Math.min(place, last);
  return (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
}

const bucket = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> 24;
