/** A million entries at once, in one call and one by one. */
import { type Cache, defineCache, type EntryOptions } from 'holdfast';
import { LRUCache } from 'lru-cache';
import { perSecond } from '../harness/rounds.js';
import { type Session, session, tokens } from '../harness/sessions.js';
import type { Bench } from '../harness/suite.js';
import { ets } from './ets.js';

const empty = (): Cache<Session> =>
  defineCache<Session>({ name: 'bench', source: async () => undefined, ttl: '1h', staleFor: '1h' });

/** `putMany` has the same pairs as a `Map` is made of; the others are filled one by one, as there is no other way. */
export async function bulk(bench: Bench, count: number): Promise<void> {
  const keys = tokens(count);
  const values = keys.map((_, index) => session(index));
  const pairs = keys.map((key, index): readonly [string, Session] => [key, values[index] as Session]);
  const own = keys.map((key, index): readonly [string, Session, EntryOptions] => {
    const value = values[index] as Session;
    return [key, value, { expiresAt: value.expiresAt }];
  });
  const filled = (set: (key: string, value: Session) => void): number =>
    perSecond(count, (index) => set(keys[index] as string, values[index] as Session));
  const whole = (put: () => void): number => perSecond(1, put) * count;
  const intoMap = (): number => {
    const map = new Map<string, Session>();
    return filled((key, value) => map.set(key, value));
  };
  const intoLru = (): number => {
    const lru = new LRUCache<string, Session>({ max: count, ttl: 3_600_000 });
    return filled((key, value) => lru.set(key, value));
  };
  const many = count.toLocaleString('en');
  await bench.compare(
    `putMany of ${many}`,
    'entries/s',
    {
      holdfast: () => whole(() => empty().putMany(pairs)),
      map: intoMap,
      'lru-cache': intoLru,
      ...ets('put', count),
    },
    { rounds: 5, aims: [{ is: 'at least', value: 1 / 1.3, times: 'map' }] },
  );
  await bench.compare(
    `putMany of ${many}, each with an expiresAt`,
    'entries/s',
    { holdfast: () => whole(() => empty().putMany(own)), map: intoMap, 'lru-cache': intoLru },
    { rounds: 5, aims: [{ is: 'at least', value: 1 / 1.3, times: 'map' }] },
  );
  await bench.compare(
    `put of ${many}, one by one, each with an expiresAt`,
    'entries/s',
    {
      holdfast: () => {
        const cache = empty();
        return filled((key, value) => cache.put(key, value, { expiresAt: value.expiresAt }));
      },
      map: intoMap,
      'lru-cache': intoLru,
    },
    { rounds: 3 },
  );
}
