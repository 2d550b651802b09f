/**
 * `holdfast/testing`: run the real code under virtual time, inject failures, check what must hold.
 *
 * @module
 */
export {
  EscapeError,
  InjectedFaultError,
  InvariantError,
  NonDeterminismError,
  WorldError,
  WorldStuckError,
  WorldUncaughtError,
} from '../errors.js';
export type { Row } from '../sources/source.js';
export {
  type FaultArbitraryOptions,
  type Fc,
  faultArbitrary,
  faultsArbitrary,
  type ModeArbitraryOptions,
  modeArbitrary,
  tapeArbitrary,
  thrownArbitrary,
} from './arbitraries.js';
export { createWorld } from './create-world.js';
export type { FaultPoints } from './fault-points.js';
export {
  type BusMode,
  type Fault,
  type FaultTargets,
  inflict,
  type SourceMode,
  schedule,
  type Thrown,
} from './faults.js';
export { type Happened, type Happening, History, type Seen, type SourceMethod } from './history.js';
export { keepsItsPromises, violations } from './invariants.js';
export { type ObservableCache, observedCache } from './observed-cache.js';
export { type SeededRandom, seededRandom } from './random.js';
export { world } from './run-world.js';
export { type ScriptedSource, type ScriptedSourceOptions, scriptedSource } from './scripted-source.js';
export {
  type AnyFaults,
  always,
  atEnd,
  type Case,
  type Check,
  type Command,
  type Condition,
  type Coverage,
  cacheScenario,
  type Draw,
  decodeCase,
  defineScenario,
  type Exploration,
  type ExploreOptions,
  encodeCase,
  eventually,
  explore,
  type Failure,
  type FaultPlan,
  type Finding,
  faults,
  faultText,
  findingText,
  type Moment,
  mermaid,
  type NamedScenario,
  type Played,
  type PlayOptions,
  type Progress,
  play,
  type RowsCache,
  type Scenario,
  type SimTestOptions,
  type SimulatedSource,
  type SimulatedSourceOptions,
  type Simulation,
  type SimulationWorld,
  type Step,
  scenariosIn,
  simTest,
  simulatedSource,
  timelineText,
  type WholeSource,
} from './simulation/index.js';
export {
  type SnapshotPlace,
  type SnapshotStoreSuiteOptions,
  snapshotStoreSuite,
} from './snapshot-store-suite.js';
export { sometimes, sometimesHappened } from './sometimes.js';
export {
  type OptionalHand,
  type OptionalMethod,
  type SourceContractOptions,
  type SourceHarness,
  sourceContract,
  type WrittenRow,
} from './source-contract/index.js';
export type { TraceEntry } from './trace.js';
export { treePromises } from './tree-promises.js';
export type { Uncaught } from './uncaught.js';
export type { CacheTerms, Violation } from './violation.js';
export { currentWorld, hop, type World, type WorldOptions } from './world.js';
export type { WorldProcess } from './world-process.js';
