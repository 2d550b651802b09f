/** A value that is there already, or will be. */
export type Eventual<T> = T | Promise<T>;

/** Goes on with the value: at once where it is there. */
export const whenever = <T, R>(eventual: Eventual<T>, next: (value: T) => Eventual<R>): Eventual<R> =>
  eventual instanceof Promise ? eventual.then(next) : next(eventual);
