import { expect, test } from 'vitest';
import { exit } from '../../src/runtime/index.js';
import { startChild, terminateChild } from '../../supervisors/index.js';
import { killed, nested, stage, worker } from '../conformance/build.js';

test('the tree tells of each child what it is, and of a supervisor its children', async () => {
  const t = await stage({
    children: [
      worker('a', { name: 'the-a' }),
      worker('b'),
      nested('s', { children: [worker('x')] }, { name: 'the-s' }),
    ],
  });
  await t.ends('b');
  const worn = { type: 'worker', status: 'running', state: 'on', incarnation: 1, restarts: 0 };
  expect(t.runtime.tree().children).toStrictEqual([
    { ...worn, id: 'a', name: 'the-a' },
    { ...worn, id: 'b', incarnation: 2, restarts: 1 },
    {
      ...worn,
      id: 's',
      name: 'the-s',
      type: 'supervisor',
      state: 'running',
      children: [{ ...worn, id: 'x' }],
    },
  ]);
});

test('who does not run has no state, and a supervisor no children', async () => {
  const t = await stage({ children: [worker('a'), nested('s', { children: [worker('x')] })] });
  await terminateChild(t.root, 'a');
  await terminateChild(t.root, 's');
  const idle = { status: 'stopped', state: undefined, incarnation: 1, restarts: 0 };
  expect(t.runtime.tree().children).toStrictEqual([
    { ...idle, id: 'a', type: 'worker' },
    { ...idle, id: 's', type: 'supervisor', children: [] },
  ]);
});

test('who has died, and his supervisor has yet to hear of it, is about to be restarted', async () => {
  const t = await stage({ children: [worker('a')] });
  exit(await t.ref('a'), killed);
  expect(t.runtime.tree().children).toMatchObject([
    { status: 'restarting', state: undefined, incarnation: 1 },
  ]);
  await t.settle();
  expect(t.runtime.tree().children).toMatchObject([{ status: 'running', state: 'on', incarnation: 2 }]);
});

test('who starts, and who stops', async () => {
  const t = await stage({ children: [worker('a', { takes: 100 })] });
  const started = startChild(t.root, worker('b', { ready: () => false })).catch(() => {});
  await t.settle();
  expect(t.runtime.tree().children).toMatchObject([{ status: 'running' }, { status: 'starting' }]);
  const stopped = t.runtime.stop();
  await t.settle();
  expect(t.runtime.tree().children).toMatchObject([{ status: 'stopping' }]);
  await t.settle(100);
  await Promise.all([started, stopped]);
});
