import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyActorRef, createMachine, setup } from 'xstate';
import { NoSuchActorError, OptionsError, StartError, StateError } from '../../src/errors.js';
import { exit, incarnationOf, reply } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import {
  child,
  countChildren,
  type PartitionSupervisorOptions,
  partitionSupervisor,
  type SupervisorRef,
  stop,
  supervisor,
  whichChildren,
} from '../../supervisors/index.js';
import { route } from '../../supervisors/route.js';
import { killed, type Outcome, type Role, type Stage, stage, worker, written } from '../conformance/build.js';
import { obedient, running } from '../runtime/running.js';

interface Partitions extends Stage {
  readonly sup: SupervisorRef;
}

/** A partition supervisor as the root, of four workers that play roles. */
async function partitioned(
  options: Partial<PartitionSupervisorOptions> = {},
  roles: readonly Role[] = [],
): Promise<Partitions> {
  const t = await stage(
    partitionSupervisor({
      partitions: 4,
      child: (n) => {
        const { id: _, ...spec } = worker(String(n), roles[n]);
        return spec;
      },
      ...options,
    }),
  );
  return Object.assign(t, { sup: t.root });
}

const at = (sup: SupervisorRef, key: string | number | bigint): string => {
  const ref = partitionSupervisor.whereis(sup, key);
  return `${ownerOf(ref)?.path.replace('root/', '')}#${incarnationOf(ref)}`;
};

describe('PS1', () => {
  test('PS1: options and their defaults', async () => {
    const asked: number[] = [];
    const t = await stage(
      partitionSupervisor({
        child: (n) => {
          asked.push(n);
          const { id: _, ...spec } = worker('-');
          return spec;
        },
      }),
    );
    expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(partitionSupervisor.partitions(t.root)).toBe(8);
    expect(await countChildren(t.root)).toEqual({ specs: 8, active: 8, supervisors: 0, workers: 8 });
  });

  test('PS1: what is wrong is said', () => {
    const sound = { child: () => ({ logic: createMachine({}) }) };
    for (const [options, message] of [
      [{}, /"child" of partitionSupervisor is missing/],
      [{ child: 1 }, /"child".*must be a function/],
      [{ ...sound, partitions: 0 }, /"partitions".*1 or more/],
      [{ ...sound, partitions: 1.5 }, /"partitions"/],
      [{ ...sound, strategy: 'one' }, /"strategy"/],
      [{ ...sound, maxRestarts: -1 }, /"maxRestarts"/],
      [{ ...sound, autoShutdown: 'never' }, /"autoShutdown".*not known/],
      [{ child: () => undefined }, /"children\[0\].logic"/],
    ] as const) {
      expect(() => partitionSupervisor(options as never)).toThrow(OptionsError);
      expect(() => partitionSupervisor(options as never)).toThrow(message);
    }
  });

  test('PS1: its strategy and intensity are those of any supervisor', async () => {
    const t = await partitioned({ strategy: 'one-for-all', maxRestarts: 1 });
    await t.ends('2');
    expect(await t.which()).toEqual(['0#2', '1#2', '2#2', '3#2']);
    await t.ends('2');
    expect(t.end).toBe('shutdown:GaveUpError');
    const brief = await partitioned({ maxRestarts: 1, within: '1s' });
    await brief.ends('2');
    await brief.settle(1000);
    await brief.ends('2');
    expect(await brief.which()).toContain('2#3');
  });
});

