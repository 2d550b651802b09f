import { digestOf } from '../cache/digest.js';

/** A key that is refused without being looked for need not be told from all others of its kind, however long it is. */
const longest = 256;

/**
 * A number that stands for a text and tells nothing of it: 52 bits of its SHA-256. Whatever is long, or a secret, or the tail of
 * some header, is not kept; and nobody finds two texts of one number, to have them counted as one.
 */
export function fingerprint(text: string): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0] = digestOf(text);
  return (
    ((a << 20) | (b << 12) | (c << 4) | (d >> 4)) * 2 ** 24 +
    (((d & 15) << 20) | (e << 12) | (f << 4) | (g >> 4))
  );
}

/** The same of a key that the guard refuses: it never leaves memory, and what is long is not worth the work. */
export const refusedFingerprint = (key: string): number =>
  fingerprint(key.length > longest ? `${key.length} ${key.slice(0, longest)}` : key);
