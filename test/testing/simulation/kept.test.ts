import { setImmediate } from 'node:timers/promises';
import { child, createRuntime } from 'holdfast';
import { type Case, defineScenario, type Fault, play } from 'holdfast/testing';
import { expect, test } from 'vitest';
import { fromCallback } from 'xstate';
import { collector } from '../../../src/testing/cli/heap.js';

test('nothing is kept of a process that was killed while an actor was to crash at its next steps', async () => {
  const made: WeakRef<object>[] = [];
  const scenario = defineScenario('a tree', {
    setup: async () => {
      const logic = fromCallback(() => {});
      const runtime = await createRuntime({ children: [child({ id: 'idle', name: 'idle', logic })] }).start();
      made.push(new WeakRef(runtime));
      return {};
    },
    horizon: '1s',
  });
  const caseWith = (...faults: Fault[]): Case => ({ seed: 0, tape: [], faults, steps: [] });
  const crash: Fault = { at: 10, kind: 'crash', actor: 'idle', how: 'killed', step: 1_000 };
  await play(scenario, caseWith(crash, { at: 20, kind: 'kill', after: 10 }));
  // A run may keep something until the next one.
  await play(scenario, caseWith());
  await setImmediate();
  collector()?.();
  expect(made).toHaveLength(3);
  expect(made.slice(0, 2).filter((runtime) => runtime.deref() !== undefined)).toEqual([]);
});
