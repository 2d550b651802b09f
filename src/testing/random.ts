/** A seeded source of randomness (sfc32): small, fast, the same everywhere. */
export interface SeededRandom {
  /** A uniform number in [0, 1). */
  next(): number;
  /** 32 random bits, unsigned. */
  bits(): number;
  /** A version 4 UUID. */
  uuid(): `${string}-${string}-${string}-${string}-${string}`;
}

/** Makes a source of randomness that gives the same numbers for the same seed. */
export function seededRandom(seed: number): SeededRandom {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = Math.floor(seed / 2 ** 32) | 0;
  let d = seed | 0;

  function bits(): number {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  }

  // The first outputs still resemble the seed.
  for (let i = 0; i < 15; i++) bits();

  const hex = (length: number): string => bits().toString(16).padStart(8, '0').slice(0, length);
  return {
    bits,
    next: () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[bits() & 3]}${hex(3)}-${hex(8)}${hex(4)}`,
  };
}
