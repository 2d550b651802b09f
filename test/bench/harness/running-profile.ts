import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { performance } from 'node:perf_hooks';

/** A piece of time; in ms, as `performance.now` counts them. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A sample for so many microseconds. */
const interval = 250;

/** So many functions are named of one stretch. */
const namedAtMost = 10;

/** What runs while it is on, sample by sample: V8's own profiler, asked about single stretches of time. */
export class RunningProfile {
  readonly #session = new Session();

  static async start(): Promise<RunningProfile> {
    const profile = new RunningProfile();
    const session = profile.#session;
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval });
    await session.post('Profiler.start');
    return profile;
  }

  /** Ends it. For each stretch a line: how long it was, and which functions it was spent in, the dearest first, in ms. */
  async stop(stretches: readonly (Stretch & { readonly own: number })[]): Promise<readonly string[]> {
    const { profile } = await this.#session.post('Profiler.stop');
    this.#session.disconnect();
    const samples = timed(profile);
    return stretches.map(({ from, to, own }) => {
      const sums = new Map<string, number>();
      for (const { at, name, took } of samples)
        if (at > from && at <= to) sums.set(name, (sums.get(name) ?? 0) + took);
      const named = [...sums].sort(([, a], [, b]) => b - a).slice(0, namedAtMost);
      const list = named.map(([name, took]) => `${name} ${took.toFixed(1)}`).join(', ');
      return `${own.toFixed(1)} own of ${(to - from).toFixed(1)} ms: ${list}`;
    });
  }
}

interface Sample {
  /** In ms, as `performance.now` counts them. */
  readonly at: number;
  /** Function, file and line. */
  readonly name: string;
  /** Until the next sample, in ms. */
  readonly took: number;
}

function timed({ nodes, samples = [], timeDeltas = [], startTime }: Profiler.Profile): Sample[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  // The profiler counts microseconds of the same clock, from another beginning.
  const zero = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  let time = startTime;
  return samples.map((node, nth) => {
    time += timeDeltas[nth] ?? 0;
    return {
      at: time / 1000 - zero,
      name: names.get(node) ?? '?',
      took: (timeDeltas[nth + 1] ?? 0) / 1000,
    };
  });
}

function nameOf({ functionName, url, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  const place = url === '' ? '' : ` (${url.split('/').slice(-2).join('/')}:${lineNumber + 1})`;
  return `${functionName || 'anonymous'}${place}`;
}
