import type { Fault } from '../faults.js';
import { shown } from '../shown.js';
import { encodeCase } from './case.js';
import type { Exploration, Finding } from './explore.js';
import { kindOf } from './fault-plan.js';
import type { Moment } from './timeline.js';

/** A time of a world: `2:03.045`, with the hours where there are any. */
function clock(ms: number): string {
  const whole = Math.floor(ms);
  const pad = (n: number, width: number): string => String(n).padStart(width, '0');
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor(whole / 60_000) % 60;
  const rest = `${pad(Math.floor(whole / 1000) % 60, 2)}.${pad(whole % 1000, 3)}`;
  return hours > 0 ? `${hours}:${pad(minutes, 2)}:${rest}` : `${minutes}:${rest}`;
}

/** So many moments at the end of a run are shown. */
const shownMoments = 60;

/**
 * What failed, in text: the check, what it takes, the timeline, and how to see it again.
 *
 * @param replay how: a command, or the case in one word.
 */
export function findingText(name: string, finding: Finding, replay: string): string {
  const { failure, played, first, case: least, isLeast } = finding;
  const spare = first.faults.length - least.faults.length;
  return [
    `"${name}" fails: ${failure.check}`,
    `  ${failure.message.split('\n').join('\n  ')}`,
    '',
    `Found in run ${finding.foundAfter}, shrunk in ${finding.shrunkIn} more: ${first.faults.length} failures to ${least.faults.length}, ${first.steps.length} commands to ${least.steps.length}.`,
    ...(least.faults.length > 0
      ? [
          isLeast ? 'Each of them needed:' : 'Not shrunk to the end:',
          ...least.faults.toSorted((a, b) => a.at - b.at).map((fault) => `  ${faultText(fault)}`),
        ]
      : []),
    ...(least.points ?? []).map(({ name, pass }) => `  the fault point ${name} fails at its pass ${pass}`),
    ...(spare > 0 ? [`Only there, and not needed: ${spare} more.`] : []),
    ...(finding.case.tape.length > 0
      ? [`What was due at one instant ran in this order: ${finding.case.tape.join(' ')}`]
      : []),
    '',
    ...timelineText(played.timeline),
    ...(played.states.length > 0 ? ['', `At the end: ${played.states.join(', ')}`] : []),
    '',
    `Again: ${replay}`,
  ].join('\n');
}

/** A fault in one line: `0:00.501  crash  actor 'queue', how 'killed'`. */
export function faultText(fault: Fault): string {
  const { at, kind, ...rest } = fault;
  return `${clock(at)}  ${kindOf(fault)}  ${Object.entries(rest)
    .map(([key, value]) => `${key} ${shown(value)}`)
    .join(', ')}`;
}

/** A line for each moment; of more than 60 the last. */
export function timelineText(all: readonly Moment[]): string[] {
  const moments = all.slice(-shownMoments);
  const who = Math.max(0, ...moments.map((moment) => moment.who.length));
  const lines = moments.map(
    (moment) =>
      `${clock(moment.at).padStart(11)}  ${moment.kind.padEnd(7)}  ${moment.who.padEnd(who)}  ${moment.what}`,
  );
  return all.length > moments.length
    ? [`      (… ${all.length - moments.length} moments before)`, ...lines]
    : lines;
}

/** The timeline as a Mermaid sequence diagram; of more than 60 moments the last. */
export function mermaid(all: readonly Moment[]): string {
  const moments = all.slice(-shownMoments);
  const names = [...new Set(moments.map(({ who }) => who))];
  const id = (who: string): string => `p${names.indexOf(who)}`;
  const text = (what: string): string =>
    what
      .replaceAll(/[;#<>]/g, (sign) => `#${sign.charCodeAt(0)};`)
      .replaceAll(/\s+/g, ' ')
      .slice(0, 120);
  const line = ({ at, kind, who, what }: Moment): string => {
    const said = `${clock(at)} ${text(what)}`;
    if (kind === 'fault') return `  Note over ${id(who)}: ⚡ ${said}`;
    if (kind === 'check') return `  Note over ${id(who)}: ✗ ${said}`;
    return `  ${id(who)}->>${id(who)}: ${said}`;
  };
  return [
    'sequenceDiagram',
    ...names.map((name) => `  participant ${id(name)} as ${text(name)}`),
    ...moments.map(line),
  ].join('\n');
}

/** Everything about an exploration, as plain data. */
export function explorationJson(name: string, exploration: Exploration): object {
  const { finding, coverage, never, runs, events, virtual, real, hash } = exploration;
  return {
    name,
    runs,
    events,
    virtual,
    real,
    hash,
    coverage: coverage.toJSON(),
    never,
    ...(finding && {
      failure: {
        check: finding.failure.check,
        message: finding.failure.message,
        at: finding.failure.at,
        foundAfter: finding.foundAfter,
        shrunkIn: finding.shrunkIn,
        case: finding.case,
        replay: encodeCase(finding.case),
        timeline: finding.played.timeline,
        states: finding.played.states,
        trace: finding.played.trace,
      },
    }),
  };
}

/** What an exploration cost, in one line. */
export function speedText({
  runs,
  events,
  virtual,
  real,
}: Pick<Exploration, 'runs' | 'events' | 'virtual' | 'real'>): string {
  const seconds = Math.max(real, 1) / 1000;
  const rate = (n: number): string => Math.round(n / seconds).toLocaleString('en');
  return `${runs} runs, ${rate(events)} events/s, ${rate(virtual / 1000)} virtual seconds per second`;
}
