import { describe, expect, test, vi } from 'vitest';
import { sendTo, setup } from 'xstate';
import { exit } from '../../src/runtime/index.js';
import type { LifeSignal } from '../../src/runtime/life.js';
import { fromWork } from '../../src/runtime/work.js';
import { crashOf, type WorkerEvent, worker } from '../../src/runtime/worker.js';
import { child } from '../../supervisors/index.js';
import { obedient, type Running, running } from './running.js';

type Work = (life: LifeSignal) => Promise<string>;
type Told = { readonly type: 'go' } | { readonly type: 'leave' };

/** Both do a piece of work while a machine is `busy`, and say what came of it. */
const shapes = {
  'invoked for each piece': (work: Work, said: (output: string) => void) =>
    setup({
      types: { events: {} as Told },
      actors: { work: fromWork<string, undefined>(({ life }) => work(life)) },
    }).createMachine({
      initial: 'idle',
      states: {
        idle: { on: { go: 'busy' } },
        busy: {
          invoke: { src: 'work', onDone: { target: 'idle', actions: ({ event }) => said(event.output) } },
          on: { leave: 'idle' },
        },
      },
    }),
  'told to begin': (work: Work, said: (output: string) => void) =>
    setup({
      types: { events: {} as Told | WorkerEvent<string> },
      actors: { worker: worker<string, undefined>((_, life) => work(life)) },
      actions: { begin: sendTo('worker', { type: 'begin' }), crash: crashOf },
    }).createMachine({
      invoke: { id: 'worker', src: 'worker' },
      initial: 'idle',
      states: {
        idle: { on: { go: 'busy' } },
        busy: {
          entry: 'begin',
          on: {
            'worker.done': { target: 'idle', actions: ({ event }) => said(event.output) },
            'worker.failed': { actions: { type: 'crash', params: ({ event }) => ({ error: event.error }) } },
          },
        },
      },
    }),
};

const boom = new Error('boom');

describe.each(Object.entries(shapes))('work of an actor, %s', (_, machine) => {
  async function at(work: Work): Promise<Running & { readonly said: readonly string[] }> {
    const said: string[] = [];
    const logic = machine(work, (output) => said.push(output));
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic }), child({ id: 'b', logic: obedient })],
    });
    return { ...t, said };
  }

  test('is done as often as it is asked for', async () => {
    let times = 0;
    const t = await at(async () => `done ${++times}`);
    for (const nth of [1, 2, 3]) {
      t.who('a').send({ type: 'go' });
      await vi.waitFor(() => expect(t.said).toHaveLength(nth));
    }
    expect(t.said).toEqual(['done 1', 'done 2', 'done 3']);
  });

  test('that fails is a crash of whoever has it done, with its own error', async () => {
    const t = await at(async () => {
      throw boom;
    });
    t.who('a').send({ type: 'go' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    const crashes = t.events.filter((event) => event.type === 'actor.crashed');
    expect(crashes).toMatchObject([{ path: 'root/a', incarnation: 1, reason: { type: 'error' } }]);
    expect(crashes[0]?.error).toBe(boom);
    expect(t.runtime.tree()).toMatchObject({ children: [{ incarnation: 2 }, { incarnation: 1 }] });
  });

  test.each(['killed', 'error'] as const)('is told when its actor is over: %s', async (how) => {
    const lives: LifeSignal[] = [];
    const told: string[] = [];
    let finish = (_: string): void => {};
    const t = await at((life) => {
      lives.push(life);
      life.addEventListener('abort', () => told.push('over'));
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    t.who('a').send({ type: 'go' });
    await vi.waitFor(() => expect(lives).toHaveLength(1));
    expect(lives[0]?.aborted).toBe(false);
    exit(t.who('a'), how === 'killed' ? { type: 'killed' } : { type: 'error', error: boom });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    expect(lives[0]?.aborted).toBe(true);
    expect(told).toEqual(['over']);
    // What it still delivers reaches nobody.
    finish('too late');
    await Promise.resolve();
    await Promise.resolve();
    expect(t.said).toEqual([]);
    expect(t.incarnation('a')).toBe(2);
  });

  test('that is rejected after its end crashes nobody', async () => {
    let fail = (_: unknown): void => {};
    const t = await at(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    t.who('a').send({ type: 'go' });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    const before = t.told().length;
    fail(boom);
    await new Promise((resolve) => setImmediate(resolve));
    expect(t.told()).toHaveLength(before);
  });
});

test('work that was invoked for a state is told when that is left', async () => {
  const lives: LifeSignal[] = [];
  const logic = shapes['invoked for each piece'](
    (life) => {
      lives.push(life);
      return new Promise(() => {});
    },
    () => {},
  );
  const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
  t.who('a').send({ type: 'go' });
  t.who('a').send({ type: 'leave' });
  await vi.waitFor(() => expect(lives.map(({ aborted }) => aborted)).toEqual([true]));
});
