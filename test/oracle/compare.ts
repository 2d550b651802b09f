import { inOrder, type Term } from './terms.js';

/** One line of a trace. */
export interface TraceLine {
  readonly scenario: string;
  readonly step: number;
  readonly op: string;
  readonly result: Term;
  readonly events: readonly Term[];
  /** Compared as a multiset. */
  readonly reports: readonly Term[];
  readonly state: Readonly<
    Record<string, { readonly which: readonly Term[]; readonly count: readonly Term[] }>
  >;
}

export interface Difference {
  readonly scenario: string;
  readonly step: number;
  readonly expected: string;
  readonly actual: string;
}

/** Byte for byte, but for the order of reports. */
const canonical = (line: TraceLine): string =>
  JSON.stringify({ ...line, reports: [...line.reports].sort(inOrder), state: mended(line.state) });

/** OTP counts one too few for each child of a dynamic supervisor that is terminated while it is being restarted: its bug. */
const mended = (state: TraceLine['state']): TraceLine['state'] =>
  Object.fromEntries(
    Object.entries(state).map(([path, { which, count }]) => [path, { which, count: count.map(atLeastNone) }]),
  );

const atLeastNone = (count: Term): Term => (typeof count === 'number' ? Math.max(0, count) : count);

/** Lines of many scenarios, by scenario in the order in which they come. */
export function byScenario(lines: readonly TraceLine[]): readonly (readonly TraceLine[])[] {
  const traces: TraceLine[][] = [];
  for (const line of lines) {
    if (line.step === 0) traces.push([]);
    traces.at(-1)?.push(line);
  }
  return traces;
}

/** The first difference of two traces of one scenario. */
export function difference(
  expected: readonly TraceLine[],
  actual: readonly TraceLine[],
): Difference | undefined {
  for (let step = 0; step < Math.max(expected.length, actual.length); step++) {
    const [one, other] = [expected[step], actual[step]].map((line) => (line ? canonical(line) : 'nothing'));
    if (one === other) continue;
    const scenario = (expected[step] ?? actual[step])?.scenario ?? '?';
    return { scenario, step, expected: one as string, actual: other as string };
  }
  return undefined;
}
