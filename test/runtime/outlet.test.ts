import { describe, expect, test } from 'vitest';
import { type AnyActorRef, createActor, fromTransition } from 'xstate';
import { exit, monitor, send } from '../../src/runtime/index.js';
import { post, setOutlet } from '../../src/runtime/mailbox.js';
import { child } from '../../supervisors/index.js';
import { obedient, type Running, running, turns } from './running.js';

/** Takes so many events at a time, and only what can be cloned. */
class Gate {
  room: number;
  reopen: () => void = () => {};

  constructor(room: number) {
    this.room = room;
  }

  get isOpen(): boolean {
    return this.room > 0;
  }

  check(event: object): void {
    structuredClone(event);
  }
}

interface Gated extends Running {
  readonly gate: Gate;
  readonly a: AnyActorRef;
  readonly got: string[];
}

async function gated(room: number): Promise<Gated> {
  const gate = new Gate(room);
  const got: string[] = [];
  const logic = fromTransition((_: undefined, { type }: { type: string }): undefined => {
    got.push(type);
    if (!type.startsWith('holdfast.')) gate.room--;
  }, undefined);
  const t = await running({
    children: [
      child({ id: 'a', name: 'a', logic, restart: 'temporary' }),
      child({ id: 'b', name: 'b', logic: obedient, restart: 'temporary' }),
    ],
  });
  const a = t.who('a');
  gate.reopen = setOutlet(a, gate);
  return { ...t, gate, a, got };
}

const uncloneable = { type: 'x', call: () => {} };

describe('an outlet', () => {
  test('is handed as many events as it has room for, and the rest when it has room again', async () => {
    const t = await gated(2);
    for (const type of ['1', '2', '3', '4']) send(t.a, { type });
    await turns();
    expect(t.got).toEqual(['1', '2']);
    t.gate.room = 1;
    t.gate.reopen();
    await turns();
    expect(t.got).toEqual(['1', '2', '3']);
  });

  test('what the runtime itself tells the actor passes a closed one', async () => {
    const t = await gated(0);
    send(t.a, { type: 'x' });
    monitor(t.a, t.who('b'));
    exit(t.who('b'), { type: 'killed' });
    await turns();
    expect(t.got).toEqual(['holdfast.down']);
  });

  test('a closed one keeps nobody else waiting', async () => {
    const t = await gated(0);
    send(t.a, { type: 'x' });
    t.runtime.send('b', { type: 'inc' });
    expect(await t.runtime.ask('b', { type: 'get' })).toBe(1);
  });

  test('what cannot pass is an error of its sender, and nothing was sent', async () => {
    const t = await gated(9);
    expect(() => send(t.a, uncloneable)).toThrow(/clone/);
    await turns();
    expect([t.got, t.runtime.deadLetters]).toEqual([[], 0]);
  });

  test('what cannot pass and was sent by name is a dead letter', async () => {
    const t = await gated(9);
    t.runtime.send('a', uncloneable);
    await turns();
    expect(t.got).toEqual([]);
    expect(t.events.filter(({ type }) => type === 'dead-letter')).toMatchObject([
      { to: 'root/a', because: 'not-cloneable', count: 1 },
    ]);
  });

  test('of an actor that has ended asks nothing: whatever is sent is a letter to the dead', async () => {
    const t = await gated(9);
    exit(t.a, { type: 'killed' });
    send(t.a, uncloneable);
    post(t.a, uncloneable);
    expect(t.events.filter(({ type }) => type === 'dead-letter')).toMatchObject([
      { because: 'dead' },
      { because: 'dead' },
    ]);
  });

  test('of an actor that no runtime knows works as well', async () => {
    const got: string[] = [];
    const plain = createActor(
      fromTransition((_: undefined, { type }: { type: string }) => void got.push(type), undefined),
    ).start();
    const reopen = setOutlet(plain, new Gate(0));
    send(plain, { type: 'x' });
    await turns();
    reopen();
    await turns();
    expect(got).toEqual([]);
  });
});
