import { describe, expect, it } from 'vitest';
import { Pulse } from '../../src/threads/pulse.js';

const pulse = () => new Pulse({ every: 100, misses: 3 }, 0, 0);

describe('a pulse', () => {
  it('is gone after so many looks in a row at which it had not beaten', () => {
    const heart = pulse();
    expect([100, 200, 300].map((now) => heart.look(0, now))).toEqual([false, false, true]);
  });

  it('once felt, begins anew', () => {
    const heart = pulse();
    expect([0, 0, 1, 1, 1].map((beats, at) => heart.look(beats, 100 * (at + 1)))).toEqual(
      Array(5).fill(false),
    );
    expect(heart.look(1, 600)).toBe(true);
  });

  it('is not missed by one who looks late: he was held up himself, and so the thread may have been', () => {
    const heart = pulse();
    for (const now of [1_000, 10_000, 10_000_000]) expect(heart.look(0, now)).toBe(false);
    // Looks in time count.
    expect([1, 2, 3].map((n) => heart.look(0, 10_000_000 + 100 * n))).toEqual([false, false, true]);
  });
});
