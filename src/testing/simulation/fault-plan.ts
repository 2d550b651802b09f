import type { Arbitrary } from 'fast-check';
import { type Duration, type Milliseconds, milliseconds } from '../../runtime/duration.js';
import { type Fc, faultsArbitrary } from '../arbitraries.js';
import type { Fault, SourceMode } from '../faults.js';

/** What may fail in a scenario. Made by `faults.any` or `faults.exactly`. */
export interface FaultPlan<C = unknown> {
  /** The kinds of failures that some run must have exercised. */
  readonly kinds: readonly FaultKind[];
  /** Schedules of failures from 0 to `until`, ms. */
  arbitrary(fc: Fc, until: Milliseconds): Arbitrary<readonly Fault[]>;
  /** Fault points of the code that may fail (see `buggify`). */
  readonly points: readonly string[];
  /** The scenario's own. */
  readonly own: Readonly<Record<string, (context: C) => unknown>>;
}

/** A kind of failure, as the coverage table has it: `source slow`, `crash`, `bus drop`. */
export type FaultKind = string;

/** The kind of a fault point's failure. */
export const pointKind = (name: string): FaultKind => `point ${name}`;

export const kindOf = (fault: Fault): FaultKind => {
  switch (fault.kind) {
    case 'source':
      return `source ${fault.mode.mode}`;
    case 'bus':
      return `bus ${fault.how}`;
    case 'own':
      return fault.name;
    case 'crash':
      return fault.step === undefined ? 'crash' : 'crash at a step';
    case 'supervisor':
      return 'supervisor killed';
    case 'kill':
      return 'reboot';
    case 'corrupt':
      return 'corrupt row';
    default:
      return fault.kind;
  }
};

/** What may fail, at any time. What is left out does not. */
export interface AnyFaults<C> {
  /** Sources made by `simulatedSource` fail: true (any but `nonsense` and `lies`), or the modes they may be in. Default false. */
  readonly source?: boolean | readonly SourceMode['mode'][];
  /** How many sources there are, where they are to fail apart from each other. Default 1. */
  readonly sources?: number;
  /** Rows that may become undecodable. Default: none. */
  readonly corrupt?: readonly string[];
  /**
   * The names of actors that may crash at a time or at their n-th step, hang, and whose supervisor may be killed while it restarts
   * them. Default: none.
   */
  readonly crashes?: readonly string[];
  /** Whether those may also hang. Default true. */
  readonly hangs?: boolean;
  /** Whether their supervisors may be killed. A root's end is the end of its tree. Default false. */
  readonly supervisors?: boolean;
  /** Whether the wall clock may jump and the process stand still. Default false. */
  readonly clock?: boolean;
  /** Whether what is published on buses may be lost, doubled, late or out of order. Default false. */
  readonly bus?: boolean;
  /** Whether the process may be killed and booted again. Default false. */
  readonly reboot?: boolean;
  /**
   * Names of fault points in the code under test (`buggify('queue.saved')`), each of which may throw at its n-th pass. Default: none.
   */
  readonly points?: readonly string[];
  /** Failures of your own, by name: `{ 'disk full': ({ disk }) => disk.fill() }`. */
  readonly own?: Readonly<Record<string, (context: C) => unknown>>;
  /** The most failures in one run. Default 10. */
  readonly most?: number;
  /** The longest that one lasts; ms, or a string such as `'5s'`. Default: half the horizon. */
  readonly longest?: Duration;
}

const usual: readonly SourceMode['mode'][] = [
  'unreachable',
  'slow',
  'hang',
  'throws',
  'partial',
  'flap',
  'locked',
  'readonly',
];

/** Any of these, at any time. */
function any<C = any>(options: AnyFaults<C> = {}): FaultPlan<C> {
  const {
    crashes = [],
    hangs = true,
    supervisors = false,
    clock = false,
    bus = false,
    reboot = false,
  } = options;
  const { own = {}, corrupt = [], most = 10, source = false, sources = 1, points = [] } = options;
  const modes = source === true ? usual : source === false ? [] : source;
  const longest = options.longest === undefined ? undefined : milliseconds(options.longest, 'longest');
  const hanging = hangs ? crashes : [];
  const orphaned = supervisors ? crashes : [];
  const has = (kind: FaultKind, when: boolean): FaultKind[] => (when ? [kind] : []);
  return {
    own,
    points,
    kinds: [
      ...modes.filter((mode) => mode !== 'up').map((mode) => `source ${mode}`),
      ...has('corrupt row', corrupt.length > 0),
      ...has('crash', crashes.length > 0),
      ...has('crash at a step', crashes.length > 0),
      ...has('hang', hanging.length > 0),
      ...has('supervisor killed', orphaned.length > 0),
      ...['drop', 'duplicate', 'delay', 'reorder'].flatMap((how) => has(`bus ${how}`, bus)),
      ...has('jump', clock),
      ...has('pause', clock),
      ...has('reboot', reboot),
      ...points.map(pointKind),
      ...Object.keys(own),
    ],
    arbitrary: (fc, until) =>
      faultsArbitrary(fc, {
        until,
        longest: longest ?? Math.max(1, Math.floor(until / 2)),
        source: modes.length > 0,
        modes,
        sources,
        keys: corrupt,
        actors: crashes,
        steps: crashes,
        hangs: hanging,
        supervisorsOf: orphaned,
        bus,
        own: Object.keys(own),
        clock,
        kill: reboot,
        most,
      }),
  };
}

/** These, and no others. */
const exactly = (...schedule: readonly Fault[]): FaultPlan => ({
  own: {},
  points: [],
  kinds: [...new Set(schedule.map(kindOf))],
  arbitrary: (fc) => fc.constant(schedule),
});

/**
 * What may fail in a scenario. `any` draws how many failures of the given kinds there are, when, and how long they last; each kind
 * must come about in some run. `exactly` has the same failures, at the same times, in every run; only commands and order are drawn.
 *
 * @throws OptionsError when `longest` is no duration.
 * @example
 * ```ts
 * faults.any({ source: true, crashes: ['sessions/cache'], clock: true, reboot: true })
 * faults.exactly({ at: 100, kind: 'crash', actor: 'queue', how: 'killed' })
 * ```
 */
export const faults = { any, exactly };
