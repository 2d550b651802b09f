import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { buggify, child, createRuntime, OptionsError, type Runtime, SourceUnavailableError } from 'holdfast';
import {
  always,
  atEnd,
  type Case,
  eventually,
  explore,
  type Fault,
  faults,
  type Played,
  play,
  type Scenario,
  type SimulationWorld,
  simulatedSource,
} from 'holdfast/testing';
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';

const of = (...list: readonly Fault[]): Case => ({ seed: 0, tape: [], faults: list, steps: [] });

const ofProcess = ({ timeline }: Played): string[] =>
  timeline.filter(({ kind }) => kind === 'process').map(({ at, what }) => `${at} ${what}`);

/** Ready after a while. */
const slow = createMachine({
  initial: 'starting',
  states: { starting: { tags: 'starting', after: { 200: 'ready' } }, ready: { after: { 500: 'ready' } } },
});

const started = (): Promise<Runtime> =>
  createRuntime({ children: [child({ id: 'slow', name: 'slow', logic: slow })] }).start();

/** One whose setup waits for the start. */
const waits: Scenario<Runtime> = {
  setup: started,
  horizon: '5s',
  checks: [eventually('it runs', '1s', (runtime) => runtime.whereis('slow') !== undefined)],
};

const crash: Fault = { at: 100, kind: 'crash', actor: 'slow', how: 'error' };
const end = '5000 faults and commands have stopped';

describe('a setup that a failure broke', () => {
  test('is a process that has exited: it is booted again, and nothing is left of the first', async () => {
    const played = await play(waits, of(crash));
    expect(played.failure).toBeUndefined();
    expect(ofProcess(played)).toEqual([
      '0 boots',
      '100 could not boot: StartError: root could not start its child \'slow\': InjectedFaultError: "slow" was made to crash.; boots again 1000 ms later',
      '1100 boots',
      end,
    ]);
    expect((await play(waits, of(crash))).hash).toBe(played.hash);
  });

  test('as often as it takes, while a failure lasts that began before the boot', async () => {
    const asks: Scenario<object> = {
      setup: async () => {
        const db = simulatedSource({ rows: { a: 1 } });
        await db.load('a', { signal: new AbortController().signal });
        return {};
      },
      horizon: '5s',
    };
    const away: Fault = { at: 10, kind: 'source', mode: { mode: 'unreachable' }, for: 2_500 };
    const played = await play(asks, of(away, { at: 20, kind: 'kill', after: 30 }));
    expect(played.failure).toBeUndefined();
    expect(ofProcess(played).filter((what) => what.endsWith('boots'))).toEqual([
      '0 boots',
      '50 boots',
      '1050 boots',
      '2050 boots',
      '3050 boots',
    ]);
  });

  test('by a bus, an actor that crashes at a step, or a fault point', async () => {
    const heard: Scenario<object> = {
      setup: async () => {
        await setTimeout(10);
        buggify('begun');
        if (boots++ !== 0) return {};
        throw new Error('no');
      },
      horizon: '5s',
    };
    let boots = 0;
    const bus: Fault = { at: 0, kind: 'bus', how: 'drop', for: 100 };
    expect((await play(heard, of(bus))).failure).toBeUndefined();
    boots = -1;
    const before: Fault = { ...bus, for: 50 };
    expect((await play(heard, of(before, { at: 20, kind: 'kill', after: 20 }))).failure).toBeUndefined();
    boots = 0;
    expect((await play(heard, of())).failure).toMatchObject({ check: 'setup', message: 'Error: no' });
    boots = 1;
    const pointed = await play(heard, { ...of(), points: [{ name: 'begun', pass: 1 }] });
    expect(pointed.failure).toBeUndefined();
    expect(ofProcess(pointed)).toContain('1010 boots');
    const armed: Fault = { at: 0, kind: 'crash', actor: 'slow', how: 'killed', step: 1 };
    const stepped = await play(waits, of(armed));
    expect(stepped.failure).toBeUndefined();
    expect(ofProcess(stepped)).toContain('1200 boots');
  });
});

describe('a setup fails the run', () => {
  const rejects: Scenario<object> = {
    setup: async () => {
      await setTimeout(10);
      throw new Error('no');
    },
    horizon: '5s',
    faults: faults.any({ clock: true }),
  };

  test('that no failure touched', async () => {
    const late: Fault = { at: 11, kind: 'jump', by: 1_000 };
    expect((await play(rejects, of(late))).failure).toMatchObject({ check: 'setup', at: 10 });
  });

  test('that always rejects, whatever strikes it', async () => {
    const struck: Fault[] = [5, 1_015, 2_025].map((at) => ({ at, kind: 'pause', ms: 0 }));
    expect((await play(rejects, of(...struck))).failure).toMatchObject({ check: 'setup', at: 3_040 });
    const { finding } = await explore(fc, rejects, { runs: 20 });
    expect(finding?.failure).toMatchObject({ check: 'setup' });
    expect(finding?.case.faults).toEqual([]);
  });

  test('once faults have stopped', async () => {
    const after: Scenario<object> = {
      setup: async (w) => {
        if (w.now > 5_000) throw new Error('too late');
        return {};
      },
      horizon: '5s',
    };
    const bus: Fault = { at: 4_800, kind: 'bus', how: 'drop', for: 60_000 };
    const failure = (await play(after, of(bus, { at: 4_900, kind: 'kill', after: 200 }))).failure;
    expect(failure).toMatchObject({ check: 'setup', message: 'Error: too late', at: 5_100 });
  });
});

