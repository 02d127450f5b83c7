import { dispose, keep, read, scope, singleProcess, tensor, type Collective } from '@umt/tensor';
import type { EvaluationOptions } from './options.ts';
import type { Plan } from './plan.ts';
import type { BestValue, HostState } from './training-state.ts';

/** Measures a run between its steps and remembers the best. Without an evaluation it does neither. */
export class RunEvaluation {
  readonly #options: EvaluationOptions | undefined;
  readonly #plan: Plan;
  readonly #collective: Collective;
  #best: BestValue | null;
  #measuredStep: number | null;

  constructor(
    options: EvaluationOptions | undefined,
    plan: Plan,
    { best, measuredStep }: HostState,
    collective: Collective = singleProcess,
  ) {
    this.#options = options;
    this.#plan = plan;
    this.#collective = collective;
    this.#best = best;
    this.#measuredStep = measuredStep;
  }

  /** The best measurement of the run; null where it has none. */
  get best(): BestValue | null {
    return this.#best;
  }

  /** The last step that was measured; null where none was. */
  get measuredStep(): number | null {
    return this.#measuredStep;
  }

  /** Whether to measure after so many steps: where it is due and was not done, and at the end. */
  isDue(step: number): boolean {
    if (!this.#options) return false;
    const { stepsPerEpoch, totalSteps } = this.#plan;
    return step === totalSteps || (this.#measuredStep !== step && this.#options.isDue(step, stepsPerEpoch));
  }

  /** Measures. Gives the value that all ranks agree on, and whether it is the best so far; null where there is none. */
  async measure(step: number): Promise<{ readonly value: number; readonly isBest: boolean } | null> {
    if (!this.#options) return null;
    const isBest = (value: number) =>
      Number.isFinite(value) && (this.#best === null || this.#isBetter(value, this.#best));
    const value = await this.#agreed(await this.#options.measure({ step, isBest }));
    if (value === null) return null;
    this.#measuredStep = step;
    const found = { value, isBest: isBest(value) };
    if (found.isBest) this.#best = { step, value };
    return found;
  }

  #isBetter(value: number, best: BestValue): boolean {
    return this.#options?.better === 'lower' ? value < best.value : value > best.value;
  }

  /** The value of rank 0: others may not measure at all. */
  async #agreed(own: number | null): Promise<number | null> {
    if (this.#collective.worldSize === 1) return own;
    const said = this.#collective.rank === 0 && own !== null ? [own, 1] : [0, 0];
    const sums = scope(() => keep(this.#collective.allReduceSum(tensor(said, [2]))));
    const [value = 0, isThere = 0] = await read(sums).finally(() => dispose(sums));
    return isThere === 1 ? Number(value) : null;
  }
}
