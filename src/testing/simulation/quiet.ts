/** XState's words in development, about what a crash in the midst of an invocation brings with it. */
const usual = /was sent to stopped actor/;

/** Keeps XState from saying the same a thousand times, until the returned function is called. Everything else is said. */
export function quiet(): () => void {
  const { console } = globalThis;
  const said = console.warn;
  const warn = (...words: unknown[]): void => {
    if (!usual.test(String(words[0]))) said.apply(console, words);
  };
  console.warn = warn;
  return () => {
    if (console.warn === warn) console.warn = said;
  };
}
