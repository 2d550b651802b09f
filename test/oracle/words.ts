/** A word of a scenario that OTP would refuse. Holdfast must, too, even where its own word for something is the same. */
export class Foreign {
  constructor(readonly word: unknown) {}
}

/** A type that is none. Holdfast has no such option, and sees by its logic what a child is. */
export class ForeignType extends Foreign {}

type Words = Readonly<Record<string, string>>;

const strategies: Words = {
  one_for_one: 'one-for-one',
  one_for_all: 'one-for-all',
  rest_for_one: 'rest-for-one',
};
const autoShutdowns: Words = {
  never: 'never',
  any_significant: 'any-significant',
  all_significant: 'all-significant',
};
const restarts: Words = { permanent: 'permanent', transient: 'transient', temporary: 'temporary' };
const shutdowns: Words = { infinity: 'infinity', brutal_kill: 'brutal' };

const said =
  (words: Words) =>
  (word: unknown): unknown =>
    typeof word === 'string' && Object.hasOwn(words, word) ? words[word] : new Foreign(word);

/** OTP's words in Holdfast's. Each takes what stands in a scenario, whatever that is. */
export const strategyOf = said(strategies);
export const autoShutdownOf = said(autoShutdowns);
export const restartOf = said(restarts);
export const shutdownOf = (time: unknown): unknown => (Number.isInteger(time) ? time : said(shutdowns)(time));
export const maxRestartsOf = (intensity: unknown): unknown =>
  Number.isInteger(intensity) ? intensity : new Foreign(intensity);
/** Seconds there, ms here. */
export const withinOf = (period: unknown): unknown =>
  Number.isInteger(period) ? (period as number) * 1000 : new Foreign(period);
export const significantOf = (significant: unknown): unknown =>
  typeof significant === 'boolean' ? significant : new Foreign(significant);

const words: Words = { autoShutdown: 'auto_shutdown' };

/** Holdfast's name of an option, in OTP's. */
export const wordOf = (name: string): string => words[name] ?? name;

/** Holdfast's word in OTP's: of a time to stop. */
export const shutdownWord = (shutdown: unknown): unknown =>
  shutdown === 'brutal' ? 'brutal_kill' : shutdown;
