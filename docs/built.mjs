// Runs TypeScript against the built package, as a program that installed it would: `node --import ./docs/built.mjs FILE`.
// The tsconfig's `paths` lead to the sources, so they are left out; `holdfast` is then this package's own exports.
import { register } from 'tsx/esm/api';

register({ tsconfig: false });
