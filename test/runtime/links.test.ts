import { describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromCallback, fromTransition } from 'xstate';
import { NoSuchActorError, StateError } from '../../src/errors.js';
import {
  type ChildSpec,
  type DownEvent,
  demonitor,
  type ExitEvent,
  type ExitReason,
  exit,
  join,
  link,
  members,
  monitor,
  send,
  unlink,
} from '../../src/runtime/index.js';
import { existingTies } from '../../src/runtime/ties.js';
import { child, supervisor } from '../../supervisors/index.js';
import { obedient, type Running, running, turns } from './running.js';

const killed: ExitReason = { type: 'killed' };
const normal: ExitReason = { type: 'normal' };
const noproc = { type: 'error', error: expect.any(NoSuchActorError) };

type Told = ExitEvent | DownEvent | { readonly type: string };

interface Watched extends Running {
  /** What each of them was told, by name. */
  readonly got: Readonly<Record<string, Told[]>>;
}

/** Temporary actors of these names; a `+` after one: it traps exits. They do what `obedient` does, and note what they get. */
async function actors(...names: string[]): Promise<Watched> {
  const got: Record<string, Told[]> = {};
  const specs: ChildSpec[] = names.map((given) => {
    const name = given.replace('+', '');
    const told: Told[] = [];
    got[name] = told;
    const logic = fromTransition((_: undefined, event: Told & { error?: unknown }, { self }): undefined => {
      if (event.type === 'throw') throw event.error;
      if (event.type === 'finish') return void exit(self, normal);
      if (event.type !== 'xstate.stop') told.push(event);
    }, undefined);
    const trapExit = given.endsWith('+');
    return child({ id: name, name, logic, restart: 'temporary', trapExit, shutdown: 'brutal' });
  });
  return { ...(await running({ children: specs })), got };
}

const reasonsOf = (t: Running): Record<string, ExitReason> =>
  Object.fromEntries(
    t.events.flatMap((event) =>
      event.type === 'actor.crashed' || event.type === 'actor.stopped' ? [[event.id, event.reason]] : [],
    ),
  );

