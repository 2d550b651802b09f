export { cacheScenario } from './cache-scenario.js';
export { type Case, decodeCase, encodeCase, type Step } from './case.js';
export { always, atEnd, type Check, type Condition, eventually } from './checks.js';
export type { Coverage } from './coverage.js';
export type { Draw } from './draw.js';
export {
  type Exploration,
  type ExploreOptions,
  explore,
  type Finding,
  type Progress,
} from './explore.js';
export type { Failure } from './failure.js';
export { type AnyFaults, type FaultPlan, faults } from './fault-plan.js';
export { type Played, type PlayOptions, play } from './play.js';
export { faultText, findingText, mermaid, timelineText } from './report.js';
export type { RowsCache } from './rows-cache.js';
export {
  type Command,
  defineScenario,
  type NamedScenario,
  type Scenario,
  type SimulationWorld,
} from './scenario.js';
export { scenariosIn } from './scenarios-in.js';
export { type SimTestOptions, type Simulation, simTest } from './sim-test.js';
export {
  type SimulatedSource,
  type SimulatedSourceOptions,
  simulatedSource,
  type WholeSource,
} from './simulated-source.js';
export type { Moment } from './timeline.js';
