/** Explores a scenario under `node:test`, and says which exploration that was. */
import { test } from 'node:test';
import fc from 'fast-check';
import { explore } from 'holdfast/testing';
import jobs from '../fixtures/jobs.sim.js';

test('jobs', async (t) => {
  const { hash } = await explore(fc, jobs, { seed: 7, runs: 10 });
  t.diagnostic(`hash: ${hash}`);
});
