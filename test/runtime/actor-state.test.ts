import { expect, test } from 'vitest';
import { createActor, createMachine, fromTransition } from 'xstate';
import { OptionsError } from '../../src/errors.js';
import { send, sys } from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { obedient, prepare, turns } from './running.js';

test.each<[string, unknown, object]>([
  [
    'a machine: its value and its context',
    createActor(obedient).start(),
    { value: 'on', context: { count: 0 } },
  ],
  ['other logic: its context', createActor(fromTransition((n: number) => n, 7)).start(), { context: 7 }],
])('what is given to be changed is of %s', async (_, ref, expected) => {
  const given: object[] = [];
  await sys.replaceState(ref as never, (state) => {
    given.push(state);
    return state;
  });
  expect(given).toStrictEqual([expected]);
});

test.each([[null], [undefined], [5], ['on'], [{}], [{ values: 'on' }]])(
  'a state of %j is none, and the error says what is',
  async (changed) => {
    const actor = createActor(obedient).start();
    const replaced = sys.replaceState(actor, () => changed as never);
    await expect(replaced).rejects.toBeInstanceOf(OptionsError);
    await expect(replaced).rejects.toThrow(`Given: ${String(changed)}.`);
    expect(actor.getSnapshot().value).toBe('on');
  },
);

test('a state that is replaced makes an actor ready, and what its spec does then is the actor’s work', async () => {
  const logic = createMachine({
    initial: 'waiting',
    states: { waiting: { tags: 'starting' }, on: {} },
  });
  const t = prepare({
    children: [
      child({ id: 'b', name: 'b', logic: obedient }),
      child({
        id: 'a',
        name: 'a',
        logic,
        ready: (snapshot) => {
          if (snapshot.value !== 'on') return false;
          send(t.who('b'), { type: 'inc' });
          return true;
        },
      }),
    ],
  });
  const started = t.runtime.start();
  await turns();
  const a = t.who('a');
  sys.statistics(a);
  await sys.replaceState(a, () => ({ value: 'on' }));
  await started;
  expect(sys.statistics(a).messagesOut).toBe(1);
});
