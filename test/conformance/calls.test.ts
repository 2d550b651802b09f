/** C and D: starts, and what can be asked of a supervisor. */
import { describe, expect, it } from 'vitest';
import { fromCallback } from 'xstate';
import { AlreadyStartedError, NoSuchActorError, StartError } from '../../src/errors.js';
import { exit } from '../../src/runtime/index.js';
import {
  childSpec,
  countChildren,
  deleteChild,
  restartChild,
  startChild,
  stop,
  supervisor,
  terminateChild,
  whichChildren,
} from '../../supervisors/index.js';
import { died, killed, nested, normal, Stage, stage, worker } from './build.js';

const code = (error: { code: string }) => error.code;

describe('C: starts', () => {
  it('C1: from left to right, one at a time', async () => {
    const t = new Stage({ children: [worker('a'), nested('s', { children: [worker('x')] }), worker('b')] });
    await t.start();
    expect(t.took()).toEqual(['+a#1', '+s/x#1', '+s#1', '+b#1']);
  });

  it('case 1: without children', async () => {
    const t = await stage({ children: [] });
    await t.runtime.stop();
    expect(await t.runtime.exited).toEqual({ type: 'shutdown' });
  });

  it('C3, cases 3, 4: a child that asks to be ignored is no error; its spec is kept, a temporary one’s is not', async () => {
    const t = await stage({
      children: [
        worker('p', { starts: ['ignore'] }),
        worker('m', { starts: ['ignore'], restart: 'temporary' }),
        worker('t', { starts: ['ignore'], restart: 'transient' }),
      ],
    });
    expect(await t.which()).toEqual(['p -', 't -']);
    expect(await countChildren(t.root)).toEqual({ specs: 2, active: 0, supervisors: 0, workers: 2 });
    expect(await restartChild(t.root, 'p')).toMatchObject({ info: undefined });
    expect(await restartChild(t.root, 'm').catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    expect(t.reported()).toEqual([]);
  });

  it('C4, case 40: a failed start is reported, who had started ends in reverse order, nobody after it starts', async () => {
    const t = new Stage({
      children: [
        worker('a', { takes: 0, ends: died('odd') }),
        worker('b'),
        nested('s', { children: [worker('x', { starts: ['fail:e'] })] }),
        worker('c'),
      ],
    });
    expect(await t.start()).toMatchObject({ code: 'HOLDFAST_START', childId: 's', cause: { childId: 'x' } });
    expect(t.took()).toEqual([
      '+a#1',
      '+b#1',
      '!s/x#1 e',
      '-s#1 shutdown:StartError',
      '-b#1 shutdown',
      '-a#1 odd',
    ]);
    expect(t.reported()).toEqual([
      's start-error x e',
      'start-error s shutdown:StartError',
      'shutdown-error a odd',
    ]);
    expect(t.end).toBe('shutdown:StartError');
  });
});

describe('D1: startChild', () => {
  it('D1, case 24: it is the last in start order; its info is passed on', async () => {
    const t = await stage({ children: [worker('a')] });
    const started = await startChild(t.root, worker('b', { starts: ['ok:info'] }));
    expect(started).toEqual({ ref: await t.ref('b'), info: 'info' });
    expect(await t.which()).toEqual(['a#1', 'b#1']);
    await t.runtime.stop();
    expect(t.took()).toEqual(['+b#1', '-b#1 shutdown', '-a#1 shutdown']);
  });

  it('D1, case 24: a child of that id runs, is stopped, is being restarted', async () => {
    const t = await stage({ maxRestarts: 1000, children: [worker('a', { starts: ['ok', 'ok', 'fail:e'] })] });
    const error = await startChild(t.root, worker('a')).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AlreadyStartedError);
    expect(error).toMatchObject({ code: 'HOLDFAST_ALREADY_STARTED', childId: 'a', ref: await t.ref('a') });
    await terminateChild(t.root, 'a');
    expect(await startChild(t.root, worker('a')).catch(code)).toBe('HOLDFAST_ALREADY_PRESENT');
    await restartChild(t.root, 'a');
    const during = await t.batch((end) => {
      end('a');
      return startChild(t.root, worker('a')).catch(code);
    });
    expect(during).toBe('HOLDFAST_ALREADY_PRESENT');
  });

  it('D1, case 10: a start that fails is the caller’s; the spec is dropped, nothing is reported or counted', async () => {
    const t = await stage({ maxRestarts: 0, children: [] });
    for (let n = 0; n < 3; n++) {
      const error = await startChild(t.root, worker('a', { starts: ['fail:e'] })).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(StartError);
      expect(error).toMatchObject({ childId: 'a', cause: { message: 'e' } });
    }
    expect(await whichChildren(t.root)).toEqual([]);
    expect(t.reported()).toEqual([]);
  });

  it('D1, cases 3, 5: ignored: the spec is kept, a temporary one’s is not', async () => {
    const t = await stage({ children: [] });
    const ignored = { ref: undefined, info: undefined };
    expect(await startChild(t.root, worker('p', { starts: ['ignore'] }))).toStrictEqual(ignored);
    expect(await startChild(t.root, worker('m', { starts: ['ignore'], restart: 'temporary' }))).toEqual(
      ignored,
    );
    expect(await t.which()).toEqual(['p -']);
    expect(await countChildren(t.root)).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
  });

  it('D1, case 32: its name is borne by somebody outside: that one’s ref', async () => {
    const t = await stage({
      children: [
        nested('s', { children: [worker('x', { name: 'taken' })] }),
        worker('b', { starts: ['ok'] }),
      ],
    });
    const bearer = t.runtime.whereis('taken');
    const clash = { code: 'HOLDFAST_ALREADY_STARTED', ref: bearer };
    expect(await startChild(t.root, worker('a', { name: 'taken' })).catch((e: unknown) => e)).toMatchObject(
      clash,
    );
    expect(await t.which()).toEqual(['s#1', 'b#1']);
    await startChild(t.root, worker('free', { name: 'free' }));
    await terminateChild(t.root, 'free');
    await startChild(t.root, worker('thief', { name: 'free' }));
    expect(await restartChild(t.root, 'free').catch((e: unknown) => e)).toMatchObject({
      code: 'HOLDFAST_ALREADY_STARTED',
      ref: await t.ref('thief'),
    });
    expect(t.runtime.whereis('taken')).toBe(bearer);
  });

  it('D1: a spec that is wrong', async () => {
    const t = await stage({ children: [] });
    expect(await startChild(t.root, 'hej' as never).catch(code)).toBe('HOLDFAST_OPTIONS');
    expect(await startChild(t.root, {} as never).catch(code)).toBe('HOLDFAST_OPTIONS');
    expect(await startChild(t.root).catch(code)).toBe('HOLDFAST_OPTIONS');
    expect(await t.which()).toEqual([]);
  });
});

