import { type Duration, milliseconds } from '../../runtime/duration.js';

/**
 * Whether it holds: not when it answers false, or throws. Any other answer is yes, so that an `expect` will do; of `sometimes`, what is
 * truthy. Synchronous: a promise is not waited for.
 *
 * TypeScript cannot hand the context of a `setup` on to a call beside it, so that written inside `simTest` its type is `any`; say
 * `simTest<Context>` or `defineScenario<Context>`, and it is checked.
 */
export type Condition<C> = (context: C) => unknown;

/** Something that must hold. Made by `always`, `eventually`, `sometimes` and `atEnd`. */
export interface Check<C> {
  /**
   * - `always`: whenever the world is quiet after an event.
   * - `eventually`: within a time after the last fault and the last command.
   * - `end`: then, once, before everything is stopped.
   * - `sometimes`: at some moment of some run of the suite.
   */
  readonly when: 'always' | 'eventually' | 'end' | 'sometimes';
  /** What a failing run is named after. */
  readonly name: string;
  readonly holds: Condition<C>;
  /** Of `eventually`: how long it may take, of virtual time. */
  readonly within?: Duration;
}

/**
 * It holds whenever the world is quiet after an event. Not looked at while the process is down or being set up, nor once everything
 * is being stopped. The first time it does not ends the run.
 *
 * @example
 * ```ts
 * always('no two work at once', ({ working }) => working.size <= 1)
 * always('the cache answers', ({ cache }) => expect(cache.lookup('ada').status).not.toBe('unknown'))
 * ```
 */
export const always = <C = any>(name: string, holds: Condition<C>): Check<C> => ({
  when: 'always',
  name,
  holds,
});

/**
 * It comes about within a time after the horizon, when failures and commands have stopped: the system must converge. Once is enough.
 *
 * @param within ms, or a string such as `'30s'`; of virtual time, so a generous one costs nothing.
 * @throws OptionsError when `within` is no duration.
 * @example
 * ```ts
 * eventually('it is warm again', '30s', ({ cache }) => cache.state.data === 'complete')
 * ```
 */
export const eventually = <C = any>(name: string, within: Duration, holds: Condition<C>): Check<C> => {
  milliseconds(within, 'within');
  return { when: 'eventually', name, within, holds };
};

/**
 * It holds at the end, once all that must come about has, before everything is stopped: for a history, a model, a count.
 *
 * @example
 * ```ts
 * atEnd('each job was done once', ({ accepted, done }) => expect(done.toSorted()).toEqual([...accepted].sort()))
 * ```
 */
export const atEnd = <C = any>(name: string, holds: Condition<C>): Check<C> => ({ when: 'end', name, holds });
