type Body = (signal: AbortSignal | undefined) => Promise<void>;

/** What of a test runner is needed. */
type Declare = (name: string, timeout: number, body: Body) => void;

type VitestTest = (
  name: string,
  options: { readonly timeout: number },
  body: (context: { readonly signal?: AbortSignal }) => Promise<void>,
) => void;

/**
 * Declares a test of the runner that loads this file: vitest, or else `node:test`. vitest is taken while this module loads, since a test is declared
 * without waiting.
 */
export const runner: Declare = process.env.VITEST ? await vitest() : nodeTest;

async function vitest(): Promise<Declare> {
  const { test } = (await import('vitest')) as unknown as { readonly test: VitestTest };
  return (name, timeout, body) => test(name, { timeout }, ({ signal }) => body(signal));
}

function nodeTest(name: string, timeout: number, body: Body): void {
  const { test } = process.getBuiltinModule('node:test');
  void test(name, { timeout }, ({ signal }) => body(signal));
}
