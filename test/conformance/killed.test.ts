/** I5: a supervisor is killed, whatever it is doing. */
import { expect, it } from 'vitest';
import { startChild, stop, terminateChild, whichChildren } from '../../supervisors/index.js';
import { died, dynamicStage, end, killed, nested, stage, worker } from './build.js';

it('I5: while it stops its children: they are dead at once, and nothing is reported of them', async () => {
  const t = await stage({
    children: [
      nested('s', { children: [worker('a', { takes: 100 }), worker('b', { takes: 100 })] }),
      worker('c'),
    ],
  });
  const s = await t.ref('s');
  const stopped = stop(s);
  await t.settle(50);
  end(s, killed);
  await stopped;
  await t.settle(1000);
  expect(t.took()).toEqual(['-s/b#1 killed', '-s/a#1 killed', '-s#1 killed', '+s/a#2', '+s/b#2', '+s#2']);
  expect(t.reported()).toEqual(['child-terminated s killed']);
});

it('I5: a dynamic one that stops its children: nothing is reported of them', async () => {
  const t = await dynamicStage({}, { takes: 100 });
  await startChild(t.root);
  await startChild(t.root);
  t.took();
  const stopped = t.runtime.stop();
  await t.settle(50);
  end(t.root, killed);
  await stopped;
  await t.settle(1000);
  expect(t.took()).toEqual(['-2#1 killed', '-1#1 killed']);
  expect([t.reported(), t.end]).toEqual([[], 'killed']);
});

it('I5: with a child that does not run', async () => {
  const t = await stage({ children: [nested('s', { children: [worker('a'), worker('b'), worker('c')] })] });
  await terminateChild((await t.ref('s')) as never, 'b');
  t.took();
  await t.ends('s');
  expect(t.took()).toEqual([
    '-s/c#1 killed',
    '-s/a#1 killed',
    '-s#1 killed',
    '+s/a#2',
    '+s/b#2',
    '+s/c#2',
    '+s#2',
  ]);
});

it('E4: a dynamic supervisor stops while a child of it is being started again', async () => {
  const t = await dynamicStage({ maxRestarts: 1e6 });
  const { ref } = await startChild(t.root, { starts: ['ok'], later: 'fail:e' });
  await startChild(t.root, { takes: 10 });
  end(ref as never, died());
  await t.settle();
  expect((await whichChildren(t.root)).map(({ status }) => status)).toEqual(['restarting', 'running']);
  const stopped = t.runtime.stop();
  await t.settle();
  await stopped;
  expect(t.end).toBe('shutdown');
  expect(t.took().at(-1)).toBe('-2#1 shutdown');
});

it('E2, case 85: the ref of a life before the last ends no attempts', async () => {
  const t = await dynamicStage({ maxRestarts: 1e6 });
  const { ref: first } = await startChild(t.root, { starts: ['ok', 'ok'], later: 'fail:e' });
  end(first as never, killed);
  await t.settle();
  const [again] = await whichChildren(t.root);
  const seen = await t.batch(() => {
    end(again?.ref as never, killed);
    return Promise.all([
      terminateChild(t.root, first as never),
      whichChildren(t.root),
      terminateChild(t.root, again?.ref as never),
      whichChildren(t.root),
    ]);
  });
  expect(seen).toEqual([
    undefined,
    [{ id: '1', ref: undefined, type: 'worker', status: 'restarting' }],
    undefined,
    [],
  ]);
});
