import { Parameter } from '@umt/nn';
import {
  adamw,
  add,
  clipByGlobalNorm,
  fullLike,
  logicalAnd,
  scope,
  select,
  tensorLike,
  type Tensor,
} from '@umt/tensor';
import { TrainOptionsError } from './errors.ts';
import type { OptimizerOptions } from './options.ts';
import { optimizedParameters, type OptimizedParameter } from './parameter-groups.ts';

/** The rates of one step. */
export interface StepRates {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** What one update found; both belong to the caller. */
export interface UpdateOutcome {
  /** float32 scalar: global L2 norm of the gradients, before clipping. */
  readonly gradientNorm: Tensor;
  /** bool scalar: whether the update was applied. */
  readonly applied: Tensor;
}

/** A parameter and its running means of gradients and of their squares, in its shape. */
interface Slot extends OptimizedParameter {
  readonly firstMoment: Parameter;
  readonly secondMoment: Parameter;
}

/**
 * AdamW over a set of parameters. Moments and the count of updates live on the device, and an update whose global
 * gradient norm is not finite is not applied, by selection there: nothing is read back.
 */
export class AdamW {
  readonly #slots: readonly Slot[];
  readonly #updates: Parameter;
  readonly #maxGradientNorm: number | null;
  readonly #constants: { readonly beta1: number; readonly beta2: number; readonly epsilon: number };

  /** @throws TrainOptionsError when nothing is trainable */
  constructor(parameters: ReadonlyMap<string, Parameter>, options: OptimizerOptions = {}) {
    const optimized = optimizedParameters(parameters, options);
    const [first] = optimized;
    if (!first) throw new TrainOptionsError('the task has no trainable parameter: there is nothing to optimize');
    this.#slots = optimized.map((entry) => ({
      ...entry,
      firstMoment: new Parameter(fullLike(entry.parameter.value, 0)),
      secondMoment: new Parameter(fullLike(entry.parameter.value, 0)),
    }));
    this.#updates = new Parameter(tensorLike(first.parameter.value, Float32Array.of(0), [], 'float32'));
    this.#maxGradientNorm = options.maxGradientNorm ?? null;
    this.#constants = {
      beta1: options.beta1 ?? 0.9,
      beta2: options.beta2 ?? 0.999,
      epsilon: options.epsilon ?? 1e-8,
    };
  }

  /** The trainable parameters; gradients are handed to `update` in this order. */
  get parameters(): readonly OptimizedParameter[] {
    return this.#slots;
  }

  /** Numbers that training changes. */
  get size(): number {
    return this.#slots.reduce((size, { parameter }) => size + parameter.value.size, 0);
  }

  /** The device in words. */
  get device(): string {
    return this.#updates.value.engine.capabilities.deviceName;
  }

  /**
   * One update. Consumes the gradients: each is disposed as soon as it is spent.
   *
   * @param gradients one per parameter, in the order of `parameters`
   * @param isAllowed bool scalar: where false nothing changes (a loss that is not finite, say)
   */
  update(gradients: readonly Tensor[], { learningRate, weightDecay }: StepRates, isAllowed: Tensor): UpdateOutcome {
    return scope(() => {
      const { norm, scale, isFinite } = clipByGlobalNorm(gradients, this.#maxGradientNorm);
      const apply = logicalAnd(isFinite, isAllowed);
      const step = add(this.#updates.value, 1);
      for (const [
        index,
        { parameter, firstMoment, secondMoment, decays, learningRateScale },
      ] of this.#slots.entries()) {
        const gradient = gradients[index];
        if (!gradient) throw new Error(`AdamW: ${gradients.length} gradients for ${this.#slots.length} parameters`);
        const updated = adamw(
          {
            parameter: parameter.value,
            gradient,
            firstMoment: firstMoment.value,
            secondMoment: secondMoment.value,
            step,
            gradientScale: scale,
            apply,
          },
          {
            ...this.#constants,
            learningRate: learningRate * learningRateScale,
            weightDecay: decays ? weightDecay : 0,
          },
        );
        gradient.dispose();
        parameter.assign(updated.parameter);
        firstMoment.assign(updated.firstMoment);
        secondMoment.assign(updated.secondMoment);
      }
      this.#updates.assign(select(apply, step, this.#updates.value));
      return { gradientNorm: norm, applied: apply };
    });
  }

  /** The state under PyTorch's names: `<parameter>.exp_avg`, `<parameter>.exp_avg_sq`, and `step`, the updates applied. */
  state(): ReadonlyMap<string, Parameter> {
    return new Map([
      ['step', this.#updates],
      ...this.#slots.flatMap(({ name, firstMoment, secondMoment }): readonly [string, Parameter][] => [
        [`${name}.exp_avg`, firstMoment],
        [`${name}.exp_avg_sq`, secondMoment],
      ]),
    ]);
  }

  /** Disposes the state; the model's parameters stay. */
  dispose(): void {
    for (const cell of this.state().values()) cell.dispose();
  }
}
