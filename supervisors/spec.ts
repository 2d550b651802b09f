import * as v from 'valibot';
import type { AnyActorLogic } from 'xstate';
import { OptionsError } from '../src/errors.js';
import { checkedOptions } from '../src/runtime/checked-options.js';
import type { ChildSpec, Restart } from '../src/runtime/child-spec.js';
import { type Duration, milliseconds } from '../src/runtime/duration.js';
import type { LifeSpec } from '../src/runtime/life-spec.js';
import { defaultMailbox, type MailboxPolicy } from '../src/runtime/mailbox-policy.js';
import { isSupervisorLogic } from '../src/runtime/supervisor-handle.js';
import type { AutoShutdown } from './auto-shutdown.js';

/** A child spec with its defaults filled in. */
export interface ResolvedSpec extends LifeSpec {
  readonly restart: Restart;
  readonly significant: boolean;
  readonly type: 'worker' | 'supervisor';
}

export const oneOf = <const T extends readonly string[]>(values: T) =>
  v.picklist(values, `must be one of ${values.map((value) => `'${value}'`).join(', ')}`);

export const wholeNumber = v.pipe(
  v.number('must be a whole number, 0 or more'),
  v.safeInteger('must be a whole number, 0 or more'),
  v.minValue(0, 'must be a whole number, 0 or more'),
);

/** Its words are those of `milliseconds`, which reads it. */
const durationSchema = v.custom<Duration>(() => true);

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

const mailboxSchema = v.strictObject({
  bound: v.optional(
    v.custom<number>(
      (value) => value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && Number(value) >= 1),
      'must be a whole number, 1 or more, or Infinity',
    ),
    defaultMailbox.bound,
  ),
  overflow: v.optional(oneOf(['reject', 'drop-oldest', 'drop-newest']), defaultMailbox.overflow),
});

/** In the order in which OTP checks them: the first that is wrong is told. */
const specSchema = v.strictObject({
  id: nameSchema,
  logic: logicSchema,
  input: v.optional(v.unknown()),
  restart: v.optional(oneOf(['permanent', 'transient', 'temporary']), 'permanent'),
  significant: v.optional(v.boolean('must be true or false'), false),
  shutdown: v.optional(durationSchema),
  name: v.optional(nameSchema),
  ready: v.optional(callbackSchema),
  startTimeout: v.optional(durationSchema),
  startInfo: v.optional(callbackSchema),
  trapExit: v.optional(v.boolean('must be true or false'), false),
  mailbox: v.optional(mailboxSchema),
});

/**
 * @param autoShutdown the supervisor's; undefined: not known, so that what depends on it is not checked.
 * @throws OptionsError that names the option, what was given and what would do.
 */
export function resolveSpec(spec: unknown, at: string, autoShutdown?: AutoShutdown): ResolvedSpec {
  const given = checkedOptions(specSchema, spec, { of: 'a child spec', at });
  if (given.significant) refuseSignificant(given.restart, at, autoShutdown);
  const type = isSupervisorLogic(given.logic) ? 'supervisor' : 'worker';
  const { mailbox } = given;
  const make: SpecMake = {
    logic: given.logic,
    restart: given.restart,
    significant: given.significant,
    type,
    shutdown: shutdownTime(given.shutdown ?? (type === 'supervisor' ? 'infinity' : '5s'), `${at}.shutdown`),
    startTimeout: startTime(given.startTimeout, type, `${at}.startTimeout`),
    trapExit: given.trapExit,
    ...(mailbox !== undefined && { mailbox }),
  };
  return specOf(make, given.id, given);
}

/** What children of the same make have in common. */
export type SpecMake = Omit<ResolvedSpec, 'id' | keyof OwnOptions>;

/** What each child may have of its own. */
export interface OwnOptions {
  readonly input?: unknown;
  readonly name?: unknown;
  readonly ready?: unknown;
  readonly startInfo?: unknown;
}

/** One child's spec. All have one shape, written out: there may be very many, and a spread costs more than all else here. */
export function specOf(make: SpecMake, id: string, own: OwnOptions): ResolvedSpec {
  const { ready } = own;
  return {
    id,
    logic: make.logic,
    input: own.input,
    name: own.name as string,
    shutdown: make.shutdown,
    ready: ready === undefined ? isPastStarting : (snapshot) => (ready as Callback)(snapshot) === true,
    startTimeout: make.startTimeout,
    startInfo: own.startInfo as Callback,
    trapExit: make.trapExit as boolean,
    mailbox: make.mailbox as MailboxPolicy,
    restart: make.restart,
    significant: make.significant,
    type: make.type,
  };
}

type Callback = (snapshot: unknown) => unknown;

/** A resolved spec as one would write it. Of a temporary child no input is told: it is never started again. */
export function writtenOut(spec: ResolvedSpec): ChildSpec {
  const { id, logic, input, name, ready, startTimeout, startInfo, mailbox } = spec;
  const { restart, significant, shutdown, trapExit } = spec;
  return {
    id,
    logic,
    ...(input !== undefined && restart !== 'temporary' && { input }),
    restart,
    shutdown,
    significant,
    ...(name !== undefined && { name }),
    ...(ready !== isPastStarting && { ready }),
    ...(startTimeout !== 'infinity' && { startTimeout }),
    ...(startInfo !== undefined && { startInfo }),
    trapExit: trapExit === true,
    ...(mailbox !== undefined && { mailbox }),
  } as ChildSpec;
}

/**
 * Specs of one supervisor, one after the other.
 *
 * @throws OptionsError of the first that is wrong, or has the id of one before.
 */
export function resolveSpecs(
  specs: readonly unknown[],
  at: string,
  autoShutdown?: AutoShutdown,
): readonly ResolvedSpec[] {
  const seen = new Map<string, number>();
  return specs.map((spec, index) => {
    const resolved = resolveSpec(spec, `${at}[${index}]`, autoShutdown);
    const first = seen.get(resolved.id);
    if (first !== undefined) {
      throw new OptionsError(
        `${at}[${index}].id must be unique under its supervisor: '${resolved.id}' is the id of ${at}[${first}] already.`,
        { option: `${at}[${index}].id`, given: resolved.id },
      );
    }
    seen.set(resolved.id, index);
    return resolved;
  });
}

/** Ready by default: nothing active is tagged 'starting'. Logic without tags is ready when it has started. */
function isPastStarting(snapshot: unknown): boolean {
  const { hasTag } = snapshot as { hasTag?: (tag: string) => boolean };
  return typeof hasTag !== 'function' || !hasTag.call(snapshot, 'starting');
}

function refuseSignificant(restart: Restart, at: string, autoShutdown: AutoShutdown | undefined): void {
  if (autoShutdown === 'never') {
    throw new OptionsError(
      `Option "${at}.significant" cannot be true under a supervisor whose "autoShutdown" is 'never' (the default): nobody would look at it.`,
      { option: `${at}.significant`, given: { autoShutdown, significant: true } },
    );
  }
  if (restart === 'permanent') {
    throw new OptionsError(
      `Option "${at}.significant" cannot be true of a permanent child (the default of "restart"): it is always started again. 'transient' or 'temporary' would do.`,
      { option: `${at}.significant`, given: { restart, significant: true } },
    );
  }
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
