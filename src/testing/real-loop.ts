/** Taken before any world is entered. */
const { setImmediate: realSetImmediate } = globalThis;
const realNextTick = process.nextTick;

let own = false;

/** Runs in a later turn of the real loop: by then every microtask and tick of this one has run. */
export function nextTurn(run: () => void): void {
  own = true;
  realSetImmediate(run);
  own = false;
}

/** Throws where the real loop sees it, before its next turn: an uncaught exception like any other, of the present asynchronous context. */
export function throwInTick(error: unknown): void {
  realNextTick(() => {
    throw error;
  });
}

/** Whether what is being begun in the real loop is the kit's own. */
export const isOwnTurn = (): boolean => own;
