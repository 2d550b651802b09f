import {
  child,
  createRuntime,
  dynamicSupervisor,
  InvariantError,
  type Runtime,
  type SupervisorRef,
  startChild,
  supervisor,
  withBackoff,
} from 'holdfast';
import { always, defineScenario, faults, simTest, treePromises, world } from 'holdfast/testing';
import { describe, expect, test } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { createBus, type OwnBus } from '../../src/bus/bus.js';
import type { RuntimeEvents } from '../../src/runtime/runtime-events.js';

const worker = createMachine({
  initial: 'starting',
  states: { starting: { tags: 'starting', after: { 20: 'running' } }, running: {} },
});
const job = createMachine({
  initial: 'working',
  states: { working: { after: { 300: 'done' } }, done: { type: 'final' } },
});

const [maxRestarts, within] = [2, 2_000];

/** A tree with everything in it, which gives up often, and is restarted. */
const tree = (): Runtime =>
  createRuntime({
    maxRestarts: 1_000_000,
    children: [
      {
        id: 'group',
        logic: supervisor({
          strategy: 'rest-for-one',
          maxRestarts,
          within,
          children: [
            child({ id: 'a', name: 'a', logic: worker }),
            child({ id: 'b', name: 'b', logic: worker }),
            {
              id: 'inner',
              logic: supervisor({
                strategy: 'one-for-all',
                maxRestarts,
                within,
                children: [
                  child({ id: 'c', name: 'c', logic: worker }),
                  child({ id: 'd', name: 'd', logic: withBackoff(worker, { min: 100, max: 1_000 }) }),
                  child({ id: 'e', name: 'e', logic: worker, restart: 'temporary' }),
                ],
              }),
            },
          ],
        }),
      },
      {
        id: 'jobs',
        name: 'jobs',
        logic: dynamicSupervisor({ child: () => ({ logic: job, restart: 'transient' }) }),
      },
    ],
  });

const treeStands = defineScenario('a tree keeps its promises', {
  setup: async () => {
    const runtime = tree();
    const kept = treePromises(runtime);
    await runtime.start();
    return { runtime, kept };
  },
  workload: ({ runtime }) => [
    {
      name: 'job',
      run: () => {
        const jobs = runtime.whereis('jobs') as SupervisorRef | undefined;
        if (jobs !== undefined) return startChild(jobs);
      },
    },
  ],
  horizon: '10s',
  faults: faults.any({
    crashes: ['a', 'b', 'c', 'd', 'e'],
    supervisors: true,
    clock: true,
    reboot: true,
    most: 30,
  }),
  checks: [always('the tree keeps its promises', ({ kept }) => kept())],
  teardown: ({ kept }) => kept(),
});

simTest(treeStands.name, treeStands, { runs: 150 });

describe('it is told', () => {
  /** What is said of a tree that stands, and is not so. */
  const blamed = (tell: (bus: OwnBus<RuntimeEvents>, runtime: Runtime) => void): Promise<unknown> =>
    world({}, async (w) => {
      const runtime = tree();
      const kept = treePromises(runtime);
      await runtime.start();
      kept();
      tell(runtime.bus as OwnBus<RuntimeEvents>, runtime);
      await w.settle();
      try {
        kept();
        return undefined;
      } catch (error) {
        expect(error).toBeInstanceOf(InvariantError);
        return (error as Error).message;
      } finally {
        await runtime.stop();
      }
    });
  const of = (path: string, incarnation = 1) => ({ path, id: path.split('/').at(-1)!, incarnation, at: 0 });
  const a = 'root/group/a';

  const terminated = (bus: OwnBus<RuntimeEvents>, restart: 'permanent' | 'temporary' = 'permanent'): void => {
    bus.publish('supervisor.report', {
      ...of('root/group'),
      context: 'child-terminated',
      childId: 'a',
      reason: { type: 'killed' },
      offender: {
        id: 'a',
        path: a,
        ref: undefined,
        type: 'worker',
        restart,
        significant: false,
        shutdown: 1,
      },
    });
  };

  test('nothing of a tree that stands', async () => {
    expect(await blamed(() => {})).toBeUndefined();
  });

  test('of two incarnations at once', async () => {
    expect(await blamed((bus) => bus.publish('actor.started', of(a, 2)))).toBe(
      'root/group/a #1 is alive, and root/group/a #2 is started.',
    );
  });

  test('of who is left below a supervisor that is started again', async () => {
    const left = await blamed((bus) => {
      bus.publish('actor.stopped', { ...of('root/group'), reason: { type: 'shutdown' } });
      bus.publish('actor.started', of('root/group', 2));
    });
    expect(left).toBe('root/group/a #1 is alive, and root/group #2 is started.');
  });

  test('of one that is said to have ended, and has not', async () => {
    expect(
      await blamed((bus) => bus.publish('actor.stopped', { ...of(a), reason: { type: 'shutdown' } })),
    ).toBe('root/group/a #1 is told to have ended, and is alive.');
    expect(
      await blamed((bus) => bus.publish('actor.stopped', { ...of(a, 7), reason: { type: 'shutdown' } })),
    ).toBeUndefined();
  });

  test('of one that lives on though the runtime has exited', async () => {
    await world({}, async () => {
      const bus = createBus<RuntimeEvents>() as OwnBus<RuntimeEvents>;
      const root = createActor(worker).start();
      const runtime = { bus, root, exited: Promise.resolve({ type: 'shutdown' }) };
      const kept = treePromises(runtime as unknown as Runtime);
      bus.publish('actor.started', of('root'));
      await runtime.exited;
      expect(kept).toThrow('root #1 is alive, and the runtime has exited.');
      root.stop();
    });
  });

  test('of restarts above the intensity', async () => {
    const restarts = (exits: number, restart?: 'temporary') =>
      blamed((bus) => {
        for (let n = 0; n < exits; n++) terminated(bus, restart);
        bus.publish('actor.restarted', { ...of(a), restarts: exits });
      });
    expect(await restarts(maxRestarts)).toBeUndefined();
    expect(await restarts(maxRestarts + 1)).toBe(
      'root/group restarts root/group/a after 3 exits within 2000 ms, and 2 restarts are allowed.',
    );
    expect(await restarts(maxRestarts + 1, 'temporary')).toBeUndefined();
  });

  test('of a supervisor that gives up too soon', async () => {
    const givesUp = (exits: number) =>
      blamed((bus) => {
        for (let n = 0; n < exits; n++) terminated(bus);
        bus.publish('supervisor.gave-up', { ...of('root/group'), childId: 'a', reason: { type: 'killed' } });
      });
    expect(await givesUp(maxRestarts + 1)).toBeUndefined();
    expect(await givesUp(maxRestarts)).toBe(
      'root/group gives up after 2 exits and failed starts within 2000 ms, and 2 restarts are allowed.',
    );
  });
});
