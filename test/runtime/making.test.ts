import { createRuntime, whichChildren } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';

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
