import { describe, expect, test } from 'vitest';
import { createMachine, emit, setup } from 'xstate';
import { attribution } from '../../src/runtime/attribution.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { child } from '../../supervisors/index.js';
import { obedient, running } from './running.js';

const boom = new Error('boom');

describe('whoever listens to an actor', () => {
  test('by an observer: its own methods are called, each as what it is', async () => {
    class Observer {
      readonly told: unknown[] = [];
      next(snapshot: { value: unknown }): void {
        this.told.push(snapshot.value);
      }
      complete(): void {
        this.told.push('complete');
      }
    }
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' })],
    });
    const observer = new Observer();
    const quiet = new Observer();
    const a = t.who('a');
    a.subscribe(observer);
    a.subscribe(quiet).unsubscribe();
    a.send({ type: 'inc' });
    a.send({ type: 'finish' });
    expect([observer.told, quiet.told]).toEqual([['on', 'off', 'complete'], []]);
  });

  test('by functions: for what they were given', async () => {
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient })],
    });
    const told: unknown[] = [];
    t.who('a').subscribe(
      () => {},
      (error) => told.push(error),
    );
    t.who('a').subscribe(
      () => told.push('next'),
      undefined,
      () => told.push('complete'),
    );
    t.who('a').send({ type: 'inc' });
    t.who('a').send({ type: 'throw', error: boom });
    expect(told).toEqual(['next', boom]);
  });

  test('hears it as who they are: an actor, or nobody', async () => {
    const heard: unknown[] = [];
    const hear = (): void => void heard.push(attribution().current());
    const speaks = setup({ types: { emitted: {} as { type: 'said' } } }).createMachine({
      on: { say: { actions: emit({ type: 'said' }) } },
    });
    const listens = createMachine({
      on: {
        go: {
          actions: () => {
            t.who('a').on('said', hear);
            t.who('a').subscribe(hear);
          },
        },
      },
    });
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: speaks }), child({ id: 'l', name: 'l', logic: listens })],
    });
    t.who('l').send({ type: 'go' });
    const off = t.who('a').on('said', hear);
    t.who('a').send({ type: 'say' });
    const l = ownerOf(t.who('l'));
    expect(heard).toEqual([l, undefined, l]);
    off.unsubscribe();
    t.who('a').send({ type: 'say' });
    expect(heard.slice(3)).toEqual([l, l]);
  });
});