describe('PS2', () => {
  test('PS2: a whole number goes to its absolute value modulo the number of partitions', async () => {
    const { sup } = await partitioned();
    expect([0, 1, 5, -5, -1, 7n, -9n].map((key) => at(sup, key))).toEqual([
      '0#1',
      '1#1',
      '1#1',
      '1#1',
      '1#1',
      '3#1',
      '1#1',
    ]);
  });

  test('PS2: the hash of anything else is the same in every version', () => {
    // What is written here is how running systems have divided their work.
    expect(
      ['', 'a', 'ada', 'user:1', 'user:2', 'é', '世界', 1.5, -0.25].map((key) => route(key, 1000)),
    ).toEqual([923, 55, 346, 915, 359, 783, 88, 690, 940]);
  });

  test('PS2: keys spread evenly, also those that differ in their ends only', () => {
    for (const count of [2, 3, 4, 8, 10, 16]) {
      for (const prefix of ['', 'user:', 'a-very-long-prefix-of-all-the-keys/']) {
        const loads = Array<number>(count).fill(0);
        for (let n = 0; n < 8000; n++) (loads[route(`${prefix}${n}`, count)] as number)++;
        for (const load of loads) expect(Math.abs(load / (8000 / count) - 1)).toBeLessThan(0.2);
      }
    }
  });

  test('PS2: a restarted partition is routed to as soon as it is made; until then its last incarnation', async () => {
    const t = await partitioned({}, [{ starts: ['ok', 'fail:x', 'fail:y', 'ok'] as Outcome[] }]);
    const before = partitionSupervisor.whereis(t.sup, 0);
    exit(before, killed);
    expect(partitionSupervisor.whereis(t.sup, 0)).toBe(before);
    await t.settle();
    expect(at(t.sup, 0)).toBe('0#4');
    expect(at(t.sup, 1)).toBe('1#1');
  });

  test('PS2: one that is being started is found, and not the one before', async () => {
    let lives = 0;
    const t = await stage(
      partitionSupervisor({
        partitions: 1,
        child: () => ({ logic: obedient, input: () => ({ waits: ++lives > 1 }) }),
      }),
    );
    const before = partitionSupervisor.whereis(t.root, 0);
    exit(before, killed);
    await t.settle();
    expect(at(t.root, 0)).toBe('0#2');
    partitionSupervisor.whereis(t.root, 0).send({ type: 'ready' });
    await t.settle();
    expect(at(t.root, 0)).toBe('0#2');
  });

  test('PS2: while no attempt to restart it succeeds, the last incarnation is what is found', async () => {
    const t = await partitioned({}, [{ starts: ['ok', 'fail:x'], later: 'ok' }]);
    const before = partitionSupervisor.whereis(t.sup, 0);
    const seen: AnyActorRef[] = [];
    t.runtime.bus.subscribe('actor.crashed', () => seen.push(partitionSupervisor.whereis(t.sup, 0)));
    exit(before, killed);
    await t.settle();
    expect(seen).toEqual([before, before]);
    expect(at(t.sup, 0)).toBe('0#3');
  });

  test('PS2: whatever dies, every key is found at its partition', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 6 }),
        fc.array(fc.oneof(fc.integer(), fc.string()), { minLength: 1 }),
        async (deaths, keys) => {
          const t = await partitioned({ maxRestarts: 100 });
          const before = keys.map((key) => at(t.sup, key).split('#')[0]);
          for (const n of deaths) {
            exit(partitionSupervisor.whereis(t.sup, n), killed);
            expect(keys.map((key) => at(t.sup, key).split('#')[0])).toEqual(before);
            await t.settle();
            expect(keys.map((key) => at(t.sup, key).split('#')[0])).toEqual(before);
          }
          expect((await t.which()).map((each) => Number(each.split('#')[1]))).toEqual(
            [0, 1, 2, 3].map((n) => 1 + deaths.filter((death) => death === n).length),
          );
          await t.runtime.stop();
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('PS3', () => {
  const counting = setup({ types: {} as { context: { count: number } } }).createMachine({
    context: () => ({ count: 0 }),
    on: {
      inc: { actions: ({ context }) => void context.count++ },
      get: { actions: ({ context, event }) => void reply(event, context.count) },
    },
  });

  test('PS3: send and ask by key; what a supervisor is asked', async () => {
    const t = await running(partitionSupervisor({ partitions: 3, child: () => ({ logic: counting }) }));
    const sup = t.runtime.root;
    for (const key of [0, 1, 1, 2, 4]) partitionSupervisor.send(sup, key, { type: 'inc' });
    const counts = [0, 1, 2].map((key) => partitionSupervisor.ask<number>(sup, key, { type: 'get' }));
    expect(await Promise.all(counts)).toEqual([1, 3, 1]);
    expect(partitionSupervisor.partitions(sup)).toBe(3);
    expect((await whichChildren(sup)).map(({ id }) => id)).toEqual(['0', '1', '2']);
    await stop(sup);
    expect(await t.runtime.exited).toEqual({ type: 'normal' });
  });

  test('PS3: nobody is there before it runs, nor afterwards; and nobody else is one', async () => {
    const t = await partitioned();
    await t.runtime.stop();
    for (const call of [
      () => partitionSupervisor.whereis(t.sup, 0),
      () => partitionSupervisor.partitions(t.sup),
      () => partitionSupervisor.send(t.sup, 0, { type: 'x' }),
    ]) {
      expect(call).toThrow(NoSuchActorError);
    }
    await expect(partitionSupervisor.ask(t.sup, 0, { type: 'x' })).rejects.toThrow(NoSuchActorError);
    await expect(partitionSupervisor.resize(t.sup, 1)).rejects.toThrow(NoSuchActorError);
    const other = await stage({ children: [worker('a')] });
    expect(() => partitionSupervisor.whereis(other.root, 0)).toThrow(StateError);
  });

  test('PS3: a partition that has not been started yet is not found', async () => {
    let found: unknown;
    let sup: SupervisorRef | undefined;
    const logic = partitionSupervisor({
      partitions: 2,
      child: (n) => ({
        logic: createMachine({
          entry: () => {
            if (n === 0) {
              try {
                if (sup !== undefined) partitionSupervisor.whereis(sup, 1);
              } catch (error) {
                found = error;
              }
            }
          },
        }),
      }),
    });
    const t = await stage(supervisor({ children: [] }));
    const { createRuntime } = await import('../../src/create-runtime.js');
    const runtime = createRuntime(logic);
    sup = runtime.root;
    void runtime.start();
    await t.settle();
    expect(found).toBeInstanceOf(NoSuchActorError);
    await runtime.stop();
  });
});

describe('PS4', () => {
  test('PS4: fewer: the upper ones are stopped, the last first, and their specs stay; more: they are back', async () => {
    const t = await partitioned();
    expect(await done(t, partitionSupervisor.resize(t.sup, 2))).toBe(4);
    expect(partitionSupervisor.partitions(t.sup)).toBe(2);
    expect(t.took()).toEqual(['-3#1 shutdown', '-2#1 shutdown']);
    expect(await t.which()).toEqual(['0#1', '1#1', '2 -', '3 -']);
    expect([2, 3, 7].map((key) => at(t.sup, key))).toEqual(['0#1', '1#1', '1#1']);
    expect(await done(t, partitionSupervisor.resize(t.sup, 3))).toBe(2);
    expect(await t.which()).toEqual(['0#1', '1#1', '2#2', '3 -']);
    expect(at(t.sup, 2)).toBe('2#2');
    expect(await done(t, partitionSupervisor.resize(t.sup, 4))).toBe(3);
    expect(await done(t, partitionSupervisor.resize(t.sup, 4))).toBe(4);
    expect(t.took()).toEqual(['+2#2', '+3#2']);
  });

  test('PS4: nothing is routed to those that are about to be stopped', async () => {
    const t = await partitioned({}, [{}, {}, {}, { takes: 1000 }]);
    const resized = partitionSupervisor.resize(t.sup, 1);
    await t.settle(10);
    expect(at(t.sup, 3)).toBe('0#1');
    expect(await t.runtime.tree().children?.map(({ status }) => status)).toEqual([
      'running',
      'running',
      'running',
      'stopping',
    ]);
    expect(await done(t, resized, 1000)).toBe(4);
  });

  test('PS4: none: there is nobody to be found', async () => {
    const t = await partitioned();
    await done(t, partitionSupervisor.resize(t.sup, 0));
    expect(() => partitionSupervisor.whereis(t.sup, 0)).toThrow(/no partition/);
    expect(await done(t, partitionSupervisor.resize(t.sup, 1))).toBe(0);
    expect(at(t.sup, 17)).toBe('0#2');
  });

  test.each([-1, 5, 1.5, '2', undefined])('PS4: not within what it was made with: %j', async (count) => {
    const t = await partitioned();
    await expect(partitionSupervisor.resize(t.sup, count as never)).rejects.toThrow(/from 0 to 4/);
    await expect(partitionSupervisor.resize(t.sup, count as never)).rejects.toMatchObject({
      option: 'count',
      given: count,
    });
    expect(partitionSupervisor.partitions(t.sup)).toBe(4);
  });

  test('PS4: one after the other, in the order of the calls', async () => {
    const t = await partitioned({}, [{}, {}, { takes: 100 }, { takes: 100 }]);
    const all = [1, 4, 2, 3].map((count) => partitionSupervisor.resize(t.sup, count));
    expect(await done(t, Promise.all(all), 1000)).toEqual([4, 1, 4, 2]);
    expect(partitionSupervisor.partitions(t.sup)).toBe(3);
    expect(await t.which()).toEqual(['0#1', '1#2', '2#3', '3 -']);
  });

  test('PS4: a partition that cannot be started is the error of the caller, and is not routed to; the next call is served', async () => {
    const t = await partitioned({}, [{}, {}, {}, { starts: ['ok', 'fail:x', 'ok'] }]);
    await done(t, partitionSupervisor.resize(t.sup, 2));
    const failed = partitionSupervisor.resize(t.sup, 4).catch((error: unknown) => error);
    expect(await done(t, failed)).toBeInstanceOf(StartError);
    expect(partitionSupervisor.partitions(t.sup)).toBe(2);
    expect(at(t.sup, 2)).toBe('0#1');
    expect(await done(t, partitionSupervisor.resize(t.sup, 4))).toBe(2);
    expect(await t.which()).toEqual(['0#1', '1#1', '2#2', '3#3']);
  });

  test('PS4: temporary partitions are forgotten, and made anew', async () => {
    const t = await partitioned({}, [{}, {}, {}, { restart: 'temporary' }]);
    await done(t, partitionSupervisor.resize(t.sup, 3));
    expect(await t.which()).toEqual(['0#1', '1#1', '2#1']);
    expect(await done(t, partitionSupervisor.resize(t.sup, 4))).toBe(3);
    expect(at(t.sup, 3)).toBe('3#2');
  });

  test('PS4: those that came back with their group are routed to', async () => {
    const t = await partitioned({ strategy: 'one-for-all' });
    await done(t, partitionSupervisor.resize(t.sup, 3));
    await t.ends('0');
    expect(await done(t, partitionSupervisor.resize(t.sup, 4))).toBe(3);
    expect(written(await whichChildren(t.sup))).toContain(
      `3#${incarnationOf(partitionSupervisor.whereis(t.sup, 3))}`,
    );
  });

  test('PS4: a restarted supervisor has all of its partitions', async () => {
    const logic = partitionSupervisor({
      partitions: 2,
      child: (n) => {
        const { id: _, ...spec } = worker(String(n));
        return spec;
      },
    });
    const t = await stage({ children: [child({ id: 'p', name: 'p', logic })] });
    await done(t, partitionSupervisor.resize(t.runtime.whereis('p') as SupervisorRef, 1));
    exit(t.runtime.whereis('p') as AnyActorRef, killed);
    await t.settle();
    expect(partitionSupervisor.partitions(t.runtime.whereis('p') as SupervisorRef)).toBe(2);
  });
});

async function done<T>(t: Stage, promise: Promise<T>, ms = 40): Promise<T> {
  promise.catch(() => {});
  await t.settle(ms);
  return promise;
}
