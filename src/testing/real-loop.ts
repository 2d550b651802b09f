/** Taken before any world is entered. */
const { setImmediate: realSetImmediate } = globalThis;

let own = false;

/** Runs in a later turn of the real loop: by then every microtask and tick of this one has run. */
export function nextTurn(run: () => void): void {
  own = true;
  realSetImmediate(run);
  own = false;
}

/** Whether what is being begun in the real loop is the kit's own. */
export const isOwnTurn = (): boolean => own;
