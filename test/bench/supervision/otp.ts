import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('otp.escript', import.meta.url));

/** What `otp.escript` measures. */
export type Measure = 'start' | 'stop' | 'restart' | 'ask' | 'send' | 'memory';

/** Asks Erlang/OTP for a number; undefined where there is none on this machine. */
export function otp(): ((what: Measure, count: number) => number) | undefined {
  try {
    execFileSync('escript', [script, 'start', '1'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return (what, count) =>
    Number(execFileSync('escript', [script, what, String(count)], { encoding: 'utf8' }).trim());
}
