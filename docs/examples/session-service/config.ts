import { isIP } from 'node:net';
import type { Duration } from 'holdfast';
import * as v from 'valibot';

/** How the service runs, from its environment. */
export interface Config {
  readonly port: number;
  readonly database: string;
  /** Whether the database is the default one, which is made when there is none. One that was named is never made. */
  readonly ownDatabase: boolean;
  readonly snapshot: string;
  readonly warmEvery: Duration;
  readonly sweepEvery: Duration;
  readonly snapshotEvery: Duration;
  readonly backoff: { readonly min: Duration; readonly max: Duration };
  /** How long the first answer waits that is one guess too many, and the longest. */
  readonly throttle: { readonly delay: Duration; readonly maxDelay: Duration };
  /** Whose word is taken for who asks: addresses of proxies. */
  readonly trustProxy: string | false;
  readonly chaos: boolean;
  readonly logLevel: LogLevel;
}

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof levels)[number];

const file = v.pipe(v.string(), v.minLength(1));
const duration = v.custom<Duration>(
  (value) => typeof value === 'string' && /^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(value),
  'a number with its unit, such as 250ms, 20s, 5m or 1h',
);
const port = v.pipe(
  v.string(),
  v.regex(/^\d{1,5}$/, 'a port, 0 to 65535'),
  v.transform(Number),
  v.maxValue(65_535, 'a port, 0 to 65535'),
);

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.trim().split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  if (isIP(address) === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

const schema = v.object({
  PORT: v.optional(port, '4000'),
  SESSIONS_DB: v.optional(file),
  SESSIONS_SNAPSHOT: v.optional(file, 'var/sessions.snapshot'),
  WARM_EVERY: v.optional(duration, '5m'),
  SWEEP_EVERY: v.optional(duration, '20s'),
  SNAPSHOT_EVERY: v.optional(duration, '5s'),
  BACKOFF_MIN: v.optional(duration, '250ms'),
  BACKOFF_MAX: v.optional(duration, '30s'),
  THROTTLE_DELAY: v.optional(duration, '100ms'),
  THROTTLE_MAX_DELAY: v.optional(duration, '5s'),
  TRUST_PROXY: v.optional(
    v.custom<string>(
      (value) => typeof value === 'string' && value.split(',').every(isNetwork),
      'addresses or networks, with a comma between: 10.0.0.1,192.168.0.0/16',
    ),
  ),
  CHAOS: v.optional(v.picklist(['0', '1'], '0 or 1'), '1'),
  LOG_LEVEL: v.optional(v.picklist(levels, `one of ${levels.join(', ')}`), 'warn'),
});

/** What was given in the environment will not do. The message names each variable, what was given and what would do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  // A variable that is set to nothing is one that is not set, as in most shells' scripts.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = v.safeParse(schema, given);
  if (!result.success) {
    throw new ConfigError(
      result.issues
        .map((issue) => `${v.getDotPath(issue)} must be ${issue.message}. Given: '${String(issue.input)}'.`)
        .join('\n'),
    );
  }
  const { output } = result;
  return {
    port: output.PORT,
    database: output.SESSIONS_DB ?? 'var/sessions.db',
    ownDatabase: output.SESSIONS_DB === undefined,
    snapshot: output.SESSIONS_SNAPSHOT,
    warmEvery: output.WARM_EVERY,
    sweepEvery: output.SWEEP_EVERY,
    snapshotEvery: output.SNAPSHOT_EVERY,
    backoff: { min: output.BACKOFF_MIN, max: output.BACKOFF_MAX },
    throttle: { delay: output.THROTTLE_DELAY, maxDelay: output.THROTTLE_MAX_DELAY },
    trustProxy: output.TRUST_PROXY ?? false,
    chaos: output.CHAOS === '1',
    logLevel: output.LOG_LEVEL,
  };
}
