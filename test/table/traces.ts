/** Traces of keys that are asked for, the same at every run: what a cache holds of them is a count, not a time. */

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Ranks in [0, count), the nth asked for in proportion to 1 / n^skew. */
function zipf(count: number, skew: number, next: () => number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank += 1) {
    sum += 1 / (rank + 1) ** skew;
    sums[rank] = sum;
  }
  return () => {
    const at = next() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** A few keys are asked for often, many seldom. */
export function* zipfTrace(length: number, keys: number, skew = 0.9, seed = 1): Generator<string> {
  const rank = zipf(keys, skew, numbers(seed));
  for (let nth = 0; nth < length; nth += 1) yield `k${rank()}`;
}

/** The same, and every now and then somebody walks over `scan` keys that nobody asks for again. */
export function* scannedTrace(
  length: number,
  keys: number,
  scan: number,
  every: number,
  seed = 2,
): Generator<string> {
  let scanned = 0;
  let nth = 0;
  for (const key of zipfTrace(length, keys, 0.9, seed)) {
    yield key;
    nth += 1;
    if (nth % every !== 0) continue;
    for (let step = 0; step < scan; step += 1) {
      yield `s${scanned}`;
      scanned += 1;
    }
  }
}

/** Round and round over somewhat more keys than there is room for. */
export function* loopTrace(length: number, keys: number): Generator<string> {
  for (let nth = 0; nth < length; nth += 1) yield `k${nth % keys}`;
}
