/** The pure policies: functions of (state, now), for every state and every now. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Abandoned } from '../../actors/cache/abandoned.js';
import { Authority } from '../../actors/cache/authority.js';
import { Flag, judge, whyUnknown } from '../../actors/cache/judge.js';
import { withoutExpiry } from '../../actors/cache/options.js';
import * as outages from '../../actors/cache/outage.js';
import { Quarantine } from '../../actors/cache/quarantine.js';
import { checkChanges, checkRow, checkScan } from '../../actors/cache/rows.js';
import { restoredTerms, termsOf } from '../../actors/cache/terms.js';
import { backoffDelay } from '../../src/runtime/backoff-delay.js';

const ms = fc.nat(10_000);
const forever = Number.POSITIVE_INFINITY;
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

describe('judge', () => {
  const standing = fc.record({
    confirmedAt: ms,
    ttl: ms,
    staleFor: fc.oneof(ms, fc.constant(forever)),
    expiresAt: fc.oneof(ms, fc.constant(forever), fc.constant(-forever)),
    flags: fc.nat(3),
  });
  const circumstances = fc.record({
    age: ms,
    wall: ms,
    sourceDown: fc.boolean(),
    doubtBefore: fc.oneof(ms, fc.constant(-forever)),
  });

  it('serves nothing past its own end, nor past ttl + staleFor; everything else', () => {
    fc.assert(
      fc.property(standing, circumstances, (entry, now) => {
        const verdict = judge(entry, now);
        const over = now.wall >= entry.expiresAt;
        const aged = now.age - entry.confirmedAt >= entry.ttl + entry.staleFor;
        expect(verdict === 'expired').toBe(over);
        expect(verdict === 'aged').toBe(!over && aged);
      }),
    );
  });

  it('is fresh only when confirmed here, within ttl, and not in doubt; whether the source is down has no say', () => {
    fc.assert(
      fc.property(standing, circumstances, (entry, now) => {
        const fresh = judge(entry, now) === 'fresh';
        if (fresh) {
          expect(entry.flags).toBe(Flag.none);
          expect(now.age - entry.confirmedAt).toBeLessThan(entry.ttl);
          expect(entry.confirmedAt).toBeGreaterThanOrEqual(now.doubtBefore);
        }
        expect(judge(entry, { ...now, sourceDown: !now.sourceDown }) === 'fresh').toBe(fresh);
      }),
    );
  });

  it('says the first that holds: restored > suspect > source-unreachable > ttl', () => {
    const entry = { confirmedAt: 0, ttl: 10, staleFor: 100, expiresAt: forever, flags: 0 };
    const now = { age: 20, wall: 0, sourceDown: true, doubtBefore: -forever };
    expect(judge({ ...entry, flags: Flag.restored | Flag.suspect }, now)).toBe('restored');
    expect(judge({ ...entry, flags: Flag.suspect }, now)).toBe('suspect');
    expect(judge(entry, { ...now, doubtBefore: 1 })).toBe('suspect');
    expect(judge(entry, now)).toBe('source-unreachable');
    expect(judge(entry, { ...now, sourceDown: false })).toBe('ttl');
    expect(judge(entry, { ...now, age: 9 })).toBe('fresh');
  });

  it('time only makes it worse', () => {
    const rank = { fresh: 0, restored: 1, suspect: 1, 'source-unreachable': 1, ttl: 1, aged: 2, expired: 2 };
    fc.assert(
      fc.property(standing, circumstances, ms, ms, (entry, now, later, laterByTheWall) => {
        const then = { ...now, age: now.age + later, wall: now.wall + laterByTheWall };
        expect(rank[judge(entry, then)]).toBeGreaterThanOrEqual(rank[judge(entry, now)]);
      }),
    );
  });
});

describe('whyUnknown', () => {
  it('says the first that holds', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.boolean(), (quarantined, cold, sourceDown) => {
        const why = whyUnknown({ quarantined, cold, sourceDown });
        const holds = { quarantined, cold, 'source-unreachable': sourceDown, 'not-loaded': true };
        const first = Object.entries(holds).find(([, held]) => held)?.[0];
        expect(why).toBe(first);
      }),
    );
  });
});

describe('backoffDelay', () => {
  const policy = fc
    .record({
      min: fc.integer({ min: 1, max: 10_000 }),
      more: fc.nat(100_000),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      jitter: fc.boolean(),
    })
    .map(({ more, ...rest }) => ({ ...rest, max: rest.min + more }));
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('is in [min, min(max, min · factor^n)], however many failures', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 10_000 }), draw, (given, failures, drawn) => {
        const delay = backoffDelay(given, failures, drawn);
        expect(delay).toBeGreaterThanOrEqual(given.min);
        expect(delay).toBeLessThanOrEqual(
          Math.ceil(Math.min(given.max, given.min * given.factor ** failures)),
        );
      }),
    );
  });

  it('without jitter is the upper bound, and never shrinks', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 100 }), draw, (given, failures, drawn) => {
        const steady = { ...given, jitter: false };
        const delay = backoffDelay(steady, failures, drawn);
        expect(delay).toBe(Math.min(given.max, given.min * given.factor ** failures));
        expect(backoffDelay(steady, failures + 1, drawn)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
});

describe('outage', () => {
  type Step = {
    readonly does: 'answered' | 'failed' | 'timedOut' | 'ask' | 'lost' | 'hurry';
    readonly after: number;
  };
  const steps = fc.array(
    fc.record<Step>({
      does: fc.constantFrom('answered', 'failed', 'timedOut', 'ask', 'lost', 'hurry'),
      after: fc.nat(2_000),
    }),
    { maxLength: 60 },
  );
  const delay = (attempt: number) => Math.min(5_000, 100 * 2 ** attempt);

  it('any success clears it; only a connection error or three timeouts in a row make it; one probe at a time, when its time has come', () => {
    fc.assert(
      fc.property(steps, (all) => {
        let outage = outages.nothingKnown;
        let age = 0;
        let timeouts = 0;
        for (const { does, after } of all) {
          age += after;
          const now = { age, wall: 1e12 + age };
          const before = outage;
          const free = outages.permission(before, age);
          expect(free === 'free').toBe(before.status !== 'down');
          if (free === 'probe') {
            expect(before.probing).toBe(false);
            expect(age).toBeGreaterThanOrEqual(before.nextAttempt);
          }
          if (does === 'answered') {
            outage = outages.answered(before, now);
            expect(outage).toMatchObject({ status: 'up', timeouts: 0, attempt: 0, probing: false });
            timeouts = 0;
          } else if (does === 'failed') {
            outage = outages.failed(before, 'e', now, delay);
            expect(outage.status).toBe('down');
            timeouts = 0;
          } else if (does === 'timedOut') {
            timeouts += 1;
            outage = outages.timedOut(before, 'e', now, delay);
            if (before.status !== 'down') expect(outage.status === 'down').toBe(timeouts >= 3);
            if (outage.status === 'down') timeouts = 0;
          } else if (does === 'ask') {
            if (free === 'probe') {
              outage = outages.probeBegun(before);
              expect(outages.permission(outage, age)).toBe('no');
            }
          } else if (does === 'lost') {
            outage = outages.probeLost(before);
            expect(outage.probing).toBe(false);
          } else {
            outage = outages.hurried(before, now);
            if (before.status === 'down' && !before.probing)
              expect(outages.permission(outage, age)).toBe('probe');
          }
          // Only what a probe found out lengthens the backoff.
          if (before.status === 'down' && !before.probing && outage.status === 'down')
            expect(outage.attempt).toBe(before.attempt);
          if (outage.status === 'down' && outage.attempt > before.attempt)
            expect(outage.nextAttempt).toBe(age + delay(outage.attempt));
        }
      }),
    );
  });

  it('too many that never settle mean unreachable at the first timeout', () => {
    const now = { age: 5, wall: 5 };
    expect(outages.timedOut(outages.nothingKnown, 'e', now, delay).status).toBe('unknown');
    expect(outages.timedOut(outages.nothingKnown, 'e', now, delay, { saturated: true }).status).toBe('down');
  });
});

describe('abandoned questions', () => {
  it('saturate when so many hang past their own time, and no success has excused them since', () => {
    type Act = { readonly does: 'add' | 'settle' | 'excuse'; readonly id: number; readonly due: number };
    const acts = fc.array(
      fc.record<Act>({
        does: fc.constantFrom('add', 'add', 'settle', 'excuse'),
        id: fc.nat(5),
        due: fc.nat(40),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(acts, fc.integer({ min: 1, max: 4 }), (all, most) => {
        const abandoned = new Abandoned();
        const ids = Array.from({ length: 6 }, () => ({}));
        const model = new Map<number, { readonly due: number; excused: boolean }>();
        all.forEach(({ does, id, due }, now) => {
          const question = ids[id] ?? {};
          if (does === 'add' && !model.has(id)) {
            abandoned.add(question, due);
            model.set(id, { due, excused: false });
          } else if (does === 'settle') {
            abandoned.settled(question);
            model.delete(id);
          } else if (does === 'excuse') {
            abandoned.excuse();
            for (const one of model.values()) one.excused = true;
          }
          expect(abandoned.size).toBe(model.size);
          const overdue = [...model.values()].filter((one) => !one.excused && one.due <= now).length;
          expect(abandoned.saturates(most, now)).toBe(overdue >= most);
        });
      }),
    );
  });
});

describe('terms', () => {
  const policy = fc.record({ ttl: ms, staleFor: fc.oneof(ms, fc.constant(forever)) });

  it('an entry’s own go first; nothing is without an end', () => {
    fc.assert(
      fc.property(
        policy,
        maybe(ms),
        maybe(fc.oneof(ms, fc.constant(forever))),
        maybe(ms),
        (given, ttl, staleFor, expiresAt) => {
          const own = { ...(ttl !== undefined && { ttl }), ...(staleFor !== undefined && { staleFor }) };
          const terms = termsOf(given, own, expiresAt);
          expect(terms.ttl).toBe(ttl ?? given.ttl);
          if (terms.staleFor === forever) expect(expiresAt).toBeDefined();
          else expect([staleFor ?? given.staleFor, withoutExpiry]).toContain(terms.staleFor);
        },
      ),
    );
  });

  it('over a restart: elapsed is max(0, difference); what is beyond its time stays out; nothing gets longer than it had', () => {
    fc.assert(
      fc.property(policy, ms, maybe(ms), ms, ms, (terms, confirmedAt, expiresAt, age, wall) => {
        const restored = restoredTerms(terms, confirmedAt, expiresAt, { age, wall });
        const elapsed = wall - confirmedAt;
        const expired = expiresAt !== undefined && expiresAt <= wall;
        const aged = elapsed >= 0 && elapsed >= terms.ttl + terms.staleFor;
        expect(restored === undefined).toBe(expired || aged);
        if (restored === undefined) return;
        const left = restored.confirmedAt + restored.ttl + restored.staleFor - age;
        if (elapsed >= 0) expect(left).toBe(terms.ttl + terms.staleFor - elapsed);
        // From the future: restored for staleFor from boot, or an hour.
        else expect(left).toBe(terms.staleFor === forever ? withoutExpiry : terms.staleFor);
      }),
    );
  });
});

describe('authority', () => {
  type Act = { readonly does: 'begin' | 'complete' | 'fail' | 'doubt' | 'void'; readonly key: string };
  const acts = fc.array(
    fc.record<Act>({
      does: fc.constantFrom('begin', 'complete', 'fail', 'doubt', 'doubt', 'void'),
      key: fc.constantFrom('a', 'b', 'c'),
    }),
    { maxLength: 30 },
  );

  it('proves nothing of a key about which something happened since the proving pass began, and nothing once void', () => {
    fc.assert(
      fc.property(acts, fc.integer({ min: 1, max: 4 }), (all, bound) => {
        const authority = new Authority(bound);
        /** Of each key and of all: when something last happened. */
        const doubted = new Map<string, number>();
        let voided = -1;
        let began: number | undefined;
        let proof: number | undefined;
        all.forEach(({ does, key }, at) => {
          if (does === 'begin') {
            authority.passBegan();
            began = at;
          } else if (does === 'complete') {
            authority.passCompleted(at, at);
            if (began !== undefined && began > voided) proof = began;
            began = undefined;
          } else if (does === 'fail') {
            authority.passFailed();
            began = undefined;
          } else if (does === 'doubt') {
            authority.doubt(key);
            doubted.set(key, at);
          } else {
            authority.void();
            voided = at;
            proof = undefined;
          }
          for (const each of ['a', 'b', 'c', 'never doubted']) {
            const proves = authority.proves(each, at, forever) !== undefined;
            const may = proof !== undefined && (doubted.get(each) ?? -1) < proof;
            // It may give up more than it must (its memory is bounded), never prove more than it may.
            if (proves) expect(may).toBe(true);
            if (bound >= 3 && may) expect(proves).toBe(true);
          }
        });
      }),
    );
  });

  it('holds for ttl from the beginning of its pass', () => {
    const authority = new Authority(10);
    authority.passBegan();
    authority.passCompleted(1_000, 1_500);
    expect(authority.proves('x', 1_600, 1_000)).toBe(100);
    expect(authority.proves('x', 1_999, 1_000)).toBe(499);
    expect(authority.proves('x', 2_000, 1_000)).toBeUndefined();
  });
});

