import * as v from 'valibot';
import type { AnyActorLogic } from 'xstate';
import { OptionsError } from '../src/errors.js';
import { checkedOptions } from '../src/runtime/checked-options.js';
import type { ChildSpec, Restart } from '../src/runtime/child-spec.js';
import { type Duration, milliseconds } from '../src/runtime/duration.js';
import type { LifeSpec } from '../src/runtime/life-spec.js';
import { defaultMailbox } from '../src/runtime/mailbox-policy.js';
import { isSupervisorLogic } from '../src/runtime/supervisor-handle.js';
import type { Intensity } from './intensity.js';
import type { Strategy } from './strategy.js';

/** How a supervisor looks after its children. */
export interface SupervisorOptions {
  /** Who else is restarted with a child. Default `'one-for-one'`: nobody. The other strategies are not supported yet. */
  readonly strategy?: Strategy;
  /** So many restarts within `within`, of all children together; one more, and the supervisor gives up. Default 3. */
  readonly maxRestarts?: number;
  /** How long a restart counts, the present one included. Default `'5s'`. */
  readonly within?: Duration;
  /** Whether the end of significant children ends the supervisor. Default `'never'`; the rest is not supported yet. */
  readonly autoShutdown?: 'never' | 'any-significant' | 'all-significant';
  /** Started in this order, stopped in the reverse. */
  readonly children: readonly ChildSpec[];
}

/** A child spec with its defaults filled in. */
export interface ResolvedSpec extends LifeSpec {
  readonly restart: Restart;
  readonly type: 'worker' | 'supervisor';
}

export interface ResolvedOptions {
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  readonly specs: readonly ResolvedSpec[];
}

const logicSchema = v.custom<AnyActorLogic>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as AnyActorLogic).transition === 'function' &&
    typeof (value as AnyActorLogic).getInitialSnapshot === 'function',
  'must be XState actor logic: a machine, fromPromise(…), fromCallback(…), fromTransition(…), supervisor(…)',
);
const callbackSchema = v.custom<(snapshot: unknown) => unknown>(
  (value) => typeof value === 'function',
  'must be a function of the snapshot',
);
const nameSchema = v.pipe(v.string('must be a string'), v.nonEmpty('must not be empty'));
/** Its words are those of `milliseconds`, which reads it. */
const durationSchema = v.custom<Duration>(() => true);

const oneOf = <const T extends readonly string[]>(values: T) =>
  v.picklist(values, `must be one of ${values.map((value) => `'${value}'`).join(', ')}`);

const specSchema = v.strictObject({
  id: nameSchema,
  logic: logicSchema,
  input: v.optional(v.unknown()),
  restart: v.optional(oneOf(['permanent', 'transient', 'temporary']), 'permanent'),
  shutdown: v.optional(durationSchema),
  significant: v.optional(v.boolean('must be true or false'), false),
  name: v.optional(nameSchema),
  ready: v.optional(callbackSchema),
  startTimeout: v.optional(durationSchema),
  startInfo: v.optional(callbackSchema),
  trapExit: v.optional(v.boolean('must be true or false'), false),
  mailbox: v.optional(
    v.strictObject({
      bound: v.optional(
        v.pipe(
          v.number('must be a whole number, 1 or more'),
          v.safeInteger('must be a whole number, 1 or more'),
          v.minValue(1, 'must be a whole number, 1 or more'),
        ),
        defaultMailbox.bound,
      ),
      overflow: v.optional(oneOf(['reject', 'drop-oldest', 'drop-newest']), defaultMailbox.overflow),
    }),
  ),
});

