import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { folder } from '../sources/sqlite/sessions-database.js';

const program = fileURLToPath(new URL('programs/secret-keys.ts', import.meta.url));

it('a secret key is in nothing that is told, in no byte of the snapshot, and nowhere in memory', {
  timeout: 120_000,
}, async () => {
  const place = folder();
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, place]);
  const outcome = JSON.parse(stdout) as {
    told: number;
    leaks: string[];
    inMemory: string[];
    digests: boolean;
  };
  expect(outcome).toEqual({ told: expect.any(Number), leaks: [], inMemory: [], digests: true });
  expect(outcome.told).toBeGreaterThan(200);
  const files = readdirSync(place).filter((name) => name.startsWith('sessions.snapshot'));
  expect(files).not.toEqual([]);
  for (const name of files) {
    expect(readFileSync(join(place, name), 'latin1')).not.toMatch(/tell-[a-z]+-nobody/);
  }
});
