import {
  add,
  cast,
  concat,
  dispose,
  fullLike,
  isFinite,
  keep,
  multiply,
  reshape,
  scope,
  slice,
  stack,
  valueAndGrad,
  withoutGradients,
  type Collective,
  type Tensor,
} from '@umt/tensor';
import type { AdamW, StepRates } from './adamw-optimizer.ts';
import { GradientBuckets } from './gradient-buckets.ts';
import type { ParameterAverage } from './parameter-average.ts';
import type { StepContext, TrainingTask } from './task.ts';

/** What a step leaves on the device, to be read later: [loss, ...metrics, ranks that were asked to stop, gradient norm, 1 if the update was applied]. */
export interface StepReadout {
  /** float32 [metricNames.length + 4]; belongs to the caller. */
  readonly values: Tensor;
  readonly metricNames: readonly string[];
}

/**
 * One optimizer step as a sequence of micro-batches: gradients add up on the device while each backward pass goes on, and
 * are summed over the ranks, in buckets, while the last one does. Nothing is read back.
 */
export class TrainingStep<Batch> {
  readonly #task: TrainingTask<Batch>;
  readonly #optimizer: AdamW;
  readonly #averaging: ParameterAverage | undefined;
  readonly #collective: Collective;
  readonly #gradients: Tensor[] = [];
  readonly #buckets: GradientBuckets;
  #means: Tensor | null = null;
  #metricNames: readonly string[] = [];

  constructor(
    task: TrainingTask<Batch>,
    optimizer: AdamW,
    collective: Collective,
    averaging: ParameterAverage | undefined,
  ) {
    this.#task = task;
    this.#optimizer = optimizer;
    this.#averaging = averaging;
    this.#collective = collective;
    this.#buckets = new GradientBuckets(collective);
  }

  /** Forward and backward pass of one micro-batch. */
  add(batch: Batch, context: StepContext): void {
    const isLast = context.microStep === context.accumulationSteps - 1;
    const share = 1 / (context.accumulationSteps * this.#collective.worldSize);
    scope(() => {
      const { value } = valueAndGrad(
        () => this.#shareOfLoss(batch, context, share),
        this.#optimizer.parameters.map(({ parameter }) => parameter),
        { onGradient: (_parameter, gradient, index) => this.#accumulate(index, gradient, isLast) },
      );
      const means = this.#means ? add(this.#means, value.means) : value.means;
      this.#means?.dispose();
      this.#means = keep(means);
    });
  }

  /**
   * Applies the accumulated gradients, unless loss or gradient norm is not finite.
   * @param wantsStop whether this rank was asked to stop: all of them read how many were
   */
  finish(rates: StepRates, wantsStop: boolean): StepReadout {
    const means = this.#means;
    if (!means) throw new Error('TrainingStep: finish() before add()');
    const own = this.#gradients.splice(0);
    const gradients = this.#collective.worldSize === 1 ? own : this.#buckets.finish();
    this.#means = null;
    const values = scope(() => {
      const stops = fullLike(slice(means, [0], [1]), wantsStop ? 1 : 0);
      const total = this.#collective.allReduceSum(concat([means, stops]));
      const lossIsFinite = isFinite(reshape(slice(total, [0], [1]), []));
      const { gradientNorm, applied } = this.#optimizer.update(gradients, rates, lossIsFinite);
      this.#averaging?.update(applied);
      return keep(concat([total, reshape(gradientNorm, [1]), reshape(cast(applied, 'float32'), [1])]));
    });
    means.dispose();
    return { values, metricNames: this.#metricNames };
  }

  /** Disposes what an unfinished step holds. */
  dispose(): void {
    dispose(this.#gradients.splice(0));
    this.#buckets.dispose();
    this.#means?.dispose();
    this.#means = null;
  }

  #shareOfLoss(batch: Batch, context: StepContext, share: number): { readonly loss: Tensor; readonly means: Tensor } {
    const { loss, metrics = {} } = this.#task.loss(batch, context);
    this.#metricNames = Object.keys(metrics);
    const means = withoutGradients(() => {
      const scalars = [loss, ...Object.values(metrics)].map((scalar) => reshape(scalar, []));
      return multiply(stack(scalars), share);
    });
    return { loss: share === 1 ? loss : multiply(loss, share), means };
  }

  #accumulate(index: number, gradient: Tensor, isLast: boolean): void {
    const before = this.#gradients[index];
    const total = before ? keep(add(before, gradient)) : gradient;
    if (before) dispose([before, gradient]);
    if (isLast && this.#collective.worldSize > 1) {
      delete this.#gradients[index];
      this.#buckets.add(index, total);
    } else {
      this.#gradients[index] = total;
    }
  }
}
