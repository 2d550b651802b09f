import { describe, expect, test, vi } from 'vitest';
import type { ExitReason } from '../../src/runtime/index.js';
import { exit, send } from '../../src/runtime/index.js';
import { child, countChildren, whichChildren } from '../../supervisors/index.js';
import { afterExit } from '../../supervisors/restart.js';
import { obedient, running } from '../runtime/running.js';

const reasons: readonly ExitReason[] = [
  { type: 'normal' },
  { type: 'shutdown' },
  { type: 'shutdown', detail: 'why' },
  { type: 'killed' },
  { type: 'error', error: new Error('x') },
];

describe('who is started again', () => {
  test.each(reasons)('permanent, after $type: always', (reason) => {
    expect(afterExit('permanent', reason)).toBe('restart');
  });
  test.each(reasons)('temporary, after $type: never, and forgotten', (reason) => {
    expect(afterExit('temporary', reason)).toBe('forget');
  });
  test.each(reasons)('transient, after $type: when it was not meant', (reason) => {
    const orderly = reason.type === 'normal' || reason.type === 'shutdown';
    expect(afterExit('transient', reason)).toBe(orderly ? 'keep' : 'restart');
  });
});

describe('in a tree', () => {
  const tree = (restart: 'permanent' | 'transient' | 'temporary') =>
    running({ maxRestarts: 10, children: [child({ id: 'a', name: 'a', logic: obedient, restart })] });

  test('a permanent child that finished is started again, from its initial state', async () => {
    const { runtime, incarnation } = await tree('permanent');
    runtime.send('a', { type: 'inc' });
    runtime.send('a', { type: 'finish' });
    await vi.waitFor(() => expect(incarnation('a')).toBe(2));
    expect(await runtime.ask('a', { type: 'get' })).toBe(0);
  });

  test('a transient child that finished is kept, without running', async () => {
    const { runtime } = await tree('transient');
    runtime.send('a', { type: 'finish' });
    await vi.waitFor(() => expect(runtime.whereis('a')).toBeUndefined());
    expect(await whichChildren(runtime.root)).toEqual([
      { id: 'a', ref: undefined, type: 'worker', status: 'stopped' },
    ]);
    expect(await countChildren(runtime.root)).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
  });

  test('a transient child that crashed or was killed is started again', async () => {
    const { runtime, incarnation, who } = await tree('transient');
    runtime.send('a', { type: 'throw', error: new Error('x') } as never);
    await vi.waitFor(() => expect(incarnation('a')).toBe(2));
    exit(who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(incarnation('a')).toBe(3));
  });

  test('a temporary child that crashed is forgotten', async () => {
    const { runtime, who } = await tree('temporary');
    send(who('a'), { type: 'throw', error: new Error('x') });
    await vi.waitFor(() => expect(runtime.whereis('a')).toBeUndefined());
    expect(await whichChildren(runtime.root)).toEqual([]);
  });

  test('only the crashed child is started again, and its place in the order stays', async () => {
    const { runtime, incarnation, who, told } = await running({
      children: ['a', 'b', 'c'].map((id) => child({ id, name: id, logic: obedient })),
    });
    exit(who('b'), { type: 'killed' });
    await vi.waitFor(() => expect(incarnation('b')).toBe(2));
    expect([incarnation('a'), incarnation('c')]).toEqual([1, 1]);
    expect((await whichChildren(runtime.root)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(told('actor.restarted')).toEqual(['actor.restarted root/b#2']);
  });

  test("an exit of the child's earlier incarnation that comes late changes nothing", async () => {
    const { incarnation, who } = await tree('permanent');
    const first = who('a');
    exit(first, { type: 'killed' });
    await vi.waitFor(() => expect(incarnation('a')).toBe(2));
    exit(first, { type: 'killed' });
    first.stop();
    await Promise.resolve();
    expect(incarnation('a')).toBe(2);
  });
});
