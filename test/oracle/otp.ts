import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { byScenario, type TraceLine } from './compare.js';

const oracle = fileURLToPath(new URL('./oracle.escript', import.meta.url));

/** Mostly it waits, for sleeps and for quiet: many at once cost little. */
const manyJobs = 48;

/** The Erlang/OTP of this machine. */
export interface Otp {
  /** The path of its `escript`. */
  readonly escript: string;
  /** Ends what runs when it fires. */
  readonly signal: AbortSignal;
}

/** Runs scenarios on OTP: the trace of each. Real time. */
export async function runOnOtp(
  otp: Otp,
  scenarios: readonly object[],
  jobs = manyJobs,
): Promise<readonly (readonly TraceLine[])[]> {
  const child = spawn(otp.escript, [oracle, '--jobs', String(jobs)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: otp.signal,
    // A shell script that becomes the emulator: it does not mind SIGTERM while it computes.
    killSignal: 'SIGKILL',
  });
  const [out, problems] = [child.stdout, child.stderr].map(textOf) as [Promise<string>, Promise<string>];
  child.stdin.end(scenarios.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const text = await out;
  if (code !== 0) throw new Error(`escript ended with ${code}: ${(await problems).slice(0, 2000)}`);
  const traces = byScenario(parseTrace(text));
  if (traces.length === scenarios.length) return traces;
  throw new Error(`OTP gave ${traces.length} traces for ${scenarios.length} scenarios.`);
}

/** @throws Error with what the oracle says, where it could not run a scenario. */
export function parseTrace(text: string): readonly TraceLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const parsed: TraceLine & { readonly oracle_error?: string } = JSON.parse(line);
      if (parsed.oracle_error === undefined) return parsed;
      throw new Error(`OTP could not run ${parsed.scenario}: ${parsed.oracle_error}`);
    });
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += chunk;
  return text;
}
