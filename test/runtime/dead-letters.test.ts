import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromTransition } from 'xstate';
import { type DeadLetter, DeadLetters } from '../../src/runtime/dead-letters.js';
import { exit, send, sendToName, sys } from '../../src/runtime/index.js';
import { child, type SupervisorRef, stop, supervisor, whichChildren } from '../../supervisors/index.js';
import { obedient, type Running, running } from './running.js';

const some = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

const flood = (t: Running, count: number): void => {
  for (const n of some(count)) t.runtime.send('nobody', { type: 'x', n });
};

describe('a flood of dead letters', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is counted to the last one, and published at most 100 times a second', async () => {
    const t = await running({ children: [] });
    flood(t, 100_000);
    expect(t.runtime.deadLetters).toBe(100_000);
    expect(t.told('dead-letter')).toHaveLength(100);
    expect(t.lines.filter(({ fields }) => fields.event === 'dead-letter')).toHaveLength(100);
  });

  test('is told of when its second is over, by the last of it and the number of the others', async () => {
    const t = await running({ children: [] });
    flood(t, 60);
    vi.advanceTimersByTime(400);
    flood(t, 1000);
    vi.advanceTimersByTime(599);
    expect(t.told('dead-letter')).toHaveLength(100);
    vi.advanceTimersByTime(1);
    const last = { event: { type: 'x', n: 999 }, because: 'nobody', count: 1060, suppressed: 959 };
    expect(t.events.slice(-1)).toEqual([{ type: 'dead-letter', to: 'nobody', ...last, at: Date.now() }]);
    expect(t.lines.at(-1)?.fields).toMatchObject({ count: 1060, suppressed: 959 });
    vi.advanceTimersByTime(60_000);
    expect(t.told('dead-letter')).toHaveLength(101);
    t.runtime.send('nobody', { type: 'x' });
    expect(t.events.at(-1)).toMatchObject({ count: 1061, suppressed: 0 });
  });

  test('that goes on is told of second by second', async () => {
    const t = await running({ children: [] });
    for (const _ of some(30)) {
      flood(t, 200);
      vi.advanceTimersByTime(100);
    }
    vi.advanceTimersByTime(1000);
    const told = t.events.filter(({ type }) => type === 'dead-letter') as unknown as { suppressed: number }[];
    expect(told).toHaveLength(100 + 100 + 100 + 1);
    expect(told.filter(({ suppressed }) => suppressed > 0)).toHaveLength(3);
    expect(told.reduce((sum, { suppressed }) => sum + 1 + suppressed, 0)).toBe(6000);
  });

  test('within whose second nothing was held back sets no timer', async () => {
    const t = await running({ children: [] });
    flood(t, 100);
    expect(vi.getTimerCount()).toBe(0);
    flood(t, 1);
    expect(vi.getTimerCount()).toBe(1);
    flood(t, 1000);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is told of at once when the runtime stops, and no timer is left, not even by what comes after', async () => {
    const t = await running({ children: [] });
    flood(t, 150);
    await t.runtime.stop();
    const told = t.events.filter(({ type }) => type === 'dead-letter');
    expect(told.at(-1)).toMatchObject({ count: 150, suppressed: 49 });
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(5000);
    flood(t, 150);
    expect(t.runtime.deadLetters).toBe(300);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('leaves no timer behind a supervisor in a plain machine either', async () => {
    const a = child({ id: 'a', logic: obedient, mailbox: { bound: 1, overflow: 'drop-newest' } });
    const sup = createActor(supervisor({ children: [a] })).start();
    const [only] = await whichChildren(sup as SupervisorRef);
    for (const _ of some(500)) send(only?.ref as AnyActorRef, { type: 'inc' });
    expect(vi.getTimerCount()).toBe(1);
    await stop(sup as SupervisorRef);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('of what is lost by the telling is only counted, and told with the next one', async () => {
    const full = fromTransition((_: undefined) => _, undefined);
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: full, mailbox: { bound: 1 } })],
    });
    t.runtime.bus.subscribe('dead-letter', t.who('a'));
    await sys.suspend(t.who('a'));
    flood(t, 3);
    expect(t.runtime.deadLetters).toBe(5);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(t.runtime.deadLetters).toBe(5);
    expect(t.told('dead-letter')).toHaveLength(3);
    sys.resume(t.who('a'));
    await vi.advanceTimersByTimeAsync(0);
    flood(t, 1);
    expect(t.events.at(-1)).toMatchObject({ type: 'dead-letter', count: 6, suppressed: 1 });
  });

  test('does not begin when a second is over in which there were few', async () => {
    const t = await running({ children: [] });
    flood(t, 60);
    vi.advanceTimersByTime(999);
    flood(t, 40);
    vi.advanceTimersByTime(1);
    flood(t, 100);
    expect(t.told('dead-letter')).toHaveLength(200);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps no process alive', async () => {
    vi.useRealTimers();
    const held = (): number => process.getActiveResourcesInfo().filter((it) => it === 'Timeout').length;
    const t = await running({ children: [] });
    const before = held();
    flood(t, 1000);
    expect(held()).toBe(before);
  });
});

