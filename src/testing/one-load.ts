import type { Happened } from './history.js';
import type { CacheTerms, Violation } from './violation.js';

/**
 * At most one load of a key is in flight, and at most `concurrency` in all; a batch of `loadMany` is one. One that was given up is
 * not in flight, nor is, within a batch that goes on for others, the key that was written or sent away here meanwhile, or that the source told of.
 */
export function oneLoad<V>(history: readonly Happened<V>[], terms: CacheTerms): Violation[] {
  const found: Violation[] = [];
  const flying = new Map<number, Set<string>>();
  const drop = (keys: readonly string[] | 'all'): void => {
    for (const asked of flying.values()) {
      for (const key of keys === 'all' ? [...asked] : keys) asked.delete(key);
    }
  };
  /** What writes through the cache were about, by their calls. */
  const written = new Map<number, string>();
  for (const happened of history) {
    if (happened.type === 'killed') flying.clear();
    if (happened.type === 'put' || happened.type === 'noticed') drop([happened.key]);
    if (happened.type === 'gone') drop(happened.keys);
    if (!('method' in happened)) continue;
    const { order, call, method } = happened;
    if (happened.type === 'asked' && (method === 'save' || method === 'remove')) {
      written.set(call, happened.key ?? '');
    } else if (happened.type === 'answered' && written.has(call)) drop([written.get(call) ?? '']);
    if (method !== 'load' && method !== 'loadMany') continue;
    if (happened.type !== 'asked') {
      flying.delete(call);
      continue;
    }
    const keys = happened.keys ?? [happened.key ?? ''];
    const violate = (message: string, key: string): void =>
      void found.push({ guarantee: 'one load', message, order, key });
    for (const key of keys) {
      if ([...flying.values()].some((asked) => asked.has(key)))
        violate(`a second load of "${key}" while the first is in flight`, key);
    }
    flying.set(call, new Set(keys));
    if (flying.size > terms.concurrency) {
      violate(`${flying.size} loads in flight, and ${terms.concurrency} are allowed`, keys[0] ?? '');
    }
  }
  return found;
}
