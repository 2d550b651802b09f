import { OptionsError } from '../../errors.js';
import { type Duration, milliseconds } from '../../runtime/duration.js';
import type { Source } from '../../sources/source.js';
import type { SourceMethod } from '../history.js';
import { type ScriptedSource, type ScriptedSourceOptions, scriptedSource } from '../scripted-source.js';
import { currentStage } from './current-stage.js';

/** What a simulated database holds and can. */
export interface SimulatedSourceOptions<V> extends ScriptedSourceOptions<V> {
  /** What it is called in a timeline, and by which it is the same database after a reboot. Default: `'source'`, `'source-2'` … */
  readonly name?: string;
}

/** A database that a fault schedule acts upon, and a hand. Durations are ms, or strings such as `'2s'`, of virtual time. */
export interface SimulatedSource<V> extends ScriptedSource<V> {
  /** It cannot be reached, from now on or for so long. */
  down(duration?: Duration): void;
  /** It is reached again. */
  up(): void;
  /** It answers so much later, from now on or for so long. */
  slow(by: Duration, duration?: Duration): void;
  /** It answers nothing any more, from now on or for so long. */
  hang(duration?: Duration): void;
}

/** One that has every method but `loadMany` and `subscribe`, as it is made where `has` is not given. */
export type WholeSource<V> = SimulatedSource<V> &
  Required<Pick<Source<V>, Exclude<SourceMethod, 'load' | 'loadMany' | 'subscribe'>>>;

/**
 * Makes a database for a scenario: a `Source` in memory that fails as the fault schedule, or a hand, says, and remembers what happened.
 * It outlives a killed process: the setup after a reboot gets the same one, with the rows that it holds by then, found by its name, or
 * where that is given more than once by its turn. Outside a scenario it is a `scriptedSource` with these hands.
 *
 * @throws OptionsError when its name is empty.
 * @example
 * ```ts
 * const db = simulatedSource({ rows: { ada: { role: 'admin' } } });
 * db.slow('2s');
 * ```
 */
export function simulatedSource<V>(
  options: SimulatedSourceOptions<V> & Required<Pick<SimulatedSourceOptions<V>, 'has'>>,
): SimulatedSource<V>;
export function simulatedSource<V>(options?: Omit<SimulatedSourceOptions<V>, 'has'>): WholeSource<V>;
export function simulatedSource<V>(options: SimulatedSourceOptions<V> = {}): SimulatedSource<V> {
  const stage = currentStage();
  if (stage === undefined) return make(options);
  return stage.lasting(
    `source ${options.name ?? ''}`,
    () => make(options),
    (db, name) => stage.source(name, db),
  ) as SimulatedSource<V>;
}

function make<V>(options: SimulatedSourceOptions<V>): SimulatedSource<V> {
  if (options.name === '')
    throw new OptionsError('A simulated source needs a name, or none.', { option: 'name' });
  const db = scriptedSource<V>(options);
  const ms = (duration: Duration | undefined, what: string): number | undefined =>
    duration === undefined ? undefined : milliseconds(duration, what);
  return Object.defineProperties(
    {
      ...db,
      down: (duration?: Duration) => db.become({ mode: 'unreachable' }, ms(duration, 'duration')),
      up: () => db.become({ mode: 'up' }),
      slow: (by: Duration, duration?: Duration) =>
        db.become({ mode: 'slow', ms: milliseconds(by, 'by') }, ms(duration, 'duration')),
      hang: (duration?: Duration) => db.become({ mode: 'hang' }, ms(duration, 'duration')),
    },
    { mode: { get: () => db.mode }, rows: { get: () => db.rows } },
  ) as SimulatedSource<V>;
}