test.each([['killed'], ['shutdown']] as const)(
  'an actor that listens to the runtime makes none of what is published about its own end: %s',
  async (type) => {
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' })],
    });
    const a = t.who('a');
    t.runtime.bus.subscribe('*', a);
    exit(a, { type });
    expect(t.told().filter((line) => line.startsWith('actor.') && line.endsWith('root/a#1'))).toHaveLength(3);
    expect(t.runtime.deadLetters).toBe(0);
  },
);

test('what the runtime publishes is no message of the actor whose work it is about', async () => {
  const sender = createMachine({
    on: { go: { actions: [sendToName('nobody', { type: 'x' }), sendToName('b', { type: 'inc' })] } },
  });
  const t = await running({
    children: [child({ id: 'a', name: 'a', logic: sender }), child({ id: 'b', name: 'b', logic: obedient })],
  });
  t.runtime.bus.subscribe('dead-letter', t.who('b'));
  sys.statistics(t.who('a'));
  const sent: string[] = [];
  sys.trace(t.who('a'), (what) => void (what.type === 'out' && sent.push(what.event.type)));
  t.who('a').send({ type: 'go' });
  expect(t.told('dead-letter')).toHaveLength(1);
  expect([sent, sys.statistics(t.who('a')).messagesOut]).toEqual([['inc'], 1]);
});

test('a flood asks once in each second for its end to be told', () => {
  const letters = new DeadLetters(() => {});
  const letter: DeadLetter = { to: 'x', event: { type: 'x' }, because: 'nobody' };
  const asked = (at: number, count: number): (number | undefined)[] =>
    some(count)
      .map(() => letters.add(letter, at))
      .filter((wait) => wait !== undefined);
  expect([asked(5, 100), asked(205, 50), asked(305, 50)]).toEqual([[], [800], []]);
  letters.flush(1005);
  expect([asked(1010, 99), asked(1011, 2), asked(1012, 1)]).toEqual([[], [994], []]);
});

test('whatever the flood, each letter is told or counted with one that is, and few are told', () => {
  const gaps = fc.array(fc.tuple(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 300 })), {
    maxLength: 10,
  });
  fc.assert(
    fc.property(gaps, (steps) => {
      const told: { letter: DeadLetter; suppressed: number; at: number }[] = [];
      let [now, count, due] = [0, 0, Number.POSITIVE_INFINITY];
      const letters = new DeadLetters(
        (letter, suppressed) => void told.push({ letter, suppressed, at: now }),
      );
      const advance = (to: number): void => {
        if (due <= to) {
          now = due;
          due = Number.POSITIVE_INFINITY;
          letters.flush(now);
        }
        now = to;
      };
      for (const [gap, burst] of steps) {
        advance(now + gap);
        for (let n = 0; n < burst; n++) {
          const wait = letters.add({ to: 'x', event: { type: String(count++) }, because: 'nobody' }, now);
          if (wait !== undefined) due = now + wait;
        }
      }
      advance(now + 1000);
      expect(letters.count).toBe(count);
      expect(told.reduce((sum, { suppressed }) => sum + 1 + suppressed, 0)).toBe(count);
      // What is told, and the number of what was not before it, say which one it is.
      let before = 0;
      for (const { letter, suppressed } of told) {
        before += suppressed + 1;
        if (letter.event.type !== String(before - 1)) expect(letter.event.type).toBe(String(before - 1));
      }
      for (const { at } of told) {
        expect(told.filter((other) => other.at >= at && other.at < at + 1000).length).toBeLessThanOrEqual(
          201,
        );
      }
    }),
  );
});
