import { describe, expect, it } from 'vitest';
import { Lane } from '../../src/snapshot/lane.js';

/** Jobs that end when they are told to, and what has begun so far. */
function jobs() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    job: (name: string) => () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    },
    end: (name: string) => ends.get(name)?.(),
  };
}

describe('a lane', () => {
  it('does one job at a time, in order; one that goes ahead waits for the running one only', async () => {
    const { begun, job, end } = jobs();
    const lane = new Lane();
    const results = [
      lane.run(job('page 1')),
      lane.run(job('page 2')),
      lane.run(job('page 3')),
      lane.run(job('journal 1'), { ahead: true }),
      lane.run(job('journal 2'), { ahead: true }),
    ];
    expect(begun).toEqual(['page 1']);
    for (const name of ['page 1', 'journal 1', 'journal 2', 'page 2', 'page 3']) {
      expect(begun.at(-1)).toBe(name);
      end(name);
      await new Promise(setImmediate);
    }
    expect(await Promise.all(results)).toEqual(['page 1', 'page 2', 'page 3', 'journal 1', 'journal 2']);
  });

  it('goes on after a job that failed, which fails alone, and after it was empty', async () => {
    const lane = new Lane();
    const error = new Error('disk full');
    const failed = lane.run(() => Promise.reject(error));
    const thrown = lane.run(() => {
      throw error;
    });
    const next = lane.run(() => 'done');
    await expect(failed).rejects.toBe(error);
    await expect(thrown).rejects.toBe(error);
    expect(await next).toBe('done');
    expect(await lane.run(() => 'again')).toBe('again');
  });
});
