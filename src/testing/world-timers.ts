import { AsyncResource } from 'node:async_hooks';
import { promisify } from 'node:util';
import type { Milliseconds } from '../runtime/duration.js';
import type { EventKind, Ticket, WorldEvent } from './event-queue.js';
import { foreignName } from './foreign.js';
import { throwInTick } from './real-loop.js';

/** What timers need of the world they belong to. */
export interface TimerHost {
  now(): Milliseconds;
  schedule(event: WorldEvent, at: Milliseconds): Ticket;
  cancel(ticket: Ticket): void;
  /** Those whose number somebody has asked for. */
  readonly numbered: Map<number, WorldTimer>;
}

/** The longest that Node's timers hold; a longer delay becomes 1 ms, here as there. */
const longest = 2 ** 31 - 1;

/** The delay that Node makes of what it is given. */
function nodeDelay(given: unknown): Milliseconds {
  const delay = Number(given);
  return delay >= 1 && delay <= longest ? Math.trunc(delay) : 1;
}

/** A timer of a world, with the face of Node's `Timeout` and `Immediate`. */
export class WorldTimer implements WorldEvent {
  readonly kind: EventKind;
  readonly label: string;
  readonly #host: TimerHost;
  readonly #delay: Milliseconds;
  // A real timer runs in the async context that made it; the runtime finds an error's actor by that.
  readonly #context = new AsyncResource('HoldfastWorldTimer');
  readonly #call: () => void;
  readonly #id: number;
  #ticket: Ticket | undefined;
  #closed = false;
  #ref = true;

  constructor(host: TimerHost, kind: EventKind, delay: Milliseconds, id: number, call: () => void) {
    this.kind = kind;
    this.label = `${foreignName() ?? kind} ${delay} #${id}`;
    this.#host = host;
    this.#delay = delay;
    this.#id = id;
    this.#call = call;
    this.#schedule();
  }

  /** @internal Its time has come. */
  run(): void {
    this.#ticket = undefined;
    try {
      this.#context.runInAsyncScope(this.#call);
    } catch (error) {
      // Thrown again where the event loop sees it, in the timer's own context: an uncaught exception like any other.
      this.#context.runInAsyncScope(throwInTick, undefined, error);
    }
    if (this.kind === 'interval' && !this.#closed && this.#ticket === undefined) this.#armAnew();
  }

  /** It stays with the process that made it. */
  #armAnew(): void {
    this.#context.runInAsyncScope(this.#schedule, this);
  }

  #schedule(): void {
    this.#ticket = this.#host.schedule(this, this.#host.now() + this.#delay);
  }

  close(): this {
    this.#closed = true;
    if (this.#ticket !== undefined) this.#host.cancel(this.#ticket);
    this.#ticket = undefined;
    this.#host.numbered.delete(this.#id);
    return this;
  }

  refresh(): this {
    if (this.#closed || this.kind === 'immediate') return this;
    if (this.#ticket !== undefined) this.#host.cancel(this.#ticket);
    this.#armAnew();
    return this;
  }

  ref(): this {
    this.#ref = true;
    return this;
  }

  unref(): this {
    this.#ref = false;
    return this;
  }

  hasRef(): boolean {
    return this.#ref;
  }

  [Symbol.toPrimitive](): number {
    if (!this.#closed && this.kind !== 'immediate') this.#host.numbered.set(this.#id, this);
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

type Callback = (...args: unknown[]) => void;

/** The timer functions of one world: what stands in for those of `globalThis` and `node:timers`. */
export interface TimerFunctions {
  readonly setTimeout: (call: Callback, delay?: unknown, ...args: unknown[]) => WorldTimer;
  readonly setInterval: (call: Callback, delay?: unknown, ...args: unknown[]) => WorldTimer;
  readonly setImmediate: (call: Callback, ...args: unknown[]) => WorldTimer;
  /** Clears a timer of this world. False: it is none of this world's. */
  clear(timer: unknown): boolean;
}

export function timerFunctions(of: Omit<TimerHost, 'numbered'>): TimerFunctions {
  // By number too: `clearTimeout(+timer)` is legal, also of a fired timer that was refreshed.
  const numbered = new Map<number, WorldTimer>();
  const host: TimerHost = { ...of, numbered };
  let made = 0;

  function make(kind: EventKind, delay: Milliseconds, call: Callback, args: unknown[]): WorldTimer {
    if (typeof call !== 'function') {
      throw Object.assign(
        new TypeError(`The "callback" argument must be of type function. Received ${typeof call}`),
        {
          code: 'ERR_INVALID_ARG_TYPE',
        },
      );
    }
    return new WorldTimer(host, kind, delay, ++made, args.length === 0 ? call : () => call(...args));
  }

  const setTimeout: TimerFunctions['setTimeout'] = (call, delay, ...args) =>
    make('timeout', nodeDelay(delay), call, args);
  const setInterval: TimerFunctions['setInterval'] = (call, delay, ...args) =>
    make('interval', nodeDelay(delay), call, args);
  const setImmediate: TimerFunctions['setImmediate'] = (call, ...args) => make('immediate', 0, call, args);

  return {
    setTimeout: promisable(setTimeout, (delay, value) => delayed(setTimeout, delay, value)),
    setInterval,
    setImmediate: promisable(setImmediate, (value) => new Promise((resolve) => setImmediate(resolve, value))),
    clear(timer) {
      const found =
        typeof timer === 'number' || typeof timer === 'string' ? numbered.get(Number(timer)) : timer;
      if (!(found instanceof WorldTimer)) return false;
      found.close();
      return true;
    },
  };
}

const delayed = (set: TimerFunctions['setTimeout'], delay: unknown, value: unknown): Promise<unknown> =>
  new Promise((resolve) => set(resolve, delay, value));

/** `util.promisify(setTimeout)` reads this property; without it a promisified timer would never resolve. */
function promisable<F extends object>(set: F, promised: (...args: unknown[]) => Promise<unknown>): F {
  return Object.defineProperty(set, promisify.custom, { value: promised, configurable: true });
}
