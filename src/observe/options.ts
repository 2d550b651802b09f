import * as v from 'valibot';
import { OptionsError } from '../errors.js';
import type { Duration } from '../runtime/duration.js';
import { milliseconds } from '../runtime/duration.js';
import type { ObservedCache, ObservedRuntime } from './observed.js';

/**
 * A button of the page. It does what `curl` would: it posts `body` as JSON to `url`, which is a route of your own app,
 * and shows the answer. Who may do it is decided there: `observe` itself changes nothing, ever.
 */
export interface Action {
  readonly label: string;
  /** Buttons of one group stand together, under this heading. */
  readonly group?: string;
  /** What the button does, in a few words, as its tooltip. */
  readonly hint?: string;
  /** Relative to the page, on the same origin. */
  readonly url: string;
  readonly body?: unknown;
}

export interface ObserveOptions {
  /** What to watch, by the names to show. At least one; the first is the one that `/status` tells at its top. */
  readonly caches: Readonly<Record<string, ObservedCache>>;
  /** The runtime they live under. Without it there is no tree. */
  readonly runtime?: ObservedRuntime;
  /** The page's heading. Default `'Holdfast'`. */
  readonly title?: string;
  /** The page's buttons. Default: none. */
  readonly actions?: readonly Action[];
  /** Where it is mounted, if the server does not strip that from `request.url` (express and connect do). Default `'/'`. */
  readonly path?: string;
  /** How many events are kept for who comes later. Default 200. */
  readonly history?: number;
  /** How many events may wait for one slow reader of `/events` before the oldest are dropped. Default 256. */
  readonly bound?: number;
  /** How many readers `/events` serves at a time; the next gets a 503. Default 100. */
  readonly streams?: number;
  /** How often an idle `/events` shows that it lives. Default `'15s'`. */
  readonly heartbeat?: Duration;
}

const shape = (methods: readonly string[], what: string) =>
  v.custom<unknown>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
    `must be ${what}`,
  );
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const schema = v.strictObject({
  caches: v.pipe(
    v.record(v.string(), shape(['health', 'stats'], 'a cache, as defineCache() returns one')),
    v.check((caches) => Object.keys(caches).length > 0, 'must name at least one cache'),
    v.check(
      (caches) => !Object.hasOwn(caches, 'runtime'),
      "must not use the name 'runtime': events of the runtime bear it",
    ),
  ),
  runtime: v.optional(shape(['tree'], 'a runtime, as createRuntime() returns one')),
  title: v.optional(v.string(), 'Holdfast'),
  actions: v.optional(
    v.array(
      v.strictObject({
        label: v.string(),
        group: v.optional(v.string()),
        hint: v.optional(v.string()),
        url: v.string(),
        body: v.optional(v.unknown()),
      }),
    ),
    [],
  ),
  path: v.optional(v.pipe(v.string(), v.startsWith('/', "must begin with '/', such as '/holdfast'")), '/'),
  history: v.optional(count, 200),
  bound: v.optional(count, 256),
  streams: v.optional(count, 100),
  heartbeat: v.optional(v.union([v.string(), v.number()]), '15s'),
});

/** The options with their defaults in place. @throws OptionsError that names the option at fault. */
export function parseObserveOptions(options: ObserveOptions) {
  const result = v.safeParse(schema, options);
  if (!result.success) {
    const [issue] = result.issues;
    const option = v.getDotPath(issue) ?? 'options';
    throw new OptionsError(`Option "${option}" of observe(): ${issue.message}.`);
  }
  const { heartbeat, path, title, history, bound, streams } = result.output;
  return {
    caches: new Map(Object.entries(options.caches)),
    runtime: options.runtime,
    title,
    actions: options.actions ?? [],
    /** Without a slash at its end. */
    base: path.replace(/\/+$/, ''),
    history,
    bound,
    streams,
    heartbeat: milliseconds(heartbeat as Duration, 'heartbeat'),
  };
}
