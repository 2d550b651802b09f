import { beforeEach, describe, expect, test } from 'vitest';
import { Stretch } from '../../src/runtime/stretch.js';

const loop = { time: 0, clockReplaced: false, replaced: false };
let stretch: Stretch;

beforeEach(() => {
  Object.assign(loop, { time: 1_000, clockReplaced: false, replaced: false });
  stretch = new Stretch({
    now: () => loop.time,
    isClockReplaced: () => loop.clockReplaced,
    isReplaced: () => loop.replaced,
  });
});

/** Asks until the clock has been looked at. */
const isSpent = (): boolean => [1, 2, 3, 4].map(() => stretch.isSpent()).some(Boolean);

describe('a stretch', () => {
  test('is over after 3 ms of work, in however many pieces', () => {
    for (const at of [1_000, 1_001, 1_002, 1_002.9]) {
      loop.time = at;
      expect(stretch.begin(), `${at}`).toBe(true);
    }
    loop.time = 1_003;
    expect(stretch.begin()).toBe(false);
    expect(stretch.isSpent()).toBe(true);
  });

  test('begins anew after a gap of 3 ms, in which others had their turn', () => {
    stretch.begin();
    loop.time += 2;
    stretch.begin();
    loop.time += 3;
    expect(stretch.begin()).toBe(true);
    loop.time += 2.9;
    expect(stretch.begin()).toBe(true);
    loop.time += 0.1;
    expect(stretch.begin()).toBe(false);
  });

  test('looks at the clock once in four steps, and stays over', () => {
    stretch.begin();
    loop.time += 3;
    expect([1, 2, 3, 4, 5].map(() => stretch.isSpent())).toEqual([false, false, false, true, true]);
    loop.time -= 1;
    expect(isSpent()).toBe(true);
  });

  test('is renewed by a later turn of the loop', () => {
    stretch.begin();
    loop.time += 3;
    expect(isSpent()).toBe(true);
    stretch.renew();
    expect(stretch.isSpent()).toBe(false);
    loop.time += 2;
    expect(isSpent()).toBe(false);
    loop.time += 1;
    expect(isSpent()).toBe(true);
  });

  test('begins anew each time where the clock is somebody else’s, or has gone back', () => {
    loop.clockReplaced = true;
    stretch.begin();
    loop.time += 2;
    stretch.begin();
    loop.time += 2;
    expect(stretch.begin()).toBe(true);
    loop.clockReplaced = false;
    loop.time -= 100;
    expect(stretch.begin()).toBe(true);
    loop.time += 2;
    expect(stretch.begin()).toBe(true);
  });

  test('is never over where the turns are somebody else’s: nobody may ever give one', () => {
    loop.replaced = true;
    stretch.begin();
    loop.time += 2;
    stretch.begin();
    loop.time += 2;
    expect(stretch.begin()).toBe(true);
    expect(isSpent()).toBe(false);
  });
});
