import * as v from 'valibot';
import { OptionsError } from '../../src/errors.js';
import { type Duration, milliseconds } from '../../src/runtime/duration.js';

const units = "whole milliseconds, or a number with a unit such as '250ms', '5s', '10m', '1h', '30d'";

const isDuration = (value: unknown, least = 0): boolean => {
  try {
    return milliseconds(value as Duration, '') >= least;
  } catch {
    return false;
  }
};

/** Whatever does not do is told in these words: `Option "x" must be <words>.` */
const must = (words: string, check: (value: unknown) => boolean) => v.custom<unknown>(check, words);

const duration = v.optional(must(`a duration: ${units}`, (value) => isDuration(value)));
const interval = v.optional(must(`a duration longer than 0: ${units}`, (value) => isDuration(value, 1)));
const count = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  v.optional(
    must(
      `a whole number, ${least} ${most === Number.MAX_SAFE_INTEGER ? 'or more' : `to ${most}`}`,
      (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
    ),
  );
const sliding = v.optional(
  must(`true, false or a duration: ${units}`, (value) => typeof value === 'boolean' || isDuration(value)),
);
const isShare = (value: number): boolean => value >= 0 && value < 1;
const boolean = v.optional(must('true or false', (value) => typeof value === 'boolean'));
const number = (words: string, least = Number.NEGATIVE_INFINITY) =>
  v.optional(must(words, (value) => Number.isFinite(value) && (value as number) >= least));
const text = (value: unknown): boolean => typeof value === 'string' && value !== '';
const has = (value: unknown, ...methods: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');
const callable = (words: string) => v.optional(must(words, (value) => typeof value === 'function'));

const snapshot = v.pipe(
  v.strictObject({
    file: v.optional(must('the path of a file', text)),
    secret: v.optional(
      must(
        'a secret: text or bytes, not empty',
        (value) => text(value) || (value instanceof Uint8Array && value.length > 0),
      ),
    ),
    store: v.optional(
      must('a snapshot store (memorySnapshotStore(), or one of your own)', (value) =>
        has(
          value,
          'open',
          'restore',
          'append',
          'journal',
          'enqueue',
          'waiting',
          'acknowledge',
          'compact',
          'close',
        ),
      ),
    ),
    every: interval,
    restoreTimeout: duration,
    maxOutbox: count(0),
  }),
  v.check(
    ({ file, store }) => (file === undefined) !== (store === undefined),
    'either { file } or { store }',
  ),
  v.check(
    ({ secret, store }) => secret === undefined || store === undefined,
    'without a secret where it has a store of its own',
  ),
);

const readPolicy = {
  accept: v.optional(must("'fresh' or 'stale'", (value) => value === 'fresh' || value === 'stale')),
  whileStale: v.optional(
    must("'load' or 'revalidate'", (value) => value === 'load' || value === 'revalidate'),
  ),
  refreshAhead: duration,
};

/** The options of a cache. */
export const cacheSchema = v.strictObject({
  name: must('a name: text, not empty', text),
  source: must(
    'a source (an object with a `load` method) or a function that loads one value',
    (value) => typeof value === 'function' || has(value, 'load'),
  ),
  unavailable: callable('a function of an error that says true or false'),
  ttl: duration,
  staleFor: v.optional(
    must(`'until-expiry' or a duration: ${units}`, (value) => value === 'until-expiry' || isDuration(value)),
  ),
  jitter: v.optional(
    must('a share: 0 or more and less than 1', (value) => Number.isFinite(value) && isShare(value as number)),
  ),
  sliding,
  negativeTtl: duration,
  maxEntries: count(1),
  maxWeight: v.optional(must('a number above 0', (value) => Number.isFinite(value) && (value as number) > 0)),
  weigh: callable('a function of a value and its key that answers with a number, 0 or more'),
  maxNegative: count(0),
  authoritative: boolean,
  touchEvery: duration,
  key: callable('a function of a key that says true or false'),
  secretKeys: boolean,
  load: v.optional(
    v.strictObject({
      timeout: interval,
      softTimeout: duration,
      retries: count(0),
      concurrency: count(1),
      batch: count(1),
    }),
  ),
  read: v.optional(v.strictObject(readPolicy)),
  warm: v.optional(
    v.strictObject({
      every: interval,
      batch: count(1),
      backoff: v.optional(
        v.strictObject({
          min: interval,
          max: interval,
          factor: number('a number, 1 or more', 1),
          jitter: boolean,
        }),
      ),
    }),
  ),
  sweep: v.optional(v.strictObject({ every: interval })),
  snapshot: v.optional(snapshot),
  logger: v.optional(
    must('a logger with debug, info, warn and error, as pino is one', (value) =>
      has(value, 'debug', 'info', 'warn', 'error'),
    ),
  ),
  throttle: v.optional(
    v.strictObject({
      allowance: count(0),
      resetAfter: interval,
      delay: duration,
      maxDelay: duration,
      refuseAfter: count(1, 10_000),
      maxClients: count(1),
    }),
  ),
});

/** What is said of one entry. */
export const entrySchema = v.strictObject({
  ttl: duration,
  staleFor: duration,
  sliding,
  expiresAt: number('a number: ms since the epoch'),
  version: number('a number'),
  tags: v.optional(
    must(
      'an array of strings',
      (value) => Array.isArray(value) && value.every((tag) => typeof tag === 'string'),
    ),
  ),
  weight: number('a number, 0 or more', 0),
});

const reload = {
  client: v.optional(must('text', (value) => typeof value === 'string')),
  signal: v.optional(must('an AbortSignal', (value) => value instanceof AbortSignal)),
  timeout: duration,
};

/** What is said of one transaction. */
export const transactionSchema = v.strictObject({
  timeout: interval,
  retries: count(0),
  signal: v.optional(must('an AbortSignal', (value) => value instanceof AbortSignal)),
});

/** What is said of a row that is in use. */
export const touchSchema = v.strictObject({ expiresAt: number('a number: ms since the epoch') });

/** What is said of one reload. */
export const refreshSchema = v.strictObject(reload);

/** What is said of one question. */
export const readSchema = v.strictObject({ ...reload, ...readPolicy, softTimeout: duration });

/** What is asked of all entries. */
export const querySchema = v.strictObject({
  where: callable('a function of an entry that says true or false'),
  select: callable('a function of an entry'),
  limit: count(0),
});

/** How an import goes together with what is there. */
export const importSchema = v.strictObject({
  mode: v.optional(must("'merge' or 'replace'", (value) => value === 'merge' || value === 'replace')),
});

type Schema = v.GenericSchema;
type Issue = v.BaseIssue<unknown>;

/** @throws OptionsError that names the option, what was given, and what would do. */
export function checkOptions(schema: Schema, options: unknown): void {
  if (isRight(schema, options)) return;
  const result = v.safeParse(schema, options);
  if (result.success) return;
  // What is not known is most often the misspelling of what is then missing.
  const issue = result.issues.find(isUnknown) ?? result.issues[0];
  throw new OptionsError(isUnknown(issue) ? unknownOption(schema, issue) : wrongOption(issue));
}

type Rules = ReadonlyMap<string, (value: unknown) => boolean>;

const rules = new WeakMap<Schema, Rules>();

/** A quick look by the same rules: what a single call is given, right most often, costs more to check than the call. False says nothing. */
function isRight(schema: Schema, options: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false;
  let known = rules.get(schema);
  if (known === undefined) {
    known = rulesOf(schema);
    rules.set(schema, known);
  }
  for (const name in options) if (!known.has(name)) return false;
  // Whatever is read of the options later, wherever it comes from: a prototype, a getter.
  for (const [name, rule] of known) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !rule(value)) return false;
  }
  return known.size > 0;
}

