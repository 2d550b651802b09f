import { createRuntime, incarnationOf, monitor, whichChildren } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { createActor, fromTransition, setup } from 'xstate';

describe('an actor in its making', () => {
  it.each([
    ['without an inspector', {}],
    ['under one', { inspect: () => {} }],
  ])('knows its id and its input, and is of its own logic, %s', async (_, options) => {
    const seen: unknown[] = [];
    const logic = setup({
      types: { input: {} as { readonly color: string }, context: {} as object },
    }).createMachine({
      context: ({ self, input }) => {
        seen.push(self.id, input);
        return {};
      },
      initial: 'idle',
      states: { idle: { on: { go: 'gone' } }, gone: {} },
    });
    const children = [{ id: 'painter', logic, input: { color: 'red' } }];
    const runtime = await createRuntime({ children }, options).start();
    const [child] = await whichChildren(runtime.root);
    const ref = child?.ref as unknown as { id: string; logic: unknown; src: unknown };
    expect(seen).toEqual(['painter', { color: 'red' }]);
    expect([ref.id, ref.logic, ref.src]).toEqual(['painter', logic, logic]);
    child?.ref?.send({ type: 'go' });
    expect(child?.ref?.getSnapshot().value).toBe('gone');
    await runtime.stop();
  });

  it('an inspector is told of it by its own id', async () => {
    const ids: unknown[] = [];
    const logic = setup({}).createMachine({});
    const inspect = (event: { type: string; actorRef: { id?: string } }): void => {
      if (event.type === '@xstate.actor') ids.push(event.actorRef.id);
    };
    const runtime = await createRuntime(
      { children: [{ id: 'painter', logic }] },
      { inspect: inspect as never },
    ).start();
    expect(ids).toEqual(['root', 'painter']);
    await runtime.stop();
  });

  it('belongs to the one above it, also what it spawns then and there; what was made before, to nobody', async () => {
    const seen: unknown[] = [];
    const inner = setup({}).createMachine({
      context: ({ self }) => {
        seen.push(incarnationOf(self));
        return {};
      },
    });
    const plain = createActor(setup({}).createMachine({})).start();
    const logic = setup({ actors: { inner } }).createMachine({
      context: ({ spawn }) => {
        expect(() => incarnationOf(plain)).toThrow(/not under a supervisor/);
        const ref = spawn('inner', { id: 'inner' });
        seen.push(incarnationOf(ref));
        return { ref };
      },
    });
    const runtime = await createRuntime({ children: [{ id: 'outer', logic }] }).start();
    expect(seen).toEqual([1, 1]);
    await runtime.stop();
  });

  it('can be watched, by an actor that no supervisor knows, too', async () => {
    const told: unknown[] = [];
    const watcher = createActor(
      fromTransition((_: undefined, { type }: { type: string }) => void told.push(type), undefined),
    ).start();
    const watched = createActor(
      setup({}).createMachine({
        context: ({ self }) => {
          monitor(watcher, self);
          return {};
        },
      }),
    ).start();
    watched.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['holdfast.down']);
  });

  it('may start a family of its own within its making', async () => {
    const inner = setup({}).createMachine({ context: ({ self }) => ({ id: self.id }) });
    const logic = setup({ actors: { inner } }).createMachine({
      context: ({ spawn }) => ({ inner: spawn('inner', { id: 'inner' }) }),
    });
    const runtime = await createRuntime({ children: [{ id: 'outer', logic }] }).start();
    const [child] = await whichChildren(runtime.root);
    expect(child?.ref?.id).toBe('outer');
    expect(child?.ref?.getSnapshot().context.inner.getSnapshot().context).toEqual({ id: 'inner' });
    await runtime.stop();
  });
});
