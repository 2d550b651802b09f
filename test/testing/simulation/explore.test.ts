import fc from 'fast-check';
import { explore, play } from 'holdfast/testing';
import { describe, expect, test } from 'vitest';
import { jobsAreDone } from './job-queue.js';

describe('a job queue that takes a job out of its store before it has been done', () => {
  test('is found out, and shrunk to one job and one crash', { timeout: 120_000 }, async () => {
    const { finding } = await explore(fc, jobsAreDone(true), { runs: 100, shrinkFor: 30_000 });
    expect(finding?.failure.check).toBe('every job is done');
    expect(finding?.case.faults.map(({ kind }) => kind)).toEqual(['crash']);
    expect(finding?.case.steps).toHaveLength(1);
    const again = await play(jobsAreDone(true), finding!.case);
    expect(again.failure?.check).toBe('every job is done');
    expect(again.hash).toBe(finding?.played.hash);
  });

  test('and one that does not stands 60 runs', { timeout: 120_000 }, async () => {
    const exploration = await explore(fc, jobsAreDone(false), { runs: 60 });
    expect(exploration.finding?.failure).toBeUndefined();
    expect(exploration.never).toEqual([]);
  });
});
