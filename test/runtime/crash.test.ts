import { describe, expect, test, vi } from 'vitest';
import {
  type AnyActorRef,
  assign,
  createMachine,
  fromCallback,
  fromPromise,
  sendParent,
  setup,
  toPromise,
} from 'xstate';
import { ActorDiedError, StateError } from '../../src/errors.js';
import { type ExitReason, exit, incarnationOf, signalOf } from '../../src/runtime/index.js';
import { child, supervisor } from '../../supervisors/index.js';
import { obedient, type Running, running, traced } from './running.js';

const boom = new Error('boom');
const throws = (): never => {
  throw boom;
};

/** Starts a child, makes it go wrong, and waits until it has been started again. */
async function crashing(logic: Parameters<typeof child>[0]['logic'], trigger?: string): Promise<Running> {
  const t = await running({
    children: [child({ id: 'a', name: 'a', logic }), child({ id: 'b', logic: obedient })],
  });
  if (trigger !== undefined) t.who('a').send({ type: trigger });
  await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
  return t;
}

function expectCrash(t: Running, expected: { readonly error: unknown } = { error: boom }): void {
  expect(t.events.filter(({ type }) => type === 'actor.crashed')).toMatchObject([
    { path: 'root/a', incarnation: 1, reason: { type: 'error' }, starting: false },
  ]);
  const crash = t.events.find((event) => event.type === 'actor.crashed');
  expect(crash?.error).toBe(expected.error);
  expect(t.runtime.tree()).toMatchObject({
    status: 'running',
    children: [{ incarnation: 2 }, { incarnation: 1 }],
  });
}

