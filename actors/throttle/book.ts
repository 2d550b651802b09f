import { Chain } from '../../src/runtime/chain.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { delayAfter, type ThrottlePolicy } from './options.js';
import { Page } from './page.js';

/** What becomes of a question. */
export interface Verdict {
  /** There is no answer now; ask again after `wait`. */
  readonly refused: boolean;
  /** How long the answer has to wait; 0: not at all. */
  readonly wait: Milliseconds;
  /** Said once to each client in its fall. */
  readonly turned?: 'slowed' | 'refused';
  /** Distinct absent keys of that client, this one included where it is counted. */
  readonly keys: number;
}

/** A question whose answer is not known yet. */
export interface Ticket extends Verdict {
  readonly page: Page;
  readonly key: number;
  /** What was written down for it. */
  readonly held: 'mark' | 'undecided' | 'nothing';
}

/**
 * Who asked for keys that do not exist: a page for each client, so many pages and no more, and no timer. Pure: whoever asks it
 * says what time it is (ms of ages), and does the waiting. Keys and clients are numbers here (see `fingerprint`).
 *
 * A full book forgets the least guilty first, the longest quiet among them, and never one that is above its allowance: a flood
 * of new clients makes nobody's guilt forgotten. Where all are guilty, newcomers share one page.
 */
export class Book {
  readonly #policy: ThrottlePolicy;
  readonly #pages = new Map<number, Page>();
  /** By guilt: at 1 those with one mark, and so on to the allowance; at 0 those above it. The longest quiet are first. */
  readonly #levels: Chain<Page>[];
  /** Who finds no room in the book is counted together with all the others who found none. */
  readonly #crowd = new Page(-1);
  #guessing = 0;

  constructor(policy: ThrottlePolicy) {
    this.#policy = policy;
    this.#levels = Array.from({ length: policy.allowance + 1 }, () => new Chain<Page>());
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#pages.size;
  }

  /** Those above their allowance. */
  get guessing(): number {
    return this.#guessing;
  }

  /** Whether the client's next new key would have to wait. */
  suspects(client: number, now: Milliseconds): boolean {
    const page = this.#pages.get(client);
    page?.forget(now, this.#policy.resetAfter);
    return (page?.marks ?? 0) >= this.#policy.allowance;
  }

  /** A client asked for a key that is absent. Counted, unless it is refused. */
  absent(client: number, key: number, now: Milliseconds): Verdict {
    const page = this.#page(client, now);
    const verdict = this.#repeated(page, key, now) ?? this.#counted(page, key, now);
    this.#put(page);
    return verdict;
  }

  /**
   * A client asks for a key of which nothing is known. Within the allowance it is held to be innocent until the answer comes,
   * above it to be guilty: `settle` tells.
   */
  ask(client: number, key: number, now: Milliseconds): Ticket {
    const page = this.#page(client, now);
    const ticket = this.#admitted(page, key, now);
    this.#put(page);
    return ticket;
  }

  /** The answer to a question was no absence: what was written down for it goes. */
  release({ page, key, held }: Ticket): void {
    if (held === 'mark') page.unmark(key);
    else if (held === 'undecided') page.undecided--;
    // One that was forgotten meanwhile stays so.
    if (page.place !== undefined) this.#put(page);
  }

  /** Forgets what is over, a page at a time: between two the caller may let others run. */
  *tidy(now: () => Milliseconds): Generator<void> {
    this.#crowd.forget(now(), this.#policy.resetAfter);
    for (const page of this.#pages.values()) {
      page.forget(now(), this.#policy.resetAfter);
      this.#put(page, false);
      yield;
    }
  }

  #admitted(page: Page, key: number, now: Milliseconds): Ticket {
    const { allowance, refuseAfter, delay } = this.#policy;
    const repeated = this.#repeated(page, key, now);
    if (repeated !== undefined) return { ...repeated, page, key, held: 'nothing' };
    if (page.marks >= allowance || page.marks >= refuseAfter) {
      const verdict = this.#counted(page, key, now);
      return { ...verdict, page, key, held: verdict.refused ? 'nothing' : 'mark' };
    }
    // So many at once may not become more absences than may be answered.
    if (page.guilt >= refuseAfter) {
      return { refused: true, wait: Math.max(1, delay), keys: page.marks, page, key, held: 'nothing' };
    }
    page.undecided++;
    return { refused: false, wait: 0, keys: page.marks, page, key, held: 'undecided' };
  }

  /** It asked for it before: nothing new is learnt, but what had to wait waits on. */
  #repeated(page: Page, key: number, now: Milliseconds): Verdict | undefined {
    const from = page.answerFrom(key);
    if (from === undefined) return undefined;
    if (from <= now) page.mark(key, now);
    return { refused: false, wait: Math.max(0, from - now), keys: page.marks };
  }

