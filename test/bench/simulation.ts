/** How fast `holdfast/testing` plays, as `npx holdfast simulate` tells it: application events and virtual time. */
import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { cacheScenario, type Exploration, explore, type NamedScenario } from 'holdfast/testing';
import { collectGarbage } from './harness/rounds.js';
import { type Bench, suite } from './harness/suite.js';
import { idleCache } from './simulation/idle-cache.js';

interface Measure {
  readonly events: number;
  /** Virtual seconds. */
  readonly virtual: number;
  readonly runs: number;
  /** Seconds that went by. */
  readonly real: number;
  /** Seconds that the process had a processor, which on a busy machine is less. */
  readonly processor: number;
}

/** Plays cases of a scenario, another seed each time, for some seconds after one for V8 to learn it. */
async function measured<C>(
  bench: Bench,
  scenario: NamedScenario<C>,
  runs: number,
  seconds: number,
): Promise<Measure> {
  await played(scenario, runs, 0);
  collectGarbage();
  const sum = { events: 0, virtual: 0, runs: 0 };
  const began = performance.now();
  const usage = process.cpuUsage();
  for (let seed = 1; seed === 1 || performance.now() - began < seconds * 1_000 * bench.scale; seed += 1) {
    const { events, virtual, runs: done } = await played(scenario, runs, seed);
    sum.events += events;
    sum.virtual += virtual / 1_000;
    sum.runs += done;
  }
  const { user, system } = process.cpuUsage(usage);
  return { ...sum, real: (performance.now() - began) / 1_000, processor: (user + system) / 1e6 };
}

async function played<C>(scenario: NamedScenario<C>, runs: number, seed: number): Promise<Exploration> {
  const exploration = await explore(fc, scenario, { runs, seed });
  const { finding } = exploration;
  if (finding !== undefined) throw new Error(`"${scenario.name}" fails: ${finding.failure.message}`);
  return exploration;
}

export default suite({
  name: 'simulation',
  about: 'the testing kit: application events and virtual time that it plays in a second',
  async run(bench) {
    const record = (name: string, unit: string, what: number, { real, processor }: Measure): void =>
      bench.record(name, unit, { holdfast: what / real, 'of processor time': what / processor });
    for (const snapshot of [false, true]) {
      const everySecond = idleCache('1s', '10m', { snapshot });
      bench.note(`  ${everySecond.name} …`);
      const second = await measured(bench, everySecond, 2, 10);
      record(everySecond.name, 'events/s', second.events, second);
      const everyMinute = idleCache('60s', '5h', { snapshot });
      bench.note(`  ${everyMinute.name} …`);
      const minute = await measured(bench, everyMinute, 2, 10);
      record(everyMinute.name, 'virtual s/s', minute.virtual, minute);
    }
    bench.note(`  ${cacheScenario.name} …`);
    const cache = await measured(bench, cacheScenario, 50, 15);
    record(cacheScenario.name, 'events/s', cache.events, cache);
    bench.record(cacheScenario.name, 'ms/run', {
      holdfast: (cache.real * 1_000) / cache.runs,
      'of processor time': (cache.processor * 1_000) / cache.runs,
    });
  },
});
