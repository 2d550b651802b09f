import {
  AlreadyPresentError,
  AlreadyStartedError,
  ChildRestartingError,
  ChildRunningError,
  DynamicChildError,
  NoSuchActorError,
  NoSuchChildError,
  OptionsError,
  StartError,
} from '../../src/errors.js';
import {
  type AutoShutdown,
  checkChildSpecs,
  childSpec,
  countChildren,
  deleteChild,
  restartChild,
  type StartedChild,
  type SupervisorRef,
  startChild,
  terminateChild,
  whichChildren,
} from '../../supervisors/index.js';
import { type Cast, labelOf } from './cast.js';
import { specTerm } from './option-errors.js';
import { errorTerm } from './reasons.js';
import type { Recorder } from './recorder.js';
import type { Op } from './scenario.js';
import { countOf, listed } from './state.js';
import type { Term } from './terms.js';
import type { Trees } from './tree.js';
import { autoShutdownOf, shutdownWord } from './words.js';

interface Callers {
  readonly cast: Cast;
  readonly recorder: Recorder;
  readonly trees: Trees;
}

type Call = Extract<Op, { readonly sup: string }>;
type Started = Extract<Call, { readonly op: 'start_child' }>;

const noproc: Term = ['exit', 'noproc'];

/** Calls of a supervisor's API, and OTP's words for what they answer. */
export class Calls {
  readonly #with: Callers;

  constructor(callers: Callers) {
    this.#with = callers;
  }

  /** Made before it returns: in a batch, calls wait in the order in which they are made. */
  async make(op: Exclude<Op, { readonly op: 'kill' | 'exit' | 'stop' | 'sleep' | 'set' }>): Promise<Term> {
    if (op.op === 'check_childspecs') return this.#check(op.specs, op.auto_shutdown);
    const ref = this.#with.cast.actor(op.sup) as SupervisorRef | undefined;
    const attempt = ref && this.#with.cast.attemptOf(ref);
    if (ref === undefined || attempt === undefined) return noproc;
    const label = labelOf(attempt);
    const wasDead = this.#with.recorder.reasonOf(label) !== undefined;
    try {
      return await this.#ask(ref, op);
    } catch (error) {
      if (!(error instanceof NoSuchActorError)) return ['error', this.#refusal(op, error)];
      const reason = this.#with.recorder.reasonOf(label);
      // Who dies while a call waits takes the caller along, with its own reason.
      return wasDead || reason === undefined ? noproc : ['exit', reason];
    }
  }

  async #ask(ref: SupervisorRef, op: Call): Promise<Term> {
    const { cast } = this.#with;
    switch (op.op) {
      case 'start_child':
        return this.#answer(await this.#start(ref, op));
      case 'restart_child':
        return this.#answer(await restartChild(ref, op.id as string));
      case 'terminate_child':
        await terminateChild(ref, this.#child(op));
        return 'ok';
      case 'delete_child':
        await deleteChild(ref, op.id as string);
        return 'ok';
      case 'which_children':
        return { list: listed(cast, op.sup, await whichChildren(ref)) };
      case 'count_children':
        return countOf(await countChildren(ref));
      case 'get_childspec': {
        const { restart, shutdown, significant, logic } = await childSpec(ref, this.#child(op));
        const type = this.#with.trees.typeOf(logic);
        return ['ok', ['spec', restart as string, shutdownWord(shutdown) as Term, type, String(significant)]];
      }
    }
  }

  #start(ref: SupervisorRef, op: Started): Promise<StartedChild> {
    if (!this.#with.cast.simple.has(op.sup)) return startChild(ref, this.#with.trees.spec(op.spec, op.sup));
    const { op: _, sup, key, ...over } = op;
    return startChild(ref, key, over);
  }

  /** The children of a dynamic supervisor are addressed by pid there, by ref here: that of whoever bears the path. */
  #child(op: Call & { readonly id?: unknown; readonly key?: string | undefined }) {
    const { cast } = this.#with;
    const actor = cast.simple.has(op.sup) && op.key !== undefined && cast.actor(`${op.sup}/${op.key}`);
    return actor || ((op.id ?? op.key) as string);
  }

  #answer({ ref, info }: StartedChild): Term {
    const attempt = ref && this.#with.cast.attemptOf(ref);
    if (attempt === undefined) return ['ok', 'undefined'];
    return info === undefined ? ['ok', labelOf(attempt)] : ['ok', labelOf(attempt), info as Term];
  }

  #check(specs: readonly unknown[], autoShutdown: unknown): Term {
    try {
      checkChildSpecs(
        specs.map((spec) => this.#with.trees.spec(spec, 'chk')),
        autoShutdown == null ? undefined : (autoShutdownOf(autoShutdown) as AutoShutdown),
      );
      return 'ok';
    } catch (error) {
      return ['error', this.#refusal({ op: 'check_childspecs' }, error)];
    }
  }

  #refusal(op: { readonly op: string; readonly sup?: string }, error: unknown): Term {
    if (error instanceof NoSuchChildError) return 'not_found';
    if (error instanceof ChildRunningError) return 'running';
    if (error instanceof ChildRestartingError) return 'restarting';
    if (error instanceof AlreadyPresentError) return 'already_present';
    if (error instanceof DynamicChildError) return 'simple_one_for_one';
    if (error instanceof OptionsError) return specTerm(error);
    if (error instanceof AlreadyStartedError) {
      const attempt = this.#with.cast.attemptOf(error.ref);
      return ['already_started', attempt ? labelOf(attempt) : '<pid>'];
    }
    if (!(error instanceof StartError)) throw error;
    const reason = errorTerm(error.cause);
    const bare = op.op !== 'start_child' || this.#with.cast.simple.has(op.sup as string);
    return bare ? reason : [reason, '<child>'];
  }
}
