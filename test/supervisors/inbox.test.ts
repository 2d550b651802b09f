import { beforeEach, expect, test, vi } from 'vitest';
import { withWitness } from '../../src/witness.js';
import { Inbox } from '../../supervisors/inbox.js';

/** An inbox, what it served, and what went wrong with it. */
function opened() {
  const served: string[] = [];
  const failed: unknown[] = [];
  const inbox = new Inbox(
    (work) => work(),
    (error) => failed.push(error),
  );
  return {
    inbox,
    served,
    failed,
    post: (...words: string[]) => {
      for (const word of words) inbox.post(() => void served.push(word));
    },
  };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

/** A promise, and whether it has been resolved. */
function watched(promise: Promise<void>): { done: boolean } {
  const state = { done: false };
  void promise.then(() => {
    state.done = true;
  });
  return state;
}

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

test('one after the other, each when the one before is done with, and none in the stack of whoever posts', async () => {
  const { inbox, served, post } = opened();
  let done = (): void => {};
  inbox.post(() => {
    served.push('long');
    return new Promise((resolve) => {
      done = resolve;
    });
  });
  post('a', 'b');
  expect(served).toEqual([]);
  await settle();
  post('c');
  await settle();
  expect(served).toEqual(['long']);
  done();
  await settle();
  expect(served).toEqual(['long', 'a', 'b', 'c']);
  post('d');
  await settle();
  expect(served.at(-1)).toBe('d');
});

test('it is entered to serve, by one at a time', async () => {
  let entries = 0;
  const inbox = new Inbox(
    (work) => {
      entries++;
      work();
    },
    () => {},
  );
  inbox.post(() => {});
  inbox.post(() => {});
  await settle();
  expect(entries).toBe(1);
  inbox.post(() => {});
  expect(entries).toBe(2);
});

test('the last is served before all that waits, and once', async () => {
  const { inbox, served, post } = opened();
  post('a');
  inbox.postLast(() => void served.push('last'));
  post('b');
  await settle();
  expect(served).toEqual(['last', 'a', 'b']);
});

test('suspended in its turn it serves the last one only; resumed, what waited, in order', async () => {
  const { inbox, served, post } = opened();
  post('a');
  const suspended = watched(inbox.suspend());
  post('b');
  await settle();
  expect([served, suspended.done]).toEqual([['a'], true]);
  post('c');
  inbox.postLast(() => void served.push('last'));
  await settle();
  expect(served).toEqual(['a', 'last']);
  inbox.resume();
  await settle();
  expect(served).toEqual(['a', 'last', 'b', 'c']);
});

test('suspended twice it is resumed once', async () => {
  const { inbox, served, post } = opened();
  await inbox.suspend();
  await inbox.suspend();
  inbox.resume();
  post('a');
  await settle();
  expect(served).toEqual(['a']);
});

test('resumed before it has come to be suspended it never is, and nobody waits for that', async () => {
  const { inbox, served, post } = opened();
  const suspended = watched(inbox.suspend());
  inbox.resume();
  post('a');
  await settle();
  expect([served, suspended.done]).toEqual([['a'], true]);
});

test('closed it serves nothing more, and nobody waits for it to be suspended', async () => {
  const { inbox, served, post } = opened();
  post('a');
  const before = watched(inbox.suspend());
  inbox.postLast(() => void served.push('last'));
  inbox.close();
  post('b');
  inbox.postLast(() => void served.push('later'));
  const after = watched(inbox.suspend());
  await settle();
  inbox.resume();
  await settle();
  expect([served, before.done, after.done]).toEqual([[], true, true]);
});

test('closed by what it serves, too', async () => {
  const { inbox, served, post } = opened();
  inbox.post(() => inbox.close());
  post('a');
  await settle();
  expect(served).toEqual([]);
});

test.each([
  [
    'throws',
    () => {
      throw 'why';
    },
  ],
  ['rejects', () => Promise.reject('why')],
])('what is served and %s closes it', async (_, message) => {
  const { inbox, served, failed, post } = opened();
  inbox.post(message);
  post('a');
  await settle();
  post('b');
  await settle();
  expect([served, failed]).toEqual([[], ['why']]);
});

test('after a long stretch others have their turn', async () => {
  const { inbox, served, post } = opened();
  const serve = (word: string, ms: number) =>
    inbox.post(() => {
      served.push(word);
      vi.advanceTimersByTime(ms);
      setImmediate(() => served.push(`others after ${word}`));
    });
  serve('a', 3);
  serve('b', 0);
  serve('c', 3);
  post('d');
  await settle();
  expect(served).toEqual(['a', 'others after a', 'b', 'c', 'others after b', 'others after c', 'd']);
});

test('what is served may be an object, and whoever looks on without taking steps holds nothing up', async () => {
  const { inbox, served, post } = opened();
  const leave = withWitness({});
  inbox.post({ serve: () => void served.push('an object') });
  post('a');
  await settle();
  leave();
  expect(served).toEqual(['an object', 'a']);
});
