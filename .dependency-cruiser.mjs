/**
 * The walls of the house (ARCHITECTURE.md). Imports go downwards only, type-only imports included.
 */

/** From the top down. What stands on one line is one floor; its parts may use each other where no rule below forbids it. */
const floors = [
  ['^src/cli/'],
  ['^src/index\\.ts$', '^src/testing/', '^src/observe/', '^src/express-session/'],
  ['^src/(define-)?cache\\.ts$'],
  ['^src/(create-runtime|run-main)\\.ts$'],
  ['^supervisors/'],
  ['^actors/'],
  ['^src/sources/', '^src/snapshot/'],
  ['^src/threads/'],
  ['^src/runtime/'],
  ['^src/table/', '^src/bus/'],
  ['^src/(errors|fault-point|witness)\\.ts$'],
];
const house = '^(src|supervisors|actors)/';

const upwards = floors.slice(1).map((floor, index) => ({
  name: `upwards-from-${floor[0].replace(/[^a-z-|]/g, '').replaceAll('|', '-')}`,
  comment: 'Imports go downwards only: move what both need to a lower floor, or hand it in.',
  severity: 'error',
  from: { path: floor },
  to: { path: floors.slice(0, index + 1).flat() },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...upwards,
    {
      name: 'no-floor',
      comment: 'A file that stands on no floor: give it one, in the list above.',
      severity: 'error',
      from: { path: house, pathNot: floors.flat() },
      to: {},
    },
    {
      name: 'to-no-floor',
      comment: 'Imports a file of ours that stands on no floor.',
      severity: 'error',
      from: { path: house },
      to: { path: '^(src|supervisors|actors|test|docs|dist)/', pathNot: floors.flat() },
    },
    {
      name: 'no-circles',
      comment: 'Two files that import each other are one file, or three.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'public-face-is-for-others',
      comment: 'Nothing inside imports the public face.',
      severity: 'error',
      from: { path: house },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'top-floor-apart',
      comment:
        'The testing kit, the page and the session store are their own entries and know nothing of each other.',
      severity: 'error',
      from: { path: '^src/(testing|observe|express-session)/' },
      to: { path: '^src/(testing|observe|express-session)/', pathNot: '^src/$1/' },
    },
    {
      name: 'only-the-tree-knows-actors',
      comment: 'Supervisors supervise anything. Only the cache tree names actors.',
      severity: 'error',
      from: { path: '^supervisors/', pathNot: '^supervisors/cache-tree\\.ts$' },
      to: { path: '^actors/' },
    },
    {
      name: 'xstate-behind-its-door',
      comment:
        'What we know of XState that it does not promise stays in one folder, behind src/runtime/xstate.ts.',
      severity: 'error',
      from: { path: house, pathNot: '^src/runtime/xstate(/|\\.ts$)' },
      to: { path: '^src/runtime/xstate/' },
    },
    {
      name: 'runs-in-a-browser',
      comment: 'These floors touch no module of Node.',
      severity: 'error',
      from: { path: '^(src/(runtime|bus|table)|supervisors|actors)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'native-code-at-the-edge',
      comment: 'better-sqlite3 is optional: only its workers and sources load it.',
      severity: 'error',
      from: { path: house, pathNot: '^src/(sources|snapshot)/' },
      to: { path: 'better-sqlite3' },
    },
    {
      name: 'postgres-at-the-edge',
      comment: 'pg is an optional peer: only the source that is for it loads it.',
      severity: 'error',
      from: { path: house, pathNot: '^src/sources/postgres/' },
      to: { path: 'node_modules/(pg|pg-cursor|@types/pg|@types/pg-cursor)/' },
    },
    {
      name: 'declared',
      comment: 'Whoever installs the package has its dependencies only.',
      severity: 'error',
      from: { path: house, pathNot: '^src/(testing|sources/postgres|express-session)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'],
        dependencyTypesNot: ['npm', 'npm-optional', 'type-only'],
      },
    },
    {
      name: 'declared-for-peers',
      comment:
        'Whoever tests with the kit has the test runner and fast-check, and who has a PostgreSQL has pg: the optional peers.',
      severity: 'error',
      from: { path: '^src/(testing|sources/postgres|express-session)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'],
        dependencyTypesNot: ['npm', 'npm-optional', 'npm-peer', 'type-only'],
      },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: { path: house },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
    exoticRequireStrings: [],
  },
};
