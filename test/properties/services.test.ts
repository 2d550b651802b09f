import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createWorld } from '../../src/testing/create-world.js';
import { timeOf, tree } from './services-plan.js';
import { Scene } from './services-stage.js';
import { brokenRules } from './supervision-rules.js';

/** Who is killed, of those that live, so long after the one before. */
const blow = fc.record({ after: fc.constantFrom(0, 0, 1, 400, 1000, 5000), at: fc.nat() });

test('services, tasks and backoffs in random trees: one life at once, in order, in time, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      fc.array(blow, { maxLength: 10 }),
      fc.array(fc.nat(5), { maxLength: 40 }),
      async (plan, blows, tape) => {
        const world = createWorld({ escapes: 'ignore', traceLimit: 1, tape });
        const scene = new Scene(plan, world);
        try {
          await play(scene, blows);
        } catch (error) {
          const lines = scene.watch.lines.map(({ at, path, text }) => `    ${at} ${path} ${text}`);
          (error as Error).message += `\n${lines.join('\n')}`;
          throw error;
        } finally {
          const left = scene.leave();
          await world.advance(100_000);
          await left;
          await world.leave();
        }
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);

async function play(scene: Scene, blows: readonly { after: number; at: number }[]): Promise<void> {
  const { world, runtime, watch } = scene;
  let exited = false;
  void runtime.exited.then(() => {
    exited = true;
  });
  const started = scene.start();
  for (const { after, at } of blows) {
    // Also in the midst of the work of one instant.
    if (after > 0) await world.advance(after);
    else await undefined;
    watch.noneIsLate();
    scene.kill(at);
  }
  const stopped = runtime.stop();
  const within = scene.plan.children.reduce((sum, each) => sum + timeOf(each), 0);
  await world.advance(within);
  await world.settle();
  expect(exited, `ends within ${within} ms`).toBe(true);
  await Promise.all([started, stopped]);
  expect(watch.living()).toEqual([]);
  expect(world.pending.length, 'only the timers of who was told to end, and does not').toBe(scene.timers());
  await world.advance(10_000);
  await scene.leave();
  expect(brokenRules(watch.lines, watch.begun, { from: Number.POSITIVE_INFINITY, told: new Set() })).toEqual(
    [],
  );
  expect(scene.leftovers()).toEqual([]);
}
