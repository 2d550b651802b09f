import type { Thrown } from './faults.js';

/** What there is to throw. A new one each time: nobody may tell by identity. */
export function thrown(what: Thrown): unknown {
  switch (what) {
    case 'Error':
      return new Error('Scripted: a bug of the source.');
    case 'TypeError':
      return new TypeError("Scripted: Cannot read properties of undefined (reading 'rows')");
    case 'string':
      return 'Scripted: a string';
    case 'number':
      return 42;
    case 'null':
      return null;
    case 'undefined':
      return undefined;
    case 'bare object':
      return Object.create(null);
    case 'trap':
      return new Proxy(
        {},
        {
          get: (_target, key) => {
            throw new Error(`Scripted: reading ${String(key)} of what was thrown throws.`);
          },
        },
      );
  }
}
