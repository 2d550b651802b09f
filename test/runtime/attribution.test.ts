import { beforeEach, describe, expect, test, vi } from 'vitest';
import { attribution, isWorkOnStack, unattributed } from '../../src/runtime/attribution.js';

type Topic = 'uncaughtException' | 'unhandledRejection' | 'newListener' | 'removeListener';

const listeners = (topic: Topic): number => process.listenerCount(topic as 'uncaughtException');
const hooked = (): number[] =>
  (['uncaughtException', 'unhandledRejection', 'newListener', 'removeListener'] as const).map(listeners);

/** Long enough for a timer of no delay, and what Node does of a rejection that nobody handles. */
const later = async (): Promise<void> => {
  for (const _ of [1, 2, 3]) await new Promise((resolve) => setTimeout(resolve));
};

class Owner {
  readonly errors: unknown[] = [];

  asyncError(error: unknown): void {
    this.errors.push(error);
  }
}

/** What reached the process's other listeners. */
let uncaught: unknown[] = [];

// The test runner's own listeners would take what is thrown here on purpose for a failure of the test.
beforeEach(() => {
  uncaught = [];
  const topics = ['uncaughtException', 'unhandledRejection'] as const;
  const others = topics.map((topic) => process.rawListeners(topic as 'uncaughtException'));
  for (const topic of topics) process.removeAllListeners(topic);
  process.on('uncaughtException', (error) => void uncaught.push(error));
  return () => {
    topics.forEach((topic, n) => {
      process.removeAllListeners(topic);
      for (const listener of others[n] ?? []) process.on(topic, listener as () => void);
    });
  };
});

/** Holds the hook until the test is over, or earlier. */
function held(): () => void {
  const release = attribution().hold();
  releases.push(release);
  return release;
}
let releases: (() => void)[] = [];
beforeEach(() => {
  releases = [];
  return () => {
    for (const release of releases) release();
  };
});

describe('whose work runs', () => {
  test('is known within it, in its timers and promises, and not outside', async () => {
    held();
    const owner = new Owner();
    const seen: unknown[] = [];
    const look = (): void => void seen.push(attribution().current());
    const result = attribution().run(owner, () => {
      look();
      setTimeout(look);
      void Promise.resolve().then(look);
      attribution().run(undefined, look);
      return 'result';
    });
    look();
    await later();
    expect(result).toBe('result');
    expect(seen).toEqual([owner, undefined, undefined, owner, owner]);
  });

  test('is nobody’s outside any runtime’s time, also when that begins before the work is over', async () => {
    const owner = new Owner();
    const seen: unknown[] = [];
    const result = attribution().run(owner, () => {
      seen.push(attribution().current());
      setTimeout(() => seen.push(attribution().current()));
      return 'result';
    });
    held();
    await later();
    expect([result, seen]).toEqual(['result', [undefined, undefined]]);
  });

  test('is one matter for all copies of the package', () => {
    expect(attribution()).toBe(attribution());
    expect((globalThis as Record<symbol, unknown>)[Symbol.for('holdfast.attribution')]).toBe(attribution());
  });
});

describe('where the platform knows no asynchronous contexts', () => {
  const home = Symbol.for('holdfast.attribution');
  const place = globalThis as Record<symbol, unknown>;

  test.each([
    ['no process', undefined],
    ['a process without built-in modules', {}],
    ['a process without this one', { getBuiltinModule: () => undefined }],
  ])('nothing is attributed: %s', (_, platform) => {
    const own = place[home];
    delete place[home];
    vi.stubGlobal('process', platform);
    try {
      expect(attribution()).toBe(unattributed);
    } finally {
      vi.unstubAllGlobals();
      place[home] = own;
    }
  });

  test('work runs all the same, as nobody’s', () => {
    const before = hooked();
    const release = unattributed.hold();
    const seen = unattributed.run(new Owner(), () => [unattributed.current(), hooked()]);
    release();
    expect(seen).toEqual([undefined, before]);
  });
});

describe('the hook', () => {
  test('is there once, however many hold it, until the last has let go', () => {
    const none = hooked();
    const [first, second] = [held(), held()];
    const some = hooked();
    expect(some).toEqual(none.map((count, n) => (n === 1 ? count : count + 1)));
    first();
    first();
    expect(hooked()).toEqual(some);
    second();
    expect(hooked()).toEqual(none);
    const again = held();
    expect(hooked()).toEqual(some);
    again();
    expect(hooked()).toEqual(none);
  });

  test('gives an error to whose timer threw it', async () => {
    held();
    const [one, other] = [new Owner(), new Owner()];
    const error = new Error('timer');
    attribution().run(one, () =>
      setTimeout(() => {
        throw error;
      }),
    );
    await later();
    expect([one.errors, other.errors]).toEqual([[error], []]);
  });

  test('leaves what is nobody’s to the listeners of others', async () => {
    held();
    const before = hooked();
    const error = new Error('mine');
    setTimeout(() => {
      throw error;
    });
    await later();
    expect(uncaught).toEqual([error]);
    expect(hooked()).toEqual(before);
  });
});

