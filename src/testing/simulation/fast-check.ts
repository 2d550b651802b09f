import { OptionsError } from '../../errors.js';
import type { Fc } from '../arbitraries.js';

/** fast-check, as it is installed beside. @throws OptionsError when it is not. */
export async function fastCheck(): Promise<Fc> {
  try {
    return (await import('fast-check')).default;
  } catch (error) {
    throw new OptionsError(
      `Simulations need fast-check, which draws and shrinks their cases: npm install --save-dev fast-check (${String(error)})`,
    );
  }
}
