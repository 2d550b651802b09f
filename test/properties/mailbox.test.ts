import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnyActorRef, fromTransition } from 'xstate';
import { createRuntime } from '../../src/create-runtime.js';
import { MailboxFullError } from '../../src/errors.js';
import { type MailboxPolicy, monitor, send, sys } from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { turns } from '../runtime/running.js';

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom('send', 'post'), times: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 3, arbitrary: fc.constantFrom({ kind: 'deliver' } as const, { kind: 'down' } as const) },
  { weight: 2, arbitrary: fc.constantFrom({ kind: 'suspend' } as const, { kind: 'resume' } as const) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const policy = fc.record({
  bound: fc.integer({ min: 1, max: 8 }),
  overflow: fc.constantFrom('reject' as const, 'drop-oldest' as const, 'drop-newest' as const),
});

/** A bounded queue as it is written down. */
class Model {
  readonly got: (number | 'down')[] = [];
  readonly #policy: MailboxPolicy;
  #events: number[] = [];
  #downs = 0;
  suspended = false;
  lost = 0;

  constructor(given: MailboxPolicy) {
    this.#policy = given;
  }

  get waiting(): number {
    return this.#events.length;
  }
  /** Whether the sender is told that there is no room. */
  add(n: number, byName: boolean): boolean {
    const { bound, overflow } = this.#policy;
    if (this.#events.length < bound) this.#events.push(n);
    else if (overflow === 'reject' && !byName) return true;
    else {
      this.lost++;
      if (overflow === 'drop-oldest') this.#events = [...this.#events.slice(1), n];
    }
    return false;
  }
  down(): void {
    this.#downs++;
  }
  deliver(): void {
    if (this.suspended) return;
    this.got.push(...Array<'down'>(this.#downs).fill('down'), ...this.#events);
    this.#downs = 0;
    this.#events = [];
  }
}

async function play(given: MailboxPolicy, steps: readonly Step[]): Promise<void> {
  const got: (number | 'down')[] = [];
  const logic = fromTransition((_: undefined, event: { type: string; n: number }): undefined => {
    if (event.type === 'n') got.push(event.n);
    if (event.type === 'holdfast.down') got.push('down');
  }, undefined);
  const dead = fromTransition((_: undefined) => _, undefined);
  const runtime = await createRuntime({
    children: [
      child({ id: 'a', name: 'a', logic, mailbox: given }),
      child({ id: 'dead', name: 'dead', logic: dead, restart: 'temporary' }),
    ],
  }).start();
  const ref = runtime.whereis('a') as AnyActorRef;
  const gone = runtime.whereis('dead') as AnyActorRef;
  gone.stop();
  const model = new Model(given);
  let n = 0;
  try {
    for (const each of steps) {
      if (each.kind === 'send' || each.kind === 'post') {
        for (let time = 0; time < each.times; time++) {
          n++;
          const event = { type: 'n', n };
          const full = model.add(n, each.kind === 'post');
          if (each.kind === 'post') runtime.send('a', event);
          else if (full) expect(() => send(ref, event)).toThrow(MailboxFullError);
          else send(ref, event);
        }
      } else if (each.kind === 'deliver') {
        await turns();
        model.deliver();
      } else if (each.kind === 'down') {
        monitor(ref, gone);
        model.down();
      } else if (each.kind === 'suspend') {
        await turns();
        model.deliver();
        await sys.suspend(ref);
        model.suspended = true;
      } else {
        sys.resume(ref);
        model.suspended = false;
      }
      expect(sys.getState(ref).mailbox).toBe(model.waiting);
    }
    sys.resume(ref);
    model.suspended = false;
    await turns();
    model.deliver();
    expect(got).toEqual(model.got);
    expect(runtime.deadLetters).toBe(model.lost);
  } finally {
    await runtime.stop();
  }
}

test('a mailbox is a bounded queue with a lane of the runtime’s own, whatever is sent, held and let go', async () => {
  await fc.assert(fc.asyncProperty(policy, fc.array(step, { maxLength: 30 }), play), { numRuns: 300 });
}, 60_000);
