import { expect, test } from 'vitest';
import { ProgressLine } from '../../../src/testing/cli/progress-line.js';

/** Shows a step each 10 ms for so long. */
function shown(isTTY: boolean, ms: number): string[] {
  const written: string[] = [];
  let now = 0;
  const line = new ProgressLine({ isTTY, columns: 12, write: (text) => written.push(text) }, () => now);
  for (; now < ms; now += 10) line.show(() => `at ${now} of very many`);
  line.clear();
  return written;
}

test('a terminal has one line, rewritten in place, as wide as it is, and cleared at the end', () => {
  const written = shown(true, 250);
  expect(written).toEqual([
    '\r\x1b[2Kat 0 of ver',
    '\r\x1b[2Kat 100 of v',
    '\r\x1b[2Kat 200 of v',
    '\r\x1b[2K',
  ]);
});

test('a log has a line every five seconds, and none of a short run', () => {
  expect(shown(false, 4_000)).toEqual([]);
  expect(shown(false, 10_500)).toEqual(['at 5000 of very many\n', 'at 10000 of very many\n']);
});