describe('a crash is a crash, wherever it happens', () => {
  test.each([
    ['an action', createMachine({ on: { go: { actions: throws } } })],
    ['an assign', createMachine({ on: { go: { actions: assign(throws) } } })],
    [
      'an entry action',
      createMachine({ initial: 'x', states: { x: { on: { go: 'y' } }, y: { entry: throws } } }),
    ],
    [
      'an exit action',
      createMachine({ initial: 'x', states: { x: { exit: throws, on: { go: 'y' } }, y: {} } }),
    ],
    [
      'an invoked promise',
      createMachine({
        initial: 'x',
        states: { x: { on: { go: 'y' } }, y: { invoke: { src: fromPromise(async () => throws()) } } },
      }),
    ],
    [
      "an invoked callback actor's start",
      createMachine({
        initial: 'x',
        states: { x: { on: { go: 'y' } }, y: { invoke: { src: fromCallback(throws) } } },
      }),
    ],
    [
      "a callback actor's receiver",
      fromCallback(({ receive }) => {
        receive(throws);
      }),
    ],
    [
      "a spawned grandchild's transition",
      createMachine({
        context: ({ spawn }) => ({
          it: spawn(
            createMachine({
              context: ({ spawn }) => ({ it: spawn(createMachine({ on: { go: { actions: throws } } })) }),
              on: { go: { actions: ({ context }) => context.it.send({ type: 'go' }) } },
            }),
          ),
        }),
        on: { go: { actions: ({ context }) => context.it.send({ type: 'go' }) } },
      }),
    ],
    [
      "a child's error that only a '*' transition would take",
      createMachine({
        initial: 'x',
        states: { x: { on: { go: 'y' } }, y: { invoke: { src: fromPromise(async () => throws()) } } },
        on: { '*': { actions: () => {} } },
      }),
    ],
  ])('in %s', async (_, logic) => {
    expectCrash(await crashing(logic as never, 'go'));
  });

  test('in a guard', async () => {
    const t = await crashing(createMachine({ on: { go: { guard: throws } } }), 'go');
    expect(t.events.find(({ type }) => type === 'actor.crashed')).toMatchObject({
      error: { message: /boom/ },
    });
  });

  test('a child’s error that a transition names is handled, and no crash', async () => {
    const logic = createMachine({
      initial: 'x',
      states: { x: { invoke: { src: fromPromise(async () => throws()), onError: 'y' } }, y: {} },
      on: { '*': { actions: () => {} } },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    await vi.waitFor(() => expect(t.who('a').getSnapshot().value).toBe('y'));
    expect(t.incarnation('a')).toBe(1);
  });

  test('sendParent of the child itself names sendToName', async () => {
    const t = await crashing(createMachine({ on: { go: { actions: sendParent({ type: 'x' }) } } }), 'go');
    const crash = t.events.find((event) => event.type === 'actor.crashed');
    expect(crash?.error).toBeInstanceOf(StateError);
    expect(String(crash?.error)).toContain('sendToName');
    expect(crash?.error).toMatchObject({ cause: { message: expect.stringContaining('_parent') } });
  });

  test('sendParent of what the child spawned works as in XState', async () => {
    const logic = setup({
      types: {} as { context: { got: string[] } },
      actors: { greeter: createMachine({ entry: sendParent({ type: 'hello' }) }) },
    }).createMachine({
      context: { got: [] },
      invoke: { src: 'greeter' },
      on: { hello: { actions: assign({ got: ({ context, event }) => [...context.got, event.type] }) } },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    expect(t.who('a').getSnapshot().context.got).toEqual(['hello']);
  });

  test.each([[undefined], [null], [0], ['a string'], [{ odd: true }]])(
    'whatever is thrown: %o',
    async (thrown) => {
      const logic = createMachine({
        on: {
          go: {
            actions: () => {
              throw thrown;
            },
          },
        },
      });
      expectCrash(await crashing(logic, 'go'), { error: thrown });
    },
  );
});

describe('it leaves nothing behind', () => {
  const family = (trace: string[], inner: object = {}) =>
    createMachine({
      invoke: [
        { id: 'first', src: traced(trace, 'first') },
        {
          id: 'second',
          src: createMachine({
            invoke: [
              { id: 'x', src: traced(trace, 'x') },
              { id: 'y', src: traced(trace, 'y') },
            ],
          }),
        },
        { id: 'third', src: traced(trace, 'third') },
      ],
      on: { go: { actions: throws } },
      ...inner,
    });
  const reverse = ['-third', '-y', '-x', '-first'];

  test('the family of an errored actor is stopped, depth first and in reverse start order', async () => {
    const trace: string[] = [];
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: family(trace), restart: 'temporary' })],
    });
    trace.length = 0;
    t.who('a').send({ type: 'go' });
    expect(trace).toEqual(reverse);
  });

  test('also of a killed one', async () => {
    const trace: string[] = [];
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: family(trace), restart: 'temporary' })],
    });
    trace.length = 0;
    exit(t.who('a'), { type: 'killed' });
    expect(trace).toEqual(reverse);
  });

  test('also of a descendant that errs while its own parent goes on', async () => {
    const trace: string[] = [];
    const logic = createMachine({
      initial: 'x',
      states: { x: { invoke: { id: 'it', src: family(trace), onError: 'y' } }, y: {} },
      on: { go: { actions: ({ self }) => self.getSnapshot().children.it?.send({ type: 'go' }) } },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: logic as never })] });
    trace.length = 0;
    t.who('a').send({ type: 'go' });
    expect(trace).toEqual(reverse);
    expect(t.who('a').getSnapshot().value).toBe('y');
    expect(t.incarnation('a')).toBe(1);
  });

  test('what a dying family sends its root starts nothing new', async () => {
    let starts = 0;
    const logic = setup({
      actors: {
        parting: fromCallback(
          ({ sendBack }) =>
            () =>
              sendBack({ type: 'more' }),
        ),
        more: fromCallback(() => void starts++),
      },
    }).createMachine({
      initial: 'x',
      states: { x: { invoke: { src: 'parting' } }, y: { invoke: { src: 'more' } } },
      on: { more: '.y' },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
    exit(t.who('a'), { type: 'killed' });
    expect(starts).toBe(0);
  });

  test('its timers, its signal, its name', async () => {
    vi.useFakeTimers();
    try {
      const logic = createMachine({
        initial: 'x',
        states: { x: { after: { 1000: 'y' } }, y: {} },
        on: { go: { actions: throws } },
      });
      const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
      const signal = signalOf(t.who('a'));
      expect([signal.aborted, vi.getTimerCount()]).toEqual([false, 1]);
      t.who('a').send({ type: 'go' });
      expect([signal.aborted, vi.getTimerCount(), t.runtime.whereis('a')]).toEqual([true, 0, undefined]);
      expect(signal.reason).toBeInstanceOf(ActorDiedError);
      expect(signal.reason.cause).toBe(boom);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a disposer that throws hides neither the crash nor itself', async () => {
    const late = new Error('in the disposer');
    const logic = createMachine({
      invoke: {
        src: fromCallback(() => () => {
          throw late;
        }),
      },
      on: { go: { actions: throws } },
    });
    const t = await crashing(logic, 'go');
    expectCrash(t);
    const told = t.events.find((event) => event.type === 'actor.late-error');
    expect(told).toMatchObject({ path: 'root/a', incarnation: 1 });
    expect(told?.type === 'actor.late-error' && told.error).toBe(late);
  });

  test('an incarnation ends once: killed and throwing in one transition', async () => {
    const logic = createMachine({
      on: {
        go: {
          actions: ({ self }) => {
            exit(self, { type: 'killed' });
            throw boom;
          },
        },
      },
    });
    const t = await crashing(logic, 'go');
    const crashes = t.events.filter(({ type }) => type === 'actor.crashed');
    expect(crashes).toMatchObject([{ reason: { type: 'killed' } }]);
    expect(t.events.filter(({ type }) => type === 'actor.late-error')).toMatchObject([{ error: boom }]);
  });

  test.each<ExitReason>([{ type: 'killed' }, { type: 'error', error: boom }])(
    'ended within its own transition by $type: what that began is stopped as well',
    async (reason) => {
      const trace: string[] = [];
      const logic = createMachine({
        initial: 'x',
        states: {
          x: { on: { go: { target: 'y', actions: ({ self }) => exit(self, reason) } } },
          y: { invoke: { src: traced(trace, 'y') } },
        },
      });
      const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
      const ref = t.who('a');
      ref.send({ type: 'go' });
      expect(trace).toEqual(['+y', '-y']);
      expect(ref.getSnapshot().status).toBe(reason.type === 'error' ? 'error' : 'stopped');
      expect(t.runtime.whereis('a')).toBeUndefined();
      expect(t.told('actor.crashed')).toEqual(['actor.crashed root/a#1']);
    },
  );
});

describe('who watches', () => {
  test('observers of a crashed actor hear the error, also when it was made to crash', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    const promise = toPromise(t.who('a'));
    exit(t.who('a'), { type: 'error', error: boom });
    await expect(promise).rejects.toBe(boom);
  });

  test('a user who subscribes with `next` only hears no error again from a timer', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    const uncaught = vi.fn();
    process.prependListener('uncaughtException', uncaught);
    const first = t.who('a');
    first.subscribe(() => {});
    first.send({ type: 'throw', error: boom });
    first.subscribe(() => {});
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('uncaughtException', uncaught);
    expect(uncaught).not.toHaveBeenCalled();
  });

  test('an inspector that throws harms nobody and is reported', async () => {
    const t = await running(
      { children: [child({ id: 'a', name: 'a', logic: obedient })] },
      {
        inspect: () => {
          throw boom;
        },
      },
    );
    t.who('a').system.inspect(() => {
      throw boom;
    });
    t.runtime.send('a', { type: 'inc' });
    expect(await t.runtime.ask('a', { type: 'get' })).toBe(1);
    expect(t.told('listener.failed').length).toBeGreaterThan(0);
    expect(t.incarnation('a')).toBe(1);
  });

  test('a listener of the bus that throws harms nobody and is reported', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    t.runtime.bus.subscribe('actor.crashed', () => {
      throw boom;
    });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    expect(t.events.find(({ type }) => type === 'listener.failed')).toMatchObject({ error: boom });
  });

  test('an actor that is subscribed to the bus gets its events until its incarnation ends', async () => {
    const got: string[] = [];
    const listener = createMachine({ on: { '*': { actions: ({ event }) => void got.push(event.type) } } });
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: obedient }),
        child({ id: 'l', name: 'l', logic: listener, restart: 'temporary' }),
      ],
    });
    t.runtime.bus.subscribe('actor.crashed', t.who('l'));
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(got).toEqual(['actor.crashed']));
    exit(t.who('l'), { type: 'killed' });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(3));
    expect([got.length, t.runtime.deadLetters]).toEqual([1, 0]);
  });

  test('a logger that throws harms nobody', async () => {
    const bad = (): never => {
      throw boom;
    };
    const logger = { debug: bad, info: bad, warn: bad, error: bad };
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] }, { logger });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
  });
});

