/** What JSON can hold. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

const deepest = 6;
const longestText = 500;
const longestList = 50;

/**
 * Anything at all as plain data of bounded size, for a stream that must not fail on what an event carries: errors become
 * `{ name, message, code }`, actors their id, cycles and depths a mark, long texts and lists are cut. Never throws.
 */
export function plain(value: unknown): Plain {
  try {
    return reduce(value, []);
  } catch {
    return '(unreadable)'; // a getter or a proxy threw
  }
}

function reduce(value: unknown, above: readonly object[]): Plain {
  switch (typeof value) {
    case 'string':
      return cut(value);
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : reduceObject(value, above);
    default:
      return null;
  }
}

function reduceObject(value: object, above: readonly object[]): Plain {
  if (above.includes(value)) return '(circular)';
  if (above.length >= deepest) return '(deeper)';
  const path = [...above, value];
  if (value instanceof Error) return reduceError(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '(invalid date)' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (Array.isArray(value)) return reduceList(value, path);
  if (value instanceof Set) return reduceList([...value], path);
  if (value instanceof Map) return reduceFields(value.entries(), path);
  if (isActor(value)) return value.id;
  return reduceFields(Object.entries(value), path);
}

function reduceList(list: readonly unknown[], path: readonly object[]): Plain {
  const kept = list.slice(0, longestList).map((item) => reduce(item, path));
  return list.length > longestList ? [...kept, `(${list.length - longestList} more)`] : kept;
}

function reduceFields(fields: Iterable<[unknown, unknown]>, path: readonly object[]): Plain {
  // No prototype: a field may well be called `__proto__`.
  const reduced: Record<string, Plain> = Object.create(null);
  let count = 0;
  for (const [name, field] of fields) {
    if (field === undefined || typeof field === 'function' || typeof field === 'symbol') continue;
    if (++count > longestList) break;
    reduced[cut(String(name))] = reduce(field, path);
  }
  return reduced;
}

function reduceError(error: Error): Plain {
  const code = (error as { readonly code?: unknown }).code;
  return {
    name: cut(String(error.name)),
    message: cut(String(error.message)),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
  };
}

const isActor = (value: object): value is { readonly id: string } =>
  'id' in value && typeof value.id === 'string' && 'getSnapshot' in value && 'sessionId' in value;

const cut = (text: string): string =>
  text.length > longestText ? `${text.slice(0, longestText)}… (${text.length} characters)` : text;
