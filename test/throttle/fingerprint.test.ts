import { createHash, randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { fingerprint, refusedFingerprint } from '../../actors/throttle/fingerprint.js';

it('is the first 52 bits of the SHA-256', () => {
  for (const text of ['', 'ada', randomUUID(), 'ü€😀', 'x'.repeat(10_000)]) {
    const hex = createHash('sha256').update(text).digest('hex').slice(0, 13);
    expect(fingerprint(text)).toBe(Number.parseInt(hex, 16));
  }
});

it('tells lone surrogates apart, and long keys that the guard refuses by how they begin and how long they are', () => {
  expect(fingerprint('\ud800')).not.toBe(fingerprint('\ud801'));
  expect(refusedFingerprint('short')).toBe(fingerprint('short'));
  const long = 'x'.repeat(300);
  expect(refusedFingerprint(long)).toBe(refusedFingerprint(`${long.slice(1)}x`));
  expect(refusedFingerprint(long)).not.toBe(refusedFingerprint(`${long}x`));
});