describe('exit', () => {
  test('normal ends nobody else; killed cannot be handled; an error is the crash', async () => {
    const t = await running({ maxRestarts: 9, children: [child({ id: 'a', name: 'a', logic: obedient })] });
    exit(t.who('a'), { type: 'normal' });
    expect(t.incarnation('a')).toBe(1);
    exit(t.who('a'), { type: 'shutdown' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    const own = createMachine({ on: { go: { actions: ({ self }) => exit(self, { type: 'normal' }) } } });
    for (const attributeAsyncErrors of [true, false]) {
      const u = await running(
        { children: [child({ id: 'b', name: 'b', logic: own })] },
        { attributeAsyncErrors },
      );
      u.runtime.send('b', { type: 'go' });
      await vi.waitFor(() => expect(u.incarnation('b')).toBe(2));
    }
    exit(t.who('a'), { type: 'error', error: boom });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(3));
  });

  test('of a supervisor: only killed, and then its descendants are dead before it', async () => {
    const inner = supervisor({
      children: ['x', 'y'].map((id) => child({ id, name: id, logic: obedient, shutdown: 'infinity' })),
    });
    const t = await running({ children: [child({ id: 'inner', name: 'inner', logic: inner })] });
    exit(t.who('inner'), { type: 'shutdown' });
    expect(t.incarnation('inner')).toBe(1);
    const sup = t.who('inner');
    exit(sup, { type: 'killed' });
    expect(t.told().slice(-3)).toEqual([
      'actor.stopped root/inner/y#1',
      'actor.stopped root/inner/x#1',
      'actor.crashed root/inner#1',
    ]);
    await vi.waitFor(() => expect(t.incarnation('x')).toBe(2));
    expect(t.incarnation('inner')).toBe(2);
  });

  test('of what is not supervised itself is an error that says whose it is', async () => {
    const logic = createMachine({ invoke: { id: 'it', src: obedient } });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: logic as never })] });
    const it = t.who('a').getSnapshot().children.it as AnyActorRef;
    expect(() => exit(it, { type: 'killed' })).toThrow(/root\/a/);
    expect(incarnationOf(it)).toBe(1);
    expect(signalOf(it)).toBe(signalOf(t.who('a')));
  });
});
