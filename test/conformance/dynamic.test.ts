/** E, simple_one_for_one, and what Elixir's DynamicSupervisor adds. */
import { describe, expect, it } from 'vitest';
import { createActor, createMachine, fromCallback } from 'xstate';
import {
  childSpec,
  countChildren,
  deleteChild,
  dynamicSupervisor,
  restartChild,
  type SupervisorRef,
  startChild,
  terminateChild,
  whichChildren,
} from '../../supervisors/index.js';
import {
  because,
  died,
  dynamicStage,
  end,
  killed,
  normal,
  type Role,
  type Stage,
  stage,
  worker,
} from './build.js';

const code = (error: { code: string }) => error.code;
const started = async (t: Stage, role: Role = {}) => (await startChild(t.root, role)).ref as SupervisorRef;
const ends = async (t: Stage, ref: SupervisorRef, reason: Parameters<typeof end>[1] = killed) => {
  end(ref, reason);
  await t.settle();
};

describe('E1: startChild', () => {
  it('E1, case 53: begins with none; each start is one more of the kind; info is passed on', async () => {
    const t = await dynamicStage();
    expect(await countChildren(t.root)).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 0 });
    expect(await startChild(t.root, { starts: ['ok:info'] })).toMatchObject({ info: 'info' });
    await started(t);
    expect(await countChildren(t.root)).toEqual({ specs: 1, active: 2, supervisors: 0, workers: 2 });
  });

  it('case 12: a failed start is the caller’s; nothing is kept or reported', async () => {
    const t = await dynamicStage({ maxRestarts: 0 });
    expect(await startChild(t.root, { starts: ['fail:no'] }).catch((e: unknown) => e)).toMatchObject({
      code: 'HOLDFAST_START',
      cause: { message: 'no' },
    });
    expect([await whichChildren(t.root), t.reported()]).toEqual([[], []]);
  });

  it.each(['permanent', 'transient', 'temporary'] as const)(
    'cases 6, 7: ignored, %s: not stored',
    async (restart) => {
      const t = await dynamicStage({}, { restart });
      expect(await startChild(t.root, { starts: ['ignore'] })).toEqual({ ref: undefined, info: undefined });
      await started(t);
      expect(await countChildren(t.root)).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
    },
  );

  it('E1: all arguments reach the function; what it throws, or a wrong spec, is the caller’s', async () => {
    const given: unknown[][] = [];
    const t = await stage(
      dynamicSupervisor({
        child: (...args: unknown[]) => {
          given.push(args);
          if (args[0] === 'throw') throw new Error('no');
          return { logic: fromCallback(() => {}), ...(args[0] as object) };
        },
      }),
    );
    await startChild(t.root, {}, 2, 'three');
    expect(given).toEqual([[{}, 2, 'three']]);
    expect(await startChild(t.root, 'throw').catch((e: unknown) => e)).toMatchObject({
      code: 'HOLDFAST_START',
      cause: { message: 'no' },
    });
    for (const wrong of [
      { restrat: 1 },
      { restart: 'always' },
      { shutdown: -1 },
      { name: '' },
      { ready: 1 },
      { id: 'x' },
    ]) {
      expect(await startChild(t.root, wrong).catch(code)).toBe('HOLDFAST_OPTIONS');
    }
    await startChild(t.root, {});
    expect(await whichChildren(t.root)).toHaveLength(2);
  });
});

