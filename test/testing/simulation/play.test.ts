import fc from 'fast-check';
import { child, createRuntime, SourceUnavailableError, send } from 'holdfast';
import {
  always,
  atEnd,
  type Case,
  decodeCase,
  encodeCase,
  eventually,
  explore,
  type Failure,
  faults,
  faultText,
  findingText,
  mermaid,
  play,
  type Scenario,
  simTest,
  sometimes,
} from 'holdfast/testing';
import { describe, expect, test } from 'vitest';
import { type AnyActorRef, fromCallback, fromTransition } from 'xstate';
import { jobsAreDone } from './job-queue.js';

const empty: Case = { seed: 0, tape: [], faults: [], steps: [] };
const command = (at: number, salt = 0): Case['steps'][number] => ({ at, pick: 0, salt });

const failureOf = async <C>(scenario: Scenario<C>, drawn: Case = empty): Promise<Failure | undefined> =>
  (await play(scenario, drawn)).failure;

describe('a run fails by', () => {
  test('a setup that throws', async () => {
    const setup = async (): Promise<object> => {
      throw new Error('no');
    };
    expect(await failureOf({ setup })).toMatchObject({ check: 'setup', message: 'Error: no', at: 0 });
  });

  test('what must always hold: at the event after which it does not', async () => {
    const scenario: Scenario<{ n: number }> = {
      setup: () => {
        const context = { n: 0 };
        setTimeout(() => context.n++, 123);
        return context;
      },
      checks: [always('n is 0', ({ n }) => n === 0)],
    };
    expect(await failureOf(scenario)).toMatchObject({ check: 'n is 0', at: 123 });
  });

  test('what must come about, and does not in time', async () => {
    const scenario = (after: number): Scenario<{ done: boolean }> => ({
      setup: () => {
        const context = { done: false };
        setTimeout(() => {
          context.done = true;
        }, after);
        return context;
      },
      horizon: '1s',
      leftovers: false,
      checks: [eventually('done', '2s', ({ done }) => done)],
    });
    expect(await failureOf(scenario(3_000))).toBeUndefined();
    expect(await failureOf(scenario(3_001))).toMatchObject({ check: 'done' });
  });

  test('what must hold at the end', async () => {
    const scenario: Scenario<object> = { setup: () => ({}), checks: [atEnd('never', () => false)] };
    expect(await failureOf(scenario)).toMatchObject({ check: 'never' });
  });

  test('a command that throws or rejects; not by an error of Holdfast, which is an outcome', async () => {
    const scenario = (error: unknown): Scenario<object> => ({
      setup: () => ({}),
      workload: () => [{ name: 'go', run: () => Promise.reject(error) }],
      horizon: '1s',
    });
    const drawn = { ...empty, steps: [command(10)] };
    expect(await failureOf(scenario(new Error('no')), drawn)).toMatchObject({
      check: 'command "go"',
      at: 10,
    });
    expect(await failureOf(scenario(new SourceUnavailableError('away')), drawn)).toBeUndefined();
  });

  test('an error that nobody caught, and one that reaches out of the world', async () => {
    const uncaught: Scenario<object> = {
      setup: () => {
        setTimeout(() => {
          throw new Error('lost');
        }, 5);
        return {};
      },
    };
    expect(await failureOf(uncaught)).toMatchObject({
      check: 'uncaught error',
      message: 'Error: lost',
      at: 5,
    });
    const real = setTimeout;
    const escaping: Scenario<object> = {
      setup: () => {
        real(() => {}, 0);
        return {};
      },
    };
    expect(await failureOf(escaping)).toMatchObject({ check: 'escape' });
  });

  test('what is left after everything was stopped', async () => {
    const scenario = (cleans: boolean): Scenario<object> => ({
      setup: async () => {
        const logic = fromCallback(() => {
          const timer = setInterval(() => {}, 100);
          return () => cleans && clearInterval(timer);
        });
        return createRuntime({ children: [child({ id: 'a', logic })] }).start();
      },
      horizon: '1s',
    });
    expect(await failureOf(scenario(false))).toMatchObject({ check: 'nothing left after stop' });
    expect(await failureOf(scenario(true))).toBeUndefined();
  });
});

