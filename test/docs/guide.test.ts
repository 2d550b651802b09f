import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { embed, pages } from '../../docs/embed.js';

for (const page of await pages()) {
  test(`${basename(page.pathname)} shows code that runs, and what it printed`, {
    timeout: 90_000,
  }, async () => {
    const markdown = await readFile(page, 'utf8');
    expect(markdown).toMatch(/<!-- output [\w.-]+ -->\n```text\n\S/);
    expect(await embed(markdown)).toBe(markdown);
  });
}
