import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Opened } from './peers.js';

/** How long a caller waits before the read counts as hanging, ms. */
const patience = 3000;

/** What callers got, counted: `'stale, says so'` to how many. */
export type Outcome = ReadonlyMap<string, number>;

export interface Wave {
  readonly known: Outcome;
  readonly unknown: Outcome;
  /** The slowest answer, ms; those that hang not counted. */
  readonly slowest: number;
}

function named({ value, says }: Answer): string {
  if (value === undefined) return says ?? 'undefined';
  if (says === undefined) return 'stale, unmarked';
  return says === 'stale' ? 'stale, marked' : says;
}

async function outcome(read: Promise<Answer>): Promise<{ readonly name: string; readonly took: number }> {
  const began = performance.now();
  const giveUp = new AbortController();
  const name = await Promise.race([
    read.then(named, () => 'error'),
    pause(patience, 'hangs', { signal: giveUp.signal }).catch(() => 'hangs'),
  ]);
  giveUp.abort();
  return { name, took: name === 'hangs' ? 0 : performance.now() - began };
}

function count(names: readonly { readonly name: string }[]): Outcome {
  const counted = new Map<string, number>();
  for (const { name } of names) counted.set(name, (counted.get(name) ?? 0) + 1);
  return counted;
}

/**
 * Clients for a while: every `every` ms each known key is read once, at the same time, and so are `strangers` tokens that
 * nobody has seen before. Ends when the last answer is there or given up.
 */
export async function callFor(
  opened: Opened,
  known: readonly string[],
  { waves, every, strangers }: { readonly waves: number; readonly every: number; readonly strangers: number },
): Promise<Wave> {
  const knownReads: ReturnType<typeof outcome>[] = [];
  const unknownReads: ReturnType<typeof outcome>[] = [];
  for (let wave = 0; wave < waves; wave += 1) {
    for (const key of known) knownReads.push(outcome(opened.read(key)));
    for (let index = 0; index < strangers; index += 1) {
      unknownReads.push(outcome(opened.read(crypto.randomUUID())));
    }
    await pause(every);
  }
  const [knownAnswers, unknownAnswers] = await Promise.all([
    Promise.all(knownReads),
    Promise.all(unknownReads),
  ]);
  return {
    known: count(knownAnswers),
    unknown: count(unknownAnswers),
    slowest: Math.max(...[...knownAnswers, ...unknownAnswers].map(({ took }) => took)),
  };
}