describe('D2: terminateChild', () => {
  it('D2, case 24: the spec stays, a temporary one is forgotten; done twice it does nothing', async () => {
    const t = await stage({ maxRestarts: 0, children: [worker('a'), worker('m', { restart: 'temporary' })] });
    await terminateChild(t.root, 'a');
    await terminateChild(t.root, 'a');
    await terminateChild(t.root, 'm');
    await t.settle();
    expect(await t.which()).toEqual(['a -']);
    expect(await terminateChild(t.root, 'm').catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    expect([t.took(), t.reported()]).toEqual([['-a#1 shutdown', '-m#1 shutdown'], []]);
  });

  it('D2: unknown ids and refs', async () => {
    const t = await stage({ children: [worker('a')] });
    expect(await terminateChild(t.root, 'zz').catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    expect(await terminateChild(t.root, await t.ref('a')).catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    expect(await t.which()).toEqual(['a#1']);
  });

  it('D2, case 83: of one that is being restarted it ends the attempts', async () => {
    const t = await stage({
      maxRestarts: 1000,
      children: [worker('a', { starts: ['ok'], later: 'fail:e' })],
    });
    await t.batch((end) => {
      end('a');
      return terminateChild(t.root, 'a');
    });
    await t.settle(1000);
    expect(t.took()).toEqual(['-a#1 killed', '!a#2 e']);
    expect(await t.which()).toEqual(['a -']);
  });
});

describe('D3: restartChild', () => {
  it('D3, cases 23, 24: starts who does not run; its info is passed on', async () => {
    const t = await stage({ children: [worker('a', { starts: ['ok', 'ok:info', 'ignore'] })] });
    expect(await restartChild(t.root, 'a').catch(code)).toBe('HOLDFAST_CHILD_RUNNING');
    expect(await restartChild(t.root, 'zz').catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    await terminateChild(t.root, 'a');
    expect(await restartChild(t.root, 'a')).toEqual({ ref: await t.ref('a'), info: 'info' });
    await terminateChild(t.root, 'a');
    expect(await restartChild(t.root, 'a')).toEqual({ ref: undefined, info: undefined });
    expect(await t.which()).toEqual(['a -']);
  });

  it('D3, case 11: a start that fails is the caller’s; the spec stays, nothing is reported or counted', async () => {
    const t = await stage({
      maxRestarts: 0,
      children: [worker('a', { starts: ['ok', 'fail:e', 'fail:e'] })],
    });
    await terminateChild(t.root, 'a');
    for (let n = 0; n < 2; n++) {
      expect(await restartChild(t.root, 'a').catch((e: unknown) => e)).toMatchObject({
        code: 'HOLDFAST_START',
        cause: { message: 'e' },
      });
    }
    expect([await t.which(), t.reported()]).toEqual([['a -'], []]);
    await restartChild(t.root, 'a');
    expect(await t.which()).toEqual(['a#4']);
  });

  it('D3, cases 35, 38: who finished in order can be started again', async () => {
    const t = await stage({ children: [worker('a', { restart: 'transient' })] });
    await t.ends('a', normal);
    expect(await t.which()).toEqual(['a -']);
    await restartChild(t.root, 'a');
    expect(await t.which()).toEqual(['a#2']);
  });
});

it('D4, case 24: deleteChild', async () => {
  const t = await stage({ children: [worker('a'), worker('b')] });
  expect(await deleteChild(t.root, 'a').catch(code)).toBe('HOLDFAST_CHILD_RUNNING');
  expect(await deleteChild(t.root, 'zz').catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
  await terminateChild(t.root, 'a');
  await deleteChild(t.root, 'a');
  expect(await deleteChild(t.root, 'a').catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
  await startChild(t.root, worker('a'));
  expect(await t.which()).toEqual(['b#1', 'a#2']);
});

describe('D3, D4, case 83: while a child is being restarted', () => {
  it('calls are answered between the attempts', async () => {
    const t = await stage({
      maxRestarts: 1000,
      children: [worker('a', { starts: ['ok'], later: 'fail:e' })],
    });
    const seen = await t.batch((end) => {
      end('a');
      return Promise.all([
        startChild(t.root, worker('a')).catch(code),
        restartChild(t.root, 'a').catch(code),
        deleteChild(t.root, 'a').catch(code),
        whichChildren(t.root).then(([a]) => a?.status),
        countChildren(t.root),
        childSpec(t.root, 'a').then(({ id }) => id),
      ]);
    });
    expect(seen).toEqual([
      'HOLDFAST_ALREADY_PRESENT',
      'HOLDFAST_CHILD_RESTARTING',
      'HOLDFAST_CHILD_RESTARTING',
      'restarting',
      { specs: 1, active: 0, supervisors: 0, workers: 1 },
      'a',
    ]);
  });

  it('it can be told to stop', async () => {
    const t = await stage({ maxRestarts: 1e6, children: [worker('a', { starts: ['ok'], later: 'fail:e' })] });
    await t.ends('a');
    const stopped = t.runtime.stop();
    await t.settle();
    await stopped;
    t.took();
    await t.settle(1000);
    expect([t.took(), t.end]).toEqual([[], 'shutdown']);
  });
});

it('D5, D7, case 30: which children, and how many, through a life', async () => {
  const t = await stage({
    children: [worker('a'), nested('s', { children: [] }), worker('m', { restart: 'temporary' })],
  });
  expect(await countChildren(t.root)).toEqual({ specs: 3, active: 3, supervisors: 1, workers: 2 });
  expect(await whichChildren(t.root)).toEqual([
    { id: 'a', ref: await t.ref('a'), type: 'worker', status: 'running' },
    { id: 's', ref: await t.ref('s'), type: 'supervisor', status: 'running' },
    { id: 'm', ref: await t.ref('m'), type: 'worker', status: 'running' },
  ]);
  await terminateChild(t.root, 's');
  await t.ends('m');
  expect(await countChildren(t.root)).toEqual({ specs: 2, active: 1, supervisors: 1, workers: 1 });
  expect(await t.which()).toEqual(['a#1', 's -']);
});

it('D7: active is who lives right now, before its exit has been served', async () => {
  const t = await stage({ children: [worker('a'), worker('b')] });
  const a = await t.ref('a');
  const counted = countChildren(t.root);
  exit(a, killed);
  expect(await counted).toMatchObject({ active: 1 });
});

describe('D8: childSpec', () => {
  it('D8, case 13: the spec with its defaults; a supervisor’s', async () => {
    const logic = fromCallback(() => {});
    const inner = supervisor({ children: [] });
    const t = await stage({
      children: [
        { id: 'a', logic, input: 1 },
        { id: 's', logic: inner, restart: 'transient', name: 's' },
      ],
    });
    expect(await childSpec(t.root, 'a')).toEqual({
      id: 'a',
      logic,
      input: 1,
      restart: 'permanent',
      significant: false,
      shutdown: 5000,
      startTimeout: 30_000,
      trapExit: false,
    });
    expect(await childSpec(t.root, 's')).toEqual({
      id: 's',
      logic: inner,
      name: 's',
      restart: 'transient',
      significant: false,
      shutdown: 'infinity',
      trapExit: false,
    });
    expect(await childSpec(t.root, 'zz').catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    expect(await childSpec(t.root, await t.ref('a')).catch(code)).toBe('HOLDFAST_NO_SUCH_CHILD');
    await startChild(t.root, { ...(await childSpec(t.root, 'a')), id: 'again' });
  });

  it('B6: of a temporary child no input is kept for another start', async () => {
    const t = await stage({
      children: [{ id: 'm', logic: fromCallback(() => {}), input: 1, restart: 'temporary' }],
    });
    expect(await childSpec(t.root, 'm')).not.toHaveProperty('input');
  });
});

it('D9, case 24: a supervisor that has ended answers nobody', async () => {
  const t = await stage({ children: [worker('a')] });
  const { root } = t;
  await t.runtime.stop();
  for (const asked of [
    startChild(root, worker('b')),
    terminateChild(root, 'a'),
    restartChild(root, 'a'),
    deleteChild(root, 'a'),
    whichChildren(root),
    countChildren(root),
    childSpec(root, 'a'),
  ]) {
    await expect(asked).rejects.toBeInstanceOf(NoSuchActorError);
  }
});

it('D9: who waits for an answer when it ends is told', async () => {
  const t = await stage({ children: [worker('a', { takes: 100 })] });
  const terminated = terminateChild(t.root, 'a').catch(code);
  const asked = countChildren(t.root).catch(code);
  exit(t.root, killed);
  expect(await Promise.all([terminated, asked])).toEqual([
    'HOLDFAST_NO_SUCH_ACTOR',
    'HOLDFAST_NO_SUCH_ACTOR',
  ]);
});

it('D10: stop(sup, reason): its children get shutdown, in reverse order and in their own time; it ends with the reason', async () => {
  const t = await stage({
    children: [
      nested(
        's',
        { children: [worker('a'), worker('b', { takes: 1000 })] },
        { restart: 'temporary', shutdown: 'brutal' },
      ),
    ],
  });
  const stopped = stop(await t.ref('s'), { type: 'shutdown', detail: 'x' });
  await t.settle(1100);
  await stopped;
  expect(t.took()).toEqual(['-s/b#1 shutdown', '-s/a#1 shutdown', '-s#1 shutdown:x']);
});
