import fc from 'fast-check';
import { vi } from 'vitest';

/** The same cases for every mutant, and no search for the smallest that fails. */
fc.configureGlobal({ seed: 1, endOnFailure: true });

/** All files run in one context, as that is quicker: what one has left of virtual time is not for the next. */
vi.useRealTimers();
