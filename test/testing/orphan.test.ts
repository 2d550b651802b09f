/**
 * The kit finds a planted bug and shrinks it: a warmer that is restarted while its query is slow, whose old query goes on
 * and overwrites what the new one brought.
 */
import fc from 'fast-check';
import {
  type Fault,
  faultsArbitrary,
  type ScriptedSource,
  schedule,
  scriptedSource,
  tapeArbitrary,
  world,
} from 'holdfast/testing';
import { describe, expect, it } from 'vitest';

/** Polls the source every second. A crash begins it anew; `abort` says whether what it had begun ends with it. */
function warmer(db: ScriptedSource<number>, memory: Map<string, number>, abort: boolean) {
  let life = new AbortController();
  function start(): void {
    const { signal } = life;
    const poll = async (): Promise<void> => {
      try {
        const row = await db.load('a', { signal: abort ? signal : new AbortController().signal });
        if (row?.value !== undefined && !(abort && signal.aborted)) memory.set('a', row.value);
      } catch {}
      if (!signal.aborted) setTimeout(poll, 1_000);
    };
    void poll();
  }
  start();
  return {
    crash(): void {
      life.abort();
      life = new AbortController();
      start();
    },
  };
}

const scenario = (tape: readonly number[], faults: readonly Fault[], abort: boolean) =>
  world({ tape }, async (w) => {
    const memory = new Map<string, number>();
    const db = scriptedSource({ rows: { a: 0 } });
    let newest = 0;
    w.always('memory never goes back', () => {
      const value = memory.get('a') ?? 0;
      if (value < newest) throw new Error(`${value} after ${newest}`);
      newest = value;
    });
    schedule(faults, { source: (mode, duration) => db.become(mode, duration), crash: () => polled.crash() });
    const polled = warmer(db, memory, abort);
    let version = 0;
    setInterval(() => db.write('a', ++version), 50);
    await w.advance('12s');
  });

const property = (abort: boolean) =>
  fc.asyncProperty(
    tapeArbitrary(fc),
    faultsArbitrary(fc, {
      until: 5_000,
      actors: ['warmer'],
      clock: false,
      modes: ['up', 'unreachable', 'slow', 'hang'],
    }),
    (tape, faults) => scenario(tape, faults, abort),
  );

describe('an orphan that overwrites newer rows', () => {
  it('is found, and shrunk to one slow answer and one crash', { timeout: 60_000 }, async () => {
    const found = await fc.check(property(false), { seed: 1, numRuns: 300 });
    expect(found.failed).toBe(true);
    const [tape, faults] = found.counterexample!;
    expect(tape).toEqual([]);
    expect(faults.map(({ kind }) => kind).sort()).toEqual(['crash', 'source']);
    await expect(scenario(tape, faults, false)).rejects.toThrow(/memory never goes back/);
    // One fault fewer, and all is well.
    for (const fault of faults) {
      const others = faults.filter((other) => other !== fault);
      await scenario(tape, others, false);
    }
  });

  it('is gone once what a crashed actor began is aborted', async () => {
    const found = await fc.check(property(true), { seed: 1, numRuns: 100 });
    expect(found.failed).toBe(false);
  });
});