describe('quarantine', () => {
  it('is bounded: the oldest are forgotten first; a key set apart again counts as new', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), fc.nat(5), (keys, bound) => {
        const quarantine = new Quarantine(bound);
        for (const key of keys) quarantine.add(String(key), 'bad');
        const latest = [...new Set([...keys].reverse())].slice(0, Math.max(1, bound));
        expect(quarantine.size).toBe(latest.length);
        for (const key of keys) expect(quarantine.has(String(key))).toBe(latest.includes(key));
        for (const key of keys) quarantine.release(String(key));
        expect(quarantine.size).toBe(0);
      }),
    );
  });
});

describe('rows', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
  });
  const trap = new Proxy(
    {},
    {
      get: () => {
        throw new Error('trap');
      },
    },
  );

  it('anything at all is a row or a bad one; a good one has what it must', () => {
    const shaped = fc.record(
      { key: anything, value: anything, expiresAt: anything, version: anything, tags: anything },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anything, shaped, fc.constant(trap)), maybe(fc.string()), (candidate, asked) => {
        const checked = checkRow<unknown>(candidate as never, asked);
        if (!checked.ok) return;
        const { key, value, expiresAt, version, tags } = checked.row;
        expect(typeof key).toBe('string');
        if (asked !== undefined) expect(key).toBe(asked);
        expect(value).not.toBeUndefined();
        for (const number of [expiresAt, version])
          if (number !== undefined) expect(Number.isNaN(number)).toBe(false);
        if (tags !== undefined) expect(tags.every((tag) => typeof tag === 'string')).toBe(true);
      }),
    );
  });

  it('anything at all is a batch, or it throws; a batch has what it must', () => {
    const shaped = fc.record(
      { rows: anything, gone: anything, changed: anything, cursor: anything, reset: anything },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anything, shaped), (given) => {
        for (const check of [checkScan, checkChanges]) {
          try {
            const batch = check(given) as {
              rows?: unknown;
              gone?: unknown;
              changed?: unknown;
              cursor?: unknown;
            };
            for (const list of [batch.rows, batch.gone, batch.changed])
              if (list !== undefined) expect(Array.isArray(list)).toBe(true);
            expect(['string', 'undefined']).toContain(typeof batch.cursor);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        }
      }),
    );
  });
});
