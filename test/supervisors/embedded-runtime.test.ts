import { describe, expect, test } from 'vitest';
import { type AnyActorRef, createActor, fromCallback, fromTransition, setup } from 'xstate';
import { child, supervisor } from '../../supervisors/index.js';
import { traced, turns } from '../runtime/running.js';

const boom = new Error('boom');

describe('a supervisor in somebody’s plain machine', () => {
  const tree = (trace: string[], id: string) =>
    supervisor({ children: [child({ id, logic: traced(trace, id) })] });
  const failing = fromCallback(({ receive }) => {
    receive(() => {
      throw boom;
    });
  });

  test('dies with the machine around the one around it, too, and each with its own', async () => {
    const trace: string[] = [];
    const inner = setup({ actors: { x: tree(trace, 'x'), y: tree(trace, 'y') } }).createMachine({
      invoke: [{ src: 'x' }, { src: 'y' }],
    });
    const outer = setup({ actors: { inner, other: tree(trace, 'other') } }).createMachine({
      invoke: [{ src: 'inner' }, { src: 'other' }],
      on: {
        go: {
          actions: () => {
            throw boom;
          },
        },
      },
    });
    const actor = createActor(outer);
    actor.subscribe({ error() {} });
    actor.start();
    await turns();
    expect([...trace].sort()).toEqual(['+other', '+x', '+y']);
    trace.length = 0;
    actor.send({ type: 'go' });
    expect([...trace].sort()).toEqual(['-other', '-x', '-y']);
  });

  test('lives on when one beside it errs, or is done', async () => {
    const trace: string[] = [];
    const done = fromTransition((_: undefined) => _, undefined);
    const around = setup({ actors: { x: tree(trace, 'x'), failing, done } }).createMachine({
      initial: 'on',
      invoke: { id: 'x', src: 'x' },
      states: {
        on: {
          invoke: [
            { id: 'failing', src: 'failing', onError: 'off' },
            { id: 'done', src: 'done' },
          ],
        },
        off: {},
      },
    });
    const actor = createActor(around).start();
    await turns();
    expect(trace).toEqual(['+x']);
    (actor.getSnapshot().children.failing as AnyActorRef).send({ type: 'go' });
    expect(actor.getSnapshot().value).toBe('off');
    expect(trace).toEqual(['+x']);
    actor.stop();
    expect(trace).toEqual(['+x', '-x']);
  });
});
