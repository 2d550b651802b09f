/** Anything may be thrown, also what cannot be looked at. */
import { expect, test, vi } from 'vitest';
import { fromCallback } from 'xstate';
import { child } from '../../supervisors/index.js';
import { obedient, prepare, running } from './running.js';

const trap = (): never => {
  throw new Error('looked at');
};
const odd: readonly (readonly [string, unknown])[] = [
  ['what has no words', Object.create(null)],
  ['a symbol', Symbol('odd')],
  ['nothing', undefined],
  ['an error whose message is none', Object.assign(new Error(), { message: 5 })],
  ['an error whose message throws', Object.defineProperty(new Error(), 'message', { get: trap })],
  ['a proxy that throws', new Proxy(new Error(), { get: trap, has: trap, getPrototypeOf: trap })],
];

test.each(odd)('an actor that threw %s was not started again', async (_, error) => {
  const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
  t.who('a').send({ type: 'throw', error });
  await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
  const crash = t.events.find((event) => event.type === 'actor.crashed');
  expect(Object.is(crash?.error, error)).toBe(true);
});

test.each(odd)('a start that throws %s is a failed start', async (_, error) => {
  const logic = fromCallback(() => {
    throw error;
  });
  const t = prepare({ children: [child({ id: 'a', logic })] });
  const failed = await t.runtime.start().catch((e: unknown) => e);
  expect(failed).toMatchObject({ code: 'HOLDFAST_START', childId: 'a' });
});
