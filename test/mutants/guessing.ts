import { edit, mutantsOf } from './mutant.js';

const book = 'actors/throttle/book.ts';
const row = 'guessing 1,000,000 random tokens';

export const guessing = mutantsOf('guessers')(
  [
    'a guesser is slowed, and never refused',
    row,
    edit(book, 'if (page.marks >= refuseAfter) {', 'if (page.marks >= refuseAfter * 1_000) {'),
  ],
  [
    'a guess counts while it is asked for, and not when it has been answered',
    row,
    edit(
      'actors/cache/gate.ts',
      "if (ticket?.held === 'undecided') book.release(ticket);\n    if (!verdict",
      "if (ticket?.held === 'mark') book.release(ticket);\n    if (!verdict",
    ),
  ],
  [
    'an absence that is told again is forgotten as if it had not been',
    row,
    edit(book, 'if (from <= now) page.mark(key, now);', ''),
  ],
);
