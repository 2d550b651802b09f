/** `npx holdfast simulate test/bench/simulation/every-minute.sim.ts --for 30s` */
import { idleCache } from './idle-cache.js';

export default idleCache('60s', '10h');