describe('commands', () => {
  const done: string[] = [];
  const scenario: Scenario<object> = {
    setup: () => ({}),
    workload: () => [
      { name: 'rare', run: (draw) => done.push(`rare ${draw.int(5, 9)} ${draw.of(['x', 'y'])}`) },
      { name: 'never', when: () => false, weight: 2, run: () => done.push('never') },
      { name: 'often', weight: 7, run: (draw) => done.push(`often ${draw.int(0, 1)}`) },
    ],
    horizon: '1s',
  };

  test('are taken by weight, draw from their salt, and shrink to the first and least', async () => {
    done.length = 0;
    const picks = [0, 999, 1_000, 2_999, 3_000, 9_999];
    const steps = picks.map((pick, n) => ({ at: n, pick, salt: n }));
    await play(scenario, { ...empty, steps });
    expect(done).toEqual(['rare 5 x', 'rare 6 x', 'often 0', 'often 1']);
  });
});

test('sometimes: over all runs, and the kinds of failures that none had', async () => {
  const scenario: Scenario<{ n: number }> = {
    setup: () => ({ n: 1 }),
    faults: faults.any({ clock: true, crashes: ['nobody'], hangs: false }),
    horizon: '1s',
    checks: [sometimes('n is 1', ({ n }) => n === 1), sometimes('n is 2', ({ n }) => n === 2)],
  };
  const { never, finding } = await explore(fc, scenario, { runs: 20 });
  expect(finding).toBeUndefined();
  expect(never).toEqual(['fault "crash"', 'fault "crash at a step"', 'sometimes "n is 2"']);
});

test('one case is one run: 200 of them, each played twice', { timeout: 300_000 }, async () => {
  const { finding, runs, hash } = await explore(fc, jobsAreDone(false), { runs: 200, verify: true, seed: 3 });
  expect(finding).toBeUndefined();
  expect(runs).toBe(200);
  expect(hash).toMatch(/^[0-9a-f]{8}$/);
});

test('and what depends on something outside the world is found out', async () => {
  let runs = 0;
  const scenario: Scenario<object> = {
    setup: (w) => {
      w.note(`run ${++runs}`);
      return {};
    },
    horizon: '1s',
  };
  const { finding } = await explore(fc, scenario, { runs: 5, verify: true });
  expect(finding?.failure).toMatchObject({ check: 'one seed, one run' });
  expect(finding?.failure.message).toMatch(/"run \d+" at 0 ms, then "run \d+" at 0 ms/);
});

test('after a run messages are delivered as ever, in the real world too', async () => {
  await play(jobsAreDone(false), empty);
  const logic = fromTransition((count: number) => count + 1, 0);
  const runtime = await createRuntime({ children: [child({ id: 'a', name: 'a', logic })] }).start();
  const ref = runtime.whereis('a') as AnyActorRef;
  for (let n = 0; n < 3; n++) send(ref, { type: 'more' });
  await Promise.resolve();
  expect(ref.getSnapshot().context).toBeGreaterThanOrEqual(3);
  await runtime.stop();
});

test('a case in one word', () => {
  const drawn: Case = {
    seed: 7,
    tape: [1, 0],
    faults: [{ at: 5, kind: 'hang', actor: 'ä/b', for: 3 }],
    steps: [command(9, 4)],
  };
  expect(decodeCase(encodeCase(drawn))).toEqual(drawn);
  for (const wrong of ['', 'x', encodeCase({ ...drawn, seed: 'x' as never })]) {
    expect(() => decodeCase(wrong)).toThrow(/Give what a replay line says, whole/);
  }
});

test('what is printed: the check, what it needs, the timeline, how everybody stood, the way to see it again', async () => {
  const { finding } = await explore(fc, jobsAreDone(true), { runs: 20, shrinkFor: 0 });
  const text = findingText('jobs', finding!, 'AGAIN');
  expect(text).toContain('"jobs" fails: every job is done');
  for (const fault of finding!.case.faults) expect(text).toContain(faultText(fault));
  expect(text).toMatch(/\d:\d\d\.\d{3} {2}command {2}enqueue/);
  expect(text).toMatch(/At the end: queue (waiting|looking)/);
  expect(text).toMatch(/Again: AGAIN$/);
  const diagram = mermaid(finding!.played.timeline).split('\n');
  expect(diagram[0]).toBe('sequenceDiagram');
  expect(diagram.filter((line) => line.includes('participant')).length).toBeGreaterThan(2);
  expect(diagram.some((line) => /Note over p\d+: ⚡/.test(line))).toBe(true);
});

simTest('simTest: a job queue that takes a job out of its store after it has been done', jobsAreDone(false), {
  runs: 40,
});