describe('P1: a link', () => {
  test('P1: ends both, whichever ends first, with the same reason', async () => {
    const t = await actors('a', 'b', 'c', 'd');
    const error = new Error('x');
    link(t.who('a'), t.who('b'));
    link(t.who('c'), t.who('d'));
    t.who('b').send({ type: 'throw', error });
    exit(t.who('c'), { type: 'shutdown', detail: 7 });
    expect(reasonsOf(t)).toEqual({
      a: { type: 'error', error },
      b: { type: 'error', error },
      c: { type: 'shutdown', detail: 7 },
      d: { type: 'shutdown', detail: 7 },
    });
  });

  test('P1: whoever ended first is told of first', async () => {
    const t = await actors('a', 'b');
    link(t.who('a'), t.who('b'));
    exit(t.who('b'), killed);
    expect(t.told('actor.crashed')).toEqual(['actor.crashed root/b#1', 'actor.crashed root/a#1']);
  });

  test('P1: is one a pair, however often and from whichever side it is made', async () => {
    const t = await actors('a+', 'b');
    for (const _ of [1, 2]) {
      link(t.who('a'), t.who('b'));
      link(t.who('b'), t.who('a'));
    }
    const b = t.who('b');
    exit(b, killed);
    await turns();
    expect(t.got.a).toEqual([{ type: 'holdfast.exit', from: b, reason: killed }]);
  });

  test('P1: made often, cut once, is cut', async () => {
    const t = await actors('a', 'b');
    link(t.who('a'), t.who('b'));
    link(t.who('b'), t.who('a'));
    unlink(t.who('b'), t.who('a'));
    exit(t.who('b'), killed);
    expect(reasonsOf(t)).toEqual({ b: killed });
  });

  test('P1: to oneself is none', async () => {
    const t = await actors('a');
    link(t.who('a'), t.who('a'));
    expect(existingTies(t.who('a'))?.links.size ?? 0).toBe(0);
  });

  test.each([
    ['the first', true],
    ['the second', false],
  ])('P1: to a dead actor is an exit signal noproc: %s is dead', async (_, firstDead) => {
    const t = await actors('a', 'b+', 'dead');
    const dead = t.who('dead');
    exit(dead, killed);
    for (const living of [t.who('a'), t.who('b')]) {
      if (firstDead) link(dead, living);
      else link(living, dead);
    }
    await turns();
    expect(reasonsOf(t).a).toEqual(noproc);
    expect(t.got.b).toEqual([{ type: 'holdfast.exit', from: dead, reason: noproc }]);
  });

  test('P1: between two that are dead is nothing', async () => {
    const t = await actors('a', 'b');
    const [a, b] = [t.who('a'), t.who('b')];
    exit(a, killed);
    exit(b, killed);
    link(a, b);
  });

  test('P1: after unlink no exit of it comes, not even one that was in the mailbox', async () => {
    const t = await actors('a+', 'b', 'c', 'dead');
    const [a, b, c, dead] = ['a', 'b', 'c', 'dead'].map((name) => t.who(name)) as [
      AnyActorRef,
      AnyActorRef,
      AnyActorRef,
      AnyActorRef,
    ];
    exit(dead, killed);
    link(a, b);
    link(a, c);
    link(a, dead);
    exit(b, killed);
    exit(c, killed);
    unlink(a, b);
    unlink(dead, a);
    await turns();
    expect(t.got.a).toEqual([{ type: 'holdfast.exit', from: c, reason: killed }]);
  });

  test('P1: a signal that has not arrived yet can be cut off, too', async () => {
    const refs: Record<string, AnyActorRef> = {};
    // Disposed of in the midst of the signals that the hub's end sends out.
    const cutter = fromCallback(() => () => unlink(refs.hub as AnyActorRef, refs.last as AnyActorRef));
    const t = await running({
      children: ['hub', 'cutter', 'last'].map((id) =>
        child({ id, name: id, logic: id === 'cutter' ? cutter : obedient, restart: 'temporary' }),
      ),
    });
    for (const id of ['hub', 'cutter', 'last']) refs[id] = t.who(id);
    link(t.who('hub'), t.who('cutter'));
    link(t.who('hub'), t.who('last'));
    exit(t.who('hub'), killed);
    expect(Object.keys(reasonsOf(t))).toEqual(['hub', 'cutter']);
  });

  test('P1: needs supervised actors', async () => {
    const t = await actors('a');
    const plain = createActor(obedient).start();
    expect(() => link(t.who('a'), plain)).toThrow(StateError);
    expect(() => link(plain, t.who('a'))).toThrow(/link: .*not supervised/);
  });

  test('P1: the supervisor of whoever is ended by a link restarts it, as for any crash', async () => {
    const t = await running({
      children: ['a', 'b'].map((id) => child({ id, name: id, logic: obedient })),
    });
    link(t.who('a'), t.who('b'));
    exit(t.who('a'), { type: 'error', error: new Error('x') });
    await vi.waitFor(() => expect([t.incarnation('a'), t.incarnation('b')]).toEqual([2, 2]));
    exit(t.who('a'), killed);
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(3));
    expect(t.incarnation('b')).toBe(2);
  });

  test('P1: children that are linked are stopped in order, and nobody is restarted for it', async () => {
    const t = await running({
      children: ['a', 'b', 'c'].map((id) => child({ id, name: id, logic: obedient })),
    });
    link(t.who('a'), t.who('c'));
    await t.runtime.stop();
    expect(reasonsOf(t)).toMatchObject({
      a: { type: 'shutdown' },
      b: { type: 'shutdown' },
      c: { type: 'shutdown' },
    });
    expect(t.told('actor.started').filter((line) => line.endsWith('#2'))).toEqual([]);
    expect(t.told('actor.crashed')).toEqual([]);
  });

  test('P1: under one-for-all a crash that takes a linked sibling along is one restart', async () => {
    const t = await running({
      strategy: 'one-for-all',
      maxRestarts: 1,
      children: ['a', 'b', 'c'].map((id) => child({ id, name: id, logic: obedient })),
    });
    link(t.who('a'), t.who('b'));
    exit(t.who('b'), killed);
    await vi.waitFor(() => expect(['a', 'b', 'c'].map((id) => t.incarnation(id))).toEqual([2, 2, 2]));
    await turns();
    expect(t.told('supervisor.gave-up')).toEqual([]);
  });

  test('P1: one that is still starting ends, and that is its failed start', async () => {
    let starts = 0;
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: obedient, input: () => ({ waits: starts++ === 1 }) }),
        child({ id: 'b', name: 'b', logic: obedient, restart: 'temporary' }),
      ],
    });
    exit(t.who('a'), killed);
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    link(t.who('a'), t.who('b'));
    exit(t.who('b'), killed);
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(3));
    expect(t.events).toContainEqual(
      expect.objectContaining({ type: 'actor.crashed', id: 'a', incarnation: 2, starting: true }),
    );
  });

  test('P1: a chain of 10,000 ends without growing the stack, and leaves nothing', async () => {
    const length = 10_000;
    const idle = fromTransition((_: undefined) => _, undefined);
    const t = await running({
      children: Array.from({ length }, (_, n) =>
        child({ id: `${n}`, name: `${n}`, logic: idle, restart: 'temporary' }),
      ),
    });
    const refs = Array.from({ length }, (_, n) => t.who(`${n}`));
    for (let n = 1; n < length; n++) link(refs[n - 1] as AnyActorRef, refs[n] as AnyActorRef);
    exit(refs[0] as AnyActorRef, killed);
    expect(t.told('actor.crashed')).toHaveLength(length);
    expect(refs.every((ref) => existingTies(ref)?.links.size === 0)).toBe(true);
  });
});

