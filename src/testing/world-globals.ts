import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import type { Milliseconds } from '../runtime/duration.js';
import { asForeign } from './foreign.js';
import type { SeededRandom } from './random.js';
import { timerPromises } from './world-timer-promises.js';
import type { TimerFunctions } from './world-timers.js';

/** The clocks, timers and randomness that a world puts in the place of the process's own. */
export interface WorldGlobals {
  wall(): Milliseconds;
  monotonic(): Milliseconds;
  readonly timers: TimerFunctions;
  readonly random: SeededRandom;
}

/** Replaces the globals. Returns the way back, which restores every one exactly as it was. */
export function replaceGlobals(world: WorldGlobals): () => void {
  const undo: (() => void)[] = [];
  const restore = (): void => {
    for (const step of undo.splice(0).reverse()) step();
    syncBuiltinESMExports();
  };

  function replace(target: object, key: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, key);
    const enumerable = before?.enumerable ?? false;
    Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, key);
      else Object.defineProperty(target, key, before);
    });
  }

  try {
    for (const target of [globalThis, timers]) {
      replace(target, 'setTimeout', world.timers.setTimeout);
      replace(target, 'setInterval', world.timers.setInterval);
      replace(target, 'setImmediate', world.timers.setImmediate);
      // What was made before the world was entered is cleared where it was made.
      for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate'] as const) {
        const real: (timer?: never) => void = target[name];
        replace(target, name, (timer: unknown) => {
          if (!world.timers.clear(timer)) real(timer as never);
        });
      }
    }
    for (const [name, value] of Object.entries(timerPromises(world.timers))) {
      replace(timersPromises, name, value);
    }
    replace(globalThis, 'Date', worldDate(world.wall));
    replace(performance, 'now', () => world.monotonic());
    replace(process, 'hrtime', hrtime(world.monotonic));
    replace(Math, 'random', () => world.random.next());
    replace(globalThis.crypto, 'randomUUID', () => world.random.uuid());
    replace(crypto, 'randomUUID', () => world.random.uuid());
    replace(AbortSignal, 'timeout', abortAfter(world.timers));
    syncBuiltinESMExports();
  } catch (error) {
    restore();
    throw error;
  }
  return restore;
}

/** Date as it is, but for what it takes for now. A proxy, so that dates made outside stay instances of it. */
function worldDate(now: () => Milliseconds): DateConstructor {
  const real = Date;
  const worldNow = (): Milliseconds => Math.floor(now());
  const proxy: DateConstructor = new Proxy(real, {
    apply: () => new real(worldNow()).toString(),
    construct: (target, args, newTarget) =>
      Reflect.construct(
        target,
        args.length === 0 ? [worldNow()] : args,
        newTarget === proxy ? target : newTarget,
      ),
    get: (target, key, receiver) => (key === 'now' ? worldNow : Reflect.get(target, key, receiver)),
  });
  return proxy;
}

function hrtime(now: () => Milliseconds) {
  const bigint = (): bigint => BigInt(Math.round(now() * 1e6));
  const pair = (since?: readonly [number, number]): [number, number] => {
    const nanoseconds = bigint() - (since ? BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]) : 0n);
    return [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)];
  };
  return Object.assign(pair, { bigint });
}

const abortAfter =
  (set: TimerFunctions) =>
  (delay: Milliseconds): AbortSignal => {
    if (!Number.isSafeInteger(delay) || delay < 0) {
      throw new RangeError(
        `The value of "delay" is out of range. It must be a whole number. Received ${delay}`,
      );
    }
    const controller = new AbortController();
    const expire = (): void =>
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    // Nobody can clear it, so nobody who stops leaves it behind.
    asForeign('signal', () => set.setTimeout(expire, delay).unref());
    return controller.signal;
  };
