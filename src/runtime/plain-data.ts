import { isActor } from './xstate.js';

/**
 * A value as plain data, whole: actors become `{ actor: id }`, errors `{ name, message, code }`, maps objects, sets lists, a cycle
 * `'(circular)'`; functions and symbols are left out. Never throws.
 */
export function plainData(value: unknown, above: readonly unknown[] = []): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return '(circular)';
  try {
    return reduced(value, [...above, value]);
  } catch {
    return '(unreadable)'; // a getter or a proxy threw
  }
}

function reduced(value: object, above: readonly unknown[]): unknown {
  if (value instanceof Error) return errorData(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '(invalid date)' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (Array.isArray(value)) return value.map((item) => plainData(item, above));
  if (value instanceof Set) return [...value].map((item) => plainData(item, above));
  if (isActor(value)) return { actor: value.id };
  const fields = value instanceof Map ? [...value] : Object.entries(value);
  // No prototype: a field may well be called `__proto__`.
  const data: Record<string, unknown> = Object.create(null);
  for (const [name, field] of fields) {
    const plain = plainData(field, above);
    if (plain !== undefined) data[String(name)] = plain;
  }
  return data;
}

const errorData = (error: Error): object => {
  const { code } = error as { readonly code?: unknown };
  return { name: error.name, message: error.message, ...(code !== undefined && { code: plainData(code) }) };
};
