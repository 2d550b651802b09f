/** What the table holds of what it is asked for, where it has less room than there are keys, beside lru-cache. A count, not a time. */
import { LRUCache } from 'lru-cache';
import { hitRatio, lruOf, tableOf } from '../table/replay.js';
import { loopTrace, scannedTrace, zipfTrace } from '../table/traces.js';
import { suite } from './harness/suite.js';

const keys = 100_000;

export default suite({
  name: 'hit-ratio',
  about:
    'the share of hits on a Zipf trace, one polluted by scans, and a loop, beside lru-cache of the same size',
  async run(bench) {
    const length = Math.ceil(2_000_000 * bench.scale);
    for (const room of [keys / 100, keys / 10]) {
      const traces = {
        'Zipf 0.9': () => zipfTrace(length, keys),
        'Zipf 1.1': () => zipfTrace(length, keys, 1.1),
        'Zipf 0.9 and scans of as many keys as there is room for': () =>
          scannedTrace(length, keys, room, 2 * room),
        'a loop over a tenth more keys than there is room for': () => loopTrace(length, 1.1 * room),
        'a loop over twice as many keys as there is room for': () => loopTrace(length, 2 * room),
      };
      for (const [name, trace] of Object.entries(traces)) {
        bench.record(
          `${name}, ${room.toLocaleString('en')} of ${keys.toLocaleString('en')} keys`,
          'hit ratio',
          {
            holdfast: hitRatio(trace(), tableOf(room)),
            'lru-cache': hitRatio(trace(), lruOf(new LRUCache<string, true>({ max: room }))),
          },
        );
      }
    }
  },
});
