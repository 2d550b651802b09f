/** `TSX_TSCONFIG_PATH=tsconfig.build.json npx holdfast simulate test/bench/simulation/every-second.sim.ts --for 30s`; without the first the kit is read from its sources, which takes twice as long. */
import { idleCache } from './idle-cache.js';

export default idleCache('1s', '10m');
