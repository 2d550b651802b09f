/** Sequences of a cache's operations, each judged by a model that a child could run by hand. */
import fc from 'fast-check';
import { type Cache, createRuntime, defineCache, type Lookup } from 'holdfast';
import {
  always,
  type Command,
  defineScenario,
  explore,
  faults,
  type SimulatedSource,
  simTest,
  simulatedSource,
  sometimes,
} from 'holdfast/testing';
import { expect, test } from 'vitest';

const keys = ['a', 'b', 'c'] as const;
const [ttl, staleFor, negativeTtl] = [5_000, 10_000, 3_000];

/** What the cache should know of a key, since when; nothing: it knows nothing. */
type Known =
  | { readonly is: 'value'; readonly value: string; readonly at: number }
  | { readonly is: 'denied' | 'revoked'; readonly at: number };

type Bug = 'forgets to invalidate' | 'revokes for a while';

class Modelled {
  readonly db: SimulatedSource<string> = simulatedSource<string>({
    rows: { a: 'a0' },
    has: ['save', 'remove'],
  });
  readonly cache: Cache<string>;
  readonly model = new Map<string, Known>();
  readonly told = new Set<string>();
  #written = 0;
  readonly #now: () => number;

  constructor(now: () => number, bug: Bug | undefined) {
    this.#now = now;
    this.cache = defineCache({
      name: 'm',
      source: this.db,
      ttl,
      staleFor: bug === 'revokes for a while' ? staleFor / 4 : staleFor,
      negativeTtl,
      sweep: { every: '1s' },
    });
  }

