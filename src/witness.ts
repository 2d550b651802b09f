/**
 * Who looks on at a process that runs in a testing world: told of its runtimes, and asked when messages and bus events go on. Outside a
 * world there is nobody, and asking costs one comparison.
 */
export interface Witness {
  /** A runtime was made. */
  made?(runtime: object): void;
  /** Work is to go on in a microtask. Calls `run` when its turn has come. */
  turn?(label: string, run: () => void): void;
  /** An event is about to be handed to a listener of a bus. Calls `hand` as often, and when, it likes. */
  heard?(topic: string, listener: unknown, hand: () => void): void;
}

let present: Witness | undefined;

/** Who looks on now. */
export const witness = (): Witness | undefined => present;

/** @internal The testing world's way in: returns the way out. */
export function withWitness(next: Witness): () => void {
  const before = present;
  present = next;
  return () => {
    present = before;
  };
}
