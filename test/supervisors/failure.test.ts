import { expect, test } from 'vitest';
import type { ExitReason } from '../../src/runtime/index.js';
import { gaveUp, startFailed } from '../../supervisors/failure.js';

const why = new Error('why.');

test.each<[ExitReason, unknown, string]>([
  [{ type: 'error', error: why }, why, 'Error: why'],
  [{ type: 'error', error: undefined }, undefined, 'undefined'],
  [{ type: 'shutdown', detail: why }, why, 'why'],
  [{ type: 'shutdown', detail: 'told' }, 'told', 'shutdown'],
  [{ type: 'shutdown' }, undefined, 'shutdown'],
  [{ type: 'killed' }, undefined, 'killed'],
  // Who gives a reason may not have been held to its type.
  [{ type: 'normal', detail: why } as ExitReason, undefined, 'normal'],
])('of %o it tells the cause, and the words', (reason, cause, words) => {
  const failed = startFailed('root', 'a', reason);
  expect(failed).toMatchObject({ childId: 'a', message: `root could not start its child 'a': ${words}.` });
  const limit = { maxRestarts: 3, within: 5000 };
  const over = gaveUp('root', 'a', limit, reason);
  expect(over).toMatchObject({
    childId: 'a',
    message: `root gave up: more than 3 restarts within 5000 ms, at last of 'a': ${words}.`,
  });
  expect([failed.cause, over.cause]).toEqual([cause, cause]);
});
