import { type Cache, child, createRuntime, defineCache, exit, ThrottledError } from 'holdfast';
import { scriptedSource, world } from 'holdfast/testing';

/** What clients do, and when; times in ms of the world. */
export interface Step {
  readonly at: number;
  readonly client: number;
  /** Up to `rows` it exists. */
  readonly key: number;
  /** Gives up so long after. */
  readonly giveUp?: number | undefined;
}

export interface Scenario {
  readonly steps: readonly Step[];
  /** When the throttle's actor is crashed. */
  readonly crashes: readonly number[];
  /** When the source goes away, and for how long. */
  readonly outages: readonly { readonly at: number; readonly for: number }[];
  readonly latency: number;
}

export const rows = 5;
export const until = 20_000;
export const limits = {
  allowance: 2,
  delay: '200ms',
  maxDelay: '1s',
  refuseAfter: 6,
  resetAfter: '4s',
} as const;

/** How one question ended. */
export interface End {
  readonly client: number;
  readonly key: number;
  readonly asked: number;
  readonly ended: number;
  readonly how: string;
  /** It was in memory, and fresh, when it was asked for. */
  readonly held: boolean;
}

/** Plays it. Says how each question ended, the most that waited at once, and what the throttle's actor told besides. */
export function play(scenario: Scenario): Promise<{
  readonly ends: readonly End[];
  readonly mostWaiting: number;
  readonly incarnations: number;
}> {
  return world({}, async (w) => {
    const held = Object.fromEntries(Array.from({ length: rows }, (_, n) => [`${n}`, 'row']));
    const db = scriptedSource<string>({ rows: held, latency: scenario.latency, has: ['ping'] });
    const cache = defineCache<string>({
      name: 'sessions',
      source: db,
      ttl: '3s',
      staleFor: '1s',
      negativeTtl: '1s',
      load: { retries: 0 },
      warm: { backoff: { jitter: false } },
      throttle: limits,
    });
    const runtime = createRuntime({
      maxRestarts: 1_000,
      children: [child({ id: 'sessions', logic: cache.supervisor })],
    });
    await runtime.start();
    const ends: End[] = [];
    let mostWaiting = 0;
    for (const { at, for: duration } of scenario.outages) {
      setTimeout(() => db.become({ mode: 'unreachable' }, duration), at);
    }
    for (const step of scenario.steps) {
      setTimeout(() => {
        void ask(cache, step, () => w.now).then((end) => ends.push(end));
      }, step.at);
    }
    for (const at of scenario.crashes) {
      setTimeout(() => {
        const actor = runtime.whereis('sessions/throttle');
        if (actor !== undefined) exit(actor, { type: 'error', error: new Error('injected') });
      }, at);
    }
    w.always('the waiting are counted', () => {
      mostWaiting = Math.max(mostWaiting, cache.health().throttle?.waiting ?? 0);
    });
    await w.advance(until + 10_000);
    const node = runtime.tree().children?.[0]?.children?.find(({ id }) => id === 'throttle');
    await runtime.stop();
    if (w.pending.length > 0) throw new Error(`Left behind: ${w.pending.map(({ what }) => what).join(', ')}`);
    return { ends, mostWaiting, incarnations: node?.incarnation ?? 0 };
  });
}

async function ask(cache: Cache<string>, step: Step, now: () => number): Promise<End> {
  const { client, key, giveUp } = step;
  const held = cache.lookup(`${key}`).status === 'fresh';
  const asked = now();
  const giving = new AbortController();
  if (giveUp !== undefined) setTimeout(() => giving.abort('gave up'), giveUp);
  const how = await cache.read(`${key}`, { client: `${client}`, signal: giving.signal }).then(
    ({ status }) => status,
    (error: unknown) => (error instanceof ThrottledError ? `refused ${error.retryAfter}` : String(error)),
  );
  return { client, key, asked, ended: now(), how, held };
}
