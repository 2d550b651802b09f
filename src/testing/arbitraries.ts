import type fastCheck from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Milliseconds } from '../runtime/duration.js';
import type { BusMode, Fault, SourceMode, Thrown } from './faults.js';

/** fast-check as its user imports it: it is theirs, not a dependency of the kit. */
export type Fc = typeof fastCheck;

/** Which of simultaneous events comes first. Shrinks to the empty tape: first in, first out. */
export const tapeArbitrary = (fc: Fc): Arbitrary<number[]> => fc.array(fc.nat(7), { maxLength: 40 });

/** What a source may throw. */
export const thrownArbitrary = (fc: Fc): Arbitrary<Thrown> =>
  fc.constantFrom('Error', 'TypeError', 'string', 'number', 'null', 'undefined', 'bare object', 'trap');

export interface ModeArbitraryOptions {
  /** The longest that a slow source takes, ms. Default 10_000. */
  readonly slowest?: Milliseconds;
  /** Which modes there are. Default: all but `lies` and `nonsense`, under which the truth itself is in doubt. */
  readonly modes?: readonly SourceMode['mode'][];
}

/** What a source does. Shrinks to `up`. */
export function modeArbitrary(fc: Fc, options: ModeArbitraryOptions = {}): Arbitrary<SourceMode> {
  const { slowest = 10_000 } = options;
  const modes: { [M in SourceMode['mode']]: Arbitrary<SourceMode & { readonly mode: M }> } = {
    up: fc.constant({ mode: 'up' }),
    unreachable: fc.record({
      mode: fc.constant('unreachable'),
      as: fc.constantFrom('typed', 'ECONNREFUSED'),
    }),
    slow: fc.record({
      mode: fc.constant('slow'),
      ms: fc.integer({ min: 1, max: slowest }),
      deaf: fc.boolean(),
    }),
    hang: fc.record({ mode: fc.constant('hang'), deaf: fc.boolean() }),
    throws: fc.record({ mode: fc.constant('throws'), what: thrownArbitrary(fc), sync: fc.boolean() }),
    partial: fc.record({ mode: fc.constant('partial'), batches: fc.nat(3) }),
    flap: fc.record({ mode: fc.constant('flap'), every: fc.integer({ min: 1, max: slowest }) }),
    lies: fc.record({ mode: fc.constant('lies'), by: fc.integer({ min: 1, max: slowest }) }),
    locked: fc.constant({ mode: 'locked' }),
    readonly: fc.constant({ mode: 'readonly' }),
    nonsense: fc.constant({ mode: 'nonsense' }),
  };
  const chosen = options.modes ?? ['up', 'unreachable', 'slow', 'hang', 'throws', 'partial', 'flap'];
  return fc.oneof(...chosen.map((name) => modes[name]));
}

export interface FaultArbitraryOptions extends ModeArbitraryOptions {
  /** Faults happen from 0 to here, ms of the world. */
  readonly until: Milliseconds;
  /** The longest that the source does what a fault says, ms. Default: `until`. */
  readonly longest?: Milliseconds;
  /** The names of actors that may crash. Default: none. */
  readonly actors?: readonly string[];
  /** The keys of rows that may be corrupted. Default: none. */
  readonly keys?: readonly string[];
  /** Which of them may also be handed nothing for a while. Default: none. */
  readonly hangs?: readonly string[];
  /** Which of them may crash when they are handed their n-th event from then on. Default: none. */
  readonly steps?: readonly string[];
  /** Whose supervisor may be killed while it restarts them. Default: none. */
  readonly supervisorsOf?: readonly string[];
  /** Whether what is published on buses may be lost, doubled, late or out of order. Default false. */
  readonly bus?: boolean;
  /** Failures of the scenario's own, by name. Default: none. */
  readonly own?: readonly string[];
  /** Whether a source may fail. Default true. */
  readonly source?: boolean;
  /** How many sources there are. Default 1. */
  readonly sources?: number;
  /** Whether the clock may jump and the process stand still. Default true. */
  readonly clock?: boolean;
  /** Whether the process may be killed and booted again. Default false. */
  readonly kill?: boolean;
  /** How many faults there may be. Default 10. */
  readonly most?: number;
}

