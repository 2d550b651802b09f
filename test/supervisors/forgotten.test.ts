import { describe, expect, test, vi } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { type ChildSpec, exit } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import {
  child,
  dynamicSupervisor,
  type SupervisorRef,
  startChild,
  stop,
  supervisor,
  terminateChild,
  withBackoff,
} from '../../supervisors/index.js';
import { obedient, type Running, running, turns } from '../runtime/running.js';

/** How often the runtime has counted a start of the path. */
const counted = (t: Running, path: string): number =>
  (ownerOf(t.runtime.root)?.scope.nextIncarnation(path) ?? 0) - 1;

const inner = () =>
  supervisor({
    children: [child({ id: 'x', logic: supervisor({ children: [child({ id: 'y', logic: obedient })] }) })],
  });
const pool = () => dynamicSupervisor({ child: () => ({ logic: obedient }) });

async function dynamic(spec: Omit<ChildSpec, 'id'>): Promise<Running & { readonly dyn: SupervisorRef }> {
  const logic = dynamicSupervisor({ child: () => spec as never });
  const t = await running({ children: [child({ id: 'dyn', name: 'dyn', logic })] });
  return { ...t, dyn: t.who('dyn') as SupervisorRef };
}

const kinds: [string, () => ChildSpec['logic'], string[]][] = [
  ['an actor with a backoff', () => withBackoff(obedient, { min: '1m' }), ['attempt']],
  ['a supervisor', inner, ['x', 'x/y']],
  [
    'a supervisor with a backoff',
    () => withBackoff(inner(), { min: '1m' }),
    ['attempt', 'attempt/x', 'attempt/x/y'],
  ],
];

describe.each(kinds)('of %s under a dynamic supervisor', (_, logic, below) => {
  const counts = (t: Running, number: number): number[] =>
    below.map((path) => counted(t, `root/dyn/${number}/${path}`));
  const none = below.map(() => 0);

  test.each<[string, (t: Running & { readonly dyn: SupervisorRef }, ref: AnyActorRef) => Promise<unknown>]>([
    ['it has been terminated', ({ dyn }, ref) => terminateChild(dyn, ref)],
    ['it has been killed', async (_, ref) => exit(ref, { type: 'killed' })],
    ['its supervisor has stopped', ({ dyn }) => stop(dyn)],
    ['its supervisor has been killed', async ({ dyn }) => exit(dyn, { type: 'killed' })],
  ])('no start is on the books once %s', async (_, end) => {
    const t = await dynamic({ logic: logic(), restart: 'temporary' });
    const { ref } = await startChild(t.dyn);
    await end(t, ref as AnyActorRef);
    await turns();
    expect(counts(t, 1)).toEqual(none);
  });

  test('the starts go on being counted while it is started again', async () => {
    const t = await dynamic({ logic: logic(), restart: 'permanent' });
    const { ref } = await startChild(t.dyn);
    exit(ref as AnyActorRef, { type: 'killed' });
    await vi.waitFor(() => expect(t.told('actor.restarted')).toHaveLength(1));
    expect(counts(t, 1)).toEqual(below.map(() => 2));
  });

  test('those of its neighbours stay', async () => {
    const t = await dynamic({ logic: logic(), restart: 'temporary' });
    const refs = [await startChild(t.dyn), await startChild(t.dyn)].map(({ ref }) => ref as AnyActorRef);
    await terminateChild(t.dyn, refs[0] as AnyActorRef);
    expect([counts(t, 1), counts(t, 2)]).toEqual([none, below.map(() => 1)]);
    const next = await startChild(t.dyn);
    expect((next.ref as AnyActorRef).id).toBe('3');
  });
});

test('the numbers of a dynamic supervisor’s children are off the books when it is, itself a dynamic one’s child', async () => {
  const t = await dynamic({ logic: pool(), restart: 'temporary' });
  const { ref } = await startChild(t.dyn);
  await startChild(ref as SupervisorRef);
  await terminateChild(t.dyn, ref as AnyActorRef);
  expect(counted(t, 'root/dyn/1/')).toBe(0);
  expect(counted(t, 'root/dyn/')).toBe(1);
});

test('the starts of a static supervisor’s child are counted on, though it was terminated or killed', async () => {
  const t = await running({
    children: [
      child({ id: 'a', name: 'a', logic: withBackoff(obedient, { min: '1m' }), restart: 'temporary' }),
    ],
  });
  exit(t.who('a'), { type: 'killed' });
  await turns();
  expect(counted(t, 'root/a/attempt')).toBe(1);
});
