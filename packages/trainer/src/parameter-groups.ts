import type { Parameter } from '@umt/nn';

/** One parameter and how the optimizer treats it. */
export interface OptimizedParameter {
  readonly name: string;
  readonly parameter: Parameter;
  /** Whether weight decay applies. */
  readonly decays: boolean;
  /** Factor on the learning rate. */
  readonly learningRateScale: number;
}

/** What decides about decay and rates; see `OptimizerOptions`. */
export interface ParameterRules {
  readonly withoutDecay?: readonly string[];
  readonly learningRateScale?: (name: string) => number;
}

/**
 * The trainable parameters and their treatment. As in the reference there is no weight decay for vectors and scalars,
 * for names that end in `.bias`, and for the names listed. A listed name also matches as the last part of a longer
 * one (`pos_embed` is `encoder.pos_embed` too): the reference compares whole names there and would decay a learnable
 * position table by accident.
 */
export function optimizedParameters(
  parameters: ReadonlyMap<string, Parameter>,
  { withoutDecay = [], learningRateScale = () => 1 }: ParameterRules = {},
): readonly OptimizedParameter[] {
  return [...parameters]
    .filter(([, parameter]) => parameter.trainable)
    .map(([name, parameter]) => ({
      name,
      parameter,
      decays:
        parameter.shape.length > 1 &&
        !name.endsWith('.bias') &&
        !withoutDecay.some((listed) => name === listed || name.endsWith(`.${listed}`)),
      learningRateScale: learningRateScale(name),
    }));
}
