/** `npx holdfast simulate test/bench/simulation/every-second.sim.ts --for 30s` */
import { idleCache } from './idle-cache.js';

export default idleCache('1s', '10m');
