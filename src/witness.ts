/**
 * Who looks on at a process that runs in a testing world: told of its runtimes, and asked when messages and bus events go on. Outside a
 * world there is nobody, and asking costs one comparison.
 */
export interface Witness {
  /** A runtime was made. */
  made?(runtime: object): void;
  /** Work is to go on in a microtask. Calls `run` when its turn has come. */
  turn?(label: string, run: () => void): void;
  /** Who works step by step is about to take one. Resolves when its turn has come. */
  step?(label: string): Promise<void>;
  /** An event is about to be handed to a listener of a bus. Calls `hand` as often, and when, it likes. */
  heard?(topic: string, listener: unknown, hand: () => void): void;
}

/** Each with what it looks on at; of two that look on at the same the later one is asked. */
const layers: Witness[] = [];
let present: Witness | undefined;

/** Who looks on now. */
export const witness = (): Witness | undefined => present;

/** @internal The testing world's way in: returns the way out. They leave in any order. */
export function withWitness(next: Witness): () => void {
  const layer = { ...next };
  const look = (): void => {
    const all: Witness = {};
    for (const one of layers) Object.assign(all, one);
    present = layers.length === 0 ? undefined : all;
  };
  layers.push(layer);
  look();
  return () => {
    const at = layers.indexOf(layer);
    if (at >= 0) layers.splice(at, 1);
    look();
  };
}
