import { NonDeterminismError, WorldStuckError, WorldUncaughtError } from '../errors.js';
import { createWorld } from './create-world.js';
import { shown } from './shown.js';
import type { TraceEntry } from './trace.js';
import type { Uncaught } from './uncaught.js';
import { lastOneLeft, type World, type WorldOptions } from './world.js';

/**
 * Enters a world, runs `body` in it while driving its time, and leaves it, whatever happens.
 *
 * @throws What `body` throws; EscapeError when it reached out of the world; WorldUncaughtError when the run had errors that nobody caught; NonDeterminismError under
 * `verify`; WorldError when a world is entered already.
 *
 * @example
 * ```ts
 * await world({ seed: 7 }, async (w) => {
 *   const cache = await defineCache({ name: 'sessions', source }).start();
 *   await w.advance('5m');
 *   expect(cache.state.data).toBe('complete');
 * });
 * ```
 */
export async function world<T>(
  options: WorldOptions,
  body: (world: World) => T | PromiseLike<T>,
): Promise<T> {
  const { verify = false, ...once } = options;
  const first = await visit(once, body);
  if (verify) {
    const second = await visit(once, body);
    if (first.hash !== second.hash) throw new NonDeterminismError(difference(first, second));
  }
  return first.result;
}

interface Visit<T> {
  readonly result: T;
  readonly trace: readonly TraceEntry[];
  readonly hash: string;
}

async function visit<T>(
  options: WorldOptions,
  body: (world: World) => T | PromiseLike<T>,
): Promise<Visit<T>> {
  await lastOneLeft();
  const here = createWorld(options);
  let result: T;
  try {
    result = await here.run(() => body(here));
  } catch (error) {
    if (!(error instanceof WorldStuckError) || here.uncaught.length === 0) throw error;
    // What was never caught is most likely why it is stuck.
    throw new WorldStuckError(`${error.message} Uncaught before: ${said(here.uncaught)}.`, {
      cause: here.uncaught[0]?.error,
    });
  } finally {
    await here.leave();
  }
  if (options.uncaught !== 'record' && here.uncaught.length > 0) {
    throw new WorldUncaughtError(
      `The run threw where nobody caught it: ${said(here.uncaught)}. Outside a world this ends the process.`,
      here.uncaught.map(({ error }) => error),
    );
  }
  const [escaped] = here.escapes;
  if (options.escapes !== 'record' && escaped !== undefined) throw escaped;
  return { result, trace: here.trace, hash: here.hash };
}

function difference(first: Visit<unknown>, second: Visit<unknown>): string {
  const at = first.trace.findIndex(
    (entry, i) => entry.at !== second.trace[i]?.at || entry.what !== second.trace[i]?.what,
  );
  const show = (entry?: TraceEntry): string =>
    entry === undefined ? 'nothing' : `"${entry.what}" at ${entry.at} ms`;
  const index = at < 0 ? first.trace.length : at;
  return (
    `One seed gave two runs: entry ${index} of the trace was ${show(first.trace[index])}, then ${show(second.trace[index])}. ` +
    'Something that the code under test depends on is outside the world: state of an earlier run, I/O, a clock taken before.'
  );
}

const said = (uncaught: readonly Uncaught[]): string =>
  uncaught.map(({ at, kind, error }) => `${kind} at ${at} ms: ${shown(error)}`).join('; ');
