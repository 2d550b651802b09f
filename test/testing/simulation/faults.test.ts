import { buggify, child, createBus, createRuntime, type Runtime, send, supervisor } from 'holdfast';
import {
  atEnd,
  type Case,
  type Fault,
  faults,
  play,
  type Scenario,
  type SimulatedSource,
  simulatedSource,
} from 'holdfast/testing';
import { describe, expect, test } from 'vitest';
import { fromTransition } from 'xstate';
import { Coverage } from '../../../src/testing/simulation/coverage.js';

const of = (...list: readonly Fault[]): Case => ({ seed: 0, tape: [], faults: list, steps: [] });

interface Ticking {
  readonly ticks: number[];
  readonly runtime: Runtime;
}

/** An actor that notes when it is told to tick, every 100 ms. */
const ticking = (check: (context: Ticking) => void = () => {}): Scenario<Ticking> => {
  return {
    setup: async (w) => {
      const ticks: number[] = [];
      const logic = fromTransition((_: undefined, event: { type: 'tick' }) => {
        if (event.type === 'tick') ticks.push(w.now);
        return _;
      }, undefined);
      const inner = supervisor({ maxRestarts: 5, children: [child({ id: 'clock', name: 'clock', logic })] });
      const runtime = await createRuntime({
        maxRestarts: 5,
        children: [{ id: 'inner', logic: inner }],
      }).start();
      const timer = setInterval(() => {
        const ref = runtime.whereis('clock');
        if (ref !== undefined) send(ref, { type: 'tick' });
      }, 100);
      runtime.exited.then(() => clearInterval(timer));
      return { ticks, runtime };
    },
    horizon: '1s',
    checks: [
      atEnd('as expected', (context) => {
        check(context);
      }),
    ],
  };
};

