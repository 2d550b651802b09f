import type { AnyActorRef } from 'xstate';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import { describe } from '../src/runtime/life-report.js';
import type { SupervisorReportContext } from '../src/runtime/runtime-events.js';
import { wallNow } from '../src/runtime/time.js';
import type { Child } from './children.js';
import type { Host } from './host.js';

const topic = 'supervisor.report';

const words: Readonly<Record<SupervisorReportContext, string>> = {
  'child-terminated': 'ended',
  'start-error': 'could not be started',
  'shutdown-error': 'did not stop as it was told',
  shutdown: 'used up the restarts',
};

/** What a supervisor reports of its children, on the bus and in the log: OTP's supervisor reports. */
export class SupervisorReport {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** `ref`: the incarnation that it is about. `count`: of so many children at once. */
  tell(
    context: SupervisorReportContext,
    { spec }: Child,
    reason: ExitReason,
    ref: AnyActorRef | undefined,
    count?: number,
  ): void {
    const { scope, who } = this.#host;
    const { path, number: incarnation, spec: own } = who;
    const { id: childId, type, restart, significant, shutdown } = spec;
    const told = {
      path,
      id: own.id,
      ...(own.name !== undefined && { name: own.name }),
      incarnation,
      at: wallNow(),
      context,
      childId,
      offender: { id: childId, path: `${path}/${childId}`, ref, type, restart, significant, shutdown },
      ...(count !== undefined && { count }),
    };
    const child = count === undefined ? `'${childId}'` : `${count} children, the first of them '${childId}',`;
    const failed = reason.type === 'error';
    scope.log(
      'error',
      { event: topic, ...told, reason: reason.type, ...(failed && { err: reason.error }) },
      `${path}: ${child} ${words[context]}: ${describe(reason)}`,
    );
    scope.publish(topic, { ...told, reason, ...(failed && { error: reason.error }) });
  }
}