describe('a rejection that nobody handles', () => {
  const reject = (owner: Owner | undefined, reason: unknown): void =>
    attribution().run(owner, () => void Promise.reject(reason));

  test('is given to whose it is', async () => {
    held();
    const owner = new Owner();
    const error = new Error('rejected');
    reject(owner, error);
    await later();
    expect(owner.errors).toEqual([error]);
  });

  test.each([
    ['before', true],
    ['after', false],
  ])('also beside a listener of the user’s that was there %s', async (_, early) => {
    const heard: unknown[] = [];
    const listener = (reason: unknown): void => void heard.push(reason);
    if (early) process.on('unhandledRejection', listener);
    held();
    if (!early) process.on('unhandledRejection', listener);
    expect(listeners('unhandledRejection')).toBe(2);
    const owner = new Owner();
    const [owned, mine] = [new Error('owned'), new Error('mine')];
    reject(owner, owned);
    reject(undefined, mine);
    await later();
    expect(owner.errors).toEqual([owned]);
    expect([heard, uncaught]).toEqual([[owned, mine], []]);
  });

  test('ours goes with the user’s last listener, and comes with the next', () => {
    held();
    const counts: number[] = [];
    const count = (): void => void counts.push(listeners('unhandledRejection'));
    const [one, other] = [() => {}, () => {}];
    count();
    process.on('unhandledRejection', one);
    count();
    process.on('unhandledRejection', other);
    count();
    process.off('unhandledRejection', one);
    count();
    process.off('unhandledRejection', other);
    count();
    process.on('unhandledRejection', one);
    count();
    expect(counts).toEqual([0, 2, 3, 2, 0, 2]);
  });

  test('listeners for something else do not concern it', () => {
    held();
    const listener = (): void => {};
    const user = (): void => {};
    process.on('warning', listener);
    expect(listeners('unhandledRejection')).toBe(0);
    process.on('unhandledRejection', user);
    process.off('warning', listener);
    expect(listeners('unhandledRejection')).toBe(2);
  });

  test('without a user’s listener the end of another is not ours', () => {
    held();
    const once = (): void => {};
    process.on('unhandledRejection', once);
    process.off('unhandledRejection', once);
    process.on('warning', once);
    process.off('warning', once);
    expect(listeners('unhandledRejection')).toBe(0);
  });

  test('ours does not outlive the hook', () => {
    const user = (): void => {};
    process.on('unhandledRejection', user);
    const release = held();
    expect(listeners('unhandledRejection')).toBe(2);
    release();
    expect(listeners('unhandledRejection')).toBe(1);
    process.off('unhandledRejection', user);
    process.on('unhandledRejection', user);
    expect(listeners('unhandledRejection')).toBe(1);
    const again = held();
    expect(listeners('unhandledRejection')).toBe(2);
    again();
    expect(process.listeners('unhandledRejection')).toEqual([user]);
  });
});

describe('under --unhandled-rejections', () => {
  const execArgv = [...process.execArgv];
  beforeEach(() => () => {
    process.execArgv.splice(0, process.execArgv.length, ...execArgv);
    vi.unstubAllEnvs();
  });

  test.each([
    [['--unhandled-rejections=warn'], 1],
    [['--unhandled-rejections=none'], 1],
    [['--unhandled-rejections', 'warn'], 1],
    [['--unhandled-rejections=warn', '--no-warnings'], 1],
    [['--unhandled-rejections=strict'], 0],
    [['--unhandled-rejections=warn-with-error-code'], 0],
    [[], 0],
  ])('%j as an argument: ours is there: %i', (options, expected) => {
    process.execArgv.push(...options);
    held();
    expect(listeners('unhandledRejection')).toBe(expected);
  });

  test.each([
    ['--unhandled-rejections=none', 1],
    ['--no-warnings --unhandled-rejections=warn --trace-exit', 1],
    ['--unhandled-rejections=throw', 0],
    ['', 0],
  ])('NODE_OPTIONS=%j: ours is there: %i', (options, expected) => {
    vi.stubEnv('NODE_OPTIONS', options);
    held();
    expect(listeners('unhandledRejection')).toBe(expected);
  });

  test('ours stays when a user’s listener goes', () => {
    process.execArgv.push('--unhandled-rejections=warn');
    const release = held();
    const user = (): void => {};
    process.on('unhandledRejection', user);
    process.off('unhandledRejection', user);
    expect(listeners('unhandledRejection')).toBe(1);
    release();
    expect(listeners('unhandledRejection')).toBe(0);
  });
});

test.each([
  ['attributed', attribution()],
  ['unattributed', unattributed],
])('work is on the stack while it runs, and no longer: %s', (_, { run }) => {
  expect(run(undefined, isWorkOnStack)).toBe(true);
  expect(isWorkOnStack()).toBe(false);
  const throwing = (): never => {
    throw new Error('boom');
  };
  expect(() => run(undefined, () => run(undefined, throwing))).toThrow('boom');
  expect(isWorkOnStack()).toBe(false);
});