describe('P2: an exit signal', () => {
  test('P2: normal over a link ends nobody; one that traps is told', async () => {
    const t = await actors('a', 'b+', 'c');
    const c = t.who('c');
    link(t.who('a'), c);
    link(t.who('b'), c);
    c.send({ type: 'finish' });
    await turns();
    expect(reasonsOf(t)).toEqual({ c: normal });
    expect(t.got.b).toEqual([{ type: 'holdfast.exit', from: c, reason: normal }]);
  });

  test('P2: one that traps exits is told of any other reason, and lives', async () => {
    const t = await actors('a+', 'b', 'c', 'd');
    const error = new Error('x');
    const ends: [string, ExitReason][] = [
      ['b', { type: 'error', error }],
      ['c', { type: 'shutdown' }],
      ['d', killed],
    ];
    const expected = ends.map(([name, reason]) => ({ type: 'holdfast.exit', from: t.who(name), reason }));
    for (const [name] of ends) link(t.who('a'), t.who(name));
    for (const [name, reason] of ends) exit(t.who(name), reason);
    await turns();
    expect(t.got.a).toEqual(expected);
  });

  test('P2: kill cannot be trapped; the victim’s links see killed, which can be', async () => {
    const t = await actors('victim+', 'trapping+', 'plain', 'behind+');
    const [victim, plain] = [t.who('victim'), t.who('plain')];
    link(victim, t.who('trapping'));
    link(victim, plain);
    link(plain, t.who('behind'));
    exit(victim, killed);
    await turns();
    expect(t.got.victim).toEqual([]);
    expect(reasonsOf(t)).toEqual({ victim: killed, plain: killed });
    expect(t.got.trapping).toEqual([{ type: 'holdfast.exit', from: victim, reason: killed }]);
    expect(t.got.behind).toEqual([{ type: 'holdfast.exit', from: plain, reason: killed }]);
  });

  test('P2: exit from outside: normal is ignored, any other reason ends, one that traps is told', async () => {
    const t = await actors('a', 'b+');
    exit(t.who('a'), normal);
    expect(reasonsOf(t)).toEqual({});
    for (const reason of [normal, { type: 'shutdown' } as const]) exit(t.who('b'), reason);
    exit(t.who('a'), { type: 'shutdown' });
    await turns();
    expect(reasonsOf(t)).toEqual({ a: { type: 'shutdown' } });
    expect(t.got.b).toEqual([
      { type: 'holdfast.exit', from: undefined, reason: normal },
      { type: 'holdfast.exit', from: undefined, reason: { type: 'shutdown' } },
    ]);
  });

  test('P2: exit from another actor tells from whom', async () => {
    const by = createMachine({
      on: { go: { actions: ({ event }) => exit(event.target, { type: 'shutdown' }) } },
    });
    const got: unknown[] = [];
    const t = await running({
      children: [
        child({ id: 'by', name: 'by', logic: by }),
        child({
          id: 'b',
          name: 'b',
          trapExit: true,
          shutdown: 'brutal',
          logic: fromTransition((_: undefined, event) => void got.push(event), undefined),
        }),
      ],
    });
    t.who('by').send({ type: 'go', target: t.who('b') });
    await turns();
    expect(got.slice(0, 1)).toEqual([
      { type: 'holdfast.exit', from: t.who('by'), reason: { type: 'shutdown' } },
    ]);
  });

  test.each([[false], [true]])('P2: normal to oneself ends, trapping exits: %s', async (trapExit) => {
    const logic = createMachine({ on: { go: { actions: ({ self }) => exit(self, normal) } } });
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic, restart: 'transient', trapExit })],
    });
    t.who('a').send({ type: 'go' });
    expect(reasonsOf(t)).toEqual({ a: normal });
  });

  test('P2: a supervisor traps exits and ignores those of strangers', async () => {
    const inner = supervisor({ children: [child({ id: 'x', name: 'x', logic: obedient })] });
    const t = await running({
      children: [
        child({ id: 'inner', name: 'inner', logic: inner }),
        child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' }),
      ],
    });
    const sup = t.who('inner');
    link(sup, t.who('a'));
    exit(t.who('a'), killed);
    exit(sup, { type: 'shutdown' });
    await turns();
    expect([t.incarnation('inner'), t.incarnation('x')]).toEqual([1, 1]);
  });

  test('P2: whoever is linked to a supervisor ends when that is killed', async () => {
    const t = await running({
      children: [
        child({ id: 'inner', name: 'inner', logic: supervisor({ children: [] }), restart: 'temporary' }),
        child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' }),
      ],
    });
    link(t.who('inner'), t.who('a'));
    exit(t.who('inner'), killed);
    expect(reasonsOf(t)).toEqual({ inner: killed, a: killed });
  });
});

