import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { ask, reply, send, sys } from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { running, turns } from './running.js';

describe('a reply of an actor that is traced', () => {
  const replies = createMachine({
    on: {
      get: { actions: ({ event }) => void reply(event, 7) },
      twice: { actions: ({ event }) => [7, 8].map((value) => reply(event, value)) },
      later: { actions: ({ event }) => void Promise.resolve().then(() => reply(event, 9)) },
    },
  });
  async function traced() {
    const t = await running({
      children: ['a', 'b'].map((id) => child({ id, name: id, logic: replies })),
    });
    const got: unknown[] = [];
    const end = sys.trace(t.who('a'), (what) => {
      if (what.type === 'reply') got.push([what.event.type, what.value]);
    });
    sys.statistics(t.who('a'));
    return { ...t, got, end, out: () => sys.statistics(t.who('a')).messagesOut };
  }

  test('is told of with its question and its value, and counted', async () => {
    const t = await traced();
    expect([await ask(t.who('a'), { type: 'get' }), await ask(t.who('a'), { type: 'later' })]).toEqual([
      7, 9,
    ]);
    expect(t.got).toEqual([
      ['get', 7],
      ['later', 9],
    ]);
    expect(t.out()).toBe(2);
    t.end();
    await ask(t.who('a'), { type: 'get' });
    expect(t.got).toHaveLength(2);
  });

  test('that nobody waits for is none', async () => {
    const t = await traced();
    expect(await ask(t.who('a'), { type: 'twice' })).toBe(7);
    send(t.who('a'), { type: 'get' });
    await turns();
    expect([t.got, t.out()]).toEqual([[['twice', 7]], 1]);
  });

  test('of another actor is not told of', async () => {
    const t = await traced();
    expect(await ask(t.who('b'), { type: 'get' })).toBe(7);
    expect([t.got, t.out()]).toEqual([[], 0]);
  });

  test('has the time of the wall clock', async () => {
    const t = await traced();
    const at: number[] = [];
    sys.trace(t.who('a'), (what) => void at.push(what.at));
    const before = Date.now();
    await ask(t.who('a'), { type: 'get' });
    expect(at.every((time) => time >= before && time <= Date.now())).toBe(true);
    expect(at).toHaveLength(3);
  });
});