describe('a fault', () => {
  test('hang: what is sent to the actor waits, and is not lost', async () => {
    const scenario = ticking(({ ticks }) => {
      expect(ticks.filter((at) => at > 250 && at < 600)).toEqual([]);
      expect(ticks).toHaveLength(10);
    });
    const { failure } = await play(scenario, of({ at: 250, kind: 'hang', actor: 'clock', for: 400 }));
    expect(failure).toBeUndefined();
  });

  test('crash at a step: in the midst of its n-th event from then on', async () => {
    const coverage = new Coverage(undefined);
    const fault: Fault = { at: 250, kind: 'crash', actor: 'clock', how: 'error', step: 3 };
    const { failure, timeline } = await play(ticking(), of(fault), { coverage });
    expect(failure).toBeUndefined();
    expect(timeline.filter(({ kind }) => kind === 'fault')).toEqual([
      { at: 500, kind: 'fault', who: 'clock', what: 'crashes (error), active' },
    ]);
    expect(timeline.some(({ who, what }) => who === 'clock' && what === 'restarted #2')).toBe(true);
    expect(coverage.toJSON()).toEqual({ 'crash at a step': { 'clock active': 1 } });
  });

  test('supervisor: it is killed before it has restarted its child, and is restarted itself', async () => {
    const { failure, timeline } = await play(ticking(), of({ at: 250, kind: 'supervisor', actor: 'clock' }));
    expect(failure).toBeUndefined();
    const told = timeline
      .filter(({ at, kind }) => at === 250 && kind === 'actor')
      .map(({ who, what }) => `${who} ${what}`);
    expect(told).toContain('root/inner restarted #2');
    expect(told).not.toContain('clock restarted #2');
  });

  test('crash of nobody: not done, and not counted', async () => {
    const coverage = new Coverage(faults.any({ crashes: ['nobody'] }));
    await play(ticking(), of({ at: 250, kind: 'crash', actor: 'nobody', how: 'killed' }), { coverage });
    expect(coverage.missing).toContain('crash');
  });

  test('own: what the scenario says, by its name', async () => {
    const struck: number[] = [];
    const scenario: Scenario<Ticking> = {
      ...ticking(),
      faults: faults.any<Ticking>({ own: { 'power cut': ({ ticks }) => struck.push(ticks.length) } }),
    };
    await play(scenario, of({ at: 350, kind: 'own', name: 'power cut' }));
    expect(struck).toEqual([3]);
  });

  describe('bus', () => {
    const heard = async (how: 'drop' | 'duplicate' | 'delay' | 'reorder'): Promise<string[]> => {
      const got: string[] = [];
      const scenario: Scenario<object> = {
        setup: (w) => {
          const bus = createBus<{ n: { n: number } }>();
          bus.subscribe('n', ({ n }) => got.push(`${n}@${w.now}`));
          for (const n of [1, 2, 3, 4]) setTimeout(() => bus.publish('n', { n }), n * 10);
          return {};
        },
        horizon: '1s',
      };
      await play(scenario, of({ at: 15, kind: 'bus', how, for: 20 }));
      return got;
    };

    test('drop', async () => expect(await heard('drop')).toEqual(['1@10', '4@40']));
    test('duplicate', async () =>
      expect(await heard('duplicate')).toEqual(['1@10', '2@20', '2@20', '3@30', '3@30', '4@40']));
    test('delay', async () => expect(await heard('delay')).toEqual(['1@10', '4@40', '2@120', '3@130']));
    test('reorder', async () => expect(await heard('reorder')).toEqual(['1@10', '3@30', '2@30', '4@40']));
  });

  test('reboot: the setup runs again, and the database and the disk are what they were', async () => {
    const boots: string[] = [];
    const scenario: Scenario<{ db: SimulatedSource<string>; other: SimulatedSource<string> }> = {
      setup: async (w) => {
        const db = simulatedSource<string>({ rows: { a: '1' } });
        const other = simulatedSource<string>();
        const disk = w.snapshotStore();
        boots.push(`${w.now} ${[...db.rows.keys()]} ${[...other.rows.keys()]} ${disk === w.snapshotStore()}`);
        db.write(`b${boots.length}`, '2');
        setInterval(() => {}, 10);
        return { db, other };
      },
      horizon: '1s',
      leftovers: false,
    };
    const { failure, timeline } = await play(scenario, of({ at: 100, kind: 'kill', after: 50 }));
    expect(failure).toBeUndefined();
    expect(boots).toEqual(['0 a  true', '150 a,b1  true']);
    expect(timeline.filter(({ kind }) => kind === 'process').map(({ at, what }) => `${at} ${what}`)).toEqual([
      '0 boots',
      '100 is killed, and boots again 50 ms later',
      '150 boots',
      '1000 faults and commands have stopped',
    ]);
  });

  test('source: of several, the one that it is of', async () => {
    const modes: string[] = [];
    const scenario: Scenario<object> = {
      setup: () => {
        const [a, b] = [simulatedSource({ name: 'a' }), simulatedSource({ name: 'b' })];
        setTimeout(() => modes.push(a.mode.mode, b.mode.mode), 50);
        return {};
      },
      horizon: '100ms',
    };
    await play(scenario, of({ at: 10, kind: 'source', mode: { mode: 'locked' }, for: 80, of: 3 }));
    expect(modes).toEqual(['up', 'locked']);
  });

  test('locked and read-only sources refuse as SQLite does', async () => {
    const answers: unknown[] = [];
    const scenario: Scenario<object> = {
      setup: () => {
        const db = simulatedSource({ rows: { a: 1 } });
        const { signal } = new AbortController();
        const codeOf = (error: { code?: string }): unknown => error.code;
        const look = async (): Promise<void> => {
          answers.push(await db.load('a', { signal }).then((row) => row?.value, codeOf));
          answers.push(await db.save!({ key: 'b', value: 2 }, { signal }).catch(codeOf));
        };
        setTimeout(look, 20);
        setTimeout(look, 60);
        return {};
      },
      horizon: '100ms',
    };
    await play(
      scenario,
      of(
        { at: 10, kind: 'source', mode: { mode: 'locked' }, for: 30 },
        { at: 50, kind: 'source', mode: { mode: 'readonly' }, for: 30 },
      ),
    );
    expect(answers).toEqual([
      'HOLDFAST_SOURCE_UNAVAILABLE',
      'HOLDFAST_SOURCE_UNAVAILABLE',
      1,
      'HOLDFAST_SOURCE_CONFIGURATION',
    ]);
  });
});

test('a fault point of the code under test fails at its n-th pass, and is counted', async () => {
  const coverage = new Coverage(faults.any({ points: ['saved', 'sent'] }));
  const passed: number[] = [];
  const scenario: Scenario<object> = {
    setup: (w) => {
      const timer = setInterval(() => {
        try {
          buggify('saved');
          passed.push(w.now);
        } catch {}
        if (w.now >= 500) clearInterval(timer);
      }, 100);
      return {};
    },
    horizon: '1s',
  };
  const points = [
    { name: 'saved', pass: 2 },
    { name: 'sent', pass: 1 },
  ];
  const { failure } = await play(scenario, { ...of(), points }, { coverage });
  expect(failure).toBeUndefined();
  expect(passed).toEqual([100, 300, 400, 500]);
  expect(coverage.missing).toEqual(['point sent']);
});
