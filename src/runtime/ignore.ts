/**
 * The output of a machine that is done before it is ready and asks not to be started at all: OTP's `ignore`. Its
 * supervisor keeps the spec, counts no failure and does not try again by itself.
 *
 * @example
 * ```ts
 * const metrics = createMachine({
 *   initial: 'choosing',
 *   states: { choosing: { tags: 'starting', always: [{ guard: 'wanted', target: 'on' }, { target: 'off' }] }, on: {}, off: { type: 'final' } },
 *   output: IGNORE,
 * });
 * ```
 */
export const IGNORE: unique symbol = Symbol.for('holdfast.ignore');
