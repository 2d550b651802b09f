/** F and G: what becomes of a child that ended, and how often. */
import { describe, expect, it, vi } from 'vitest';
import { type ExitReason, exit } from '../../src/runtime/index.js';
import { supervisorHandle } from '../../src/runtime/supervisor-handle.js';
import {
  countChildren,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from '../../supervisors/index.js';
import { because, died, end, killed, nested, normal, shutdown, stage, worker, written } from './build.js';

const reasons: readonly [string, ExitReason][] = [
  ['normal', normal],
  ['shutdown', shutdown],
  ['shutdown:x', because('x')],
  ['killed', killed],
  ['died', died()],
];

describe('F1, F2: by restart type and reason', () => {
  it.each(reasons)('cases 34, 37, 41: permanent, %s: started again, and reported', async (how, reason) => {
    const t = await stage({ children: [worker('a')] });
    await t.ends('a', reason);
    expect(t.took()).toEqual([`-a#1 ${how}`, '+a#2']);
    expect(t.reported()).toEqual([`child-terminated a ${how}`]);
    expect(await countChildren(t.root)).toMatchObject({ specs: 1, active: 1 });
  });

  it.each(reasons)('cases 35, 38, 42: transient, %s', async (how, reason) => {
    const t = await stage({ children: [worker('a', { restart: 'transient' })] });
    await t.ends('a', reason);
    const orderly = reason.type === 'normal' || reason.type === 'shutdown';
    expect(await t.which()).toEqual([orderly ? 'a -' : 'a#2']);
    expect(t.reported()).toEqual(orderly ? [] : [`child-terminated a ${how}`]);
    expect(await countChildren(t.root)).toMatchObject({ specs: 1, active: orderly ? 0 : 1 });
  });

  it.each(reasons)('cases 36, 39, 43: temporary, %s: forgotten', async (how, reason) => {
    const t = await stage({ maxRestarts: 0, children: [worker('a', { restart: 'temporary' })] });
    await t.ends('a', reason);
    expect(await countChildren(t.root)).toEqual({ specs: 0, active: 0, supervisors: 0, workers: 0 });
    const orderly = reason.type === 'normal' || reason.type === 'shutdown';
    expect(t.reported()).toEqual(orderly ? [] : [`child-terminated a ${how}`]);
    await startChild(t.root, worker('a', { restart: 'temporary' }));
    expect(await t.which()).toEqual(['a#2']);
  });

  it.each(['one-for-one', 'one-for-all', 'rest-for-one'] as const)(
    'case 80: %s: a temporary child can be started again, whatever it ended of; others are present',
    async (strategy) => {
      const t = await stage({ maxRestarts: 10, strategy, children: [] });
      const code = (error: { code: string }) => error.code;
      const m = () => startChild(t.root, worker('m', { restart: 'temporary' }));
      for (const reason of [killed, normal, died()]) {
        await m();
        await t.ends('m', reason);
      }
      await m();
      await terminateChild(t.root, 'm');
      await m();
      const a = () => startChild(t.root, worker('a', { restart: 'transient' })).catch(code);
      await a();
      await t.ends('a', normal);
      expect(await a()).toBe('HOLDFAST_ALREADY_PRESENT');
      await restartChild(t.root, 'a');
      await t.ends('a', died());
      expect(await a()).toBe('HOLDFAST_ALREADY_STARTED');
    },
  );
});

describe('F4: an exit belongs to an incarnation', () => {
  it('one that was stopped and started again before its exit is served is not taken for the new one', async () => {
    const t = await stage({ maxRestarts: 0, children: [worker('a'), worker('b')] });
    const a = await t.ref('a');
    const served = Promise.all([terminateChild(t.root, 'a'), restartChild(t.root, 'a')]);
    end(a, killed);
    await served;
    await t.settle();
    expect(await t.which()).toEqual(['a#2', 'b#1']);
    // It was dead when it was told to stop.
    expect(t.reported()).toEqual(['shutdown-error a killed']);
  });
});

describe('G: restart intensity', () => {
  it('G1, G6: N restarts are allowed, of all children together; the next ends the supervisor', async () => {
    const t = await stage({
      maxRestarts: 3,
      within: '60s',
      children: ['a', 'b', 'c'].map((id) => worker(id)),
    });
    for (const id of ['a', 'b', 'c']) await t.ends(id);
    expect(t.end).toBeUndefined();
    t.took();
    await t.ends('a');
    expect(t.took()).toEqual(['-a#2 killed', '-c#2 shutdown', '-b#2 shutdown']);
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it('G1: none is allowed', async () => {
    const t = await stage({ maxRestarts: 0, children: [worker('a')] });
    await t.ends('a');
    expect([t.took(), t.end]).toEqual([['-a#1 killed'], 'shutdown:GaveUpError']);
  });

  it('G2: a restart exactly as old as the window counts; a millisecond later it does not', async () => {
    for (const [later, lives] of [
      [0, false],
      [1, true],
    ] as const) {
      const t = await stage({ maxRestarts: 1, within: 1000, children: [worker('a')] });
      const a = await t.ref('a');
      end(a, killed);
      await vi.advanceTimersByTimeAsync(0);
      const again = await t.ref('a');
      await vi.advanceTimersByTimeAsync(1000 + later);
      end(again, killed);
      await t.settle();
      expect(t.end === undefined).toBe(lives);
    }
  });

  it('case 45: the window moves on', async () => {
    const t = await stage({ maxRestarts: 1, within: '1s', children: [worker('a')] });
    for (let n = 0; n < 4; n++) {
      await t.ends('a');
      await t.settle(2100);
    }
    expect(t.end).toBeUndefined();
  });

  it('G3: a group’s restart counts once', async () => {
    const t = await stage({
      maxRestarts: 1,
      strategy: 'one-for-all',
      children: ['a', 'b', 'c'].map((id) => worker(id)),
    });
    await t.ends('a');
    expect(t.end).toBeUndefined();
    await t.ends('a');
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it('G4: counted before the start: over the limit nobody is started, and it is reported', async () => {
    const t = await stage({ maxRestarts: 0, children: [worker('a'), worker('b')] });
    await t.ends('b');
    expect(t.took()).toEqual(['-b#1 killed', '-a#1 shutdown']);
    expect(t.reported()).toEqual(['child-terminated b killed', 'shutdown b shutdown:GaveUpError']);
  });

  it('G5: each attempt counts: N of them, then the end', async () => {
    const t = await stage({ maxRestarts: 3, children: [worker('a', { starts: ['ok'], later: 'fail:e' })] });
    await t.ends('a');
    expect(t.took()).toEqual(['-a#1 killed', '!a#2 e', '!a#3 e', '!a#4 e']);
    expect(t.reported()).toEqual([
      'child-terminated a killed',
      'start-error a e',
      'start-error a e',
      'start-error a e',
      'shutdown a shutdown:GaveUpError',
    ]);
  });

  it('G5: the retry stands behind what waits already: other exits, calls', async () => {
    const t = await stage({
      maxRestarts: 5,
      children: [worker('a', { starts: ['ok', 'fail:e'] }), worker('b')],
    });
    const seen = await t.batch((end) => {
      end('a');
      end('b');
      return Promise.all([
        whichChildren(t.root).then(written),
        startChild(t.root, worker('c')),
        terminateChild(t.root, 'b'),
      ]);
    });
    expect(seen[0]).toEqual(['a restarting', 'b#2']);
    expect(t.took()).toEqual([
      '-a#1 killed',
      '-b#1 killed',
      '!a#2 e',
      '+b#2',
      '+c#1',
      '-b#2 shutdown',
      '+a#3',
    ]);
  });

  it('G5: an order to stop comes first', async () => {
    const t = await stage({
      maxRestarts: 5,
      children: [worker('a', { starts: ['ok'], later: 'fail:e' }), worker('b')],
    });
    await t.batch(async (end) => {
      end('a');
      void t.runtime.stop();
    });
    expect(t.took()).toEqual(['-a#1 killed', '-b#1 shutdown']);
    expect(t.end).toBe('shutdown');
  });

  it('G6: calls do not count', async () => {
    const t = await stage({ maxRestarts: 0, children: [worker('a')] });
    for (let n = 0; n < 5; n++) {
      await terminateChild(t.root, 'a');
      await restartChild(t.root, 'a');
      await startChild(t.root, worker(`x${n}`, { restart: 'temporary' }));
    }
    await t.settle();
    expect(t.end).toBeUndefined();
  });

  it('G6: the window is empty after the supervisor itself has been restarted', async () => {
    const t = await stage({
      children: [nested('s', { maxRestarts: 1, within: '60s', children: [worker('a')] })],
    });
    await t.ends('s/a');
    await t.ends('s/a');
    expect(await t.which()).toEqual(['s#2']);
    await t.ends('s/a');
    expect(await t.which()).toEqual(['s#2']);
  });

  it('G7: a retry that asks to be ignored ends the retries', async () => {
    const t = await stage({
      maxRestarts: 9,
      children: [worker('a', { starts: ['ok', 'fail:e', 'ignore'] })],
    });
    await t.ends('a');
    await t.settle(1000);
    expect(t.took()).toEqual(['-a#1 killed', '!a#2 e', '-a#3 normal']);
    expect(await t.which()).toEqual(['a -']);
    await restartChild(t.root, 'a');
    expect(await t.which()).toEqual(['a#4']);
  });
});

describe('suspended', () => {
  it('H6: exits and calls wait in the order in which they came; it is obedient to its own supervisor all the same', async () => {
    const t = await stage({ children: [worker('a')] });
    const a = await t.ref('a');
    await t.suspended(async () => {
      end(a, killed);
      const asked = whichChildren(t.root).then(written, (error: { code: string }) => error.code);
      await t.settle(1000);
      expect(t.took()).toEqual(['-a#1 killed']);
      void t.runtime.stop();
      await t.settle();
      expect(await asked).toBe('HOLDFAST_NO_SUCH_ACTOR');
      expect(t.end).toBe('shutdown');
    });
    expect(t.took()).toEqual([]);
  });

  it('Y1: in its turn, behind what waits; what is asked meanwhile waits in order', async () => {
    const t = await stage({ children: [worker('a'), worker('b')] });
    const handle = supervisorHandle(t.root);
    const before = terminateChild(t.root, 'a');
    const suspended = handle?.suspend();
    const order: string[] = [];
    void before.then(() => order.push('terminated'));
    void suspended?.then(() => order.push('suspended'));
    const after = [restartChild(t.root, 'a'), terminateChild(t.root, 'b'), whichChildren(t.root)] as const;
    await t.settle(1000);
    expect([order, t.took()]).toEqual([['terminated', 'suspended'], ['-a#1 shutdown']]);
    await handle?.suspend();
    handle?.resume();
    expect(written((await Promise.all(after))[2])).toEqual(['a#2', 'b -']);
  });

  it('Y1: resumed before it has come to it, it is not suspended; ended, it resolves', async () => {
    const t = await stage({ children: [worker('a')] });
    const handle = supervisorHandle(t.root);
    const suspended = handle?.suspend();
    handle?.resume();
    await suspended;
    expect(await t.which()).toEqual(['a#1']);
    const never = handle?.suspend();
    exit(t.root, killed);
    await never;
    await handle?.suspend();
  });
});
