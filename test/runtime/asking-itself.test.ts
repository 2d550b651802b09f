import { describe, expect, test } from 'vitest';
import { type AnyActorLogic, type AnyActorRef, createMachine } from 'xstate';
import { ask, reply } from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { obedient, running, turns } from './running.js';

describe('an actor that asks itself', () => {
  const asking = (outcomes: unknown[], logic: (ask: (self: AnyActorRef) => void) => AnyActorLogic) => {
    const asked = (self: AnyActorRef): void =>
      void ask(self, { type: 'get' }, { timeout: '1h' }).then(
        (value) => outcomes.push(value),
        (error) => outcomes.push(error.code),
      );
    return child({ id: 'a', name: 'a', logic: logic(asked) });
  };
  const answering = {
    get: { actions: ({ event }: { event: { type: string } }) => void reply(event, 'got') },
  };

  test('as it starts, is refused', async () => {
    const outcomes: unknown[] = [];
    const spec = asking(outcomes, (ask) => createMachine({ entry: ({ self }) => ask(self), on: answering }));
    await running({ children: [spec] });
    await turns();
    expect(outcomes).toEqual(['HOLDFAST_CALLING_SELF']);
  });

  test('in its transition, is refused, also when a descendant has worked before; outside it is answered', async () => {
    const outcomes: unknown[] = [];
    const spec = asking(outcomes, (ask) =>
      createMachine({
        invoke: { id: 'inner', src: obedient as never },
        on: {
          ...answering,
          go: {
            actions: ({ self }) => {
              self.getSnapshot().children.inner?.send({ type: 'inc' });
              ask(self);
            },
          },
          later: { actions: ({ self }) => void Promise.resolve().then(() => ask(self)) },
        },
      }),
    );
    const t = await running({ children: [spec] });
    t.who('a').send({ type: 'go' });
    await turns();
    expect(outcomes).toEqual(['HOLDFAST_CALLING_SELF']);
    t.who('a').send({ type: 'later' });
    await turns();
    expect(outcomes.slice(1)).toEqual(['got']);
  });
});