test('a process is killed while it boots, too, and nothing that its setup came to is used', async () => {
  const boots: number[] = [];
  const scenario: Scenario<{ boot: number }> = {
    setup: async (w) => {
      const boot = boots.push(w.now);
      await w.hop('begun');
      await setTimeout(100);
      return { boot };
    },
    horizon: '1s',
    checks: [atEnd('it is the second', ({ boot }) => boot === 2)],
  };
  const { failure } = await play(scenario, of({ at: 50, kind: 'kill', after: 10 }));
  expect(failure).toBeUndefined();
  expect(boots).toEqual([0, 60]);
});

test('a process does not stand still while it is being killed', async () => {
  const scenario: Scenario<object> = { setup: () => ({}), horizon: '1s', leftovers: false };
  const kill: Fault = { at: 10, kind: 'kill', after: 50 };
  const { timeline, failure } = await play(scenario, of(kill, { at: 10, kind: 'pause', ms: 500 }));
  expect(failure).toBeUndefined();
  expect(timeline.filter(({ what }) => what === 'boots').map(({ at }) => at)).toEqual([0, 60]);
  expect(timeline.filter(({ kind }) => kind === 'fault')).toEqual([]);
});

describe('exit', () => {
  /** One whose setup does not wait for the start. */
  const exits = (ends: (w: SimulationWorld) => void): Scenario<{ runtime: Runtime }> => ({
    horizon: '5s',
    setup: (w) => {
      const runtime = createRuntime({ children: [child({ id: 'slow', name: 'slow', logic: slow })] });
      runtime.start().catch(() => ends(w));
      return { runtime };
    },
    checks: [eventually('it runs', '1s', ({ runtime }) => runtime.whereis('slow') !== undefined)],
  });

  test('ends the process, which is booted again; once, however often it is said', async () => {
    const played = await play(
      exits((w) => {
        w.exit();
        w.exit('3s');
      }),
      of(crash),
    );
    expect(played.failure).toBeUndefined();
    expect(ofProcess(played)).toEqual([
      '0 boots',
      '100 exits, and boots again 1000 ms later',
      '1100 boots',
      end,
    ]);
    const { failure } = await play(
      exits(() => {}),
      of(crash),
    );
    expect(failure).toMatchObject({ check: 'it runs' });
  });

  test('in the midst of a setup: what that comes to is not used, an error neither', async () => {
    for (const then of ['gives', 'throws', 'waits for ever']) {
      let boots = 0;
      const scenario: Scenario<{ boot: number }> = {
        setup: async (w) => {
          const boot = ++boots;
          if (boot > 1) return { boot };
          await w.hop('begun');
          w.exit(500);
          if (then === 'throws') throw new Error('no');
          if (then === 'waits for ever') await new Promise(() => {});
          return { boot };
        },
        horizon: '5s',
        checks: [always('it is the second', ({ boot }) => boot === 2)],
      };
      const played = await play(scenario, of());
      expect(played.failure?.message).toBeUndefined();
      expect(ofProcess(played)).toEqual([
        '0 boots',
        '0 exits, and boots again 500 ms later',
        '500 boots',
        end,
      ]);
    }
  });

  test('of a process that has died, and at the stop, is nothing', async () => {
    const worlds: SimulationWorld[] = [];
    const scenario: Scenario<object> = {
      setup: (w) => {
        worlds.push(w);
        void setTimeout(500).then(() => worlds[0]?.exit());
        return {};
      },
      horizon: '5s',
      leftovers: false,
      teardown: () => worlds.at(-1)?.exit(),
    };
    const played = await play(scenario, of({ at: 100, kind: 'kill', after: 10 }));
    expect(played.failure).toBeUndefined();
    expect(ofProcess(played)).toEqual([
      '0 boots',
      '100 is killed, and boots again 10 ms later',
      '110 boots',
      end,
    ]);
  });

  test('after no duration is refused', async () => {
    const scenario: Scenario<object> = {
      setup: (w) => {
        w.exit('soon' as never);
        return {};
      },
    };
    const { failure } = await play(scenario, of());
    expect(failure).toMatchObject({ check: 'setup' });
    expect(failure?.error).toBeInstanceOf(OptionsError);
  });
});

test('a source that is away is an error like any other where no failure of the plan took it away', async () => {
  const scenario: Scenario<object> = {
    setup: async () => {
      throw new SourceUnavailableError('away');
    },
  };
  expect((await play(scenario, of())).failure).toMatchObject({ check: 'setup' });
});
