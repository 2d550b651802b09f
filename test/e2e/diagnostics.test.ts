import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('programs/throwing-subscribers.mjs', import.meta.url));

it('a subscriber of a diagnostics channel that throws harms nobody: no actor, no caller, not the process', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  const { reported, ...rest } = JSON.parse(stdout);
  expect(reported.toSorted()).toEqual([
    'answer',
    'invalidated',
    'load',
    'pass.complete',
    'swept',
    'swept, later',
  ]);
  expect(rest).toEqual({
    value: 'q',
    ready: true,
    listenersBefore: 0,
    listenersAfter: 0,
  });
});
