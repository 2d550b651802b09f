import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Book, type Ticket } from '../../actors/throttle/book.js';
import { type ThrottlePolicy, throttlePolicy } from '../../actors/throttle/options.js';
import { Ledger } from './throttle-model.js';

const runs = Number(process.env.RUNS ?? 200);

const policies: fc.Arbitrary<ThrottlePolicy> = fc
  .record({
    allowance: fc.integer({ min: 0, max: 4 }),
    more: fc.integer({ min: 1, max: 6 }),
    resetAfter: fc.integer({ min: 1, max: 200 }),
    delay: fc.integer({ min: 0, max: 20 }),
    maxDelay: fc.integer({ min: 20, max: 60 }),
    maxClients: fc.integer({ min: 1, max: 6 }),
  })
  .map(({ more, ...options }) => throttlePolicy({ ...options, refuseAfter: options.allowance + more }));

const step = fc.record({
  after: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90 })),
  client: fc.nat(12),
  key: fc.nat(12),
});

describe('the book of clients', () => {
  it('with room for all, says what a ledger of everything would', () => {
    fc.assert(
      fc.property(policies, fc.array(step, { maxLength: 80, size: 'max' }), (drawn, steps) => {
        const policy = { ...drawn, maxClients: 100 };
        const book = new Book(policy);
        const ledger = new Ledger(policy);
        let now = 0;
        for (const { after, client, key } of steps) {
          now += after;
          const { refused, wait } = book.absent(client, key, now);
          expect(refused ? undefined : wait).toBe(ledger.absent(client, key, now));
        }
        [...book.tidy(() => now)];
        expect([book.size, book.guessing]).toEqual([
          ledger.guilty(1, now).length,
          ledger.guilty(policy.allowance + 1, now).length,
        ]);
      }),
      { numRuns: runs },
    );
  });

  it('answers no more than `refuseAfter` distinct keys within any stretch of `resetAfter`, whatever came of the rest', () => {
    fc.assert(
      fc.property(policies, fc.array(step, { maxLength: 120, size: 'max' }), (policy, steps) => {
        const book = new Book({ ...policy, maxClients: 100 });
        const answered: { at: number; key: number }[] = [];
        let now = 0;
        for (const { after, key, client } of steps) {
          now += after;
          // Half of the questions are for keys of which nothing is known yet.
          const ticket = client % 2 === 0 ? book.ask(1, key, now) : undefined;
          if (ticket?.refused) continue;
          if (ticket !== undefined) {
            now += ticket.wait;
            if (client % 4 === 0) {
              book.release(ticket);
              continue;
            }
          }
          const verdict = book.absent(1, key, now);
          if (ticket?.held === 'undecided') book.release(ticket);
          if (verdict.refused) continue;
          now += verdict.wait;
          book.absent(1, key, now);
          answered.push({ at: now, key });
        }
        for (const { at } of answered) {
          const within = answered.filter((other) => other.at >= at && other.at < at + policy.resetAfter);
          expect(new Set(within.map(({ key }) => key)).size).toBeLessThanOrEqual(policy.refuseAfter);
        }
      }),
      { numRuns: runs },
    );
  });

  it('never has more pages than it may, and forgets nobody who is above his allowance, whoever comes after him', () => {
    fc.assert(
      fc.property(policies, fc.array(step, { maxLength: 150, size: 'max' }), (policy, steps) => {
        const book = new Book(policy);
        const ledger = new Ledger(policy);
        const guesser = 0;
        let now = 0;
        for (let key = 100; key <= 100 + policy.allowance; key++) {
          book.absent(guesser, key, now);
          ledger.absent(guesser, key, now);
        }
        for (const { after, client, key } of steps) {
          now += after;
          const forgiven = ledger.keysOf(guesser, now).size <= policy.allowance;
          const { refused, wait } = book.absent(client, key, now);
          expect(book.size).toBeLessThanOrEqual(policy.maxClients);
          expect(book.guessing).toBeLessThanOrEqual(book.size);
          // From then on it is one of the others, and may be forgotten for a newcomer.
          if (forgiven) return;
          if (client === guesser) expect(refused ? undefined : wait).toBe(ledger.absent(client, key, now));
        }
      }),
      { numRuns: runs },
    );
  });

  it('forgets the least guilty first: who is one key short of his allowance stays while strangers come and go', () => {
    const policy = throttlePolicy({ allowance: 5, refuseAfter: 10, maxClients: 100 });
    const book = new Book(policy);
    for (let key = 0; key < 4; key++) book.absent(1, key, 0);
    for (let stranger = 2; stranger < 10_000; stranger++) book.absent(stranger, stranger, 0);
    expect(book.size).toBe(100);
    expect(book.absent(1, 4, 1)).toMatchObject({ keys: 5, wait: 0 });
    expect(book.absent(1, 5, 1)).toMatchObject({ keys: 6, wait: 100, turned: 'slowed' });
  });

  it('full of guessers, it counts all newcomers as one, until one of those is quiet for long enough', () => {
    const policy = throttlePolicy({ allowance: 1, refuseAfter: 3, maxClients: 10, resetAfter: 1000 });
    const book = new Book(policy);
    for (let client = 0; client < 10; client++) {
      for (let key = 0; key < 2; key++) book.absent(client, key, client);
    }
    const newcomers = [20, 21, 22, 23].map((client) => book.absent(client, client, 100));
    expect(newcomers.map(({ refused, wait }) => [refused, wait])).toEqual([
      [false, 0],
      [false, 100],
      [false, 200],
      [true, 1000],
    ]);
    expect([book.size, book.guessing]).toEqual([10, 10]);
    // The first of the ten is over, and makes room.
    expect(book.absent(24, 24, 1100)).toMatchObject({ refused: false, wait: 0, keys: 1 });
    expect(book.size).toBe(10);
  });

  it('a question whose client is forgotten meanwhile counts when its answer comes, and is no burden when it does not', () => {
    const policy = throttlePolicy({ allowance: 2, refuseAfter: 3, maxClients: 1 });
    const book = new Book(policy);
    const tickets: Ticket[] = [book.ask(1, 10, 0), book.ask(1, 11, 0)];
    book.absent(2, 10, 0);
    expect(book.size).toBe(1);
    book.absent(1, 10, 0);
    for (const ticket of tickets) book.release(ticket);
    expect([book.size, book.absent(1, 11, 0).keys]).toEqual([1, 2]);
    expect(book.ask(1, 12, 0)).toMatchObject({ held: 'mark', wait: 100 });
  });
});