  #counted(page: Page, key: number, now: Milliseconds): Verdict {
    const { refuseAfter, resetAfter } = this.#policy;
    if (page.marks >= refuseAfter) {
      const wait = Math.max(1, Math.ceil(page.roomAt(resetAfter) - now));
      return { refused: true, wait, keys: page.marks, ...this.#turn(page, 'refused') };
    }
    const wait = delayAfter(this.#policy, page.marks);
    page.mark(key, now + wait);
    return { refused: false, wait, keys: page.marks, ...(wait > 0 && this.#turn(page, 'slowed')) };
  }

  #turn(page: Page, to: 'slowed' | 'refused'): Pick<Verdict, 'turned'> {
    if (page.told === to || page.told === 'refused') return {};
    page.told = to;
    return { turned: to };
  }

  /** The client's, without what is over; a new one where there is room for it. */
  #page(client: number, now: Milliseconds): Page {
    const known = this.#pages.get(client);
    if (known !== undefined) {
      known.forget(now, this.#policy.resetAfter);
      return known;
    }
    if (this.#pages.size < this.#policy.maxClients || this.#makeRoom(now)) return new Page(client);
    this.#crowd.forget(now, this.#policy.resetAfter);
    return this.#crowd;
  }

  /** Says whether one could be forgotten. */
  #makeRoom(now: Milliseconds): boolean {
    const guilty = this.#levels[0] as Chain<Page>;
    for (let level = 1; level < this.#levels.length; level++) {
      const page = this.#levels[level]?.oldest;
      if (page !== undefined) return this.#drop(page);
    }
    // The longest quiet of the guilty may have become innocent since.
    const { oldest } = guilty;
    if (oldest === undefined) return false;
    oldest.forget(now, this.#policy.resetAfter);
    if (oldest.guilt > this.#policy.allowance) return false;
    return this.#drop(oldest);
  }

  #drop(page: Page): true {
    this.#leave(page);
    this.#pages.delete(page.client);
    return true;
  }

  #leave(page: Page): void {
    if (page.place === undefined) return;
    page.place.leave();
    page.place = undefined;
    if (page.guessing) this.#guessing--;
    page.guessing = false;
  }

  /** Puts a page where its guilt belongs, last of its level where it has just been active. An empty one is no page. */
  #put(page: Page, active = true): void {
    const { guilt } = page;
    const { allowance } = this.#policy;
    const guessing = page.marks > allowance;
    if (!guessing) page.told = 'nothing';
    if (page === this.#crowd) return;
    if (guilt === 0) {
      this.#drop(page);
      return;
    }
    const level = guilt > allowance ? 0 : guilt;
    if (page.place !== undefined && !active && page.level === level && page.guessing === guessing) return;
    this.#leave(page);
    page.level = level;
    page.place = (this.#levels[level] as Chain<Page>).add(page);
    page.guessing = guessing;
    if (guessing) this.#guessing++;
    this.#pages.set(page.client, page);
  }
}
