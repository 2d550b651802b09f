/** An Erlang term as the traces write it: atoms and strings alike, tuples as arrays, lists apart. */
export type Term = string | number | readonly Term[] | { readonly list: readonly Term[] };

/** A term of a scenario, as JSON has it: an array is a tuple. */
export function termOf(json: unknown): Term {
  if (typeof json === 'string' || typeof json === 'number') return json;
  if (Array.isArray(json)) return json.map(termOf);
  if (typeof json === 'object' && json !== null) return '<term>';
  return String(json);
}

const rank = (term: Term): number => {
  if (typeof term === 'number') return 0;
  if (Array.isArray(term)) return 2;
  return typeof term === 'string' ? 3 : 1;
};

/** The order that Erlang gives the terms of a trace: numbers, then what is written as an object, lists, strings by their bytes. */
export function inOrder(a: Term, b: Term): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (Array.isArray(a) && Array.isArray(b)) return elementwise(a, b) || a.length - b.length;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return inOrder((a as { list: Term[] }).list, (b as { list: Term[] }).list);
}

/** Tuples are compared by their size first. */
export const tuplesInOrder = (a: readonly Term[], b: readonly Term[]): number =>
  a.length - b.length || elementwise(a, b);

function elementwise(a: readonly Term[], b: readonly Term[]): number {
  for (let n = 0; n < Math.min(a.length, b.length); n++) {
    const order = inOrder(a[n] as Term, b[n] as Term);
    if (order !== 0) return order;
  }
  return 0;
}
