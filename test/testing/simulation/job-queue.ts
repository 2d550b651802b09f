import { setTimeout } from 'node:timers/promises';
import { child, createRuntime, type Runtime } from 'holdfast';
import { defineScenario, eventually, faults, type SimulatedSource, simulatedSource } from 'holdfast/testing';
import { assign, fromPromise, setup } from 'xstate';

/** A supervised job queue, as a user would write it. `bug`: a job is taken out of the store before it has been done. */
const jobQueue = (store: SimulatedSource<string>, done: string[], bug: boolean) =>
  setup({
    types: {} as {
      context: { doing: string | undefined };
      events: { type: 'enqueue'; id: string } | { type: 'tick' };
    },
    actors: {
      next: fromPromise<string | undefined>(async ({ signal }) => {
        for await (const page of store.scan!({ signal, batch: 1 })) return page.rows[0]?.key;
        return undefined;
      }),
      work: fromPromise<string | undefined, string | undefined>(async ({ input: id, signal }) => {
        if (id === undefined) return undefined;
        if (bug) await store.remove!(id, { signal });
        await setTimeout(200, undefined, { signal });
        done.push(id);
        if (!bug) await store.remove!(id, { signal });
        return id;
      }),
    },
  }).createMachine({
    context: { doing: undefined },
    initial: 'looking',
    states: {
      looking: {
        invoke: {
          src: 'next',
          onDone: { target: 'working', actions: assign({ doing: ({ event }) => event.output }) },
          onError: 'waiting',
        },
      },
      working: {
        invoke: { src: 'work', input: ({ context }) => context.doing, onDone: 'waiting', onError: 'waiting' },
      },
      waiting: { after: { 100: 'looking' } },
    },
  });

export interface Jobs {
  readonly store: SimulatedSource<string>;
  readonly done: string[];
  readonly runtime: Runtime;
  readonly accepted: Set<string>;
}

export const jobsAreDone = (bug: boolean) =>
  defineScenario<Jobs>('every job is done', {
    setup: async () => {
      const store = simulatedSource<string>({ name: 'jobs' });
      const done: string[] = [];
      const logic = jobQueue(store, done, bug);
      const runtime = await createRuntime({
        maxRestarts: 100,
        children: [child({ id: 'queue', name: 'queue', logic })],
      }).start();
      return { store, done, runtime, accepted: new Set() };
    },
    workload: ({ store, accepted }) => [
      {
        name: 'enqueue',
        run: (draw) => {
          const id = `job-${draw.int(1, 1000)}`;
          store.write(id, 'x');
          accepted.add(id);
        },
      },
    ],
    steps: 5,
    faults: faults.any<Jobs>({ source: ['unreachable', 'slow'], crashes: ['queue'], hangs: false }),
    horizon: '5s',
    checks: [
      eventually('every job is done', '20s', ({ accepted, done }) =>
        [...accepted].every((id) => done.includes(id)),
      ),
    ],
  });
