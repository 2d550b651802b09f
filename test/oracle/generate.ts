/** `npm run --silent oracle:generate COUNT [SEED [plain|deep]]`: random scenarios, a line each. Equal seeds, equal scenarios. */
import { deepScenario } from './generate-deep.js';
import { plainScenario } from './generate-plain.js';

const [count = '200', seed = '1', profile = 'plain'] = process.argv.slice(2);
const scenario = profile === 'deep' ? deepScenario : plainScenario;
for (let n = 0; n < Number(count); n++) console.log(JSON.stringify(scenario(Number(seed), n)));
