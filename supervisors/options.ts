import * as v from 'valibot';
import { OptionsError } from '../src/errors.js';
import { checkedOptions } from '../src/runtime/checked-options.js';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import { type Duration, milliseconds } from '../src/runtime/duration.js';
import { type AutoShutdown, autoShutdowns } from './auto-shutdown.js';
import type { Intensity } from './intensity.js';
import { oneOf, type ResolvedSpec, resolveSpecs, wholeNumber } from './spec.js';
import type { Strategy } from './strategy.js';

interface CommonOptions {
  /** So many restarts within `within`, of all children together; one more, and the supervisor gives up. Default 3. */
  readonly maxRestarts?: number;
  /** How long a restart counts, the present one included. Default `'5s'`. */
  readonly within?: Duration;
  /**
   * Whether significant children, when they end by themselves and are not started again, take the supervisor along: never, the
   * first, or the last of them. It stops its other children and ends with `shutdown`. Default `'never'`.
   */
  readonly autoShutdown?: AutoShutdown;
}

/** How a supervisor looks after its children. */
export interface SupervisorOptions extends CommonOptions {
  /**
   * Who else is restarted with a child: nobody, all, or those after it in start order. What is restarted is stopped in reverse
   * order and started in order; it counts as one restart. Default `'one-for-one'`.
   */
  readonly strategy?: Strategy;
  /** Started in this order, stopped in the reverse. */
  readonly children: readonly ChildSpec[];
}

/** How a dynamic supervisor looks after its children: very many of one kind, each alone. */
export interface DynamicSupervisorOptions<Args extends readonly unknown[] = readonly never[]>
  extends CommonOptions {
  /** Makes the spec of one more child of what `startChild` is given. A child that is restarted keeps its spec. */
  readonly child: (...args: Args) => Omit<ChildSpec, 'id'>;
  /** Children, those that are being started again included. Default: no bound. */
  readonly maxChildren?: number;
}

/** What a supervisor process goes by. */
export interface ResolvedOptions {
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  readonly autoShutdown: AutoShutdown;
  /** The children it begins with. */
  readonly specs: readonly ResolvedSpec[];
  /** Of a dynamic supervisor. */
  readonly dynamic?: {
    readonly child: (...args: readonly unknown[]) => Omit<ChildSpec, 'id'>;
    readonly maxChildren: number;
  };
}

const common = {
  maxRestarts: v.optional(wholeNumber, 3),
  within: v.optional(
    v.custom<Duration>(() => true),
    '5s',
  ),
  autoShutdown: v.optional(oneOf(autoShutdowns), 'never'),
};

const staticSchema = v.strictObject({
  strategy: v.optional(oneOf(['one-for-one', 'one-for-all', 'rest-for-one']), 'one-for-one'),
  ...common,
  children: v.array(v.unknown(), 'must be an array of child specs'),
});

const dynamicSchema = v.strictObject({
  ...common,
  child: v.custom<NonNullable<ResolvedOptions['dynamic']>['child']>(
    (value) => typeof value === 'function',
    'must be a function that returns a child spec without "id"',
  ),
  maxChildren: v.optional(
    v.custom<number>(
      (value) => value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && Number(value) >= 0),
      'must be a whole number, 0 or more, or Infinity',
    ),
    Number.POSITIVE_INFINITY,
  ),
});

const later = { autoShutdown: v.optional(v.unknown()) };
/** What is checked first, in OTP's order: the duration of `within` comes before the rest. */
const staticFirst = v.strictObject({
  ...staticSchema.entries,
  ...later,
  children: v.optional(v.unknown()),
});
const dynamicFirst = v.strictObject({
  ...dynamicSchema.entries,
  ...later,
  child: v.optional(v.unknown()),
  maxChildren: v.optional(v.unknown()),
});

/** @throws OptionsError that names the option, what was given and what would do. */
export function resolveOptions(options: SupervisorOptions): ResolvedOptions {
  const of = 'supervisor';
  const intensity = intensityOf(checkedOptions(staticFirst, options, { of }));
  const { strategy, children, autoShutdown } = checkedOptions(staticSchema, options, { of });
  return { strategy, intensity, autoShutdown, specs: resolveSpecs(children, 'children', autoShutdown) };
}

/** @throws OptionsError that names the option, what was given and what would do. */
export function resolveDynamicOptions(options: DynamicSupervisorOptions): ResolvedOptions {
  const of = 'dynamicSupervisor';
  const intensity = intensityOf(checkedOptions(dynamicFirst, options, { of }));
  const { child, maxChildren, autoShutdown } = checkedOptions(dynamicSchema, options, { of });
  return {
    strategy: 'one-for-one',
    intensity,
    autoShutdown,
    specs: [],
    dynamic: { child, maxChildren },
  };
}

function intensityOf({
  maxRestarts,
  within,
}: {
  readonly maxRestarts: number;
  readonly within: Duration;
}): Intensity {
  const window = milliseconds(within, 'within');
  if (window === 0) {
    throw new OptionsError('Option "within" must be longer than 0 ms. Given: 0.', {
      option: 'within',
      given: within,
    });
  }
  return { maxRestarts, within: window };
}
