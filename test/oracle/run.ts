/**
 * `npm run --silent oracle < scenarios.jsonl > traces.jsonl`: runs scenarios on Holdfast under virtual time. Nothing but JSON
 * lines goes to stdout. A line that is no scenario is told on stderr, and the exit code is 1.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { runScenario } from './run-scenario.js';
import { parseScenario } from './scenario.js';

const { stdin, stdout } = process;
stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads has enough.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

let number = 0;
for await (const line of createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  number++;
  if (line.trim() === '' || line.startsWith('#')) continue;
  try {
    const trace = await runScenario(parseScenario(line));
    const written = stdout.write(trace.map((each) => `${JSON.stringify(each)}\n`).join(''));
    if (!written) await once(stdout, 'drain');
  } catch (error) {
    process.exitCode = 1;
    console.error(`line ${number}: ${(error as Error).message}`);
  }
}