describe('E2: addressed by ref', () => {
  it('E2, cases 25, 31: terminateChild by id, by ref, again, of a stranger', async () => {
    const t = await dynamicStage();
    const [x, y] = [await started(t), await started(t)];
    const stranger = createActor(createMachine({})).start();
    expect(await terminateChild(t.root, '1').catch(code)).toBe('HOLDFAST_DYNAMIC_CHILD');
    await terminateChild(t.root, x);
    await terminateChild(t.root, x);
    expect(await terminateChild(t.root, stranger).catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    expect(await terminateChild(t.root, t.root).catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    stranger.stop();
    await terminateChild(t.root, stranger);
    expect((await whichChildren(t.root)).map(({ ref }) => ref)).toEqual([y]);
    expect(t.took().slice(2)).toEqual(['-1#1 shutdown']);
  });

  it('E2, case 25: restartChild, deleteChild: there is nothing to restart or to delete', async () => {
    const t = await dynamicStage();
    await started(t);
    expect(await restartChild(t.root, '1').catch(code)).toBe('HOLDFAST_DYNAMIC_CHILD');
    expect(await deleteChild(t.root, '1').catch(code)).toBe('HOLDFAST_DYNAMIC_CHILD');
  });

  it('E2, case 85: the old ref of one that is being restarted ends the attempts', async () => {
    const t = await dynamicStage({ maxRestarts: 1000 });
    const x = await started(t, { starts: ['ok'], later: 'fail:e' });
    const seen = await t.batch((_end) => {
      end(x, killed);
      return Promise.all([
        whichChildren(t.root),
        countChildren(t.root),
        childSpec(t.root, x).then(({ id }) => id),
        terminateChild(t.root, x),
        countChildren(t.root),
      ]);
    });
    expect(seen).toEqual([
      [{ id: '1', ref: undefined, type: 'worker', status: 'restarting' }],
      { specs: 1, active: 0, supervisors: 0, workers: 1 },
      '1',
      undefined,
      // E6: OTP's own count goes below nothing here.
      { specs: 1, active: 0, supervisors: 0, workers: 0 },
    ]);
    await t.settle(1000);
    expect(t.took()).toEqual(['+1#1', '-1#1 killed', '!1#2 e']);
  });

  it('E2: a ref of an incarnation before the present one is a dead one', async () => {
    const t = await dynamicStage();
    const x = await started(t);
    await ends(t, x);
    await terminateChild(t.root, x);
    expect(await countChildren(t.root)).toMatchObject({ active: 1 });
  });

  it('D8, case 14: childSpec by ref', async () => {
    const t = await dynamicStage({}, { restart: 'transient', shutdown: '1s' });
    const x = await started(t);
    expect(await childSpec(t.root, x)).toMatchObject({ id: '1', restart: 'transient', shutdown: 1000 });
    expect(await childSpec(t.root, '1').catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    expect(await childSpec(t.root, t.root).catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    // OTP tells it of any process that is dead.
    await ends(t, x, normal);
    expect(await childSpec(t.root, x)).toMatchObject({ id: '1', restart: 'transient' });
    const other = await dynamicStage();
    expect(await childSpec(other.root, x).catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
  });
});

describe('E3: an instance ends', () => {
  it.each([
    ['permanent', normal, true],
    ['transient', normal, false],
    ['transient', because('x'), false],
    ['transient', died(), true],
    ['temporary', killed, false],
  ] as const)('E3: %s after %o: started again or gone', async (restart, reason, again) => {
    const t = await dynamicStage({}, { restart });
    await ends(t, await started(t), reason);
    expect((await whichChildren(t.root)).length).toBe(again ? 1 : 0);
  });

  it('E3: a restart keeps the spec, and its input', async () => {
    const inputs: unknown[] = [];
    const logic = fromCallback(({ input }) => void inputs.push(input));
    const t = await stage(dynamicSupervisor({ child: (input: unknown) => ({ logic, input }) }));
    for (const input of ['one', 'two']) await startChild(t.root, input);
    for (const { ref } of await whichChildren(t.root)) end(ref as never, killed);
    await t.settle();
    expect(inputs).toEqual(['one', 'two', 'one', 'two']);
  });

  it('E5, case 56: a restart that asks to be ignored removes it', async () => {
    for (const restart of ['permanent', 'transient'] as const) {
      const t = await dynamicStage({}, { restart });
      await ends(t, await started(t, { starts: ['ok', 'ignore'] }));
      expect(await whichChildren(t.root)).toEqual([]);
      expect(await countChildren(t.root)).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 0 });
    }
  });

  it('case 51: one-for-one, and its intensity', async () => {
    const t = await dynamicStage({ maxRestarts: 2 });
    const [x, y] = [await started(t), await started(t)];
    await ends(t, x);
    expect((await whichChildren(t.root)).map(({ ref }) => ref)).toContain(y);
    await ends(t, y);
    await ends(t, (await whichChildren(t.root))[0]?.ref as never);
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it('case 54: a start that fails for ever ends it', async () => {
    const t = await dynamicStage({ maxRestarts: 2 }, { takes: 20 });
    const [, y] = [await started(t), await started(t, { starts: ['ok'], later: 'fail:e' }), await started(t)];
    end(y, died('boom'));
    await t.settle(100);
    expect(t.reported()).toEqual([
      'child-terminated 2 boom',
      'start-error 2 e',
      'start-error 2 e',
      'shutdown 2 shutdown:GaveUpError',
    ]);
    expect(t.took().slice(-2)).toEqual(['-1#1 shutdown', '-3#1 shutdown']);
  });

  it('case 78: those that are being restarted are counted, and not active', async () => {
    const t = await dynamicStage({ maxRestarts: 1000 });
    const starts = ['ok', 'fail:e', 'ok'] as const;
    const refs = [await started(t, { starts }), await started(t, { starts }), await started(t)];
    const counted = await t.batch(() => {
      end(refs[0] as never, killed);
      end(refs[1] as never, killed);
      return countChildren(t.root);
    });
    expect(counted).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 3 });
    expect(await countChildren(t.root)).toEqual({ specs: 1, active: 3, supervisors: 0, workers: 3 });
    for (const { ref } of await whichChildren(t.root)) await terminateChild(t.root, ref as never);
    expect(await countChildren(t.root)).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 0 });
  });
});

describe('E4: it ends', () => {
  it('E4, cases 18, 52: all are told at once, each within its own time', async () => {
    const t = await dynamicStage();
    await started(t, { takes: 1000, shutdown: 2000 });
    await started(t, { takes: 1000, shutdown: 2000 });
    await started(t, { takes: 5000, shutdown: 2000 });
    await started(t, { takes: 5000, shutdown: 300 });
    t.took();
    const stopped = t.runtime.stop();
    await t.settle(500);
    expect(t.took()).toEqual(['-4#1 killed']);
    await t.settle(1000);
    expect(t.took()).toEqual(['-1#1 shutdown', '-2#1 shutdown']);
    await t.settle(400);
    expect([t.took(), t.end]).toEqual([[], undefined]);
    await t.settle(200);
    await stopped;
    expect([t.took(), t.end]).toEqual([['-3#1 killed'], 'shutdown']);
  });

  it('E4: wrong ends are reported together, by reason', async () => {
    const t = await dynamicStage();
    for (const word of ['x', 'y', 'x']) await started(t, { takes: 0, ends: died(word) });
    await started(t, { takes: 1000, shutdown: 10 });
    await started(t);
    const stopped = t.runtime.stop();
    await t.settle(1000);
    await stopped;
    expect(t.reported().sort()).toEqual([
      'shutdown-error 1×2 x',
      'shutdown-error 2×1 y',
      'shutdown-error 4×1 killed',
    ]);
  });

  it('case 20: brutal: all are killed', async () => {
    const t = await dynamicStage({}, { shutdown: 'brutal', takes: 10_000 });
    for (let n = 0; n < 10; n++) await started(t);
    t.took();
    await t.runtime.stop();
    expect(t.took()).toEqual(Array.from({ length: 10 }, (_, n) => `-${n + 1}#1 killed`));
    expect(t.reported()).toEqual([]);
  });

  it('case 22: whatever they answer, it ends with shutdown', async () => {
    const t = await dynamicStage();
    for (const reason of [died(), because('x'), killed]) await started(t, { takes: 0, ends: reason });
    await t.runtime.stop();
    expect(t.end).toBe('shutdown');
  });
});

describe('DS: Elixir’s additions', () => {
  it('DS4: maxChildren; those that are being restarted count', async () => {
    const t = await dynamicStage({ maxChildren: 2, maxRestarts: 1000 });
    const x = await started(t, { starts: ['ok'], later: 'fail:e' });
    await started(t);
    expect(await startChild(t.root).catch((e: unknown) => e)).toMatchObject({
      code: 'HOLDFAST_MAX_CHILDREN',
      maxChildren: 2,
    });
    const during = await t.batch(() => {
      end(x, killed);
      return Promise.all([startChild(t.root).catch(code), terminateChild(t.root, x), startChild(t.root)]);
    });
    expect(during[0]).toBe('HOLDFAST_MAX_CHILDREN');
    expect(await countChildren(t.root)).toMatchObject({ active: 2 });
  });

  it('DS4: none at all', async () => {
    const t = await dynamicStage({ maxChildren: 0 });
    expect(await startChild(t.root).catch(code)).toBe('HOLDFAST_MAX_CHILDREN');
  });

  it('DS4: a start that failed, was ignored or has ended makes room', async () => {
    const t = await dynamicStage({ maxChildren: 1 }, { restart: 'temporary' });
    await startChild(t.root, { starts: ['fail:e'] }).catch(code);
    await startChild(t.root, { starts: ['ignore'] });
    await ends(t, await started(t));
    await started(t);
  });
});

it('K2: restarted it begins with none, and gives no number again', async () => {
  const pool = dynamicSupervisor({ maxRestarts: 0, child: () => ({ logic: worker('-').logic }) });
  const t = await stage({ children: [{ id: 's', logic: pool }] });
  const s = async () => (await t.ref('s')) as SupervisorRef;
  const { ref } = await startChild(await s());
  end(ref as never, killed);
  await t.settle();
  expect(await whichChildren(await s())).toEqual([]);
  await startChild(await s());
  expect(t.took()).toEqual(['+s/1#1', '-s/1#1 killed', '-s#1 shutdown:GaveUpError', '+s#2', '+s/2#1']);
});

it('case 76, 77: a thousand of each, counted and killed', async () => {
  const t = await stage(
    dynamicSupervisor({
      child: (kind: 'worker' | 'supervisor') => ({
        logic:
          kind === 'worker' ? (worker('-').logic as never) : dynamicSupervisor({ child: () => worker('-') }),
        restart: 'temporary',
      }),
    }),
  );
  for (let n = 0; n < 1000; n++) {
    await startChild(t.root, 'worker');
    await startChild(t.root, 'supervisor');
  }
  expect(await countChildren(t.root)).toEqual({ specs: 1, active: 2000, supervisors: 1000, workers: 1000 });
  for (const { ref } of await whichChildren(t.root)) end(ref as never, killed);
  await t.settle();
  expect(await countChildren(t.root)).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 0 });
});
