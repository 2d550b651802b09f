import { expect, test } from 'vitest';
import { Life, type LifeSignal } from '../../src/runtime/life.js';

/** The same is asked of both. */
const kinds: [string, () => { readonly signal: LifeSignal; end(): void }][] = [
  [
    'a Life',
    () => {
      const life = new Life();
      return { signal: life, end: () => life.end() };
    },
  ],
  [
    'the signal of a Life',
    () => {
      const life = new Life();
      return { signal: life.signal, end: () => life.end() };
    },
  ],
  [
    'an AbortSignal',
    () => {
      const controller = new AbortController();
      return { signal: controller.signal, end: () => controller.abort() };
    },
  ],
];

test.each(kinds)('whoever listens to %s is told once, in the order in which they came', (_, make) => {
  const { signal, end } = make();
  const told: string[] = [];
  const twice = () => told.push('twice added');
  const gone = () => told.push('gone');
  signal.addEventListener('abort', { handleEvent: () => told.push('an object') }, { once: true });
  signal.addEventListener('abort', gone, { once: true });
  signal.addEventListener('abort', twice, { once: true });
  signal.addEventListener('abort', twice, { once: true });
  signal.removeEventListener('abort', gone);
  signal.removeEventListener('abort', gone);
  expect(signal.aborted).toBe(false);
  expect(signal.reason).toBe(undefined);
  end();
  end();
  signal.addEventListener('abort', () => told.push('too late'));
  expect(told).toEqual(['an object', 'twice added']);
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toMatchObject({ name: 'AbortError' });
  expect(signal.reason).toBe(signal.reason);
});

test('the signal of a life that is over has fired, with the same reason', () => {
  const life = new Life();
  life.end();
  expect(life.signal.aborted).toBe(true);
  expect(life.signal.reason).toBe(life.reason);
});

test('a listener that throws keeps nobody from being told', () => {
  const life = new Life();
  const told: string[] = [];
  life.addEventListener('abort', () => {
    throw new Error('boom');
  });
  life.addEventListener('abort', () => told.push('told'));
  expect(() => life.end()).toThrow('boom');
  expect(told).toEqual(['told']);
});

test('a listener that leaves while others are told leaves nobody out', () => {
  const life = new Life();
  const told: string[] = [];
  const first = () => {
    told.push('first');
    life.removeEventListener('abort', first);
  };
  life.addEventListener('abort', first);
  life.addEventListener('abort', () => told.push('second'));
  life.end();
  expect(told).toEqual(['first', 'second']);
});

test('whoever leaves is not told, also the first', () => {
  const life = new Life();
  const told: string[] = [];
  const first = () => told.push('first');
  life.addEventListener('abort', first);
  life.addEventListener('abort', () => told.push('second'));
  life.removeEventListener('abort', first);
  life.end();
  expect(told).toEqual(['second']);
});

test('a life has one signal', () => {
  const life = new Life();
  expect(life.signal).toBe(life.signal);
});
