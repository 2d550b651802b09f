/** K: supervisors under supervisors. */
import { expect, it } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { incarnationOf } from '../../src/runtime/index.js';
import { startChild } from '../../supervisors/index.js';
import { nested, type Stage, stage, worker } from './build.js';

const sub = (maxRestarts = 1) =>
  ({ maxRestarts, within: '60s', children: [worker('a'), worker('b')] }) as const;
const twice = async (t: Stage, path: string) => {
  await t.ends(path);
  await t.ends(path);
};

it.each([
  ['permanent', ['s#2']],
  ['transient', ['s -']],
  ['temporary', []],
] as const)('K1: over its limit it exits with shutdown: %s', async (restart, left) => {
  const t = await stage({ children: [nested('s', sub(), { restart })] });
  await twice(t, 's/a');
  expect(await t.which()).toEqual(left);
  expect(t.took().slice(0, 5)).toEqual([
    '-s/a#1 killed',
    '+s/a#2',
    '-s/a#2 killed',
    '-s/b#1 shutdown',
    '-s#1 shutdown:GaveUpError',
  ]);
  expect(t.reported()).toEqual([
    's child-terminated a killed',
    's child-terminated a killed',
    's shutdown a shutdown:GaveUpError',
    ...(restart === 'permanent' ? ['child-terminated s shutdown:GaveUpError'] : []),
  ]);
});

it('K1: each counts once above it, up to the root', async () => {
  const t = await stage({ maxRestarts: 1, within: '60s', children: [nested('s', sub(0)), worker('c')] });
  await t.ends('s/a');
  expect(t.end).toBeUndefined();
  t.took();
  await t.ends('s/b');
  expect(t.took()).toEqual([
    '-s/b#2 killed',
    '-s/a#2 shutdown',
    '-s#2 shutdown:GaveUpError',
    '-c#1 shutdown',
  ]);
  expect(t.end).toBe('shutdown:GaveUpError');
});

it('K2, case 75: restarted it begins anew: who was started by order is lost', async () => {
  const t = await stage({ maxRestarts: 9, children: [nested('s', sub(0)), nested('u', sub())] });
  const s = await t.ref('s');
  await startChild(s as never, worker('extra'));
  await t.ends('s/extra');
  expect(await t.which((await t.ref('s')) as never)).toEqual(['a#2', 'b#2']);
  expect(await t.which((await t.ref('u')) as never)).toEqual(['a#1', 'b#1']);
});

it('case 75: a group restart stops and starts whole trees', async () => {
  const t = await stage({
    maxRestarts: 9,
    strategy: 'one-for-all',
    children: [nested('s', sub()), nested('u', sub(0), { restart: 'transient' }), worker('c')],
  });
  await t.ends('u/a');
  expect(await t.which()).toEqual(['s#1', 'u -', 'c#1']);
  t.took();
  await t.ends('c');
  expect(t.took()).toEqual([
    '-c#1 killed',
    '-s/b#1 shutdown',
    '-s/a#1 shutdown',
    '-s#1 shutdown',
    '+s/a#2',
    '+s/b#2',
    '+s#2',
    '+u/a#2',
    '+u/b#2',
    '+u#2',
    '+c#2',
  ]);
});

it('K3: one whose restart fails is a failed start, tried again', async () => {
  const t = await stage({
    maxRestarts: 3,
    within: '60s',
    children: [
      nested('s', { maxRestarts: 0, children: [worker('a'), worker('b', { starts: ['ok', 'fail:e'] })] }),
    ],
  });
  await t.ends('s/a');
  expect(t.took()).toEqual([
    '-s/a#1 killed',
    '-s/b#1 shutdown',
    '-s#1 shutdown:GaveUpError',
    '+s/a#2',
    '!s/b#2 e',
    '-s/a#2 shutdown',
    '-s#2 shutdown:StartError',
    '+s/a#3',
    '+s/b#3',
    '+s#3',
  ]);
  expect(t.reported()).toEqual([
    's child-terminated a killed',
    's shutdown a shutdown:GaveUpError',
    'child-terminated s shutdown:GaveUpError',
    's start-error b e',
    'start-error s shutdown:StartError',
  ]);
});

it('case 82: named supervisors and workers are restarted under their names', async () => {
  const names = ['sup', 'one', 'two'];
  const t = await stage({
    maxRestarts: 9,
    children: [
      nested(
        's',
        { maxRestarts: 0, children: [worker('x', { name: 'one' }), worker('y', { name: 'two' })] },
        { name: 'sup' },
      ),
    ],
  });
  const before = names.map((name) => t.runtime.whereis(name));
  await t.ends('s/x');
  await t.ends('s');
  expect(names.map((name) => incarnationOf(t.runtime.whereis(name) as AnyActorRef))).toEqual([3, 3, 3]);
  for (const ref of before) expect(names.map((name) => t.runtime.whereis(name))).not.toContain(ref);
});
