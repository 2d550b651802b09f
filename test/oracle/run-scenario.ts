import { createWorld } from '../../src/testing/create-world.js';
import type { World } from '../../src/testing/world.js';
import { Cast } from './cast.js';
import type { TraceLine } from './compare.js';
import { Recorder } from './recorder.js';
import { type Scenario, ScenarioError } from './scenario.js';
import { snapshot } from './state.js';
import { Steps } from './steps.js';
import type { Term } from './terms.js';
import { Trees } from './tree.js';

/**
 * Runs a scenario on Holdfast, in a world of its own, and writes its trace.
 *
 * @throws ScenarioError when the run cannot go on: what was awaited can never happen, or an error was nobody's.
 */
export async function runScenario(scenario: Scenario): Promise<readonly TraceLine[]> {
  const world = createWorld({ escapes: 'ignore', traceLimit: 1 });
  try {
    const trace = await play(scenario, world);
    const [uncaught] = world.uncaught;
    if (uncaught !== undefined) throw uncaught.error;
    return trace;
  } catch (error) {
    throw new ScenarioError(`${scenario.name}: ${(error as Error).message}`, { cause: error });
  } finally {
    await world.leave();
  }
}

async function play({ name, tree, steps, unordered }: Scenario, world: World): Promise<readonly TraceLine[]> {
  const cast = new Cast();
  const recorder = new Recorder(cast);
  const trees = new Trees(cast, (path) => recorder.init(path));
  const root = typeof tree.id === 'string' ? tree.id : 'root';
  const stage = new Steps({ cast, recorder, trees, world });
  const trace: TraceLine[] = [];

  /** Until nothing more happens: every supervisor answers, and nothing has happened while they did. */
  async function quiet(): Promise<TraceLine['state']> {
    for (;;) {
      const before = recorder.events;
      const state = await world.run(() => snapshot(cast, root));
      await world.settle();
      if (recorder.events === before) return state;
    }
  }

  async function act(op: string, perform: () => Promise<Term>): Promise<void> {
    const result = await world.run(perform);
    await world.settle();
    const state = await quiet();
    trace.push({ scenario: name, step: trace.length, op, result, ...recorder.take(unordered), state });
  }

  await act('start', () => stage.start(tree, root));
  for (const step of steps) await act(step.op, () => stage.perform(step));
  await act('end', () => stage.stop(root, 'shutdown'));
  return trace;
}
