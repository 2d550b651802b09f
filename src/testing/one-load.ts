import type { Happened } from './history.js';
import type { CacheTerms, Violation } from './violation.js';

/** At most one load of a key is in flight, and at most `concurrency` in all. One that was given up is not in flight. */
export function oneLoad<V>(history: readonly Happened<V>[], terms: CacheTerms): Violation[] {
  const found: Violation[] = [];
  const flying = new Map<number, string>();
  for (const happened of history) {
    if (happened.type === 'killed') flying.clear();
    if (!('method' in happened) || happened.method !== 'load') continue;
    const { order, call } = happened;
    if (happened.type !== 'asked') {
      flying.delete(call);
      continue;
    }
    const key = happened.key ?? '';
    const violate = (message: string): void =>
      void found.push({ guarantee: 'one load', message, order, key });
    if ([...flying.values()].includes(key)) violate(`a second load of "${key}" while the first is in flight`);
    flying.set(call, key);
    if (flying.size > terms.concurrency) {
      violate(`${flying.size} loads in flight, and ${terms.concurrency} are allowed`);
    }
  }
  return found;
}
