/** What a partition is chosen by. */
export type PartitionKey = string | number | bigint;

/**
 * Which of `count` partitions a key belongs to: of a whole number its absolute value modulo `count`, of anything else a hash of
 * its text. The same in every process and every version.
 */
export function route(key: PartitionKey, count: number): number {
  if (typeof key === 'bigint') return Number((key < 0n ? -key : key) % BigInt(count));
  if (Number.isSafeInteger(key)) return Math.abs(key as number) % count;
  return hash(String(key)) % count;
}

/** FNV-1a over the UTF-16 units, low byte first, and murmur3's last mixing, for short keys that differ in their ends only. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    h = Math.imul(h ^ (unit & 0xff), 0x01000193);
    h = Math.imul(h ^ (unit >>> 8), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