const optionsSchema = v.strictObject({
  strategy: v.optional(oneOf(['one-for-one', 'one-for-all', 'rest-for-one']), 'one-for-one'),
  maxRestarts: v.optional(
    v.pipe(
      v.number('must be a whole number, 0 or more'),
      v.safeInteger('must be a whole number, 0 or more'),
      v.minValue(0, 'must be a whole number, 0 or more'),
    ),
    3,
  ),
  within: v.optional(durationSchema, '5s'),
  autoShutdown: v.optional(oneOf(['never', 'any-significant', 'all-significant']), 'never'),
  children: v.array(v.unknown(), 'must be an array of child specs'),
});

/** @throws OptionsError that names the option, what was given and what would do. */
export function resolveOptions(options: SupervisorOptions): ResolvedOptions {
  const { strategy, maxRestarts, within, autoShutdown, children } = checkedOptions(optionsSchema, options, {
    of: 'supervisor',
  });
  if (strategy !== 'one-for-one') refuse('strategy', strategy, "'one-for-one'");
  if (autoShutdown !== 'never') refuse('autoShutdown', autoShutdown, "'never'");
  const window = milliseconds(within, 'within');
  if (window === 0) throw new OptionsError('Option "within" must be longer than 0 ms. Given: 0.');
  const specs = children.map((spec, index) => resolveSpec(spec, `children[${index}]`));
  refuseDuplicates(specs);
  return { strategy, intensity: { maxRestarts, within: window }, specs };
}

/** @throws OptionsError that names the option, what was given and what would do. */
export function resolveSpec(spec: unknown, at: string): ResolvedSpec {
  const given = checkedOptions(specSchema, spec, { of: 'a child spec', at });
  if (given.significant) refuse(`${at}.significant`, true, 'false');
  const type = isSupervisorLogic(given.logic) ? 'supervisor' : 'worker';
  const { startInfo, input, name, restart, id, logic } = given;
  return {
    id,
    logic,
    restart,
    type,
    ...(name !== undefined && { name }),
    ...(input !== undefined && { input }),
    ...(startInfo !== undefined && { startInfo }),
    ...(given.trapExit && { trapExit: true }),
    ...(given.mailbox !== undefined && { mailbox: given.mailbox }),
    ready: given.ready === undefined ? isPastStarting : (snapshot) => given.ready?.(snapshot) === true,
    shutdown: shutdownTime(given.shutdown ?? (type === 'supervisor' ? 'infinity' : '5s'), `${at}.shutdown`),
    startTimeout: startTime(given.startTimeout, type, `${at}.startTimeout`),
  };
}

/** @throws OptionsError when two specs have one id. */
export function refuseDuplicates(specs: readonly ResolvedSpec[]): void {
  const seen = new Map<string, number>();
  specs.forEach(({ id }, index) => {
    const first = seen.get(id);
    if (first !== undefined) {
      throw new OptionsError(
        `children[${index}].id must be unique under its supervisor: '${id}' is the id of children[${first}] already.`,
      );
    }
    seen.set(id, index);
  });
}

/** Ready by default: nothing active is tagged 'starting'. Logic without tags is ready when it has started. */
function isPastStarting(snapshot: unknown): boolean {
  const { hasTag } = snapshot as { hasTag?: (tag: string) => boolean };
  return typeof hasTag !== 'function' || !hasTag.call(snapshot, 'starting');
}

function shutdownTime(shutdown: unknown, option: string): LifeSpec['shutdown'] {
  if (shutdown === 'brutal' || shutdown === 'infinity') return shutdown;
  return milliseconds(shutdown as Duration, option);
}

/** A supervisor is started when its children are, each within its own time. */
function startTime(
  given: Duration | undefined,
  type: ResolvedSpec['type'],
  option: string,
): LifeSpec['startTimeout'] {
  if (given === undefined && type === 'supervisor') return 'infinity';
  return milliseconds(given ?? '30s', option);
}

function refuse(option: string, given: unknown, instead: string): never {
  const shown = typeof given === 'string' ? `'${given}'` : JSON.stringify(given);
  throw new OptionsError(`Option "${option}" is not supported yet: ${shown}. What would do: ${instead}.`);
}
