/** What stands in the place of a key. */
const blank = '[secret key]';
/** No chain of causes is followed any further. */
const deepest = 8;
/** Nor is more looked at: drivers hang whole connections on their errors. What was not looked at is not told. */
const most = 200;

/**
 * An error as it may be remembered and told where keys are secret: itself, where nothing of it names the key, or a copy in which
 * that is blanked out. Anything at all may have been thrown; what cannot be looked at is not told.
 */
export function redacted(error: unknown, key: string): unknown {
  if (key === '') return error;
  try {
    return names(error, key, new Set()) ? copied(error, key, 0) : error;
  } catch {
    return new Error('An error that cannot be looked at. It may name a secret key.');
  }
}

function names(error: unknown, key: string, met: Set<unknown>): boolean {
  if (typeof error === 'string') return error.includes(key);
  if (typeof error !== 'object' || error === null || met.has(error)) return false;
  met.add(error);
  return met.size > most || parts(error).some((part) => names(Reflect.get(error, part), key, met));
}

/** Of the errors of drivers: `detail`, `query`, `parameters` are their own fields. */
const parts = (error: object): (string | symbol)[] =>
  error instanceof Error
    ? [...new Set<string | symbol>(['name', 'message', 'stack', 'cause', ...Reflect.ownKeys(error)])]
    : Reflect.ownKeys(error);

function copied(error: unknown, key: string, depth: number): unknown {
  if (typeof error === 'string') return without(error, key);
  if (typeof error !== 'object' || error === null) return error;
  if (depth === deepest || !(error instanceof Error)) return blank;
  const copy = new Error(without(error.message, key), {
    cause: copied(error.cause, key, depth + 1),
  });
  copy.name = without(String(error.name), key);
  if (error.stack !== undefined) copy.stack = without(error.stack, key);
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code === 'string') Object.assign(copy, { code: without(code, key) });
  return copy;
}

/** Put together anew, letter by letter: what `replaceAll` gives may be made of pieces of the text that it was, and so keep that in memory. */
const without = (text: string, key: string): string => text.replaceAll(key, blank).split('').join('');
