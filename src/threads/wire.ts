/** What the calling side posts: a call, or word that nobody waits for it any more. */
export type ToThread =
  | { readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly cancel: number };

/** What the thread posts back. */
export type FromThread =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: WireError };

/** An error on its way between two threads. Structured clone would lose `code`, `cause` and the class. */
export type WireError =
  | {
      readonly type: 'error';
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      readonly code: string | number | undefined;
      readonly brand: readonly string[] | undefined;
      readonly cause: WireError | undefined;
    }
  | { readonly type: 'thrown'; readonly text: string }
  /** No error, but it can be cloned. */
  | { readonly type: 'value'; readonly value: unknown };

/** How deep a chain of causes is followed; beyond it, and in a circle, it is cut. */
const deepest = 8;

/** What errors of Holdfast are told by (see `HoldfastError`), on both sides of the thread. */
const brand = Symbol.for('holdfast.error');

const natives: Readonly<Record<string, ErrorConstructor>> = {
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
};

/** The error as plain data. Never throws, whatever was thrown. */
export function packError(error: unknown, depth = 0): WireError {
  try {
    if (!(error instanceof Error)) return packValue(error);
    const { name, message, stack, cause } = error;
    const code: unknown = Reflect.get(error, 'code');
    const codes: unknown = Reflect.get(error, brand);
    return {
      type: 'error',
      name: String(name),
      message: String(message),
      stack: typeof stack === 'string' ? stack : undefined,
      code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
      brand: Array.isArray(codes) ? codes.map(String) : undefined,
      cause: cause === undefined || depth >= deepest ? undefined : packError(cause, depth + 1),
    };
  } catch {
    return { type: 'thrown', text: 'a value that cannot be read' };
  }
}

function packValue(value: unknown): WireError {
  try {
    return { type: 'value', value: structuredClone(value) };
  } catch {
    return { type: 'thrown', text: String(value) };
  }
}

/**
 * The error as it was thrown in the thread: name, message, stack, `code`, `cause`. What was no error arrives as it was, or as a
 * string where it cannot be cloned.
 */
export function unpackError(wire: WireError): unknown {
  if (wire.type === 'value') return wire.value;
  if (wire.type === 'thrown') return wire.text;
  const error = new (natives[wire.name] ?? Error)(wire.message);
  const set = (property: PropertyKey, value: unknown): void => {
    if (value === undefined) return;
    Object.defineProperty(error, property, { value, configurable: true, writable: true, enumerable: false });
  };
  set('name', wire.name);
  set('stack', wire.stack);
  set('code', wire.code);
  set(brand, wire.brand);
  if (wire.cause !== undefined) set('cause', unpackError(wire.cause));
  return error;
}