describe('GS6: an order to stop', () => {
  // What it says itself holds, `normal` too: of a permanent child that is a shutdown error, as in OTP.
  test.each([normal, { type: 'shutdown' } as const])(
    'GS6: logic other than a machine that traps exits is asked, and given its time: $type',
    async (reason) => {
      vi.useFakeTimers();
      try {
        const got: string[] = [];
        const logic = fromCallback<{ type: string; reason: ExitReason }>(({ receive, self }) => {
          receive((event) => {
            got.push(event.type);
            if (event.type === 'done') exit(self, event.reason);
          });
          return () => void got.push('disposed');
        });
        const t = await running({
          children: [child({ id: 'a', name: 'a', logic, trapExit: true, shutdown: 500 })],
        });
        const stopped = t.runtime.stop();
        await vi.advanceTimersByTimeAsync(499);
        expect(got).toEqual(['holdfast.shutdown']);
        t.who('a').send({ type: 'done', reason });
        await stopped;
        expect(got).toEqual(['holdfast.shutdown', 'done', 'disposed']);
        expect(reasonsOf(t).a).toEqual(reason);
      } finally {
        vi.useRealTimers();
      }
    },
  );

  test('GS6: and is killed after it', async () => {
    vi.useFakeTimers();
    try {
      const logic = fromCallback(() => {});
      const t = await running({
        children: [child({ id: 'a', logic, trapExit: true, shutdown: 500 })],
      });
      const stopped = t.runtime.stop();
      await vi.advanceTimersByTimeAsync(500);
      await stopped;
      expect(reasonsOf(t).a).toEqual(killed);
    } finally {
      vi.useRealTimers();
    }
  });

  test('GS6: without trapExit it is stopped at once', async () => {
    const t = await running({ children: [child({ id: 'a', logic: fromCallback(() => {}) })] });
    await t.runtime.stop();
    expect(reasonsOf(t).a).toEqual({ type: 'shutdown' });
  });
});