/** By name, where every option can be left out and is right or wrong by itself; else none. */
function rulesOf(schema: Schema): Rules {
  const found = new Map<string, (value: unknown) => boolean>();
  for (const [name, option] of Object.entries(entriesOf(schema))) {
    const rule = 'wrapped' in option ? (option.wrapped as Partial<v.CustomSchema<unknown, string>>) : {};
    if (rule.type !== 'custom' || rule.check === undefined) return new Map();
    found.set(name, rule.check);
  }
  return found;
}

const isUnknown = (issue: Issue): boolean => issue.type === 'strict_object' && issue.expected === 'never';

function unknownOption(schema: Schema, issue: Issue): string {
  const path = (issue.path ?? []).map(({ key }) => String(key));
  const known = knownUnder(schema, path.slice(0, -1));
  return `Option "${path.join('.')}" is not known. Known are: ${known.join(', ')}.`;
}

function wrongOption(issue: Issue): string {
  const path = v.getDotPath(issue);
  if (path === null) return `Options must be an object. Given: ${shown(issue.input)}.`;
  const missing = issue.type === 'strict_object' && issue.received === 'undefined';
  if (missing) return `Option "${path}" is missing.`;
  const words = issue.type === 'strict_object' ? 'an object of options' : issue.message;
  const given = path.endsWith('secret') ? 'something else, not shown here' : shown(issue.input);
  return `Option "${path}" must be ${words}. Given: ${given}.`;
}

/** What the options at a path are called. */
function knownUnder(schema: Schema, path: readonly string[]): readonly string[] {
  let at: object | undefined = schema;
  for (const key of path) at = entriesOf(at)[key];
  return Object.keys(entriesOf(at));
}

/** Of an object's schema, or of an optional one that wraps it. */
function entriesOf(schema: object | undefined): Readonly<Record<string, object>> {
  const bare = schema !== undefined && 'wrapped' in schema ? schema.wrapped : schema;
  const isObject = typeof bare === 'object' && bare !== null && 'entries' in bare;
  return isObject ? (bare.entries as Readonly<Record<string, object>>) : {};
}

function shown(given: unknown): string {
  switch (typeof given) {
    case 'string':
      return `'${given.length > 80 ? `${given.slice(0, 80)}…` : given}'`;
    case 'function':
      return 'a function';
    case 'object':
      if (given === null) return 'null';
      return Array.isArray(given) ? 'an array' : `an object (${given.constructor?.name ?? 'no class'})`;
    default:
      return String(given);
  }
}
