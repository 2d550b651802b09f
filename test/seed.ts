import fc from 'fast-check';

/**
 * Properties draw the same cases in every run, so that a red run is about the change and not about luck. To hunt:
 * `SEED=random npx vitest run test/properties`; to see a case again: `SEED=n`.
 */
const { SEED = '1' } = process.env;
if (SEED !== 'random') fc.configureGlobal({ seed: Number(SEED) });
