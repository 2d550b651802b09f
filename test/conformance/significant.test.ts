/** J: significant children and autoShutdown. */
import { describe, expect, it } from 'vitest';
import {
  restartChild,
  type Strategy,
  startChild,
  terminateChild,
  whichChildren,
} from '../../supervisors/index.js';
import { because, died, dynamicStage, end, killed, nested, normal, stage, worker } from './build.js';

const transient = { restart: 'transient', significant: true } as const;
const temporary = { restart: 'temporary', significant: true } as const;
const modes = ['any-significant', 'all-significant'] as const;

describe('J1: what counts', () => {
  it.each(['never', ...modes] as const)(
    'cases 60, 61: %s: no child that is not significant',
    async (autoShutdown) => {
      const t = await stage({
        maxRestarts: 10,
        autoShutdown,
        children: [worker('m', { restart: 'temporary' }), worker('t', { restart: 'transient' }), worker('p')],
      });
      for (const id of ['t', 'p']) {
        await terminateChild(t.root, id);
        await restartChild(t.root, id);
        for (const reason of [killed, died(), normal]) {
          await t.ends(id, reason);
          await restartChild(t.root, id).catch(() => {});
        }
      }
      for (const reason of [killed, died(), normal]) {
        await t.ends('m', reason);
        await startChild(t.root, worker('m', { restart: 'temporary' }));
      }
      expect(t.end).toBeUndefined();
    },
  );

  it.each([killed, died(), normal])(
    'case 62: any: a temporary one, whatever it ended of: %o',
    async (reason) => {
      const t = await stage({
        autoShutdown: 'any-significant',
        children: [worker('a', temporary), worker('b'), worker('c')],
      });
      await t.ends('a', reason);
      expect(t.took().slice(1)).toEqual(['-c#1 shutdown', '-b#1 shutdown']);
      expect(t.end).toBe('shutdown');
    },
  );

  it('case 62: terminateChild does not', async () => {
    const t = await stage({
      autoShutdown: 'any-significant',
      children: [worker('a', temporary), worker('b', transient)],
    });
    await terminateChild(t.root, 'a');
    await terminateChild(t.root, 'b');
    await t.settle();
    expect([t.end, await t.which()]).toEqual([undefined, ['b -']]);
  });

  it('case 63: any: a transient one that is restarted does not; one that ends in order does', async () => {
    const t = await stage({
      autoShutdown: 'any-significant',
      children: [worker('a', transient), worker('b')],
    });
    await t.ends('a', died());
    await t.ends('a');
    expect([t.end, await t.which()]).toEqual([undefined, ['a#3', 'b#1']]);
    t.reported();
    await t.ends('a', because('done'));
    expect([t.end, t.reported()]).toEqual(['shutdown', []]);
  });

  it.each(
    (['one-for-one', 'one-for-all', 'rest-for-one'] as readonly Strategy[]).flatMap((strategy) =>
      modes.map((autoShutdown) => ({ strategy, autoShutdown })),
    ),
  )(
    'case 65: $strategy, $autoShutdown: not as a bystander of a restart',
    async ({ strategy, autoShutdown }) => {
      const t = await stage({
        strategy,
        autoShutdown,
        children: [worker('p'), worker('t', transient), worker('m', temporary)],
      });
      await t.ends('p');
      expect(t.end).toBeUndefined();
      expect((await t.which()).slice(0, 2)).toEqual(
        strategy === 'one-for-one' ? ['p#2', 't#1'] : ['p#2', 't#2'],
      );
    },
  );

  it('J1: nor when it died beside the one whose restart stops it', async () => {
    const t = await stage({
      strategy: 'one-for-all',
      autoShutdown: 'any-significant',
      children: [worker('p'), worker('t', transient)],
    });
    await t.batch(async (ends) => {
      ends('p');
      ends('t', normal);
    });
    expect([t.end, await t.which()]).toEqual([undefined, ['p#2', 't#2']]);
  });
});

describe('J2: the last of them', () => {
  it('cases 62, 63: all: only when no other significant child is present', async () => {
    const t = await stage({
      maxRestarts: 9,
      autoShutdown: 'all-significant',
      children: [worker('a', transient), worker('b', temporary), worker('c', { restart: 'transient' })],
    });
    await t.ends('c', normal);
    await t.ends('a', normal);
    expect(t.end).toBeUndefined();
    await restartChild(t.root, 'a');
    await t.ends('b');
    expect(t.end).toBeUndefined();
    await t.ends('a', normal);
    expect(t.end).toBe('shutdown');
  });

  it('all: one that is being restarted is present', async () => {
    const t = await stage({
      autoShutdown: 'all-significant',
      children: [worker('a', { ...transient, starts: ['ok', 'fail:e'] }), worker('b', transient)],
    });
    await t.batch(async (ends) => {
      ends('a');
      ends('b', normal);
    });
    expect([t.end, await t.which()]).toEqual([undefined, ['a#3', 'b -']]);
    await t.ends('a', normal);
    expect(t.end).toBe('shutdown');
  });

  it('all: one that was terminated by order is not', async () => {
    const t = await stage({
      autoShutdown: 'all-significant',
      children: [worker('a', transient), worker('b', transient)],
    });
    await terminateChild(t.root, 'b');
    await t.ends('a', normal);
    expect(t.end).toBe('shutdown');
  });

  it('case 64: dynamic: any: the first; all: when none is left', async () => {
    for (const autoShutdown of modes) {
      const t = await dynamicStage({ autoShutdown }, temporary);
      const refs = [await startChild(t.root), await startChild(t.root)].map(({ ref }) => ref);
      end(refs[0] as never, normal);
      await t.settle();
      expect(t.end).toBe(autoShutdown === 'any-significant' ? 'shutdown' : undefined);
      if (t.end !== undefined) continue;
      end(refs[1] as never, killed);
      await t.settle();
      expect(t.end).toBe('shutdown');
    }
  });
});

describe('J3: it ends with shutdown, an orderly reason', () => {
  const tree = (spec: object, inner: object = {}) =>
    stage({
      autoShutdown: 'any-significant',
      children: [
        nested(
          's',
          { autoShutdown: 'any-significant', children: [worker('x', transient), worker('y')], ...inner },
          spec,
        ),
        worker('z'),
      ],
    });

  it('case 66: a significant transient supervisor takes its own along; nothing is reported', async () => {
    const t = await tree({ restart: 'transient', significant: true });
    await t.ends('s/x', normal);
    expect(t.took()).toEqual(['-s/x#1 normal', '-s/y#1 shutdown', '-s#1 shutdown', '-z#1 shutdown']);
    expect([t.end, t.reported()]).toEqual(['shutdown', []]);
  });

  it('case 66: one that is not significant does not', async () => {
    const t = await tree({ restart: 'transient' });
    await t.ends('s/x', normal);
    expect([t.end, await t.which()]).toEqual([undefined, ['s -', 'z#1']]);
  });

  it('a permanent one is started again', async () => {
    const t = await tree({});
    await t.ends('s/x', normal);
    expect(t.reported()).toEqual(['child-terminated s shutdown']);
    expect(await t.which((await whichChildren(t.root))[0]?.ref as never)).toEqual(['x#2', 'y#2']);
  });
});
