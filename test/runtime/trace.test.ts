import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type AnyActorRef,
  createActor,
  createMachine,
  fromCallback,
  fromTransition,
  sendTo,
  setup,
} from 'xstate';
import { exit, send, sys } from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { obedient, running, turns } from './running.js';

afterEach(() => {
  vi.useRealTimers();
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What a trace tells, as `out inc root/a`. */
function notes(): { readonly seen: string[]; readonly note: (what: sys.Traced) => void } {
  const seen: string[] = [];
  const note = (what: sys.Traced): void => {
    seen.push(`${what.type} ${what.event.type}${what.type === 'out' ? ` ${what.to}` : ''}`);
  };
  return { seen, note };
}

/** Sends `inc` to whoever an event `go` names. */
const relay = createMachine({
  on: { go: { actions: ({ event }) => send(event.to as AnyActorRef, { type: 'inc' }) } },
});

const trio = () =>
  running({
    children: [
      child({ id: 'r', name: 'r', logic: relay }),
      child({ id: 's', name: 's', logic: relay }),
      child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' }),
    ],
  });

describe('a trace of an actor with a family', () => {
  /** Echoes what it is sent, and passes on what it is told to. */
  const echo = createMachine({
    on: {
      ping: { actions: sendTo(({ self }) => self._parent as AnyActorRef, { type: 'pong' }) },
      pass: {
        actions: sendTo(({ event }) => (event as unknown as { to: AnyActorRef }).to, { type: 'passed' }),
      },
    },
  });
  const logic = setup({ actors: { echo } }).createMachine({
    invoke: [
      { id: 'one', src: 'echo' },
      { id: 'two', src: 'echo' },
    ],
    on: { go: { actions: sendTo('one', { type: 'ping' }) }, pong: {} },
  });
  async function family() {
    const t = await running({ children: [child({ id: 'p', name: 'p', logic })] });
    const p = t.who('p');
    const { one, two } = p.getSnapshot().children as Record<'one' | 'two', AnyActorRef>;
    return { ...t, p, one, two };
  }

  test('tells what it sends to its family and gets from it, and nothing of what they do among themselves', async () => {
    const t = await family();
    const { seen, note } = notes();
    sys.trace(t.p, note);
    t.one.send({ type: 'pass', to: t.two });
    expect(seen).toEqual([]);
    t.p.send({ type: 'go' });
    expect(seen).toEqual(['in go', 'out ping one', 'in pong', 'transition go', 'transition pong']);
  });

  test('that it spawned tells that one’s messages only', async () => {
    const t = await family();
    const { seen, note } = notes();
    sys.trace(t.one, note);
    t.p.send({ type: 'go' });
    t.two.send({ type: 'ping' });
    expect(seen).toEqual(['in ping', 'out pong root/p', 'transition ping']);
    seen.length = 0;
    t.one.send({ type: 'pass', to: t.two });
    expect(seen).toEqual(['in pass', 'out passed two', 'transition pass']);
  });
});

describe('traces', () => {
  test('of one actor end one by one, and each once', async () => {
    const t = await trio();
    const go = async (): Promise<void> => {
      send(t.who('r'), { type: 'go', to: t.who('a') });
      await turns();
    };
    const [first, second, third] = [notes(), notes(), notes()];
    const all = ['in go', 'out inc root/a', 'transition go'];
    const [endFirst, endSecond] = [first, second].map(({ note }) => sys.trace(t.who('r'), note));
    await go();
    endFirst?.();
    await go();
    expect([first.seen, second.seen]).toEqual([all, [...all, ...all]]);
    endSecond?.();
    sys.trace(t.who('r'), third.note);
    endFirst?.();
    endSecond?.();
    await go();
    expect([first.seen.length, second.seen.length, third.seen]).toEqual([3, 6, all]);
  });

  test('tell nothing of what others send', async () => {
    const t = await trio();
    const { seen, note } = notes();
    sys.trace(t.who('r'), note);
    send(t.who('s'), { type: 'go', to: t.who('a') });
    await turns();
    expect(seen).toEqual([]);
    expect(t.who('a').getSnapshot().context).toEqual({ count: 1 });
    expect(t.told('actor.crashed')).toEqual([]);
  });

  test('hold on to nobody when they have ended', async () => {
    const t = await trio();
    const traced = (): WeakRef<AnyActorRef> => {
      const a = t.who('a');
      const end = sys.trace(a, () => {});
      sys.trace(a, () => {});
      sys.statistics(a);
      end();
      exit(a, { type: 'shutdown' });
      return new WeakRef(a);
    };
    const a = traced();
    await turns();
    collect();
    expect(a.deref()).toBeUndefined();
  });

  test('of one that has ended tell nothing, though it is still sent to', async () => {
    const t = await trio();
    const a = t.who('a');
    exit(a, { type: 'killed' });
    const { seen, note } = notes();
    sys.trace(a, note);
    a.send({ type: 'inc' });
    expect(seen).toEqual([]);
  });
});

describe('of an actor that no supervisor knows', () => {
  const pair = () => ({
    r: createActor(relay, { id: 'r' }).start(),
    a: createActor(obedient, { id: 'a' }).start(),
  });

  test('a trace tells what comes in and what becomes of it, until it is stopped', () => {
    const { a } = pair();
    const { seen, note } = notes();
    const end = sys.trace(a, note);
    a.send({ type: 'inc' });
    end();
    a.send({ type: 'inc' });
    expect(seen).toEqual(['in inc', 'transition inc']);
  });

  test('a trace ends with it, and harms nobody by that', () => {
    vi.useFakeTimers();
    const { a } = pair();
    const { seen, note } = notes();
    sys.trace(a, note);
    a.stop();
    const { length } = seen;
    a.send({ type: 'inc' });
    expect(seen).toHaveLength(length);
    expect(() => vi.runAllTimers()).not.toThrow();
  });

  test('what a listener throws is thrown later, where it harms nobody', () => {
    vi.useFakeTimers();
    const { a } = pair();
    sys.trace(a, () => {
      throw new Error('listener');
    });
    a.send({ type: 'inc' });
    expect(a.getSnapshot()).toMatchObject({ status: 'active', context: { count: 1 } });
    expect(() => vi.runAllTimers()).toThrow('listener');
  });

  test('statistics count what comes in through its mailbox, and nothing that goes out', async () => {
    const { r, a } = pair();
    sys.statistics(r);
    send(r, { type: 'go', to: a });
    await turns();
    expect(sys.statistics(r, 'off')).toMatchObject({ messagesIn: 1, messagesOut: 0, mailbox: 0 });
    expect(a.getSnapshot().context).toEqual({ count: 1 });
  });

  test('statistics end with it, and harm nobody by that', () => {
    vi.useFakeTimers();
    const { a } = pair();
    sys.statistics(a);
    a.stop();
    expect(() => vi.runAllTimers()).not.toThrow();
    expect(sys.statistics(a)).toMatchObject({ messagesIn: 0 });
  });
});

test('statistics do not count what the work of an actor sends after its end', async () => {
  let go = (): void => {};
  const late = fromCallback(() => {
    const wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    void wait.then(() => send(t.who('a'), { type: 'inc' }));
  });
  const t = await running({
    children: [
      child({ id: 'l', name: 'l', logic: late, restart: 'temporary' }),
      child({ id: 'a', name: 'a', logic: obedient }),
    ],
  });
  const l = t.who('l');
  sys.statistics(l);
  exit(l, { type: 'killed' });
  go();
  await turns();
  expect(t.who('a').getSnapshot().context).toEqual({ count: 1 });
  expect(sys.statistics(l).messagesOut).toBe(0);
});

test('statistics begun anew count on their own', async () => {
  const t = await trio();
  const go = async (): Promise<void> => {
    send(t.who('r'), { type: 'go', to: t.who('a') });
    await turns();
  };
  sys.statistics(t.who('r'));
  await go();
  expect(sys.statistics(t.who('r'), 'off')).toMatchObject({ messagesIn: 1, messagesOut: 1 });
  await go();
  expect(sys.statistics(t.who('r'))).toMatchObject({ messagesIn: 0, messagesOut: 0 });
  await go();
  expect(sys.statistics(t.who('r'))).toMatchObject({ messagesIn: 1, messagesOut: 1 });
});

test('an actor that is counted and traced sends as one that is not', async () => {
  const got: string[] = [];
  const noting = fromTransition((_: undefined, event): undefined => void got.push(event.type), undefined);
  const t = await running({
    children: [child({ id: 'r', name: 'r', logic: relay }), child({ id: 'n', name: 'n', logic: noting })],
  });
  sys.statistics(t.who('r'));
  sys.trace(t.who('r'), () => {});
  send(t.who('r'), { type: 'go', to: t.who('n') });
  await turns();
  expect(got).toEqual(['inc']);
});
