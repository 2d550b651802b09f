import type { ResourceLimits } from 'node:worker_threads';
import * as v from 'valibot';
import { OptionsError } from '../errors.js';
import { checkedOptions } from '../runtime/checked-options.js';
import { type Duration, milliseconds } from '../runtime/duration.js';
import type { ThreadPlan } from './connection.js';
import { defaultHeartbeat, type Heartbeat } from './pulse.js';
import { locateModule } from './thread-module.js';

/** Where an actor is to live. */
export interface ThreadChildOptions {
  /**
   * The module whose default export is the actor's logic, or a function of the input that returns logic (or a promise of it): a
   * URL, such as `new URL('./resizer.js', import.meta.url)`, or a path, which is taken from the working directory where it is
   * relative. TypeScript is run by tsx where that is installed; where there is no `x.js` but an `x.ts`, that is meant.
   */
  readonly module: URL | string;
  /** Node's own limits of the thread's heap (MiB) and stack. Default: Node's. */
  readonly resourceLimits?: ResourceLimits;
  /**
   * How it is noticed that the thread's event loop does not turn: `every` so often it is looked for, and `misses` looks in vain kill it. A
   * duration stands for `every`. `false`: never; for logic that blocks for long, in native code above all, and under a debugger.
   * Default `{ every: '1s', misses: 3 }`.
   */
  readonly heartbeat?: false | Duration | { readonly every?: Duration; readonly misses?: number };
}

const size = v.optional(
  v.pipe(v.number('must be a number greater than 0'), v.gtValue(0, 'must be a number greater than 0')),
);

const schema = v.strictObject({
  module: v.union(
    [v.instance(URL), v.pipe(v.string(), v.nonEmpty())],
    'must be a URL or a path of the module whose default export is the logic',
  ),
  resourceLimits: v.optional(
    v.strictObject({
      maxOldGenerationSizeMb: size,
      maxYoungGenerationSizeMb: size,
      codeRangeSizeMb: size,
      stackSizeMb: size,
    }),
  ),
  heartbeat: v.optional(v.unknown()),
});

const heartbeatSchema = v.strictObject({
  every: v.optional(v.custom<Duration>(() => true)),
  misses: v.optional(
    v.pipe(
      v.number('must be a whole number, 1 or more'),
      v.safeInteger('must be a whole number, 1 or more'),
      v.minValue(1, 'must be a whole number, 1 or more'),
    ),
  ),
});

const of = 'threadChild';

/** @throws OptionsError that names the option, what was given and what would do. */
export function threadPlan(options: unknown): ThreadPlan {
  const { module, resourceLimits, heartbeat } = checkedOptions(schema, options, { of });
  return {
    module: locateModule(module),
    ...(resourceLimits !== undefined && { resourceLimits: resourceLimits as ResourceLimits }),
    heartbeat: heartbeat === false ? undefined : heartbeatOf(heartbeat),
  };
}

function heartbeatOf(given: unknown): Heartbeat {
  if (given === undefined) return defaultHeartbeat;
  if (typeof given !== 'object' || given === null) return { ...defaultHeartbeat, every: everyOf(given) };
  const { every, misses } = checkedOptions(heartbeatSchema, given, { of, at: 'heartbeat' });
  return {
    every: every === undefined ? defaultHeartbeat.every : everyOf(every),
    misses: misses ?? defaultHeartbeat.misses,
  };
}

function everyOf(given: unknown): number {
  const every = milliseconds(given as Duration, 'heartbeat');
  if (every > 0) return every;
  throw new OptionsError('Option "heartbeat" must be more than 0 ms, or false for none. Given: 0.', {
    option: 'heartbeat',
    given,
  });
}
