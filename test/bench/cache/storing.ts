/** The whole cache to disk, and from there. The file by itself is the suite `snapshot`'s. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cache, defineCache } from 'holdfast';
import { type Session, session, tokens } from '../harness/sessions.js';
import type { Bench } from '../harness/suite.js';
import { timed } from '../harness/thread-time.js';

export async function storing(bench: Bench, count: number): Promise<void> {
  const title = `snapshot of ${count.toLocaleString('en')}`;
  const parts = ['written whole', 'restored', "this thread's processor"];
  if (!parts.some((part) => bench.wants(`${title}, ${part}`))) return;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const make = (): Cache<Session> =>
    defineCache<Session>({
      name: 'bench',
      source: async () => undefined,
      ttl: '1h',
      staleFor: '1d',
      snapshot: { file: join(folder, 'sessions.snapshot'), every: '1h', restoreTimeout: '10m' },
    });
  try {
    const cache = await make().start();
    for (const [nth, key] of tokens(count).sort().entries()) {
      const value = session(nth);
      cache.put(key, value, { expiresAt: value.expiresAt });
    }
    const written = await timed(() => cache.stop());
    const again = make();
    const restored = await timed(() => again.start());
    if (again.size !== count) throw new Error(`Restored ${again.size} of ${count}.`);
    await again.stop();
    const aims = [{ is: 'at most', value: 3_000 }] as const;
    bench.record(`${title}, written whole`, 'ms', { holdfast: written.took }, aims);
    bench.record(`${title}, restored`, 'ms', { holdfast: restored.took }, aims);
    bench.record(`${title}, this thread's processor`, 'ms', {
      'written whole': written.cpu,
      restored: restored.cpu,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
