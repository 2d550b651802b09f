import { expect, test } from 'vitest';
import { createActor, fromTransition } from 'xstate';
import { demonitor, type ExitReason, exit, monitor } from '../../src/runtime/index.js';
import { existingTies } from '../../src/runtime/ties.js';
import { child } from '../../supervisors/index.js';
import { obedient, running, turns } from './running.js';

const killed: ExitReason = { type: 'killed' };

async function pair() {
  const got: unknown[] = [];
  const noting = fromTransition((_: undefined, { type }: { type: string }): undefined => {
    if (type !== 'xstate.stop') got.push(type);
  }, undefined);
  const t = await running({
    children: [
      child({ id: 'w', name: 'w', logic: noting, restart: 'temporary' }),
      child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' }),
    ],
  });
  return { ...t, got, w: t.who('w'), a: t.who('a') };
}

test('a monitor of one that has ended already is taken back before it is told', async () => {
  const t = await pair();
  exit(t.a, killed);
  demonitor(monitor(t.w, t.a));
  await turns();
  expect(t.got).toEqual([]);
});

test('a watcher that has ended watches nobody', async () => {
  const t = await pair();
  exit(t.w, killed);
  const ref = monitor(t.w, t.a);
  expect(existingTies(t.a)).toBeUndefined();
  exit(t.a, killed);
  await turns();
  expect(t.got).toEqual([]);
  expect(t.runtime.deadLetters).toBe(0);
  demonitor(ref);
});

test('nor does one that no supervisor knows', () => {
  const [watcher, target] = [1, 2].map(() => createActor(obedient).start());
  if (watcher === undefined || target === undefined) throw new Error('two were made');
  watcher.stop();
  demonitor(monitor(watcher, target));
  expect(existingTies(target)).toBeUndefined();
});

test('a monitor may be taken back twice', async () => {
  const t = await pair();
  const refs = [monitor(t.w, t.a), monitor(t.w, t.a)] as const;
  demonitor(refs[0]);
  demonitor(refs[0]);
  expect(existingTies(t.a)?.watchers.size).toBe(1);
  exit(t.a, killed);
  await turns();
  expect(t.got).toEqual(['holdfast.down']);
  demonitor(refs[1]);
});
