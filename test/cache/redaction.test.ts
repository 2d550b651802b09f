import { describe, expect, it } from 'vitest';
import { redacted } from '../../actors/cache/redaction.js';

const key = 'token-0815';

/** Whatever can be read of it. */
function all(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 20) return String(error);
  return ['name', 'message', 'stack', 'cause', ...Reflect.ownKeys(error)]
    .map((part) => all(Reflect.get(error, part), depth + 1))
    .join('\n');
}

describe('an error as it may be told where keys are secret', () => {
  it('is itself where it does not name the key', () => {
    const error = Object.assign(new TypeError('no such thing', { cause: new Error('below') }), { code: 'X' });
    for (const given of [error, 'text', 42, null, undefined, { code: 'X' }])
      expect(redacted(given, key)).toBe(given);
    expect(redacted(error, '')).toBe(error);
  });

  it('names it in its message, its stack, a cause, or a field of its own: a copy without', () => {
    const below = Object.assign(new Error('below'), { detail: `Key (token)=(${key}) already exists.` });
    const error = Object.assign(new RangeError(`no ${key} here`, { cause: below }), {
      code: 'E_NONE',
      parameters: [key],
    });
    const copy = redacted(error, key) as Error & { code: string };
    expect(copy).toMatchObject({ name: 'RangeError', message: 'no [secret key] here', code: 'E_NONE' });
    expect((copy.cause as Error).message).toBe('below');
    expect(copy.stack).toContain('redaction.test');
    expect(all(error)).toContain(key);
    expect(all(copy)).not.toContain(key);
    expect(redacted(`no ${key} here`, key)).toBe('no [secret key] here');
    expect(redacted({ key }, key)).toBe('[secret key]');
  });

  it('goes round in circles, is endless, or cannot be looked at: not told', () => {
    const round: { self?: unknown; message: string } = { message: 'round' };
    round.self = round;
    expect(redacted(round, key)).toBe(round);
    const circle = new Error(key);
    circle.cause = circle;
    expect(all(redacted(circle, key))).not.toContain(key);
    const trap = new Proxy(new Error('trap'), {
      get() {
        throw new Error(key);
      },
    });
    expect(all(redacted(trap, key))).not.toContain(key);
    const wide = Object.assign(new Error('wide'), {
      connections: Array.from({ length: 1_000 }, (_, n) => ({ n, key: n === 999 ? key : '' })),
    });
    expect(all(redacted(wide, key))).not.toContain(key);
    expect(redacted(wide, key)).toMatchObject({ message: 'wide' });
  });
});
