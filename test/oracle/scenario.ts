import * as v from 'valibot';

/** What the start function of a worker or of a supervisor is to answer. */
const outcomeSchema = v.pipe(
  v.string('must be a string'),
  v.regex(/^(ok|ignore|(ok|error|bad):.+)$/s, "must be 'ok', 'ok:Info', 'ignore', 'error:R' or 'bad:R'"),
);
const pathSchema = v.pipe(v.string('must be a path such as "root/a"'), v.nonEmpty('must not be empty'));
const delaySchema = v.union(
  [v.literal('infinity'), v.pipe(v.number(), v.minValue(0))],
  "must be a number of ms or 'infinity'",
);

const behaviour = {
  start: v.optional(v.array(outcomeSchema, 'must be an array of outcomes')),
  startThen: v.optional(outcomeSchema),
  trapExit: v.optional(v.boolean('must be true or false')),
  stopDelay: v.optional(delaySchema),
  stopReason: v.optional(v.unknown()),
};

/** How the workers of a path behave, attempt by attempt. */
export interface Behaviour {
  readonly start?: readonly string[] | undefined;
  readonly startThen?: string | undefined;
  readonly trapExit?: boolean | undefined;
  readonly stopDelay?: number | 'infinity' | undefined;
  readonly stopReason?: unknown;
}

/** A worker or a supervisor as a scenario has it. What OTP checks is taken as it stands: that is what some scenarios test. */
export interface Plan extends Behaviour {
  readonly id?: unknown;
  readonly type?: unknown;
  readonly restart?: unknown;
  readonly shutdown?: unknown;
  readonly significant?: unknown;
  readonly nostart?: unknown;
  readonly strategy?: unknown;
  readonly intensity?: unknown;
  readonly period?: unknown;
  readonly auto_shutdown?: unknown;
  readonly children?: readonly unknown[] | undefined;
  readonly template?: Plan | undefined;
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const planSchema: v.GenericSchema<Plan> = v.looseObject(
  {
    ...behaviour,
    children: v.optional(
      v.array(
        v.lazy((child) => (isObject(child) ? planSchema : v.unknown())),
        'must be an array of child specs',
      ),
    ),
    template: v.optional(v.lazy(() => planSchema)),
  },
  'must be an object',
);

const id = { id: pathSchema };
const sup = { sup: pathSchema };
const idOrKey = { id: v.optional(v.unknown()), key: v.optional(v.string()) };

const opSchema = v.variant(
  'op',
  [
    v.looseObject({ op: v.literal('kill'), ...id }),
    v.looseObject({ op: v.literal('exit'), ...id, reason: v.unknown() }),
    v.looseObject({ op: v.literal('stop'), ...id, reason: v.optional(v.unknown(), 'shutdown') }),
    v.looseObject({
      op: v.literal('start_child'),
      ...sup,
      ...behaviour,
      key: v.optional(v.string()),
      spec: v.optional(v.unknown()),
    }),
    v.looseObject({ op: v.literal('terminate_child'), ...sup, ...idOrKey }),
    v.looseObject({ op: v.literal('restart_child'), ...sup, id: v.optional(v.unknown()) }),
    v.looseObject({ op: v.literal('delete_child'), ...sup, id: v.optional(v.unknown()) }),
    v.looseObject({ op: v.literal('get_childspec'), ...sup, ...idOrKey }),
    v.looseObject({ op: v.literal('which_children'), ...sup }),
    v.looseObject({ op: v.literal('count_children'), ...sup }),
    v.looseObject({
      op: v.literal('check_childspecs'),
      specs: v.array(v.unknown(), 'must be an array of child specs'),
      auto_shutdown: v.optional(v.unknown()),
    }),
    v.looseObject({ op: v.literal('sleep'), ms: v.pipe(v.number('must be a number of ms'), v.minValue(0)) }),
    v.looseObject({ op: v.literal('set'), ...id, ...behaviour }),
  ],
  (issue) => `must be "batch" or one of ${issue.expected}`,
);
const batchSchema = v.looseObject({ op: v.literal('batch'), ...sup, ops: v.array(opSchema) });
const stepSchema = v.lazy((step) =>
  (step as { op?: unknown } | null)?.op === 'batch' ? batchSchema : opSchema,
);

const scenarioSchema = v.looseObject(
  {
    name: v.optional(v.string('must be a string'), '?'),
    tree: planSchema,
    steps: v.optional(v.array(stepSchema, 'must be an array of steps'), []),
    unordered: v.optional(v.boolean('must be true or false'), false),
  },
  'must be an object',
);

export type Op = v.InferOutput<typeof opSchema>;
export type Step = Op | v.InferOutput<typeof batchSchema>;

export interface Scenario {
  readonly name: string;
  readonly tree: Plan;
  readonly steps: readonly Step[];
  readonly unordered: boolean;
}

/** A line that is no scenario. */
export class ScenarioError extends Error {}

/** @throws ScenarioError that says where the line is wrong, and what would do. */
export function parseScenario(line: string): Scenario {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new ScenarioError(`is no JSON: ${(error as Error).message}`);
  }
  const result = v.safeParse(scenarioSchema, json);
  if (result.success) return result.output as Scenario;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const missing = issue.received === 'undefined' ? 'is missing' : issue.message;
  throw new ScenarioError(
    `${path === null ? 'the scenario' : `"${path}"`} ${missing}. Given: ${issue.received}.`,
  );
}
