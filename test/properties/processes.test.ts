import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnyActorRef, createMachine } from 'xstate';
import { createRuntime } from '../../src/create-runtime.js';
import {
  type DownEvent,
  demonitor,
  type ExitEvent,
  type ExitReason,
  exit,
  link,
  type MonitorRef,
  monitor,
  reply,
  unlink,
} from '../../src/runtime/index.js';
import { child, stop } from '../../supervisors/index.js';
import { turns } from '../runtime/running.js';

const size = 3;
const who = fc.nat(size - 1);
type Kind = 'kill' | 'crash' | 'finish' | 'stop' | 'link' | 'unlink' | 'monitor' | 'demonitor' | 'deliver';
const kinds: readonly Kind[] = [
  'kill',
  'crash',
  'finish',
  'stop',
  ...Array<readonly Kind[]>(3).fill(['link', 'unlink', 'monitor', 'demonitor', 'deliver']).flat(),
];
const step = fc.record({ kind: fc.constantFrom(...kinds), a: who, b: who, pick: fc.nat() });
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

type Told = (DownEvent | ExitEvent) & { readonly at: number };

const reasons = { kill: 'killed', crash: 'error', finish: 'normal', stop: 'shutdown' } as const;

/** Links and monitors as they are written down, without any asynchrony. */
class Model {
  readonly reasons: (ExitReason['type'] | undefined)[] = Array(size).fill(undefined);
  readonly #traps: readonly boolean[];
  #links = new Set<string>();
  /** Exits that each is to be told of, by whom; of those not delivered yet an unlink takes away. */
  #exits: { to: number; from: number; reason: string; delivered: boolean }[] = [];

  constructor(traps: readonly boolean[]) {
    this.#traps = traps;
  }

  isAlive = (n: number): boolean => this.reasons[n] === undefined;
  deliver(): void {
    for (const each of this.#exits) each.delivered = true;
  }
  exitsTo = (to: number): string[] =>
    this.#exits
      .filter((each) => each.to === to && each.delivered)
      .map((each) => `${each.from} ${each.reason}`);

  link(a: number, b: number): void {
    if (a === b || (!this.isAlive(a) && !this.isAlive(b))) return;
    if (!this.isAlive(a)) this.#signal(b, a, 'error');
    else if (!this.isAlive(b)) this.#signal(a, b, 'error');
    else this.#links.add([a, b].sort().join());
  }

  unlink(a: number, b: number): void {
    this.#links.delete([a, b].sort().join());
    const of = [a, b].sort().join();
    this.#exits = this.#exits.filter((e) => e.delivered || [e.to, e.from].sort().join() !== of);
  }

  end(n: number, reason: ExitReason['type']): void {
    const ends: [number, ExitReason['type']][] = [[n, reason]];
    for (let next = ends.shift(); next !== undefined; next = ends.shift()) {
      const [ending, why] = next;
      if (!this.isAlive(ending)) continue;
      this.reasons[ending] = why;
      this.#exits = this.#exits.filter((e) => e.delivered || e.to !== ending);
      for (const pair of [...this.#links]) {
        const ends2 = pair.split(',').map(Number) as [number, number];
        if (!ends2.includes(ending)) continue;
        this.#links.delete(pair);
        const peer = ends2[0] === ending ? ends2[1] : ends2[0];
        const killed = this.#signal(peer, ending, why, false);
        if (killed) ends.push([peer, why]);
      }
    }
  }

  #signal(to: number, from: number, reason: ExitReason['type'], cascade = true): boolean {
    if (this.#traps[to]) this.#exits.push({ to, from, reason, delivered: false });
    else if (reason !== 'normal') {
      if (cascade) this.end(to, reason);
      return true;
    }
    return false;
  }
}

async function play(traps: readonly boolean[], steps: readonly Step[]): Promise<void> {
  const told: Told[][] = Array.from({ length: size }, () => []);
  let now = 0;
  const logic = (n: number) =>
    createMachine({
      initial: 'on',
      states: { on: {}, off: { type: 'final' } },
      on: {
        crash: {
          actions: () => {
            throw new Error('crash');
          },
        },
        finish: '.off',
        get: { actions: ({ event }) => void reply(event, 1) },
        'holdfast.*': { actions: ({ event }) => void told[n]?.push({ ...(event as Told), at: now }) },
      },
    });
  const runtime = await createRuntime({
    children: traps.map((trapExit, n) =>
      child({ id: `${n}`, name: `${n}`, logic: logic(n), restart: 'temporary', trapExit }),
    ),
  }).start();
  const refs = traps.map((_, n) => runtime.whereis(`${n}`) as AnyActorRef);
  const model = new Model(traps);
  const monitors: { ref: MonitorRef; a: number; b: number; cut: number | undefined }[] = [];
  try {
    for (const { kind, a, b, pick } of steps) {
      now++;
      const [one, other] = [refs[a], refs[b]] as [AnyActorRef, AnyActorRef];
      if (kind === 'deliver') {
        await turns();
        model.deliver();
      } else if (kind === 'link') {
        link(one, other);
        model.link(a, b);
      } else if (kind === 'unlink') {
        unlink(one, other);
        model.unlink(a, b);
      } else if (kind === 'monitor') {
        monitors.push({ ref: monitor(one, other), a, b, cut: undefined });
      } else if (kind === 'demonitor') {
        const chosen = monitors[pick % Math.max(1, monitors.length)];
        if (chosen === undefined) continue;
        demonitor(chosen.ref);
        chosen.cut ??= now;
      } else if (model.isAlive(a)) {
        if (kind === 'kill') exit(one, { type: 'killed' });
        else if (kind === 'stop') void stop(one, { type: 'shutdown' });
        else one.send({ type: kind });
        model.end(a, reasons[kind]);
      }
      refs.forEach((ref, n) => {
        expect(ref.getSnapshot().status === 'active', `${n} lives after ${kind}`).toBe(model.isAlive(n));
      });
    }
    now++;
    await turns();
    model.deliver();
    check(told, monitors, model);
  } finally {
    await runtime.stop();
  }
}

function check(
  told: readonly (readonly Told[])[],
  monitors: readonly { ref: MonitorRef; a: number; b: number; cut: number | undefined }[],
  model: Model,
): void {
  told.forEach((events, n) => {
    const exits = events.flatMap((e) =>
      e.type === 'holdfast.exit' ? [`${e.from?.id} ${e.reason.type}`] : [],
    );
    expect(exits, `exits told to ${n}`).toEqual(model.exitsTo(n));
  });
  for (const { ref, a, b, cut } of monitors) {
    const downs = (told[a] ?? []).filter((event) => event.type === 'holdfast.down' && event.ref === ref);
    expect(downs.length, 'at most one DOWN a monitor').toBeLessThanOrEqual(1);
    if (cut !== undefined) {
      for (const down of downs) expect(down.at, 'no DOWN after demonitor').toBeLessThanOrEqual(cut);
    } else if (model.isAlive(a)) {
      expect(downs.length, 'exactly one DOWN of who has ended').toBe(model.isAlive(b) ? 0 : 1);
    }
  }
}

test('DOWN exactly once, exits as linked, and nothing after unlink or demonitor, however it all comes together', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: size, maxLength: size }),
      fc.array(step, { minLength: 5, maxLength: 60 }),
      play,
    ),
    { numRuns: 500 },
  );
}, 60_000);
