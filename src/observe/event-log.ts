import { wallNow } from '../runtime/time.js';
import type { ObservedBus } from './observed.js';
import { type Plain, plain } from './plain.js';

/** One event as it is told: `data` is its JSON. */
export interface LoggedEvent {
  readonly number: number;
  readonly data: string;
}

/** The last events of some buses, numbered, and whoever wants to hear the next. */
export interface EventLog {
  /** The kept events numbered higher than `after`, oldest first. */
  since(after: number): readonly LoggedEvent[];
  readonly last: number;
  listen(listener: (event: LoggedEvent) => void): () => void;
  /** Lets go of the buses and of every listener. */
  close(): void;
}

/** Keys name people's sessions: enough of one to recognise it, never enough to use it. */
const recognisable = (key: unknown): Plain => {
  const text = String(key);
  return text.length > 8 ? `${text.slice(0, 4)}…` : '…';
};

const toldKeys = 5;

function guarded(event: { readonly type: string }): { readonly [name: string]: Plain } {
  const { keys, key, ...rest } = event as { type: string; keys?: unknown; key?: unknown };
  return {
    ...(plain(rest) as { readonly [name: string]: Plain }),
    ...(Array.isArray(keys)
      ? { count: keys.length, keys: keys.slice(0, toldKeys).map(recognisable) }
      : undefined),
    ...(key === undefined ? undefined : { key: recognisable(key) }),
  };
}

/** Follows the buses, under their names, and keeps the last `history` events. */
export function createEventLog(buses: ReadonlyMap<string, ObservedBus>, history: number): EventLog {
  const kept: LoggedEvent[] = [];
  const listeners = new Set<(event: LoggedEvent) => void>();
  let last = 0;

  const record = (from: string, event: { readonly type: string }): void => {
    const logged = { number: ++last, data: JSON.stringify({ at: wallNow(), from, ...guarded(event) }) };
    kept.push(logged);
    if (kept.length > history) kept.shift();
    for (const listener of listeners) listener(logged);
  };
  const offs = [...buses].map(([from, bus]) => bus.subscribe('*', (event) => record(from, event)));

  return {
    since: (after) => kept.filter(({ number }) => number > after),
    get last() {
      return last;
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      for (const off of offs) off();
      listeners.clear();
    },
  };
}
