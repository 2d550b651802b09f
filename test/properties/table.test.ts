import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { EntryOptions } from '../../src/table/index.js';
import { type ModelLease, TableModel } from './table-model.js';

const keys = ['a', 'b', 'c', 'd', '__proto__', ''] as const;
const key = fc.constantFrom(...keys);
const started = 1000;

const spans = fc.constantFrom(
  0,
  1,
  999,
  1000,
  1001,
  20_000,
  3_600_000,
  30 * 86_400_000,
  Number.POSITIVE_INFINITY,
);
const nth = fc.nat({ max: 5 });

interface Stored {
  readonly ttl: number;
  readonly staleFor: number;
  readonly expiresIn: number | undefined;
  readonly version: number | undefined;
  readonly tags: readonly string[] | undefined;
  readonly weight: number | undefined;
}

const stored: fc.Arbitrary<Stored> = fc.record({
  ttl: fc.constantFrom(0, 1, 1000, 60_000, 3_600_000),
  staleFor: spans,
  expiresIn: fc.option(fc.constantFrom(-1000, 0, 1, 1500, 60_000, 3_600_000, 400 * 86_400_000), {
    nil: undefined,
  }),
  version: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
  tags: fc.option(fc.constantFrom(['t'], ['u'], ['t', 'u'], ['u', 'u']), { nil: undefined }),
  weight: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
});

const step = fc.oneof(
  fc.record({ do: fc.constant('put'), key, stored }),
  fc.record({ do: fc.constant('confirm'), key, stored, nth }),
  fc.record({ do: fc.constant('confirm'), key, stored, nth }),
  fc.record({ do: fc.constant('deny'), key, span: fc.constantFrom(0, 1000, 30_000), nth }),
  fc.record({
    do: fc.constant('bury'),
    keys: fc.array(key, { minLength: 1, maxLength: 3 }),
    revoked: fc.boolean(),
  }),
  fc.record({ do: fc.constant('lease'), pass: fc.boolean() }),
  fc.record({ do: fc.constant('release'), nth }),
  fc.record({ do: fc.constant('evict'), key }),
  fc.record({ do: fc.constant('latch'), key }),
  fc.record({ do: fc.constant('lift'), key }),
  fc.record({ do: fc.constant('seen'), key, nth }),
  fc.record({ do: fc.constant('endPass'), nth }),
  fc.record({ do: fc.constant('restore'), key, stored, seq: fc.integer({ min: 1, max: started }) }),
  fc.record({
    do: fc.constant('restoreTombstone'),
    key,
    revoked: fc.boolean(),
    seq: fc.integer({ min: 1, max: started }),
  }),
  fc.record({
    do: fc.constant('pass time'),
    span: fc.constantFrom(1, 500, 1000, 61_000, 3_600_000, 366 * 86_400_000),
  }),
  fc.record({
    do: fc.constant('jump'),
    to: fc.constantFrom(-3_600_000, -1000, 1000, 3_600_000, 365 * 86_400_000),
  }),
  fc.record({ do: fc.constant('due'), most: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }) }),
  fc.record({ do: fc.constant('touch'), key }),
  fc.record({
    do: fc.constant('invalidateTag'),
    tag: fc.constantFrom('t', 'u', 'v'),
    most: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ do: fc.constant('shed'), size: fc.nat({ max: 4 }) }),
  { arbitrary: fc.constant({ do: 'void' } as const), weight: 1 },
  { arbitrary: fc.constant({ do: 'clear' } as const), weight: 1 },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Carries a run of steps out against table and model, and compares them after each. */
function run(options: TableModel['options'], steps: readonly Step[]): void {
  const model = new TableModel({ ...options, seq: started });
  const restoring = model.lease('read');
  let now = 0;
  let wall = 1_700_000_000_000;
  let value = 0;
  const entry = ({ ttl, staleFor, expiresIn, version, tags, weight }: Stored): EntryOptions => ({
    confirmedAt: now,
    ttl,
    staleFor,
    expiresAt: expiresIn === undefined ? undefined : wall + expiresIn,
    version,
    tags,
    weight,
  });
  const leaseOf = (n: number): ModelLease =>
    model.leases[model.leases.length - 1 - (n % model.leases.length)]!;
  const passOf = (n: number): ModelLease | undefined => {
    const passes = model.leases.filter(({ lease }) => lease.of === 'pass');
    return passes[passes.length - 1 - (n % Math.max(1, passes.length))];
  };
  const take = (s: Step): void => {
    value += 1;
    switch (s.do) {
      case 'put':
        model.put(s.key, value, entry(s.stored));
        break;
      case 'confirm':
        model.confirm(s.key, value, entry(s.stored), leaseOf(s.nth));
        break;
      case 'deny':
        model.deny(s.key, { at: now, until: now + s.span, because: 'source' }, leaseOf(s.nth));
        break;
      case 'bury':
        model.bury(s.keys, s.revoked ? 'revoked' : 'invalidated', now);
        break;
      case 'lease':
        model.lease(s.pass ? 'pass' : 'read');
        break;
      case 'release':
        model.release(leaseOf(s.nth));
        break;
      case 'evict':
        model.evict(s.key);
        break;
      case 'latch':
        model.latch(s.key);
        break;
      case 'lift':
        model.lift(s.key);
        break;
      case 'restore':
        model.restore(s.key, value, entry(s.stored), s.seq, restoring);
        break;
      case 'restoreTombstone':
        model.restoreTombstone(s.key, s.revoked ? 'revoked' : 'invalidated', s.seq, restoring);
        break;
      case 'seen': {
        const pass = passOf(s.nth);
        if (pass) model.markSeen(s.key, pass);
        break;
      }
      case 'endPass': {
        const pass = passOf(s.nth);
        if (pass?.open) model.endPass(pass, { at: now, until: now + 1000, because: 'pass' });
        break;
      }
      case 'pass time':
        now += s.span;
        wall += s.span;
        break;
      case 'jump':
        wall += s.to;
        break;
      case 'due':
        model.due(now, wall, s.most);
        break;
      case 'touch': {
        const slot = model.table.slotOf(s.key);
        if (slot >= 0) model.table.touch(slot);
        break;
      }
      case 'invalidateTag':
        model.invalidateTag(s.tag, now, s.most);
        break;
      case 'shed':
        model.shed(s.size);
        break;
      case 'void':
        model.voidLeases();
        break;
      case 'clear':
        model.clear();
        break;
    }
  };
  for (const s of steps) {
    take(s);
    model.check();
  }
  model.due(now, wall);
  model.check();
}

describe('whatever happens in whatever order', () => {
  const steps = fc.array(step, { maxLength: 60, size: 'max' });

  it('the table does what the model does', () => {
    fc.assert(
      fc.property(
        fc.record({
          maxEntries: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
          maxWeight: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
          maxNegative: fc.nat({ max: 3 }),
          track: fc.boolean(),
        }),
        steps,
        run,
      ),
      { numRuns: 400 },
    );
  }, 60_000);
});
