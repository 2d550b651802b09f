/** The same with everything on that somebody may want to know: 100 tags, a listener of what leaves, statistics that are asked for. */
import { type Cache, defineCache, type EntryOptions } from 'holdfast';
import { perSecond, perSecondAwaited, type Round } from '../harness/rounds.js';
import { type Session, session, shuffled, tokens } from '../harness/sessions.js';
import type { Bench } from '../harness/suite.js';
import { timed } from '../harness/thread-time.js';

const probes = 1 << 16;
const day = 86_400_000;

/** One of the two: as it comes, and watched. */
interface Side {
  make(): Cache<Session>;
  entry(nth: number, expiresAt: number): EntryOptions;
}

const make = (): Cache<Session> =>
  defineCache<Session>({
    name: 'bench',
    source: async (key) => ({ userId: key, expiresAt: 0 }),
    ttl: '1h',
    staleFor: '1h',
    sweep: { every: '1h' },
  });

const bare: Side = { make, entry: (_, expiresAt) => ({ expiresAt }) };

const heard = { keys: 0, answers: 0 };
const tags = Array.from({ length: 100 }, (_, nth) => [`tag ${nth}`]);
const watched: Side = {
  make() {
    const cache = make();
    cache.bus.subscribe('left', ({ keys }) => {
      heard.keys += keys.length;
    });
    heard.answers = cache.stats().fresh;
    return cache;
  },
  entry: (nth, expiresAt) => ({ expiresAt, tags: tags[nth % tags.length] as string[] }),
};

export async function watching(bench: Bench, count: number): Promise<void> {
  const keys = tokens(count);
  const values = keys.map((_, nth) => session(nth));
  const compare = async (
    what: string,
    unit: string,
    round: (side: Side) => Round,
    more: 'faster' | 'slower',
  ): Promise<void> => {
    const contenders = { holdfast: round(watched), 'not watched': round(bare) };
    const aim =
      more === 'faster'
        ? ({ is: 'at least', value: 0.9, times: 'not watched' } as const)
        : ({ is: 'at most', value: 1.1, times: 'not watched' } as const);
    await bench.compare(`watched: ${what}`, unit, contenders, { rounds: 5, aims: [aim] });
  };

  const hot = Math.min(count, 100_000);
  const friends = shuffled(keys.slice(0, hot), probes);
  const opened: Cache<Session>[] = [];
  const full = async (side: Side): Promise<Cache<Session>> => {
    const cache = await side.make().start();
    for (let nth = 0; nth < hot; nth += 1)
      cache.put(keys[nth] as string, values[nth] as Session, side.entry(nth, Date.now() + day));
    opened.push(cache);
    return cache;
  };
  const sides = new Map([
    [watched, await full(watched)],
    [bare, await full(bare)],
  ]);
  const of = (side: Side): Cache<Session> => sides.get(side) as Cache<Session>;
  const friend = (index: number): string => friends[index & (probes - 1)] as string;
  const reads = 2_000_000 * bench.scale;
  await compare(
    'get, hit',
    'ops/s',
    (side) => () => perSecond(reads, (index) => of(side).get(friend(index))),
    'faster',
  );
  await compare(
    'lookup, hit',
    'ops/s',
    (side) => () => perSecond(reads, (index) => of(side).lookup(friend(index))),
    'faster',
  );
  await compare(
    'read, awaited, hit',
    'ops/s',
    (side) => () => perSecondAwaited(reads / 10, (index) => of(side).read(friend(index))),
    'faster',
  );
  let made = 0;
  await compare(
    'fetch, awaited, miss',
    'ops/s',
    (side) => () => perSecondAwaited(reads / 100, () => of(side).fetch(`miss ${made++}`)),
    'faster',
  );
  for (const cache of opened) await cache.stop();

  const later = Date.now() + day;
  await compare(
    `putMany of ${count.toLocaleString('en')}`,
    'ms CPU',
    (side) => {
      const entries = keys.map((key, nth) => [key, values[nth] as Session, side.entry(nth, later)] as const);
      return async () => (await timed(() => side.make().putMany(entries))).cpu;
    },
    'slower',
  );
  await compare(
    `sweep of ${count.toLocaleString('en')}, half expired`,
    'ms CPU',
    (side) => async () => {
      const cache = await side.make().start();
      const now = Date.now();
      for (let nth = 0; nth < count; nth += 1)
        cache.put(
          keys[nth] as string,
          values[nth] as Session,
          side.entry(nth, nth % 2 === 0 ? now - 1 : now + day),
        );
      const { cpu } = await timed(() => cache.sweep());
      await cache.stop();
      return cpu;
    },
    'slower',
  );
}
