import type { Happened } from './history.js';
import type { CacheTerms, Violation } from './violation.js';

/**
 * While the source is away one question at a time tries whether it is back, and the next not before the least backoff has
 * passed; one that was given up with its asker does not count. After
 * a pass was ordered, which is a question of its own, an outage is not judged; nor is a later one, where the pass still hangs when the
 * source is back: the order stands until its pass has come to an end.
 */
export function oneProbe<V>(history: readonly Happened<V>[], terms: CacheTerms): Violation[] {
  const found: Violation[] = [];
  const { leastBackoff = 0 } = terms;
  let away = false;
  let ordered = false;
  const scans = new Set<number>();
  let probe: { readonly call: number; readonly at: number; over: boolean } | undefined;
  for (const happened of history) {
    if (happened.type === 'ordered') ordered = true;
    if (happened.type === 'source') {
      away = happened.status === 'down';
      ordered &&= away || scans.size > 0;
    }
    if (happened.type === 'killed') {
      away = false;
      ordered = false;
      scans.clear();
    }
    if ('method' in happened && happened.method === 'scan') {
      if (happened.type === 'asked') scans.add(happened.call);
      else if (happened.type !== 'answered' || happened.last) scans.delete(happened.call);
    }
    if (!away) probe = undefined;
    else if (probe !== undefined && 'call' in happened && happened.call === probe.call) {
      if (happened.type === 'abandoned') probe = undefined;
      else if (happened.type === 'rejected') probe.over = true;
    }
    if (!away || ordered || happened.type !== 'asked') continue;
    const { order, at, call, method } = happened;
    const violate = (message: string): void => void found.push({ guarantee: 'one probe', message, order });
    if (probe !== undefined && !probe.over) violate(`${method} is asked while another question probes`);
    else if (probe !== undefined && at - probe.at < leastBackoff) {
      violate(`${method} is asked ${at - probe.at} ms after the last probe began`);
    }
    probe = { call, at, over: false };
  }
  return found;
}
