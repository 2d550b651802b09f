/** H: strategies. The numbers are those of the specification of OTP's supervisors, the cases those of its own suite. */
import { describe, expect, it } from 'vitest';
import {
  countChildren,
  deleteChild,
  restartChild,
  type Strategy,
  startChild,
  terminateChild,
  whichChildren,
} from '../../supervisors/index.js';
import { because, died, nested, normal, shutdown, stage, worker, written } from './build.js';

const many = { maxRestarts: 5, within: '60s' } as const;
const abc = ['a', 'b', 'c'].map((id) => worker(id));

describe('H1, one-for-one', () => {
  it('H1, case 46: only the child; its place stays; the third kill is too much', async () => {
    const t = await stage({ maxRestarts: 2, children: abc });
    await t.ends('b');
    expect(t.took()).toEqual(['-b#1 killed', '+b#2']);
    expect(await t.which()).toEqual(['a#1', 'b#2', 'c#1']);
    await t.ends('b');
    await t.ends('a');
    expect(t.took()).toEqual(['-b#2 killed', '+b#3', '-a#1 killed', '-c#1 shutdown', '-b#3 shutdown']);
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it('case 47: a start that fails for ever ends the supervisor, and the sibling with it', async () => {
    const t = await stage({
      maxRestarts: 4,
      children: [worker('a', { starts: ['ok'], later: 'fail:e' }), worker('b')],
    });
    await t.ends('a');
    expect(t.took()).toEqual(['-a#1 killed', '!a#2 e', '!a#3 e', '!a#4 e', '!a#5 e', '-b#1 shutdown']);
    expect(t.end).toBe('shutdown:GaveUpError');
  });
});

describe('H2, one-for-all', () => {
  it('H2, case 48: all others end in reverse order, all start in order', async () => {
    const t = await stage({ ...many, strategy: 'one-for-all', maxRestarts: 2, children: abc });
    await t.ends('b');
    expect(t.took()).toEqual(['-b#1 killed', '-c#1 shutdown', '-a#1 shutdown', '+a#2', '+b#2', '+c#2']);
    expect(t.reported()).toEqual(['child-terminated b killed']);
    await t.ends('a', normal);
    await t.ends('c');
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it('H2: who had been terminated by order, had finished or was ignored is started as well', async () => {
    const t = await stage({
      ...many,
      strategy: 'one-for-all',
      children: [
        worker('a'),
        worker('b', { restart: 'transient' }),
        worker('i', { starts: ['ignore'] }),
        worker('c'),
      ],
    });
    await terminateChild(t.root, 'a');
    await t.ends('b', normal);
    expect(await t.which()).toEqual(['a -', 'b -', 'i -', 'c#1']);
    await t.ends('c');
    expect(await t.which()).toEqual(['a#2', 'b#2', 'i#2', 'c#2']);
  });

  it('case 49: a start that fails for ever ends the supervisor', async () => {
    const t = await stage({
      maxRestarts: 2,
      strategy: 'one-for-all',
      children: [worker('a', { starts: ['ok'], later: 'fail:e' }), worker('b')],
    });
    await t.ends('b');
    expect(t.took()).toEqual(['-b#1 killed', '-a#1 shutdown', '!a#2 e', '!a#3 e']);
    expect(t.end).toBe('shutdown:GaveUpError');
  });
});

describe('H3, rest-for-one', () => {
  it('H3, case 57: those after it as well, those before it untouched', async () => {
    const t = await stage({ ...many, strategy: 'rest-for-one', maxRestarts: 2, children: abc });
    await t.ends('b');
    expect(t.took()).toEqual(['-b#1 killed', '-c#1 shutdown', '+b#2', '+c#2']);
    expect(await t.which()).toEqual(['a#1', 'b#2', 'c#2']);
    await t.ends('c');
    expect(t.took()).toEqual(['-c#2 killed', '+c#3']);
    await t.ends('a');
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it('H3: who does not run is started when it stands after, not before', async () => {
    const children = ['a', 'b', 'c', 'd'].map((id) => worker(id, { restart: 'transient' }));
    const t = await stage({ ...many, strategy: 'rest-for-one', children });
    await terminateChild(t.root, 'a');
    await terminateChild(t.root, 'c');
    await t.ends('d', shutdown);
    await t.ends('b');
    expect(await t.which()).toEqual(['a -', 'b#2', 'c#2', 'd#2']);
  });

  it('case 58: a start that fails for ever ends the supervisor', async () => {
    const t = await stage({
      maxRestarts: 1,
      strategy: 'rest-for-one',
      children: [worker('a'), worker('b', { starts: ['ok'], later: 'fail:e' })],
    });
    await t.ends('b');
    expect(t.took()).toEqual(['-b#1 killed', '!b#2 e', '-a#1 shutdown']);
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it('case 90: the order is that of the specs, not of the ids', async () => {
    const children = ['e', 'a', 'd', 'b', 'c'].map((id) => worker(id));
    const t = await stage({ ...many, strategy: 'rest-for-one', children });
    await t.ends('d');
    expect(t.took()).toEqual(['-d#1 killed', '-c#1 shutdown', '-b#1 shutdown', '+d#2', '+b#2', '+c#2']);
    await t.runtime.stop();
    expect(t.took().map((line) => line[1])).toEqual(['c', 'b', 'd', 'a', 'e']);
  });
});

describe('H4: a sibling’s start fails in a group restart', () => {
  const children = (starts: readonly ('ok' | 'fail:e')[]) => [
    worker('a'),
    worker('b', { starts }),
    worker('c'),
  ];

  it('H4, case 50: one-for-all is tried again for the sibling: who had started is stopped again', async () => {
    const t = await stage({ ...many, strategy: 'one-for-all', children: children(['ok', 'fail:e']) });
    await t.ends('a');
    expect(t.took()).toEqual([
      '-a#1 killed',
      '-c#1 shutdown',
      '-b#1 shutdown',
      '+a#2',
      '!b#2 e',
      '-a#2 shutdown',
      '+a#3',
      '+b#3',
      '+c#2',
    ]);
    expect(t.reported()).toEqual(['child-terminated a killed', 'start-error b e']);
  });

  it('H4, case 59: rest-for-one is tried again for the sibling: those before it stay', async () => {
    const t = await stage({ ...many, strategy: 'rest-for-one', children: children(['ok', 'fail:e']) });
    await t.ends('a');
    expect(t.took()).toEqual([
      '-a#1 killed',
      '-c#1 shutdown',
      '-b#1 shutdown',
      '+a#2',
      '!b#2 e',
      '+b#3',
      '+c#2',
    ]);
  });

  it('H4, H5: each attempt counts, none is a child that ended', async () => {
    const t = await stage({
      ...many,
      maxRestarts: 3,
      strategy: 'one-for-all',
      children: children(['ok', 'fail:e', 'fail:e', 'fail:e']),
    });
    await t.ends('a');
    expect(t.reported()).toEqual([
      'child-terminated a killed',
      'start-error b e',
      'start-error b e',
      'start-error b e',
      'shutdown b shutdown:GaveUpError',
    ]);
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it('H4: meanwhile it is restarting, and those after it do not run; who is started by order is stopped by the retry', async () => {
    const t = await stage({ ...many, strategy: 'rest-for-one', children: children(['ok', 'fail:e']) });
    const seen = await t.batch((end) => {
      end('b');
      return Promise.all([whichChildren(t.root).then(written), restartChild(t.root, 'c')]);
    });
    expect(seen[0]).toEqual(['a#1', 'b restarting', 'c -']);
    expect(t.took()).toEqual([
      '-b#1 killed',
      '-c#1 shutdown',
      '!b#2 e',
      '+c#2',
      '-c#2 shutdown',
      '+b#3',
      '+c#3',
    ]);
  });

  it('case 84: calls between the attempts, with siblings', async () => {
    const t = await stage({
      maxRestarts: 1000,
      strategy: 'rest-for-one',
      children: [worker('a'), worker('b', { starts: ['ok'], later: 'fail:e' }), worker('c')],
    });
    const code = (error: { code: string }) => error.code;
    const seen = await t.batch((end) => {
      end('b');
      return Promise.all([
        startChild(t.root, worker('b')).catch(code),
        restartChild(t.root, 'b').catch(code),
        deleteChild(t.root, 'b').catch(code),
        whichChildren(t.root).then(written),
        countChildren(t.root),
        terminateChild(t.root, 'b'),
        whichChildren(t.root).then(written),
      ]);
    });
    expect(seen).toEqual([
      'HOLDFAST_ALREADY_PRESENT',
      'HOLDFAST_CHILD_RESTARTING',
      'HOLDFAST_CHILD_RESTARTING',
      ['a#1', 'b restarting', 'c -'],
      { specs: 3, active: 1, supervisors: 0, workers: 3 },
      undefined,
      ['a#1', 'b -', 'c -'],
    ]);
    expect(t.took()).toEqual(['-b#1 killed', '-c#1 shutdown', '!b#2 e']);
  });
});

describe('H6: deaths at the same time are served in the order in which they came', () => {
  const dies = (strategy: Strategy) =>
    stage({ ...many, maxRestarts: 1, strategy, children: [...abc, worker('d', { restart: 'transient' })] });

  it('one-for-all: a sibling that is dead already does not count again; its end is a shutdown error', async () => {
    const t = await dies('one-for-all');
    await t.batch(async (end) => {
      end('a');
      end('c', died());
      end('b', normal);
      end('d', because('x'));
    });
    expect(t.took().slice(4)).toEqual(['+a#2', '+b#2', '+c#2', '+d#2']);
    expect(t.reported()).toEqual([
      'child-terminated a killed',
      'shutdown-error c died',
      'shutdown-error b normal',
    ]);
  });

  it('rest-for-one: one that stands before the first is a second restart', async () => {
    const t = await dies('rest-for-one');
    await t.batch(async (end) => {
      end('c');
      end('b');
    });
    expect(t.reported()).toEqual([
      'child-terminated c killed',
      'child-terminated b killed',
      'shutdown b shutdown:GaveUpError',
    ]);
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it('rest-for-one: one that stands after it is consumed', async () => {
    const t = await dies('rest-for-one');
    await t.batch(async (end) => {
      end('b');
      end('d', normal);
      end('c');
    });
    expect(t.took()).toEqual(['-b#1 killed', '-d#1 normal', '-c#1 killed', '+b#2', '+c#2', '+d#2']);
    expect(t.reported()).toEqual(['child-terminated b killed', 'shutdown-error c killed']);
  });

  it('one-for-one: each is a restart', async () => {
    const t = await dies('one-for-one');
    await t.batch(async (end) => {
      end('a');
      end('b');
    });
    expect(t.end).toBe('shutdown:GaveUpError');
  });
});

describe('temporary siblings', () => {
  it.each(['one-for-all', 'rest-for-one'] as const)('case 44: %s ends them for good', async (strategy) => {
    const t = await stage({
      ...many,
      strategy,
      children: [
        worker('a'),
        worker('t', { restart: 'temporary' }),
        nested('s', { children: [worker('q')] }, { restart: 'temporary' }),
        worker('b'),
      ],
    });
    await t.ends('a');
    expect(t.took()).toEqual([
      '-a#1 killed',
      '-b#1 shutdown',
      '-s/q#1 shutdown',
      '-s#1 shutdown',
      '-t#1 shutdown',
      '+a#2',
      '+b#2',
    ]);
    expect(await t.which()).toEqual(['a#2', 'b#2']);
    await startChild(t.root, worker('t', { restart: 'temporary' }));
    await t.ends('t');
    expect(await t.which()).toEqual(['a#2', 'b#2']);
  });
});