/** One failure. Shrinks towards the beginning of the world. */
export function faultArbitrary(fc: Fc, options: FaultArbitraryOptions): Arbitrary<Fault> {
  const { until, actors = [], keys = [], clock = true, kill = false } = options;
  const at = fc.integer({ min: 0, max: until });
  const kinds: Arbitrary<Fault>[] = [];
  const span = fc.integer({ min: 1, max: options.longest ?? until });
  if (options.source ?? true) kinds.push(sourceFault(fc, options, at, span));
  const how = fc.constantFrom('killed', 'error');
  if (actors.length > 0) {
    kinds.push(fc.record({ at, kind: fc.constant('crash'), actor: fc.constantFrom(...actors), how }));
  }
  const { hangs = [], steps = [], supervisorsOf = [], own = [] } = options;
  if (hangs.length > 0) {
    kinds.push(fc.record({ at, kind: fc.constant('hang'), actor: fc.constantFrom(...hangs), for: span }));
  }
  if (steps.length > 0) {
    const step = fc.integer({ min: 1, max: 20 });
    kinds.push(fc.record({ at, kind: fc.constant('crash'), actor: fc.constantFrom(...steps), how, step }));
  }
  if (supervisorsOf.length > 0) {
    kinds.push(fc.record({ at, kind: fc.constant('supervisor'), actor: fc.constantFrom(...supervisorsOf) }));
  }
  if (options.bus) {
    const mode = fc.constantFrom<BusMode[]>('drop', 'duplicate', 'delay', 'reorder');
    kinds.push(fc.record({ at, kind: fc.constant('bus'), how: mode, for: span }));
  }
  if (own.length > 0) kinds.push(fc.record({ at, kind: fc.constant('own'), name: fc.constantFrom(...own) }));
  if (keys.length > 0) {
    kinds.push(fc.record({ at, kind: fc.constant('corrupt'), key: fc.constantFrom(...keys) }));
  }
  if (clock) {
    const hour = 3_600_000;
    // A long pause swallows the rest of the schedule: everything is then due at once. So it is the rarer one.
    const pause = fc.oneof(
      { arbitrary: fc.integer({ min: 1, max: 3_000 }), weight: 4 },
      { arbitrary: fc.constant(hour), weight: 1 },
    );
    const jump = fc.oneof(fc.integer({ min: -100_000, max: 100_000 }), fc.integer({ min: -hour, max: hour }));
    kinds.push(
      fc.record({ at, kind: fc.constant('jump'), by: jump }),
      fc.record({ at, kind: fc.constant('pause'), ms: pause }),
    );
  }
  // Most processes are back at once. What is back after long begins with nothing, for all it had saved is too old.
  const after = fc.oneof(
    { arbitrary: fc.integer({ min: 0, max: 3_000 }), weight: 2 },
    { arbitrary: fc.integer({ min: 0, max: 60_000 }), weight: 1 },
  );
  if (kill) kinds.push(fc.record({ at, kind: fc.constant('kill'), after }));
  return fc.oneof(...kinds);
}

function sourceFault(
  fc: Fc,
  options: FaultArbitraryOptions,
  at: Arbitrary<Milliseconds>,
  span: Arbitrary<Milliseconds>,
): Arbitrary<Fault> {
  const kind = fc.constant('source');
  const mode = modeArbitrary(fc, options);
  const { sources = 1 } = options;
  if (sources === 1) return fc.record({ at, kind, mode, for: span });
  return fc.record({ at, kind, mode, for: span, of: fc.nat(sources - 1) });
}

/** A schedule of failures. Shrinks to the fewest that matter. */
export const faultsArbitrary = (fc: Fc, options: FaultArbitraryOptions): Arbitrary<Fault[]> =>
  fc.array(faultArbitrary(fc, options), { maxLength: options.most ?? 10, size: 'max' });
