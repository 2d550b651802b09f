import type { Happened } from './history.js';
import type { Violation } from './violation.js';

/** A scan of one pass: what it began after, and what it saw. */
interface Scan {
  readonly call: number;
  /** Where it was tried before and came to nothing: the first of those tries, which may have been the same pass's. */
  readonly began: number;
  readonly seen: Set<string>;
  /** Some of what it brought had no key to tell. */
  garbled: boolean;
  ended: boolean;
  rejected: boolean;
}

/**
 * What a complete pass did not see is gone from memory, unless somebody brought it since that pass began: a row deleted in the database
 * leaves the cache, and not only when its time is over.
 */
export function goneAfterThePass<V>(history: readonly Happened<V>[]): Violation[] {
  const found: Violation[] = [];
  /** By key: when it was last put, or answered. */
  const brought = new Map<string, number>();
  let scan: Scan | undefined;
  let passed: { readonly scan: Scan; readonly order: number } | undefined;
  for (const happened of history) {
    switch (happened.type) {
      case 'killed':
        scan = undefined;
        passed = undefined;
        break;
      case 'put':
        brought.set(happened.key, happened.order);
        break;
      case 'asked':
        if (happened.method === 'scan')
          scan = {
            call: happened.call,
            began: scan?.rejected ? scan.began : happened.order,
            seen: new Set(),
            garbled: false,
            ended: false,
            rejected: false,
          };
        break;
      case 'rejected':
        if (scan?.call === happened.call) scan.rejected = true;
        break;
      case 'answered':
        for (const { key } of happened.rows) brought.set(key, happened.order);
        if (scan?.call !== happened.call) break;
        for (const { key } of happened.rows) scan.seen.add(key);
        scan.garbled ||= happened.garbled === true;
        scan.ended = happened.last;
        break;
      case 'passed':
        passed = scan?.ended && !scan.garbled ? { scan, order: happened.order } : undefined;
        break;
      case 'told': {
        const { key, lookup, began, order } = happened;
        if (passed === undefined || began < passed.order) break;
        if (lookup.status !== 'fresh' && lookup.status !== 'stale') break;
        if (passed.scan.seen.has(key) || (brought.get(key) ?? -1) > passed.scan.began) break;
        found.push({
          guarantee: 'gone after the pass',
          message: `"${key}" is ${lookup.status} ${String(lookup.value)}, and the pass (#${passed.scan.began} to #${passed.order}) did not see it`,
          order,
          key,
        });
      }
    }
  }
  return found;
}
