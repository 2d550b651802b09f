import { expect, test, vi } from 'vitest';
import { createActor } from 'xstate';
import type { LifeSignal } from '../../src/runtime/life.js';
import { fromWork } from '../../src/runtime/work.js';

/** Work that is done when somebody says so, and the actor of it, which has begun. */
function begun() {
  const told: { life?: LifeSignal; done: (output: string) => void; begun: number } = {
    done: () => {},
    begun: 0,
  };
  const logic = fromWork<string, undefined>(({ life }) => {
    told.begun++;
    told.life = life;
    return new Promise((resolve) => {
      told.done = resolve;
    });
  });
  return { logic, told, actor: createActor(logic).start() };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what it is sent changes nothing', async () => {
  const { actor, told } = begun();
  actor.send({ type: 'whatever' } as never);
  expect(actor.getSnapshot()).toMatchObject({ status: 'active' });
  told.done('done');
  await settle();
  expect(actor.getSnapshot()).toMatchObject({ status: 'done', output: 'done' });
});

test('stopped, its life is over, and what comes of it reaches nobody', async () => {
  const warned = vi.spyOn(console, 'warn').mockReturnValue();
  const { actor, told } = begun();
  actor.stop();
  expect(told.life?.aborted).toBe(true);
  told.done('too late');
  await settle();
  expect(actor.getSnapshot()).toEqual({ status: 'stopped', output: undefined });
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});

test('restored when it is over, it does not begin again; before that, it does', async () => {
  const { actor, logic, told } = begun();
  const open = createActor(logic, { snapshot: actor.getPersistedSnapshot() }).start();
  expect(told.begun).toBe(2);
  open.stop();
  createActor(logic, { snapshot: open.getPersistedSnapshot() }).start();
  expect(told.begun).toBe(2);
  const { actor: other, logic: its, told: of } = begun();
  of.done('done');
  await settle();
  const again = createActor(its, { snapshot: other.getPersistedSnapshot() }).start();
  expect(of.begun).toBe(1);
  expect(again.getSnapshot()).toMatchObject({ status: 'done', output: 'done' });
});

test('what is over stays as it is', () => {
  const { actor, logic } = begun();
  const over = { status: 'done', output: 'done', error: undefined, input: undefined } as const;
  expect(logic.transition(over, { type: 'xstate.stop' } as never, { self: actor } as never)).toBe(over);
  actor.stop();
});
