/** I: how one child is ended, and all of them. */
import { describe, expect, it } from 'vitest';
import type { Restart } from '../../src/runtime/index.js';
import { isAcceptableEnd } from '../../supervisors/acceptable-end.js';
import { stop, terminateChild, whichChildren } from '../../supervisors/index.js';
import {
  because,
  died,
  end,
  killed,
  nested,
  normal,
  type Role,
  shutdown,
  stage,
  word,
  worker,
} from './build.js';

const terminated = async (role: Role): Promise<readonly [ended: string, reported: readonly string[]]> => {
  const t = await stage({ children: [worker('a', role)] });
  const done = terminateChild(t.root, 'a');
  await t.settle(1000);
  await done;
  return [t.took()[0] as string, t.reported()];
};

describe('I1: told to stop', () => {
  it('case 19: brutal: killed at once, whatever it would do; that is no error', async () => {
    expect(await terminated({ takes: 0, shutdown: 'brutal' })).toEqual(['-a#1 killed', []]);
  });

  it('case 17: it has its time, and is killed after it: an error', async () => {
    expect(await terminated({ takes: 100, shutdown: 150 })).toEqual(['-a#1 shutdown', []]);
    expect(await terminated({ takes: 200, shutdown: 150 })).toEqual([
      '-a#1 killed',
      ['shutdown-error a killed'],
    ]);
  });

  it('case 16: infinity: as long as it takes', async () => {
    expect(await terminated({ takes: 900, shutdown: 'infinity' })).toEqual(['-a#1 shutdown', []]);
  });

  it('I4: 0: told, and killed with no wait; who takes no order is gone before', async () => {
    expect(await terminated({ takes: 0, shutdown: 0 })).toEqual(['-a#1 shutdown', []]);
    expect(await terminated({ takes: 1, shutdown: 0 })).toEqual(['-a#1 killed', ['shutdown-error a killed']]);
    expect(await terminated({ shutdown: 0 })).toEqual(['-a#1 shutdown', []]);
  });
});

describe('I2: which ends are accepted', () => {
  const accepted: Readonly<Record<Restart, Readonly<Record<string, readonly string[]>>>> = {
    permanent: { brutal: ['killed'], infinity: ['shutdown'] },
    transient: {
      brutal: ['normal', 'shutdown', 'shutdown:x', 'killed'],
      infinity: ['normal', 'shutdown', 'shutdown:x'],
    },
    temporary: {
      brutal: ['normal', 'shutdown', 'shutdown:x', 'killed'],
      infinity: ['normal', 'shutdown', 'shutdown:x'],
    },
  };
  const ends = [normal, shutdown, because('x'), killed, died()];

  it.each(
    (['permanent', 'transient', 'temporary'] as const).flatMap((restart) =>
      (['brutal', 'infinity', 0, 150] as const).map((time) => ({ restart, time })),
    ),
  )('$restart, $time', ({ restart, time }) => {
    const fine = ends.filter((reason) => isAcceptableEnd({ restart, shutdown: time }, reason)).map(word);
    expect(fine).toEqual(accepted[restart][time === 'brutal' ? 'brutal' : 'infinity']);
  });

  it.each<[Restart, boolean]>([
    ['permanent', false],
    ['transient', true],
    ['temporary', true],
  ])('%s, in a tree; the report changes nothing else', async (restart, fine) => {
    const t = await stage({
      maxRestarts: 0,
      children: [worker('a', { restart, takes: 0, ends: because('x') })],
    });
    await terminateChild(t.root, 'a');
    expect(t.reported()).toEqual(fine ? [] : ['shutdown-error a shutdown:x']);
    expect(await t.which()).toEqual(restart === 'temporary' ? [] : ['a -']);
  });

  it('a supervisor that gave up on its own ended by plain shutdown', async () => {
    const t = await stage({
      maxRestarts: 5,
      strategy: 'one-for-all',
      children: [worker('a'), nested('s', { maxRestarts: 0, children: [worker('x')] })],
    });
    const x = await t.ref('s/x');
    const a = await t.ref('a');
    await t.suspended(async () => {
      end(a, killed);
      end(x, killed);
      await t.settle();
    });
    expect(t.reported()).toEqual([
      's child-terminated x killed',
      's shutdown x shutdown:GaveUpError',
      'child-terminated a killed',
    ]);
  });
});

describe('I3: a supervisor ends', () => {
  it('I3, case 16: one after the other in reverse start order, each fully dead before the next; then itself', async () => {
    const t = await stage({
      children: [
        nested('s', {
          children: [
            worker('x', { takes: 50 }),
            nested('i', { children: [worker('q', { takes: 50 })] }),
            worker('y', { takes: 50 }),
          ],
        }),
        worker('b', { takes: 50 }),
      ],
    });
    const stopped = t.runtime.stop();
    await t.settle(1000);
    await stopped;
    expect(t.took()).toEqual([
      '-b#1 shutdown',
      '-s/y#1 shutdown',
      '-s/i/q#1 shutdown',
      '-s/i#1 shutdown',
      '-s/x#1 shutdown',
      '-s#1 shutdown',
    ]);
    expect([t.reported(), t.end]).toEqual([[], 'shutdown']);
  });

  it('case 21: who ends by itself meanwhile keeps its own reason and is not restarted', async () => {
    const restarts = ['permanent', 'transient', 'temporary'] as const;
    const reasons = [normal, shutdown, because('x'), died()];
    const children = restarts.flatMap((restart) =>
      reasons.map((reason, n) => ({ id: `${restart}${n}`, reason, restart })),
    );
    const t = await stage({
      children: [
        ...children.map(({ id, restart }) => worker(id, { restart })),
        worker('slow', { takes: 500 }),
      ],
    });
    const refs = new Map((await whichChildren(t.root)).map(({ id, ref }) => [id, ref]));
    const stopped = t.runtime.stop();
    await t.settle(100);
    for (const { id, reason } of children) end(refs.get(id) as never, reason);
    await t.settle(1000);
    await stopped;
    expect(t.took()).toEqual([
      ...children.map(({ id, reason }) => `-${id}#1 ${word(reason)}`),
      '-slow#1 shutdown',
    ]);
    expect(t.reported()).toEqual(
      [
        'temporary3 died',
        'transient3 died',
        'permanent3 died',
        'permanent2 shutdown:x',
        'permanent0 normal',
      ].map((line) => `shutdown-error ${line}`),
    );
    expect(t.end).toBe('shutdown');
  });

  it('I5: one that is killed takes its children along at once: they are dead before it is started again', async () => {
    const t = await stage({
      children: [nested('s', { children: [worker('a'), worker('b', { takes: 100 })] })],
    });
    await t.ends('s');
    expect(t.took()).toEqual(['-s/b#1 killed', '-s/a#1 killed', '-s#1 killed', '+s/a#2', '+s/b#2', '+s#2']);
    expect(t.reported()).toEqual(['child-terminated s killed']);
  });

  it('a child that is being stopped by order when its supervisor stops it ends once', async () => {
    const t = await stage({ children: [worker('a', { takes: 100, restart: 'temporary' })] });
    const both = Promise.all([stop(await t.ref('a')), t.runtime.stop()]);
    await t.settle(1000);
    await both;
    expect(t.took()).toEqual(['-a#1 shutdown']);
  });
});