describe('P3: a monitor', () => {
  const down = (target: AnyActorRef, ref: unknown, reason: unknown) => ({
    type: 'holdfast.down',
    ref,
    target,
    reason,
  });

  test('P3: one way, and exactly once, with the exit reason', async () => {
    const t = await actors('a', 'b', 'c');
    const [a, b, c] = [t.who('a'), t.who('b'), t.who('c')];
    const ref = monitor(a, b);
    const back = monitor(b, c);
    exit(c, { type: 'shutdown', detail: 1 });
    await turns();
    expect(t.got.b).toEqual([down(c, back, { type: 'shutdown', detail: 1 })]);
    expect(t.got.a).toEqual([]);
    b.send({ type: 'finish' });
    await turns();
    await turns();
    expect(t.got.a).toEqual([down(b, ref, normal)]);
    expect(t.runtime.whereis('a')).toBe(a);
  });

  test('P3: stacked: each of them is told', async () => {
    const t = await actors('a', 'b');
    const [a, b] = [t.who('a'), t.who('b')];
    const refs = [monitor(a, b), monitor(a, b), monitor(a, b)];
    expect(new Set(refs).size).toBe(3);
    demonitor(refs[1] as (typeof refs)[0]);
    exit(b, killed);
    await turns();
    expect(t.got.a).toEqual([down(b, refs[0], killed), down(b, refs[2], killed)]);
  });

  test('P3: of an actor that has ended: at once, noproc', async () => {
    const t = await actors('a', 'b');
    const [a, b] = [t.who('a'), t.who('b')];
    exit(b, killed);
    const ref = monitor(a, b);
    await turns();
    expect(t.got.a).toEqual([down(b, ref, noproc)]);
  });

  test('P3: taken back, its message is, too, though it was in the mailbox', async () => {
    const t = await actors('a', 'b');
    const [a, b] = [t.who('a'), t.who('b')];
    const refs = [monitor(a, b), monitor(a, b)] as const;
    exit(b, killed);
    demonitor(refs[0]);
    demonitor(monitor(a, b));
    await turns();
    expect(t.got.a).toEqual([down(b, refs[1], killed)]);
    demonitor(refs[1]);
  });

  test('P3: signals of one actor to another come in order', async () => {
    const t = await actors('a+', 'b');
    const [a, b] = [t.who('a'), t.who('b')];
    const refs = [monitor(a, b), monitor(a, b)];
    link(a, b);
    exit(b, killed);
    await turns();
    expect(t.got.a).toEqual([
      ...refs.map((ref) => down(b, ref, killed)),
      { type: 'holdfast.exit', from: b, reason: killed },
    ]);
  });

  test('P3: watches what no supervisor knows, and for it: its end is what XState tells', async () => {
    const got: unknown[] = [];
    const noting = fromTransition((_: undefined, event) => void got.push(event), undefined);
    const watcher = createActor(noting).start();
    const ends = createMachine({
      initial: 'on',
      states: { on: { on: { done: 'off' } }, off: { type: 'final' } },
      on: {
        throw: {
          actions: () => {
            throw 'x';
          },
        },
      },
    });
    const targets = [1, 2, 3].map(() => createActor(ends).start());
    const refs = targets.map((target) => monitor(watcher, target));
    targets[0]?.send({ type: 'done' });
    targets[1]?.send({ type: 'throw' });
    targets[2]?.stop();
    refs.push(monitor(watcher, targets[2] as AnyActorRef));
    await turns();
    const [one, two, three] = targets as readonly AnyActorRef[] as readonly [
      AnyActorRef,
      AnyActorRef,
      AnyActorRef,
    ];
    expect(got).toEqual([
      down(one, refs[0], normal),
      down(two, refs[1], { type: 'error', error: 'x' }),
      down(three, refs[2], { type: 'shutdown' }),
      down(three, refs[3], noproc),
    ]);
  });

  test('P3: 10,000 of them leave nothing behind, whoever ends', async () => {
    const t = await actors('hub', ...Array.from({ length: 100 }, (_, n) => `${n}`));
    const hub = t.who('hub');
    const others = Array.from({ length: 100 }, (_, n) => t.who(`${n}`));
    for (let n = 0; n < 5000; n++) {
      monitor(hub, others[n % 100] as AnyActorRef);
      monitor(others[n % 100] as AnyActorRef, hub);
    }
    for (const other of others) link(hub, other);
    const ties = existingTies(hub);
    expect([ties?.watching.size, ties?.watchers.size, ties?.links.size]).toEqual([5000, 5000, 100]);
    for (const other of others) {
      unlink(hub, other);
      exit(other, killed);
    }
    expect([ties?.watching.size, ties?.watchers.size, ties?.links.size]).toEqual([0, 0, 0]);
    await vi.waitFor(() => expect(t.got.hub).toHaveLength(5000));
    exit(hub, killed);
    for (const ref of [hub, ...others]) {
      const left = existingTies(ref);
      expect([left?.watching.size, left?.watchers.size, left?.links.size]).toEqual([0, 0, 0]);
    }
  });

  test('P3: an actor without any pays nothing', async () => {
    const t = await actors('a', 'b');
    monitor(t.who('a'), t.who('a'));
    expect(existingTies(t.who('b'))).toBeUndefined();
  });
});