  fresh = (key: string): string => `${key}${++this.#written}`;
  knows = (key: string, value: string): unknown =>
    this.model.set(key, { is: 'value', value, at: this.#now() });
  gone = (key: string, is: 'denied' | 'revoked'): unknown => this.model.set(key, { is, at: this.#now() });

  /** Memory where it answers, else what the database holds; which is then known. */
  async read(key: string): Promise<void> {
    const known = this.cache.lookup(key);
    const { status, ...answer } = await this.cache.read(key);
    if (known.status === 'fresh' || known.status === 'absent') return expect(status).toBe(known.status);
    const row = this.db.rows.get(key);
    expect({ status, value: 'value' in answer ? answer.value : undefined }).toEqual({
      status: row === undefined ? 'absent' : 'fresh',
      value: row?.value,
    });
    if (row?.value === undefined) this.gone(key, 'denied');
    else this.knows(key, row.value);
  }

  /** What a lookup may say of the key now. */
  expected(key: string): string[] {
    const known = this.model.get(key);
    const age = this.#now() - (known?.at ?? 0);
    switch (known?.is) {
      case 'value': {
        if (age >= ttl + staleFor) return ['unknown not-loaded'];
        const said = age < ttl ? `fresh ${known.value}` : `stale ttl ${known.value}`;
        // Twice crashed, it has doubts of its own.
        return this.cache.stats().rebuilds > 0 ? [said, `stale suspect ${known.value}`] : [said];
      }
      case 'denied':
        if (age >= negativeTtl) return ['unknown not-loaded'];
        // What is rebuilt brings no denials along: they are asked for again.
        return this.cache.stats().rebuilds > 0 ? ['absent source', 'unknown not-loaded'] : ['absent source'];
      case 'revoked':
        // Kept for so long, and then until the janitor comes by.
        return age <= staleFor ? ['absent removed'] : ['absent removed', 'unknown not-loaded'];
      default:
        return ['unknown not-loaded'];
    }
  }
}

const said = (lookup: Lookup<string>): string =>
  [lookup.status, 'because' in lookup && lookup.because, 'value' in lookup && lookup.value]
    .filter(Boolean)
    .join(' ');

const commands = (
  { db, cache, ...modelled }: Modelled,
  c: Modelled,
  bug?: Bug,
): readonly Command<Modelled>[] => {
  const { fresh, knows, gone, model } = modelled;
  return [
    { name: 'read', weight: 4, run: (draw) => c.read(draw.of(keys)) },
    {
      name: 'put',
      run: (draw) => {
        const key = draw.of(keys);
        const value = fresh(key);
        cache.put(key, value);
        knows(key, value);
      },
    },
    {
      name: 'save',
      run: async (draw) => {
        const key = draw.of(keys);
        const value = fresh(key);
        await cache.save(key, value);
        knows(key, value);
      },
    },
    {
      name: 'invalidate what is held',
      when: () => model.size > 0,
      run: (draw) => {
        const key = draw.of([...model.keys()]);
        if (bug !== 'forgets to invalidate') cache.invalidate(key);
        model.delete(key);
      },
    },
    {
      name: 'revoke',
      run: (draw) => {
        const key = draw.of(keys);
        cache.revoke(key);
        gone(key, 'revoked');
      },
    },
    {
      name: 'remove',
      run: async (draw) => {
        const key = draw.of(keys);
        await cache.remove(key);
        gone(key, 'revoked');
      },
    },
    {
      name: 'clear',
      weight: 0.5,
      run: () => {
        cache.clear();
        model.clear();
      },
    },
    {
      name: 'somebody else writes',
      run: (draw) => {
        const key = draw.of(keys);
        db.write(key, fresh(key));
      },
    },
    {
      name: 'somebody else deletes a row',
      when: () => db.rows.size > 0,
      run: (draw) => db.erase(draw.of([...db.rows.keys()])),
    },
  ];
};

const scenario = (bug?: Bug) =>
  defineScenario<Modelled>('a cache does as its model says', {
    setup: async (w) => {
      const made = new Modelled(() => w.now, bug);
      await createRuntime({
        children: [{ id: 'm', logic: made.cache.supervisor }],
        maxRestarts: 100,
      }).start();
      return made;
    },
    workload: (context) => commands(context, context, bug),
    inTurn: true,
    horizon: '40s',
    faults: faults.any({ crashes: ['m/cache', 'm/janitor', 'm/warmer'], most: 4, longest: '2s' }),
    checks: [
      always('each key is told as the model has it', (context) => {
        for (const key of keys) {
          const now = said(context.cache.lookup(key));
          context.told.add(now.split(' ', 2).join(' '));
          expect(context.expected(key), `"${key}"`).toContain(now);
        }
      }),
      ...['stale ttl', 'absent source', 'absent removed', 'unknown not-loaded'].map((what) =>
        sometimes<Modelled>(what, ({ told }) => told.has(what)),
      ),
    ],
  });

simTest('a cache does as its model says, one operation after the other', scenario(), {
  runs: 60,
});

test.each<[Bug, number]>([
  ['forgets to invalidate', 2],
  ['revokes for a while', 1],
])(
  'and one that %s does not: %i operations show it',
  async (bug, least) => {
    const { finding } = await explore(fc, scenario(bug), { runs: 200 });
    expect(finding?.failure.check).toBe('each key is told as the model has it');
    expect(finding?.case.steps).toHaveLength(least);
    expect(finding?.case.faults).toEqual([]);
  },
  240_000,
);

test('a command in turn waits for the one before it', async () => {
  const happened: string[] = [];
  const { finding } = await explore(
    fc,
    defineScenario('two at once', {
      setup: () => ({}),
      inTurn: true,
      horizon: '2s',
      leftovers: false,
      steps: 5,
      workload: () => [
        {
          name: 'go',
          run: async () => {
            happened.push('begins');
            await new Promise((done) => setTimeout(done, 100));
            happened.push('ends');
          },
        },
      ],
    }),
    { runs: 10 },
  );
  expect(finding).toBeUndefined();
  const pairs = happened.join(' ').replaceAll('begins ends', '').trim();
  expect(happened.length).toBeGreaterThan(10);
  expect(pairs.replaceAll('begins', '').trim()).toBe('');
});
