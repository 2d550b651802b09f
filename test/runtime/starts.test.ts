import { expect, test } from 'vitest';
import { Starts } from '../../src/runtime/starts.js';

test('the starts of each path are counted from 1', () => {
  const starts = new Starts();
  expect(['root', 'root/a', 'root/a', 'root/b', 'root'].map((path) => starts.next(path))).toEqual([
    1, 1, 2, 1, 2,
  ]);
});

test('what is forgotten is counted anew, with all that is below it, and nothing else is', () => {
  const starts = new Starts();
  const paths = ['root', 'root/a', 'root/a/', 'root/a/x', 'root/a/x/y', 'root/ab', 'root/b', 'roo'];
  for (const path of paths) for (const _ of [1, 2]) starts.next(path);
  starts.forget('root/a');
  expect(paths.map((path) => [path, starts.next(path)])).toEqual([
    ['root', 3],
    ['root/a', 1],
    ['root/a/', 1],
    ['root/a/x', 1],
    ['root/a/x/y', 1],
    ['root/ab', 3],
    ['root/b', 3],
    ['roo', 3],
  ]);
  starts.forget('root/a');
  expect(starts.next('root/a/x/y')).toBe(1);
});

test('what is above everything is forgotten only where it is asked for', () => {
  const starts = new Starts();
  for (const path of ['root', 'other']) starts.next(path);
  starts.forget('roo');
  starts.forget('nobody');
  expect(starts.next('root')).toBe(2);
  starts.forget('root');
  expect([starts.next('root'), starts.next('other')]).toEqual([1, 2]);
});