describe('an actor that links, monitors and joins while its context is made', () => {
  const early = (others: () => readonly AnyActorRef[]) =>
    createMachine({
      context: ({ self }) => {
        for (const other of others()) {
          link(self, other);
          monitor(other, self);
          monitor(self, other);
        }
        join(self, 'early');
        return { seen: members(self, 'early') };
      },
    });

  test('is told of, and ends, as any other', async () => {
    const t = await actors('a+', 'b');
    const u = await running({
      children: [
        child({ id: 'e', name: 'e', logic: early(() => [t.who('a'), t.who('b')]), restart: 'temporary' }),
      ],
    });
    const e = u.who('e');
    expect(members(u.runtime, 'early')).toEqual([e]);
    exit(e, killed);
    await turns();
    expect(t.got.a?.map((event) => [event.type, (event as DownEvent).reason])).toEqual([
      ['holdfast.down', killed],
      ['holdfast.exit', killed],
    ]);
    expect(reasonsOf(t)).toEqual({ b: killed });
    expect(members(u.runtime, 'early')).toEqual([]);
  });

  test('and leaves nothing when that fails', async () => {
    const t = await actors('a+', 'b');
    const failing = createMachine({
      context: ({ self }) => {
        monitor(t.who('a'), self);
        join(self, 'early');
        throw new Error('context');
      },
    });
    await expect(running({ children: [child({ id: 'e', logic: failing })] })).rejects.toThrow(/context/);
    await turns();
    expect(t.got.a).toMatchObject([{ type: 'holdfast.down', reason: { type: 'error' } }]);
    expect(existingTies(t.who('a'))?.watching.size).toBe(0);
  });
});

describe('what the runtime tells an actor', () => {
  test('comes before what others sent it, and is dropped by no bound', async () => {
    const got: string[] = [];
    const logic = fromTransition((_: undefined, event) => void got.push(event.type), undefined);
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic, mailbox: { bound: 2 } }),
        child({ id: 'b', name: 'b', logic: obedient, restart: 'temporary' }),
      ],
    });
    for (const _ of [1, 2, 3]) monitor(t.who('a'), t.who('b'));
    send(t.who('a'), { type: 'x' });
    send(t.who('a'), { type: 'x' });
    exit(t.who('b'), killed);
    await turns();
    expect(got).toEqual(['holdfast.down', 'holdfast.down', 'holdfast.down', 'x', 'x']);
  });
});
