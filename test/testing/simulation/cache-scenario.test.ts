import { type Case, cacheScenario, play } from 'holdfast/testing';
import { expect, test } from 'vitest';

/** A load denied the key while a pass ran, and so the pass's own, newer row was refused; then the denial was forgotten. */
const seenAndRefused: Case = {
  seed: 999998,
  tape: [],
  faults: [
    { at: 24091, kind: 'bus', how: 'delay', for: 4500 },
    { at: 20437, kind: 'source', mode: { mode: 'unreachable', as: 'typed' }, for: 4890 },
    { at: 8321, kind: 'pause', ms: 3600000 },
    { at: 11995, kind: 'corrupt', key: 'e' },
    { at: 2409, kind: 'pause', ms: 3600000 },
    { at: 9122, kind: 'hang', actor: 'rows/cache', for: 9102 },
  ],
  steps: [
    { at: 1781, pick: 9555, salt: 1066651413 },
    { at: 20914, pick: 4826, salt: 1544103557 },
    { at: 8277, pick: 8485, salt: 1256007146 },
    { at: 11171, pick: 1309, salt: 1527742994 },
    { at: 2353, pick: 5377, salt: 2064057999 },
  ],
};

test('a pass that has seen a key proves no absence of it, even if its row was refused', async () => {
  const { failure } = await play(cacheScenario, seenAndRefused);
  expect(failure?.message).toBeUndefined();
});
