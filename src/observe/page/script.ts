import { actionsPart } from './actions.js';
import { cachePart } from './cache-card.js';
import { domPart } from './dom.js';
import { livePart } from './live.js';
import { sparklinePart } from './sparkline.js';
import { timelinePart } from './timeline.js';
import { treePart } from './tree.js';
import { wordsPart } from './words.js';

/** What runs in the browser: the parts, each a few functions, in one scope; the last one starts them. */
export const script = [
  '"use strict";(() => {',
  domPart,
  wordsPart,
  sparklinePart,
  cachePart,
  treePart,
  timelinePart,
  actionsPart,
  livePart,
  '})();',
].join('\n');
