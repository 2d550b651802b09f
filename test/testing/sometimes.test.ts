import { sometimes, sometimesHappened } from 'holdfast/testing';
import { expect, it } from 'vitest';

it('names what never happened, and begins anew', () => {
  sometimes('served stale', false);
  sometimes('served stale', true);
  expect(sometimesHappened).not.toThrow();
  sometimes('served stale', false);
  sometimes('rebuilt', true);
  expect(sometimesHappened).toThrow('Never happened in this suite: served stale.');
  expect(sometimesHappened).not.toThrow();
});
