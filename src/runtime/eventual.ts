/** A value, now or later. */
export type Eventual<T> = T | Promise<T>;

/**
 * What comes of a value. Of one that is at hand it comes at once: where a hundred thousand actors are started, waiting costs
 * more than what is waited for.
 */
export const whenever = <T, R>(value: Eventual<T>, next: (value: T) => Eventual<R>): Eventual<R> =>
  value instanceof Promise ? value.then(next) : next(value);
